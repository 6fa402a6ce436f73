//! Prints when to pour how much water.

use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    match coffee() {
        Ok(coffee) => {
            for pour in pour::pours(coffee) {
                println!("{} {:>4} g", time(pour.at), pour.water);
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}\nusage: pour-timer GRAMS");
            ExitCode::from(2)
        }
    }
}

/// Grams of coffee, from the command line.
fn coffee() -> Result<u32, lexopt::Error> {
    use lexopt::prelude::*;
    let mut coffee = None;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Value(grams) if coffee.is_none() => coffee = Some(grams.parse()?),
            other => return Err(other.unexpected()),
        }
    }
    match coffee {
        Some(grams @ 1..=100) => Ok(grams),
        Some(grams) => Err(format!("no filter holds {grams} g of coffee").into()),
        None => Err("how much coffee?".into()),
    }
}

fn time(at: Duration) -> String {
    if cfg!(feature = "seconds") {
        return at.as_secs().to_string();
    }
    format!("{:02}:{:02}", at.as_secs() / 60, at.as_secs() % 60)
}
