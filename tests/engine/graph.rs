//! The order of targets: names, cycles, selection.

use std::fmt::Write as _;
use std::fs;

use farm_engine::error::Problem;
use farm_engine::graph::{self, GraphError, TargetGraph};
use tempfile::TempDir;

use crate::config::{load, render, workspace_of};

/// The text of a root file with these targets: name and dependencies.
fn text_of(targets: &[(&str, &[&str])]) -> String {
    let mut text = "[workspace]\nname = \"x\"\nmembers = [\"m/*\"]\n".to_owned();
    write_targets(&mut text, targets);
    text
}

fn write_targets(text: &mut String, targets: &[(&str, &[&str])]) {
    for (name, deps) in targets {
        writeln!(text, "[targets.\"{name}\"]\nbuilder = \"command\"\ndeps = {deps:?}").expect("writing to a text");
    }
}

/// A workspace of members: name, what it depends on, its targets.
type MemberCase<'c> = (&'c str, &'c [&'c str], &'c [(&'c str, &'c [&'c str])]);

fn with_members(root: &[(&str, &[&str])], members: &[MemberCase<'_>]) -> TempDir {
    let folder = workspace_of(text_of(root));
    fs::create_dir(folder.path().join("m")).expect("a folder");
    for (name, depends, targets) in members {
        let mut text = format!("[member]\ndepends = {depends:?}\n");
        write_targets(&mut text, targets);
        fs::create_dir(folder.path().join("m").join(name)).expect("a folder");
        fs::write(folder.path().join("m").join(name).join("farm.toml"), text).expect("a file");
    }
    folder
}

fn build(folder: &TempDir) -> Result<TargetGraph, GraphError> {
    graph::build(&load(folder.path()).unwrap_or_else(|error| panic!("{error}")))
}

fn graph_of(targets: &[(&str, &[&str])]) -> TargetGraph {
    build(&with_members(targets, &[])).unwrap_or_else(|error| panic!("{error}"))
}

/// The names selected, in order.
fn selected(graph: &TargetGraph, wanted: &[&str]) -> Vec<String> {
    let wanted: Vec<String> = wanted.iter().map(|&text| text.to_owned()).collect();
    let ids = graph.select(&wanted).unwrap_or_else(|error| panic!("{error}"));
    ids.into_iter().map(|id| graph.name(id).to_string()).collect()
}

fn refusal(graph: &TargetGraph, wanted: &str) -> String {
    render(
        &graph
            .select(&[wanted.to_owned()])
            .expect_err("nothing to select")
            .into(),
    )
}

fn deps(graph: &TargetGraph, name: &str) -> Vec<String> {
    let id = graph.find(name).expect("a target");
    graph
        .deps_of(id)
        .into_iter()
        .map(|id| graph.name(id).to_string())
        .collect()
}

#[test]
fn dependencies_come_first_and_equals_in_the_order_of_the_file() {
    let graph = graph_of(&[("c", &["z", "b"]), ("b", &[]), ("a", &[]), ("z", &["a"])]);
    assert_eq!(selected(&graph, &[]), ["b", "a", "z", "c"]);
    assert_eq!(selected(&graph, &["z"]), ["a", "z"]);
    assert_eq!(selected(&graph, &["b", "a", "b"]), ["b", "a"]);
    assert_eq!(deps(&graph, "c"), ["b", "z"]);
    let dependents = graph.dependents_of(graph.find("a").expect("a target"));
    assert_eq!(dependents, [graph.find("z").expect("a target")]);
}

#[test]
fn an_empty_workspace_selects_nothing() {
    let graph = graph_of(&[]);
    assert!(graph.is_empty());
    assert!(selected(&graph, &[]).is_empty());
}

#[test]
fn a_diamond_is_walked_once() {
    let graph = graph_of(&[
        ("top", &["left", "right"]),
        ("left", &["base"]),
        ("right", &["base"]),
        ("base", &[]),
    ]);
    assert_eq!(selected(&graph, &[]), ["base", "left", "right", "top"]);
}

#[test]
fn diamonds_on_diamonds_do_not_multiply() {
    // 2^60 ways lead from the top to the base: only a walk that marks what it saw comes to an end.
    let mut text = text_of(&[("t0", &[])]);
    for level in 1..=60 {
        let below = level - 1;
        let left = format!("l{level}");
        let right = format!("r{level}");
        let under = format!("t{below}");
        write_targets(
            &mut text,
            &[
                (&left, &[&under]),
                (&right, &[&under]),
                (&format!("t{level}"), &[&left, &right]),
            ],
        );
    }
    let folder = workspace_of(text);
    fs::create_dir(folder.path().join("m")).expect("a folder");
    assert_eq!(selected(&build(&folder).expect("no cycle"), &["t60"]).len(), 181);
}

/// A chain in which each target depends on the next; the last one on `end`.
fn chain(length: usize, end: &str) -> TempDir {
    let mut text = text_of(&[]);
    for index in 0..length {
        let next = if index + 1 < length {
            format!("t{}", index + 1)
        } else {
            end.to_owned()
        };
        let next: Vec<&str> = Some(next.as_str())
            .filter(|next| !next.is_empty())
            .into_iter()
            .collect();
        write_targets(&mut text, &[(&format!("t{index}"), &next)]);
    }
    let folder = workspace_of(text);
    fs::create_dir(folder.path().join("m")).expect("a folder");
    folder
}

/// Runs on a stack on which nothing can recurse 5,000 deep.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(test)
        .expect("a thread");
    thread.join().expect("the stack is enough");
}

#[test]
fn a_chain_of_5000_is_ordered_on_a_small_stack() {
    let folder = chain(5_000, "");
    let workspace = load(folder.path()).expect("a valid file");
    on_a_small_stack(move || {
        let graph = graph::build(&workspace).expect("no cycle");
        let order = selected(&graph, &["t0"]);
        assert_eq!(
            (order.len(), order[0].as_str(), order[4_999].as_str()),
            (5_000, "t4999", "t0")
        );
    });
}

#[test]
fn a_cycle_of_5000_is_found_on_a_small_stack_and_told_in_bounds() {
    let folder = chain(5_000, "t0");
    let workspace = load(folder.path()).expect("a valid file");
    on_a_small_stack(move || {
        let error = graph::build(&workspace).expect_err("a cycle");
        let GraphError::Cycle { edges } = &error else {
            panic!("{error}")
        };
        assert_eq!(edges.len(), 5_000);
        assert!(error.to_string().ends_with("t199 → … (4800 more) → t0"));
    });
}

#[test]
fn ten_thousand_targets_fit_in_one_file() {
    let mut text = text_of(&[]);
    for index in 0..10_000_usize {
        let (left, right) = (format!("t{}", index / 2), format!("t{}", index / 5));
        let deps: Vec<&str> = if index < 2 { vec![] } else { vec![&left, &right] };
        write_targets(&mut text, &[(&format!("t{index}"), &deps)]);
    }
    let folder = workspace_of(text);
    fs::create_dir(folder.path().join("m")).expect("a folder");
    let order = selected(&build(&folder).expect("no cycle"), &[]);
    let expected: Vec<String> = (0..10_000).map(|index| format!("t{index}")).collect();
    assert_eq!(order, expected);
}

#[test]
fn a_cycle_is_named_in_full_with_the_place_of_each_step() {
    let targets: &[(&str, &[&str])] = &[
        ("in", &["a"]),
        ("a", &["b"]),
        ("b", &["x", "c"]),
        ("c", &["a"]),
        ("x", &[]),
    ];
    let problem = Problem::from(build(&with_members(targets, &[])).expect_err("a cycle"));
    let expected = "farm.toml:9:9: targets depend on each other in a cycle: a → b → c → a [graph::cycle]\n  \
                    because `a` depends on `b` at farm.toml:9:9\n  \
                    because `b` depends on `c` at farm.toml:12:14\n  \
                    because `c` depends on `a` at farm.toml:15:9\n  \
                    help: remove one of these dependencies\n";
    assert_eq!(render(&problem), expected);
}

#[test]
fn of_two_cycles_the_shortest_through_the_first_target_is_told() {
    let targets: &[(&str, &[&str])] = &[("a", &["b", "d"]), ("b", &["c"]), ("c", &["a"]), ("d", &["a"])];
    let error = build(&with_members(targets, &[])).expect_err("a cycle");
    assert_eq!(error.to_string(), "targets depend on each other in a cycle: a → d → a");
}

#[test]
fn members_resolve_the_four_ways_to_write_a_dependency() {
    let folder = with_members(
        &[("gen", &[]), ("all", &["app:build"])],
        &[
            (
                "app",
                &["lib", "ui"],
                &[("build", &["gen", "lib:lint", ":prepare", "^build"]), ("prepare", &[])],
            ),
            ("core", &[], &[("build", &[])]),
            ("lib", &["core"], &[("build", &["^build"]), ("lint", &[])]),
            ("ui", &["core"], &[("lint", &[])]),
        ],
    );
    let graph = build(&folder).expect("all resolved");
    // `ui` has no build and is looked through to `core`.
    assert_eq!(
        deps(&graph, "app:build"),
        ["gen", "app:prepare", "core:build", "lib:build", "lib:lint"]
    );
    assert_eq!(deps(&graph, "lib:build"), ["core:build"]);
    assert_eq!(deps(&graph, "all"), ["app:build"]);
    assert_eq!(selected(&graph, &["*:build"]).len(), 6);
    assert_eq!(selected(&graph, &["*:lint", "gen"]), ["gen", "lib:lint", "ui:lint"]);
}

#[test]
fn a_name_without_a_colon_is_a_root_target_in_a_members_file_too() {
    let folder = with_members(&[("build", &[])], &[("app", &[], &[("build", &["build"])])]);
    assert_eq!(deps(&build(&folder).expect("resolved"), "app:build"), ["build"]);
}

#[test]
fn upstream_targets_make_cycles_too() {
    let folder = with_members(
        &[],
        &[
            ("app", &["lib"], &[("build", &["^build"])]),
            ("lib", &[], &[("build", &["app:build"])]),
        ],
    );
    let error = build(&folder).expect_err("a cycle");
    assert_eq!(
        error.to_string(),
        "targets depend on each other in a cycle: app:build → lib:build → app:build"
    );
}

#[test]
fn what_cannot_be_selected_is_told_with_what_can() {
    let folder = with_members(&[("frontend", &[])], &[("billing", &[], &[("build", &[])])]);
    let graph = build(&folder).expect("resolved");
    let expected = "there is no target `fronted` [graph::unknown-selection]\n  help: did you mean `frontend`?\n  \
                    help: targets: billing:build, frontend\n";
    assert_eq!(refusal(&graph, "fronted"), expected);
    let expected = "there is no target `billing` [graph::unknown-selection]\n  \
                    help: `billing` is a member: 'billing:*' stands for all its targets\n";
    assert_eq!(refusal(&graph, "billing"), expected);
    let expected = "no target matches `*:test` [graph::nothing-matches]\n  help: targets: billing:build, frontend\n";
    assert_eq!(refusal(&graph, "*:test"), expected);
    assert!(refusal(&graph, "[").contains("is no glob"), "{}", refusal(&graph, "["));
    assert_eq!(selected(&graph, &["billing:*"]), ["billing:build"]);
    assert_eq!(selected(&graph, &["*"]), ["frontend", "billing:build"]);
}
