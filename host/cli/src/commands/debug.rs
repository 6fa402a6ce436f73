//! `farm debug`: a failed action once more, by hand. Reads what the build kept of it; does not know how the sandbox is
//! made.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use farm_engine::error::{Class, Problem};
use farm_engine::sandbox::{Ending, Spec, run_interactive};

use super::{Invocation, helper};
use crate::args::DebugArgs;
use crate::environment::Environment;
use crate::{exit, sanitise, signals, source};

/// What the build writes beside a kept action's files.
const SPEC: &str = "spec.json";
/// Nobody debugs for longer.
const PATIENCE: Duration = Duration::from_hours(24 * 7);
/// Where programs are looked for when the action has no PATH.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Runs the kept action, or a command in its place, on this terminal, and ends as it ends.
pub(super) fn run(args: &DebugArgs, invocation: &Invocation) -> Result<ExitCode, Problem> {
    let folder = match &invocation.directory {
        Some(directory) => directory.join(&args.folder),
        None => args.folder.clone(),
    };
    let mut spec = read_spec(&folder)?;
    spec.limits.timeout = PATIENCE;
    hand_on_secrets(&mut spec, &invocation.environment)?;
    if let Some((program, arguments)) = args.command.split_first() {
        spec.program = find_program(program, &spec)?;
        spec.arguments = arguments.to_vec();
    }
    let command = sanitise::line(&format!("{} {}", spec.program.display(), spec.arguments.join(" ")));
    invocation
        .ui
        .message(&format!("in the sandbox ({}): {command}", spec.tier));
    // Where this fails, an interrupt ends farm, and the sandbox with it.
    signals::leave_interrupts_to_tool().unwrap_or_default();
    let finished = run_interactive(&helper()?, &spec)?;
    Ok(ExitCode::from(code(finished.ending)))
}

/// What the build kept.
fn read_spec(folder: &Path) -> Result<Spec, Problem> {
    let message = format!("`{}` is not the folder of a failed action", folder.display());
    let problem = || Problem::new("cli::not-kept", Class::Request, &message);
    let text = source::read_text(&folder.join(SPEC)).ok_or_else(|| {
        problem().hint("failed actions are kept in .farm/failed until they succeed; `farm build` says which")
    })?;
    serde_json::from_str(&text).map_err(|error| {
        problem()
            .because(&error)
            .hint("it was kept by another version of farm, or changed: build again")
    })
}

/// Secrets are not kept: they come from the environment, as in a build.
fn hand_on_secrets(spec: &mut Spec, environment: &Environment) -> Result<(), Problem> {
    for name in std::mem::take(&mut spec.withheld) {
        let value = environment.get(&name).ok_or_else(|| {
            let problem = Problem::new(
                "execute::missing-secret",
                Class::Request,
                format!("the secret `{name}` is not set"),
            );
            problem.hint(format!("set the environment variable `{name}`"))
        })?;
        spec.environment.push((name, value.to_owned()));
    }
    Ok(())
}

/// The program, as the action itself would find it.
fn find_program(program: &str, spec: &Spec) -> Result<PathBuf, Problem> {
    let path = spec
        .environment
        .iter()
        .find(|(name, _)| name == "PATH")
        .map_or(USUAL_PATH, |(_, value)| value);
    let is_path = program.contains('/');
    let folders: Vec<&str> = if is_path { vec!["/"] } else { path.split(':').collect() };
    let candidates = folders.iter().map(|folder| Path::new(folder).join(program));
    candidates
        .into_iter()
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| {
            let where_to = if is_path {
                "outside the sandbox, where it is taken from"
            } else {
                "on the action's PATH"
            };
            Problem::new(
                "cli::no-program",
                Class::Request,
                format!("there is no `{program}` {where_to}"),
            )
        })
}

/// As a shell reports it.
fn code(ending: Ending) -> u8 {
    match ending {
        Ending::Exited(code) => u8::try_from(code).unwrap_or(u8::MAX),
        Ending::Signaled(signal) => u8::try_from(signal).map_or(u8::MAX, |signal| signal.saturating_add(128)),
        Ending::TimedOut => exit::BUILD_FAILED,
        Ending::Stopped => exit::INTERRUPTED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_as_the_tool_ends() {
        assert_eq!(code(Ending::Exited(7)), 7);
        assert_eq!(code(Ending::Signaled(2)), 130);
        assert_eq!(code(Ending::Signaled(9)), 137);
    }
}
