//! A01: never ends in `plan`, nor in its step.

use guests::*;

struct Loop;

impl Builder for Loop {
    fn describe() -> Description {
        description("loop")
    }
    fn plan(_: PlanRequest) -> Result<Plan, Problem> {
        for_ever()
    }
    fn continue_plan(_: PlanRequest, _: Vec<u8>, _: Vec<SeenFile>) -> Result<Plan, Problem> {
        for_ever()
    }
    fn run_step(_: StepRun) -> Result<(), Problem> {
        for_ever()
    }
}

fn for_ever<T>() -> T {
    let mut number = 0_u64;
    loop {
        number = std::hint::black_box(number.wrapping_add(1));
    }
}

bindings::export!(Loop with_types_in guests::bindings);
