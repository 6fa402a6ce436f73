//! A store and a workspace's state that are damaged, locked or unusable: the right bytes or a clear message.

use std::fs;
use std::path::{Path, PathBuf};

use farm_engine::digest::Digest;

use crate::farm_snapshot;
use crate::puppet::{self, action, plan};
use crate::support::{Workspace, counted};

/// A front part that lands in `dist/`, and a chain of commands whose outputs lie in the tree.
fn workspace() -> Workspace {
    let commands = r#"
        [targets.first]
        builder = "command"
        options = { command = "cat in.txt; mkdir -p one/deep && cat in.txt > one/deep/a.txt && echo run > one/b && chmod +x one/b", inputs = ["in.txt"], outputs = ["one"] }
        [targets.second]
        builder = "command"
        deps = ["first"]
        options = { command = "cat deps/first/one/deep/a.txt > two.txt; echo warning >&2", inputs = [], outputs = ["two.txt"] }
    "#;
    let workspace = puppet::workspace(
        &[("web", plan(&[action("run", "mkdir out; echo web > out/index.html")]))],
        commands,
    );
    workspace.write("in.txt", "some text\n");
    workspace
}

/// Everything that the workspace's build leaves is right.
#[track_caller]
fn assert_right(workspace: &Workspace, when: &str) {
    let files = [
        ("one/deep/a.txt", "some text\n"),
        ("one/b", "run\n"),
        ("two.txt", "some text\n"),
        ("dist/web/index.html", "web\n"),
    ];
    for (path, text) in files {
        assert_eq!(workspace.read(path), text, "{path} after {when}");
    }
}

/// All plain files below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A way to spoil a file.
type Damage = fn(&mut Vec<u8>);

/// All of them, by name.
const DAMAGES: [(&str, Damage); 4] = [
    ("truncated to nothing", |bytes| bytes.clear()),
    ("cut in half", |bytes| bytes.truncate(bytes.len() / 2)),
    ("one byte longer", |bytes| bytes.push(b'\n')),
    ("one bit flipped", |bytes| {
        let middle = bytes.len() / 2;
        if let Some(byte) = bytes.get_mut(middle) {
            *byte ^= 1;
        }
    }),
];

/// Spoils a file where it lies, with its mode as it was. False when that changes nothing.
fn spoil(path: &Path, damage: Damage) -> bool {
    let before = fs::read(path).expect("a file of the store");
    let mut after = before.clone();
    damage(&mut after);
    let permissions = fs::metadata(path).expect("it is there").permissions();
    let mut open = permissions.clone();
    std::os::unix::fs::PermissionsExt::set_mode(&mut open, 0o600);
    fs::set_permissions(path, open).expect("set");
    fs::write(path, &after).expect("written");
    fs::set_permissions(path, permissions).expect("set");
    after != before
}

#[test]
fn d01_every_file_of_the_store_spoilt_in_every_way() {
    let workspace = workspace();
    assert_eq!(workspace.build(), counted(3, 0, 0));
    assert_right(&workspace, "the first build");
    let store = files(&workspace.cache());
    assert!(store.len() > 12, "{store:?}");
    for path in store {
        for (name, damage) in DAMAGES {
            let when = format!(
                "{} was {name}",
                path.strip_prefix(workspace.cache()).expect("below").display()
            );
            if !path.exists() || !spoil(&path, damage) {
                continue;
            }
            // Without its state, a build asks the store for everything.
            for output in ["one", "two.txt", "dist", ".farm/state"] {
                workspace.remove(output);
            }
            let ran = workspace.farm("build --json");
            assert_eq!(ran.code(), 0, "{when}: {}", ran.text());
            assert_right(&workspace, &when);
            let is_told = ran
                .events_named("notice")
                .iter()
                .any(|notice| notice["code"] == "cache::fault");
            let is_content = ["blobs", "results", "documents"]
                .iter()
                .any(|part| when.contains(&format!("/{part}/")));
            // The log of an action that said nothing is a blob that nobody reads.
            let is_content = is_content && !when.contains(&Digest::of(b"").to_string());
            assert_eq!(is_told, is_content, "{when}: {}", ran.text());
        }
    }
    assert_eq!(workspace.build(), counted(0, 0, 3), "all is whole again");
}

#[test]
fn d01_a_store_that_is_gone_altogether() {
    let workspace = workspace();
    assert_eq!(workspace.build(), counted(3, 0, 0));
    fs::remove_dir_all(workspace.cache()).expect("removed");
    assert_eq!(workspace.build(), counted(0, 0, 3), "what was built lies in place");
    workspace.remove(".farm");
    assert_eq!(workspace.build(), counted(3, 0, 0));
    assert_right(&workspace, "the store was removed");
}

#[test]
fn d03_a_cache_that_cannot_be_used_is_named() {
    let workspace = Workspace::with("[workspace]\nname = \"x\"\n");
    fs::write(workspace.cache(), "a file").expect("written");
    farm_snapshot!(workspace.farm("build"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[cache::not-a-folder]: the cache's place `[TEMP]/cache` is not a folder
      hint: choose another folder with FARM_CACHE_DIR
    ");
    let ran = workspace.ran(workspace.command(["build"]).env("FARM_CACHE_DIR", "/proc/farm-cache"));
    let text = ran.text();
    assert_eq!(ran.code(), 2, "{text}");
    assert!(
        text.contains("error[cache::io]") && text.contains("/proc/farm-cache"),
        "{text}"
    );
    assert!(text.contains("FARM_CACHE_DIR"), "it says what to do: {text}");
}

#[test]
fn d03_a_cache_that_others_may_write_is_refused() {
    let workspace = Workspace::with("[workspace]\nname = \"x\"\n");
    fs::create_dir(workspace.cache()).expect("made");
    std::os::unix::fs::chown(workspace.cache(), None, None).expect("ours");
    let open = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o777);
    fs::set_permissions(workspace.cache(), open).expect("set");
    farm_snapshot!(workspace.farm("build"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[cache::writable-by-others]: the cache folder `[TEMP]/cache` can be written by others (mode 0777)
      hint: see what is in it, then run `chmod go-w` on it, or remove it
    ");
}

#[test]
fn d03_a_cache_behind_a_link_is_fine() {
    let workspace = workspace();
    let real = workspace.outside().join("another-disk");
    fs::create_dir(&real).expect("made");
    std::os::unix::fs::symlink(&real, workspace.cache()).expect("linked");
    assert_eq!(workspace.build(), counted(3, 0, 0));
    assert!(real.join("v1").is_dir());
}

#[test]
fn d06_lock_files_of_the_dead_hold_nobody_up() {
    let workspace = workspace();
    workspace.write(".farm/lock", "4711");
    for lock in ["v1/lock", "v1/unpacked.lock", "v1/tmp/dead.lock"] {
        let path = workspace.cache().join(lock);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, "4711").expect("written");
    }
    fs::create_dir_all(workspace.cache().join("v1/tmp/dead")).expect("made");
    workspace.write(".farm/tmp/4711-0/tree/rest.txt", "of a killed build");
    assert_eq!(workspace.build(), counted(3, 0, 0));
    assert!(!workspace.has(".farm/tmp/4711-0"), "what the dead left is swept");
    assert!(!workspace.cache().join("v1/tmp/dead").exists(), "in the store, too");
}

#[test]
fn a_workspace_whose_own_folder_is_a_file_is_told_so() {
    let workspace = workspace();
    workspace.write(".farm", "a file");
    let ran = workspace.farm("build --json");
    assert_eq!(
        (ran.code(), ran.problem_codes()),
        (2, vec!["build::folder".to_owned()]),
        "{}",
        ran.text()
    );
}
