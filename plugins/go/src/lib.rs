//! The builder `go`: the programs of a module or a workspace, for one platform or many. Does not know what they do.
//!
//! It plans in two rounds. The first fetches what `go.sum` fixes (`download`), asks go which packages there are (`list`,
//! once for each platform), and checks them (`vet`, `compile-tests`, `test`). The second knows the files of each main package: it builds
//! each program from those alone (`build-…`), and reads its modules out of it (the step `inspect-…`). So a change
//! builds again just the programs that it is part of. Reading imports here instead would take one round, and this
//! component would have to know build constraints, embedded files and tags as well as go does.
//!
//! Artifacts: each program, of kind `go-binary`.

mod actions;
mod buildinfo;
mod compiler;
mod inspect;
mod module;
mod options;
mod packages;
mod platform;
mod project;
mod syntax;
mod tests;
mod trust;

use std::collections::BTreeMap;
use std::path::Path;

use farm_sdk::paths::{below, join};
use farm_sdk::{Artifact, Builder, Description, EntryKind, Host, Plan, Problem, Request, SeenFile};

use crate::actions::{Go, Goal};
use crate::compiler::Compiler;
pub use crate::options::Options;
use crate::packages::Program;
use crate::platform::Platform;
use crate::project::Project;

/// The builder.
#[derive(Debug)]
pub struct GoBuilder;

impl Builder for GoBuilder {
    type Options = Options;

    fn describe() -> Description {
        let schema = include_str!("options.schema.json");
        let description = Description::new(
            "go",
            env!("CARGO_PKG_VERSION"),
            "Go programs for many platforms",
            schema,
        )
        .wants_tool("go")
        .wants_tool("sh")
        .wants_network("go")
        .wants_tool_cache("build")
        .wants_tool_cache("modules");
        compiler::TOOLS
            .iter()
            .fold(description, |description, tool| description.wants_tool(tool))
    }

    fn plan(request: &Request<Options>, host: &dyn Host) -> Result<Plan, Problem> {
        let options = &request.options;
        options.check()?;
        if !host.has_tool("go")? {
            let problem = Problem::new("the tool `go` is not on the PATH");
            return Err(problem.hint("install Go 1.21 or later, and put its `bin` folder on the PATH"));
        }
        check_packages(options, host)?;
        let project = Project::read(host, &request.root)?;
        let download = actions::download(&project);
        let go = go(request, &project, host)?;
        let tests = options.test(&request.mode);
        let race = (tests && options.race).then(|| Compiler::for_race(host)).transpose()?;
        let lists: Vec<_> = goals(request)?.iter().map(|goal| go.list(goal)).collect();
        let needs: Vec<_> = lists.iter().map(|list| list.out("packages")).collect();
        Ok(Plan::new()
            .actions(download)
            .actions(lists)
            .actions(options.vet.then(|| go.vet()))
            .actions(tests.then(|| go.test(race.as_ref())).into_iter().flatten())
            .continue_with(needs, Vec::new()))
    }

    fn continue_plan(
        request: &Request<Options>,
        host: &dyn Host,
        _state: &[u8],
        seen: &[SeenFile],
    ) -> Result<Plan, Problem> {
        let project = Project::read(host, &request.root)?;
        let go = go(request, &project, host)?;
        let mut plan = Plan::new();
        let mut found = false;
        let goals = goals(request)?;
        let (name, max) = (request.options.name.as_deref(), max_name(&goals));
        for goal in goals {
            let list = seen.iter().find(|file| file.output.action == goal.name("list"));
            let printed = list.map_or(&[][..], |file| &file.content);
            let programs = packages::programs(printed, &project)?;
            found |= !programs.is_empty();
            for (name, program) in named(programs, name, max)? {
                plan = add(plan, &go, &name, &with_profile(program, &project, host)?, &goal)?;
            }
        }
        if !found {
            host.warn("no package is a program (`package main`), so nothing is built");
        }
        Ok(plan)
    }

    fn run_step(name: &str, parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
        match name {
            "inspect" => inspect::run(parameters, input, output),
            _ => Err(Problem::new(format!("this builder has no step `{name}`"))),
        }
    }
}

farm_sdk::export!(GoBuilder);

fn go<'a>(request: &'a Request<Options>, project: &'a Project, host: &dyn Host) -> Result<Go<'a>, Problem> {
    let compiler = request.options.cgo.then(|| Compiler::for_cgo(host));
    Ok(Go {
        request,
        project,
        compiler: compiler.transpose()?,
        modules: actions::download(project).map(|download| download.out("modules")),
    })
}

/// What to build for.
fn goals(request: &Request<Options>) -> Result<Vec<Goal>, Problem> {
    let platforms = request.options.platforms()?;
    if platforms.is_empty() {
        let platform = Platform::of_machine(&request.platform);
        return Ok(vec![Goal { platform, slug: None }]);
    }
    let goal = |platform: Platform| Goal {
        slug: Some(platform.slug()),
        platform,
    };
    Ok(platforms.into_iter().map(goal).collect())
}

/// A folder that is named and is not there would be reported by go in words about modules.
fn check_packages(options: &Options, host: &dyn Host) -> Result<(), Problem> {
    for pattern in options
        .packages
        .iter()
        .flatten()
        .filter(|pattern| !pattern.contains("..."))
    {
        let folder = pattern.trim_start_matches('.').trim_matches('/');
        if host.look(folder)? != Some(EntryKind::Folder) {
            let problem = Problem::new(format!(
                "option `packages` names `{pattern}`, and there is no such folder"
            ));
            return Err(problem
                .hint("name folders of packages as for `go build`: `./cmd/server`, or `./cmd/...` for all below"));
        }
    }
    Ok(())
}

/// What an id or the name of an artifact may have, as farm says.
const MAX_ID: usize = 64;

/// The longest name of a program: with what is added to it, it still fits into the id of an action.
fn max_name(goals: &[Goal]) -> usize {
    let longest = goals.iter().map(|goal| goal.name("inspect-").len()).max();
    MAX_ID.saturating_sub(longest.unwrap_or_default())
}

/// The programs by their names.
fn named(programs: Vec<Program>, name: Option<&str>, max: usize) -> Result<BTreeMap<String, Program>, Problem> {
    if let (Some(name), [first, second, ..]) = (name, programs.as_slice()) {
        let problem = Problem::new(format!(
            "option `name` names one program `{name}`, and there are more: `{}` and `{}`",
            first.package, second.package
        ));
        return Err(problem.hint("say which one in the option `packages`, or leave `name` out"));
    }
    let is_only = programs.len() == 1;
    let mut named: BTreeMap<String, Program> = BTreeMap::new();
    for program in programs {
        let name = name.unwrap_or(packages::name_of(&program.package)).to_owned();
        check_name(&name, &program, (max, is_only))?;
        let same = named.iter().find(|(other, _)| other.eq_ignore_ascii_case(&name));
        if let Some((_, other)) = same {
            let problem = Problem::new(format!(
                "`{}` and `{}` are both named `{name}`",
                other.package, program.package
            ));
            return Err(problem.hint("say which one in the option `packages`; a second target can build the other"));
        }
        named.insert(name, program);
    }
    Ok(named)
}

fn check_name(name: &str, program: &Program, (max, is_only): (usize, bool)) -> Result<(), Problem> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.len() <= max && name.chars().all(is_plain) && !name.starts_with('.') {
        return Ok(());
    }
    let message = format!(
        "`{name}`, the name of `{}`, cannot be that of an artifact",
        program.package
    );
    let form = format!("at most {max} letters, digits, `-`, `_` and `.`");
    Err(Problem::new(message).hint(if is_only {
        format!("set the option `name`: {form}")
    } else {
        format!(
            "leave it out of the option `packages`, and build it by a target of its own, with another `name`: {form}"
        )
    }))
}

/// The profile that go optimises by, where the main package has one.
fn with_profile(mut program: Program, project: &Project, host: &dyn Host) -> Result<Program, Problem> {
    let profile = join(&program.folder, "default.pgo");
    if let Some(own) = below(&profile, &project.root)
        && host.is_file(own)?
    {
        program.files.insert(profile);
    }
    Ok(program)
}

/// Adds what makes one program.
fn add(plan: Plan, go: &Go<'_>, name: &str, program: &Program, goal: &Goal) -> Result<Plan, Problem> {
    let build = go.build(program, name, goal)?;
    let inspect = go.inspect(&build, name, goal);
    let file = format!("{name}{}", goal.platform.suffix());
    let place = goal.slug.as_ref().map_or(file.clone(), |slug| format!("{slug}/{file}"));
    let artifact = Artifact::new(goal.name(&name.to_ascii_lowercase()), "go-binary", build.out("program"))
        .placed(place)
        .metadata(inspect.out("metadata"))
        .components(inspect.out("components"));
    Ok(plan.actions([build, inspect]).artifact(artifact))
}
