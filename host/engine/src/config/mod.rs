//! `farm.toml`: what the user wrote, read strictly, as a [`Workspace`].
//!
//! Every mistake is one located message that names the key, says what was expected and what was found. Knows the
//! names of the built-in builders only because it is told them; does not know components, the graph or the cache.

mod check;
mod error;
mod folder;
mod json;
pub(crate) mod kept;
mod member;
mod name;
mod source;
mod target;
mod types;
mod units;
mod walk;
mod workspace;

use std::path::Path;

pub use check::{OptionChecker, check_options};
pub use error::{ConfigError, Fault};
pub(crate) use error::{shown, suggest};
pub use types::{
    BuilderEntry, CacheSettings, Dep, DescribeSettings, Looked, Member, Permissions, PublishSettings, SandboxMinimum,
    SandboxSettings, Target, TargetName, Workspace,
};

/// Name of the file in the workspace's root and in each member.
pub const FILE_NAME: &str = "farm.toml";
/// The JSON schema (draft 2020-12) of `farm.toml`, for editors.
pub const SCHEMA: &str = include_str!("farm.schema.json");
/// A commented `farm.toml` to start a workspace with.
pub const DEFAULT: &str = include_str!("default.toml");
/// Largest `farm.toml`, in bytes. 10,000 targets with a long command each are about 2.6 MB.
pub const MAX_FILE_BYTES: u64 = 8 << 20;
/// Largest sum of a workspace's `farm.toml` files, in bytes.
pub const MAX_TOTAL_BYTES: u64 = 64 << 20;

/// Reads the workspace whose root `farm.toml` lies in the folder `root`, and its members. `builtin` are the names that
/// `builder` may have without an entry in `[builders]`. Nothing is written; the first mistake in the files' order is
/// the error.
pub fn load(root: &Path, builtin: &[&str]) -> Result<Workspace, ConfigError> {
    workspace::load(root, builtin)
}
