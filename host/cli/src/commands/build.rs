//! `farm build`. Does not know how anything is built or shown.

use std::io::{stderr, stdout};
use std::path::Path;
use std::process::ExitCode;

use farm_engine::error::Problem;
use farm_engine::sandbox::{Tier, Wanted};

use super::Invocation;
use crate::args::{BuildArgs, Sandbox};
use crate::report::{Detail, Place, Reports, Screen};
use crate::size_limit::SizeLimit;
use crate::ui::Output;
use crate::{error, exit, signals};
use farm_engine::run::{self, Asked, CacheUse, Request, Summary};

/// Builds, with reports on the way.
pub(super) fn run(args: &BuildArgs, invocation: &Invocation) -> ExitCode {
    ExitCode::from(build(args, invocation))
}

/// As [`run`], with the exit code as a number.
pub(super) fn build(args: &BuildArgs, invocation: &Invocation) -> u8 {
    let workspace = invocation.workspace();
    let screen = Screen::on(Output::to(stderr()));
    let json = args.json.then(|| Output::to(stdout()));
    let known = workspace.as_deref().ok();
    let mut reports = Reports::open(&invocation.ui, &screen, detail(args.quiet, args.verbose), known, json);
    let result = workspace.as_deref().map_err(Problem::clone).and_then(|workspace| {
        if let Some(file) = &args.profile {
            reports.profile(profile_place(file.as_deref(), invocation, workspace)?);
        }
        let request = request(args, invocation, workspace)?;
        run::build(&request, &mut reports, || signals::watch(screen.clone()))
    });
    let code = match result {
        Ok(summary) => code(&summary),
        Err(problem) => {
            let code = exit::code_of(problem.class);
            reports.give_up(problem);
            code
        }
    };
    let Err(problem) = reports.end() else {
        return code;
    };
    let ui = &invocation.ui;
    ui.message(&error::render(&problem, ui.theme, known));
    if code == exit::DONE {
        exit::code_of(problem.class)
    } else {
        code
    }
}

/// Where the profile goes. A file that is named must be one that can be written.
fn profile_place(file: Option<&Path>, invocation: &Invocation, workspace: &Path) -> Result<Place, Problem> {
    match (file, &invocation.directory) {
        (None, _) => Place::usual(workspace),
        (Some(file), Some(directory)) => Place::named(&directory.join(file)),
        (Some(file), None) => Place::named(file),
    }
}

/// The request that was typed.
fn request(args: &BuildArgs, invocation: &Invocation, workspace: &Path) -> Result<Request, Problem> {
    let usual = invocation.request(workspace, Some(&args.selection))?;
    let uses_cache = !args.no_cache;
    Ok(Request {
        asked: asked(args),
        sandbox: args.sandbox.map(wanted),
        jobs: args.jobs.map_or(usual.jobs, usize::from),
        keep_going: args.keep_going,
        cache: CacheUse {
            read: uses_cache,
            write: uses_cache,
            tool_caches: uses_cache,
        },
        clear_cache: args.clear_cache,
        locked: args.locked,
        ..usual
    })
}

/// What is asked of builders.
fn asked(args: &BuildArgs) -> Vec<Asked> {
    let analyze = args.analyze.then(|| Asked {
        name: "analyze",
        target: None,
        value: "true".to_owned(),
    });
    analyze
        .into_iter()
        .chain(args.size_limit.iter().map(SizeLimit::asked))
        .collect()
}

/// The sandbox in the engine's words.
pub(super) fn wanted(sandbox: Sandbox) -> Wanted {
    match sandbox {
        Sandbox::Off => Wanted::Off,
        Sandbox::Auto => Wanted::Auto,
        Sandbox::L1 => Wanted::Exactly(Tier::L1),
        Sandbox::L2 => Wanted::Exactly(Tier::L2),
    }
}

/// How much is told.
pub(super) const fn detail(quiet: bool, verbose: bool) -> Detail {
    match (quiet, verbose) {
        (true, _) => Detail::Quiet,
        (_, true) => Detail::Verbose,
        _ => Detail::Normal,
    }
}

/// The exit code of a build that came to its end.
pub(super) fn code(summary: &Summary) -> u8 {
    match (summary.ok, summary.class) {
        (true, _) => exit::DONE,
        (false, Some(class)) => exit::code_of(class),
        (false, None) => exit::BUILD_FAILED,
    }
}

#[cfg(test)]
mod tests {
    use farm_engine::error::Class;
    use farm_engine::event::Counts;

    use super::*;

    #[test]
    fn the_worst_problem_decides_the_exit_code() {
        let ended = |ok, class| {
            code(&Summary {
                ok,
                class,
                counts: Counts::default(),
            })
        };
        assert_eq!(ended(true, None), 0);
        assert_eq!(ended(false, Some(Class::Build)), 1);
        assert_eq!(ended(false, Some(Class::Request)), 2);
        assert_eq!(ended(false, Some(Class::Policy)), 3);
        assert_eq!(ended(false, Some(Class::Interrupted)), 130);
        assert_eq!(ended(false, None), 1);
    }
}
