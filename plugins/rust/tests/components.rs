//! The step `components`: what of a lock file is in a program.

use std::fs;

use farm_builder_rust::Rust;
use farm_sdk::Builder as _;
use serde_json::Value;

/// A crate of the registry in a lock file.
fn locked(name: &str) -> String {
    format!(
        "[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
         checksum = \"{}\"\n",
        "ab".repeat(32)
    )
}

/// What the step writes of a lock file with these crates, for these trees.
fn components(crates: &[&str], linked: &str, used: &str) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let lock: String = crates.iter().map(|name| locked(name)).collect();
    let own = "version = 4\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n";
    for (file, text) in [
        ("Cargo.lock", own.to_owned() + &lock),
        ("linked.txt", linked.to_owned()),
        ("used.txt", used.to_owned()),
    ] {
        fs::write(folder.path().join(file), text).expect("written");
    }
    let parameters = serde_json::json!("Cargo.lock").to_string();
    Rust::run_step("components", &parameters, folder.path(), folder.path()).expect("sound");
    let text = fs::read(folder.path().join("components.json")).expect("it is there");
    serde_json::from_slice(&text).expect("JSON")
}

/// Names and scopes.
fn scopes(components: &Value) -> Vec<(&str, Option<&str>)> {
    let list = components["components"].as_array().expect("a list").iter();
    list.map(|one| (one["name"].as_str().expect("a name"), one["scope"].as_str()))
        .collect()
}

#[test]
fn what_only_built_it_is_excluded_and_what_only_tests_it_is_left_out() {
    let linked = "0app v0.1.0\n1serde v1.0.0\n2itoa v1.0.0\n";
    let used = "0app v0.1.0\n1cc v1.0.0\n2itoa v1.0.0\n1serde v1.0.0\n2derive v1.0.0\n2itoa v1.0.0\n";
    let found = components(&["cc", "derive", "itoa", "serde", "tempfile", "windows"], linked, used);
    assert_eq!(
        scopes(&found),
        [
            ("cc", Some("excluded")),
            ("derive", Some("excluded")),
            ("itoa", None),
            ("serde", None)
        ]
    );
    let of = |name: &str| format!("pkg:cargo/{name}@1.0.0");
    assert_eq!(found["direct"], serde_json::json!([of("cc"), of("serde")]));
    let serde = found["dependencies"]
        .as_array()
        .expect("edges")
        .iter()
        .find(|edge| edge["ref"] == of("serde").as_str());
    assert_eq!(
        serde.expect("edges")["dependsOn"],
        serde_json::json!([of("derive"), of("itoa")])
    );
}
