//! The actions of a target: fetch, list, vet, build, inspect. Does not read any file.

use farm_sdk::paths::below;
use farm_sdk::{Action, Input, Output, OutputRef, Pin, Problem, Request};
use serde_json::json;

use crate::compiler::Compiler;
use crate::options::Options;
use crate::packages::{FIELDS, Program};
use crate::platform::Platform;
use crate::project::Project;
use crate::trust;

/// Where the module cache lies in the tree. go looks for packages in no folder whose name starts with a dot.
pub(crate) const MODULES: &str = ".gomodcache";

/// Where the script that fetches lies in the tree.
const SCRIPT: &str = "farm/download.sh";

/// go takes every core when much has to be compiled; so many at most are left to it alone.
pub(crate) const WEIGHT: u32 = 8;

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

    /// `go build` of one program, with its own files as only sources: a change elsewhere does not build it again.
    pub(crate) fn build(&self, program: &Program, name: &str, goal: &Goal) -> Result<Action, Problem> {
        let options = &self.request.options;
        let path = format!("farm/bin/{name}{}", goal.platform.suffix());
        let build = self.bare(goal.name(&format!("build-{}", name.to_ascii_lowercase())), "build");
        let build = goal.platform.apply(build);
        let build = if trust::steers_linker(options.ldflags()) {
            build
        } else {
            self.with_cache(build, self.compiler.is_some())
        };
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

    /// One run of go, with what it keeps between builds.
    fn run(&self, id: String, command: &str) -> Action {
        self.with_cache(self.bare(id, command), self.compiler.is_some())
    }

    /// One run of go, without that.
    fn bare(&self, id: String, command: &str) -> Action {
        let run = Action::tool(id, "go").args([command]).args(self.selection());
        self.with_options(self.alone(run, self.compiler.as_ref()))
    }

    /// Which files are looked at, in each command of go.
    pub(crate) fn selection(&self) -> Vec<String> {
        let tags = &self.request.options.tags;
        let vendor = if self.project.is_vendored { "vendor" } else { "readonly" };
        let tags = (!tags.is_empty()).then(|| format!("-tags={}", tags.join(",")));
        std::iter::once(format!("-mod={vendor}")).chain(tags).collect()
    }

    /// Shuts go off from everything that is not an input.
    pub(crate) fn alone(&self, action: Action, compiler: Option<&Compiler>) -> Action {
        let action = action
            .env("GOPROXY", "off")
            .env("GODEBUG", self.request.options.godebug());
        let action = alone(action, self.project);
        let action = match compiler {
            Some(compiler) => compiler.apply(action),
            None => action.env("CGO_ENABLED", "0"),
        };
        match &self.modules {
            Some(modules) => action
                .env_path("GOMODCACHE", MODULES)
                .input(Input::output(MODULES, modules.clone())),
            None => action,
        }
    }

    /// The variables of the user's that go reads.
    pub(crate) fn with_options(&self, action: Action) -> Action {
        let variables = self.request.options.env_of_go();
        variables.fold(action, |action, (name, value)| action.env(name, value))
    }

    /// What go has compiled in any workspace. It is there only where nothing of this workspace's is started: whoever can
    /// write there can put code into everybody's programs.
    pub(crate) fn with_cache(&self, action: Action, has_compiler: bool) -> Action {
        let variables = self.request.options.env_of_go();
        if has_compiler && trust::steers_compiler(variables.map(|(name, _)| name)) {
            return action;
        }
        action.cache("build", "GOCACHE")
    }

    /// The packages that the target is about, in go's own words.
    pub(crate) fn patterns(&self) -> Vec<String> {
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
