//! Commands on demand: what changes the world outside the workspace, and is no part of a build. Does not know what they
//! reach.

use farm_sdk::{Action, Problem};

use crate::Options;

/// A command on demand leaves nothing that others could need; any other one has no network.
pub(crate) fn check(options: &Options) -> Result<(), Problem> {
    let (option, hint) = match options {
        Options {
            on_demand: false,
            network,
            ..
        } if !network.is_empty() => {
            let problem = Problem::new("`network` is set, and the command is part of the build");
            return Err(problem.hint("set `on-demand = true` too: what a build makes must not depend on the network"));
        }
        Options {
            on_demand: true,
            outputs,
            ..
        } if !outputs.is_empty() => ("outputs", "nothing is kept of what it writes"),
        Options {
            on_demand: true,
            weight: Some(_),
            ..
        } => ("weight", "nothing runs beside it"),
        Options {
            on_demand: true,
            jobserver: true,
            ..
        } => ("jobserver", "nothing runs beside it"),
        _ => return Ok(()),
    };
    let problem = Problem::new(format!("`{option}` is set, and the command is on demand"));
    Err(problem.hint(format!("leave `{option}` out: {hint}")))
}

/// Takes the command out of the build, if it is on demand.
pub(crate) fn take_out(run: Action, options: &Options) -> Action {
    match (options.on_demand, &options.network[..]) {
        (false, _) => run,
        (true, []) => run.on_demand(),
        (true, purposes) => run.on_demand().reaches(purposes.iter().cloned()),
    }
}
