//! Measures what each tier of the sandbox adds to starting `/bin/true`:
//! `cargo run --release --example sandbox_overhead -- target/release/farm`

use std::path::{Path, PathBuf};
use std::time::Instant;

use farm_engine::path::RelPath;
use farm_engine::sandbox::{Helper, Limits, Spec, Tier, run};

const ROUNDS: usize = 200;

#[expect(clippy::print_stdout, reason = "a measurement is there to be read")]
fn main() {
    let helper = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "target/release/farm".into()));
    let folder = std::env::temp_dir().join(format!("farm-overhead-{}", std::process::id()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let plain = median(|| {
        let status = std::process::Command::new("/bin/true")
            .status()
            .expect("/bin/true starts");
        assert!(status.success(), "/bin/true fails");
    });
    println!("plain spawn {plain:.2} ms");
    let empty = median(|| {
        let helper = std::process::Command::new(&helper)
            .arg("__sandbox")
            .stdin(std::process::Stdio::null())
            .status();
        assert!(helper.is_ok(), "the helper does not start");
    });
    println!("the helper itself {empty:.2} ms");
    let server = Helper::new(helper);
    for tier in [Tier::L0, Tier::L1, Tier::L2] {
        let spec = spec(tier, &folder);
        let (_sender, stop) = tokio::sync::watch::channel(false);
        let time = median(|| {
            let finished = runtime.block_on(run(&server, &spec, &mut |_, _| {}, stop.clone()));
            assert!(finished.is_ok(), "{finished:?}");
        });
        println!("{tier} {time:.2} ms, {:.2} ms more than a plain spawn", time - plain);
    }
    std::fs::remove_dir_all(&folder).expect("the folder can be removed");
}

fn median(mut round: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            round();
            start.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

fn spec(tier: Tier, folder: &Path) -> Spec {
    let (tree, scratch) = (folder.join("tree"), folder.join("scratch"));
    for folder in [&tree, &scratch] {
        std::fs::create_dir_all(folder).expect("a folder can be made");
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
        scratch,
        limits: Limits::default(),
    }
}
