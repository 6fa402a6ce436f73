//! The actions of a target: fetch, list, vet, test, build, inspect. Does not read any file.

use farm_sdk::{Action, Input, Output, OutputRef, Pin, Problem, Request};
use serde_json::json;

use crate::compiler::Compiler;
use crate::options::Options;
use crate::packages::{FIELDS, Program};
use crate::platform::Platform;
use crate::project::{Project, below};

/// Where the module cache lies in the tree. go looks for packages in no folder whose name starts with a dot.
pub(crate) const MODULES: &str = ".gomodcache";

/// Where the script that fetches lies in the tree.
const SCRIPT: &str = "farm/download.sh";

/// go takes every core when much has to be compiled; so many at most are left to it alone.
const WEIGHT: u32 = 8;

/// Everything that runs of go have in common.
#[derive(Debug)]
pub(crate) struct Go<'a> {
    pub(crate) request: &'a Request<Options>,
    pub(crate) project: &'a Project,
    /// With the option `cgo`.
    pub(crate) compiler: Option<Compiler>,
    /// The fetched modules.
    pub(crate) modules: Option<OutputRef>,
}

/// Something to build for: the machine itself, or a platform that the options name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Goal {
    pub(crate) platform: Platform,
    /// Set when the options name it: then names and places carry it.
    pub(crate) slug: Option<String>,
}

impl Goal {
    /// A name for this goal.
    pub(crate) fn name(&self, name: &str) -> String {
        match &self.slug {
            Some(slug) => format!("{name}-{slug}"),
            None => name.to_owned(),
        }
    }
}

/// The modules that the lock files fix, with nothing else among its inputs: a changed source never fetches again. What was
/// fetched for other lock files is kept in a tool cache; go takes of it only what these fix.
pub(crate) fn download(project: &Project) -> Option<Action> {
    let (first, more) = project.locks.split_first().filter(|_| project.needs_modules())?;
    let download = Action::fetch("download", "sh", "go", Pin::file(first))
        .label(match project.fetched {
            1 => "download 1 module".to_owned(),
            count => format!("download {count} modules"),
        })
        .args([SCRIPT])
        .uses_tools(["go"])
        .input(Input::content(SCRIPT, include_str!("scripts/download.sh")))
        .cache("modules", "FARM_GO_MODULES")
        .env("GOFLAGS", "-modcacherw")
        .env_path("GOMODCACHE", MODULES)
        .inputs(project.manifests())
        .output(Output::unpacked("modules", MODULES));
    let download = more
        .iter()
        .fold(download, |download, lock| download.pinned_by(Pin::file(lock)));
    Some(alone(download, project))
}

/// Keeps go from what it would look for outside: another version of itself, settings, a workspace above.
fn alone(action: Action, project: &Project) -> Action {
    let action = action.env("GOENV", "off").env("GOTOOLCHAIN", "local");
    if project.is_workspace {
        action
    } else {
        action.env("GOWORK", "off")
    }
}

impl Go<'_> {
    /// Which packages there are, and which files each is made of.
    pub(crate) fn list(&self, goal: &Goal) -> Action {
        let list = self.run(goal.name("list"), "list");
        let list = goal.platform.apply(list);
        list.label(match &goal.slug {
            Some(_) => format!("list packages for {}", goal.platform.as_str()),
            None => "list packages".to_owned(),
        })
        // Profiles multiply packages; `build` finds them itself.
        .args(["-deps", "-pgo=off"])
        .args([format!("-json={FIELDS}")])
        .args(self.patterns())
        .inputs(self.project.sources(&self.request.options))
        .stdout(Output::file("packages", "farm/packages.json"))
    }

    /// `go vet`.
    pub(crate) fn vet(&self) -> Action {
        self.run("vet".to_owned(), "vet")
            .label("vet")
            .weight(WEIGHT)
            .args(["-trimpath"])
            .args(self.patterns())
            .inputs(self.project.sources(&self.request.options))
    }

    /// `go test`, on this machine.
    pub(crate) fn test(&self, race: Option<&Compiler>) -> Action {
        let options = &self.request.options;
        self.run_with(race.or(self.compiler.as_ref()), "test".to_owned(), "test")
            .label("test")
            .weight(WEIGHT)
            // A test that has to run does: what go remembers of its results is known by the times of files. And what was
            // compiled for the programs serves the tests, too.
            .args(["-trimpath", "-count=1"])
            .args(options.vet.then_some("-vet=off"))
            .args(race.map(|_| "-race"))
            .args(options.test_flags.iter().cloned())
            .args(self.patterns())
            .inputs(self.project.sources(options))
    }

    /// `go build` of one program, with its own files as only sources: a change elsewhere does not build it again.
    pub(crate) fn build(&self, program: &Program, name: &str, goal: &Goal) -> Result<Action, Problem> {
        let options = &self.request.options;
        let path = format!("farm/bin/{name}{}", goal.platform.suffix());
        let build = self.run(goal.name(&format!("build-{}", name.to_ascii_lowercase())), "build");
        let build = goal.platform.apply(build);
        let flags = options.linker_flags(&self.request.mode)?;
        let flags = (!flags.is_empty()).then(|| format!("-ldflags={flags}"));
        let sources = if program.has_c {
            // C reads files that no list names.
            self.project.sources(options)
        } else {
            self.files(program)
        };
        Ok(build
            .label(match &goal.slug {
                Some(_) => format!("build {name} for {}", goal.platform.as_str()),
                None => format!("build {name}"),
            })
            .weight(WEIGHT)
            .args(["-trimpath", "-buildvcs=false"])
            .args(flags)
            .args(["-o", path.as_str(), program.package.as_str()])
            .inputs(sources)
            .output(Output::file("program", path)))
    }

    /// The metadata and the components of a program, read from it in this component.
    pub(crate) fn inspect(&self, build: &Action, name: &str, goal: &Goal) -> Action {
        let parameters = json!({ "platform": goal.platform.as_str(), "version": self.request.options.version });
        Action::step(goal.name(&format!("inspect-{}", name.to_ascii_lowercase())), "inspect")
            .label(format!("read the modules of {}", goal.name(name)))
            .parameters(&parameters)
            .input(Input::output("program", build.out("program")))
            .output(Output::file("metadata", "metadata.json"))
            .output(Output::file("components", "components.json"))
    }

    /// One run of go, shut off from everything that is not an input.
    fn run(&self, id: String, command: &str) -> Action {
        self.run_with(self.compiler.as_ref(), id, command)
    }

    fn run_with(&self, compiler: Option<&Compiler>, id: String, command: &str) -> Action {
        let options = &self.request.options;
        let tags = (!options.tags.is_empty()).then(|| format!("-tags={}", options.tags.join(",")));
        let run = Action::tool(id, "go")
            .args([
                command,
                if self.project.is_vendored {
                    "-mod=vendor"
                } else {
                    "-mod=readonly"
                },
            ])
            .args(tags)
            .env("GOPROXY", "off")
            .env("GODEBUG", options.godebug())
            .cache("build", "GOCACHE");
        let run = options
            .env()
            .fold(alone(run, self.project), |run, (name, value)| run.env(name, value));
        let run = match compiler {
            Some(compiler) => compiler.apply(run),
            None => run.env("CGO_ENABLED", "0"),
        };
        match &self.modules {
            Some(modules) => run
                .env_path("GOMODCACHE", MODULES)
                .input(Input::output(MODULES, modules.clone())),
            None => run,
        }
    }

    /// The packages that the target is about, in go's own words.
    fn patterns(&self) -> Vec<String> {
        self.request
            .options
            .packages
            .clone()
            .unwrap_or_else(|| self.project.patterns())
    }

    /// The files of a program, and those that say which modules there are.
    fn files(&self, program: &Program) -> Vec<Input> {
        let (mut own, mut others) = (Vec::new(), Vec::new());
        for file in &program.files {
            match below(file, &self.project.root) {
                Some(file) => own.push(literal(file)),
                None => others.push(literal(file)),
            }
        }
        let mut inputs = self.project.manifests();
        own.extend(self.project.locks.iter().cloned());
        inputs.extend((!own.is_empty()).then(|| Input::files(own)));
        inputs.extend((!others.is_empty()).then(|| Input::workspace_files(others)));
        inputs
    }
}

/// A path as a pattern that matches it: `?` stands for what would be a wildcard.
fn literal(path: &str) -> String {
    path.replace(['*', '[', ']', '{', '}'], "?")
}
