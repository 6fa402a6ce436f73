//! What a killed process or a loss of power leaves, built by hand: each state on the way, then a build on top of it.

use std::fs;
use std::path::Path;

use farm_engine::cache::{Content, Durability, Store, StoreLimits};
use farm_engine::digest::Digest;

use super::{key, open, record, restored};
use crate::disk;

/// Where the result with this key is.
fn result_path(base: &Path, name: &str) -> std::path::PathBuf {
    let name = key(name).to_string();
    base.join("v1/results").join(&name[..2]).join(name)
}

fn blob_path(base: &Path, digest: &Digest) -> std::path::PathBuf {
    let name = digest.to_string();
    base.join("v1/blobs").join(&name[..2]).join(name)
}

#[test]
fn e01_temporary_files_of_dead_processes_go_with_the_next_write() {
    let base = disk::folder();
    drop(open(base.path()));
    let tmp = base.path().join("v1/tmp");
    disk::write(&tmp.join("0123.lock"), "");
    disk::write(&tmp.join("0123/0"), "half a blob");
    disk::write(&tmp.join("4567/0"), "killed before it had a lock");
    disk::write(&tmp.join("89ab.lock"), "");
    let living = open(base.path());
    let scratch = living.scratch().expect("a folder");
    disk::write(&scratch.join("file"), "of a living process");
    let store = open(base.path());
    store.insert_bytes(b"x").expect("inserted");
    assert!(scratch.join("file").exists());
    drop(store);
    drop(living);
    assert_eq!(fs::read_dir(&tmp).expect("listed").count(), 0);
}

#[test]
fn e01_a_blob_without_a_result_is_no_hit_and_no_obstacle() {
    let base = disk::folder();
    open(base.path()).insert_bytes(b"text").expect("inserted");
    let store = open(base.path());
    assert_eq!(store.lookup(&key("a")), None);
    let result = record(&store, "a", "text");
    assert_eq!(store.lookup(&key("a")), Some(result));
    assert_eq!(store.fault_count(), 0);
}

#[test]
fn e01_a_result_without_its_blob_is_a_miss_and_goes() {
    let base = disk::folder();
    let result = record(&open(base.path()), "a", "text");
    fs::remove_file(blob_path(base.path(), &Digest::of(b"text"))).expect("removed");
    let store = open(base.path());
    assert_eq!(store.lookup(&key("a")), None);
    assert_eq!(store.fault_count(), 1);
    assert!(!result_path(base.path(), "a").exists());
    assert_eq!(record(&store, "a", "text"), result);
    assert_eq!(store.lookup(&key("a")), Some(result));
}

#[test]
fn e01_an_unpacked_folder_without_its_record_is_replaced() {
    let base = disk::folder();
    let cache = base.path().join("cache");
    let keep = |store: &Store| {
        let folder = base.path().join("node_modules");
        disk::write(&folder.join("a.js"), "a");
        store.keep_unpacked(&folder, "node_modules").expect("kept")
    };
    let content = keep(&open(&cache));
    let Content::Unpacked { tree, name, .. } = &content else {
        panic!("an unpacked folder");
    };
    let record = cache.join(format!("v1/unpacked/{tree}.{name}.json"));
    fs::remove_file(&record).expect("removed");
    let left = cache.join(format!("v1/unpacked/{tree}/{name}/a.js"));
    disk::unlock(&cache);
    fs::remove_file(&left).expect("half of it was moved");
    let store = open(&cache);
    assert_eq!(store.unpacked(tree, name), None);
    assert_eq!(store.fault_count(), 0, "it was never finished");
    assert_eq!(keep(&store), content);
    assert!(store.unpacked(tree, name).is_some());
    assert!(left.exists());
}

#[test]
fn e01_an_eviction_killed_between_results_and_blobs_is_finished_by_the_next() {
    let base = disk::folder();
    record(&open(base.path()), "a", "text");
    fs::remove_file(result_path(base.path(), "a")).expect("removed");
    let store = open(base.path());
    store.evict().expect("evicted");
    assert!(
        blob_path(base.path(), &Digest::of(b"text")).exists(),
        "somebody may be about to name it"
    );
    assert_eq!(store.lookup(&key("a")), None);
    assert_eq!(store.fault_count(), 0);
}

/// Puts the stamp of an earlier start of the system into a result. The entry's checksum is that of the body, so it is
/// written anew by a store: here through the result's own text.
fn as_if_recorded_before_the_last_start(base: &Path, name: &str) {
    let path = result_path(base, name);
    let text = fs::read_to_string(&path).expect("read");
    let body = text.split_once('\n').expect("a body").1;
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("a number of the start");
    let body = body.replace(boot.trim(), "00000000-0000-0000-0000-000000000000");
    let mut hasher = farm_engine::digest::Hasher::new();
    for field in ["result", &key(name).to_string(), &body] {
        hasher.field(field.as_bytes());
    }
    fs::remove_file(&path).expect("removed");
    fs::write(&path, format!("farm-entry-1 {}\n{body}", hasher.finish())).expect("written");
}

#[test]
fn e01_zeros_of_the_right_length_after_a_loss_of_power_are_seen_before_the_result_is_used() {
    let base = disk::folder();
    record(&open(base.path()), "a", "text");
    let blob = blob_path(base.path(), &Digest::of(b"text"));
    fs::remove_file(&blob).expect("removed");
    fs::write(&blob, [0; 4]).expect("written");
    as_if_recorded_before_the_last_start(base.path(), "a");
    let store = open(base.path());
    assert_eq!(store.lookup(&key("a")), None);
    assert_eq!(store.fault_count(), 1);
}

#[test]
fn e01_what_has_survived_a_start_of_the_system_is_hashed_once() {
    let base = disk::folder();
    let result = record(&open(base.path()), "a", "text");
    as_if_recorded_before_the_last_start(base.path(), "a");
    assert_eq!(open(base.path()).lookup(&key("a")), Some(result.clone()));
    let text = fs::read_to_string(result_path(base.path(), "a")).expect("read");
    assert!(text.contains(r#""boot":null"#), "{text}");
    // From now on only sizes are looked at; whoever takes the bytes out still hashes them.
    let blob = blob_path(base.path(), &Digest::of(b"text"));
    fs::remove_file(&blob).expect("removed");
    fs::write(&blob, [0; 4]).expect("written");
    let store = open(base.path());
    assert_eq!(store.lookup(&key("a")), Some(result.clone()));
    assert_eq!(restored(&store, &result.outputs["out"]), None);
}

#[test]
fn e01_with_full_durability_results_need_no_second_look() {
    let base = disk::folder();
    let store = Store::open_with(base.path(), StoreLimits::default(), Durability::Full).expect("opened");
    let result = record(&store, "a", "text");
    assert_eq!(store.lookup(&key("a")), Some(result));
    let text = fs::read_to_string(result_path(base.path(), "a")).expect("read");
    assert!(text.contains(r#""boot":null"#), "{text}");
}
