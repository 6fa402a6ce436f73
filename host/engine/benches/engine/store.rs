//! The store: blobs and results in and out, and a folder of many files put in place, beside `cp -r` of the same files.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use criterion::{BatchSize, Criterion};
use farm_engine::artifact::{Taking, collect, nothing_known, restore};
use farm_engine::cache::{ActionResult, Content, Store, StoreLimits};
use farm_engine::digest::Digest;
use farm_engine::fs::Folder;
use farm_engine::path::RelPath;
use farm_engine::plan::OutputShape;

/// Files of the folder.
const FILES: usize = 1_000;
/// Bytes of each.
const SIZE: usize = 4 << 10;

pub(crate) fn all(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(&folder.path().join("cache"), StoreLimits::default()).expect("it opens");
    blobs(criterion, &store);
    results(criterion, &store);
    folders(criterion, &store, folder.path());
}

fn blobs(criterion: &mut Criterion, store: &Store) {
    let mut number = 0_u64;
    let mut fresh = || {
        number += 1;
        let mut bytes = vec![b'x'; SIZE];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        bytes
    };
    criterion.bench_function("put a blob of 4 KiB", |bencher| {
        bencher.iter_batched(
            &mut fresh,
            |bytes| store.insert_bytes(&bytes).expect("put"),
            BatchSize::SmallInput,
        );
    });
    let digest = store.insert_bytes(&fresh()).expect("put");
    criterion.bench_function("get a blob of 4 KiB", |bencher| {
        bencher.iter(|| store.read_blob(&digest, SIZE as u64).expect("it is there"));
    });
}

fn results(criterion: &mut Criterion, store: &Store) {
    let empty = store.insert_bytes(b"").expect("put");
    let content = Content::File {
        digest: store.insert_bytes(b"output").expect("put"),
        size: 6,
        executable: false,
    };
    let result = ActionResult {
        outputs: [("out".to_owned(), content)].into(),
        stdout: empty,
        stderr: empty,
        duration: Duration::from_secs(1),
        tier: None,
        fetched: false,
        usage: None,
    };
    let mut number = 0_u64;
    let mut key = || {
        number += 1;
        Digest::of(&number.to_le_bytes())
    };
    criterion.bench_function("record a result", |bencher| {
        bencher.iter_batched(
            &mut key,
            |key| store.record(&key, &result).expect("recorded"),
            BatchSize::SmallInput,
        );
    });
    let there = key();
    store.record(&there, &result).expect("recorded");
    criterion.bench_function("look a result up", |bencher| {
        bencher.iter(|| store.lookup(&there).expect("it is there"));
    });
}

fn folders(criterion: &mut Criterion, store: &Store, folder: &Path) {
    let made = folder.join("made");
    for number in 0..FILES {
        let place = made.join(format!("part-{}", number % 10));
        fs::create_dir_all(&place).expect("made");
        let mut bytes = vec![b'y'; SIZE];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        fs::write(place.join(number.to_string()), bytes).expect("written");
    }
    let handle = Folder::open(folder).expect("it opens");
    let path = |text: &str| RelPath::parse(text).expect("a path");
    let content = collect(&handle, &path("made"), OutputShape::Folder, (store, Taking::Copy)).expect("collected");
    let out = path("out");
    let clear = || fs::remove_dir_all(folder.join("out")).unwrap_or_default();
    let mut group = criterion.benchmark_group("1,000 files of 4 KiB");
    group.sample_size(20);
    group.bench_function("restore", |bencher| {
        let put = |()| restore(store, &content, &handle, &out, &nothing_known).expect("restored");
        bencher.iter_batched(clear, put, BatchSize::PerIteration);
    });
    group.bench_function("restore what is right, nothing known", |bencher| {
        bencher.iter(|| restore(store, &content, &handle, &out, &nothing_known).expect("restored"));
    });
    group.bench_function("cp -r", |bencher| {
        let copy = |()| {
            let status = Command::new("cp").arg("-r").arg(&made).arg(folder.join("out")).status();
            assert!(status.is_ok_and(|status| status.success()), "cp fails");
        };
        bencher.iter_batched(clear, copy, BatchSize::PerIteration);
    });
    group.finish();
}
