//! The shop in a folder of its own, and what a build said of it.
//!
//! One build from nothing is made for all tests; the others start from its cache. Does not know what is tested.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use super::files::{Files, copy};
use crate::support::{Ran, Workspace};

/// What an earlier build or somebody at work leaves among the sources.
const LEFT: &[&str] = &[
    ".farm",
    ".venv",
    "__pycache__",
    "api.md",
    "backend.d.ts",
    "dist",
    "farm.lock",
    "node_modules",
    "ollama",
    "target",
];

/// How a machine reaches the package registries is its own matter.
const NETWORK: &[&str] = &[
    "GONOSUMDB",
    "GOPRIVATE",
    "GOPROXY",
    "GOSUMDB",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NODE_EXTRA_CA_CERTS",
    "NO_PROXY",
    "PIP_CERT",
    "PIP_INDEX_URL",
    "SSL_CERT_FILE",
    "UV_DEFAULT_INDEX",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "npm_config_registry",
];

/// The repository.
pub(crate) fn repository() -> PathBuf {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    place.canonicalize().expect("the repository is there")
}

/// Puts an example's sources into a workspace.
pub(crate) fn copy_example(name: &str, workspace: &Workspace) {
    copy(&repository().join("examples").join(name), workspace.root(), LEFT);
}

/// The build that everything else is compared with.
pub(crate) struct First {
    /// The cache that it filled.
    pub(crate) cache: PathBuf,
    /// What it said.
    pub(crate) build: Build,
    /// What it left, beside the sources.
    pub(crate) files: Files,
}

/// The first build of the shop in this test run, with an empty cache.
pub(crate) fn first() -> &'static First {
    static FIRST: OnceLock<First> = OnceLock::new();
    FIRST.get_or_init(|| {
        let cache = own_folder("shop").join("cache");
        let shop = Shop::at(networked(Workspace::new()).sharing(&cache));
        let build = shop.build("");
        assert!(build.ok(), "the first build failed: {}", build.text());
        let files = shop.files();
        First { cache, build, files }
    })
}

/// An empty folder below `target` for this run's cache: nobody would delete one among the temporary files.
pub(crate) fn own_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("made");
    let lock = fs::File::create(folder.join("lock")).expect("made");
    lock.lock().expect("another test run ends some time");
    // Held until this process ends.
    std::mem::forget(lock);
    let cache = folder.join("cache");
    if cache.exists() {
        fs::remove_dir_all(cache).expect("it is ours");
    }
    folder
}

/// With what the machine needs to reach the network.
pub(crate) fn networked(workspace: Workspace) -> Workspace {
    let set = NETWORK.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    set.fold(workspace, |workspace, (name, value)| workspace.variable(name, value))
}

/// A copy of the example's sources.
pub(crate) struct Shop(pub(crate) Workspace);

impl Shop {
    fn at(workspace: Workspace) -> Self {
        copy_example("shop", &workspace);
        Self(workspace)
    }

    /// With an empty cache, in a folder whose name has a space.
    pub(crate) fn alone() -> Self {
        Self::at(networked(Workspace::below("another checkout/of/shop")))
    }

    /// With the first build's cache, and nothing built.
    pub(crate) fn checkout() -> Self {
        Self::at(networked(Workspace::new()).sharing(&first().cache))
    }

    /// With the first build's cache, and everything built.
    pub(crate) fn built() -> Self {
        let shop = Self::checkout();
        let build = shop.build("");
        assert_eq!(build.count("ran"), 0, "{}", build.text());
        shop
    }

    /// A path in it.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.root().join(path)
    }

    /// Puts another text in place of the first occurrence of one.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).expect("a source");
        assert!(text.contains(from), "{path} has no `{from}` any more");
        self.0.write(path, &text.replacen(from, to, 1));
    }

    /// Adds a line at the end.
    pub(crate) fn append(&self, path: &str, line: &str) {
        let text = fs::read_to_string(self.path(path)).expect("a source");
        self.0.write(path, &format!("{text}{line}\n"));
    }

    /// Runs `farm build --json` with these options.
    pub(crate) fn build(&self, options: &str) -> Build {
        Build::of(&self.0.farm(&format!("build --json {options}")))
    }

    /// All that lies in it, but for farm's own state, and how long it took, which is another time each time.
    pub(crate) fn files(&self) -> Files {
        Files::below(self.0.root(), &[".farm"]).without_lines("dist/manifest.json", "\"duration_ms\"")
    }
}

/// What a build said.
pub(crate) struct Build {
    /// The exit code.
    pub(crate) code: i32,
    events: Vec<Value>,
}

impl Build {
    /// Of a run with `--json`.
    pub(crate) fn of(ran: &Ran<'_>) -> Self {
        Self {
            code: ran.code(),
            events: ran.events(),
        }
    }

    /// Whether everything is there.
    pub(crate) fn ok(&self) -> bool {
        self.code == 0 && self.last()["ok"] == true
    }

    /// The last line.
    pub(crate) fn last(&self) -> &Value {
        let last = self.events.last().expect("a build says something");
        assert_eq!(last["event"], "build-finished");
        last
    }

    /// How many actions ended so.
    #[track_caller]
    pub(crate) fn count(&self, outcome: &str) -> u64 {
        self.last()["counts"][outcome].as_u64().expect("it is counted")
    }

    /// How many components were instantiated.
    pub(crate) fn components(&self) -> u64 {
        self.last()["components"].as_u64().expect("it is counted")
    }

    /// The ids of the target's actions that ended so.
    pub(crate) fn actions(&self, target: &str, outcome: &str) -> Vec<&str> {
        let mut found: Vec<&str> = self
            .events("action-finished")
            .filter(|event| event["target"] == target && event["outcome"] == outcome)
            .filter_map(|event| event["action"].as_str())
            .collect();
        found.sort_unstable();
        found
    }

    /// The facts of an artifact.
    pub(crate) fn artifact(&self, target: &str, name: &str) -> &Value {
        let finished = self.events("target-finished").find(|event| event["target"] == target);
        let artifacts = finished.expect("it was built")["artifacts"].as_array();
        let mut artifacts = artifacts.expect("a list").iter();
        artifacts
            .find(|artifact| artifact["name"] == name)
            .expect("it was made")
    }

    /// The problems' codes.
    pub(crate) fn problems(&self) -> Vec<&Value> {
        self.events("problem-found").map(|event| &event["problem"]).collect()
    }

    /// The notices.
    pub(crate) fn notices(&self) -> Vec<&Value> {
        self.events("notice").collect()
    }

    fn events(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.events.iter().filter(move |event| event["event"] == name)
    }

    /// All of it, for the message of a failure.
    pub(crate) fn text(&self) -> String {
        let lines: Vec<String> = self.events.iter().map(Value::to_string).collect();
        format!("exit code {}\n{}", self.code, lines.join("\n"))
    }
}
