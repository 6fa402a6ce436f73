//! The example in a folder of its own, with uv if `scripts/setup` has put it there. The frameworks are installed once for
//! all tests, into a cache that the others start from. Does not know what is tested.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::shop::files::Files;
use crate::shop::product::{Build, copy_example, networked, own_folder, repository};
use crate::support::Workspace;

/// Why the frameworks that the example pins cannot be had here.
pub(crate) fn missing() -> Option<&'static str> {
    static MISSING: OnceLock<Option<&'static str>> = OnceLock::new();
    *MISSING.get_or_init(|| {
        if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            return Some("the requirements of examples/models are pinned for Linux on x86-64");
        }
        let version = "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))";
        let python = Command::new("python3").args(["-c", version]).status();
        let fits = python.is_ok_and(|status| status.success());
        (!fits).then_some("the frameworks of examples/models need Python 3.11 to 3.13")
    })
}

/// The cache of all tests of models in this run.
fn cache() -> PathBuf {
    static CACHE: OnceLock<PathBuf> = OnceLock::new();
    CACHE.get_or_init(|| own_folder("models").join("cache")).clone()
}

/// The first build of a target.
pub(crate) struct First {
    /// What it said.
    pub(crate) build: Build,
    /// What it made.
    pub(crate) files: Files,
}

/// The first build of the target `models`.
pub(crate) fn first() -> &'static First {
    static FIRST: OnceLock<First> = OnceLock::new();
    FIRST.get_or_init(|| build_first("--target models"))
}

/// The first build of the target `deep`, and of what needs it.
pub(crate) fn first_deep() -> &'static First {
    static FIRST: OnceLock<First> = OnceLock::new();
    FIRST.get_or_init(|| build_first("--target predict"))
}

/// The first build of the target `vision`.
pub(crate) fn first_vision() -> &'static First {
    static FIRST: OnceLock<First> = OnceLock::new();
    FIRST.get_or_init(|| build_first("--target vision"))
}

fn build_first(options: &str) -> First {
    let models = Models::at(workspace("workspace"));
    let build = models.build(options);
    assert!(build.ok(), "the first build failed: {}", build.text());
    let files = models.made();
    First { build, files }
}

/// An empty workspace with the tests' cache.
pub(crate) fn workspace(name: &str) -> Workspace {
    with_uv(networked(Workspace::below(name)).sharing(&cache()))
}

/// With uv, which installs big packages in less time than pip, if `scripts/setup` has put it there.
pub(crate) fn with_uv(workspace: Workspace) -> Workspace {
    let uv = repository().join("target/tools/uv-venv/bin/uv");
    if !uv.is_file() {
        return workspace;
    }
    // Behind all else, so that the other tools stay the same.
    let tools = workspace.beside("tools");
    fs::create_dir_all(&tools).expect("made");
    std::os::unix::fs::symlink(uv, tools.join("uv")).expect("made");
    let path = std::env::var_os("PATH").expect("tests need a PATH");
    let path = std::env::split_paths(&path).chain([tools]);
    let path = std::env::join_paths(path).expect("a PATH");
    workspace.variable("PATH", path)
}

/// A copy of the example's sources.
pub(crate) struct Models(pub(crate) Workspace);

impl Models {
    fn at(workspace: Workspace) -> Self {
        copy_example("models", &workspace);
        Self(workspace)
    }

    /// With the cache of the first build of `models`, and that built.
    pub(crate) fn built() -> Self {
        first();
        let models = Self::checkout();
        let build = models.build("--target models");
        assert_eq!(build.count("ran"), 0, "{}", build.text());
        models
    }

    /// With the tests' cache, and nothing built.
    pub(crate) fn checkout() -> Self {
        Self::at(workspace("another checkout/of/models"))
    }

    /// Runs `farm build --json` with these options.
    pub(crate) fn build(&self, options: &str) -> Build {
        Build::of(&self.0.farm(&format!("build --json {options}")))
    }

    /// A path in it.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.root().join(path)
    }

    /// Puts another text in place of the first occurrence of one.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.0.read(path);
        assert!(text.contains(from), "{path} has no `{from}` any more");
        self.0.write(path, &text.replacen(from, to, 1));
    }

    /// What was made, without how long things took and what they were made from.
    pub(crate) fn made(&self) -> Files {
        Files::below(&self.path("dist"), &["manifest.json"]).without_files(".provenance.json")
    }

    /// A JSON file.
    pub(crate) fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.0.read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

/// What a folder of the example pins.
pub(crate) fn lock(folder: &str) -> String {
    let path = repository()
        .join("examples/models")
        .join(folder)
        .join("requirements.txt");
    fs::read_to_string(path).expect("it is there")
}

/// A workspace whose target `models` has one model, in a folder of the example's with its packages, which are in the cache
/// once the example's first build is: a folder of another name would install them again.
pub(crate) fn with_model(packages: &str, options: &str) -> Workspace {
    let workspace = workspace("workspace");
    workspace.write(&format!("{packages}/requirements.txt"), &lock(packages));
    workspace.write(
        "farm.toml",
        &format!(
            "[workspace]\nname = \"models\"\n\n[cache]\nmax-size = \"20GB\"\n\n[targets.models]\nbuilder = \"model\"\nroot = \"{packages}\"\n\n\
             [targets.models.options.models.it]\n{options}\n"
        ),
    );
    workspace
}

/// Size of a file.
pub(crate) fn size(path: &Path) -> u64 {
    let info = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    info.len()
}

/// A number in JSON.
pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("a number: {value}"))
}

/// An empty workspace whose packages come from this registry.
pub(crate) fn networked_at(index: &str) -> Workspace {
    let variables = ["PIP_INDEX_URL", "UV_DEFAULT_INDEX"].into_iter();
    variables.fold(workspace("workspace"), |workspace, name| {
        workspace.variable(name, index)
    })
}
