//! What the builder answers, in words that can be compared. Does not know what is asked.

use farm_builder_python::Python;
use farm_sdk::testing::{Folder, plan};
use farm_sdk::{Action, Work};
use serde_json::Value;

/// The command line of an action.
pub(crate) fn line(action: &Action) -> String {
    let Work::Tool { tool, arguments, .. } = &action.work else {
        panic!("`{}` is a step", action.id);
    };
    format!("{tool} {}", arguments.join(" "))
}

/// What is said of a mistake, and where.
pub(crate) fn mistake(folder: &Folder, options: &Value) -> String {
    let problem = plan::<Python>(folder, options).expect_err("a mistake");
    let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
    let file = problem.file.unwrap_or("-".to_owned());
    let hint = problem.hint.expect("every problem has a hint");
    format!("{}\nin: {file}{line}\nhint: {hint}", problem.message)
}
