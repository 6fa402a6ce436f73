//! Lock files as the package managers have written them, of one and the same workspace: a service that needs a library beside
//! it. What is read of them is the same, whoever wrote it.

use std::collections::BTreeMap;

use farm_npm::packages::{Manifests, of_pnpm, of_yarn};
use farm_npm::{Manifest, parse};
use farm_sdk::components::{Component, Components, Scope, npm};
use serde_json::json;

const SERVICE: &str = r#"{
    "name": "@cafe/service",
    "dependencies": { "@cafe/mill": "1.0.0", "debug": "4.3.4", "old-width": "npm:string-width@4.2.3",
                      "use-sync-external-store": "1.2.0" },
    "devDependencies": { "ms": "2.1.3", "react": "18.2.0" },
    "optionalDependencies": { "fsevents": "2.3.3" } }"#;
const MILL: &str =
    r#"{ "name": "@cafe/mill", "dependencies": { "ms": "2.0.0" }, "devDependencies": { "wrappy": "1.0.2" } }"#;

/// The service's manifest, and that of the library.
fn manifests() -> Manifests {
    let read = |text| parse::<Manifest>("package.json", text).expect("JSON");
    let locals = BTreeMap::from([("@cafe/mill".to_owned(), read(MILL))]);
    Manifests {
        own: read(SERVICE),
        locals,
    }
}

/// The service's folder.
const SERVICE_AT: &str = "services/cafe";

fn of_npm(text: &str) -> Components {
    npm::read(text, SERVICE_AT).expect("a lock file")
}

/// Each package with its scope.
fn listed(components: &Components) -> Vec<(String, Option<Scope>)> {
    let shown = |component: &Component| (format!("{}@{}", component.name, component.version), component.scope);
    components.iter().map(shown).collect()
}

/// React is there for development, and is the peer that `use-sync-external-store` needs when it runs.
fn expected() -> Vec<(String, Option<Scope>)> {
    let all = [
        ("ansi-regex@5.0.1", None),
        ("debug@4.3.4", None),
        ("emoji-regex@8.0.0", None),
        ("fsevents@2.3.3", Some(Scope::Optional)),
        ("is-fullwidth-code-point@3.0.0", None),
        ("js-tokens@4.0.0", None),
        ("loose-envify@1.4.0", None),
        ("ms@2.0.0", None),
        ("ms@2.1.2", None),
        ("ms@2.1.3", Some(Scope::Excluded)),
        ("react@18.2.0", None),
        ("string-width@4.2.3", None),
        ("strip-ansi@6.0.1", None),
        ("use-sync-external-store@1.2.0", None),
    ];
    all.map(|(name, scope)| (name.to_owned(), scope)).into()
}

fn hash(components: &Components, purl: &str) -> Option<String> {
    let component = components.iter().find(|component| component.purl == purl);
    let hashes = &component.expect("it is listed").hashes;
    assert!(hashes.len() <= 1, "{hashes:?}");
    hashes.first().map(|hash| format!("{} {}", hash.alg, hash.content))
}

/// Of `string-width`: the `integrity` of the lock files, in hexadecimal digits.
const STRING_WIDTH: &str = "SHA-512 \
    c0ac90450a63274b08a7ad84ad265d1ac8cc256b1aa79a1136284786ee86ec954effd8c807a5327af2feb57b8eaab9e0\
    f23fdcc4a4d6c96530bd24eb8a2673fe";

#[test]
fn the_lock_files_of_npm_and_pnpm_say_the_same() {
    for components in [
        of_npm(include_str!("locks/package-lock-2.json")),
        of_npm(include_str!("locks/package-lock-3.json")),
        of_pnpm(include_str!("locks/pnpm-6.yaml"), SERVICE_AT).expect("a lock file"),
        of_pnpm(include_str!("locks/pnpm-9.yaml"), SERVICE_AT).expect("a lock file"),
    ] {
        assert_eq!(listed(&components), expected());
        let found = hash(&components, "pkg:npm/string-width@4.2.3");
        assert_eq!(found.as_deref(), Some(STRING_WIDTH));
        assert_edges(&components);
    }
}

/// Who needs what: `ms` has three versions, each for somebody else.
fn assert_edges(components: &Components) {
    let document = serde_json::to_value(components).expect("JSON");
    let edges = document["dependencies"].as_array().expect("a list");
    let debug = edges.iter().find(|edge| edge["ref"] == "pkg:npm/debug@4.3.4");
    assert_eq!(debug.expect("it needs one")["dependsOn"], json!(["pkg:npm/ms@2.1.2"]));
    let direct = document["direct"].as_array().expect("a list");
    for (name, is_direct) in [("ms@2.0.0", true), ("ms@2.1.2", false), ("string-width@4.2.3", true)] {
        let purl = json!(format!("pkg:npm/{name}"));
        assert_eq!(direct.contains(&purl), is_direct, "{name}: {direct:?}");
    }
}

#[test]
fn what_only_the_developers_of_another_package_need_is_no_part_of_this_one() {
    let wrappy = |components: &Components| listed(components).iter().any(|(name, _)| name == "wrappy@1.0.2");
    let lock = include_str!("locks/pnpm-9.yaml");
    assert!(!wrappy(&of_pnpm(lock, SERVICE_AT).expect("a lock file")));
    assert!(wrappy(&of_pnpm(lock, "packages/mill").expect("a lock file")));
}

#[test]
fn the_lock_file_of_yarn_1_does_not_tell_of_peers() {
    let components = of_yarn(include_str!("locks/yarn-1.lock"), &manifests()).expect("a lock file");
    let for_react = ["js-tokens@4.0.0", "loose-envify@1.4.0", "react@18.2.0"];
    let expected = expected().into_iter().map(|(name, scope)| {
        let scope = if for_react.contains(&name.as_str()) {
            Some(Scope::Excluded)
        } else {
            scope
        };
        (name, scope)
    });
    assert_eq!(listed(&components), expected.collect::<Vec<_>>());
    let found = hash(&components, "pkg:npm/string-width@4.2.3");
    assert_eq!(found.as_deref(), Some(STRING_WIDTH));
    assert_edges(&components);
}

#[test]
fn later_ones_have_no_hash_of_a_package() {
    let components = of_yarn(include_str!("locks/yarn-berry.lock"), &manifests()).expect("a lock file");
    let all = listed(&components);
    let known: Vec<_> = all.iter().filter(|entry| expected().contains(entry)).cloned().collect();
    assert_eq!(known, expected());
    // Yarn adds `node-gyp` and all that it needs to whatever may compile something.
    let others = all.iter().filter(|entry| !expected().contains(entry));
    assert!(others.clone().any(|(name, _)| name.starts_with("node-gyp@")));
    assert!(others.clone().all(|(_, scope)| *scope == Some(Scope::Optional)));
    assert_eq!(hash(&components, "pkg:npm/string-width@4.2.3"), None);
    assert_edges(&components);
}

#[test]
fn a_range_that_was_replaced_is_found_by_its_name() {
    let lock = "__metadata:\n  version: 8\n\n\"ms@npm:2.1.3\":\n  version: 2.1.3\n  resolution: \"ms@npm:2.1.3\"\n  \
                linkType: hard\n";
    let own = parse::<Manifest>("package.json", r#"{ "dependencies": { "ms": "^1.0.0" } }"#).expect("JSON");
    let locals = BTreeMap::new();
    let components = of_yarn(lock, &Manifests { own, locals }).expect("a lock file");
    assert_eq!(listed(&components), [("ms@2.1.3".to_owned(), None)]);
}

#[test]
fn a_lock_file_of_pnpm_7_names_packages_in_another_way() {
    let lock = "lockfileVersion: 5.4\n\nspecifiers:\n  '@a/b_c': ^1.0.0\n  d: ^2.0.0\n\ndependencies:\n  \
                '@a/b_c': 1.0.1_d@2.0.0\n\ndevDependencies:\n  d: 2.0.0\n\npackages:\n\n  \
                /@a/b_c/1.0.1_d@2.0.0:\n    resolution: {integrity: sha1-AP8=}\n    dependencies:\n      d: 2.0.0\n\n  \
                /d/2.0.0:\n    resolution: {integrity: sha1-AP8=}\n";
    let components = of_pnpm(lock, "").expect("a lock file");
    let names = ["@a/b_c@1.0.1", "d@2.0.0"].map(|name| (name.to_owned(), None));
    assert_eq!(listed(&components), names);
    assert_eq!(hash(&components, "pkg:npm/d@2.0.0").as_deref(), Some("SHA-1 00ff"));
}

#[test]
fn of_several_documents_the_last_is_that_of_the_packages() {
    let lock = format!(
        "lockfileVersion: '9.0'\nimporters: {{}}\n---\n{}",
        include_str!("locks/pnpm-9.yaml")
    );
    let components = of_pnpm(&lock, SERVICE_AT).expect("a lock file");
    assert_eq!(listed(&components), expected());
}

#[test]
fn what_is_no_lock_file_is_said() {
    let said = of_pnpm("lockfileVersion: [", "").expect_err("no YAML");
    assert!(
        said.message.starts_with("`pnpm-lock.yaml` cannot be read: "),
        "{said:?}"
    );
    let said = of_pnpm(include_str!("locks/pnpm-9.yaml"), "services/tea").expect_err("no such package");
    assert_eq!(said.message, "`pnpm-lock.yaml` has no package `services/tea`");
    let said = of_yarn("__metadata:\n  version: 8\nms: 1\n", &manifests()).expect_err("no entry");
    assert!(said.message.starts_with("`yarn.lock` cannot be read: "), "{said:?}");
}
