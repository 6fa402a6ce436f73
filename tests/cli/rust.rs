//! The example of the builder `rust`, built for real: a program of two crates.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::example::{Copy, Example, with_rustup};
use crate::shop::product::repository;
use crate::support::Workspace;
use crate::{farm_snapshot, skip};

static POUR: Example = Example::new("rust");
const LIBRARY: &str = "crates/pour/src/lib.rs";

/// What the program says to these words.
fn run(pour: &Copy, grams: &str) -> String {
    let program = pour.0.root().join("dist/timer/pour-timer");
    let output = Command::new(program).arg(grams).output().expect("it starts");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_program_runs_and_is_described() {
    let pour = POUR.built();
    assert_eq!(run(&pour, "15").lines().last(), Some("02:15   70 g"));
    let about = &POUR.first().build.artifact("timer", "pour-timer")["metadata"];
    assert_eq!((&about["crates"], &about["profile"]), (&json!(1), &json!("release")));
    assert!(about["bytes"].as_u64() > Some(100_000), "{about}");
    assert!(
        about["platform"]
            .as_str()
            .is_some_and(|platform| platform.contains('/')),
        "{about}"
    );
    assert!(
        about["rustc"].as_str().is_some_and(|version| version.starts_with("1.")),
        "{about}"
    );
}

#[test]
fn a_second_build_runs_nothing() {
    let build = POUR.built().build("");
    assert_eq!(
        (build.count("ran"), build.count("cached"), build.components()),
        (0, 0, 0)
    );
}

#[test]
fn a_changed_source_is_built_into_the_program_and_fetches_nothing() {
    let pour = POUR.built();
    pour.edit(LIBRARY, "const RATIO: u32 = 16;", "const RATIO: u32 = 17;");
    let build = pour.build("");
    assert!(build.ok(), "{}", build.text());
    assert_eq!(build.actions("timer", "ran"), ["build", "clippy", "measure", "test"]);
    assert_eq!(run(&pour, "15").lines().last(), Some("02:15   75 g"));
    // Older than what was built of the source before: cargo alone would take its own result for a fresh one.
    pour.edit(LIBRARY, "const RATIO: u32 = 17;", "const RATIO: u32 = 18;");
    let source = std::fs::File::options().append(true).open(pour.0.root().join(LIBRARY));
    let year_2001 = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    source.and_then(|source| source.set_modified(year_2001)).expect("dated");
    let build = pour.build("");
    assert!(build.ok(), "{}", build.text());
    assert_eq!(run(&pour, "15").lines().last(), Some("02:15   80 g"));
}

#[test]
fn a_test_reaches_no_program() {
    let pour = POUR.built();
    pour.edit("crates/timer/tests/program.rs", "\"1000\"", "\"2000\"");
    pour.edit("crates/timer/tests/program.rs", "holds 1000 g", "holds 2000 g");
    let build = pour.build("");
    assert!(build.ok(), "{}", build.text());
    assert_eq!(build.actions("timer", "ran"), ["clippy", "test"]);
}

#[test]
fn two_builds_from_nothing_make_the_same_bytes() {
    let pour = POUR.alone();
    let build = pour.build("");
    assert!(build.ok(), "{}", build.text());
    pour.files().assert_same(&POUR.first().files);
    let program = std::fs::read(pour.0.root().join("dist/timer/pour-timer")).expect("it was built");
    let has = |text: &str| program.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(!has("/workspace"), "a path of the sandbox");
}

/// sccache in a place of its own, which says after each call what it has found so far; none where it is not installed.
fn sccache(tools: &Path) -> Option<OsString> {
    let program = repository().join("target/tools/sccache-venv/bin/sccache");
    if !program.exists() {
        return None;
    }
    for folder in ["bin", "lib"] {
        fs::create_dir_all(tools.join(folder)).expect("made");
    }
    let (real, script) = (tools.join("lib/sccache"), tools.join("bin/sccache"));
    fs::copy(program, &real).expect("copied");
    let text = format!(
        "#!/bin/sh\n'{0}' \"$@\"\ncode=$?\n[ -z \"${{SCCACHE_DIR-}}\" ] || '{0}' --show-stats >\"$SCCACHE_DIR/stats.$$\" 2>&1\nexit $code\n",
        real.display()
    );
    fs::write(&script, text).expect("written");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let path = std::env::var_os("PATH").expect("tests need a PATH");
    let folders = std::iter::once(tools.join("bin")).chain(std::env::split_paths(&path));
    Some(std::env::join_paths(folders).expect("folders"))
}

/// A copy that compiles under sccache.
fn cached(copy: Copy, path: &OsString) -> Copy {
    let copy = Copy(copy.0.variable("PATH", path));
    copy.edit(
        "farm.toml",
        "{ clippy = true, test = true }",
        "{ sccache = \"shared\" }",
    );
    copy
}

/// How often sccache had what it was asked for, and how often it had not.
fn found(cache: &Path) -> (u64, u64) {
    let folder = cache.join("v1/tools/rust/sccache");
    let entries = fs::read_dir(folder).expect("it was used").flatten();
    let stats = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("stats."));
    let texts: Vec<String> = stats.filter_map(|file| fs::read_to_string(file.path()).ok()).collect();
    let most = |words: &str| {
        let lines = texts.iter().flat_map(|text| text.lines());
        lines
            .filter_map(|line| line.strip_prefix(words)?.trim().parse().ok())
            .max()
    };
    (most("Cache hits ").unwrap_or(0), most("Cache misses ").unwrap_or(0))
}

#[test]
fn another_checkout_takes_from_sccache_what_was_compiled() {
    let first = POUR.alone();
    let cache = first.0.cache();
    let Some(path) = sccache(&first.0.beside("tools")) else {
        skip!("sccache is not installed: run scripts/setup");
    };
    let first = cached(first, &path);
    first.0.farm("build --sandbox L2").success();
    let (hits, misses) = found(&cache);
    assert!(hits == 0 && misses > 0, "{hits} and {misses}");
    let second = cached(Copy(POUR.alone().0.sharing(&cache)), &path);
    let main = second.0.read("crates/timer/src/main.rs");
    second.0.write("crates/timer/src/main.rs", &(main + "// The end.\n"));
    second.0.farm("build --sandbox L2").success();
    let (hits, _) = found(&cache);
    assert!(hits >= misses, "{hits} of {misses}");
    let program = |copy: &Copy| fs::read(copy.path("dist/timer/pour-timer")).expect("it was built");
    let plain = program(&POUR.built());
    assert!(
        program(&first) == plain && program(&second) == plain,
        "other bytes with sccache"
    );
}

#[test]
fn without_sockets_the_compiler_runs_without_sccache() {
    let pour = POUR.alone();
    let Some(path) = sccache(&pour.0.beside("tools")) else {
        skip!("sccache is not installed: run scripts/setup");
    };
    let pour = cached(pour, &path);
    let ran = pour.0.ran(&mut pour.0.command_at("L1", ["build", "--json"]));
    if ran.code() == 3 && ran.problem_codes() == ["sandbox::unavailable"] {
        skip!("this machine has no tier L1");
    }
    ran.success();
    assert_eq!(run(&pour, "15").lines().last(), Some("02:15   70 g"));
}

#[test]
fn a_mistake_fails_with_the_words_of_the_compiler() {
    let pour = POUR.built();
    pour.edit(
        "crates/timer/src/main.rs",
        "pour::pours(coffee)",
        "pour::pours(&coffee)",
    );
    let ran = pour.0.farm("build");
    let text = ran.text();
    assert_eq!(ran.code(), 1, "{text}");
    assert!(
        text.contains("mismatched types") && text.contains("crates/timer/src/main.rs"),
        "{text}"
    );
}

#[test]
fn what_clippy_warns_of_fails_the_build() {
    let pour = POUR.built();
    pour.edit(
        LIBRARY,
        "let bloom = coffee * 2;",
        "let bloom = coffee * 2;\n    let bloom = bloom.clone();",
    );
    let text = pour.0.farm("build").text();
    assert!(
        text.contains("clone_on_copy") || text.contains("using `clone` on type"),
        "{text}"
    );
}

#[test]
fn without_cargo_one_message_says_what_is_missing() {
    let pour = POUR.alone();
    let workspace = pour.0.variable("PATH", "/nowhere");
    farm_snapshot!(workspace.farm("build"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    building 1 target of pour for production (sandbox [TIER], [JOBS])
    error[builder::missing-tool]: the tool `cargo` is not on the PATH
      --> farm.toml:5:10
       |
     5 | [targets.timer]
       |          ^^^^^
      target timer
      hint: install Rust with rustup, and the toolchain that the folder asks for with `rustup toolchain install`
    ");
}

/// The folder of rustup's own names for tools, without Clippy; the rest of the PATH is the system's.
fn without_clippy(tools: &Path) -> OsString {
    let path = std::env::var_os("PATH").expect("tests need a PATH");
    let place = |name: &str| {
        std::env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|file| file.exists())
    };
    fs::create_dir_all(tools).expect("made");
    // A compiler finds its parts beside its own file.
    let compiler = place("cc").expect("it is on the PATH");
    let script = format!("#!/bin/sh\nexec '{}' \"$@\"\n", compiler.display());
    fs::write(tools.join("cc"), script).expect("written");
    fs::set_permissions(tools.join("cc"), fs::Permissions::from_mode(0o755)).expect("it is ours");
    for name in ["cargo", "rustc", "rustdoc", "sh"] {
        let program = place(name)
            .and_then(|file| file.canonicalize().ok())
            .expect("it is on the PATH");
        std::os::unix::fs::symlink(program, tools.join(name)).expect("linked");
    }
    tools.as_os_str().to_owned()
}

#[test]
fn without_clippy_and_sccache_everything_else_is_built() {
    let pour = POUR.alone();
    let path = without_clippy(&pour.0.beside("tools"));
    let pour = Copy(pour.0.variable("PATH", path));
    pour.edit("farm.toml", "clippy = true", "sccache = true, clippy = true");
    let build = pour.build("");
    assert_eq!(
        build.code,
        2,
        "a check that did not run is no success: {}",
        build.text()
    );
    assert_eq!(
        build.actions("timer", "ran"),
        ["build", "components", "fetch", "measure", "test"],
        "{}",
        build.text()
    );
    let text = pour.0.farm("build").text();
    for (expected, count) in [
        ("`sccache` is not on the PATH", 1),
        ("rustup component add clippy", 1),
        ("execute::missing-tool", 1),
    ] {
        assert_eq!(text.matches(expected).count(), count, "`{expected}`: {text}");
    }
}

/// A library and a program over it, with a build script.
fn tide(script: &str, cache: Option<&Path>) -> Workspace {
    let farm_toml = "[workspace]\nname = \"sea\"\n[targets.app]\nbuilder = \"rust\"\n";
    let workspace = with_rustup(Workspace::with(farm_toml));
    let workspace = match cache {
        Some(cache) => workspace.sharing(cache),
        None => workspace,
    };
    let manifest = "[package]\nname = \"app\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[dependencies]\ntide = { path = \"tide\" }\n";
    workspace.write("Cargo.toml", manifest);
    workspace.write(
        "tide/Cargo.toml",
        "[package]\nname = \"tide\"\nversion = \"1.0.0\"\nedition = \"2021\"\n",
    );
    let lock = "version = 4\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\"tide\"]\n\
                [[package]]\nname = \"tide\"\nversion = \"1.0.0\"\n";
    workspace.write("Cargo.lock", lock);
    workspace.write("build.rs", script);
    workspace.write(
        "tide/src/lib.rs",
        "pub fn word() -> String { String::from(\"tide-comes-in\") }\n",
    );
    workspace.write("src/main.rs", "fn main() { println!(\"{}\", tide::word()); }\n");
    workspace
}

/// Puts another word into all that was compiled, wherever it finds something of the kind.
const EVIL: &str = r#"
use std::{fs, path::Path};
fn main() { spoil(Path::new("/cache")); spoil(Path::new("KNOWN")); }
fn spoil(path: &Path) {
    for entry in fs::read_dir(path).into_iter().flatten().flatten() { spoil(&entry.path()); }
    let Ok(mut bytes) = fs::read(path) else { return };
    let (from, to) = (b"tide-comes-in", b"tide-goes-out");
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(from.len()).position(|part| part == from) {
        bytes[at + found..][..to.len()].copy_from_slice(to);
        at += found + 1;
    }
    if at > 0 { let _ = fs::write(path, bytes); }
}
"#;

#[test]
fn a_build_script_reaches_nothing_that_others_are_built_from() {
    let honest = tide("fn main() {}\n", None);
    let at_l2 = |workspace: &Workspace| {
        let ran = workspace.ran(&mut workspace.command_at("L2", ["build", "--json"]));
        if ran.code() == 3 && ran.problem_codes() == ["sandbox::unavailable"] {
            return false;
        }
        ran.success();
        true
    };
    if !at_l2(&honest) {
        skip!("this machine has no tier L2, where the target folder is kept");
    }
    let cache = honest.cache();
    let known = cache.join("v1/tools");
    assert!(at_l2(&tide(
        &EVIL.replace("KNOWN", &known.display().to_string()),
        Some(&cache)
    )));
    honest.write("src/main.rs", &(honest.read("src/main.rs") + "// Linked again.\n"));
    assert!(at_l2(&honest));
    let said = Command::new(honest.root().join("dist/app/app"))
        .output()
        .expect("it was built");
    assert_eq!(String::from_utf8_lossy(&said.stdout), "tide-comes-in\n");
}

#[test]
fn a_program_that_lies_among_the_examples_is_built() {
    let farm_toml = "[workspace]\nname = \"among\"\n[targets.app]\nbuilder = \"rust\"\n";
    let workspace = with_rustup(Workspace::with(farm_toml));
    let manifest = "[package]\nname = \"among\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\
                    [[bin]]\nname = \"demo\"\npath = \"examples/demo/main.rs\"\n";
    workspace.write("Cargo.toml", manifest);
    workspace.write(
        "Cargo.lock",
        "version = 4\n[[package]]\nname = \"among\"\nversion = \"1.0.0\"\n",
    );
    workspace.write(
        "examples/demo/main.rs",
        "mod word;\nfn main() { print!(\"{}\", word::WORD); }\n",
    );
    workspace.write("examples/demo/word.rs", "pub const WORD: &str = \"ebb\";\n");
    workspace.farm("build").success();
    let said = Command::new(workspace.root().join("dist/app/demo")).output();
    assert_eq!(said.expect("it was built").stdout, b"ebb");
}

#[test]
fn its_documents_are_valid() {
    crate::described::assert_all_valid(&POUR.built().path("dist"));
}
