//! What a step needs to know of its files beyond their contents. The same natively, so that tests of steps are tests.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// The executable files below a step's `input`, as paths from there. WASI does not tell modes; farm does.
///
/// # Errors
/// farm could not look through the inputs.
pub fn executables(input: &Path) -> io::Result<BTreeSet<PathBuf>> {
    system::executables(input)
}

/// Makes a file executable that the step has written below `output`; `path` is from there.
///
/// # Errors
/// There is no such file.
pub fn make_executable(output: &Path, path: &Path) -> io::Result<()> {
    system::make_executable(output, path)
}

#[cfg(target_arch = "wasm32")]
mod system {
    use std::collections::BTreeSet;
    use std::io;
    use std::path::{Path, PathBuf};

    use crate::wasm::files;

    pub(super) fn executables(_: &Path) -> io::Result<BTreeSet<PathBuf>> {
        files::executables().map_err(io::Error::other)
    }

    pub(super) fn make_executable(_: &Path, path: &Path) -> io::Result<()> {
        let path = path.to_str().ok_or(io::ErrorKind::InvalidInput)?;
        files::make_executable(path).map_err(io::Error::other)
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod system {
    use std::collections::BTreeSet;
    use std::fs;
    use std::io;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::{Path, PathBuf};

    pub(super) fn executables(input: &Path) -> io::Result<BTreeSet<PathBuf>> {
        let mut found = BTreeSet::new();
        let mut folders = vec![input.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let (path, data) = entry.and_then(|entry| Ok((entry.path(), entry.metadata()?)))?;
                if data.is_dir() {
                    folders.push(path);
                } else if data.is_file() && data.permissions().mode() & 0o100 != 0 {
                    found.extend(path.strip_prefix(input).map(Path::to_path_buf));
                }
            }
        }
        Ok(found)
    }

    pub(super) fn make_executable(output: &Path, path: &Path) -> io::Result<()> {
        fs::set_permissions(output.join(path), fs::Permissions::from_mode(0o755))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_executable_is() {
        let folder = std::env::temp_dir().join(format!("farm-sdk-files-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("bin")).expect("a folder");
        std::fs::write(folder.join("bin/run"), "x").expect("written");
        std::fs::write(folder.join("data"), "x").expect("written");
        let none = executables(&folder).expect("looked");
        make_executable(&folder, Path::new("bin/run")).expect("made");
        let some = executables(&folder).expect("looked");
        std::fs::remove_dir_all(&folder).expect("removed");
        assert_eq!(
            (none, some),
            (BTreeSet::new(), BTreeSet::from([PathBuf::from("bin/run")]))
        );
    }
}
