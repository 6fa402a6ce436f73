//! The builder `node`: a package in TypeScript or JavaScript, a library or a service, from its lock file to what it
//! publishes. Does not know what the package does.
//!
//! Actions: `install` (once for each lock file, and shared by the packages of a workspace), `show` (what they share, where
//! something would hide it), `check` (the types), `compile`,
//! `declare` (the types of what SWC compiles), `test`, `production` (what the package needs when it runs), `package`, and
//! the step `components`. Artifacts: the package under its own name, of kind `node-package`; `node_modules` of kind
//! `node-modules`; `workspace` of kind `node-workspace`, the packages of the same npm workspace that it needs.
//!
//! All paths are from the workspace's root, since the lock file of an npm workspace lies above its packages.

mod compile;
mod components;
mod install;
mod manager;
mod options;
mod package;
mod project;
mod sources;
mod tests;

use std::path::Path;

use farm_sdk::{Action, Artifact, Builder, Description, Host, Input, OutputRef, Plan, Problem, Request};

use crate::compile::Setup;
use crate::install::Installed;
use crate::options::Compiler;
pub use crate::options::Options;
use crate::project::Project;
use crate::sources::Sources;

/// The builder.
#[derive(Debug)]
pub struct Node;

impl Builder for Node {
    type Options = Options;

    fn describe() -> Description {
        let schema = include_str!("options.schema.json");
        let summary = "packages and services in TypeScript and JavaScript";
        let description = Description::new("node", env!("CARGO_PKG_VERSION"), summary, schema)
            .paths_from_workspace()
            .wants_tool("node")
            .wants_network("npm")
            .wants_secret("*")
            .wants_tool_cache("tsc");
        ["npm", "pnpm", "yarn"].iter().fold(description, |description, tool| {
            description.wants_tool(tool).wants_tool_cache(tool)
        })
    }

    fn plan(request: &Request<Options>, host: &dyn Host) -> Result<Plan, Problem> {
        check_node(host)?;
        let options = &request.options;
        let project = Project::read(host, &request.root)?;
        let setup = Setup::read(host, &project, options)?;
        let locals = package::locals(&project, request)?;
        let installed = install::install(&project, options, host)?;
        let parts = Parts {
            sources: Sources {
                project: &project,
                options,
                out: (setup.compiler != Compiler::None).then_some(setup.out.as_str()),
            },
            setup: &setup,
            installed: installed.as_ref(),
            locals: &locals,
        };
        let code = parts.code(host)?;
        let tests = tests::test(&parts, &code, host)?;
        let assembled = package::assemble(&parts, &code.outputs);
        let plan = Plan::new()
            .actions(installed.iter().flat_map(Installed::actions))
            .actions(code.actions)
            .actions(tests);
        let artifact = package::artifact(&project, &assembled);
        Ok(with_packages(plan.action(assembled), artifact, &parts))
    }

    fn run_step(name: &str, parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
        match name {
            "components" => components::run(parameters, input, output),
            _ => Err(Problem::new(format!("this builder has no step `{name}`"))),
        }
    }
}

farm_sdk::export!(Node);

/// All that actions are made from.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) sources: Sources<'a>,
    pub(crate) setup: &'a Setup,
    pub(crate) installed: Option<&'a Installed>,
    /// The packages of the workspace that the package needs, where it finds them.
    pub(crate) locals: &'a [Input],
}

/// What makes compiled code, and where it is.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) actions: Vec<Action>,
    pub(crate) outputs: Vec<OutputRef>,
}

impl Parts<'_> {
    /// Everything that Node finds below a `node_modules`.
    pub(crate) fn modules(&self) -> Vec<Input> {
        let project = self.sources.project;
        let installed = self.installed.map(|installed| installed.inputs(project));
        installed
            .into_iter()
            .flatten()
            .chain(self.locals.iter().cloned())
            .collect()
    }

    /// What a compiler sees.
    pub(crate) fn inputs(&self, with_tests: bool) -> Vec<Input> {
        std::iter::once(self.sources.code(with_tests))
            .chain(self.modules())
            .collect()
    }

    fn code(&self, host: &dyn Host) -> Result<Code, Problem> {
        let (project, options) = (self.sources.project, self.sources.options);
        let mut code = Code::default();
        let has_types = self.setup.has_types(host, project)?;
        if has_types && options.typecheck {
            code.actions.push(self.setup.check(project, self.inputs(true)));
        }
        if self.setup.compiler == Compiler::None {
            return Ok(code);
        }
        let mut writers = vec![self.setup.compile(project, "compile", self.inputs(false))];
        if self.setup.compiler == Compiler::Swc && has_types {
            writers.push(self.setup.declare(project, self.inputs(false)));
        }
        code.outputs = writers.iter().map(|action| action.out("compiled")).collect();
        code.actions.extend(writers);
        Ok(code)
    }
}

/// The package, and the packages that it needs when it runs.
fn with_packages(plan: Plan, package: Artifact, parts: &Parts<'_>) -> Plan {
    let (project, options) = (parts.sources.project, parts.sources.options);
    let (Some(installed), Some(lock)) = (parts.installed, project.locked()) else {
        return plan.artifact(package);
    };
    let production = installed.production(project, parts.locals.to_vec());
    let components = components::action(project, lock, &production);
    let plan = plan.artifact(package.components(components.out("components")));
    let modules = Artifact::new("node_modules", "node-modules", production.out("node_modules"));
    let modules = modules.components(components.out("components"));
    let is_bundled = options.bundle_dependencies.unwrap_or(project.manifest.private);
    let plan = plan.artifact(if is_bundled {
        modules.placed("node_modules")
    } else {
        modules
    });
    let plan = if project.locals.is_empty() {
        plan
    } else {
        plan.artifact(Artifact::new(
            "workspace",
            "node-workspace",
            production.out("workspace"),
        ))
    };
    plan.action(production).action(components)
}

fn check_node(host: &dyn Host) -> Result<(), Problem> {
    if host.has_tool("node")? {
        return Ok(());
    }
    let problem = Problem::new("the tool `node` is not on the PATH");
    Err(problem.hint("install Node.js 20 or later, which brings `node` and `npm`"))
}
