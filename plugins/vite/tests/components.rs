//! The step `components`, run natively on a real file.

use std::fs;

use farm_builder_vite::Vite;
use farm_sdk::Builder;
use serde_json::{Value, json};

#[test]
fn the_packages_of_the_lock_file_are_listed_and_those_for_development_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let lock = json!({ "lockfileVersion": 3, "packages": {
        "": { "dependencies": { "react": "^19.0.0" }, "devDependencies": { "vite": "^8.0.0" } },
        "node_modules/react": { "version": "19.0.0", "license": "MIT" },
        "node_modules/vite": { "version": "8.0.0" },
    } });
    fs::write(folder.path().join("package-lock.json"), lock.to_string()).expect("a file");
    Vite::run_step("components", "{}", folder.path(), folder.path()).expect("listed");
    let listed = fs::read(folder.path().join("components.json")).expect("a list");
    let listed: Value = serde_json::from_slice(&listed).expect("JSON");
    let found = listed["components"].as_array().expect("a list").iter();
    let found: Vec<_> = found.map(|one| (&one["purl"], &one["scope"])).collect();
    let expected = [
        ("pkg:npm/react@19.0.0", Value::Null),
        ("pkg:npm/vite@8.0.0", json!("excluded")),
    ];
    let expected = expected.map(|(purl, scope)| (json!(purl), scope));
    assert_eq!(
        found,
        expected.iter().map(|(purl, scope)| (purl, scope)).collect::<Vec<_>>()
    );
}
