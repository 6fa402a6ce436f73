//! A package of a registry that wants a login: it comes from a variable that the settings name, and reaches nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::golang::proxy::Proxy;
use crate::support::Workspace;

const FARM_TOML: &str = "[workspace]\nname = \"quay\"\n[targets.quay]\nbuilder = \"node\"\n";
const TOKEN: &str = "f1sh-and-ch1ps";
const PLACE: &str = "/@corp/net/-/net-1.0.0.tgz";

/// The registry, and a project that needs the one package that it has.
struct Quay {
    registry: Proxy,
    workspace: Workspace,
}

impl Quay {
    fn new(settings: &str) -> Self {
        let workspace = Workspace::with(FARM_TOML);
        let package = workspace.beside("net");
        fs::create_dir_all(&package).expect("made");
        let about = json!({ "name": "@corp/net", "version": "1.0.0", "main": "index.js" });
        fs::write(package.join("package.json"), about.to_string()).expect("written");
        fs::write(package.join("index.js"), "module.exports = 42;\n").expect("written");
        let packed = Command::new("npm")
            .args(["pack", "--json"])
            .current_dir(&package)
            .output();
        let packed = packed.expect("npm is there");
        let told: Value = serde_json::from_slice(&packed.stdout).expect("JSON");
        let file = package.join(told[0]["filename"].as_str().expect("a name"));
        let files = BTreeMap::from([(PLACE.to_owned(), fs::read(file).expect("it was packed"))]);
        let registry = Proxy::for_login(files, &format!("Bearer {TOKEN}"));
        let url = registry.url();
        let dependencies = json!({ "@corp/net": "1.0.0" });
        let locked =
            json!({ "version": "1.0.0", "resolved": format!("{url}{PLACE}"), "integrity": told[0]["integrity"] });
        let manifest = json!({
            "name": "quay", "version": "1.0.0", "private": true, "main": "index.js", "files": ["*"],
            "dependencies": dependencies,
        });
        let lock = json!({
            "name": "quay", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
            "packages": { "": manifest, "node_modules/@corp/net": locked },
        });
        let place = url.trim_start_matches("http:");
        workspace.write("package.json", &manifest.to_string());
        workspace.write("package-lock.json", &lock.to_string());
        workspace.write("index.js", "console.log(require('@corp/net'));\n");
        workspace.write(
            ".npmrc",
            &format!("@corp:registry={url}\n{place}/:_authToken={settings}\n"),
        );
        Self { registry, workspace }
    }
}

#[test]
fn a_login_comes_from_a_variable_and_reaches_the_registry_alone() {
    let Quay { registry, workspace } = Quay::new("${QUAY_TOKEN}");
    let without = workspace.farm("build");
    assert_eq!(without.code(), 1, "{}", without.text());
    let hint = "name `QUAY_TOKEN`, which is not set";
    assert!(without.text().contains(hint), "{}", without.text());
    let workspace = workspace.variable("QUAY_TOKEN", TOKEN);
    workspace.farm("build").success();
    assert!(registry.asked().contains(&PLACE.to_owned()));
    let said = Command::new("node")
        .arg("dist/quay")
        .current_dir(workspace.root())
        .output();
    assert_eq!(said.expect("node is there").stdout, b"42\n");
    let plan = workspace.farm("plan --json").success();
    assert!(plan.contains("QUAY_TOKEN") && !plan.contains(TOKEN), "{plan}");
    // Its value is in no key: without it, everything comes from the cache.
    workspace.remove(".farm");
    let workspace = workspace.variable("QUAY_TOKEN", "");
    let again = workspace.build();
    assert_eq!((again.ran, registry.asked().len()), (0, 0));
}

#[test]
fn settings_and_lock_files_are_in_no_package() {
    let Quay { workspace, registry } = Quay::new(TOKEN);
    workspace.write(".yarnrc.yml", "npmAuthToken: x\n");
    workspace.write("lib/.npmrc", "//registry.example/:_authToken=x\n");
    workspace.write("lib/tide.js", "");
    workspace.farm("build").success();
    drop(registry);
    for absent in [".npmrc", ".yarnrc.yml", "package-lock.json", "lib/.npmrc", "farm.toml"] {
        assert!(!workspace.has(&format!("dist/quay/{absent}")), "{absent}");
    }
    assert!(workspace.has("dist/quay/index.js") && workspace.has("dist/quay/lib/tide.js"));
}
