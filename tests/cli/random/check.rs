//! What is asked after each step.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::model::{Files, Made, Target, below};
use super::{Kept, Last, Way, World};
use crate::support::Workspace;

/// Builds as a step says, and asks for outcomes and outputs.
pub(super) fn build(world: &mut World, way: &Way) {
    let made = world.made(way.tier);
    let ran = farm(world, way, &["--json"]);
    assert_eq!(ran.code, 0, "{}", ran.text);
    let outcomes = ran.outcomes();
    for name in names(world, way) {
        let outcome = outcomes
            .get(name)
            .unwrap_or_else(|| panic!("{name} was not built: {}", ran.text));
        outcome_is_right(world, name, &made[name], outcome);
    }
    assert_eq!(outcomes.len(), names(world, way).len(), "{}", ran.text);
    outputs_are_right(world, way, &made);
    nothing_is_left(world, way);
}

/// Whether one action ended as it had to; and what is known from now on.
fn outcome_is_right(world: &mut World, name: &'static str, made: &Made, outcome: &str) {
    let kept = world.kept.get(&made.identity).copied();
    let last = world.last.get(name).unwrap_or(&Last::Nothing);
    let is_last = *last == Last::Of(made.identity.clone());
    let is_damaged = world.damaged.contains(&name);
    let say = format!("{name} was {outcome}; its result is kept: {kept:?}, last: {last:?}, damaged: {is_damaged}");
    match outcome {
        "ran" => assert_ne!(
            kept,
            Some(Kept::Surely),
            "nothing has changed that it depends on: {say}"
        ),
        "cached" => {
            assert_ne!(kept, None, "nobody has ever made this: {say}");
            assert!(
                !is_last || is_damaged || kept != Some(Kept::Surely),
                "it was in place: {say}"
            );
        }
        "up_to_date" => assert!(
            (is_last || *last == Last::Unknown) && !is_damaged,
            "something changed: {say}"
        ),
        other => panic!("{other}: {say}"),
    }
    // What is up to date needs no cache, so that says nothing of it.
    if outcome == "ran" || (outcome == "cached" && kept != Some(Kept::Spoilt)) {
        world.kept.insert(made.identity.clone(), Kept::Surely);
    }
    world.last.insert(name, Last::Of(made.identity.clone()));
    world.damaged.retain(|damaged| *damaged != name);
}

fn names(world: &World, way: &Way) -> Vec<&'static str> {
    let targets = world.config.closure(way.selected);
    targets.into_iter().map(|target| target.name).collect()
}

/// The outputs of what was built are those of the oracle: every file, and no other.
fn outputs_are_right(world: &World, way: &Way, made: &BTreeMap<&'static str, Made>) {
    for target in world.config.closure(way.selected) {
        assert_eq!(
            on_disk(world.workspace.root(), target),
            made[target.name].files,
            "outputs of {}",
            target.name
        );
    }
}

/// What was an output of a target that was built, or is no more, and is none now, is gone.
fn nothing_is_left(world: &mut World, way: &Way) {
    let built = names(world, way);
    let is_target = |name: &str| world.config.targets.iter().any(|target| target.name == name);
    for (name, place) in std::mem::take(&mut world.dead) {
        if built.contains(&name) || !is_target(name) {
            let found = fs::symlink_metadata(world.path(&place));
            assert!(found.is_err(), "{place}, an old output of {name}, is still there");
        } else {
            world.dead.push((name, place));
        }
    }
}

/// What lies at the places of a target's outputs.
fn on_disk(root: &Path, target: &Target) -> Files {
    let mut found = Files::new();
    target.places().for_each(|place| collect(root, &place, &mut found));
    found
}

fn collect(root: &Path, path: &str, found: &mut Files) {
    let place = root.join(path);
    let Ok(data) = fs::symlink_metadata(&place) else {
        return;
    };
    if data.is_dir() {
        for entry in fs::read_dir(&place).expect("a folder") {
            let name = entry.expect("an entry").file_name().into_string().expect("text");
            collect(root, &format!("{path}/{name}"), found);
        }
        return;
    }
    let text = if data.is_symlink() {
        format!("a link to {:?}", fs::read_link(&place))
    } else {
        String::from_utf8_lossy(&fs::read(&place).expect("readable")).into_owned()
    };
    found.insert(path.to_owned(), (text, data.permissions().mode() & 0o111 != 0));
}

/// A build right after another one runs nothing and asks no builder; in the form for people it says so.
pub(super) fn nothing_to_do(world: &mut World, way: &Way) {
    let made = world.made(way.tier);
    let count = names(world, way).len();
    if world.numbers.one_in(2) {
        let ran = farm(world, way, &[]);
        let line = format!("everything is up to date ({count} action");
        assert!(ran.code == 0 && ran.text.contains(&line), "{}", ran.text);
    } else {
        let ran = farm(world, way, &["--json"]);
        let last = ran.events().pop().expect("events");
        let counts = serde_json::json!({ "ran": 0, "cached": 0, "up_to_date": count, "failed": 0, "skipped": 0 });
        assert_eq!(
            (ran.code, &last["counts"], &last["components"]),
            (0, &counts, &0.into()),
            "{}",
            ran.text
        );
    }
    outputs_are_right(world, way, &made);
}

/// A copy of the sources, built with nothing to go by, comes to the same.
pub(super) fn clean_build(world: &mut World) {
    let copy = Workspace::new();
    let mut outputs: Vec<String> = world.config.targets.iter().flat_map(Target::places).collect();
    outputs.extend(world.dead.iter().map(|(_, place)| place.clone()));
    copy_sources(world.workspace.root(), copy.root(), "", &outputs);
    let mut command = copy.command(["build", "--sandbox", "off"]);
    surround(world, &mut command);
    copy.ran(&mut command).success();
    let made = world.made(("off", "L0"));
    for target in &world.config.targets {
        assert_eq!(
            on_disk(copy.root(), target),
            made[target.name].files,
            "outputs of {} in a clean build",
            target.name
        );
    }
}

/// Copies what is no output and not farm's own.
fn copy_sources(from: &Path, to: &Path, folder: &str, outputs: &[String]) {
    for entry in fs::read_dir(from.join(folder)).expect("a folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("text");
        let path = super::model::join(folder, &name);
        if path == ".farm"
            || path == "dist"
            || outputs
                .iter()
                .any(|output| path == *output || below(&path, output).is_some())
        {
            continue;
        }
        let data = fs::symlink_metadata(from.join(&path)).expect("it is there");
        if data.is_dir() {
            fs::create_dir_all(to.join(&path)).expect("made");
            copy_sources(from, to, &path, outputs);
        } else if data.is_symlink() {
            let target = fs::read_link(from.join(&path)).expect("a link");
            std::os::unix::fs::symlink(target, to.join(&path)).expect("linked");
        } else {
            fs::copy(from.join(&path), to.join(&path)).expect("copied");
        }
    }
}

/// What a run of farm said.
pub(super) struct Said {
    pub(super) code: i32,
    pub(super) text: String,
    out: String,
}

impl Said {
    /// The events of a build with `--json`.
    pub(super) fn events(&self) -> Vec<serde_json::Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("not JSON: {error}: {line}"));
        self.out.lines().map(parse).collect()
    }

    /// How the actions ended, by target.
    fn outcomes(&self) -> BTreeMap<String, String> {
        let events = self.events().into_iter();
        let ends = events.filter(|event| event["event"] == "action-finished");
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        ends.map(|event| (text(&event["target"]), text(&event["outcome"])))
            .collect()
    }
}

/// Runs farm as a step says, with these words more.
pub(super) fn farm(world: &World, way: &Way, more: &[&str]) -> Said {
    let output = command(world, way, more).output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("farm writes UTF-8");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    Said {
        code: output.status.code().expect("it was not killed"),
        text: format!("{:?}\n{out}{err}", output.status),
        out,
    }
}

/// The command of [`farm`].
pub(super) fn command(world: &World, way: &Way, more: &[&str]) -> std::process::Command {
    let words = way.words().into_iter().chain(more.iter().map(|&word| word.to_owned()));
    let mut command = world.workspace.command(words);
    surround(world, &mut command);
    command
}

/// The variables that a build sees.
fn surround(world: &World, command: &mut std::process::Command) {
    let path = std::env::var("PATH").expect("tests need a PATH");
    command.env("PATH", format!("{}:{path}", world.workspace.beside("bin").display()));
    command.envs(world.stage.map(|stage| ("STAGE", stage)));
}
