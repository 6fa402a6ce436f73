//! Who may have the store's folder.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use farm_engine::cache::{Store, StoreError, StoreLimits};

use super::{key, open, record};
use crate::disk;

fn refused(folder: &std::path::Path) -> StoreError {
    Store::open(folder, StoreLimits::default()).expect_err("refused")
}

#[test]
fn d03_a_missing_folder_is_created_for_its_owner_alone() {
    let base = disk::folder();
    let folder = base.path().join("a/b/cache");
    drop(open(&folder));
    assert_eq!(disk::mode(&folder.join("v1")), 0o700);
}

#[test]
fn d03_a_file_in_the_folders_place_is_told() {
    let base = disk::folder();
    let folder = base.path().join("cache");
    disk::write(&folder, "a file");
    let error = refused(&folder);
    assert!(matches!(error, StoreError::NotAFolder(_)), "{error}");
    assert_eq!(fs::read(&folder).expect("still there"), b"a file");
}

#[test]
fn d03_the_folder_may_be_a_link_but_the_version_in_it_may_not() {
    let base = disk::folder();
    let (real, link) = (base.path().join("real"), base.path().join("link"));
    fs::create_dir(&real).expect("created");
    symlink(&real, &link).expect("linked");
    drop(open(&link));
    fs::remove_dir_all(real.join("v1")).expect("removed");
    symlink(base.path(), real.join("v1")).expect("linked");
    assert!(matches!(refused(&link), StoreError::NotAFolder(_)));
}

#[test]
fn d03_a_folder_that_others_may_write_is_refused() {
    let base = disk::folder();
    drop(open(base.path()));
    fs::set_permissions(base.path().join("v1"), fs::Permissions::from_mode(0o770)).expect("set");
    let error = refused(base.path());
    assert!(
        matches!(error, StoreError::WritableByOthers { mode: 0o770, .. }),
        "{error}"
    );
    fs::set_permissions(base.path().join("v1"), fs::Permissions::from_mode(0o755)).expect("set");
    drop(open(base.path()));
    assert_eq!(
        disk::mode(&base.path().join("v1")),
        0o700,
        "what others may only read is closed"
    );
    fs::set_permissions(base.path(), fs::Permissions::from_mode(0o777)).expect("set");
    assert!(matches!(refused(base.path()), StoreError::WritableByOthers { .. }));
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn d03_a_folder_of_another_user_is_refused() {
    let base = disk::folder();
    if chown(base.path(), Some(12345), None).is_err() {
        eprintln!("skipped: only root can give a folder away");
        return;
    }
    let error = refused(base.path());
    assert!(
        matches!(error, StoreError::ForeignOwner { owner: 12345, .. }),
        "{error}"
    );
}

#[test]
fn d06_a_lock_file_of_a_dead_process_locks_nobody_out() {
    let base = disk::folder();
    drop(open(base.path()));
    assert!(base.path().join("v1/lock").exists());
    let store = open(base.path());
    store.clean().expect("nobody else is there");
}

#[test]
fn g06_versions_of_the_layout_do_not_see_each_other() {
    let base = disk::folder();
    let other = base.path().join("v2/results/of/another/version");
    disk::write(&other, "untouched");
    let store = open(base.path());
    record(&store, "a", "text");
    store.clean().expect("cleaned");
    assert_eq!(fs::read(&other).expect("still there"), b"untouched");
}

#[test]
fn g06_an_entry_of_another_format_is_a_miss() {
    let base = disk::folder();
    let store = open(base.path());
    record(&store, "a", "text");
    let name = key("a").to_string();
    let entry = base.path().join("v1/results").join(&name[..2]).join(&name);
    let bytes = fs::read(&entry).expect("read");
    let text = String::from_utf8(bytes)
        .expect("text")
        .replacen("farm-entry-1", "farm-entry-2", 1);
    fs::remove_file(&entry).expect("removed");
    fs::write(&entry, text).expect("written");
    assert_eq!(store.lookup(&key("a")), None);
    assert_eq!(store.fault_count(), 1);
}
