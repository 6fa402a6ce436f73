//! An example in a folder of its own, built for real. One build from nothing is made for all tests of an example; the
//! others start from its cache. Does not know what the example is.

use std::path::PathBuf;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::shop::files::Files;
use crate::shop::product::{Build, copy_example, networked};
use crate::support::Workspace;

/// What all tests of an example share.
pub(crate) struct First {
    folder: TempDir,
    /// What the first build said.
    pub(crate) build: Build,
    /// What it left, beside the sources.
    pub(crate) files: Files,
}

/// An example, by the name of its folder.
pub(crate) struct Example {
    name: &'static str,
    first: OnceLock<First>,
}

impl Example {
    /// The example in `examples/NAME`.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            first: OnceLock::new(),
        }
    }

    /// Its first build, with an empty cache.
    pub(crate) fn first(&self) -> &First {
        self.first.get_or_init(|| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let copy = self.at(Workspace::new().sharing(&folder.path().join("cache")));
            let build = copy.build("");
            assert!(build.ok(), "the first build failed: {}", build.text());
            let files = copy.files();
            First { folder, build, files }
        })
    }

    /// A copy with the first build's cache, and everything built.
    pub(crate) fn built(&self) -> Copy {
        let cache = self.first().folder.path().join("cache");
        let copy = self.at(Workspace::new().sharing(&cache));
        let build = copy.build("");
        assert_eq!(build.count("ran"), 0, "{}", build.text());
        copy
    }

    /// A copy with an empty cache, in a folder whose name has a space.
    pub(crate) fn alone(&self) -> Copy {
        self.at(Workspace::below("another checkout/of/it"))
    }

    fn at(&self, workspace: Workspace) -> Copy {
        let workspace = with_rustup(networked(workspace));
        copy_example(self.name, &workspace);
        Copy(workspace)
    }
}

/// With the toolchains of whoever runs the tests, whose home folder is not there.
pub(crate) fn with_rustup(workspace: Workspace) -> Workspace {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let rustup = std::env::var_os("RUSTUP_HOME").map_or_else(|| home.join(".rustup"), PathBuf::from);
    workspace.variable("RUSTUP_HOME", rustup)
}

/// A copy of an example's sources.
pub(crate) struct Copy(pub(crate) Workspace);

impl Copy {
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

    /// Runs `farm build --json` with these options.
    pub(crate) fn build(&self, options: &str) -> Build {
        Build::of(&self.0.farm(&format!("build --json {options}")))
    }

    /// All that lies in it, but for farm's own state, and how long things took.
    pub(crate) fn files(&self) -> Files {
        Files::below(self.0.root(), &[".farm"]).without_lines("dist/manifest.json", "\"duration_ms\"")
    }
}
