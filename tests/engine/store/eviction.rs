//! What goes first, and how much.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use farm_engine::cache::{Store, StoreLimits};
use farm_engine::digest::Digest;

use super::{key, open, record};
use crate::disk;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Makes a result look as if it was last used this long ago, and its blobs as if they were as old.
fn age(base: &Path, name: &str, by: Duration) {
    let time = SystemTime::now() - by;
    File::open(result_path(base, &key(name)))
        .and_then(|file| file.set_modified(time))
        .expect("set");
}

fn result_path(base: &Path, key: &Digest) -> PathBuf {
    let name = key.to_string();
    base.join("v1/results").join(&name[..2]).join(name)
}

/// The names among these whose results are still there; does not count as a use.
fn left<'a>(base: &Path, names: &[&'a str]) -> Vec<&'a str> {
    let is_there = |name: &&&str| result_path(base, &key(name)).exists();
    names.iter().filter(is_there).copied().collect()
}

fn with_limit(base: &Path, max_bytes: u64) -> Store {
    let limits = StoreLimits {
        max_bytes,
        ..StoreLimits::default()
    };
    Store::open(base, limits).expect("opened")
}

#[test]
fn the_longest_unused_goes_first_and_only_down_to_the_target() {
    let base = disk::folder();
    let store = open(base.path());
    for (name, hours) in [("a", 1), ("b", 4), ("c", 2), ("d", 3)] {
        record(&store, name, &name.repeat(100_000));
        age(base.path(), name, HOUR * hours);
    }
    drop(store);
    // Four results of a little over 100,000 bytes each; 80 % of the limit has room for two.
    let freed = with_limit(base.path(), 350_000).evict().expect("evicted");
    assert_eq!(left(base.path(), &["a", "b", "c", "d"]), ["a", "c"]);
    assert_eq!(freed.entries, 2);
    assert!(freed.bytes >= 200_000, "{freed:?}");
    let status = open(base.path()).status().expect("status");
    assert!(status.usage.blobs <= 280_000, "{status:?}");
}

#[test]
fn a_lookup_counts_as_a_use() {
    let base = disk::folder();
    let store = open(base.path());
    for (name, hours) in [("a", 5), ("b", 4)] {
        record(&store, name, &name.repeat(100_000));
        age(base.path(), name, HOUR * hours);
    }
    assert!(store.lookup(&key("a")).is_some());
    drop(store);
    with_limit(base.path(), 150_000).evict().expect("evicted");
    assert_eq!(left(base.path(), &["a", "b"]), ["a"]);
}

#[test]
fn what_was_not_used_for_a_week_goes_whatever_its_size() {
    let base = disk::folder();
    let store = open(base.path());
    record(&store, "old", "small");
    record(&store, "new", "small too");
    age(base.path(), "old", HOUR * 24 * 8);
    age(base.path(), "new", HOUR * 24 * 6);
    let freed = store.evict().expect("evicted");
    assert_eq!(freed.entries, 1);
    assert_eq!(left(base.path(), &["old", "new"]), ["new"]);
}

#[test]
fn blobs_that_a_surviving_result_names_stay() {
    let base = disk::folder();
    let store = open(base.path());
    let old = record(&store, "old", "shared");
    let new = record(&store, "new", "shared");
    assert_eq!(old.outputs, new.outputs);
    age(base.path(), "old", HOUR * 24 * 8);
    store.evict().expect("evicted");
    assert_eq!(store.lookup(&key("new")), Some(new));
    assert_eq!(store.fault_count(), 0);
}

#[test]
fn unpacked_folders_go_with_the_last_result_that_names_them() {
    let base = disk::folder();
    let store = open(&base.path().join("cache"));
    let folder = base.path().join("node_modules");
    disk::write(&folder.join("a.js"), "a");
    let content = store.keep_unpacked(&folder, "node_modules").expect("kept");
    let result = super::result(&store, [("out".to_owned(), content)].into());
    store.record(&key("fetch"), &result).expect("recorded");
    let unpacked = base.path().join("cache/v1/unpacked");
    store.evict().expect("evicted");
    assert!(store.lookup(&key("fetch")).is_some());
    age(&base.path().join("cache"), "fetch", HOUR * 24 * 8);
    store.evict().expect("evicted");
    assert_eq!(store.lookup(&key("fetch")), None);
    assert_eq!(fs::read_dir(unpacked).expect("listed").count(), 0);
    assert_eq!(store.fault_count(), 0);
}

#[test]
fn tool_caches_and_documents_are_bounded_too() {
    let base = disk::folder();
    let store = open(base.path());
    let tool = store.tool_cache("go", "build").expect("a tool cache");
    disk::write(&tool.join("deep/object"), vec![0; 100_000]);
    store.put_document("plan", &key("p"), &[0; 50_000]).expect("put");
    File::open(&tool)
        .and_then(|file| file.set_modified(SystemTime::now() - HOUR))
        .expect("set");
    drop(store);
    with_limit(base.path(), 100_000).evict().expect("evicted");
    assert!(!tool.exists());
    assert!(open(base.path()).document("plan", &key("p")).is_some());
}

#[test]
fn a_build_evicts_only_when_its_notes_say_so() {
    let base = disk::folder();
    let store = with_limit(base.path(), 150_000);
    assert_eq!(
        store.evict_if_due().expect("no error"),
        None,
        "nothing was ever written"
    );
    record(&store, "a", &"a".repeat(100_000));
    assert!(store.evict_if_due().expect("no error").is_some(), "the first look");
    assert_eq!(store.evict_if_due().expect("no error"), None);
    age(base.path(), "a", HOUR);
    record(&store, "b", &"b".repeat(100_000));
    assert!(
        store
            .evict_if_due()
            .expect("no error")
            .is_some_and(|freed| freed.entries == 1)
    );
    assert_eq!(left(base.path(), &["a", "b"]), ["b"]);
    assert_eq!(store.evict_if_due().expect("no error"), None);
}

#[test]
fn status_counts_by_class() {
    let base = disk::folder();
    let store = open(base.path());
    record(&store, "a", "12345");
    store.put_document("plan", &key("p"), b"a plan").expect("put");
    let status = store.status().expect("status");
    assert_eq!((status.entries, status.quarantined), (1, 0));
    assert_eq!(status.usage.blobs, 5 + "said".len() as u64);
    assert!(status.usage.results > 0 && status.usage.documents > 0);
    assert!(status.oldest.is_some_and(|oldest| oldest <= SystemTime::now()));
    assert_eq!(status.location, base.path());
    let freed = store.clean().expect("cleaned");
    assert_eq!(freed.entries, 1);
    assert_eq!(store.lookup(&key("a")), None);
    assert_eq!(store.status().expect("status").usage.blobs, 0);
    assert_eq!(store.fault_count(), 0);
}

#[test]
fn names_that_are_no_names_are_refused() {
    let base = disk::folder();
    let store = open(base.path());
    for bad in ["", ".", "..", "a/b", "../x", "a\0", &"x".repeat(200)] {
        assert!(store.tool_cache(bad, "x").is_err(), "{bad:?}");
        assert!(store.tool_cache("x", bad).is_err(), "{bad:?}");
        assert!(store.put_document(bad, &key("x"), b"").is_err(), "{bad:?}");
    }
}
