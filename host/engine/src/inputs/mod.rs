//! Inputs: what patterns and tool names mean on this disk.
//!
//! Turns file sets into files with digests, answers what plans ask, and finds tools. Does not know actions, keys or the
//! cache, and never writes.

mod files;
mod pattern;
mod source;
mod tools;

pub(crate) use files::is_settled;
pub use files::{FileInput, Files, InputError, Known, Scope};
pub use pattern::{Pattern, PatternError, PatternSet};
pub use source::WorkspaceSource;
pub use tools::{FoundTool, Tools};
