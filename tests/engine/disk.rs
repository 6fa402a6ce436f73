//! Folders for tests: made from a list, read back as a list.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// What a test expects at a path: `Ok` is a file's bytes, `Err` is a link's target.
pub(crate) type Files = BTreeMap<String, Result<Vec<u8>, String>>;

/// A temporary folder. Dropping it removes it, also what nobody may write to.
pub(crate) struct Temporary(tempfile::TempDir);

impl Temporary {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        drop(farm_engine::fs::remove_all(self.0.path()));
    }
}

/// A new temporary folder.
pub(crate) fn folder() -> Temporary {
    Temporary(tempfile::tempdir().expect("a temporary folder"))
}

/// Lets the owner change all folders below this one, as a user who is not root has to before he does damage.
pub(crate) fn unlock(folder: &Path) {
    if folder.is_symlink() || !folder.is_dir() {
        return;
    }
    if mode(folder) & 0o200 == 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("set");
    }
    for entry in fs::read_dir(folder).expect("listed") {
        unlock(&entry.expect("an entry").path());
    }
}

/// Writes a file and the folders above it.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a folder above")).expect("created");
    fs::write(path, bytes).expect("written");
}

/// Makes the folder hold these files and links.
pub(crate) fn fill(folder: &Path, files: &Files) {
    fs::create_dir_all(folder).expect("created");
    for (path, content) in files {
        match content {
            Ok(bytes) => write(&folder.join(path), bytes),
            Err(target) => {
                let link = folder.join(path);
                fs::create_dir_all(link.parent().expect("a folder above")).expect("created");
                symlink(target, link).expect("linked");
            }
        }
    }
}

/// All files and links below the folder.
pub(crate) fn read(folder: &Path) -> Files {
    paths(folder)
        .into_iter()
        .map(|path| {
            let full = folder.join(&path);
            let content = match full.is_symlink() {
                true => Err(fs::read_link(&full).expect("a link").to_string_lossy().into_owned()),
                false => Ok(fs::read(&full).expect("a readable file")),
            };
            (path, content)
        })
        .collect()
}

/// The paths of all files, links, pipes and the like below the folder, sorted.
pub(crate) fn paths(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(at) = open.pop() {
        let Ok(entries) = fs::read_dir(folder.join(&at)) else {
            continue;
        };
        for entry in entries {
            let entry = entry.expect("an entry");
            let path = at.join(entry.file_name());
            match entry.file_type().expect("a type").is_dir() {
                true => open.push(path),
                false => found.push(path.to_string_lossy().into_owned()),
            }
        }
    }
    found.sort();
    found
}

/// Files from pairs of path and text; a text `-> x` is a link to `x`.
pub(crate) fn files(pairs: &[(&str, &str)]) -> Files {
    let content = |text: &str| match text.strip_prefix("-> ") {
        Some(target) => Err(target.to_owned()),
        None => Ok(text.as_bytes().to_vec()),
    };
    pairs
        .iter()
        .map(|(path, text)| ((*path).to_owned(), content(text)))
        .collect()
}

/// The permission bits.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path)
        .expect("something there")
        .permissions()
        .mode()
        & 0o7777
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).expect("below a usize")
    }
}
