//! Workspaces as big as they get. Each test runs small in every build; the full size takes minutes:
//! `cargo test --release --test cli -- --ignored at_full_size`.

use crate::shapes;
use crate::support::{Counted, Workspace, counted};

fn build(workspace: &Workspace) -> Counted {
    workspace.farm("build --json --sandbox off").counted()
}

/// A chain builds, is up to date, and a change at its start runs through it.
fn check_chain(targets: usize) {
    let workspace = shapes::chain(targets);
    let all = targets as u64;
    assert_eq!(build(&workspace), counted(all, 0, 0));
    assert_eq!(build(&workspace), counted(0, 0, all));
    let last = format!("t{}/out.txt", targets - 1);
    assert_eq!(workspace.read(&last), "start\n");
    workspace.write("t0/start.txt", "other\n");
    assert_eq!(build(&workspace), counted(all, 0, 0));
    assert_eq!(workspace.read(&last), "other\n");
}

/// Wide: up to date, and one change is one action.
fn check_wide(targets: usize, inputs: usize) {
    let workspace = shapes::wide(targets, inputs);
    let all = targets as u64;
    assert_eq!(build(&workspace), counted(all, 0, 0));
    assert_eq!(build(&workspace), counted(0, 0, all));
    workspace.write("t7/src/0.txt", "changed\n");
    assert_eq!(build(&workspace), counted(1, 0, all - 1));
    assert!(workspace.read("t7/out.txt").starts_with("changed\n"));
}

/// One target with many inputs is up to date, and runs again when one of them changes, is added or goes.
fn check_many_inputs(inputs: usize) {
    let workspace = shapes::many_inputs(inputs);
    assert_eq!(build(&workspace), counted(1, 0, 0));
    assert_eq!(build(&workspace), counted(0, 0, 1));
    workspace.write(&format!("t0/src/{}/7.txt", inputs / 200), "changed\n");
    assert_eq!(build(&workspace), counted(1, 0, 0), "one is changed");
    workspace.write("t0/src/0/more.txt", "more\n");
    assert_eq!(build(&workspace), counted(1, 0, 0), "one is added");
    workspace.remove("t0/src/0/more.txt");
    assert_eq!(build(&workspace), counted(0, 1, 0), "it is gone again");
    assert_eq!(build(&workspace), counted(0, 0, 1));
}

#[test]
fn a_long_chain() {
    check_chain(300);
}

#[test]
#[ignore = "takes minutes: see the head of this file"]
fn a_long_chain_at_full_size() {
    check_chain(5_000);
}

#[test]
fn many_targets() {
    check_wide(300, 3);
}

#[test]
#[ignore = "takes minutes: see the head of this file"]
fn many_targets_at_full_size() {
    check_wide(10_000, 20);
}

#[test]
fn many_inputs() {
    check_many_inputs(5_000);
}

#[test]
#[ignore = "takes minutes: see the head of this file"]
fn many_inputs_at_full_size() {
    check_many_inputs(100_000);
}
