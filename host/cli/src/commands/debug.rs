//! `farm debug`. Does not know how the sandbox is made.

use std::process::ExitCode;

use farm_engine::error::Problem;

use super::{Invocation, helper};
use crate::args::DebugArgs;
use crate::engine_edge;

/// Runs the kept action on this terminal, and ends as it ends.
pub(super) fn run(args: &DebugArgs, invocation: &Invocation) -> Result<ExitCode, Problem> {
    let folder = match &invocation.directory {
        Some(directory) => directory.join(&args.folder),
        None => args.folder.clone(),
    };
    let code = engine_edge::debug(&helper()?, &folder, &args.command)?;
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)))
}
