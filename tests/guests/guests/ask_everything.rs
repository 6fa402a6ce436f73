//! A10 and A11: asks every host function for what it must not get, in every phase, and reports each answer.

use guests::*;

struct Asker;

impl Builder for Asker {
    fn describe() -> Description {
        Description {
            summary: ask(),
            ..description("asker")
        }
    }
    fn plan(_: PlanRequest) -> Result<Plan, Problem> {
        Err(problem(ask()))
    }
    fn continue_plan(_: PlanRequest, _: Vec<u8>, _: Vec<SeenFile>) -> Result<Plan, Problem> {
        Err(problem(ask()))
    }
    fn run_step(_: StepRun) -> Result<(), Problem> {
        Err(problem(ask()))
    }
}

/// One letter for each question: the kind of refusal, or `!` where it was answered.
fn ask() -> String {
    let long = "x/".repeat(2500);
    let paths = [
        "..",
        "../x",
        "a/../../x",
        "/etc/passwd",
        "a\0b",
        "a\nb",
        "C:\\x",
        "C:x",
        "\\\\?\\x",
        "a\\b",
        "x.",
        "x ",
        "./x",
        "a//b",
        "/proc/self/root/etc/passwd",
        &long,
    ];
    let mut answers = String::new();
    for path in paths {
        let pattern = [path.to_owned()];
        answers.push(letter(host::read(path).err()));
        answers.push(letter(host::look(path).err()));
        answers.push(letter(host::glob(&pattern, &[]).err()));
        answers.push(letter(host::glob(&[], &pattern).err()));
    }
    for tool in ["", "sh", "/bin/sh", "../sh", "a\\b"] {
        answers.push(letter(host::has_tool(tool).err()));
    }
    answers
}

fn letter(refusal: Option<host::AccessError>) -> char {
    match refusal.map(|error| error.kind) {
        None => '!',
        Some(host::AccessErrorKind::InvalidPath) => 'p',
        Some(host::AccessErrorKind::Denied) => 'd',
        Some(_) => '?',
    }
}

bindings::export!(Asker with_types_in guests::bindings);
