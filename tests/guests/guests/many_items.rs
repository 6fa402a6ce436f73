//! A16: answers with a million actions of one long name.

use guests::*;

planner!(|_: PlanRequest| -> Result<Plan, Problem> {
    let artifact = Artifact {
        name: "x".repeat(100),
        kind: String::new(),
        from: OutputRef {
            action: String::new(),
            output: String::new(),
        },
        place: None,
        metadata: None,
        properties: Vec::new(),
    };
    Ok(Plan {
        artifacts: vec![artifact; 1_000_000],
        ..empty_plan()
    })
});
