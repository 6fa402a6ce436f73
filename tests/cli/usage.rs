//! What is answered to a line that is wrong, or asks for help only. Nothing is built here.

use std::process::Stdio;

use crate::farm_snapshot;
use crate::support::Workspace;

#[test]
fn farm_alone_prints_help_and_is_no_error() {
    let help = Workspace::new().farm("").success();
    assert!(help.starts_with("Builds a product made of several languages"), "{help}");
    for verb in ["build", "publish", "run", "plan", "why", "cache", "plugin", "debug"] {
        assert!(help.contains(&format!("\n  {verb} ")), "{verb} is missing: {help}");
    }
    assert!(!help.contains("__sandbox"), "the sandbox's helper is not for users");
}

#[test]
fn a_wrong_option_is_a_usage_error() {
    farm_snapshot!(Workspace::new().farm("build --sandbx off"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error: unexpected argument '--sandbx' found

      tip: a similar argument exists: '--sandbox'

    Usage: farm build --sandbox <TIER>

    For more information, try '--help'.
    ");
}

#[test]
fn without_a_workspace_the_message_says_where_it_was_looked_for() {
    farm_snapshot!(Workspace::new().farm("build"), @r#"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[cli::no-workspace]: there is no `farm.toml` in `[WORKSPACE]` or any folder above it
      hint: go to the folder of your product, or name it with -C
      hint: a new workspace starts with a farm.toml of `[workspace]` and `name = "shop"`
    "#);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    farm_snapshot!(Workspace::new().farm("plan -C nowhere"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[cli::no-directory]: cannot work in `nowhere`: it cannot be entered
      because: No such file or directory (os error 2)
    ");
}

#[test]
fn with_json_a_wrong_request_ends_in_build_finished() {
    let workspace = Workspace::new();
    let ran = workspace.farm("build --json");
    assert_eq!(ran.code(), 2);
    let events = ran.events();
    assert_eq!(events[0]["problem"]["code"], "cli::no-workspace");
    let last = events.last().expect("there are some");
    assert_eq!((&last["event"], &last["ok"]), (&"build-finished".into(), &false.into()));
    assert_eq!(last["counts"]["ran"], 0);
}

#[test]
fn colours_come_on_demand_alone() {
    let workspace = Workspace::new();
    let plain = workspace.farm("plan").text();
    let colored = workspace.farm("--color always plan").text();
    assert!(!plain.contains('\x1b') && colored.contains("\x1b["), "{plain}{colored}");
    let forced = workspace
        .command(["plan"])
        .env_remove("NO_COLOR")
        .env("CLICOLOR_FORCE", "1")
        .output();
    let forced = forced.expect("the program starts");
    assert!(forced.stderr.contains(&0x1b), "{forced:?}");
}

#[test]
fn a_reader_that_leaves_is_no_panic() {
    let workspace = Workspace::new();
    for line in [&["--help"][..], &["build", "--json"]] {
        let mut child = workspace
            .command(line)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!text.contains("panicked"), "{text}");
        assert!(output.status.code().is_some_and(|code| code < 3), "{output:?}");
    }
}

#[test]
fn without_a_home_the_cache_has_no_folder() {
    let workspace = Workspace::new();
    let mut command = workspace.command(["cache", "status"]);
    let output = command
        .env_remove("FARM_CACHE_DIR")
        .env_remove("HOME")
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("error[cache::no-folder]") && text.contains("FARM_CACHE_DIR"),
        "{text}"
    );
}
