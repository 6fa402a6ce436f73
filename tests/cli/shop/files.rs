//! Folders as values: copied, and compared byte for byte. Does not know what lies in them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// All files below a folder, by path from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Files(BTreeMap<PathBuf, Entry>);

#[derive(Clone, PartialEq, Eq)]
struct Entry {
    mode: u32,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(formatter, "{} bytes, mode {:o}", self.bytes.len(), self.mode)
    }
}

impl Files {
    /// Reads them, but for those below entries with one of these names.
    pub(crate) fn below(folder: &Path, without: &[&str]) -> Self {
        let mut found = Self(BTreeMap::new());
        for path in walk(folder, without) {
            let at = folder.join(&path);
            let info = fs::symlink_metadata(&at).expect("it is there");
            let bytes = if info.is_symlink() {
                let target = fs::read_link(&at).expect("it is a link");
                target.into_os_string().into_encoded_bytes()
            } else {
                fs::read(&at).expect("it can be read")
            };
            let mode = info.permissions().mode();
            found.0.insert(path, Entry { mode, bytes });
        }
        found
    }

    /// Without the lines of a file, if it is there, that hold a word.
    pub(crate) fn without_lines(mut self, path: &str, word: &str) -> Self {
        if let Some(entry) = self.0.get_mut(Path::new(path)) {
            let text = String::from_utf8_lossy(&entry.bytes);
            let left: String = text.split_inclusive('\n').filter(|line| !line.contains(word)).collect();
            entry.bytes = left.into_bytes();
        }
        self
    }

    /// Without the files whose names end like this.
    pub(crate) fn without_files(mut self, end: &str) -> Self {
        self.0.retain(|path, _| !path.to_string_lossy().ends_with(end));
        self
    }

    /// Their paths with `/` between the parts, sorted.
    pub(crate) fn paths(&self) -> impl Iterator<Item = String> {
        self.0.keys().map(|path| path.to_string_lossy().into_owned())
    }

    /// The bytes of one of them.
    pub(crate) fn bytes(&self, path: &str) -> &[u8] {
        let entry = self.0.get(Path::new(path));
        &entry.unwrap_or_else(|| panic!("there is no {path}")).bytes
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Fails, with the names of files that differ, where not all bytes and modes are the same.
    #[track_caller]
    pub(crate) fn assert_same(&self, other: &Self) {
        let all = self.0.keys().chain(other.0.keys());
        let differs = |path: &&PathBuf| self.0.get(*path) != other.0.get(*path);
        let different: Vec<String> = all
            .filter(differs)
            .map(|path| format!("{}: {:?}, {:?}", path.display(), self.0.get(path), other.0.get(path)))
            .collect();
        assert!(different.is_empty(), "these differ: {different:#?}");
    }
}

/// Copies a folder, but for entries with one of these names.
pub(crate) fn copy(from: &Path, to: &Path, without: &[&str]) {
    fs::create_dir_all(to).expect("made");
    for path in walk(from, without) {
        let to = to.join(&path);
        fs::create_dir_all(to.parent().expect("it lies in one")).expect("made");
        let from = from.join(&path);
        let copied = match fs::read_link(&from) {
            Ok(target) => std::os::unix::fs::symlink(target, &to),
            Err(_) => fs::copy(&from, &to).map(drop),
        };
        copied.unwrap_or_else(|error| panic!("cannot copy {}: {error}", path.display()));
    }
}

/// Paths of files and links from the folder.
fn walk(folder: &Path, without: &[&str]) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(folder.join(&path)).expect("a folder") {
            let entry = entry.expect("an entry");
            let path = path.join(entry.file_name());
            if without.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            if entry.file_type().expect("it has one").is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}
