//! The step `measure`, run natively on real files.

use std::fs;
use std::path::Path;

use farm_builder_vite::Vite;
use farm_sdk::Builder;
use serde_json::{Value, json};

const FACTS: &str = r#"{ "vite": "8.3.8", "assets": [{ "file": "index.html" }],
    "chunks": [{ "name": "index", "file": "assets/index.js", "modules": [] }] }"#;

fn measure(files: &[(&str, &[u8])]) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    fs::create_dir_all(&output).expect("a folder");
    write(&input.join("facts.json"), FACTS.as_bytes());
    for (path, content) in files {
        write(&input.join("bundle").join(path), content);
    }
    Vite::run_step("measure", "{}", &input, &output).expect("measured");
    serde_json::from_slice(&fs::read(output.join("metadata.json")).expect("metadata")).expect("JSON")
}

fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, content).expect("a file");
}

#[test]
fn text_is_compressed_pictures_are_not_and_maps_count_apart() {
    let script = "console.log('farm');\n".repeat(100);
    let found = measure(&[
        ("index.html", b"<!doctype html>"),
        ("assets/index.js", script.as_bytes()),
        ("assets/index.js.map", b"{}"),
        ("assets/logo.png", &[7; 300]),
    ]);
    assert_eq!(
        (&found["files"], &found["chunks"], &found["assets"]),
        (&json!(3), &json!(1), &json!(1))
    );
    assert_eq!(found["raw"], 15 + 2100 + 300);
    assert_eq!(found["source_maps"], json!({ "files": 1, "raw": 2 }));
    assert_eq!(found["largest"][0]["file"], "assets/index.js");
    assert!(found["largest"][0]["gzip"].as_u64() < Some(100) && found["largest"][0]["brotli"].as_u64() < Some(60));
    assert_eq!(
        found["largest"][1],
        json!({ "file": "assets/logo.png", "raw": 300, "gzip": 300, "brotli": 300 })
    );
}

#[test]
fn the_same_bundle_measures_the_same() {
    let files: &[(&str, &[u8])] = &[("b.css", b"a{}"), ("a/c.js", b"1"), ("a.js", b"2")];
    assert_eq!(measure(files), measure(files));
}

#[test]
fn an_unknown_step_is_a_problem() {
    let problem = Vite::run_step("paint", "{}", Path::new("in"), Path::new("out")).expect_err("unknown");
    assert_eq!(problem.message, "this builder has no step `paint`");
}
