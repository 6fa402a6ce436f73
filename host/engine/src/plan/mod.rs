//! Plans: what builders answer, checked before anything is believed.
//!
//! Pure: does not know components, the disk or the cache.

mod permissions;
mod source;
mod types;

pub use permissions::Permissions;
pub use source::{AccessError, AccessErrorKind, EntryKind, Level, Source};
pub use types::*;
