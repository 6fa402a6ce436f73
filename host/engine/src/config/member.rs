//! `members`: which folders have a `farm.toml` of their own, and what stands in it.
//!
//! Does not know how members depend on each other.

use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobMatcher};

use super::FILE_NAME;
use super::error::{ConfigError, Fault};
use super::folder::{BadFolder, Folders};
use super::name;
use super::target::{parse_path, read_deps};
use super::types::Member;
use super::walk::{Item, Table, Word};
use crate::fs::{self, Kind};
use crate::path::RelPath;

/// Most folders that the globs of `members` may visit.
const MAX_VISITED: usize = 100_000;

/// A member's folder and name, before its file is read.
pub(super) struct Found {
    /// The folder's name.
    pub name: String,
    /// The folder, from the workspace's root.
    pub folder: RelPath,
}

/// Finds the folders that `members` names.
pub(super) fn find_members(item: &Item<'_>, folders: &mut Folders) -> Result<Vec<Found>, ConfigError> {
    let mut search = Search {
        folders,
        visited: 0,
        taken: BTreeSet::new(),
        names: BTreeMap::new(),
        found: Vec::new(),
    };
    for word in item.words()? {
        search.add(&word)?;
    }
    Ok(search.found)
}

/// Reads `[member]` of a member's file.
pub(super) fn read_member(file: &Table<'_>, found: Found) -> Result<Member, ConfigError> {
    let mut depends = Vec::new();
    if let Some(item) = file.get("member") {
        let table = item.table()?;
        table.allow(&["depends"])?;
        if let Some(item) = table.get("depends") {
            depends = read_deps(&item)?;
        }
    }
    Ok(Member {
        name: found.name,
        folder: found.folder,
        depends,
    })
}

struct Search<'f> {
    folders: &'f mut Folders,
    visited: usize,
    taken: BTreeSet<RelPath>,
    names: BTreeMap<String, RelPath>,
    found: Vec<Found>,
}

impl Search<'_> {
    fn add(&mut self, word: &Word<'_>) -> Result<(), ConfigError> {
        let pattern =
            parse_path(word.text).map_err(|reason| word.error(|key, table| Fault::BadPath { key, table, reason }))?;
        if pattern.is_root() {
            let hint = "name folders below it, such as \"services/*\"".to_owned();
            return Err(word.bad_value("is the workspace's own root".to_owned(), Some(hint)));
        }
        if !is_glob(&pattern) {
            return self.add_literal(word, pattern);
        }
        for folder in self.expand(word, &pattern)? {
            if self.has_file(word, &folder)? {
                self.take(word, folder)?;
            }
        }
        Ok(())
    }

    fn add_literal(&mut self, word: &Word<'_>, folder: RelPath) -> Result<(), ConfigError> {
        self.folders.check(&folder).map_err(|bad| bad_folder(word, &bad))?;
        if self.has_file(word, &folder)? {
            return self.take(word, folder);
        }
        Err(word.error(|key, table| Fault::BadFolder {
            key,
            table,
            reason: format!("there is no {FILE_NAME} in `{folder}`"),
            hint: "give the member a farm.toml, or take it out of the list",
        }))
    }

    fn has_file(&mut self, word: &Word<'_>, folder: &RelPath) -> Result<bool, ConfigError> {
        let path = folder.under(&self.folders.root).join(FILE_NAME);
        let kind = fs::kind_of(&path).map_err(|error| unreadable(word, error))?;
        if kind.is_none() {
            self.folders.looked.kinds.push((format!("{folder}/{FILE_NAME}"), None));
        }
        Ok(matches!(kind, Some(Kind::File | Kind::Link)))
    }

    /// Takes a folder as a member, if it is not one already.
    fn take(&mut self, word: &Word<'_>, folder: RelPath) -> Result<(), ConfigError> {
        if !self.taken.insert(folder.clone()) {
            return Ok(());
        }
        let name = folder.file_name().unwrap_or_default().to_owned();
        if let Err(reason) = name::check(&name) {
            let repaired = name::repair(&name);
            let what = "member's folder name";
            return Err(Fault::BadName {
                what,
                name,
                reason,
                repaired,
            }
            .at(word.location()));
        }
        if let Some(first) = self.names.insert(name.clone(), folder.clone()) {
            let (first, second) = (first.to_string(), folder.to_string());
            return Err(Fault::DuplicateMember { name, first, second }.at(word.location()));
        }
        self.found.push(Found { name, folder });
        Ok(())
    }

    /// The folders that match a glob, part by part; links are not followed, and hidden folders not entered.
    fn expand(&mut self, word: &Word<'_>, pattern: &RelPath) -> Result<Vec<RelPath>, ConfigError> {
        let mut level = vec![RelPath::root()];
        let mut literal = true;
        for part in pattern.parts() {
            literal &= !has_glob(part);
            level = match part {
                "**" => self.descend(word, level)?,
                part if has_glob(part) => self.matching(word, level, &compile(word, part)?)?,
                part => level
                    .iter()
                    .filter_map(|folder| Some(folder.join(&RelPath::parse(part).ok()?)))
                    .collect(),
            };
            match literal {
                // What stands before the first glob must be there; behind it, what is not there does not match.
                true => level
                    .iter()
                    .try_for_each(|folder| self.folders.check(folder))
                    .map_err(|bad| bad_folder(word, &bad))?,
                false => level.retain(|folder| self.folders.check(folder).is_ok()),
            }
        }
        Ok(level)
    }

    fn matching(
        &mut self,
        word: &Word<'_>,
        level: Vec<RelPath>,
        glob: &GlobMatcher,
    ) -> Result<Vec<RelPath>, ConfigError> {
        let hidden = glob.glob().glob().starts_with('.');
        let mut next = Vec::new();
        for folder in level {
            let below = self.list(word, &folder)?;
            next.extend(below.into_iter().filter(|path| {
                let name = path.file_name().unwrap_or_default();
                glob.is_match(name) && (hidden || !name.starts_with('.'))
            }));
        }
        Ok(next)
    }

    /// The folders and all that lies below them, without what is hidden or holds packages.
    fn descend(&mut self, word: &Word<'_>, level: Vec<RelPath>) -> Result<Vec<RelPath>, ConfigError> {
        let mut all = Vec::new();
        let mut open = level;
        open.reverse();
        while let Some(folder) = open.pop() {
            let below = self.list(word, &folder)?.into_iter().rev();
            open.extend(below.filter(|path| {
                path.file_name()
                    .is_some_and(|name| !name.starts_with('.') && name != "node_modules")
            }));
            all.push(folder);
        }
        Ok(all)
    }

    /// The folders in a folder.
    fn list(&mut self, word: &Word<'_>, folder: &RelPath) -> Result<Vec<RelPath>, ConfigError> {
        self.visited += 1;
        if self.visited > MAX_VISITED {
            let hint = "name the folders more narrowly".to_owned();
            return Err(word.bad_value(format!("matches below more than {MAX_VISITED} folders"), Some(hint)));
        }
        let place = folder.under(&self.folders.root);
        let stat = fs::stat_followed(&place).map_err(|error| unreadable(word, error))?;
        let entries = fs::read_dir(&place).map_err(|error| unreadable(word, error))?;
        self.folders
            .looked
            .folders
            .push((folder.clone(), stat, entries.clone()));
        let below = entries.into_iter().filter(|listed| listed.kind == Kind::Folder);
        // A name that is no UTF-8 is left out: no path of a build can name it.
        Ok(below
            .filter_map(|listed| Some(folder.join(&RelPath::parse(listed.name.to_str()?).ok()?)))
            .collect())
    }
}

fn compile(word: &Word<'_>, part: &str) -> Result<GlobMatcher, ConfigError> {
    let glob = GlobBuilder::new(part).literal_separator(true).build();
    let glob = glob.map_err(|error| word.bad_value(format!("is no glob: {}", error.kind()), None))?;
    Ok(glob.compile_matcher())
}

fn is_glob(pattern: &RelPath) -> bool {
    pattern.parts().any(has_glob)
}

fn has_glob(part: &str) -> bool {
    part.contains(['*', '?', '[', '{'])
}

fn bad_folder(word: &Word<'_>, bad: &BadFolder) -> ConfigError {
    word.error(|key, table| Fault::BadFolder {
        key,
        table,
        reason: bad.reason(),
        hint: bad.hint(),
    })
}

fn unreadable(word: &Word<'_>, error: crate::error::PathError) -> ConfigError {
    Fault::Unreadable(error).at(word.location())
}
