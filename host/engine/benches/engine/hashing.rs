//! Digests of files, and the key of an action with many inputs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use farm_engine::digest::Digest;
use farm_engine::key::{self, InputContent, KeyParts, ToolIdentity};
use farm_engine::path::RelPath;
use farm_engine::plan::{CheckedAction, CheckedWork};
use farm_engine::sandbox::Tier;

/// Inputs of the action.
const INPUTS: usize = 1_000;

pub(crate) fn all(criterion: &mut Criterion) {
    files(criterion);
    key_of_an_action(criterion);
}

fn files(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut group = criterion.benchmark_group("hash a file");
    for size in [1 << 10, 64 << 10, 16 << 20] {
        let file = folder.path().join(size.to_string());
        fs::write(&file, vec![b'x'; size]).expect("written");
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_with_input(BenchmarkId::from_parameter(size), &file, |bencher, file| {
            bencher.iter(|| farm_engine::fs::digest(file).expect("readable"));
        });
    }
    group.finish();
}

fn key_of_an_action(criterion: &mut Criterion) {
    let action = CheckedAction {
        id: "run".to_owned(),
        label: "cc".to_owned(),
        work: CheckedWork::Tool {
            tool: "sh".to_owned(),
            arguments: vec!["-c".to_owned(), "cc -c src/*.c".to_owned()],
            directory: RelPath::root(),
        },
        inputs: Vec::new(),
        outputs: Vec::new(),
        tools: BTreeSet::new(),
        environment: Vec::new(),
        path_variables: Vec::new(),
        stdout: None,
        pass_environment: Vec::new(),
        secrets: Vec::new(),
        fetch: None,
        caches: Vec::new(),
        timeout_seconds: None,
        weight: 1,
        jobserver: false,
        untrusted: false,
        private_caches: Vec::new(),
        checks_limit: false,
        without_ignored: false,
        on_demand: None,
    };
    let root = RelPath::parse("apps/web").expect("a path");
    let tools = [ToolIdentity {
        name: "sh".to_owned(),
        version: "1.0".to_owned(),
        digest: Digest::of(b"sh"),
    }];
    let (passed, tree) = (BTreeMap::new(), tree());
    let parts = KeyParts {
        action: &action,
        root: &root,
        builder: Digest::of(b"builder"),
        platform: "linux-x86_64",
        base_system: Some("debian 13"),
        tier: Some(Tier::L2),
        tools: &tools,
        passed: &passed,
        tree: &tree,
    };
    criterion.bench_function("key of 1,000 inputs", |bencher| {
        bencher.iter(|| key::key(black_box(&parts)));
    });
}

fn tree() -> BTreeMap<RelPath, InputContent> {
    let entry = |number: usize| {
        let path = format!("apps/web/src/part-{}/file-{number}.c", number % 10);
        let content = InputContent::File {
            digest: Digest::of(path.as_bytes()),
            executable: false,
        };
        (RelPath::parse(&path).expect("a path"), content)
    };
    (0..INPUTS).map(entry).collect()
}
