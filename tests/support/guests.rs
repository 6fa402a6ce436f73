//! The guests as components: those in Rust are built once for all tests, those in text are assembled. Does not know what
//! the tests do with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The folder of the guests' workspace.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests")
}

/// A guest's component.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    let text = folder().join("guests").join(format!("{name}.wat"));
    if text.exists() {
        return assemble(&fs::read_to_string(text).expect("a guest"));
    }
    let file = built().join(format!("{name}.wasm"));
    fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// A component around this core module.
pub(crate) fn assemble(module: &str) -> Vec<u8> {
    let frame = fs::read_to_string(folder().join("component.wat")).expect("the frame");
    let (before, after) = frame.split_once("\nGUEST\n").expect("a place for the guest");
    parse(&format!("{before}\n{module}\n{after}"))
}

/// A component from its text.
pub(crate) fn parse(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// The folder of the guests that are written in Rust; built at the first call.
fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests");
        let status = Command::new(env!("CARGO"))
            .args(["build", "--release", "--examples", "--locked", "--quiet"])
            .args(["--target", "wasm32-wasip2", "--manifest-path"])
            .arg(folder().join("Cargo.toml"))
            .arg("--target-dir")
            .arg(&target)
            .status()
            .expect("cargo starts");
        assert!(status.success(), "the guests do not build");
        target.join("wasm32-wasip2/release/examples")
    })
}
