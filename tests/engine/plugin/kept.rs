//! Compiled components on disk: used where they are untouched, compiled anew in every other case.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use farm_engine::plugin::{Builder, Limits, PluginHost, Settings};

use super::support::guest;

fn host(folder: &Path) -> PluginHost {
    PluginHost::new(Settings {
        compiled: Some(folder.to_path_buf()),
        limits: Limits::default(),
    })
}

/// Describes the guest with a new host: whether it was compiled, and how many faults were told.
fn run(folder: &Path, name: &str) -> (bool, usize) {
    let host = host(folder);
    host.builder(name, guest(name)).describe().expect("a description");
    (host.compilations() == 1, host.take_faults().len())
}

/// The file of the one component that is kept.
fn kept(folder: &Path) -> PathBuf {
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cwasm"))
        .collect();
    assert_eq!(files.len(), 1);
    files.remove(0)
}

#[test]
fn a_component_is_compiled_once() {
    let outer = tempfile::tempdir().expect("a folder");
    let folder = outer.path().join("farm/compiled");
    assert_eq!(run(&folder, "good"), (true, 0));
    assert_eq!(run(&folder, "good"), (false, 0));
    assert_eq!(run(&folder, "quiet"), (true, 0));
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("mac.key")), 0o600);
}

#[test]
fn a29_d01_a_changed_file_is_never_loaded() {
    let folder = tempfile::tempdir().expect("a folder");
    run(folder.path(), "quiet");
    let file = kept(folder.path());
    let whole = fs::read(&file).expect("the file");
    let flipped = |place: usize| {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        bytes
    };
    let half = whole[..whole.len() / 2].to_vec();
    let longer = [&whole[..], b"x"].concat();
    let last = whole.len() - 1;
    for bytes in [
        flipped(0),
        flipped(whole.len() / 2),
        flipped(last),
        half,
        longer,
        Vec::new(),
    ] {
        fs::write(&file, bytes).expect("write");
        assert_eq!(run(folder.path(), "quiet"), (true, 1));
        assert_eq!(run(folder.path(), "quiet"), (false, 0), "it was replaced");
    }
}

#[test]
fn a29_one_component_cannot_stand_in_for_another() {
    let (folder, other) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    run(folder.path(), "quiet");
    fs::copy(folder.path().join("mac.key"), other.path().join("mac.key")).expect("the same key");
    run(other.path(), "good");
    fs::copy(kept(other.path()), kept(folder.path())).expect("swap");
    assert_eq!(run(folder.path(), "quiet"), (true, 1));
}

#[test]
fn a29_a_link_is_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    run(folder.path(), "quiet");
    let file = kept(folder.path());
    let moved = folder.path().join("moved");
    fs::rename(&file, &moved).expect("move");
    symlink(&moved, &file).expect("link");
    assert_eq!(run(folder.path(), "quiet"), (true, 1));
    assert_eq!(run(folder.path(), "quiet"), (false, 0));
}

#[test]
fn d01_a_broken_key_means_compiling_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    for broken in [&b""[..], b"short", &[7; 33]] {
        run(folder.path(), "quiet");
        fs::write(folder.path().join("mac.key"), broken).expect("write");
        assert_eq!(run(folder.path(), "quiet"), (true, 1));
        assert_eq!(run(folder.path(), "quiet"), (false, 0));
    }
}

#[test]
fn a_folder_that_others_may_write_to_is_not_used() {
    let folder = tempfile::tempdir().expect("a folder");
    run(folder.path(), "quiet");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o770)).expect("mode");
    let (compiled, faults) = run(folder.path(), "quiet");
    assert!(compiled && faults > 0);
}
