//! A01: never ends, and spends its time in host calls, which no epoch interrupts.

use guests::*;

planner!(|_: PlanRequest| -> Result<Plan, Problem> {
    loop {
        host::log(Level::Debug, "");
        let _size = host::read("x").map(|bytes| bytes.len());
    }
});
