//! How much lies below a folder, counted without following links and without trusting it to be small.

use std::fs;
use std::path::{Path, PathBuf};

/// What an entry counts at least: an empty file costs the disk something too.
const ENTRY_BYTES: u64 = 4096;

/// Bytes of the files below a folder, holes included, at least 4 KiB for each entry. Stops counting when it is over
/// `enough`. A folder that cannot be read (its path is too long, say) counts as more than enough.
pub fn bytes_below(folder: &Path, enough: u64) -> u64 {
    let mut sum = 0;
    let mut folders: Vec<PathBuf> = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            return u64::MAX;
        };
        for entry in entries.flatten() {
            // An entry that vanished since is no longer there to be counted.
            let Ok(metadata) = entry.metadata() else { continue };
            sum += metadata.len().max(ENTRY_BYTES);
            if sum > enough {
                return sum;
            }
            if metadata.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_count_with_their_holes_and_links_are_not_followed() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let inner = folder.path().join("a/b");
        fs::create_dir_all(&inner).expect("folder");
        let sparse = fs::File::create(inner.join("sparse")).expect("file");
        sparse.set_len(1 << 40).expect("sparse file");
        std::os::unix::fs::symlink("/", folder.path().join("root")).expect("link");
        let sum = bytes_below(folder.path(), u64::MAX);
        assert!(sum > 1 << 40 && sum < (1 << 40) + (1 << 20), "{sum}");
        assert!(bytes_below(folder.path(), 10) > 10);
    }
}
