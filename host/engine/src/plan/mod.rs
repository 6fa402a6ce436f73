//! Plans: what builders answer, checked before anything is believed.
//!
//! Pure: does not know components, the disk or the cache.

mod types;

pub use types::*;
