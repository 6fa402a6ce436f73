//! Several threads and several users of one store at once.

use std::os::unix::fs::MetadataExt as _;
use std::thread;

use farm_engine::cache::{Content, Store, StoreError, StoreLimits};
use farm_engine::digest::Digest;
use farm_engine::fs::Folder;

use super::{key, open, record, restored};
use crate::disk;

#[test]
fn g04_a_hundred_writers_of_one_blob_leave_one_file() {
    let base = disk::folder();
    let bytes = vec![7; 300_000];
    let digest = Digest::of(&bytes);
    thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                let store = open(base.path());
                assert_eq!(store.insert_bytes(&bytes).expect("inserted"), digest);
            });
        }
    });
    let blobs = base.path().join("v1/blobs");
    let found = disk::paths(&blobs);
    assert_eq!(found.len(), 1, "{found:?}");
    let metadata = std::fs::metadata(blobs.join(&found[0])).expect("there");
    assert_eq!((metadata.nlink(), metadata.mode() & 0o777), (1, 0o444));
    assert!(
        disk::paths(&base.path().join("v1/tmp")).is_empty(),
        "nothing temporary is left"
    );
}

#[test]
fn g04_the_first_file_of_equal_bytes_stays() {
    let base = disk::folder();
    let inode = || {
        let blobs = base.path().join("v1/blobs");
        let found = disk::paths(&blobs);
        std::fs::metadata(blobs.join(&found[0])).expect("there").ino()
    };
    let store = open(base.path());
    store.insert_bytes(b"once").expect("inserted");
    let first = inode();
    store.insert_bytes(b"once").expect("inserted");
    let file = base.path().join("file");
    disk::write(&file, "once");
    store
        .insert_file(std::fs::File::open(&file).expect("opened"))
        .expect("inserted");
    open(base.path()).insert_bytes(b"once").expect("inserted");
    assert_eq!(inode(), first);
}

/// A store, and beside it a folder with the file `made` that holds this.
fn beside(base: &disk::Temporary, text: &str) -> (Store, Folder) {
    disk::write(&base.path().join("tree/made"), text);
    let tree = Folder::open(&base.path().join("tree")).expect("a folder");
    (open(&base.path().join("store")), tree)
}

#[test]
fn a_file_that_nobody_else_has_is_moved_in() {
    let base = disk::folder();
    let (store, tree) = beside(&base, "made\n");
    let inode = tree.stat("made").expect("looked").expect("there").inode;
    let adopted = store.adopt_file(&tree, "made").expect("adopted");
    assert_eq!(adopted, (Digest::of(b"made\n"), 5));
    assert_eq!(tree.stat("made").expect("looked"), None, "it is no copy");
    let blobs = base.path().join("store/v1/blobs");
    let metadata = std::fs::metadata(blobs.join(&disk::paths(&blobs)[0])).expect("there");
    assert_eq!((metadata.ino(), metadata.mode() & 0o777), (inode, 0o444));
    assert_eq!(store.read_blob(&adopted.0, 9).as_deref(), Some(&b"made\n"[..]));
}

#[test]
fn a_file_with_another_name_is_copied_in() {
    let base = disk::folder();
    let (store, tree) = beside(&base, "made\n");
    let other = base.path().join("tree/other");
    std::fs::hard_link(base.path().join("tree/made"), &other).expect("linked");
    let (digest, _) = store.adopt_file(&tree, "made").expect("copied");
    disk::write(&other, "changed by the other name\n");
    assert_eq!(store.read_blob(&digest, 9).as_deref(), Some(&b"made\n"[..]));
}

#[test]
fn a_bad_blob_does_not_keep_a_file_from_being_moved_in() {
    let base = disk::folder();
    let (store, tree) = beside(&base, "made\n");
    let digest = store.insert_bytes(b"made\n").expect("inserted");
    let blobs = base.path().join("store/v1/blobs");
    let blob = blobs.join(&disk::paths(&blobs)[0]);
    std::fs::remove_file(&blob).expect("removed");
    disk::write(&blob, "made?");
    assert_eq!(store.adopt_file(&tree, "made").expect("adopted").0, digest);
    assert_eq!(store.read_blob(&digest, 9).as_deref(), Some(&b"made\n"[..]));
}

#[test]
fn g02_eviction_and_clearing_wait_for_no_running_build_and_say_so() {
    let base = disk::folder();
    let limits = StoreLimits {
        max_bytes: 0,
        ..StoreLimits::default()
    };
    let building = open(base.path());
    let recorded = record(&building, "a", "text");
    let evicting = Store::open(base.path(), limits).expect("opened");
    assert!(matches!(evicting.evict(), Err(StoreError::Busy(_))));
    assert!(matches!(evicting.clean(), Err(StoreError::Busy(_))));
    assert_eq!(evicting.evict_if_due().expect("no error of a build"), None);
    assert_eq!(building.lookup(&key("a")), Some(recorded));
    drop(building);
    assert!(evicting.evict().expect("nobody else is there").bytes > 0);
    assert_eq!(evicting.lookup(&key("a")), None);
    assert_eq!(evicting.take_faults(), [], "what was evicted is no fault");
}

#[test]
fn g02_who_failed_to_clear_still_keeps_others_from_it() {
    let base = disk::folder();
    let (one, two) = (open(base.path()), open(base.path()));
    assert!(matches!(one.clean(), Err(StoreError::Busy(_))));
    assert!(
        matches!(two.clean(), Err(StoreError::Busy(_))),
        "the first one's lock is back"
    );
    drop(one);
    two.clean().expect("nobody else is there");
}

#[test]
fn g02_blobs_that_no_result_names_yet_survive_an_eviction() {
    let base = disk::folder();
    let limits = StoreLimits {
        max_bytes: 0,
        ..StoreLimits::default()
    };
    let store = Store::open(base.path(), limits).expect("opened");
    let digest = store.insert_bytes(b"about to be named").expect("inserted");
    store.evict().expect("evicted");
    assert_eq!(
        store.read_blob(&digest, 100).as_deref(),
        Some(&b"about to be named"[..])
    );
}

#[test]
fn g01_two_builds_that_keep_the_same_folder_share_one() {
    let base = disk::folder();
    let files = disk::files(&[("a/index.js", "a"), (".bin/a", "-> ../a/index.js")]);
    let keep = |number: usize| {
        let store = open(&base.path().join("cache"));
        let folder = base.path().join(format!("{number}/node_modules"));
        disk::fill(&folder, &files);
        let content = store.keep_unpacked(&folder, "node_modules").expect("kept");
        assert!(!folder.exists(), "it was taken over");
        content
    };
    let contents: Vec<Content> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|number| scope.spawn(move || keep(number))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    });
    assert!(contents.iter().all(|content| *content == contents[0]));
    let store = open(&base.path().join("cache"));
    let Content::Unpacked { tree, name, .. } = &contents[0] else {
        panic!("an unpacked folder");
    };
    let path = store.unpacked(tree, name).expect("there");
    assert_eq!(path.file_name().expect("a name"), "node_modules");
    assert_eq!(disk::read(&path), files);
    assert_eq!(disk::mode(&path.join("a/index.js")), 0o444);
    assert_eq!(disk::mode(&path.join("a")), 0o555);
    assert_eq!(restored(&store, &contents[0]).expect("restored").len(), 2);
    store.clean().expect("read-only folders can be removed");
    assert_eq!(store.unpacked(tree, name), None);
}
