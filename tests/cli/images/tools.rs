//! What looks into images: programs of others, and where `scripts/setup` has put them. Does not know what is tested.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::shop::product::repository;

/// The first of these programs that is not on this machine.
pub(super) fn missing(names: &[&str]) -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let is_there = |name: &&&str| folders.iter().any(|folder| folder.join(name).is_file());
    names.iter().find(|name| !is_there(name)).map(|name| (*name).to_owned())
}

/// Skips the test where one of these programs is missing.
#[macro_export]
macro_rules! needs_tools {
    ($($name:literal),+) => {
        if let Some(name) = $crate::images::tools::missing(&[$($name),+]) {
            $crate::skip!("{name} is not installed; scripts/setup installs it");
        }
    };
}

/// The Python with the schemas of Compose and Kubernetes; none where they are not installed.
pub(super) fn schemas() -> Option<PathBuf> {
    let folder = repository().join("target/tools/schemas-venv");
    folder
        .join("installed.txt")
        .is_file()
        .then(|| folder.join("bin/python"))
}

/// Hands the files of deployments to the schemas of their own ecosystems.
pub(super) fn check_files(python: &Path, folders: &[PathBuf]) -> Output {
    let mut command = Command::new(python);
    command
        .arg(repository().join("tests/cli/images/check_files.py"))
        .args(folders);
    command.output().expect("it starts")
}

/// A program in a folder of its own, for a PATH that starts with it. It writes each of its command lines into `log`.
pub(super) fn stand_in(folder: &Path, name: &str, script: &str) {
    fs::create_dir_all(folder).expect("made");
    let program = folder.join(name);
    let log = folder.join("log").display().to_string();
    let text = format!("#!/bin/sh\nset -eu\necho \"{name} $*\" >> '{log}'\n{script}\n");
    fs::write(&program, text).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("ours");
}

/// The base of the example, which a script of its own makes.
pub(crate) fn base() -> PathBuf {
    repository().join("examples/platform/base/python")
}

/// Runs a program, which has to succeed; what it prints.
#[track_caller]
pub(super) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{command:?}: {out}{err}");
    out.into_owned()
}

/// What skopeo says of an image: the digest, the layers, the configuration.
#[track_caller]
pub(super) fn inspect(layout: &Path) -> Value {
    let image = format!("oci:{}:latest", layout.display());
    let text = run(Command::new("skopeo").args(["inspect", image.as_str()]));
    serde_json::from_str(&text).expect("JSON")
}

/// The digests of an image's layers.
pub(super) fn layers(layout: &Path) -> Vec<String> {
    let layers = inspect(layout)["Layers"].as_array().cloned().unwrap_or_default();
    layers
        .iter()
        .filter_map(|layer| layer.as_str().map(str::to_owned))
        .collect()
}

/// The root file system of an image, unpacked by umoci below an empty place.
#[track_caller]
pub(super) fn unpack(layout: &Path, place: &Path) -> PathBuf {
    let image = format!("{}:latest", layout.display());
    run(Command::new("umoci")
        .args(["unpack", "--rootless", "--image", image.as_str()])
        .arg(place));
    let root = place.join("rootfs");
    assert!(fs::metadata(&root).expect("unpacked").is_dir());
    root
}
