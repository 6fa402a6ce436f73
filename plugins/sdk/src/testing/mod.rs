//! Tests of a builder without farm and without WebAssembly: a workspace in memory, the plan as text, and a check of
//! what farm would refuse. Does not run any action.

mod check;
mod folder;
mod options;

pub use check::faults;
pub use folder::{Folder, Logged};
pub use options::check_options;

use crate::{Builder, Plan, Problem, Request, SeenFile};

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

/// Goes on with a plan whose `next` is set, as farm does once the outputs are there; these are their files. Both rounds
/// are checked together.
///
/// # Errors
/// The problem that the builder reports.
///
/// # Panics
/// As [`plan`], and where the plan does not go on, or a file belongs to no output that it waits for.
pub fn continue_plan<B: Builder>(
    folder: &Folder,
    options: &serde_json::Value,
    before: &Plan,
    seen: &[SeenFile],
) -> Result<Plan, Problem> {
    let next = before.next.as_ref().expect("the plan goes on");
    let awaited = seen.iter().all(|file| next.needs.contains(&file.output));
    assert!(awaited, "the plan waits for {:?}", next.needs);
    let request = request::<B>(folder, options)?;
    let plan = B::continue_plan(&request, folder, &next.state, seen)?;
    let both = plan.actions.iter().chain(&before.actions).cloned();
    let both = Plan::new().actions(both);
    let both = plan
        .artifacts
        .iter()
        .chain(&before.artifacts)
        .cloned()
        .fold(both, Plan::artifact);
    let faults = faults(&B::describe(), &request.dependencies, &both);
    assert!(faults.is_empty(), "farm would refuse this plan:\n{}", faults.join("\n"));
    Ok(plan)
}

/// The request that [`plan`] makes.
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
        asked: folder.asked.clone(),
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
