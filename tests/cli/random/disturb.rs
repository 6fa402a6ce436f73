//! What goes wrong around a build: outputs, cache and state that are damaged behind farm's back, builds that fail, are
//! killed, or meet an edit half-way.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::model::{Node, Target};
use super::{Kept, Last, Way, World, check};

/// A kind of damage: what was done, or nothing where it cannot be done.
type Damage = fn(&mut World) -> Option<String>;

const DAMAGES: &[Damage] = &[
    edit_output,
    edit_output,
    same_output,
    delete_output,
    delete_output,
    delete_folder,
    delete_folder,
    stray,
    stray,
    edit_dead,
    edit_dead,
    touch_dead,
    output_to_folder,
    output_to_link,
    folder_to_file,
    chmod_output,
    touch_output,
    forget,
    forget,
    corrupt,
    corrupt,
    truncate,
    save_state,
    bring_back_state,
    clear_cache,
    damage_blob,
];

/// Does one damage, and says which.
pub(super) fn damage(world: &mut World) -> String {
    loop {
        let damage = DAMAGES[world.numbers.below(DAMAGES.len())];
        if let Some(text) = damage(world) {
            return text;
        }
    }
}

/// All plain files below a folder of the disk.
fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        let Ok(data) = path.symlink_metadata() else { continue };
        if data.is_dir() {
            files_below(&path, found);
        } else if data.is_file() {
            found.push(path);
        }
    }
}

/// A file among the outputs of some target.
fn any_output(world: &mut World) -> Option<(&'static str, PathBuf)> {
    let at = world.numbers.below(world.config.targets.len());
    let target = world.config.targets[at].clone();
    let mut files = Vec::new();
    for place in target.places().map(|place| world.path(&place)) {
        match place.symlink_metadata() {
            Ok(data) if data.is_file() => files.push(place),
            _ => files_below(&place, &mut files),
        }
    }
    let at = world.numbers.below(files.len().max(1));
    Some((target.name, files.get(at)?.clone()))
}

/// A folder that is an output of some target, and is there.
fn any_output_folder(world: &mut World) -> Option<(&'static str, PathBuf)> {
    let is_copy = |target: &&Target| target.outputs.contains(&"out") || target.outputs.contains(&"gen");
    let targets: Vec<Target> = world.config.targets.iter().filter(is_copy).cloned().collect();
    let target = &targets[world.numbers.below(targets.len())];
    let place = world.path(&target.places().next()?);
    place
        .symlink_metadata()
        .is_ok_and(|data| data.is_dir())
        .then_some((target.name, place))
}

fn hurt(world: &mut World, name: &'static str, what: &str) -> Option<String> {
    world.damaged.push(name);
    Some(format!("{what} of {name}"))
}

fn edit_output(world: &mut World) -> Option<String> {
    let (name, path) = any_output(world)?;
    world.counter += 1;
    fs::write(path, format!("damage {}\n", world.counter)).expect("written");
    hurt(world, name, "an output is edited")
}

/// The same size, and the time that it had.
fn same_output(world: &mut World) -> Option<String> {
    let (name, path) = any_output(world)?;
    let time = fs::metadata(&path)
        .and_then(|data| data.modified())
        .expect("it is there");
    let mut bytes = fs::read(&path).expect("readable");
    let last = bytes.last_mut()?;
    *last = if *last == b'!' { b'?' } else { b'!' };
    fs::write(&path, bytes).expect("written");
    let file = fs::File::options().append(true).open(&path).expect("opens");
    file.set_modified(time).expect("set");
    hurt(world, name, "an output is edited and keeps size and time")
}

fn delete_output(world: &mut World) -> Option<String> {
    let (name, path) = any_output(world)?;
    fs::remove_file(path).expect("removed");
    hurt(world, name, "an output is deleted")
}

fn delete_folder(world: &mut World) -> Option<String> {
    let (name, path) = any_output_folder(world)?;
    fs::remove_dir_all(path).expect("removed");
    hurt(world, name, "the output folder is deleted")
}

fn stray(world: &mut World) -> Option<String> {
    let (name, path) = any_output_folder(world)?;
    world.counter += 1;
    let names = ["stray.txt", ".stray", "deep/er/stray"];
    let place = path.join(names[world.numbers.below(names.len())]);
    fs::create_dir_all(place.parent()?).expect("made");
    fs::write(place, format!("{}\n", world.counter)).expect("written");
    hurt(world, name, "a file is added to the output folder")
}

fn output_to_folder(world: &mut World) -> Option<String> {
    let (name, path) = any_output(world)?;
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("made");
    fs::write(path.join("inner.txt"), "inner\n").expect("written");
    hurt(world, name, "a folder is in place of an output")
}

/// A link to a file of the user's, through which nothing may be written.
fn output_to_link(world: &mut World) -> Option<String> {
    let (name, path) = any_output(world)?;
    let target = world.any_file();
    fs::remove_file(&path).expect("removed");
    symlink(world.path(&target), &path).expect("linked");
    hurt(world, name, &format!("a link to {target} is in place of an output"))
}

fn folder_to_file(world: &mut World) -> Option<String> {
    let (name, path) = any_output_folder(world)?;
    fs::remove_dir_all(&path).expect("removed");
    fs::write(&path, "a file\n").expect("written");
    hurt(world, name, "a file is in place of the output folder")
}

fn chmod_output(world: &mut World) -> Option<String> {
    let (name, path) = any_output(world)?;
    let mode = fs::metadata(&path).expect("it is there").permissions().mode() ^ 0o111;
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
    hurt(world, name, "the mode is changed of an output")
}

/// What is an output no longer, and was changed, is the user's.
fn edit_dead(world: &mut World) -> Option<String> {
    let (name, place) = any_dead(world)?;
    world.dead.retain(|(_, dead)| *dead != place);
    let text = world.fresh();
    world.put(&place, Node::file(text));
    Some(format!("an old output is edited of {name}"))
}

/// It is as it was but for its times.
fn touch_dead(world: &mut World) -> Option<String> {
    let (name, place) = any_dead(world)?;
    world.set_time(&place, std::time::SystemTime::now());
    Some(format!("an old output is touched of {name}"))
}

/// A file that was an output of a target and is none any more.
fn any_dead(world: &mut World) -> Option<(&'static str, String)> {
    let at = world.numbers.below(world.dead.len().max(1));
    let (name, place) = world.dead.get(at)?.clone();
    world.path(&place).is_file().then_some((name, place))
}

/// No damage: it is as it was but for its times.
fn touch_output(world: &mut World) -> Option<String> {
    let (name, path) = any_output(world)?;
    let file = fs::File::options().append(true).open(path).expect("opens");
    file.set_modified(std::time::SystemTime::now()).expect("set");
    Some(format!("an output is touched of {name}"))
}

fn forget(world: &mut World) -> Option<String> {
    fs::remove_dir_all(world.path(".farm")).ok()?;
    world.last.clear();
    world.clear_dead();
    Some("`.farm` is deleted".to_owned())
}

/// The files in which farm remembers the last build.
fn state_files(world: &World) -> Vec<PathBuf> {
    let entries = fs::read_dir(world.path(".farm")).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let is_state = |path: &PathBuf| path.is_file() && !path.ends_with(".gitignore") && !path.ends_with("lock");
    paths.filter(is_state).collect()
}

/// Changes every state file.
fn spoil(world: &mut World, how: impl Fn(&mut super::Numbers, &mut Vec<u8>)) -> bool {
    let mut any = false;
    for path in state_files(world) {
        let mut bytes = fs::read(&path).expect("readable");
        if !bytes.is_empty() {
            how(&mut world.numbers, &mut bytes);
            fs::write(path, bytes).expect("written");
            any = true;
        }
    }
    if any {
        world.last.clear();
        world.clear_dead();
    }
    any
}

/// One bit, which makes a text file no text: today's state has no checksum.
fn corrupt(world: &mut World) -> Option<String> {
    let flip = |numbers: &mut super::Numbers, bytes: &mut Vec<u8>| {
        let at = numbers.below(bytes.len());
        bytes[at] ^= 0x80;
    };
    spoil(world, flip).then(|| "a bit of the state flips".to_owned())
}

fn truncate(world: &mut World) -> Option<String> {
    let cut = |numbers: &mut super::Numbers, bytes: &mut Vec<u8>| bytes.truncate(numbers.below(bytes.len()));
    spoil(world, cut).then(|| "the state is cut off".to_owned())
}

fn save_state(world: &mut World) -> Option<String> {
    let read = |path: PathBuf| (path.display().to_string(), fs::read(&path).expect("readable"));
    let files: Vec<_> = state_files(world).into_iter().map(read).collect();
    world.old_state = Some(files);
    Some("the state is put by".to_owned())
}

/// As after a backup: the state is sound, and old.
fn bring_back_state(world: &mut World) -> Option<String> {
    let files = world.old_state.clone()?;
    fs::create_dir_all(world.path(".farm")).expect("made");
    for (path, bytes) in files {
        fs::write(path, bytes).expect("written");
    }
    for target in &world.config.targets {
        world.last.insert(target.name, Last::Unknown);
    }
    world.clear_dead();
    Some("the state that was put by returns".to_owned())
}

fn clear_cache(world: &mut World) -> Option<String> {
    if world.numbers.one_in(2) {
        fs::remove_dir_all(world.workspace.cache()).ok()?;
    } else {
        world.workspace.farm("cache clean").success();
    }
    world.kept.clear();
    Some("the cache is cleared".to_owned())
}

fn damage_blob(world: &mut World) -> Option<String> {
    let mut files = Vec::new();
    files_below(&world.workspace.cache().join("v1/blobs"), &mut files);
    let at = world.numbers.below(files.len().max(1));
    let path = files.get(at)?;
    let mut bytes = fs::read(path).expect("a blob");
    fs::remove_file(path).expect("removed");
    match world.numbers.below(3) {
        0 => {}
        1 => fs::write(path, "damage\n").expect("written"),
        _ => {
            // Of the same size: only its digest tells.
            bytes.iter_mut().for_each(|byte| *byte ^= 1);
            fs::write(path, bytes).expect("written");
        }
    }
    world.kept.values_mut().for_each(|kept| *kept = Kept::Spoilt);
    Some("a blob is damaged".to_owned())
}

/// Something that the user has to mend: no build may call that up to date. Then it is mended.
pub(super) fn fail(world: &mut World, way: &Way) {
    let all = Way {
        selected: None,
        ..way.clone()
    };
    let aside = world.workspace.beside("mended");
    let which = world.numbers.below(4);
    let (path, why) = match which {
        0 => ("g/gate.txt", "FAIL\n"),
        1 => ("farm.toml", "[workspace\n"),
        2 => ("services/core/farm.toml", "[targets.x]\n"),
        _ => ("h/one.txt", ""),
    };
    world.say(format!("{path} is broken"));
    let place = world.path(path);
    fs::rename(&place, &aside).expect("renamed");
    if which < 3 {
        fs::write(&place, why).expect("written");
    }
    for _ in 0..2 {
        let said = check::farm(world, &all, &["--json"]);
        let code = if which == 0 { 1 } else { 2 };
        assert_eq!(said.code, code, "{path} is broken: {}", said.text);
    }
    fs::rename(&aside, &place).expect("renamed");
    let made = world.made(way.tier);
    world.uncertain(&made);
}

/// A build is killed after some of its words.
pub(super) fn kill(world: &mut World, way: &Way) {
    let lines = world.numbers.below(60);
    world.say(format!("{:?} killed after {lines} lines", way.words()));
    let mut child = start(world, way);
    let out = BufReader::new(child.stdout.take().expect("a pipe"));
    let read = out.lines().take(lines).count();
    child.kill().expect("it was not waited for");
    child.wait().expect("it ends");
    world.say(format!("it said {read} lines"));
    let made = world.made(way.tier);
    world.uncertain(&made);
}

/// A file changes while a build runs, to another text of the same length or to the half of its own. The build may have
/// taken either, and may say that the file changed under it; the next one has to be right.
pub(super) fn edit_while_building(world: &mut World, way: &Way) {
    let before = world.made(way.tier);
    world.uncertain(&before);
    let (lines, path) = (world.numbers.below(30), world.any_file());
    let Some(Node::File { text, executable }) = world.sources.get(&path).cloned() else {
        return;
    };
    let mut text = text.replace("code", "C0DE").replace("kept", "KEPT");
    if world.numbers.one_in(2) {
        text.truncate(text.floor_char_boundary(text.len() / 2));
    }
    world.say(format!("{:?} with an edit of {path} after {lines} lines", way.words()));
    let mut child = start(world, way);
    let mut out = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    out.by_ref().take(lines).for_each(drop);
    world.put(&path, Node::File { text, executable });
    let rest: Vec<String> = out.map(|line| line.expect("text")).collect();
    let code = child.wait().expect("it ends").code();
    let is_told = rest.iter().any(|line| line.contains("execute::input-changing"));
    assert!(code == Some(0) || is_told, "{rest:#?}");
    let after = world.made(way.tier);
    world.uncertain(&after);
}

fn start(world: &World, way: &Way) -> Child {
    let mut command = check::command(world, way, &["--json"]);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().expect("the program starts")
}
