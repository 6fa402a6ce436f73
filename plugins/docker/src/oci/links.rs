//! What a layer has to know of its base: the links to folders, so that what is put below one goes to where it leads (an
//! unpacker that sees the layer alone would make a folder in the link's place), and the folders with modes or owners of their
//! own, which they keep. Does not know what is put there.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use farm_sdk::Problem;
use serde::{Deserialize, Serialize};
use tar::EntryType;

use super::read_json;

/// What is known of a base, below the step's output and below the input of whoever makes a layer over it.
pub(crate) const LINKS: &str = "links.json";
/// Before the name of what a layer deletes, and the name that stands for all of a folder.
pub(crate) const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";
/// How many links one path may have.
const MAX_LINKS: usize = 40;
/// The bits of a mode that say who may do what.
const MODE: u32 = 0o7777;

/// By platform, what is known of a base. Paths are those of archives, without a `/` at their start.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Links(BTreeMap<String, Known>);

/// What is known of the base of one platform.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Known {
    /// The links that lead to folders, or to where nothing is yet, each with where it ends.
    links: BTreeMap<String, String>,
    /// The folders that are not as most are.
    folders: BTreeMap<String, Folder>,
}

/// How a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Folder {
    pub(super) mode: u32,
    pub(super) user: u64,
    pub(super) group: u64,
}

/// As most are.
const USUAL: Folder = Folder {
    mode: 0o755,
    user: 0,
    group: 0,
};

impl Links {
    /// Those of the base, for the only platform that a layer is for, or for all. None, where there is no base.
    pub(super) fn read(input: &Path, platform: Option<&str>) -> Result<Self, Problem> {
        let file = input.join(LINKS);
        let mut links: Self = if file.is_file() {
            read_json(&file)?
        } else {
            Self::default()
        };
        links.0.retain(|own, _| platform.is_none_or(|wanted| wanted == own));
        Ok(links)
    }

    pub(super) fn add(&mut self, platform: &str, tree: &Tree) {
        let known = Known {
            links: tree.links(),
            folders: tree.folders(),
        };
        self.0.insert(platform.to_owned(), known);
    }

    /// How a folder is in the base; as most are, where it is not there.
    pub(super) fn folder_at(&self, place: &str) -> Folder {
        let found = self.0.values().find_map(|known| known.folders.get(place));
        found.copied().unwrap_or(USUAL)
    }

    /// Where a folder is whose parent is no link.
    pub(super) fn follow(&self, place: String) -> Result<String, Problem> {
        let mut ends = self.0.values().map(|known| known.links.get(&place).unwrap_or(&place));
        let Some(end) = ends.next().cloned() else {
            return Ok(place);
        };
        if ends.all(|other| *other == end) {
            return Ok(end);
        }
        let problem = Problem::new(format!(
            "`/{place}` leads to another folder in the base of each platform"
        ));
        Err(problem.hint("say in the option `paths` which folder is meant, by its own path"))
    }

    /// Where a folder is, whatever links its path has.
    pub(super) fn folder(&self, path: &str) -> Result<String, Problem> {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        parts.try_fold(String::new(), |place, part| self.follow(join(&place, part)))
    }

    /// Where something is: at the end of its folder's links, and under its own name.
    pub(super) fn place(&self, path: &str) -> Result<String, Problem> {
        match path.rsplit_once('/') {
            Some((folder, name)) => Ok(join(&self.folder(folder)?, name)),
            None => Ok(path.to_owned()),
        }
    }
}

/// What is at a place of a base.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Folder(Folder),
    File,
    Link(String),
}

/// The file system of a base, without what is in its files.
#[derive(Debug, Default)]
pub(super) struct Tree(BTreeMap<String, Entry>);

impl Tree {
    /// Lays a layer over it. What the layer deletes is of those below it, wherever the archive says so.
    pub(super) fn add_layer(&mut self, archive: impl Read) -> io::Result<()> {
        let mut added = Vec::new();
        for entry in tar::Archive::new(archive).entries()? {
            let entry = entry?;
            let Some(path) = plain(&String::from_utf8_lossy(&entry.path_bytes())) else {
                continue;
            };
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
            if let Some(deleted) = name.strip_prefix(WHITEOUT) {
                let folder = self.real(folder).unwrap_or_default();
                match name {
                    OPAQUE => self.remove_below(&folder),
                    _ => self.remove(&join(&folder, deleted)),
                }
                continue;
            }
            let kind = match entry.header().entry_type() {
                EntryType::Directory => Entry::Folder(Folder {
                    mode: entry.header().mode()? & MODE,
                    user: entry.header().uid()?,
                    group: entry.header().gid()?,
                }),
                EntryType::Symlink => {
                    let target = entry.link_name_bytes().unwrap_or_default();
                    Entry::Link(String::from_utf8_lossy(&target).into_owned())
                }
                EntryType::XGlobalHeader => continue,
                _ => Entry::File,
            };
            added.push((path, kind));
        }
        added.into_iter().for_each(|(path, kind)| self.insert(&path, kind));
        Ok(())
    }

    fn insert(&mut self, path: &str, entry: Entry) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(folder) = self.real(folder) else {
            return;
        };
        let place = join(&folder, name);
        if !matches!(entry, Entry::Folder(_)) {
            self.remove_below(&place);
        }
        self.0.insert(place, entry);
    }

    fn remove(&mut self, place: &str) {
        self.remove_below(place);
        self.0.remove(place);
    }

    fn remove_below(&mut self, folder: &str) {
        let start = join(folder, "");
        let after = self.0.range(start.clone()..);
        let below: Vec<String> = after
            .map(|(path, _)| path.clone())
            .take_while(|path| path.starts_with(&start))
            .collect();
        for path in below {
            self.0.remove(&path);
        }
    }

    /// Where a path ends, with all links followed; nothing, where it goes in circles.
    fn real(&self, path: &str) -> Option<String> {
        let mut rest: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let (mut here, mut followed) = (String::new(), 0);
        while let Some(part) = rest.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => here.truncate(here.rfind('/').unwrap_or(0)),
                part => {
                    let next = join(&here, part);
                    let Some(Entry::Link(target)) = self.0.get(&next) else {
                        here = next;
                        continue;
                    };
                    followed += 1;
                    if followed > MAX_LINKS {
                        return None;
                    }
                    if target.starts_with('/') {
                        here.clear();
                    }
                    rest.extend(target.split('/').rev().map(str::to_owned));
                }
            }
        }
        Some(here)
    }

    fn folders(&self) -> BTreeMap<String, Folder> {
        let folders = self.0.iter().filter_map(|(path, entry)| match entry {
            Entry::Folder(folder) if *folder != USUAL => Some((path.clone(), *folder)),
            _ => None,
        });
        folders.collect()
    }

    /// A link to a file is none: what is put at its place takes it.
    fn links(&self) -> BTreeMap<String, String> {
        let links = self.0.iter().filter(|(_, entry)| matches!(entry, Entry::Link(_)));
        let ends = links.filter_map(|(path, _)| Some((path.clone(), self.real(path)?)));
        ends.filter(|(_, end)| self.0.get(end) != Some(&Entry::File)).collect()
    }
}

/// A path of an archive without `.` and doubled `/`; nothing for one that leads out of it, or for its root.
fn plain(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    (!parts.is_empty() && !parts.contains(&"..")).then(|| parts.join("/"))
}

/// A name in a folder, the root being nothing.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A layer: folders end in `/`, links have their target behind `->`, all else are files.
    fn layer(entries: &[&str]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for entry in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(0);
            if let Some((path, target)) = entry.split_once("->") {
                header.set_entry_type(EntryType::Symlink);
                archive.append_link(&mut header, path, target).expect("added");
            } else {
                header.set_mode(if entry.starts_with("tmp/") { 0o41_777 } else { 0o755 });
                header.set_entry_type(if entry.ends_with('/') {
                    EntryType::Directory
                } else {
                    EntryType::Regular
                });
                header.set_uid(0);
                header.set_gid(0);
                archive.append_data(&mut header, entry, io::empty()).expect("added");
            }
        }
        archive.into_inner().expect("whole")
    }

    fn links(layers: &[&[&str]]) -> Vec<String> {
        let mut tree = Tree::default();
        for entries in layers {
            tree.add_layer(&layer(entries)[..]).expect("an archive");
        }
        let links = tree.links().into_iter();
        links.map(|(path, end)| format!("{path}->{end}")).collect()
    }

    #[test]
    fn links_to_folders_and_to_nothing_are_kept_and_those_to_files_are_not() {
        let base: &[&str] = &["usr/", "usr/bin/", "usr/bin/dash", "usr/bin/sh->dash", "bin->usr/bin"];
        assert_eq!(links(&[base]), ["bin->usr/bin"]);
        let tree: &[&str] = &[
            "usr/",
            "usr/local->../var/usrlocal",
            "data->/mnt/../srv/data",
            "up->../../..",
        ];
        assert_eq!(links(&[tree]), ["data->srv/data", "up->", "usr/local->var/usrlocal"]);
        assert_eq!(links(&[&["a->b", "b->a", "c->c"]]), [""; 0], "circles lead nowhere");
    }

    #[test]
    fn a_link_ends_where_the_last_of_its_links_leads() {
        let base: &[&str] = &["a->b", "b->c/d", "c->e", "e/", "e/d/"];
        assert_eq!(links(&[base]), ["a->e/d", "b->e/d", "c->e"]);
    }

    #[test]
    fn upper_layers_replace_and_delete() {
        let base: &[&str] = &["usr/bin/", "bin->usr/bin", "opt/", "opt/x->../usr/bin"];
        assert_eq!(links(&[base, &["bin/tool"]]), ["bin->usr/bin", "opt/x->usr/bin"]);
        assert_eq!(links(&[base, &["bin/"]]), ["opt/x->usr/bin"]);
        assert_eq!(links(&[base, &[".wh.bin", "opt/.wh..wh..opq"]]), [""; 0]);
        // What a layer adds stays, wherever it deletes.
        let again: &[&str] = &["opt/y->../usr", "opt/.wh..wh..opq"];
        assert_eq!(links(&[base, again]), ["bin->usr/bin", "opt/y->usr"]);
        // A folder that becomes a file has nothing below it any more.
        assert_eq!(links(&[base, &["opt"]]), ["bin->usr/bin"]);
    }

    #[test]
    fn folders_keep_what_is_their_own() {
        let mut tree = Tree::default();
        tree.add_layer(&layer(&["etc/", "tmp/"])[..]).expect("an archive");
        let mut known = Links::default();
        known.add("linux/amd64", &tree);
        let open = Folder { mode: 0o1777, ..USUAL };
        assert_eq!(known.folder_at("tmp"), open);
        assert_eq!((known.folder_at("etc"), known.folder_at("srv")), (USUAL, USUAL));
        assert_eq!(tree.folders().len(), 1, "the others need not be told");
    }

    #[test]
    fn a_place_is_the_same_for_all_platforms_or_a_mistake() {
        let of = |all: &[(&str, &[&str])]| {
            let mut found = Links::default();
            for (platform, entries) in all {
                let mut tree = Tree::default();
                tree.add_layer(&layer(entries)[..]).expect("an archive");
                found.add(platform, &tree);
            }
            found
        };
        let one = of(&[("linux/amd64", &["bin->usr/bin", "usr/bin/extra->/opt/extra"])]);
        assert_eq!(one.place("bin/prog").expect("one place"), "usr/bin/prog");
        assert_eq!(one.place("bin/extra/prog").expect("one place"), "opt/extra/prog");
        assert_eq!(one.folder("bin").expect("one place"), "usr/bin");
        assert_eq!(one.place("bin").expect("one place"), "bin");
        let two = of(&[("linux/amd64", &["lib64->usr/lib64"]), ("linux/arm64", &["lib64/"])]);
        let problem = two.folder("lib64/x").expect_err("two places");
        assert!(
            problem.message.starts_with("`/lib64` leads to another folder"),
            "{problem:?}"
        );
    }
}
