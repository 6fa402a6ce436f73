//! `farm`, the command line: reads what was typed, asks the engine, prints what it answers. Decides nothing about a
//! build.

mod args;
mod builtin;
mod cache;
mod commands;
mod environment;
mod error;
mod exit;
mod report;
mod sanitise;
mod signals;
mod size_limit;
mod source;
mod ui;
mod workspace;

use std::io::stderr;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use farm_engine::sandbox::{HELPER_ARGUMENT, helper_main};

use crate::args::Cli;
use crate::commands::Invocation;
use crate::environment::Environment;
use crate::ui::Ui;

fn main() -> ExitCode {
    // First of all, while there is one thread and nothing is open: the sandbox's helper is this program too.
    if std::env::args_os().nth(1).is_some_and(|first| first == HELPER_ARGUMENT) {
        return to_exit_code(helper_main());
    }
    // Modes of what is built do not depend on who builds.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to standard output, usage errors to standard error; a reader that left is no error.
            error.print().unwrap_or_default();
            return to_exit_code(error.exit_code());
        }
    };
    let environment = Environment::read();
    trace(&environment);
    let ui = Ui::new(cli.color, &environment);
    let Some(command) = cli.command else {
        ui.data(&Cli::command().render_long_help().to_string());
        return exit::done();
    };
    let invocation = Invocation {
        directory: cli.directory,
        environment,
        ui,
    };
    commands::run(command, &invocation)
}

/// Starts the log for farm's own developers, where FARM_LOG asks for it.
fn trace(environment: &Environment) {
    let Some(filter) = environment.get("FARM_LOG") else {
        return;
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .init();
}

/// The code as a process can end with it.
fn to_exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}
