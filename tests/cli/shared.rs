//! Several farms at once, on one workspace or one cache.

use std::fmt::Write as _;
use std::fs;
use std::process::{Child, Stdio};

use crate::support::{Workspace, counted};

/// Five actions in a chain and five beside it.
fn farm_toml() -> String {
    let mut text = "[workspace]\nname = \"shared\"\n".to_owned();
    for at in 0..10 {
        let (deps, read) = match at {
            1..5 => (format!("\"t{}\"", at - 1), format!("deps/t{0}/o{0}.txt", at - 1)),
            _ => (String::new(), String::new()),
        };
        write!(text, "[targets.t{at}]\nbuilder = \"command\"\ndeps = [{deps}]\n").expect("a text takes all");
        let command = format!("cat seed.txt {read} > o{at}.txt");
        let options = format!("command = \"{command}\", inputs = [\"seed.txt\"], outputs = [\"o{at}.txt\"]");
        writeln!(text, "options = {{ {options} }}").expect("a text takes all");
    }
    text
}

fn workspace(seed: &str) -> Workspace {
    let workspace = Workspace::with(&farm_toml());
    workspace.write("seed.txt", seed);
    workspace
}

fn assert_right(workspace: &Workspace, seed: &str) {
    for at in 0..10 {
        let times = if at < 5 { at + 1 } else { 1 };
        assert_eq!(workspace.read(&format!("o{at}.txt")), seed.repeat(times), "o{at}.txt");
    }
}

fn start(workspace: &Workspace, cache: &Workspace) -> Child {
    let mut command = workspace.command(["build", "--json"]);
    command
        .env("FARM_CACHE_DIR", cache.cache())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

/// How many actions ran, in builds that all succeeded.
fn ran_in(children: Vec<Child>) -> u64 {
    let mut ran = 0;
    for child in children {
        let output = child.wait_with_output().expect("it ends");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(
            output.status.success(),
            "{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let last: serde_json::Value = serde_json::from_str(text.lines().last().expect("an event")).expect("JSON");
        ran += last["counts"]["ran"].as_u64().expect("a number");
    }
    ran
}

#[test]
fn g01_builds_of_one_workspace_take_turns() {
    let workspace = workspace("x\n");
    for round in 0..5 {
        let seed = format!("{round}\n");
        workspace.write("seed.txt", &seed);
        let children = (0..3).map(|_| start(&workspace, &workspace)).collect();
        assert_eq!(ran_in(children), 10, "each action ran once, whoever came first");
        assert_right(&workspace, &seed);
        assert_eq!(workspace.build(), counted(0, 0, 10));
    }
}

#[test]
fn g04_many_workspaces_share_one_cache() {
    let first = workspace("warm\n");
    first.build();
    let workspaces: Vec<Workspace> = (0..20).map(|_| workspace("same\n")).collect();
    let children = workspaces.iter().map(|workspace| start(workspace, &first)).collect();
    assert!(ran_in(children) >= 10);
    workspaces
        .iter()
        .for_each(|workspace| assert_right(workspace, "same\n"));
    let copies = blobs_with(&first, b"same\n");
    assert_eq!(copies, 1, "one content, one file");
    let late = workspace("same\n");
    assert_eq!(ran_in(vec![start(&late, &first)]), 0);
    assert_right(&late, "same\n");
}

/// How many blobs of the store have this content.
fn blobs_with(workspace: &Workspace, content: &[u8]) -> usize {
    let shards = fs::read_dir(workspace.cache().join("v1/blobs")).expect("blobs");
    let shards = shards
        .map(|shard| shard.expect("an entry").path())
        .filter(|path| path.is_dir());
    let blobs = shards.flat_map(|shard| fs::read_dir(shard).expect("a shard"));
    blobs
        .filter(|blob| fs::read(blob.as_ref().expect("an entry").path()).expect("a blob") == content)
        .count()
}

#[test]
fn g02_a_cache_that_is_emptied_meanwhile_costs_time_and_nothing_else() {
    let workspace = workspace("x\n");
    workspace.build();
    for round in 0..5 {
        let seed = format!("{round}\n");
        workspace.write("seed.txt", &seed);
        let build = start(&workspace, &workspace);
        let clean = workspace
            .command(["cache", "clean"])
            .output()
            .expect("the program starts");
        let said = String::from_utf8_lossy(&clean.stderr).into_owned();
        assert!(clean.status.success() || said.contains("cache::busy"), "{said}");
        ran_in(vec![build]);
        assert_right(&workspace, &seed);
    }
}
