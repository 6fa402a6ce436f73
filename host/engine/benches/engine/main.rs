//! How long the parts of a build take, one by one: `cargo bench -p farm-engine [FILTER]`, after
//! `cargo build --release -p farm`, which compiles the builders and is the sandbox's helper.
//!
//! Whole builds beside other tools are measured elsewhere. Uses the engine's public interface alone; times of a machine
//! that does other work mean nothing.

mod config;
mod hashing;
mod planning;
mod sandbox;
mod store;
mod unchanged;

use std::path::{Path, PathBuf};

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    hashing::all(&mut criterion);
    config::all(&mut criterion);
    planning::all(&mut criterion);
    sandbox::all(&mut criterion);
    store::all(&mut criterion);
    unchanged::all(&mut criterion);
    criterion.final_summary();
}

/// Something that `cargo build --release -p farm` makes, by its path in the target folder.
fn built(path: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target").join(path);
    assert!(
        file.exists(),
        "{} is missing: cargo build --release -p farm",
        file.display()
    );
    file
}
