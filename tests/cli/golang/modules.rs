//! The modules that are kept for all lock files: what is fetched once is not asked for again, and whatever lies there, the
//! same modules come out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::needs_go;
use super::proxy::{Module, Proxy};
use crate::skip;
use crate::support::Workspace;

/// A module whose package says a word, and which requires others.
fn module(path: &'static str, version: &'static str, required: &[Module]) -> Module {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    Module {
        path,
        version,
        manifest: manifest(path, required),
        source: format!("package {name}\n\nconst Word = \"{name} {version}\"\n"),
    }
}

fn manifest(path: &str, required: &[Module]) -> String {
    let lines = required
        .iter()
        .map(|module| format!("require {} {}\n", module.path, module.version));
    format!("module {path}\n\ngo 1.21\n\n{}", lines.collect::<String>())
}

fn moon() -> Module {
    module("tide.example/moon", "v1.0.0", &[])
}

/// Its path has an upper-case letter, and its version no tag.
fn tide() -> Module {
    let version = "v0.0.0-20240203040506-abcdefabcdef";
    module("tide.example/Tide", version, &[moon()])
}

fn ebb() -> Module {
    module("tide.example/ebb", "v1.2.0", &[])
}

fn neap() -> Module {
    module("tide.example/neap", "v1.0.0", &[])
}

/// A proxy with all of them, and a cache for the projects that use them.
struct Sea {
    proxy: Proxy,
    folder: TempDir,
}

impl Sea {
    fn new() -> Self {
        let files = [moon(), tide(), ebb(), neap()].iter().flat_map(Module::files).collect();
        Self {
            proxy: Proxy::start(files),
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// The shared cache. Its name is one that a URL cannot hold as it is.
    fn cache(&self) -> PathBuf {
        self.folder.path().join("a cache, 100%")
    }

    /// Where modules are kept in it.
    fn kept(&self) -> PathBuf {
        self.cache().join("v1/tools/go/modules")
    }

    /// A library that uses these modules, locked, with the shared cache.
    fn project(&self, modules: &[Module]) -> Workspace {
        let workspace = self.alone(modules);
        workspace.sharing(&self.cache())
    }

    /// The same with a cache of its own.
    fn alone(&self, modules: &[Module]) -> Workspace {
        let workspace = self.reaching(Workspace::with(FARM_TOML));
        workspace.write("go.mod", &manifest("example.com/shore", modules));
        workspace.write("shore.go", &source("shore", modules));
        self.lock(workspace.root());
        workspace
    }

    fn reaching(&self, workspace: Workspace) -> Workspace {
        let workspace = workspace.variable("GOPROXY", self.proxy.url());
        workspace.variable("GOSUMDB", "off")
    }

    /// Lets go write `go.sum`, apart from everything that is tested; nothing was asked for after it.
    fn lock(&self, folder: &Path) {
        let modules = tempfile::tempdir().expect("a temporary folder");
        let mut go = Command::new("go");
        go.args(["mod", "tidy"]).current_dir(folder);
        go.env("GOMODCACHE", modules.path()).env("GOPROXY", self.proxy.url());
        go.env("GOFLAGS", "-modcacherw")
            .env("GOSUMDB", "off")
            .env("GOENV", "off");
        let ran = go.env("GOWORK", "off").env("GOTOOLCHAIN", "local").output();
        let ran = ran.expect("go starts");
        assert!(ran.status.success(), "{ran:?}");
        self.proxy.asked();
    }

    /// Builds a project; what the proxy was asked for.
    fn asked_by(&self, workspace: &Workspace) -> Vec<String> {
        workspace.farm("build --json").counted();
        self.proxy.asked()
    }
}

const FARM_TOML: &str = "[workspace]\nname = \"shore\"\n[targets.shore]\nbuilder = \"go\"\n\
                         options = { test = false }\n";

/// A package that uses these modules.
fn source(package: &str, modules: &[Module]) -> String {
    let imports = modules.iter().map(|module| format!("import _ {:?}\n", module.path));
    format!("package {package}\n\n{}", imports.collect::<String>())
}

/// The files of these modules on the proxy, sorted.
fn places(modules: &[Module]) -> Vec<String> {
    let mut places: Vec<String> = modules.iter().flat_map(Module::places).collect();
    places.sort();
    places
}

/// What was stored of modules in a cache, by the digests of the trees.
fn trees(cache: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(cache.join("v1/unpacked")).expect("modules are unpacked there");
    let names = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| !name.ends_with(".json")).collect()
}

/// Fails unless the shared cache holds the very modules that this project gets without it.
#[track_caller]
fn assert_as_alone(sea: &Sea, modules: &[Module]) {
    let alone = sea.alone(modules);
    assert_eq!(sea.asked_by(&alone), places(modules), "an empty cache has nothing");
    let (own, shared) = (trees(&alone.cache()), trees(&sea.cache()));
    assert!(own.len() == 1 && own.is_subset(&shared), "{own:?} and {shared:?}");
}

#[test]
fn another_lock_file_fetches_only_what_is_new() {
    needs_go!();
    let sea = Sea::new();
    assert_eq!(sea.asked_by(&sea.project(&[moon(), tide()])), places(&[moon(), tide()]));
    let more = [moon(), tide(), ebb()];
    assert_eq!(sea.asked_by(&sea.project(&more)), places(&[ebb()]));
    assert_eq!(
        sea.asked_by(&sea.project(&[ebb()])),
        places(&[]),
        "nothing of it is new"
    );
    assert_as_alone(&sea, &more);
}

#[test]
fn so_does_a_workspace_of_modules() {
    needs_go!();
    let sea = Sea::new();
    sea.asked_by(&sea.project(&[moon(), tide()]));
    let workspace = sea.project(&[moon(), tide()]);
    workspace.write("go.work", "go 1.21\n\nuse (\n\t.\n\t./inner\n)\n");
    workspace.write("inner/go.mod", &manifest("example.com/inner", &[ebb()]));
    workspace.write("inner/inner.go", &source("inner", &[ebb()]));
    sea.lock(&workspace.root().join("inner"));
    assert_eq!(sea.asked_by(&workspace), places(&[ebb()]));
}

#[test]
fn builds_at_the_same_time_share_what_is_kept() {
    needs_go!();
    let sea = Sea::new();
    let wanted = [
        vec![moon(), tide()],
        vec![moon(), ebb()],
        vec![moon(), tide(), ebb()],
        vec![neap()],
    ];
    let projects: Vec<Workspace> = wanted.iter().map(|modules| sea.project(modules)).collect();
    std::thread::scope(|scope| {
        let builds: Vec<_> = projects.iter().map(|project| scope.spawn(|| project.build())).collect();
        for build in builds {
            build.join().expect("it builds");
        }
    });
    sea.proxy.asked();
    let all = [moon(), tide(), ebb(), neap()];
    assert_eq!(sea.asked_by(&sea.project(&all)), places(&[]), "each is kept whole");
    assert_as_alone(&sea, &all);
    let left = fs::read_dir(sea.kept()).expect("it is there").flatten();
    let half = left.filter(|entry| entry.file_name().to_string_lossy().starts_with(".new-"));
    assert_eq!(half.count(), 0, "nothing half is left");
}

#[test]
fn what_is_kept_serves_every_tier() {
    needs_go!();
    for tier in ["off", "L1", "L2"] {
        let sea = Sea::new();
        for (modules, new) in [(vec![moon()], moon()), (vec![moon(), ebb()], ebb())] {
            let project = sea.project(&modules);
            let ran = project.ran(&mut project.command_at(tier, ["build", "--json"]));
            if ran.code() == 3 && ran.problem_codes() == ["sandbox::unavailable"] {
                skip!("this machine has no tier {tier}");
            }
            ran.success();
            assert_eq!(sea.proxy.asked(), places(&[new]), "at {tier}");
        }
    }
}

#[test]
fn without_a_cache_everything_is_fetched_and_the_same_program_comes_out() {
    needs_go!();
    let sea = Sea::new();
    sea.asked_by(&sea.project(&[moon()]));
    let program = |options: &str| {
        let project = sea.project(&[moon()]);
        let main = "package main\n\nimport \"tide.example/moon\"\n\nfunc main() { print(moon.Word) }\n";
        project.write("shore.go", main);
        project.farm(&format!("build {options}")).success();
        fs::read(project.root().join("dist/shore/shore")).expect("it was built")
    };
    let with = program("");
    assert_eq!(sea.proxy.asked(), places(&[]));
    let without = program("--no-cache");
    assert_eq!(sea.proxy.asked(), places(&[moon()]));
    assert!(with == without, "another program");
}

/// What is done to the file of this kind of a module that is kept, and which files are fetched again then.
struct Damage<'a> {
    kind: &'a str,
    content: &'a [u8],
    fetched: &'a [&'a str],
}

/// Does each to a cache and builds with it: the modules are the same, and afterwards everything is sound again.
#[track_caller]
fn check_damaged(damages: &[Damage<'_>]) {
    let sea = Sea::new();
    sea.asked_by(&sea.project(&[moon(), tide()]));
    let sound = trees(&sea.cache());
    // The same modules for other manifests, so that they are fetched again.
    let asked_for = |note: &str| {
        let project = sea.project(&[moon(), tide()]);
        project.write("go.mod", &format!("{}// {note}\n", project.read("go.mod")));
        sea.asked_by(&project)
    };
    for (at, Damage { kind, content, fetched }) in damages.iter().enumerate() {
        let place = |kind: &str| moon().places().into_iter().find(|place| place.ends_with(kind));
        let damaged = place(kind).expect("a file of it");
        fs::write(sea.kept().join(&damaged[1..]), content).expect("it is ours");
        // go gives up at the first that is damaged; then more may be fetched.
        let asked = asked_for(&format!("damage {at}"));
        let all = fetched
            .iter()
            .all(|kind| place(kind).is_some_and(|place| asked.contains(&place)));
        assert!(all && asked.is_empty() == fetched.is_empty(), "damage {at}: {asked:?}");
        assert_eq!(trees(&sea.cache()), sound, "damage {at}");
        assert_eq!(asked_for(&format!("repaired {at}")), places(&[]), "damage {at} stays");
    }
}

#[test]
fn what_is_damaged_is_fetched_again_and_repaired() {
    needs_go!();
    let damage = |kind, content, fetched| Damage { kind, content, fetched };
    check_damaged(&[
        damage("zip", b"no zip", &["zip"]),
        damage("zip", b"", &["zip"]),
        damage("mod", b"module \0", &["mod"]),
        damage("info", b"{", &["info", "zip"]),
    ]);
}

#[test]
fn what_was_exchanged_for_something_sound_changes_nothing() {
    needs_go!();
    let other = Module {
        source: "package moon\n\nconst Word = \"eclipse\"\n".to_owned(),
        ..moon()
    };
    let required = manifest(moon().path, &[neap()]);
    let damage = |kind, content, fetched| Damage { kind, content, fetched };
    check_damaged(&[
        damage("zip", &other.zip(), &["zip"]),
        damage("mod", required.as_bytes(), &["mod"]),
        damage("info", br#"{"Version":"v1.9.0"}"#, &["info", "zip"]),
        damage("info", br#"{"Version":"v1.0.0","Time":"2001-01-01T00:00:00Z"}"#, &[]),
    ]);
}

#[test]
fn what_the_lock_file_does_not_fix_is_not_taken_from_there() {
    needs_go!();
    let sea = Sea::new();
    sea.asked_by(&sea.project(&[moon(), ebb()]));
    let project = sea.project(&[moon(), ebb()]);
    project.write("shore.go", &source("shore", &[ebb()]));
    let sum = project.read("go.sum");
    let lines = sum
        .lines()
        .filter(|line| !line.starts_with("tide.example/moon v1.0.0 "));
    project.write("go.sum", &lines.map(|line| format!("{line}\n")).collect::<String>());
    let zip = moon().places().into_iter().find(|place| place.ends_with(".zip"));
    let asked = sea.asked_by(&project);
    assert!(asked.contains(&zip.expect("a zip")), "{asked:?}");
}

#[test]
fn what_cannot_be_fetched_is_told_once() {
    needs_go!();
    let sea = Sea::new();
    let project = sea.project(&[moon(), ebb()]);
    project.write("go.mod", &project.read("go.mod").replace("ebb v1.2.0", "ebb v1.3.0"));
    project.write("go.sum", &project.read("go.sum").replace("ebb v1.2.0", "ebb v1.3.0"));
    let ran = project.farm("build");
    let text = ran.text();
    assert_eq!(ran.code(), 1, "{text}");
    assert_eq!(text.matches("404 Not Found").count(), 1, "{text}");
    assert!(text.contains("tide.example/ebb@v1.3.0"), "{text}");
}

#[test]
fn what_a_killed_build_left_there_goes_after_a_day() {
    needs_go!();
    let sea = Sea::new();
    let [old, new] = ["old", "new"].map(|name| sea.kept().join(format!(".new-{name}")));
    for folder in [&old, &new] {
        fs::create_dir_all(folder).expect("made");
        fs::write(folder.join("file"), "half of a modul").expect("written");
    }
    let yesterday = SystemTime::now() - Duration::from_hours(25);
    let folder = fs::File::open(&old).expect("it is there");
    folder.set_modified(yesterday).expect("dated");
    sea.asked_by(&sea.project(&[moon()]));
    assert!(!old.exists() && new.exists());
}
