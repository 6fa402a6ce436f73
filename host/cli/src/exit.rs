//! The exit codes, all of them. Does not know what went wrong, only how it ended.

use std::process::ExitCode;

use farm_engine::error::Class;

/// What was asked for is there.
pub(crate) const DONE: u8 = 0;
/// A tool or a step failed.
pub(crate) const BUILD_FAILED: u8 = 1;
/// The request or the configuration was wrong; nothing was written. Usage errors of the command line end so too.
pub(crate) const WRONG_REQUEST: u8 = 2;
/// A limit or a policy was broken: the sandbox's tier, an untrusted builder.
pub(crate) const POLICY_BROKEN: u8 = 3;
/// The user stopped it, as a shell reports an end by SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

/// The code for the class of the worst problem.
pub(crate) fn code_of(class: Class) -> u8 {
    match class {
        Class::Build => BUILD_FAILED,
        Class::Request => WRONG_REQUEST,
        Class::Policy => POLICY_BROKEN,
        Class::Interrupted => INTERRUPTED,
    }
}

/// The end of a command that has no other result than its output.
pub(crate) fn done() -> ExitCode {
    ExitCode::from(DONE)
}
