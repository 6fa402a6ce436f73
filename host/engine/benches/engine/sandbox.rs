//! Starting `/bin/true` in each tier, in a tree of many files, beside a plain spawn. Staging the tree is not in it.

use std::fs;
use std::path::Path;
use std::process::Command;

use criterion::Criterion;
use farm_engine::path::RelPath;
use farm_engine::sandbox::{Helper, Limits, Spec, Tier, run};

/// Files of the tree.
const FILES: usize = 1_000;

pub(crate) fn all(criterion: &mut Criterion) {
    let helper = Helper::new(super::built("release/farm"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut group = criterion.benchmark_group("start true");
    group.bench_function("plain", |bencher| {
        bencher.iter(|| Command::new("/bin/true").status().expect("it starts"));
    });
    for tier in [Tier::L0, Tier::L1, Tier::L2] {
        let spec = spec(tier, folder.path());
        let (_sender, stop) = tokio::sync::watch::channel(false);
        let once = || runtime.block_on(run(&helper, &spec, None, &mut |_, _| {}, stop.clone()));
        if let Err(error) = once() {
            panic!("{tier}: {error}");
        }
        group.bench_function(tier.to_string(), |bencher| bencher.iter(|| once().expect("it runs")));
    }
    group.finish();
}

fn spec(tier: Tier, folder: &Path) -> Spec {
    let (tree, scratch) = (
        folder.join(format!("tree-{tier}")),
        folder.join(format!("scratch-{tier}")),
    );
    fs::create_dir_all(&scratch).expect("made");
    for number in 0..FILES {
        let place = tree.join(format!("part-{}", number % 10));
        fs::create_dir_all(&place).expect("made");
        fs::write(place.join(number.to_string()), "x").expect("written");
    }
    Spec {
        tier,
        program: "/bin/true".into(),
        arguments: Vec::new(),
        environment: Vec::new(),
        tree,
        directory: RelPath::root(),
        binds: Vec::new(),
        shown: Vec::new(),
        caches: Vec::new(),
        toolchains: Vec::new(),
        network: false,
        sockets: Vec::new(),
        withheld: Vec::new(),
        scratch,
        limits: Limits::default(),
    }
}
