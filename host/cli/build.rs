//! Compiles the built-in builders to components, and writes the list of them that the program embeds. This is the one place
//! where code names them.
//!
//! A cargo of its own does so, with a target folder of its own: the outer one holds its folder locked. Does not know
//! what the builders do.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Where components are compiled to.
const TARGET: &str = "wasm32-wasip2";
/// The built-in builders: folders below `plugins/`, of the crates `farm-builder-<name>`.
const BUILDERS: [&str; 8] = ["command", "docker", "go", "model", "node", "python", "rust", "vite"];
/// The cargo variables that say where crates come from. All others are about the outer build.
const KEPT: [&str; 6] = [
    "CARGO_HOME",
    "CARGO_MAKEFLAGS",
    "CARGO_NET_",
    "CARGO_HTTP_",
    "CARGO_REGISTR",
    "CARGO_SOURCE_",
];
/// Variables of the outer build that would change the inner one: flags for another processor, clippy as compiler.
const DROPPED: [&str; 4] = ["RUSTFLAGS", "RUSTC", "RUSTC_WORKSPACE_WRAPPER", "RUSTDOC"];

fn main() -> ExitCode {
    // Not returned as an error, since that would be printed with its line breaks escaped.
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A reader that left must not hide the exit code.
            writeln!(stderr(), "{error}").unwrap_or_default();
            ExitCode::FAILURE
        }
    }
}

/// Compiles the builders and puts them where the program includes them from.
fn embed() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for watched in ["plugins", "wit", "Cargo.lock", "Cargo.toml"] {
        println!("cargo::rerun-if-changed={}", root.join(watched).display());
    }
    let target_folder = own_target_folder(&out)?;
    compile(&root, &target_folder)?;
    for name in BUILDERS {
        let file = format!("farm_builder_{name}.wasm");
        let component = target_folder.join(TARGET).join("builder").join(file);
        fs::copy(&component, out.join(format!("{name}.wasm")))
            .map_err(|error| format!("cannot copy the component {}: {error}", component.display()))?;
    }
    let entry = |name: &str| format!("({name:?}, include_bytes!(\"{name}.wasm\") as &[u8])");
    let list = BUILDERS.map(entry).join(", ");
    Ok(fs::write(out.join("builders.rs"), format!("[{list}]\n"))?)
}

/// `target/builders`, found from `target/<profile>/build/<crate>/out`.
fn own_target_folder(out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let target = out.ancestors().nth(4).ok_or("OUT_DIR is not below a target folder")?;
    Ok(target.join("builders"))
}

/// Runs cargo for all builders at once.
fn compile(root: &Path, target_folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(root)
        .args(["build", "--locked", "--profile", "builder", "--target", TARGET]);
    cargo.arg("--target-dir").arg(target_folder);
    for name in BUILDERS {
        if !root.join("plugins").join(name).join("Cargo.toml").is_file() {
            return Err(format!("the builder plugins/{name} is missing: farm embeds it").into());
        }
        cargo.args(["-p", &format!("farm-builder-{name}")]);
    }
    for (variable, _) in env::vars_os().filter(|(variable, _)| is_of_outer_build(&variable.to_string_lossy())) {
        cargo.env_remove(variable);
    }
    let output = cargo.output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Err(format!("the built-in builders do not compile:\n{text}{}", remedy(&text)).into())
}

/// What to do about a failure that many machines have at first.
fn remedy(text: &str) -> &'static str {
    if text.contains("can't find crate for `std`") || text.contains("can't find crate for `core`") {
        "\nThe compilation target is missing. With rustup, this installs what rust-toolchain.toml names:\n    \
         rustup toolchain install\nand this adds it to the toolchain in use:\n    rustup target add wasm32-wasip2"
    } else {
        ""
    }
}

/// Whether a variable is about the outer build.
fn is_of_outer_build(variable: &str) -> bool {
    let is_cargos = variable.starts_with("CARGO_") && !KEPT.iter().any(|kept| variable.starts_with(kept));
    is_cargos || DROPPED.contains(&variable)
}
