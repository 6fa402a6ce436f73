//! `[targets.*]` of one `farm.toml`.
//!
//! Does not know what the options mean, nor what the dependencies are.

use std::collections::BTreeSet;

use serde_json::Map;

use super::error::{ConfigError, Fault, shown};
use super::folder::Folders;
use super::json::{Places, read_options};
use super::name;
use super::types::{Dep, Target, TargetName};
use super::walk::{Item, Table, Word};
use crate::path::{InvalidPath, RelPath};

/// What all targets of a file are read with.
pub(super) struct TargetReader<'a> {
    /// Folder of the file, from the workspace's root.
    pub folder: &'a RelPath,
    /// The member whose file it is.
    pub member: Option<&'a str>,
    /// Names that `builder` may have.
    pub builders: &'a BTreeSet<&'a str>,
    /// What is known of the workspace's folders.
    pub folders: &'a mut Folders,
}

impl TargetReader<'_> {
    /// Reads all targets of a file, in its order.
    pub(super) fn read(&mut self, file: &Table<'_>) -> Result<Vec<Target>, ConfigError> {
        let Some(item) = file.get("targets") else {
            return Ok(Vec::new());
        };
        let targets = item.table()?;
        targets.items().iter().map(|item| self.read_target(item)).collect()
    }

    fn read_target(&mut self, item: &Item<'_>) -> Result<Target, ConfigError> {
        check_name(item, "target's name")?;
        let table = item.table()?;
        table.allow(&["builder", "root", "deps", "options"])?;
        let builder = table.require(
            "builder",
            "builder = \"command\", or the builder of the folder's language",
        )?;
        let (options, places) = match table.get("options") {
            Some(options) => read_options(&options)?,
            None => (Map::new(), Places::default()),
        };
        let root = self.read_root(&table)?;
        Ok(Target {
            name: TargetName::new(self.member, item.key),
            builder: self.read_builder(&builder)?,
            base: root.clone(),
            root,
            deps: table.get("deps").map_or(Ok(Vec::new()), |deps| read_deps(&deps))?,
            options,
            location: table.location(),
            builder_location: builder.location(),
            asked: Vec::new(),
            places,
        })
    }

    fn read_builder(&self, item: &Item<'_>) -> Result<String, ConfigError> {
        let name = item.text()?.to_owned();
        if self.builders.contains(name.as_str()) {
            return Ok(name);
        }
        let known = self.builders.iter().map(|&known| known.to_owned()).collect();
        Err(Fault::UnknownBuilder { name, known }.at(item.location()))
    }

    fn read_root(&mut self, table: &Table<'_>) -> Result<RelPath, ConfigError> {
        match table.get("root") {
            Some(item) => read_folder(&item, self.folder, self.folders),
            None => Ok(self.folder.clone()),
        }
    }
}

/// Reads a folder that must be there; it counts from the folder of its file.
fn read_folder(item: &Item<'_>, base: &RelPath, folders: &mut Folders) -> Result<RelPath, ConfigError> {
    let path = read_path(item, base)?;
    folders.check(&path).map_err(|bad| {
        item.error(|key, table| Fault::BadFolder {
            key,
            table,
            reason: bad.reason(),
            hint: bad.hint(),
        })
    })?;
    Ok(path)
}

/// Reads a path that stays inside the workspace; it counts from the folder of its file.
pub(super) fn read_path(item: &Item<'_>, base: &RelPath) -> Result<RelPath, ConfigError> {
    let text = item.text()?;
    // An absolute path must stay one, and an empty one is more likely forgotten than meant.
    if text.is_empty() {
        return Err(item.bad_value(
            "is empty".to_owned(),
            Some("write \".\" for the file's own folder".to_owned()),
        ));
    }
    let whole = match text.starts_with('/') || base.is_root() {
        true => parse_path(text),
        false => parse_path(&format!("{base}/{text}")),
    };
    whole.map_err(|mut reason| {
        reason.path = shown(text);
        item.error(|key, table| Fault::BadPath { key, table, reason })
    })
}

/// A path from the workspace's root as people write it.
pub(super) fn parse_path(text: &str) -> Result<RelPath, InvalidPath> {
    RelPath::parse_lenient(text).map_err(|error| InvalidPath {
        path: shown(text),
        reason: match error.reason {
            "leads out of its folder" => "leads out of the workspace",
            reason => reason,
        },
    })
}

/// Reads a list of names that are resolved later.
pub(super) fn read_deps(item: &Item<'_>) -> Result<Vec<Dep>, ConfigError> {
    let words = item.distinct_words()?;
    let dep = |word: &Word<'_>| Dep {
        text: word.text.to_owned(),
        location: word.location(),
    };
    Ok(words.iter().map(dep).collect())
}

/// Refuses a key that cannot be a name.
pub(super) fn check_name(item: &Item<'_>, what: &'static str) -> Result<(), ConfigError> {
    name::check(item.key).map_err(|reason| {
        let fault = Fault::BadName {
            what,
            name: item.key.to_owned(),
            reason,
            repaired: name::repair(item.key),
        };
        fault.at(item.key_location())
    })
}
