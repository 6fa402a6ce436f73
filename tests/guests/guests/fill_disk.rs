//! C23: writes without end below `/out`, or claims a file that is almost all hole, or opens without end.

use std::io::Write;

use guests::*;

struct Filler;

impl Builder for Filler {
    fn describe() -> Description {
        description("filler")
    }
    fn plan(_: PlanRequest) -> Result<Plan, Problem> {
        Ok(empty_plan())
    }
    fn continue_plan(_: PlanRequest, _: Vec<u8>, _: Vec<SeenFile>) -> Result<Plan, Problem> {
        Ok(empty_plan())
    }
    fn run_step(step: StepRun) -> Result<(), Problem> {
        let said = |error: std::io::Error| problem(error.to_string());
        let mut file = std::fs::File::create("/out/big").map_err(said)?;
        match step.name.as_str() {
            "hole" => file.set_len(1 << 40).map_err(said),
            "files" => (0..).try_for_each(|number| std::fs::write(format!("/out/{number}"), "").map_err(said)),
            "handles" => {
                let mut open = Vec::new();
                loop {
                    open.push(std::fs::File::open("/out/big").map_err(said)?);
                }
            }
            _ => {
                let block = vec![1; 1 << 20];
                loop {
                    file.write_all(&block).map_err(said)?;
                }
            }
        }
    }
}

bindings::export!(Filler with_types_in guests::bindings);
