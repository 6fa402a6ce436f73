//! The plans of the builder `rust`, whole, and each mistake that it names.

use farm_builder_rust::Rust;
use farm_sdk::testing::{Folder, check_options, plan, show};
use farm_sdk::{Action, Plan, Problem, Source, Work};
use serde_json::{Value, json};

const LOCK: &str = r#"
version = 4

[[package]]
name = "lexopt"
version = "0.3.2"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "803ec87c"

[[package]]
name = "pour"
version = "0.2.0"

[[package]]
name = "timer"
version = "0.2.0"
dependencies = ["lexopt", "pour"]
"#;

/// A library and a program in one cargo workspace, below the folder `tools`.
fn workspace(root: &str) -> Folder {
    Folder::new()
        .root(root)
        .file("tools/Cargo.lock", LOCK)
        .file(
            "tools/Cargo.toml",
            "[workspace]\nmembers = [\"crates/*\"]\n[workspace.dependencies]\npour = { path = \"crates/pour\" }\n",
        )
        .file("tools/crates/pour/Cargo.toml", "[package]\nname = \"pour\"\n")
        .file("tools/crates/pour/src/lib.rs", "")
        .file(
            "tools/crates/timer/Cargo.toml",
            "[package]\nname = \"timer\"\n[[bin]]\nname = \"pour-timer\"\npath = \"src/main.rs\"\n[dependencies]\nlexopt = \"0.3\"\npour.workspace = true\n",
        )
        .file("tools/crates/timer/src/main.rs", "")
        .file("tools/crates/other/Cargo.toml", "[package]\nname = \"other\"\n[[test]]\nname = \"all\"\n")
        .file("tools/crates/other/src/main.rs", "")
        .file("tools/crates/other/tests/all.rs", "")
        .tools(["sh", "cargo", "rustc", "rustdoc", "cc", "cargo-clippy", "clippy-driver"])
}

/// One package by itself, at the workspace's root.
fn single(manifest: &str) -> Folder {
    Folder::new()
        .root("")
        .file("Cargo.toml", manifest)
        .file("Cargo.lock", "version = 4\n")
        .file("src/main.rs", "")
        .tools(["sh", "cargo", "rustc", "cc"])
}

/// The plan as text, without farm's own script.
fn planned(folder: &Folder, options: &Value) -> String {
    let script = serde_json::to_string(include_str!("../src/scripts/cargo.sh")).expect("a string");
    show(&plan::<Rust>(folder, options)).replace(&script, "\"(cargo.sh)\"")
}

fn sound(folder: &Folder, options: &Value) -> Plan {
    plan::<Rust>(folder, options).expect("sound")
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.actions.iter().map(|action| action.id.as_str()).collect()
}

fn action<'a>(plan: &'a Plan, id: &str) -> &'a Action {
    let found = plan.actions.iter().find(|action| action.id == id);
    found.unwrap_or_else(|| panic!("no `{id}` among {:?}", ids(plan)))
}

fn arguments(action: &Action) -> Vec<&str> {
    let Work::Tool { arguments, .. } = &action.work else {
        panic!("`{}` is a step", action.id)
    };
    arguments.iter().map(String::as_str).collect()
}

/// Artifacts: name and place.
fn artifacts(plan: &Plan) -> Vec<(&str, &str)> {
    let artifacts = plan.artifacts.iter();
    artifacts
        .map(|artifact| (artifact.name.as_str(), artifact.place.as_deref().unwrap_or("-")))
        .collect()
}

fn problem(folder: &Folder, options: &Value) -> String {
    let Problem {
        message,
        file,
        line,
        hint,
    } = plan::<Rust>(folder, options).expect_err("a mistake");
    let at = line.map_or(String::new(), |line| format!(":{line}"));
    format!(
        "{message}\nin: {}{at}\nhint: {}",
        file.unwrap_or("-".to_owned()),
        hint.expect("every problem has a hint")
    )
}

#[test]
fn schema_and_type_agree() {
    check_options::<Rust>(&json!({}));
}

#[test]
fn one_package_of_a_workspace() {
    let options = json!({ "clippy": true, "test": true, "features": ["seconds"], "inputs": ["//proto/**", "data"] });
    insta::assert_snapshot!("member", planned(&workspace("tools/crates/timer"), &options));
}

#[test]
fn a_whole_workspace() {
    let plan = sound(&workspace("tools"), &json!({}));
    assert_eq!(ids(&plan), ["fetch", "build", "measure", "components"]);
    assert_eq!(artifacts(&plan), [("other", "other"), ("pour-timer", "pour-timer")]);
    let arguments = arguments(action(&plan, "build"));
    assert!(
        arguments.ends_with(&["--bin", "other", "--bin", "pour-timer"]),
        "{arguments:?}"
    );
}

#[test]
fn a_package_without_crates_fetches_nothing() {
    let plan = sound(&single("[package]\nname = \"alone\"\n"), &json!({}));
    assert_eq!(ids(&plan), ["build", "measure", "components"]);
}

#[test]
fn programs_are_found_where_cargo_looks() {
    let folder = single(
        "[package]\nname = \"many\"\n[[bin]]\nname = \"extra\"\npath = \"src/extra.rs\"\nrequired-features = [\"extra\"]\n",
    )
    .file("src/extra.rs", "")
    .file("src/bin/one.rs", "")
    .file("src/bin/two/main.rs", "")
    .file("src/bin/two/part.rs", "");
    let of = |options: Value| {
        let plan = sound(&folder, &options);
        plan.artifacts
            .iter()
            .map(|artifact| artifact.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(of(json!({})), ["many", "one", "two"]);
    assert_eq!(of(json!({ "features": ["extra"] })), ["extra", "many", "one", "two"]);
    assert_eq!(of(json!({ "bins": ["two"] })), ["two"]);
}

#[test]
fn a_feature_that_another_one_turns_on_is_on() {
    let folder = single(
        "[package]\nname = \"app\"\n[features]\ndefault = [\"full\"]\nfull = [\"extra\"]\nextra = []\n[[bin]]\n\
         name = \"extra\"\npath = \"src/extra.rs\"\nrequired-features = [\"extra\"]\n",
    )
    .file("src/extra.rs", "");
    assert_eq!(
        artifacts(&sound(&folder, &json!({}))),
        [("app", "app"), ("extra", "extra")]
    );
    let without = json!({ "default-features": false });
    assert_eq!(artifacts(&sound(&folder, &without)), [("app", "app")]);
}

#[test]
fn programs_whose_artifacts_would_have_one_name() {
    let folder = single("[package]\nname = \"app\"\n").file("src/bin/App.rs", "");
    insta::assert_snapshot!(problem(&folder, &json!({})), @r"
    the programs `App` and `app` have one name in lower case
    in: Cargo.toml
    hint: say which one in the option `bins`; a second target can build the other
    ");
    let long = single(&format!("[package]\nname = \"{}\"\n", "long".repeat(10)));
    let triples = json!({ "targets": ["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl"] });
    insta::assert_snapshot!(problem(&long, &triples), @r"
    `longlonglonglonglonglonglonglonglonglong` is too long a name for a program
    in: Cargo.toml
    hint: at most 64 letters, with the name of the target where there are several
    ");
}

#[test]
fn a_matrix_has_a_folder_for_each_platform() {
    let targets = json!(["x86_64-unknown-linux-musl", "x86_64-pc-windows-gnu"]);
    let plan = sound(&single("[package]\nname = \"app\"\n"), &json!({ "targets": targets }));
    assert_eq!(
        artifacts(&plan),
        [
            ("app-linux-amd64", "linux-amd64/app"),
            ("app-windows-amd64", "windows-amd64/app.exe")
        ]
    );
    let build = action(&plan, "build-x86_64-pc-windows-gnu");
    assert_eq!(arguments(build)[2..4], ["app.exe", "x86_64-pc-windows-gnu/release"]);
    let one = sound(
        &single("[package]\nname = \"app\"\n"),
        &json!({ "targets": ["x86_64-unknown-linux-musl"] }),
    );
    assert_eq!(artifacts(&one), [("app", "app")]);
}

#[test]
fn modes_and_options_decide_the_profile() {
    let profile = |folder: Folder, options: Value| {
        let plan = sound(&folder, &options);
        let arguments = arguments(action(&plan, "build"))
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>();
        let at = arguments
            .iter()
            .position(|argument| argument == "--profile")
            .expect("a profile");
        (arguments[3].clone(), arguments[at + 1].clone())
    };
    let of = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let app = || single("[package]\nname = \"app\"\n");
    assert_eq!(profile(app(), json!({})), of("release", "release"));
    assert_eq!(profile(app().mode("development"), json!({})), of("debug", "dev"));
    assert_eq!(profile(app(), json!({ "profile": "dist" })), of("dist", "dist"));
}

#[test]
fn sccache_is_used_when_it_is_asked_for() {
    let app = || single("[package]\nname = \"app\"\n").tools(["sccache"]);
    let plan = sound(&app(), &json!({ "sccache": true }));
    let build = action(&plan, "build");
    assert!(build.tools.contains(&"sccache".to_owned()) && build.jobserver);
    assert!(build.caches.contains(&("sccache".to_owned(), "SCCACHE_DIR".to_owned())));
    assert_eq!(build.private_caches, ["targets", "sccache"]);
    let plan = sound(&app(), &json!({ "sccache": "shared" }));
    assert_eq!(action(&plan, "build").private_caches, ["targets"]);
}

#[test]
fn what_can_be_done_without_a_tool_is_done() {
    let folder = single("[package]\nname = \"app\"\n");
    let plan = sound(&folder, &json!({ "sccache": true, "clippy": true, "test": true }));
    assert_eq!(ids(&plan), ["build", "measure", "components", "clippy", "test"]);
    assert!(!action(&plan, "build").tools.contains(&"sccache".to_owned()));
    // farm fails it for want of its tool, before anything runs.
    assert!(action(&plan, "clippy").tools.contains(&"cargo-clippy".to_owned()));
    let logs = folder.logs();
    assert_eq!(logs.len(), 1, "one message: {logs:?}");
    insta::assert_snapshot!(logs[0].message, @r"
    `sccache` is not on the PATH: the compiler runs without it, with the same result; `cargo-clippy` is not on the PATH: the check fails without having run, and everything else is built; run `rustup component add clippy`, or set `clippy = false`
    ");
}

#[test]
fn a_fetch_gets_no_setting_that_names_a_program() {
    let config = "[build]\nrustc-wrapper = \"./evil\"\n[registries.own]\nindex = \"sparse+https://crates.example/\"\n\
                  credential-provider = [\"./evil\"]\n[registry]\nglobal-credential-providers = [\"./evil\"]\n\
                  [net]\ngit-fetch-with-cli = true\nretry = 3\n";
    let lock =
        "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+https://crates.example\"\n";
    let folder = single("[package]\nname = \"app\"\n")
        .file("Cargo.lock", lock)
        .file(".cargo/config.toml", config);
    let plan = sound(&folder, &json!({}));
    let text = show(&Ok(Plan::new().action(action(&plan, "fetch").clone())));
    assert!(text.contains("crates.example") && text.contains("retry = 3"), "{text}");
    assert!(!text.contains("evil") && !text.contains("with-cli"), "{text}");
    assert_eq!(action(&plan, "fetch").private_caches, Vec::<String>::new());
    let own = folder.file("rust-toolchain.toml", "[toolchain]\npath = \"toolchain\"\n");
    assert_eq!(action(&sound(&own, &json!({})), "fetch").private_caches, ["cargo"]);
}

#[test]
fn sources_of_all_kinds_are_found_among_what_was_fetched() {
    let lock = "version = 4\n\
        [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"git+ssh://git@host/a.git?branch=main#0123\"\n\
        [[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"registry+sparse+https://crates.example/index/\"\n";
    let plan = sound(
        &single("[package]\nname = \"app\"\n").file("Cargo.lock", lock),
        &json!({}),
    );
    let text = show(&Ok(plan));
    for expected in [
        r#"git = \"ssh://git@host/a.git\"\nbranch = \"main\"\nreplace-with = \"farm\""#,
        r#"registry = \"sparse+https://crates.example/index/\"\nreplace-with = \"farm\""#,
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn flags_for_the_compiler_stand_where_the_users_are() {
    let text = |config: &str| {
        let folder = single("[package]\nname = \"app\"\n").file(".cargo/config.toml", config);
        show(&Ok(sound(&folder, &json!({}))))
    };
    let all = text("[build]\nrustflags = [\"-Dwarnings\"]\n");
    assert!(
        all.contains(r"[build]\nrustflags = ['--remap-path-prefix=@ROOT@=.']"),
        "{all}"
    );
    let one = text("[target.x86_64-unknown-linux-gnu]\nrustflags = [\"-Ctarget-cpu=native\"]\n");
    assert!(one.contains(r"[target.'cfg(all())']\nrustflags = "), "{one}");
}

#[test]
fn without_a_manifest_a_lock_file_or_a_program() {
    insta::assert_snapshot!(problem(&single("").without("Cargo.toml"), &json!({})), @"
    there is no `Cargo.toml`
    in: Cargo.toml
    hint: point the target's `root` to the folder of a package, or run `cargo init` there
    ");
    insta::assert_snapshot!(problem(&single("[package]\nname = \"app\"\n").without("Cargo.lock"), &json!({})), @"
    there is no `Cargo.lock`, which fixes what is built, neither there nor above
    in: Cargo.lock
    hint: run `cargo generate-lockfile` and commit the file, for programs and for libraries
    ");
    insta::assert_snapshot!(problem(&workspace("tools/crates/pour"), &json!({})), @"
    there is no program to build
    in: tools/crates/pour/Cargo.toml
    hint: for a library, set `test = true` or `clippy = true`; other targets need no target for it
    ");
    insta::assert_snapshot!(problem(&single("[package]\nname = app\n"), &json!({})), @r"
    `Cargo.toml` cannot be read: string values must be quoted, expected literal string
    in: Cargo.toml:2
    hint: correct the TOML there
    ");
}

#[test]
fn a_package_that_the_lock_file_does_not_know_or_that_is_not_there() {
    let stray = workspace("tools/stray").file("tools/stray/Cargo.toml", "[package]\nname = \"stray\"\n");
    insta::assert_snapshot!(problem(&stray, &json!({})), @"
    `tools/stray` is no package of the workspace whose `Cargo.lock` lies above it
    in: tools/stray/Cargo.toml
    hint: name it in `members` of the workspace's Cargo.toml, or run `cargo generate-lockfile` in it
    ");
    let gone = single("[package]\nname = \"app\"\n[dependencies]\nlib = { path = \"lib\" }\n");
    insta::assert_snapshot!(problem(&gone, &json!({})), @"
    there is no `lib/Cargo.toml`, which another Cargo.toml names
    in: lib/Cargo.toml
    hint: correct the path there; it has to lie below the folder of farm.toml
    ");
    let outside = single("[package]\nname = \"app\"\n[dependencies]\nlib = { path = \"../lib\" }\n");
    insta::assert_snapshot!(problem(&outside, &json!({})), @"
    it needs a package outside of the folder of farm.toml
    in: Cargo.toml
    hint: put farm.toml into a folder above all of them
    ");
}

#[test]
fn a_program_that_there_is_not() {
    insta::assert_snapshot!(problem(&workspace("tools"), &json!({ "bins": ["timer"] })), @"
    option `bins` names `timer`, and there is no such program
    in: tools/Cargo.toml
    hint: there are `other`, `pour-timer`
    ");
}

#[test]
fn without_tools() {
    insta::assert_snapshot!(problem(&Folder::new().file("app/Cargo.toml", ""), &json!({})), @"
    the tool `cargo` is not on the PATH
    in: -
    hint: install Rust with rustup, and the toolchain that the folder asks for with `rustup toolchain install`
    ");
}

#[test]
fn a_program_may_lie_where_examples_do() {
    let manifest = "[package]\nname = \"demo\"\n[[bin]]\nname = \"show\"\npath = \"examples/show.rs\"\n\
                    [[test]]\nname = \"all\"\n[[bench]]\nname = \"fast\"\npath = \"benches/fast.rs\"\n";
    let folder = single(manifest)
        .file("examples/show.rs", "fn main() {}")
        .file("tests/all.rs", "")
        .file("benches/fast.rs", "");
    let plan = sound(&folder, &json!({}));
    let inputs = &action(&plan, "build").inputs;
    let stand_ins = inputs
        .iter()
        .filter(|input| matches!(&input.source, Source::Content(text) if text.is_empty()));
    assert_eq!(
        stand_ins.map(|input| input.at.as_str()).collect::<Vec<_>>(),
        ["benches/fast.rs", "tests/all.rs"],
        "what is compiled is no empty file"
    );
    let excluded = inputs.iter().find_map(|input| match &input.source {
        Source::Files(files) if files.include == ["**"] => Some(&files.exclude),
        _ => None,
    });
    let excluded = excluded.expect("the package");
    let has = |pattern: &str| excluded.iter().any(|other| other == pattern);
    assert!(
        !has("examples/**") && has("tests/**") && has("benches/**"),
        "{excluded:?}"
    );
}
