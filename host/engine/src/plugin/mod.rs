//! Builders: the components that describe themselves, plan targets and run steps, and the host that runs them.
//!
//! The only module that sees wasmtime. A component gets what `wit/builder.wit` says and nothing else; whatever it does
//! ends in an answer or in a [`PluginError`] that names builder, phase and limit. Does not know what a plan means, what
//! is cached by it, or who answers the questions of a plan. `host/docs/plugins.md` holds the decisions.

mod aot;
mod aot_load;
mod bindings;
mod call;
mod component;
mod convert;
mod desk;
mod error;
mod grant;
mod host;
mod host_calls;
mod inspect;
mod interface;
mod lock;
mod machine;
mod output;
mod settings;
mod state;
mod step_files;
mod ticker;
mod wasi;
mod wasi_files;

use std::fmt;
use std::path::Path;

use crate::digest::Digest;
use crate::plan::{BuilderProblem, Description, Level, Plan, PlanRequest, SeenFile, Source, StepRun};

pub use component::{ComponentBuilder, ComponentFile};
pub use error::{Fault, LimitHit, Phase, PluginError};
pub use grant::{Missing, missing, not_granted};
pub use host::{AotFault, PluginHost};
pub use interface::Refused;
pub use lock::{LockEntry, LockError, LockFile, Standing};
pub use settings::{CallLimits, ComponentLimits, Limits, Settings};

/// Somebody who can describe itself, plan targets and run steps: a component, or a fake in a test.
///
/// Calls may block for as long as the limits allow; several threads may call at once, and each call stands alone.
pub trait Builder: fmt::Debug + Send + Sync {
    /// The name under which targets use it.
    fn name(&self) -> &str;

    /// Digest of all that can change its answers: the component's bytes.
    fn digest(&self) -> Digest;

    /// What it is, and all that it may ever ask for.
    fn describe(&self) -> Result<Description, PluginError>;

    /// What has to be done for a target.
    fn plan(&self, request: &PlanRequest, source: &mut dyn Source) -> Result<Plan, PlanFailure>;

    /// The next round of a plan whose `next` was set, with the state it left and the files it wanted to see.
    fn continue_plan(
        &self,
        request: &PlanRequest,
        state: &[u8],
        seen: &[SeenFile],
        source: &mut dyn Source,
    ) -> Result<Plan, PlanFailure>;

    /// Runs one step, which reads the folder `input` and writes the folder `output` and sees nothing else. Its standard
    /// output and error arrive at `log` too, line by line.
    fn run_step(
        &self,
        step: &StepRun,
        input: &Path,
        output: &Path,
        log: &mut dyn FnMut(Level, &str),
    ) -> Result<(), PlanFailure>;
}

/// Why there is no plan, or no result of a step.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlanFailure {
    /// The component did not answer as it must.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The component answered with a mistake that the user can mend.
    #[error("{}", .0.message)]
    Problem(BuilderProblem),
}
