//! The example of the builder `node`, built for real: a TypeScript library, and a service that uses it. And workspaces in
//! which packages need different versions, and registries that want a login.

mod private;
mod versions;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::example::{Copy, Example};
use crate::shop::files::Files;
use crate::shop::product::repository;
use crate::{farm_snapshot, skip};

static KETTLE: Example = Example::new("node");
const ANSWER: &str = "services/kiosk/src/answer.ts";

#[test]
fn the_service_runs_with_what_was_built() {
    let kettle = KETTLE.built();
    let mut service = Command::new("node")
        .arg("dist/kiosk/dist/main.js")
        .current_dir(kettle.0.root())
        .env("PORT", "0")
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is there");
    let mut said = String::new();
    let output = service.stdout.take().expect("a pipe");
    BufReader::new(output)
        .read_line(&mut said)
        .expect("it says where it listens");
    let place = said
        .trim()
        .strip_prefix("listening on http://")
        .expect("an address")
        .to_owned();
    let mut connection = TcpStream::connect(&place).expect("it listens");
    write!(connection, "GET /recipe.json?cups=2 HTTP/1.0\r\n\r\n").expect("sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    service.kill().expect("it is ours");
    service.wait().expect("it ended");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let recipe: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((&recipe["coffee"], &recipe["water"]), (&json!(31), &json!(500)));
}

#[test]
fn artifacts_are_what_a_package_publishes_and_needs() {
    let kettle = KETTLE.built();
    for there in [
        "dist/brew/dist/index.d.ts",
        "dist/brew/package.json",
        "dist/kiosk/node_modules/@kettle/brew/dist/index.js",
        "dist/kiosk/node_modules/escape-html/index.js",
    ] {
        assert!(kettle.0.has(there), "{there}");
    }
    for absent in [
        "dist/brew/src",
        "dist/brew/test",
        "dist/kiosk/tsconfig.json",
        "dist/kiosk/node_modules/typescript",
        "dist/kiosk/node_modules/@types",
    ] {
        assert!(!kettle.0.has(absent), "{absent}");
    }
    let build = &KETTLE.first().build;
    let about = &build.artifact("kiosk", "kettle-kiosk")["metadata"];
    assert_eq!(
        (&about["name"], &about["version"]),
        (&json!("@kettle/kiosk"), &json!("0.3.0"))
    );
    assert!(
        about["bytes"].as_u64() > Some(1000) && about["node"].is_string(),
        "{about}"
    );
}

#[test]
fn a_second_build_runs_nothing() {
    let build = KETTLE.built().build("");
    assert_eq!(
        (build.count("ran"), build.count("cached"), build.components()),
        (0, 0, 0)
    );
}

#[test]
fn a_changed_source_reaches_what_is_made_of_it() {
    let kettle = KETTLE.built();
    let before = kettle.files();
    kettle.edit(ANSWER, "There is no ${", "Nobody knows ${");
    let build = kettle.build("");
    assert!(build.ok(), "{}", build.text());
    assert_eq!(build.actions("brew", "ran"), Vec::<&str>::new());
    assert_eq!(build.actions("kiosk", "ran"), ["check", "compile", "package", "test"]);
    assert_eq!(
        kettle.files().count(),
        before.count(),
        "a check that knows most files hides none"
    );
    kettle.edit(ANSWER, "Nobody knows ${", "There is no ${");
    let back = kettle.build("");
    assert_eq!(back.count("ran"), 0, "{}", back.text());
    kettle.files().assert_same(&before);
}

#[test]
fn a_change_that_nobody_sees_ends_in_its_package() {
    let kettle = KETTLE.built();
    kettle.edit(
        "packages/brew/src/index.ts",
        "\nexport function isStrength",
        "\n\nexport function isStrength",
    );
    kettle.edit(
        "packages/brew/tsconfig.json",
        "\"outDir\": \"dist\"",
        "\"outDir\": \"dist\", \"sourceMap\": false",
    );
    let first = kettle.build("");
    assert!(
        first.ok() && first.actions("kiosk", "ran").contains(&"compile"),
        "{}",
        first.text()
    );
    kettle.edit(
        "packages/brew/src/index.ts",
        "\n\nexport function isStrength",
        "\n\n\nexport function isStrength",
    );
    let build = kettle.build("");
    assert!(build.ok(), "{}", build.text());
    assert!(build.actions("brew", "ran").contains(&"compile"), "{}", build.text());
    assert_eq!(build.actions("kiosk", "ran"), Vec::<&str>::new(), "{}", build.text());
}

#[test]
fn two_builds_from_nothing_make_the_same_bytes() {
    let kettle = KETTLE.alone();
    let build = kettle.build("");
    assert!(build.ok(), "{}", build.text());
    kettle.files().assert_same(&KETTLE.first().files);
}

#[test]
fn the_sandbox_changes_nothing_of_what_is_made() {
    let bare = KETTLE.alone();
    let build = bare.build("--sandbox off");
    assert!(build.ok(), "{}", build.text());
    let made = |files: Files| {
        let files = files.without_files(".provenance.json");
        files.without_lines("dist/manifest.json", "\"tier\"")
    };
    made(bare.files()).assert_same(&made(KETTLE.first().files.clone()));
}

#[test]
fn a_type_that_does_not_fit_fails_with_the_words_of_the_compiler() {
    let kettle = KETTLE.built();
    kettle.edit(
        ANSWER,
        "recipe(Number(query.get(\"cups\") ?? 1)",
        "recipe(query.get(\"cups\") ?? 1",
    );
    let ran = kettle.0.farm("build");
    assert_eq!(ran.code(), 1, "{}", ran.text());
    let text = ran.text();
    assert!(
        text.contains("src/answer.ts") && text.contains("error TS2345"),
        "{text}"
    );
    assert!(text.contains("error[execute::tool-failed]"), "{text}");
}

#[test]
fn a_file_that_the_manifest_names_and_nobody_makes_fails() {
    let kettle = KETTLE.built();
    kettle.edit("packages/brew/package.json", "./dist/index.js", "./dist/indeks.js");
    // Its tests may be the first to fail by that.
    let text = kettle.0.farm("build -t brew --keep-going").text();
    let expected = "package.json names `./dist/indeks.js` in `exports`, and the package has no such file";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_failing_test_fails_the_build() {
    let kettle = KETTLE.built();
    kettle.edit("packages/brew/src/index.ts", "strong: 15", "strong: 25");
    let text = kettle.0.farm("build -t brew").text();
    assert!(text.contains("a stronger coffee has more coffee in it"), "{text}");
    assert!(text.contains("exit code: 1"), "{text}");
}

#[test]
fn pnpm_installs_where_the_lock_file_is_its_own() {
    let kettle = KETTLE.alone();
    kettle.edit(
        "services/kiosk/package.json",
        "\"@kettle/brew\": \"1.2.0\"",
        "\"@kettle/brew\": \"workspace:*\"",
    );
    kettle
        .0
        .write("pnpm-workspace.yaml", "packages:\n  - packages/*\n  - services/*\n");
    let Some(kettle) = with_lock_of(kettle, PNPM, &["install", "--lockfile-only"]) else {
        skip!("pnpm is not installed: run scripts/setup");
    };
    let build = kettle.build("");
    assert!(build.ok(), "{}", build.text());
    assert!(kettle.0.has("dist/kiosk/node_modules/escape-html/index.js"));
    assert_listed(&kettle, true);
}

#[test]
fn yarn_installs_where_the_lock_file_is_its_own() {
    let Some(kettle) = with_lock_of(KETTLE.alone(), YARN, &["install", "--ignore-scripts", "--silent"]) else {
        skip!("yarn is not installed: run scripts/setup");
    };
    let build = kettle.build("");
    assert!(build.ok(), "{}", build.text());
    assert!(kettle.0.has("dist/kiosk/node_modules/escape-html/index.js"));
    assert_listed(&kettle, true);
}

/// The SBOMs of the service and of its packages have the one package that it needs, with the hash of the lock file where
/// that has one; and nothing of what is for development.
fn assert_listed(kettle: &Copy, has_hash: bool) {
    for artifact in ["kettle-kiosk", "node_modules"] {
        let text = kettle.0.read(&format!("dist/kiosk.{artifact}.cdx.json"));
        let sbom: Value = serde_json::from_str(&text).expect("JSON");
        let all = sbom["components"].as_array().expect("a list");
        let packages: Vec<_> = all.iter().filter(|component| component["type"] == "library").collect();
        assert_eq!(packages.len(), 1, "{text}");
        assert_eq!(packages[0]["purl"], "pkg:npm/escape-html@1.0.3");
        assert_eq!(packages[0]["licenses"], json!([{ "expression": "MIT" }]));
        let hash = has_hash.then_some("SHA-512");
        assert_eq!(packages[0]["hashes"][0]["alg"].as_str(), hash);
    }
    crate::described::assert_all_valid(&kettle.path("dist"));
}

#[test]
fn yarn_of_today_installs_whatever_its_settings_say_of_places() {
    let kettle = KETTLE.alone();
    let settings = "nodeLinker: pnp\nenableGlobalCache: false\n";
    kettle.0.write(".yarnrc.yml", settings);
    let Some(kettle) = with_lock_of(kettle, BERRY, &["install", "--mode=update-lockfile"]) else {
        skip!("Yarn 4 is not installed: run scripts/setup");
    };
    let lock = kettle.0.read("yarn.lock");
    assert!(lock.contains("\n__metadata:\n"), "{lock}");
    let build = kettle.build("");
    assert!(build.ok() && build.notices().is_empty(), "{}", build.text());
    for there in [
        "dist/brew/dist/index.d.ts",
        "dist/kiosk/node_modules/escape-html/index.js",
    ] {
        assert!(kettle.0.has(there), "{there}");
    }
    assert_eq!(kettle.0.read("yarn.lock"), lock);
    assert_listed(&kettle, false);
    kettle.edit(ANSWER, "There is no ${", "Nobody knows ${");
    let build = kettle.build("");
    assert_eq!(build.actions("kiosk", "ran"), ["check", "compile", "package", "test"]);
    // The packages themselves are among the tool caches: no registry is needed for them again.
    kettle
        .0
        .write(".yarnrc.yml", &format!("{settings}enableColors: false\n"));
    let kettle = Copy(kettle.0.variable("YARN_NPM_REGISTRY_SERVER", "https://127.0.0.1:9"));
    let build = kettle.build("");
    assert!(build.ok(), "{}", build.text());
    let ran = ["brew", "kiosk"].map(|target| build.actions(target, "ran"));
    assert_eq!(ran.concat(), ["install"], "{}", build.text());
}

#[test]
fn swc_compiles_and_typescript_declares() {
    let kettle = KETTLE.alone();
    kettle.edit(
        "package.json",
        "\"@types/node\"",
        "\"@swc/core\": \"^1.13.5\",\n    \"@types/node\"",
    );
    kettle.edit(
        "farm.toml",
        "options = { test = \"node\" }",
        "options = { compiler = \"swc\" }",
    );
    kettle.0.remove("package-lock.json");
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--package-lock-only",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
    ]);
    let made = npm.current_dir(kettle.0.root()).output().expect("npm is there");
    assert!(made.status.success(), "{made:?}");
    let build = kettle.build("--target brew");
    assert!(build.ok(), "{}", build.text());
    assert!(
        ["compile", "declare"]
            .iter()
            .all(|action| build.actions("brew", "ran").contains(action)),
        "{}",
        build.text()
    );
    assert!(kettle.0.has("dist/brew/dist/index.d.ts"));
    let uses = "import { recipe } from './dist/brew/dist/index.js'; process.stdout.write(String(recipe(2).water))";
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", uses]);
    let said = node.current_dir(kettle.0.root()).output().expect("node is there");
    assert_eq!(String::from_utf8_lossy(&said.stdout), "500", "{said:?}");
}

/// Managers as `scripts/setup` installs them: folder and name.
const PNPM: (&str, &str) = ("node-managers", "pnpm");
const YARN: (&str, &str) = ("node-managers", "yarn");
const BERRY: (&str, &str) = ("yarn-berry", "yarn");

/// The example with the lock file of another manager, which is on its PATH; none where that is not installed.
fn with_lock_of(kettle: Copy, (folder, manager): (&str, &str), arguments: &[&str]) -> Option<Copy> {
    let programs = repository().join("target/tools").join(folder).join("bin");
    if !programs.join(manager).exists() {
        return None;
    }
    let path = std::env::var_os("PATH").expect("tests need a PATH");
    let folders = std::iter::once(programs).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(folders).expect("folders");
    let kettle = Copy(kettle.0.variable("PATH", &path));
    if kettle.0.has("package-lock.json") {
        kettle.0.remove("package-lock.json");
    }
    let status = Command::new(manager)
        .args(arguments)
        .current_dir(kettle.0.root())
        .env("PATH", &path)
        .env("YARN_GLOBAL_FOLDER", kettle.0.beside("yarn"))
        .stdout(Stdio::null())
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "{manager} made no lock file"
    );
    Some(kettle)
}

#[test]
fn without_node_one_message_says_what_is_missing() {
    let kettle = KETTLE.alone();
    let workspace = kettle.0.variable("PATH", "/nowhere");
    farm_snapshot!(workspace.farm("build -t brew"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    building 1 target of kettle for production (sandbox [TIER], [JOBS])
    error[builder::missing-tool]: the tool `node` is not on the PATH
      --> farm.toml:5:10
       |
     5 | [targets.brew]
       |          ^^^^
      target brew
      hint: install Node.js 20 or later, which brings `node` and `npm`
    ");
}

#[test]
fn its_documents_are_valid() {
    assert_listed(&KETTLE.built(), true);
}
