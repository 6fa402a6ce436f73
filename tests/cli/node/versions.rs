//! A workspace in which two packages need two versions of a third one: each finds its own, as where the package manager
//! installs them, while it is tested and where it runs.

use std::process::Command;

use serde_json::{Value, json};

use super::{BERRY, PNPM, YARN, with_lock_of};
use crate::example::Copy;
use crate::shop::product::networked;
use crate::skip;
use crate::support::Workspace;

const FARM_TOML: &str = "[workspace]\nname = \"pier\"\n\
    [targets.rope]\nbuilder = \"node\"\nroot = \"packages/rope\"\n\
    [targets.boat]\nbuilder = \"node\"\nroot = \"packages/boat\"\ndeps = [\"rope\"]\noptions = { test = \"node\" }\n";

/// Which version of `ms` whoever is asked finds, and which one the package beside the lock file shares.
const ROPE: &str = "export const version = require('ms/package.json').version;\nexport const shared = require('ms');\n";
const BOAT: &str = "import { shared, version as other } from '@pier/rope';\n\
    const own = require('ms/package.json').version;\n\
    export const versions = `${own} ${other} ${shared === require('ms')}`;\nconsole.log(versions);\n";
const TEST: &str = "import assert from 'node:assert';\nimport test from 'node:test';\n\
    import { versions } from './index.js';\n\
    test('each has its own', () => assert.equal(versions, '2.1.3 2.0.0 false'));\n";

/// `rope` needs the version of `ms` that is shared, and `boat` needs `rope` and has another one for itself.
fn pier(rope: &str) -> Copy {
    let workspace = networked(Workspace::with(FARM_TOML));
    let require = "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\n";
    let top =
        json!({ "name": "pier", "private": true, "workspaces": ["packages/*"], "dependencies": { "ms": "2.0.0" } });
    let package = |name: &str, dependencies: Value| {
        json!({
            "name": name, "version": "1.0.0", "private": true, "type": "module", "exports": "./index.js",
            "dependencies": dependencies,
        })
    };
    for (path, content) in [
        ("package.json", top),
        (
            "packages/rope/package.json",
            package("@pier/rope", json!({ "ms": "2.0.0" })),
        ),
        (
            "packages/boat/package.json",
            package("boat", json!({ "@pier/rope": rope, "ms": "2.1.3" })),
        ),
    ] {
        workspace.write(path, &content.to_string());
    }
    workspace.write("packages/rope/index.js", &format!("{require}{ROPE}"));
    workspace.write("packages/boat/index.js", &format!("{require}{BOAT}"));
    workspace.write("packages/boat/index.test.js", TEST);
    Copy(workspace)
}

/// Each finds its own version, what is there is what is listed, and one install is enough for both.
fn assert_apart(pier: &Copy) {
    let build = pier.build("");
    assert!(build.ok() && build.notices().is_empty(), "{}", build.text());
    let installed = ["rope", "boat"].map(|target| build.actions(target, "ran").contains(&"install"));
    assert_eq!(installed.iter().filter(|ran| **ran).count(), 1, "{}", build.text());
    let mut node = Command::new("node");
    let said = node.arg("dist/boat").current_dir(pier.0.root()).output();
    let said = said.expect("node is there");
    assert_eq!(String::from_utf8_lossy(&said.stdout), "2.1.3 2.0.0 false\n", "{said:?}");
    let sbom: Value = serde_json::from_str(&pier.0.read("dist/boat.node_modules.cdx.json")).expect("JSON");
    let listed = sbom["components"].as_array().expect("a list").iter();
    let listed: Vec<_> = listed.filter_map(|component| component["purl"].as_str()).collect();
    for version in ["pkg:npm/ms@2.0.0", "pkg:npm/ms@2.1.3"] {
        assert!(listed.contains(&version), "{listed:?}");
    }
}

#[test]
fn npm_gives_each_package_its_own_version() {
    let pier = pier("1.0.0");
    let mut npm = Command::new("npm");
    npm.args(["install", "--package-lock-only", "--no-audit", "--no-fund"]);
    let made = npm.current_dir(pier.0.root()).output().expect("npm is there");
    assert!(made.status.success(), "{made:?}");
    assert_apart(&pier);
}

#[test]
fn pnpm_gives_each_package_its_own_version() {
    let pier = pier("workspace:*");
    pier.0.write("pnpm-workspace.yaml", "packages:\n  - packages/*\n");
    let Some(pier) = with_lock_of(pier, PNPM, &["install", "--lockfile-only"]) else {
        skip!("pnpm is not installed: run scripts/setup");
    };
    assert_apart(&pier);
}

#[test]
fn yarn_gives_each_package_its_own_version() {
    let Some(pier) = with_lock_of(pier("1.0.0"), YARN, &["install", "--ignore-scripts", "--silent"]) else {
        skip!("yarn is not installed: run scripts/setup");
    };
    assert_apart(&pier);
}

#[test]
fn yarn_of_today_gives_each_package_its_own_version() {
    let Some(pier) = with_lock_of(pier("workspace:*"), BERRY, &["install", "--mode=update-lockfile"]) else {
        skip!("Yarn 4 is not installed: run scripts/setup");
    };
    assert_apart(&pier);
}
