//! Artifacts: outputs of finished actions into the store, and content of the store into folders.
//!
//! Everything below a folder that a tool or a cache had a hand in is touched through handles that cannot leave it. Does
//! not know targets, plans or keys.

mod collect;
mod compose;
mod place;
mod restore;
mod sha256;
mod staging;
mod survey;

pub use collect::{CollectError, Taking, collect};
pub use compose::{ComposeError, Composed, Mount, compose};
pub use restore::{Known, RestoreError, Restored, nothing_known, restore, restore_composed, restore_tree};
pub use sha256::sha256;
