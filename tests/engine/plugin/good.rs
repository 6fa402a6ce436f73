//! What a builder that behaves gets, and what it costs.

use farm_engine::plan::{Level, OutputRef, SeenFile, Want};
use farm_engine::plugin::{Builder, Limits, PlanFailure};

use super::support::{Files, builder, guest, host, in_own_process, request};

#[test]
fn a_builder_describes_itself() {
    let good = builder("good");
    let description = good.describe().expect("a description");
    assert_eq!(description.name, "good");
    assert_eq!(
        description.wants,
        [Want::Tool("node".to_owned()), Want::ToolCache("cache".to_owned())]
    );
    assert_eq!(good.wit_version().as_deref(), Ok("0.1.0"));
}

#[test]
fn a_plan_asks_and_is_answered_in_order() {
    let mut files = Files::with(&[("a.txt", "1"), ("x", "content")]);
    let plan = builder("good")
        .plan(&request("production"), &mut files)
        .expect("a plan");
    assert_eq!(
        files.asked,
        ["read x", "glob [\"**/*.txt\"] [\"old/**\"]", "look x", "tool node"]
    );
    assert_eq!(
        files.said,
        [(Level::Info, "7 a.txt,x Some(EntryKind::File) true".to_owned())]
    );
    assert_eq!(plan.actions.len(), 1);
    assert_eq!(plan.next.expect("another round").state, b"content");
}

#[test]
fn a_plan_goes_on_with_what_it_wanted_to_see() {
    let output = OutputRef {
        action: "copy".to_owned(),
        output: "y".to_owned(),
    };
    let seen = SeenFile {
        output,
        path: "p".to_owned(),
        content: vec![0, 1, 2],
    };
    let plan = builder("good").continue_plan(&request(""), b"state", &[seen], &mut Files::default());
    let pairs = [("p", "3"), ("state", "5")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(plan.expect("a plan").properties, pairs);
}

#[test]
fn a_mistake_of_the_users_is_not_one_of_the_builders() {
    let good = builder("good");
    let Err(PlanFailure::Problem(problem)) = good.plan(&request("broken"), &mut Files::default()) else {
        panic!("no problem");
    };
    assert_eq!(problem.message, "the mode is broken");
    let Err(PlanFailure::Problem(problem)) = good.plan(&request(""), &mut Files::default()) else {
        panic!("no problem");
    };
    assert_eq!(problem.message, "there is no `x`");
}

#[test]
fn nothing_is_made_before_it_is_needed() {
    let host = host(Limits::default());
    let good = host.builder("good", guest("good"));
    good.wit_version().expect("a version");
    assert_eq!((host.engines(), host.compilations(), host.instantiations()), (0, 0, 0));
    good.describe().expect("a description");
    good.describe().expect("a description");
    assert_eq!((host.engines(), host.compilations(), host.instantiations()), (1, 1, 2));
}

#[test]
fn threads_share_one_compiled_component() {
    let host = host(Limits::default());
    let good = host.builder("good", guest("good"));
    let plan = || {
        good.plan(&request(""), &mut Files::with(&[("x", "content")]))
            .expect("a plan")
    };
    let plans: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(plan)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a thread"))
            .collect()
    });
    assert!(plans.iter().all(|plan| plan == &plans[0]));
    assert_eq!((host.compilations(), host.instantiations()), (1, 8));
}

#[test]
fn f10_a_small_address_space_is_enough() {
    if !in_own_process("plugin::good::f10_a_small_address_space_is_enough") {
        return;
    }
    let component = guest("good");
    let limit = rustix::process::Rlimit {
        current: Some(2 << 30),
        maximum: None,
    };
    rustix::process::setrlimit(rustix::process::Resource::As, limit).expect("a limit");
    let good = host(Limits::default()).builder("good", component);
    good.plan(&request(""), &mut Files::with(&[("x", "content")]))
        .expect("a plan");
}
