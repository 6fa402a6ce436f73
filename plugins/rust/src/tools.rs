//! What has to be on the PATH, and what is done where something is not. Does not know what is planned.

use farm_sdk::{Host, Problem};

use crate::options::Options;

/// What is started, directly or by others.
pub(crate) const TOOLS: [&str; 8] = [
    "sh",
    "cargo",
    "rustc",
    "rustdoc",
    "cc",
    "cargo-clippy",
    "clippy-driver",
    "sccache",
];

const RUST: &str =
    "install Rust with rustup, and the toolchain that the folder asks for with `rustup toolchain install`";

/// The tools that nothing can be built without, each with what to do.
const NEEDED: [(&str, &str); 3] = [
    ("cargo", RUST),
    ("rustc", RUST),
    ("cc", "install a C compiler, which links the programs: gcc or clang"),
];

/// What there is of the tools that a build can do without, where they are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) sccache: bool,
    pub(crate) clippy: bool,
}

/// Fails where nothing can be built. Says once what else is missing and what comes of it. A check that cannot run stays in
/// the plan, and fails for want of its tool: it must not look like one that found nothing.
pub(crate) fn look(options: &Options, host: &dyn Host) -> Result<Found, Problem> {
    for (tool, hint) in NEEDED {
        if !host.has_tool(tool)? {
            return Err(Problem::new(format!("the tool `{tool}` is not on the PATH")).hint(hint));
        }
    }
    let lacks = |is_wanted: bool, tool: &str| Ok::<bool, Problem>(is_wanted && !host.has_tool(tool)?);
    let (sccache, clippy) = (
        lacks(options.sccache(), "sccache")?,
        lacks(options.clippy, "cargo-clippy")?,
    );
    let said = [
        (
            sccache,
            "`sccache` is not on the PATH: the compiler runs without it, with the same result",
        ),
        (
            clippy,
            "`cargo-clippy` is not on the PATH: the check fails without having run, and everything else is built; run \
             `rustup component add clippy`, or set `clippy = false`",
        ),
    ];
    let said: Vec<&str> = said
        .into_iter()
        .filter(|(is_so, _)| *is_so)
        .map(|(_, said)| said)
        .collect();
    if !said.is_empty() {
        host.warn(&said.join("; "));
    }
    Ok(Found {
        sccache: options.sccache() && !sccache,
        clippy: options.clippy && !clippy,
    })
}
