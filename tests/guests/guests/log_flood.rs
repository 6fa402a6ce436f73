//! A08: says a hundred megabytes, in lines short and long, through `log` and through its standard streams.

use guests::*;

struct Flood;

impl Builder for Flood {
    fn describe() -> Description {
        description("flood")
    }
    fn plan(_: PlanRequest) -> Result<Plan, Problem> {
        flood();
        Ok(empty_plan())
    }
    fn continue_plan(_: PlanRequest, _: Vec<u8>, _: Vec<SeenFile>) -> Result<Plan, Problem> {
        Ok(empty_plan())
    }
    fn run_step(_: StepRun) -> Result<(), Problem> {
        flood();
        let long = "y".repeat(1 << 20);
        for _ in 0..50 {
            println!("{long}");
            eprint!("{long}");
        }
        Ok(())
    }
}

fn flood() {
    let line = "x".repeat(1000);
    for _ in 0..100_000 {
        host::log(Level::Warn, &line);
    }
}

bindings::export!(Flood with_types_in guests::bindings);
