//! The store: what it promises when its files, its folder or its users misbehave.

mod crash;
mod damage;
mod eviction;
mod opening;
mod sharing;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use farm_engine::artifact::{nothing_known, restore};
use farm_engine::cache::{ActionResult, Content, Entry, Node, Store, StoreLimits, Tree};
use farm_engine::digest::Digest;
use farm_engine::fs::Folder;
use farm_engine::path::RelPath;

use crate::disk;

fn open(folder: &Path) -> Store {
    Store::open(folder, StoreLimits::default()).expect("the store opens")
}

fn key(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn path(text: &str) -> RelPath {
    RelPath::parse(text).expect("a path of the test")
}

/// A tree of these files, whose blobs go into the store.
fn tree(store: &Store, files: &[(&str, &str)]) -> Tree {
    let entries = files.iter().map(|(at, text)| Entry {
        path: path(at),
        node: Node::File {
            digest: store.insert_bytes(text.as_bytes()).expect("inserted"),
            size: text.len() as u64,
            executable: false,
        },
    });
    Tree::new(entries.collect()).expect("a tree that keeps the rules")
}

fn result(store: &Store, outputs: BTreeMap<String, Content>) -> ActionResult {
    ActionResult {
        outputs,
        stdout: store.insert_bytes(b"said").expect("inserted"),
        stderr: store.insert_bytes(b"").expect("inserted"),
        tier: None,
        duration: Duration::from_millis(5),
        usage: None,
        fetched: false,
    }
}

/// A result with one folder of one file, recorded under the key.
fn record(store: &Store, name: &str, text: &str) -> ActionResult {
    let tree = tree(store, &[("file", text)]);
    let result = result(store, BTreeMap::from([("out".to_owned(), Content::Folder(tree))]));
    store.record(&key(name), &result).expect("recorded");
    result
}

/// Restores a content into a folder; none is a miss.
fn restored(store: &Store, content: &Content) -> Option<disk::Files> {
    let folder = disk::folder();
    let base = Folder::open(folder.path()).expect("opened");
    restore(store, content, &base, &path("out"), &nothing_known).ok()?;
    Some(disk::read(folder.path()))
}
