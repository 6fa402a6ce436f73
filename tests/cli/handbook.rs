//! A builder of somebody else's, from its own `cargo build` to a site: what farm lets in, and what it stops.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::shop::product::{copy_example, repository};
use crate::skip;
use crate::support::Workspace;

const COMPONENT: &str = "builder/target/wasm32-wasip2/release/handbook.wasm";
const GRANT: &str = "tools = [\"python3\"]";

/// The component, built as its README says but for the place of its target folder.
fn component() -> &'static Path {
    static COMPONENT: OnceLock<PathBuf> = OnceLock::new();
    COMPONENT.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("handbook");
        // What cargo keeps already need not be fetched, and what it lacks, it may.
        let built = cargo_build(&target, &["--offline"]) || cargo_build(&target, &[]);
        assert!(built, "the example's builder does not compile");
        target.join("wasm32-wasip2/release/handbook.wasm")
    })
}

fn cargo_build(target: &Path, more: &[&str]) -> bool {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "--release", "--target", "wasm32-wasip2", "--locked"])
        .args(more)
        .current_dir(repository().join("examples/plugins/builder"))
        .env("CARGO_TARGET_DIR", target)
        .stdin(Stdio::null());
    command.status().expect("there is a cargo").success()
}

/// The example with its builder built.
fn handbook() -> Workspace {
    let workspace = Workspace::new();
    copy_example("plugins", &workspace);
    put(&workspace, &fs::read(component()).expect("it was built"));
    workspace
}

fn put(workspace: &Workspace, component: &[u8]) {
    let path = workspace.root().join(COMPONENT);
    fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("made");
    fs::write(path, component).expect("written");
}

/// The same component with one more custom section: it does the same, and is another.
fn changed() -> Vec<u8> {
    let mut bytes = fs::read(component()).expect("it was built");
    bytes.extend_from_slice(b"\0\x05\x04more");
    bytes
}

fn has_target() -> bool {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output();
    sysroot.is_ok_and(|output| {
        let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Path::new(&sysroot).join("lib/rustlib/wasm32-wasip2").is_dir()
    })
}

macro_rules! needs_target {
    () => {
        if !has_target() {
            skip!("the compilation target wasm32-wasip2 is not installed; scripts/setup installs it");
        }
    };
}

#[test]
fn a_builder_of_somebody_elses_builds_and_is_pinned() {
    needs_target!();
    let workspace = handbook();
    workspace.farm("build").success();
    let page = fs::read_to_string(workspace.root().join("dist/handbook/index.html")).expect("it was made");
    assert!(page.contains("The tide table handbook"), "{page}");
    let lock = fs::read_to_string(workspace.root().join("farm.lock")).expect("it was written");
    let list: Value = serde_json::from_str(&workspace.farm("plugin list --json").success()).expect("JSON");
    let builders = list["builders"].as_array().expect("a list");
    let found = builders
        .iter()
        .find(|builder| builder["name"] == "handbook")
        .expect("it is listed");
    let digest = found["digest"].as_str().expect("it has one");
    assert!(lock.contains(digest), "{lock}");
    assert_eq!((&found["trusted"], &found["origin"]), (&true.into(), &COMPONENT.into()));
    assert_eq!(found["wants"][0]["granted"], true);
}

#[test]
fn a_changed_builder_stops_the_build_until_it_is_trusted() {
    needs_target!();
    let workspace = handbook();
    workspace.farm("build").success();
    put(&workspace, &changed());
    let ran = workspace.farm("build");
    assert_eq!(ran.code(), 3, "{}", ran.text());
    assert!(ran.text().contains("farm plugin trust handbook"), "{}", ran.text());
    workspace.farm("plugin trust handbook").success();
    workspace.farm("build").success();
}

#[test]
fn a_changed_builder_is_seen_after_builds_that_had_no_need_of_it() {
    needs_target!();
    let workspace = handbook();
    let text = fs::read_to_string(workspace.root().join("farm.toml")).expect("a source");
    let other = "[targets.other]\nbuilder = \"command\"\nroot = \"other\"\noptions = { command = \"cat word\" }\n";
    workspace.write("farm.toml", &format!("{text}\n{other}"));
    for word in ["one", "two", "three"] {
        workspace.write("other/word", word);
        workspace.farm("build").success();
    }
    // With a path that the last build did not see, the state is made anew; with none, the last one is patched.
    workspace.write("other/more", "four");
    workspace.farm("build").success();
    put(&workspace, &changed());
    let ran = workspace.farm("build");
    assert_eq!(ran.code(), 3, "{}", ran.text());
    assert!(ran.text().contains("farm plugin trust handbook"), "{}", ran.text());
}

#[test]
fn a_wish_that_is_not_granted_stops_the_build_and_names_the_line() {
    needs_target!();
    let workspace = handbook();
    let text = fs::read_to_string(workspace.root().join("farm.toml")).expect("a source");
    assert!(text.contains(GRANT), "{text}");
    workspace.write("farm.toml", &text.replace(GRANT, ""));
    let ran = workspace.farm("build");
    assert_eq!(ran.code(), 3, "{}", ran.text());
    assert!(ran.text().contains(GRANT), "{}", ran.text());
    assert!(!workspace.root().join("dist").exists());
}
