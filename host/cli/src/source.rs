//! Reads small files of the user's: a configuration to recognise, a line to show. Guards against files that are not
//! what they seem. Does not know what the text means.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use farm_engine::path::RelPath;

/// More than this is no configuration that somebody wrote.
const MAX_BYTES: u64 = 1 << 20;

/// Longest head of a file that is read, in bytes.
const HEAD_BYTES: u64 = 4 << 10;

/// The text of an ordinary file of a sane size; none for anything else.
pub(crate) fn read_text(path: &Path) -> Option<String> {
    let mut text = String::new();
    let size = open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text).ok()?;
    (size as u64 <= MAX_BYTES).then_some(text)
}

/// The first whole lines of an ordinary file, however long it is; none for anything else.
pub(crate) fn read_head(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    open(path)?.take(HEAD_BYTES).read_to_end(&mut bytes).ok()?;
    let end = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(bytes.len(), |last| last + 1);
    bytes.truncate(end);
    String::from_utf8(bytes).ok()
}

fn open(path: &Path) -> Option<File> {
    // Looked at before it is opened, since opening a pipe would wait for its other end.
    if path.metadata().ok()?.is_file() {
        File::open(path).ok()
    } else {
        None
    }
}

/// Line `number` (from 1) of the file `name` of the workspace; none when it is not there.
///
/// The name may come from a builder: one that leads out of the workspace, itself or through links, is not read.
pub(crate) fn line_of(workspace: &Path, name: &str, number: u32) -> Option<String> {
    let name = RelPath::parse(name).ok()?;
    let workspace = workspace.canonicalize().ok()?;
    let path = workspace.join(name.as_str()).canonicalize().ok()?;
    if !path.starts_with(&workspace) {
        return None;
    }
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    read_text(&path)?.lines().nth(index).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_from_one_and_end_with_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("farm.toml"), "one\ntwo\r\n").expect("written");
        let line = |number| line_of(folder.path(), "farm.toml", number);
        assert_eq!([line(1).as_deref(), line(2).as_deref()], [Some("one"), Some("two")]);
        assert_eq!([line(0), line(3)], [None, None]);
    }

    #[test]
    fn nothing_outside_the_workspace_is_read() {
        let outside = tempfile::tempdir().expect("a folder");
        std::fs::write(outside.path().join("secret"), "secret\n").expect("written");
        let workspace = outside.path().join("workspace");
        std::fs::create_dir(&workspace).expect("made");
        std::os::unix::fs::symlink("../secret", workspace.join("link")).expect("linked");
        for name in [
            "../secret",
            "link",
            outside.path().join("secret").to_str().expect("text"),
        ] {
            assert_eq!(line_of(&workspace, name, 1), None, "{name}");
        }
    }
}
