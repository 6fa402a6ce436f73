//! Measures what each tier of the sandbox adds to starting `/bin/true`, without inputs and with a thousand of them:
//! `cargo run --release --example sandbox_overhead -- target/release/farm`

use std::path::{Path, PathBuf};
use std::time::Instant;

use farm_engine::fs::{Folder, Stat, copy_with_mode};
use farm_engine::path::RelPath;
use farm_engine::sandbox::{Bind, Helper, Limits, Spec, Tier, run};

const ROUNDS: usize = 200;
/// Folders of inputs.
const FOLDERS: usize = 5;
/// Inputs in each.
const FILES: usize = 200;

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
            let finished = runtime.block_on(run(&server, &spec, None, &mut |_, _| {}, stop.clone()));
            assert!(finished.is_ok(), "{finished:?}");
        });
        println!("{tier} {time:.2} ms, {:.2} ms more than a plain spawn", time - plain);
    }
    let inputs = inputs(&folder);
    for tier in [Tier::L1, Tier::L2] {
        let (_sender, stop) = tokio::sync::watch::channel(false);
        let time = median(|| {
            let (spec, seen) = stage(spec(tier, &folder), &inputs);
            let finished = runtime.block_on(run(&server, &spec, None, &mut |_, _| {}, stop.clone()));
            assert!(finished.is_ok(), "{finished:?}");
            assert_eq!(seen, look(&inputs, tier), "nobody has changed the inputs");
            std::fs::remove_dir_all(&spec.tree).expect("the tree can be removed");
        });
        let what = format!("with {} inputs in {FOLDERS} folders", inputs.len());
        println!(
            "{tier} {what} {time:.2} ms, {:.2} ms more than a plain spawn",
            time - plain
        );
    }
    std::fs::remove_dir_all(&folder).expect("the folder can be removed");
}

/// Files of 2 kB, as a workspace has them.
fn inputs(folder: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for number in 0..FOLDERS {
        let folder = folder.join("workspace").join(number.to_string());
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        paths.extend((0..FILES).map(|file| folder.join(file.to_string())));
    }
    for path in &paths {
        std::fs::write(path, [b'x'; 2048]).expect("a file can be written");
    }
    paths
}

/// What an action does before its tool: L2 looks at the inputs and shows their folders, L1 copies and hashes them.
fn stage(mut spec: Spec, inputs: &[PathBuf]) -> (Spec, Vec<Stat>) {
    for number in 0..FOLDERS {
        let at = RelPath::parse(&number.to_string()).expect("a path");
        let source = inputs[number * FILES].parent().expect("its folder").to_path_buf();
        match spec.tier {
            Tier::L2 => spec.shown.push(Bind { source, at }),
            Tier::L0 | Tier::L1 => std::fs::create_dir_all(at.under(&spec.tree)).expect("a folder can be made"),
        }
    }
    if spec.tier != Tier::L2 {
        for (number, input) in inputs.iter().enumerate() {
            let name = input.file_name().expect("its name");
            let place = spec.tree.join((number / FILES).to_string()).join(name);
            copy_with_mode(input, &place, 0o644).expect("a file can be copied");
        }
    }
    let seen = look(inputs, spec.tier);
    (spec, seen)
}

/// What the system says of the inputs, where they are shown.
fn look(inputs: &[PathBuf], tier: Tier) -> Vec<Stat> {
    let folders = inputs.chunks(FILES).filter(|_| tier == Tier::L2);
    let stats = folders.flat_map(|files| {
        let folder = Folder::open(files[0].parent().expect("its folder")).expect("it can be opened");
        let stats = files
            .iter()
            .map(|file| folder.stat(file.file_name().expect("its name")));
        stats.collect::<Vec<_>>()
    });
    stats
        .map(|stat| stat.expect("it can be looked at").expect("it is there"))
        .collect()
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
        sockets: Vec::new(),
        withheld: Vec::new(),
        scratch,
        limits: Limits::default(),
    }
}
