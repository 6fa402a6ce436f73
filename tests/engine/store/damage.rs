//! Damaged and foreign files in the store: right bytes or a miss, never an error and never wrong bytes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use farm_engine::artifact::{RestoreError, nothing_known, restore};
use farm_engine::cache::{Content, FaultKind, FaultOf, Store, Tree};
use farm_engine::digest::Digest;
use farm_engine::fs::Folder;
use farm_engine::path::RelPath;

use super::{key, open, restored, result, tree};
use crate::disk;

/// What the test's «build» makes, by output.
const FILE: &str = "#!/bin/sh\necho this is a program\n";
const FOLDER: [(&str, &str); 3] = [
    ("index.html", "<html>"),
    ("assets/app.js", "app()"),
    ("assets/same.js", "app()"),
];
const MODULES: [(&str, &str); 2] = [("left/pad.js", "pad()"), (".bin/pad", "-> ../left/pad.js")];

/// Builds everything and records it.
fn build(store: &Store, scratch: &Path) {
    let modules = scratch.join("node_modules");
    disk::fill(&modules, &disk::files(&MODULES));
    let file = Content::File {
        digest: store.insert_bytes(FILE.as_bytes()).expect("inserted"),
        size: FILE.len() as u64,
        executable: true,
    };
    let outputs = BTreeMap::from([
        ("file".to_owned(), file),
        ("folder".to_owned(), Content::Folder(tree(store, &FOLDER))),
        (
            "modules".to_owned(),
            store.keep_unpacked(&modules, "node_modules").expect("kept"),
        ),
    ]);
    store.record(&key("action"), &result(store, outputs)).expect("recorded");
    store.put_document("plan", &key("document"), b"a plan").expect("put");
}

/// All that the cache gives, if it gives all; what it gives has to be right.
fn all_cached(store: &Store) -> bool {
    let document = store.document("plan", &key("document"));
    assert!(document.as_deref().is_none_or(|bytes| bytes == b"a plan"));
    let Some(result) = store.lookup(&key("action")) else {
        return false;
    };
    let below = |pairs: &[(&str, &str)]| {
        let files = disk::files(pairs).into_iter();
        files
            .map(|(path, content)| (format!("out/{path}"), content))
            .collect::<disk::Files>()
    };
    let file = restored(store, &result.outputs["file"]);
    assert!(
        file.as_ref()
            .is_none_or(|files| *files == disk::files(&[("out", FILE)]))
    );
    let folder = restored(store, &result.outputs["folder"]);
    assert!(folder.as_ref().is_none_or(|files| *files == below(&FOLDER)));
    let modules = restored(store, &result.outputs["modules"]);
    assert!(modules.as_ref().is_none_or(|files| *files == below(&MODULES)));
    let output = store.read_blob(&result.stdout, 100);
    assert!(output.as_deref().is_none_or(|bytes| bytes == b"said"));
    [
        document.is_some(),
        file.is_some(),
        folder.is_some(),
        modules.is_some(),
        output.is_some(),
    ] == [true; 5]
}

/// Damages one file of a fresh store, then builds twice.
fn survives(victim: &str, damage: impl Fn(&Path)) {
    let base = disk::folder();
    let cache = base.path().join("cache");
    build(&open(&cache), base.path());
    disk::unlock(cache.join(victim).parent().expect("a folder above"));
    damage(&cache.join(victim));
    let store = open(&cache);
    let was_whole = all_cached(&store);
    let faults = store.take_faults();
    assert_eq!(was_whole, faults.is_empty(), "{victim}: {faults:?}");
    assert_eq!(store.take_faults(), [], "told once");
    if !was_whole {
        let moved = faults.iter().any(|fault| fault.kind != FaultKind::Missing);
        assert_eq!(
            moved,
            store.status().expect("status").quarantined > 0,
            "{victim}: {faults:?}"
        );
        build(&store, base.path());
        assert!(all_cached(&store), "{victim}: {:?}", store.take_faults());
        drop(store);
        let store = open(&cache);
        assert!(all_cached(&store), "{victim}: {:?}", store.take_faults());
    }
}

/// Every file of a store, from its folder.
fn victims() -> Vec<String> {
    let base = disk::folder();
    build(&open(base.path()), base.path());
    let paths = disk::paths(base.path());
    let files: Vec<String> = paths
        .into_iter()
        .filter(|path| !base.path().join(path).is_symlink())
        .collect();
    for class in [
        "v1/blobs",
        "v1/results",
        "v1/unpacked",
        "v1/documents",
        "v1/lock",
        "v1/usage",
    ] {
        assert!(
            files.iter().any(|file| file.starts_with(class)),
            "{class} is among {files:?}"
        );
    }
    files
}

/// Writes to a read-only file as a bad disk would.
fn rewrite(path: &Path, change: impl Fn(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).expect("read");
    change(&mut bytes);
    let mode = fs::metadata(path).expect("there").permissions();
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("set");
    fs::write(path, bytes).expect("written");
    fs::set_permissions(path, mode).expect("set");
}

#[test]
fn d01_every_file_truncated_to_nothing() {
    for victim in victims() {
        survives(&victim, |path| rewrite(path, Vec::clear));
    }
}

#[test]
fn d01_every_file_truncated_to_half() {
    for victim in victims() {
        survives(&victim, |path| rewrite(path, |bytes| bytes.truncate(bytes.len() / 2)));
    }
}

#[test]
fn d01_every_file_one_byte_longer() {
    for victim in victims() {
        survives(&victim, |path| rewrite(path, |bytes| bytes.push(b'x')));
    }
}

#[test]
fn d01_every_file_with_one_bit_flipped() {
    for victim in victims() {
        survives(&victim, |path| {
            rewrite(path, |bytes| {
                let middle = bytes.len() / 2;
                bytes.iter_mut().skip(middle).take(1).for_each(|byte| *byte ^= 4);
            });
        });
    }
}

#[test]
fn d01_every_file_gone() {
    for victim in victims() {
        let base = disk::folder();
        let cache = base.path().join("cache");
        build(&open(&cache), base.path());
        disk::unlock(&cache);
        fs::remove_file(cache.join(&victim)).expect("removed");
        let store = open(&cache);
        if !all_cached(&store) {
            build(&store, base.path());
            assert!(all_cached(&store), "{victim}: {:?}", store.take_faults());
        }
    }
}

#[test]
fn d01_every_file_replaced_by_a_folder_or_a_link() {
    for victim in victims().iter().filter(|victim| !victim.ends_with("lock")) {
        survives(victim, |path| {
            fs::remove_file(path).expect("removed");
            fs::create_dir(path).expect("created");
        });
        survives(victim, |path| {
            fs::remove_file(path).expect("removed");
            symlink("/etc/passwd", path).expect("linked");
        });
    }
}

#[test]
fn d01_a_folder_of_the_store_replaced_by_a_file() {
    for folder in ["blobs", "results", "unpacked", "documents", "tmp", "quarantine"] {
        let base = disk::folder();
        let cache = base.path().join("cache");
        build(&open(&cache), base.path());
        disk::unlock(&cache);
        fs::remove_dir_all(cache.join("v1").join(folder)).expect("removed");
        disk::write(&cache.join("v1").join(folder), "a file");
        let store = open(&cache);
        if !all_cached(&store) {
            build(&store, base.path());
            assert!(all_cached(&store), "{folder}: {:?}", store.take_faults());
        }
    }
}

#[test]
fn unpacked_folders_notice_new_and_removed_files() {
    let changes: [fn(&Path); 3] = [
        |folder| disk::write(&folder.join("left/new.js"), "planted"),
        |folder| fs::remove_file(folder.join("left/pad.js")).expect("removed"),
        |folder| fs::set_permissions(folder.join("left/pad.js"), fs::Permissions::from_mode(0o755)).expect("set"),
    ];
    for change in changes {
        let base = disk::folder();
        build(&open(base.path()), base.path());
        let unpacked = base.path().join("v1/unpacked");
        let found = disk::paths(&unpacked)
            .into_iter()
            .find(|path| path.ends_with("pad.js"))
            .expect("there");
        let folder = unpacked
            .join(found)
            .parent()
            .and_then(Path::parent)
            .expect("a folder")
            .to_path_buf();
        disk::unlock(&folder);
        change(&folder);
        let store = open(base.path());
        assert_eq!(store.lookup(&key("action")), None);
        let faults = store.take_faults();
        assert!(faults.iter().any(|fault| fault.what == FaultOf::Unpacked), "{faults:?}");
    }
}

#[test]
fn unpacked_folders_with_other_times_are_read_again_and_kept() {
    let base = disk::folder();
    build(&open(base.path()), base.path());
    let unpacked = base.path().join("v1/unpacked");
    let found = disk::paths(&unpacked)
        .into_iter()
        .find(|path| path.ends_with("pad.js"))
        .expect("there");
    fs::File::open(unpacked.join(found))
        .and_then(|file| file.set_modified(std::time::UNIX_EPOCH))
        .expect("set");
    for _ in 0..2 {
        let store = open(base.path());
        assert!(all_cached(&store), "{:?}", store.take_faults());
    }
}

fn blob_path(base: &Path, digest: &Digest) -> PathBuf {
    let name = digest.to_string();
    base.join("v1/blobs").join(&name[..2]).join(name)
}

#[test]
fn b01_bytes_that_do_not_match_their_digest_are_dropped_and_can_be_built_again() {
    let base = disk::folder();
    let digest = open(base.path()).insert_bytes(b"right").expect("inserted");
    rewrite(&blob_path(base.path(), &digest), |bytes| {
        bytes.copy_from_slice(b"wrong");
    });
    let store = open(base.path());
    assert_eq!(store.read_blob(&digest, 100), None);
    let faults = store.take_faults();
    assert_eq!((faults[0].kind, faults[0].what), (FaultKind::Corrupt, FaultOf::Blob));
    assert_eq!(store.insert_bytes(b"right").expect("inserted"), digest);
    assert_eq!(store.read_blob(&digest, 100).as_deref(), Some(&b"right"[..]));
}

#[test]
fn b01_a_bad_blob_does_not_outlive_a_rebuild_that_never_read_it() {
    let base = disk::folder();
    let digest = open(base.path()).insert_bytes(b"right").expect("inserted");
    rewrite(&blob_path(base.path(), &digest), |bytes| {
        bytes.copy_from_slice(b"wrong");
    });
    let store = open(base.path());
    store.insert_bytes(b"right").expect("inserted");
    assert_eq!(store.read_blob(&digest, 100).as_deref(), Some(&b"right"[..]));
    assert_eq!(store.fault_count(), 1);
}

#[test]
fn b02_a_size_that_does_not_match_is_a_miss_and_shows_nothing() {
    let base = disk::folder();
    let store = open(&base.path().join("cache"));
    let digest = store.insert_bytes(b"text").expect("inserted");
    let folder = base.path().join("out");
    fs::create_dir(&folder).expect("created");
    let content = Content::File {
        digest,
        size: 5,
        executable: false,
    };
    let (handle, place) = (
        Folder::open(&folder).expect("opened"),
        RelPath::parse("file").expect("a path"),
    );
    let restored = restore(&store, &content, &handle, &place, &nothing_known);
    assert!(matches!(restored, Err(RestoreError::Miss(_))), "{restored:?}");
    assert_eq!(store.take_faults()[0].kind, FaultKind::WrongSize);
    assert!(disk::paths(&folder).is_empty());
}

#[test]
fn b06_paths_that_could_leave_do_not_decode() {
    let long = "x".repeat(256);
    let deep = "x/".repeat(2500);
    let digest = Digest::of(b"");
    let manifest = |path: &str| {
        let path = serde_json::to_string(path).expect("a text");
        format!(
            r#"{{"version":1,"entries":[{{"path":{path},"node":{{"file":{{"digest":"{digest}","size":0,"executable":false}}}}}}]}}"#
        )
    };
    assert!(Tree::decode(manifest("fine/file").as_bytes()).is_some());
    for bad in [
        "../../x",
        "/etc/x",
        "C:x",
        "C:\\x",
        "a//b",
        "a/./b",
        "",
        ".",
        "a\0b",
        "a/",
        "x.",
        "x ",
        "a\\b",
        "\u{1b}[2J",
        &long,
        &deep,
    ] {
        assert!(Tree::decode(manifest(bad).as_bytes()).is_none(), "{bad:?}");
    }
}

#[test]
fn b06_trees_in_which_paths_contradict_each_other_do_not_decode() {
    let link = |path: &str| format!(r#"{{"path":"{path}","node":{{"link":{{"target":"x"}}}}}}"#);
    let manifest = |paths: &[&str]| {
        let entries: Vec<String> = paths.iter().map(|path| link(path)).collect();
        format!(r#"{{"version":1,"entries":[{}]}}"#, entries.join(","))
    };
    assert!(Tree::decode(manifest(&["a", "b"]).as_bytes()).is_some());
    for bad in [&["a", "a"][..], &["b", "a"], &["a", "a/b"], &["a", "a-b", "a/b"]] {
        assert!(Tree::decode(manifest(bad).as_bytes()).is_none(), "{bad:?}");
    }
}

#[test]
fn b08_links_that_leave_through_other_links_do_not_decode() {
    let manifest = |links: &[(&str, &str)]| {
        let entry =
            |(path, target): &(&str, &str)| format!(r#"{{"path":"{path}","node":{{"link":{{"target":"{target}"}}}}}}"#);
        let entries: Vec<String> = links.iter().map(entry).collect();
        format!(r#"{{"version":1,"entries":[{}]}}"#, entries.join(","))
    };
    assert!(Tree::decode(manifest(&[("a/b", "../c"), ("d", "a/b")]).as_bytes()).is_some());
    for bad in [
        &[("a", "/etc/passwd")][..],
        &[("a", "..")],
        &[("a/b", "../../c")],
        &[("a", "b/.."), ("b", "c/d/../../..")],
        &[("a/up", ".."), ("b", "a/up/../x")],
        &[("a", "a")],
    ] {
        assert!(Tree::decode(manifest(bad).as_bytes()).is_none(), "{bad:?}");
    }
}

#[test]
fn d04_swapped_blobs_and_swapped_results_are_seen() {
    let base = disk::folder();
    let store = open(base.path());
    let (one, two) = (
        super::record(&store, "one", "first"),
        super::record(&store, "two", "other"),
    );
    let digests = [store.insert_bytes(b"first"), store.insert_bytes(b"other")].map(|digest| digest.expect("inserted"));
    swap(
        &blob_path(base.path(), &digests[0]),
        &blob_path(base.path(), &digests[1]),
    );
    let store = open(base.path());
    assert_eq!(restored(&store, &one.outputs["out"]), None);
    assert_eq!(restored(&store, &two.outputs["out"]), None);
    let results = base.path().join("v1/results");
    let files: Vec<PathBuf> = disk::paths(&results).iter().map(|path| results.join(path)).collect();
    swap(&files[0], &files[1]);
    assert_eq!((store.lookup(&key("one")), store.lookup(&key("two"))), (None, None));
    assert_eq!(store.fault_count(), 4);
}

fn swap(one: &Path, two: &Path) {
    let between = one.with_extension("between");
    fs::rename(one, &between).expect("moved");
    fs::rename(two, one).expect("moved");
    fs::rename(&between, two).expect("moved");
}

#[test]
fn the_quarantine_is_bounded() {
    let base = disk::folder();
    let store = open(base.path());
    for number in 0..50 {
        let digest = store.insert_bytes(format!("{number}").as_bytes()).expect("inserted");
        rewrite(&blob_path(base.path(), &digest), |bytes| bytes.fill(b'x'));
        assert_eq!(store.read_blob(&digest, 10), None);
    }
    assert_eq!(store.fault_count(), 50);
    assert_eq!(store.status().expect("status").quarantined, 32);
}

#[test]
fn a_blob_larger_than_asked_for_is_not_read_and_not_blamed() {
    let base = disk::folder();
    let store = open(base.path());
    let digest = store.insert_bytes(b"five!").expect("inserted");
    assert_eq!(store.read_blob(&digest, 4), None);
    assert_eq!(store.read_blob(&digest, 5).as_deref(), Some(&b"five!"[..]));
    assert_eq!(store.fault_count(), 0);
}
