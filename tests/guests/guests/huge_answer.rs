//! A07: answers with more than anybody wants to hold.

use guests::*;

planner!(|_: PlanRequest| -> Result<Plan, Problem> {
    Ok(Plan {
        next: Some(Continuation {
            needs: Vec::new(),
            state: vec![7; 200 << 20],
        }),
        ..empty_plan()
    })
});
