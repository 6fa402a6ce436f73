//! Edits that give files and folders other places. Does not know what farm makes of it.

use std::collections::BTreeSet;
use std::fs;

use super::World;
use super::edit::prune;
use super::model::{Node, below, join};
use super::start::{self, FOLDERS};

pub(super) fn rename(world: &mut World) -> Option<String> {
    let (from, to) = (world.any_loose()?, world.new_path()?);
    // A link leads from where it lies, so it does not lead there from elsewhere.
    if matches!(world.sources[&from], Node::Link(_)) {
        return None;
    }
    let place = world.path(&to);
    fs::create_dir_all(place.parent().expect("it has a folder")).expect("made");
    fs::rename(world.path(&from), &place).expect("renamed");
    prune(&world.path(&from));
    let node = world.sources.remove(&from)?;
    world.sources.insert(to.clone(), node);
    Some(format!("rename {from} to {to}"))
}

/// A folder whose files may all go gets another name, with all that is in it.
pub(super) fn rename_folder(world: &mut World) -> Option<String> {
    let (inner, to) = (world.any_loose()?, world.new_path()?);
    let (from, _) = inner.rsplit_once('/')?;
    let files: Vec<String> = world
        .sources
        .keys()
        .filter(|path| below(path, from).is_some())
        .cloned()
        .collect();
    let targets: BTreeSet<&str> = world
        .sources
        .values()
        .filter_map(|node| match node {
            Node::Link(target) => Some(target.as_str()),
            Node::File { .. } => None,
        })
        .collect();
    let may_go = |path: &String| {
        let is_file = matches!(world.sources[path], Node::File { .. });
        is_file && !start::is_fixed(path) && !targets.contains(path.as_str())
    };
    let holds_more = world.config.targets.iter().flat_map(super::model::Target::places);
    let mut holds_more = holds_more.chain(world.dead.iter().map(|(_, place)| place.clone()));
    if !files.iter().all(may_go) || holds_more.any(|place| below(&place, from).is_some()) || below(&to, from).is_some()
    {
        return None;
    }
    let place = world.path(&to);
    fs::create_dir_all(place.parent().expect("it has a folder")).expect("made");
    fs::rename(world.path(from), &place).expect("renamed");
    prune(&world.path(from));
    for path in &files {
        let node = world.sources.remove(path)?;
        world.sources.insert(join(&to, below(path, from)?), node);
    }
    Some(format!("rename the folder {from} to {to}"))
}

/// Two files of the same size and time change places.
pub(super) fn swap(world: &mut World) -> Option<String> {
    let (one, two) = (world.any_file(), world.any_file());
    let (a, b) = (world.text(&one), world.text(&two));
    if one == two || a.len() != b.len() {
        return None;
    }
    let time = world.time(&one);
    world.set_time(&two, time);
    let (first, second, aside) = (world.path(&one), world.path(&two), world.workspace.beside("aside"));
    fs::rename(&first, &aside).expect("renamed");
    fs::rename(&second, &first).expect("renamed");
    fs::rename(&aside, &second).expect("renamed");
    let (a, b) = (world.sources.remove(&one)?, world.sources.remove(&two)?);
    world.sources.extend([(one.clone(), b), (two.clone(), a)]);
    Some(format!("swap {one} and {two}"))
}

pub(super) fn become_folder(world: &mut World) -> Option<String> {
    let path = world.any_loose()?;
    world.take(&path);
    let text = world.fresh();
    world.put_text(&format!("{path}/x.txt"), text);
    Some(format!("{path} becomes a folder"))
}

pub(super) fn become_file(world: &mut World) -> Option<String> {
    let path = world.any_loose()?;
    let (folder, _) = path.rsplit_once('/')?;
    let folder = folder.to_owned();
    let inner: Vec<String> = world
        .sources
        .keys()
        .filter(|path| below(path, &folder).is_some())
        .cloned()
        .collect();
    if inner.len() > 1
        || FOLDERS
            .iter()
            .any(|fixed| *fixed == folder || below(fixed, &folder).is_some())
    {
        return None;
    }
    world.take(&path);
    let text = world.fresh();
    world.put_text(&folder, text);
    Some(format!("{folder} becomes a file"))
}
