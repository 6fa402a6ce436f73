//! What Python packages a target has: where they are pinned, how they are installed, and what is told of them. Shared by
//! the builders that need any; knows none of these builders.

pub mod components;
mod facts;
mod install;
mod lock;
mod requirements;
mod uv_lock;

use farm_sdk::Description;

pub use facts::Facts;
pub use install::{Installed, Use, bytecode_script, install, steady};
pub use lock::{Lock, check_python};
pub use requirements::{Requirements, canonical};

/// What a target says of its packages.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// The Python to install with, by its name on the PATH.
    pub python: &'a str,
    /// The pinned requirements; without them, `uv.lock` or `requirements.txt`.
    pub requirements: Option<&'a str>,
    /// Whether packages without a wheel for this platform may be built.
    pub build_from_source: bool,
    /// Whether they are compiled to byte code.
    pub bytecode: bool,
}

/// Each name of an interpreter is a permission of its own.
const INTERPRETERS: &[&str] = &[
    "python",
    "python3",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "python3.15",
];

/// Asks for what installing takes: an interpreter, uv, the registry, and the installers' caches.
#[must_use]
pub fn wants(description: Description) -> Description {
    let description = description
        .wants_tool("uv")
        .wants_network("pypi")
        .wants_tool_cache("pip")
        .wants_tool_cache("uv");
    INTERPRETERS
        .iter()
        .fold(description, |description, name| description.wants_tool(name))
}
