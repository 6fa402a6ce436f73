//! Panics: the message has to reach the user. Or ends its process, as a command would.

use guests::*;

planner!(|request: PlanRequest| -> Result<Plan, Problem> {
    if request.mode == "exit" {
        std::process::exit(3);
    }
    panic!("the guest lost its head")
});
