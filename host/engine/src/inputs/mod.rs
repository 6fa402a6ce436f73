//! Inputs: what patterns and tool names mean on this disk.
//!
//! Turns file sets into files with digests, answers what plans ask, and finds tools. Does not know actions, keys or the
//! cache, and never writes.

mod files;
mod footprint;
mod hidden;
mod ignored;
mod notes;
mod pattern;
mod rustup;
mod source;
mod tools;

pub use files::{FileInput, Files, InputError, Scope, names_that_count};
pub use footprint::{Aspect, Footprint};
pub use notes::{Earlier, Noted, Nothing, digest_of_names, is_settled};
pub use pattern::{Pattern, PatternError, PatternSet};
pub use source::{Start, WorkspaceSource};
pub use tools::{FoundTool, Outside, Tools};
