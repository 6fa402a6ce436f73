//! Write builders for farm.
//!
//! A builder is a pure planner: farm asks it what has to be done for a target, and runs the answer itself, in a
//! sandbox. Work that needs no native tool is a *step*, which runs inside the builder's own component. This crate puts
//! plain Rust over the contract `wit/builder.wit`, whose documentation says what every word means.
//!
//! # A complete builder
//!
//! The crate has `crate-type = ["cdylib", "rlib"]` and is built with `cargo build --release --target wasm32-wasip2`.
//!
//! ```
//! use farm_sdk::{Action, Artifact, Builder, Description, Host, Input, Output, Plan, Problem, Request};
//! use serde::Deserialize;
//!
//! struct Minify;
//!
//! #[derive(Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Options {
//!     entry: String,
//! }
//!
//! const SCHEMA: &str = r#"{
//!     "type": "object",
//!     "required": ["entry"],
//!     "additionalProperties": false,
//!     "properties": {
//!         "entry": { "type": "string", "description": "The script to minify.", "examples": ["main.js"] }
//!     }
//! }"#;
//!
//! impl Builder for Minify {
//!     type Options = Options;
//!
//!     fn describe() -> Description {
//!         Description::new("minify", "1.0.0", "minifies one script", SCHEMA).wants_tool("esbuild")
//!     }
//!
//!     fn plan(request: &Request<Options>, host: &dyn Host) -> Result<Plan, Problem> {
//!         let entry = &request.options.entry;
//!         if !host.is_file(entry)? {
//!             return Err(Problem::new(format!("there is no `{entry}`")).hint("option `entry` names the script"));
//!         }
//!         let minify = Action::tool("minify", "esbuild")
//!             .label(format!("minify {entry}"))
//!             .args([entry.as_str(), "--minify", "--outfile=out.js"])
//!             .input(Input::file(entry))
//!             .output(Output::file("script", "out.js"));
//!         let artifact = Artifact::new("script", "script", minify.out("script")).placed("main.js");
//!         Ok(Plan::new().action(minify).artifact(artifact))
//!     }
//! }
//!
//! farm_sdk::export!(Minify);
//!
//! // Tests run natively, against a folder in memory.
//! use farm_sdk::testing::{Folder, check_options, plan};
//! use serde_json::json;
//!
//! check_options::<Minify>(&json!({ "entry": "main.js" }));
//! let folder = Folder::new().file("main.js", "let a = 1");
//! let planned = plan::<Minify>(&folder, &json!({ "entry": "main.js" })).unwrap();
//! assert_eq!(planned.actions[0].label, "minify main.js");
//! let problem = plan::<Minify>(&folder.without("main.js"), &json!({ "entry": "main.js" })).unwrap_err();
//! assert_eq!(problem.message, "there is no `main.js`");
//! ```
//!
//! # What keeps a plan sound
//!
//! A fetch action cannot be made without its lock file ([`Action::fetch`]), references to outputs come from the action
//! itself ([`Action::out`]), and [`testing::plan`] tells in a test whatever farm would refuse at run time.

mod action;
mod builder;
pub mod components;
mod description;
mod files;
mod host;
mod input;
mod output;
pub mod paths;
mod plan;
mod problem;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod wasm;

pub use action::{Action, Fetch, Pin, Work};
pub use builder::{Builder, Dependency, Request};
pub use description::{Description, Want};
pub use files::{executables, make_executable};
pub use host::{AccessError, AccessErrorKind, EntryKind, Host, Level};
pub use input::{Base, Files, Input, Source};
pub use output::{Output, OutputRef, Shape};
pub use plan::{Artifact, Continuation, Plan, SeenFile};
pub use problem::Problem;

/// Makes the component out of a [`Builder`]. Natively it expands to nothing, so that tests link.
#[macro_export]
macro_rules! export {
    ($builder:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Exported = $crate::wasm::Exported<$builder>;
    $crate::wasm::bindings::export!(Exported with_types_in $crate::wasm::bindings);
        };
    };
}
