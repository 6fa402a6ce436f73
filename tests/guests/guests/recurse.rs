//! A06: calls itself without end.

use guests::*;

planner!(|_: PlanRequest| -> Result<Plan, Problem> {
    Ok(Plan {
        properties: vec![(deeper(1).to_string(), String::new())],
        ..empty_plan()
    })
});

#[expect(unconditional_recursion, reason = "that is what it is for")]
#[inline(never)]
fn deeper(depth: u64) -> u64 {
    let here = std::hint::black_box([depth; 16]);
    deeper(here[0] + 1) + here[15]
}
