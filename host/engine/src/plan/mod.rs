//! Plans: what builders answer, checked before anything is believed.
//!
//! Pure: does not know components, the disk or the cache.

mod check;
mod checked;
mod permissions;
mod purpose;
mod record;
mod source;
mod types;

pub use check::{MAX_ACTIONS, MAX_ID_BYTES, MAX_ITEMS, PlanError, Rules, check};
pub use checked::{
    CheckedAction, CheckedArtifact, CheckedFetch, CheckedInput, CheckedOutput, CheckedPlan, CheckedSource, CheckedWork,
    OnDemand,
};
pub use permissions::Permissions;
pub use purpose::Purpose;
pub use record::{Question, Read, Recorder, replay};
pub use source::{AccessError, AccessErrorKind, EntryKind, Level, Source};
pub use types::*;
