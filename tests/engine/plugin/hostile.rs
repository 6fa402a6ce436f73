//! Guests that misbehave when they describe themselves or plan: each ends in an error that says what happened, and the
//! same host goes on.

use std::time::Duration;

use farm_engine::error::{Class, Problem};
use farm_engine::plan::{AccessError, EntryKind, Level, Source, StepRun};
use farm_engine::plugin::{Builder, Fault, LimitHit, Limits, Phase, PlanFailure, PluginError, PluginHost};

use super::support::{Files, assemble, builder, guest, host, in_own_process, limit, request};

const SHORT: Duration = Duration::from_millis(200);

/// Limits with little time.
fn short() -> Limits {
    let mut limits = Limits::default();
    limits.describe.time = SHORT;
    limits.plan.time = SHORT;
    limits.step.time = SHORT;
    limits
}

/// How the guest's plan failed, and that the good guest still plans on the same host.
fn failure(host: &PluginHost, name: &str, mode: &str) -> PluginError {
    let planned = host
        .builder(name, guest(name))
        .plan(&request(mode), &mut Files::default());
    let Err(PlanFailure::Plugin(error)) = planned else {
        panic!("{name} answered: {planned:?}");
    };
    assert_host_goes_on(host);
    error
}

fn describe_failure(name: &str) -> PluginError {
    let host = host(Limits::default());
    let error = host.builder(name, guest(name)).describe().expect_err("a failure");
    assert_host_goes_on(&host);
    error
}

fn assert_host_goes_on(host: &PluginHost) {
    let quiet = host.builder("quiet", guest("quiet"));
    assert!(quiet.plan(&request(""), &mut Files::default()).is_ok());
}

#[test]
fn a01_a_loop_is_stopped_at_its_deadline() {
    let error = failure(&host(short()), "loop_in_plan", "");
    assert_eq!(limit(&error.fault), &LimitHit::Time { limit: SHORT });
    assert!(!error.frames.is_empty(), "it says where");
    let problem = Problem::from(error);
    assert_eq!((problem.code, problem.class), ("plugin::limit", Class::Build));
    assert_eq!(
        problem.message,
        "builder `loop_in_plan` failed in plan: it ran longer than its limit of 0.2 s"
    );
}

#[test]
fn a01_a_loop_of_host_calls_is_stopped_too() {
    let error = failure(&host(short()), "log_for_ever", "");
    assert_eq!(limit(&error.fault), &LimitHit::Time { limit: SHORT });
}

#[test]
fn a01_a_step_that_loops_is_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let step = StepRun {
        name: String::new(),
        parameters: String::new(),
    };
    let looping = host(short()).builder("loop_in_plan", guest("loop_in_plan"));
    let Err(PlanFailure::Plugin(error)) = looping.run_step(&step, folder.path(), folder.path(), &mut |_, _| {}) else {
        panic!("it ended");
    };
    assert_eq!(
        (error.phase, limit(&error.fault)),
        (Phase::RunStep, &LimitHit::Time { limit: SHORT })
    );
}

#[test]
fn a02_a_loop_outside_of_any_function_is_stopped() {
    for name in ["loop_in_start", "loop_in_realloc"] {
        let error = failure(&host(short()), name, "");
        assert_eq!(limit(&error.fault), &LimitHit::Time { limit: SHORT }, "{name}");
    }
    let host = host(short());
    let name = "loop_in_post_return";
    let error = host.builder(name, guest(name)).describe().expect_err("a failure");
    assert_eq!(
        (error.phase, limit(&error.fault)),
        (Phase::Describe, &LimitHit::Time { limit: SHORT })
    );
    assert_host_goes_on(&host);
}

#[test]
fn a04_memory_ends_at_its_limit() {
    let host = host(Limits::default());
    let error = failure(&host, "grow_to_4_gib", "");
    let hit = limit(&error.fault);
    assert!(
        matches!(hit, LimitHit::Memory { limit, used, wanted } if *limit == 256 << 20 && *used == 65536 && *wanted == 65535 << 16),
        "{hit:?}"
    );
    let error = failure(&host, "grow_memory", "");
    assert!(matches!(limit(&error.fault), LimitHit::Memory { used, .. } if *used > 200 << 20));
    let error = failure(&host, "grow_table", "");
    assert!(matches!(
        limit(&error.fault),
        LimitHit::Table { wanted: 10_000_000, .. }
    ));
}

#[test]
fn a04_memories_count_together() {
    let memories = "(memory $m 2000 2000)";
    let module = format!("(core module $more {memories})");
    let instances: String = (0..3).map(|_| "(core instance (instantiate $more))").collect();
    let quiet = std::fs::read_to_string(crate::guests::folder().join("guests/quiet.wat")).expect("a guest");
    let many = assemble(&format!("{module}{instances}\n{quiet}"));
    let planned = host(Limits::default())
        .builder("many", many)
        .plan(&request(""), &mut Files::default());
    let Err(PlanFailure::Plugin(error)) = planned else {
        panic!("{planned:?}")
    };
    assert!(matches!(limit(&error.fault), LimitHit::Memory { .. }), "{error}");
}

#[test]
fn a04_a_call_has_a_bounded_number_of_parts() {
    let instances: String = (0..300).map(|_| "(core instance (instantiate $empty))").collect();
    let quiet = std::fs::read_to_string(crate::guests::folder().join("guests/quiet.wat")).expect("a guest");
    let many = assemble(&format!("(core module $empty){instances}\n{quiet}"));
    let planned = host(Limits::default())
        .builder("many", many)
        .plan(&request(""), &mut Files::default());
    let Err(PlanFailure::Plugin(error)) = planned else {
        panic!("{planned:?}")
    };
    assert!(matches!(limit(&error.fault), LimitHit::Parts(_)), "{error}");
}

#[test]
fn a06_a_recursion_without_end_is_stopped() {
    let error = failure(&host(Limits::default()), "recurse", "");
    assert!(matches!(limit(&error.fault), LimitHit::Stack { .. }), "{error}");
    assert!((1..=16).contains(&error.frames.len()), "frames are bounded");
}

#[test]
fn a07_a_huge_answer_does_not_grow_the_host() {
    if !in_own_process("plugin::hostile::a07_a_huge_answer_does_not_grow_the_host") {
        return;
    }
    let host = host(Limits::default());
    assert_host_goes_on(&host);
    let before = peak_memory();
    for name in ["claim_list", "claim_string"] {
        host.builder(name, guest(name)).describe().expect_err("a failure");
    }
    let grown = peak_memory() - before;
    assert!(grown < 32 << 20, "{grown} bytes for what was only claimed");
    let component = guest("huge_answer");
    let huge = host.builder("huge_answer", component);
    huge.load().expect("a component");
    let before = peak_memory();
    huge.plan(&request("200"), &mut Files::default())
        .expect_err("a failure");
    let grown = peak_memory() - before;
    assert!(grown < 250 << 20, "{grown} bytes: the guest's own 200 MiB, and no copy");
    assert_host_goes_on(&host);
}

/// Most bytes that this process had resident.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("this process");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("a peak");
    let kilobytes: u64 = line.trim_end_matches("kB").trim().parse().expect("a number");
    kilobytes << 10
}

#[test]
fn a07_an_answer_may_be_as_big_as_its_limit() {
    let host = host(Limits::default());
    let error = failure(&host, "huge_answer", "65");
    assert_eq!(limit(&error.fault), &LimitHit::Answer { limit: 64 << 20 });
    let planned = host
        .builder("huge_answer", guest("huge_answer"))
        .plan(&request("60"), &mut Files::default());
    assert!(planned.is_ok_and(|plan| plan.next.is_some_and(|next| next.state.len() == 60 << 20)));
}

#[test]
fn a07_lists_that_are_only_claimed_trap() {
    for name in ["claim_list", "claim_string"] {
        let error = describe_failure(name);
        assert!(
            matches!(error.fault, Fault::Trap(_) | Fault::Limit(LimitHit::Answer { .. })),
            "{error}"
        );
    }
}

#[test]
fn a16_a_million_items_are_too_many_bytes() {
    let error = failure(&host(Limits::default()), "many_items", "");
    assert!(
        matches!(limit(&error.fault), LimitHit::Answer { .. } | LimitHit::Memory { .. }),
        "{error}"
    );
}

#[test]
fn a08_a_flood_of_log_is_cut_with_a_notice() {
    let flood = builder("log_flood");
    let mut files = Files::default();
    flood
        .plan(&request(""), &mut files)
        .expect("a plan: to say much is no failure");
    let limits = Limits::default();
    assert!(files.said.len() <= limits.plan.log_lines as usize + 1);
    assert!(
        files
            .said
            .last()
            .is_some_and(|(level, line)| *level == Level::Warn && line.contains("too much"))
    );
    let folder = tempfile::tempdir().expect("a folder");
    let step = StepRun {
        name: String::new(),
        parameters: String::new(),
    };
    let mut bytes = 0;
    let mut count = |_, line: &str| bytes += line.len();
    flood
        .run_step(&step, folder.path(), folder.path(), &mut count)
        .expect("a step");
    assert!(bytes <= limits.step.log_bytes + 100, "{bytes} bytes");
}

#[test]
fn a10_a11_every_question_that_must_not_be_answered_is_refused() {
    let asker = builder("ask_everything");
    let mut files = Files::default();
    let Err(PlanFailure::Problem(problem)) = asker.plan(&request(""), &mut files) else {
        panic!("no problem")
    };
    // 16 paths, each read, looked at and twice in a pattern; then five names that are no tool's but for `sh`, which the
    // source is asked for.
    assert_eq!(problem.message, format!("{}d!ddd", "p".repeat(64)));
    assert_eq!(files.asked, ["tool sh"]);
}

#[test]
fn a10_only_a_plan_may_ask() {
    let asker = builder("ask_everything");
    let denied = "d".repeat(69);
    assert_eq!(asker.describe().expect("a description").summary, denied);
    let folder = tempfile::tempdir().expect("a folder");
    let step = StepRun {
        name: String::new(),
        parameters: String::new(),
    };
    let Err(PlanFailure::Problem(problem)) = asker.run_step(&step, folder.path(), folder.path(), &mut |_, _| {}) else {
        panic!("no problem");
    };
    assert_eq!(problem.message, denied);
}

#[test]
fn a24_text_that_is_none_and_crooked_addresses_are_errors() {
    for name in ["invalid_text", "misaligned"] {
        let error = describe_failure(name);
        assert!(matches!(error.fault, Fault::Trap(_)), "{error}");
        assert_eq!(error.phase, Phase::Describe);
    }
    let host = host(Limits::default());
    for name in ["invalid_question", "invalid_level"] {
        let error = failure(&host, name, "");
        assert!(matches!(error.fault, Fault::Trap(_)), "{error}");
    }
}

#[test]
fn a_panic_reaches_the_user_with_its_message() {
    let host = host(Limits::default());
    let error = failure(&host, "panic", "");
    assert!(matches!(error.fault, Fault::Trap(_)));
    assert!(error.said.contains("the guest lost its head"), "{}", error.said);
    let problem = Problem::from(error);
    assert_eq!((problem.code, problem.class), ("plugin::trap", Class::Build));
    let error = failure(&host, "panic", "exit");
    assert!(
        matches!(&error.fault, Fault::Trap(why) if why.contains("exit code")),
        "{error}"
    );
}

/// Panics when it is asked.
struct Panicking;

impl Source for Panicking {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, AccessError> {
        panic!("the source lost its head")
    }
    fn look(&mut self, _: &str) -> Result<Option<EntryKind>, AccessError> {
        Ok(None)
    }
    fn glob(&mut self, _: &[String], _: &[String]) -> Result<Vec<String>, AccessError> {
        Ok(Vec::new())
    }
    fn has_tool(&mut self, _: &str) -> Result<bool, AccessError> {
        Ok(false)
    }
    fn log(&mut self, _: Level, _: &str) {}
}

#[test]
fn e06_a_panic_of_the_host_ends_one_call_and_no_other() {
    let host = host(Limits::default());
    let good = host.builder("good", guest("good"));
    let Err(PlanFailure::Plugin(error)) = good.plan(&request(""), &mut Panicking) else {
        panic!("it answered")
    };
    assert_eq!(error.fault, Fault::HostPanic("the source lost its head".to_owned()));
    good.plan(&request(""), &mut Files::with(&[("x", "content")]))
        .expect("a plan");
    assert_host_goes_on(&host);
}
