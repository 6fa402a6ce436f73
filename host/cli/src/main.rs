//! The binary: the sandbox helper when it is called as such.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|word| word == farm_engine::sandbox::HELPER_ARGUMENT)
    {
        let code = farm_engine::sandbox::helper_main();
        return ExitCode::from(u8::try_from(code).unwrap_or(1));
    }
    ExitCode::SUCCESS
}
