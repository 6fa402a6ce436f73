//! A07: answers with as many MiB as its mode says.

use guests::*;

planner!(|request: PlanRequest| -> Result<Plan, Problem> {
    let mebibytes: usize = request.mode.parse().unwrap_or_default();
    Ok(Plan {
        next: Some(Continuation {
            needs: Vec::new(),
            state: vec![7; mebibytes << 20],
        }),
        ..empty_plan()
    })
});
