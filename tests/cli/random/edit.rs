//! Edits of sources: each changes the disk and the model alike. Does not know what farm makes of it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::model::{Node, below, join};
use super::start::{self, FOLDERS, NAMES};
use super::{World, moves, settings};

/// Some years.
const YEARS: Duration = Duration::from_hours(10 * 365 * 24);
/// How many earlier states can be returned to.
const HISTORY: usize = 8;

/// A kind of edit: what was done, or nothing where it cannot be done here.
type Edit = fn(&mut World) -> Option<String>;

/// All kinds of edits, those more often that people make more often.
const EDITS: &[Edit] = &[
    rewrite,
    rewrite,
    rewrite,
    comment,
    comment,
    same_size,
    same_size,
    same_size_and_time,
    same_size_and_time,
    append,
    add,
    add,
    add,
    delete,
    delete,
    moves::rename,
    moves::rename,
    moves::rename_folder,
    moves::rename_folder,
    touch_now,
    touch_past,
    touch_future,
    moves::swap,
    replace,
    replace,
    moves::become_folder,
    moves::become_file,
    become_link,
    become_link,
    leave_link,
    retarget,
    folder_link,
    executable,
    executable,
    copy_content,
    revert,
    revert,
    settings::variant,
    settings::variant,
    settings::fixed,
    settings::dependency,
    settings::target,
    settings::outputs,
    settings::outputs,
    settings::exclude,
    settings::include,
    settings::reformat,
    settings::farm_toml_of_same_size_and_time,
    settings::stage,
    settings::stage,
    settings::mark,
];

/// Makes one edit, and says which.
pub(super) fn random(world: &mut World) -> String {
    loop {
        let edit = EDITS[world.numbers.below(EDITS.len())];
        if let Some(text) = edit(world) {
            return text;
        }
    }
}

/// Keeps the state of now for [`revert`].
pub(super) fn remember(world: &mut World) {
    world.history.push((world.sources.clone(), world.config.clone()));
    if world.history.len() > HISTORY {
        world.history.remove(0);
    }
}

impl World {
    /// A place on the disk.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.workspace.root().join(path)
    }

    /// One of the plain files.
    pub(super) fn any_file(&mut self) -> String {
        let is_file = |node: &Node| matches!(node, Node::File { .. });
        let files: Vec<&String> = self
            .sources
            .iter()
            .filter(|(_, node)| is_file(node))
            .map(|(path, _)| path)
            .collect();
        let at = self.numbers.below(files.len());
        files[at].clone()
    }

    /// One of the files that may go.
    pub(super) fn any_loose(&mut self) -> Option<String> {
        let targets: BTreeSet<&String> = self
            .sources
            .values()
            .filter_map(|node| match node {
                Node::Link(target) => Some(target),
                Node::File { .. } => None,
            })
            .collect();
        let is_loose = |path: &&String| !start::is_fixed(path) && !targets.contains(path);
        let loose: Vec<&String> = self.sources.keys().filter(is_loose).collect();
        let at = self.numbers.below(loose.len().max(1));
        loose.get(at).map(|path| (*path).clone())
    }

    fn any_link(&mut self) -> Option<String> {
        let is_link = |node: &Node| matches!(node, Node::Link(_));
        let links: Vec<&String> = self
            .sources
            .iter()
            .filter(|(_, node)| is_link(node))
            .map(|(path, _)| path)
            .collect();
        let at = self.numbers.below(links.len().max(1));
        links.get(at).map(|path| (*path).clone())
    }

    /// A path at which nothing is, nor at a folder above it.
    pub(super) fn new_path(&mut self) -> Option<String> {
        let folder = FOLDERS[self.numbers.below(FOLDERS.len())];
        let path = join(folder, NAMES[self.numbers.below(NAMES.len())]);
        let clashes = |other: &String| *other == path || below(other, &path).is_some() || below(&path, other).is_some();
        let is_output = self
            .config
            .targets
            .iter()
            .flat_map(super::model::Target::places)
            .any(|place| clashes(&place));
        (!is_output && !self.sources.keys().any(clashes)).then_some(path)
    }

    pub(super) fn text(&self, path: &str) -> String {
        match &self.sources[path] {
            Node::File { text, .. } => text.clone(),
            Node::Link(_) => String::new(),
        }
    }

    /// New text that no file ever had.
    pub(super) fn fresh(&mut self) -> String {
        self.counter += 1;
        let end = ["\n", "\n", "\nmore\n", ""][self.numbers.below(4)];
        format!("# {0}\ncode {0}{end}", self.counter)
    }

    /// Puts something at a path, on the disk and in the model.
    pub(super) fn put(&mut self, path: &str, node: Node) {
        let place = self.path(path);
        match (&node, self.sources.get(path)) {
            (Node::File { .. }, Some(Node::File { .. }) | None) => {}
            (_, Some(_)) => fs::remove_file(&place).expect("it was there"),
            (_, None) => {}
        }
        fs::create_dir_all(place.parent().expect("it has a folder")).expect("made");
        match &node {
            Node::File { text, executable } => {
                fs::write(&place, text).expect("written");
                set_executable(&place, *executable);
            }
            Node::Link(target) => {
                let up = "../".repeat(path.matches('/').count());
                symlink(format!("{up}{target}"), &place).expect("linked");
            }
        }
        self.sources.insert(path.to_owned(), node);
    }

    /// New text for a file, written over the old.
    pub(super) fn put_text(&mut self, path: &str, text: String) {
        let executable = matches!(self.sources.get(path), Some(Node::File { executable: true, .. }));
        self.put(path, Node::File { text, executable });
    }

    pub(super) fn take(&mut self, path: &str) -> Node {
        let place = self.path(path);
        fs::remove_file(&place).expect("it was there");
        prune(&place);
        self.sources.remove(path).expect("it was there")
    }

    /// Sets a file's time of change.
    pub(super) fn set_time(&self, path: &str, time: SystemTime) {
        let file = fs::File::options().append(true).open(self.path(path)).expect("opens");
        file.set_modified(time).expect("set");
    }

    /// A file's time of change.
    pub(super) fn time(&self, path: &str) -> SystemTime {
        fs::metadata(self.path(path))
            .and_then(|data| data.modified())
            .expect("it is there")
    }
}

/// Removes the folders that are left empty: one would be in the way of a file of its name.
pub(super) fn prune(place: &Path) {
    let mut folder = place.parent();
    while let Some(empty) = folder.filter(|folder| fs::remove_dir(folder).is_ok()) {
        folder = empty.parent();
    }
}

/// Whether a file may be executed, from now on.
pub(super) fn set_executable(place: &Path, executable: bool) {
    let mode = if executable { 0o755 } else { 0o644 };
    fs::set_permissions(place, fs::Permissions::from_mode(mode)).expect("set");
}

fn rewrite(world: &mut World) -> Option<String> {
    let (path, text) = (world.any_file(), world.fresh());
    world.put_text(&path, text);
    Some(format!("rewrite {path}"))
}

fn comment(world: &mut World) -> Option<String> {
    let path = world.any_file();
    let text = world.text(&path);
    let rest: String = text
        .split_inclusive('\n')
        .filter(|line| !line.starts_with('#'))
        .collect();
    world.counter += 1;
    let text = format!("# {}\n{rest}", world.counter);
    world.put_text(&path, text);
    Some(format!("comment in {path}"))
}

/// Another text of the same length.
fn turned(text: &str, by: usize) -> String {
    let turn = |c: char| match c {
        '0'..='9' => char::from(b'0' + (c as u8 - b'0' + u8::try_from(by).expect("small")) % 10),
        c => c,
    };
    text.chars().map(turn).collect()
}

fn same_size(world: &mut World) -> Option<String> {
    let path = world.any_file();
    let text = world.text(&path);
    let text = turned(&text, 1 + world.numbers.below(9));
    world.put_text(&path, text);
    Some(format!("same size {path}"))
}

fn same_size_and_time(world: &mut World) -> Option<String> {
    let path = world.any_file();
    let time = world.time(&path);
    let text = world.text(&path);
    let text = turned(&text, 1 + world.numbers.below(9));
    world.put_text(&path, text);
    world.set_time(&path, time);
    Some(format!("same size and time {path}"))
}

fn append(world: &mut World) -> Option<String> {
    let (path, more) = (world.any_file(), world.fresh());
    let text = world.text(&path) + &more;
    let mut file = fs::File::options().append(true).open(world.path(&path)).expect("opens");
    std::io::Write::write_all(&mut file, more.as_bytes()).expect("written");
    if let Some(Node::File { text: old, .. }) = world.sources.get_mut(&path) {
        *old = text;
    }
    Some(format!("append to {path}"))
}

fn add(world: &mut World) -> Option<String> {
    let path = world.new_path()?;
    let text = world.fresh();
    world.put_text(&path, text);
    Some(format!("add {path}"))
}

fn delete(world: &mut World) -> Option<String> {
    let path = world.any_loose()?;
    world.take(&path);
    Some(format!("delete {path}"))
}

fn touch_now(world: &mut World) -> Option<String> {
    let path = world.any_file();
    world.set_time(&path, SystemTime::now());
    Some(format!("touch {path}"))
}

fn touch_past(world: &mut World) -> Option<String> {
    let path = world.any_file();
    world.set_time(&path, SystemTime::now() - YEARS);
    Some(format!("touch {path} in the past"))
}

fn touch_future(world: &mut World) -> Option<String> {
    let path = world.any_file();
    world.set_time(&path, SystemTime::now() + YEARS);
    Some(format!("touch {path} in the future"))
}

/// As editors save: a new file takes the place of the old. Now and then with the old time.
fn replace(world: &mut World) -> Option<String> {
    let path = world.any_file();
    let time = world.time(&path);
    let text = world.text(&path);
    let text = turned(&text, world.numbers.below(10));
    let executable = matches!(world.sources[&path], Node::File { executable: true, .. });
    let aside = world.workspace.beside("saved");
    fs::write(&aside, &text).expect("written");
    set_executable(&aside, executable);
    fs::rename(&aside, world.path(&path)).expect("renamed");
    if world.numbers.below(2) == 0 {
        world.set_time(&path, time);
    }
    world.sources.insert(path.clone(), Node::File { text, executable });
    Some(format!("replace {path}"))
}

fn become_link(world: &mut World) -> Option<String> {
    let (path, target) = (world.any_loose()?, world.any_file());
    if path == target {
        return None;
    }
    world.put(&path, Node::Link(target.clone()));
    Some(format!("{path} becomes a link to {target}"))
}

fn leave_link(world: &mut World) -> Option<String> {
    let path = world.any_link()?;
    let text = world.fresh();
    world.put_text(&path, text);
    Some(format!("{path} becomes a file"))
}

fn retarget(world: &mut World) -> Option<String> {
    let (path, target) = (world.any_link()?, world.any_file());
    world.put(&path, Node::Link(target.clone()));
    Some(format!("{path} leads to {target}"))
}

fn folder_link(world: &mut World) -> Option<String> {
    let path = world.new_path()?;
    let target = ["docs", "shared"][world.numbers.below(2)];
    world.put(&path, Node::Link(target.to_owned()));
    Some(format!("{path} leads to the folder {target}"))
}

fn executable(world: &mut World) -> Option<String> {
    let path = world.any_file();
    if let Some(Node::File { executable, .. }) = world.sources.get_mut(&path) {
        *executable = !*executable;
        let executable = *executable;
        set_executable(&world.path(&path), executable);
    }
    Some(format!("chmod {path}"))
}

/// The content of another file, so that a file may return to what it was, or two may be alike.
fn copy_content(world: &mut World) -> Option<String> {
    let (from, to) = (world.any_file(), world.any_file());
    if to.ends_with("gate.txt") {
        return None;
    }
    let text = world.text(&from);
    world.put_text(&to, text);
    Some(format!("content of {from} into {to}"))
}

fn revert(world: &mut World) -> Option<String> {
    let at = world.numbers.below(world.history.len().max(1));
    let (sources, config) = world.history.get(at)?.clone();
    let gone: Vec<String> = world
        .sources
        .keys()
        .filter(|path| sources.get(*path) != world.sources.get(*path))
        .cloned()
        .collect();
    for path in gone {
        world.take(&path);
    }
    for (path, node) in sources {
        if !world.sources.contains_key(&path) {
            world.put(&path, node);
        }
    }
    world.config = config;
    world.forget_removed();
    world.write_config();
    Some(format!(
        "revert to the state {} before the last",
        world.history.len() - 1 - at
    ))
}
