//! A step of the builder, run natively in folders of its own. Does not know which one.

#![allow(dead_code, reason = "several test binaries share this, and each uses its part")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use farm_builder_docker::Docker;
use farm_sdk::{Builder, Problem};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What the step `layer` is told, with more or other fields.
pub(crate) fn at(path: &str, more: &Value) -> Value {
    let mut content = json!({ "path": path, "platform": null, "published": false, "not_secret": [] });
    let table = content.as_object_mut().expect("a table");
    table.extend(more.as_object().expect("a table").clone());
    content
}

/// A step's `in` and `out`.
pub(crate) struct Step(TempDir);

impl Step {
    /// With nothing in it.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["in", "out"] {
            fs::create_dir(folder.path().join(name)).expect("made");
        }
        Self(folder)
    }

    /// With a file to read.
    pub(crate) fn with(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.place(path);
        fs::create_dir_all(path.parent().expect("below /in")).expect("made");
        fs::write(path, content).expect("written");
        self
    }

    /// With a file to read that may be executed.
    pub(crate) fn with_program(self, path: &str, content: &str) -> Self {
        let step = self.with(path, content);
        fs::set_permissions(step.place(path), fs::Permissions::from_mode(0o755)).expect("ours");
        step
    }

    /// With a link to read.
    pub(crate) fn with_link(self, path: &str, target: &str) -> Self {
        std::os::unix::fs::symlink(target, self.place(path)).expect("made");
        self
    }

    /// With a copy of a folder to read.
    pub(crate) fn with_folder(self, path: &str, from: &Path) -> Self {
        copy(from, &self.place(path));
        self
    }

    /// Runs it.
    pub(crate) fn run(&self, name: &str, parameters: &Value) -> Result<(), Problem> {
        Docker::run_step(name, &parameters.to_string(), &self.place(""), &self.out(""))
    }

    /// A path that it wrote.
    pub(crate) fn out(&self, path: &str) -> PathBuf {
        self.0.path().join("out").join(path)
    }

    /// A text that it wrote.
    pub(crate) fn text(&self, path: &str) -> String {
        fs::read_to_string(self.out(path)).unwrap_or_else(|error| panic!("cannot read {path}: {error}"))
    }

    /// A document that it wrote.
    pub(crate) fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path)).expect("JSON")
    }

    fn place(&self, path: &str) -> PathBuf {
        self.0.path().join("in").join(path)
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("readable");
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).expect("copied");
        }
    }
}
