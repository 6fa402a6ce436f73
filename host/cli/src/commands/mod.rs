//! The verbs, one file each. This one picks the verb, and shows a problem that ended it. Does not know how problems
//! look.

mod build;
mod cache;
mod debug;
mod plan;
mod plugin;
mod publish;
mod run;
mod why;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use farm_engine::error::{Class, Problem};

use crate::args::{Command, Selection};
use crate::environment::Environment;
use crate::ui::Ui;
use crate::{builtin, error, exit, workspace};
use farm_engine::run::{CacheUse, HostFacts, Request};

/// What every command is started with.
pub(crate) struct Invocation {
    /// `-C`.
    pub(crate) directory: Option<PathBuf>,
    /// The variables.
    pub(crate) environment: Environment,
    /// The streams.
    pub(crate) ui: Ui,
}

/// Runs the command to its end.
pub(crate) fn run(command: Command, invocation: &Invocation) -> ExitCode {
    let result = match command {
        Command::Build(args) => return build::run(&args, invocation),
        Command::Publish(args) => publish::run(&args, invocation),
        Command::Run(args) => run::run(&args, invocation),
        Command::Plan(args) => plan::run(&args, invocation),
        Command::Why(args) => why::run(&args, invocation),
        Command::Cache(command) => cache::run(&command, invocation),
        Command::Plugin(command) => plugin::run(&command, invocation),
        Command::Debug(args) => debug::run(&args, invocation),
    };
    result.unwrap_or_else(|problem| {
        let workspace = invocation.workspace().ok();
        invocation
            .ui
            .message(&error::render(&problem, invocation.ui.theme, workspace.as_deref()));
        ExitCode::from(exit::code_of(problem.class))
    })
}

impl Invocation {
    /// The workspace that the command is about.
    fn workspace(&self) -> Result<PathBuf, Problem> {
        workspace::find(self.directory.as_deref())
    }

    /// A request that asks for nothing special.
    fn request(&self, workspace: &Path, selection: Option<&Selection>) -> Result<Request, Problem> {
        Ok(Request {
            workspace: workspace.to_path_buf(),
            targets: selection.map(|selection| selection.targets.clone()).unwrap_or_default(),
            mode: selection.map_or("production", Selection::mode).to_owned(),
            asked: Vec::new(),
            sandbox: None,
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
            keep_going: false,
            cache: CacheUse {
                read: true,
                write: true,
                tool_caches: true,
            },
            clear_cache: false,
            locked: false,
            on_demand: None,
            host: self.host()?,
        })
    }

    /// What the engine may know of this machine.
    fn host(&self) -> Result<HostFacts, Problem> {
        Ok(HostFacts {
            environment: self.environment.variables().clone(),
            cache_folder: self.environment.cache_folder()?,
            helper: helper()?,
            platform: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
            builtin: builtin::builders(),
        })
    }
}

/// This program's own file, which the sandbox starts.
fn helper() -> Result<PathBuf, Problem> {
    std::env::current_exe().map_err(|error| {
        Problem::new("cli::no-program", Class::Request, "farm cannot find its own file").because(&error)
    })
}
