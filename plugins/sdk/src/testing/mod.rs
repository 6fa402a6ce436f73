//! Tests of a builder without farm and without WebAssembly: a workspace in memory, the plan as text, and a check of
//! what farm would refuse. Does not run any action.

mod check;
mod folder;
mod options;

pub use check::faults;
pub use folder::{Folder, Logged};
pub use options::check_options;

use crate::{Builder, Plan, Problem, Request};

/// Plans for a target with these options (JSON), as farm does: the options are checked against the builder's schema
/// first, and the plan afterwards.
///
/// # Errors
/// The problem that the builder reports.
///
/// # Panics
/// The options do not fit the schema, or farm would refuse the plan: each is a mistake of the test or the builder.
pub fn plan<B: Builder>(folder: &Folder, options: &serde_json::Value) -> Result<Plan, Problem> {
    let description = B::describe();
    options::assert_valid(&description, options);
    let request = request::<B>(folder, options)?;
    folder.grant(&description.wants);
    let plan = B::plan(&request, folder)?;
    let faults = faults(&description, &request.dependencies, &plan);
    assert!(faults.is_empty(), "farm would refuse this plan:\n{}", faults.join("\n"));
    Ok(plan)
}

/// The request that [`plan`] makes, for tests of `continue_plan`.
///
/// # Errors
/// The options do not fit the builder's type.
pub fn request<B: Builder>(folder: &Folder, options: &serde_json::Value) -> Result<Request<B::Options>, Problem> {
    let options = crate::builder::read_options(&options.to_string())?;
    Ok(Request {
        target: folder.target.clone(),
        root: folder.root.clone(),
        mode: folder.mode.clone(),
        options,
        dependencies: folder.dependencies.clone(),
        platform: "linux-x86_64".to_owned(),
    })
}

/// A plan, or the problem, as text for a snapshot: JSON with what is empty left out.
///
/// # Panics
/// Never: plans and problems are plain data.
#[must_use]
pub fn show(answer: &Result<Plan, Problem>) -> String {
    let mut value = match answer {
        Ok(plan) => serde_json::to_value(plan),
        Err(problem) => serde_json::to_value(problem).map(|problem| serde_json::json!({ "problem": problem })),
    }
    .expect("invariant: plans and problems are plain data");
    leave_out_empty(&mut value);
    serde_json::to_string_pretty(&value).expect("invariant: a value is JSON")
}

fn leave_out_empty(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(map) => {
            map.values_mut().for_each(leave_out_empty);
            map.retain(|_, value| !is_empty(value));
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(leave_out_empty),
        _ => {}
    }
}

fn is_empty(value: &serde_json::Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}
