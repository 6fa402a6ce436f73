//! What can go wrong while an action is executed.

use std::path::PathBuf;

use super::run::quoted;
use crate::artifact::{CollectError, RestoreError};
use crate::cache::StoreError;
use crate::error::{Class, PathError, Problem};
use crate::inputs::InputError;
use crate::path::RelPath;
use crate::plan::BuilderProblem;
use crate::plugin::PluginError;
use crate::sandbox::{Ending, SandboxError, Tier};

/// Why an action has no result.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// A tool is not on PATH.
    #[error("the tool `{name}` is not on PATH")]
    MissingTool {
        /// Its name.
        name: String,
    },
    /// A declared input cannot be had.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Two inputs want the same place with different contents.
    #[error("two inputs differ at `{path}`")]
    InputClash {
        /// The place in the action's tree.
        path: RelPath,
    },
    /// A fetch action's lock file is not among its inputs.
    #[error("the lock file `{path}` that pins what is fetched is not among the action's inputs")]
    PinMissing {
        /// The lock file, from the target's folder.
        path: RelPath,
    },
    /// A file was changed between its digest and its use, again and again.
    #[error("`{path}` changes while it is being built")]
    InputChanging {
        /// The file, from the workspace's root.
        path: RelPath,
    },
    /// Bytes that an earlier action put into the store are gone.
    #[error("the store lost the content of `{path}`")]
    Lost {
        /// Where it was to be staged.
        path: RelPath,
    },
    /// A secret that an action needs is not set.
    #[error("the secret `{name}` is not set")]
    MissingSecret {
        /// The environment variable.
        name: String,
    },
    /// A socket that an action reaches is not there.
    #[error("there is no socket `{}`", .path.display())]
    NoSocket {
        /// Where it should be.
        path: PathBuf,
    },
    /// No container engine listens in any of the usual places.
    #[error("there is no container engine that listens on a socket")]
    NoEngine,
    /// The container engine is somewhere else than on this machine.
    #[error("DOCKER_HOST is `{host}`, and farm reaches a container engine by a Unix socket alone")]
    EngineHost {
        /// The variable's value.
        host: String,
    },
    /// At L1 no socket can be given without all others.
    #[error("the sandbox tier L1 cannot let an action reach `{}` without every other socket of yours", .path.display())]
    SocketAtL1 {
        /// The socket.
        path: PathBuf,
    },
    /// A tool makes namespaces and mounts of its own, in a sandbox that lets it not.
    #[error("`{tool}` makes namespaces and mounts of its own, which the sandbox ({tier}) does not let it")]
    NeedsNoSandbox {
        /// The tool.
        tool: String,
        /// The sandbox that it would run in.
        tier: Tier,
    },
    /// The tool ran and failed.
    #[error("`{command}` {}", ending_text(*.ending))]
    Tool {
        /// The command, as a person would write it.
        command: String,
        /// How it ended.
        ending: Ending,
        /// Where the tree and the sandbox's description are kept; none when they could not be.
        kept: Option<PathBuf>,
    },
    /// The step ran and failed.
    #[error("{}", .0.message)]
    Step(BuilderProblem),
    /// The step that checks a limit found it broken.
    #[error("{}", .0.message)]
    Limit(BuilderProblem),
    /// A declared output is not there.
    #[error("`{command}` succeeded but left no `{path}`")]
    MissingOutput {
        /// The command or step.
        command: String,
        /// The declared path.
        path: RelPath,
        /// Where the tree is kept.
        kept: Option<PathBuf>,
    },
    /// An output is not what may be kept.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// An output could not be put back into the user's tree.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The component failed.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The sandbox could not be set up.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The store could not take something.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system refused.
    #[error(transparent)]
    Io(#[from] PathError),
    /// The build was stopped while the action ran.
    #[error("stopped")]
    Stopped,
}

impl From<ExecuteError> for Problem {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Plugin(error) => error.into(),
            ExecuteError::Sandbox(error) => error.into(),
            ExecuteError::Collect(error) => error.into(),
            ExecuteError::Restore(error) => error.into(),
            error => {
                let class = match error {
                    ExecuteError::MissingTool { .. }
                    | ExecuteError::Input(_)
                    | ExecuteError::MissingSecret { .. }
                    | ExecuteError::NoSocket { .. }
                    | ExecuteError::NoEngine
                    | ExecuteError::EngineHost { .. } => Class::Request,
                    ExecuteError::Limit(_) | ExecuteError::SocketAtL1 { .. } | ExecuteError::NeedsNoSandbox { .. } => {
                        Class::Policy
                    }
                    ExecuteError::Stopped => Class::Interrupted,
                    _ => Class::Build,
                };
                let mut problem = Self::new(code(&error), class, error.to_string());
                problem.hints = hints(&error);
                let mut source = std::error::Error::source(&error);
                while let Some(cause) = source {
                    problem.causes.push(cause.to_string());
                    source = cause.source();
                }
                problem
            }
        }
    }
}

fn code(error: &ExecuteError) -> &'static str {
    match error {
        ExecuteError::MissingTool { .. } => "execute::missing-tool",
        ExecuteError::Input(InputError::Missing(_)) => "execute::missing-input",
        ExecuteError::Input(_) => "execute::input",
        ExecuteError::InputClash { .. } => "execute::input-clash",
        ExecuteError::PinMissing { .. } => "execute::unpinned-fetch",
        ExecuteError::InputChanging { .. } => "execute::input-changing",
        ExecuteError::Lost { .. } => "execute::content-lost",
        ExecuteError::MissingSecret { .. } => "execute::missing-secret",
        ExecuteError::NoSocket { .. } | ExecuteError::NoEngine | ExecuteError::EngineHost { .. } => {
            "execute::missing-socket"
        }
        ExecuteError::SocketAtL1 { .. } => "execute::socket-refused",
        ExecuteError::NeedsNoSandbox { .. } => "execute::needs-no-sandbox",
        ExecuteError::Tool {
            ending: Ending::TimedOut,
            ..
        } => "execute::timed-out",
        ExecuteError::Tool { .. } => "execute::tool-failed",
        ExecuteError::Step(_) => "execute::step-failed",
        ExecuteError::Limit(_) => "execute::over-limit",
        ExecuteError::MissingOutput { .. } => "execute::missing-output",
        ExecuteError::Plugin(_) | ExecuteError::Sandbox(_) | ExecuteError::Collect(_) | ExecuteError::Restore(_) => {
            "execute::failed"
        }
        ExecuteError::Store(_) => "cache::store",
        ExecuteError::Io(_) => "execute::io",
        ExecuteError::Stopped => "build::interrupted",
    }
}

/// The way out of a sandbox.
const TRUSTED: &str = "if you trust it, run it without a sandbox: `farm run … --sandbox off`";

fn hints(error: &ExecuteError) -> Vec<String> {
    let by_hand = |kept: &PathBuf| {
        let folder = quoted(&kept.display().to_string());
        format!("run it by hand in the same sandbox: farm debug {folder}")
    };
    match error {
        ExecuteError::MissingTool { name } => vec![format!("install `{name}`, or put the folder it is in on PATH")],
        ExecuteError::Tool { kept: Some(kept), .. } => vec![by_hand(kept)],
        ExecuteError::MissingOutput { path, kept, .. } => {
            let declared = format!("make the command write `{path}`, or correct the declared outputs");
            std::iter::once(declared).chain(kept.iter().map(by_hand)).collect()
        }
        ExecuteError::Input(InputError::Missing(_)) => {
            vec!["create it, or correct the pattern; a pattern without wildcards must match".to_owned()]
        }
        ExecuteError::Input(InputError::LinkOut { .. }) => {
            vec!["put the file itself into the workspace: what lies outside is not part of the build".to_owned()]
        }
        ExecuteError::InputChanging { .. } => vec!["stop what writes it, or leave it out of the inputs".to_owned()],
        ExecuteError::MissingSecret { name } => vec![format!("set the environment variable `{name}`")],
        ExecuteError::NoSocket { .. } => vec!["start what listens there, or correct the path".to_owned()],
        ExecuteError::NoEngine => {
            vec!["start it, or name its socket: DOCKER_HOST=unix:///path/to/docker.sock".to_owned()]
        }
        ExecuteError::EngineHost { .. } => {
            vec!["forward it to a socket of this machine, and name that: DOCKER_HOST=unix:///path".to_owned()]
        }
        ExecuteError::SocketAtL1 { .. } => vec![
            "run it at L2, which needs user namespaces; `--sandbox L2` says what stands in the way".to_owned(),
            format!("{TRUSTED}, which lets it reach all that you can"),
        ],
        ExecuteError::NeedsNoSandbox { .. } => vec![format!("{TRUSTED}; the build before it keeps its sandbox")],
        ExecuteError::Step(problem) | ExecuteError::Limit(problem) => problem.hint.iter().cloned().collect(),
        ExecuteError::Lost { .. } => vec!["build again: what is missing is made anew".to_owned()],
        _ => Vec::new(),
    }
}

fn ending_text(ending: Ending) -> String {
    match ending {
        Ending::Exited(code) => format!("failed with exit code {code}"),
        Ending::Signaled(signal) => format!("was ended by signal {signal}"),
        Ending::TimedOut => "did not end within its time limit".to_owned(),
        Ending::Stopped => "was stopped".to_owned(),
    }
}
