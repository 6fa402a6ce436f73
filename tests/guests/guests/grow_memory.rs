//! A04: takes all the memory that there is, and touches it.

use guests::*;

planner!(|_: PlanRequest| -> Result<Plan, Problem> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    loop {
        all.push(vec![1; 16 << 20]);
        std::hint::black_box(&all);
    }
});
