//! A13, A14, A16: answers with whatever plan its options hold, so that a test can say anything in a builder's name.

use guests::*;

struct Puppet;

/// What the test wants to be said: `plan` is the plan as JSON text.
#[derive(serde::Deserialize)]
struct Strings {
    plan: String,
}

impl Builder for Puppet {
    fn describe() -> Description {
        Description {
            wants: vec![Want::Tool("sh".to_owned())],
            ..description("puppet")
        }
    }
    fn plan(request: PlanRequest) -> Result<Plan, Problem> {
        let strings: Strings = serde_json::from_str(&request.options).map_err(|error| problem(error.to_string()))?;
        serde_json::from_str(&strings.plan).map_err(|error| problem(error.to_string()))
    }
    fn continue_plan(_: PlanRequest, state: Vec<u8>, _: Vec<SeenFile>) -> Result<Plan, Problem> {
        serde_json::from_slice(&state).map_err(|error| problem(error.to_string()))
    }
    fn run_step(_: StepRun) -> Result<(), Problem> {
        Ok(())
    }
}

bindings::export!(Puppet with_types_in guests::bindings);
