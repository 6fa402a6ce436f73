//! The step `count`, run natively on real files.

use std::fs;
use std::path::Path;

use farm_builder_python::Python;
use farm_sdk::Builder;
use serde_json::{Value, json};

fn count(files: &[(&str, &str)]) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    fs::create_dir_all(&output).expect("a folder");
    for (path, content) in files {
        write(&input.join(path), content);
    }
    Python::run_step("count", "{}", &input, &output).expect("counted");
    serde_json::from_slice(&fs::read(output.join("metadata.json")).expect("metadata")).expect("JSON")
}

fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, content).expect("a file");
}

#[test]
fn operations_are_endpoints_and_own_schemas_are_models() {
    let schema = json!({
        "paths": {
            "/items": { "get": {}, "post": {}, "parameters": [] },
            "/items/{id}": { "delete": {} },
        },
        "components": { "schemas": { "Item": {}, "Order": {}, "HTTPValidationError": {}, "ValidationError": {} } },
    });
    let found = count(&[
        ("python.json", r#"{ "python": "3.11.7" }"#),
        (
            "dependencies.json",
            r#"{ "python": "3.11.7", "dependencies": 12, "packages": [] }"#,
        ),
        ("openapi.json", &schema.to_string()),
        ("app/src/main.py", ""),
        ("app/src/__pycache__/main.cpython-311.pyc", ""),
        ("app/data.csv", ""),
    ]);
    let expected = json!({ "python": "3.11.7", "dependencies": 12, "files": 2, "endpoints": 3, "models": 2 });
    assert_eq!(found, expected);
}

#[test]
fn without_a_schema_there_is_nothing_to_say_about_endpoints() {
    let found = count(&[("python.json", r#"{ "python": "3.12.1" }"#), ("app/main.py", "")]);
    assert_eq!(found, json!({ "python": "3.12.1", "dependencies": 0, "files": 1 }));
}
