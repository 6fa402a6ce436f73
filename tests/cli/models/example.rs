//! The target `models` of the example: what scikit-learn exports agrees, says what it is, and comes out the same anywhere.

use serde_json::json;

use super::needs_frameworks;
use super::product::{Models, first, number, size};

#[test]
fn an_export_agrees_with_its_original_and_says_what_it_is() {
    needs_frameworks!();
    let models = Models::built();
    let said = &first().build.artifact("models", "digits-onnx")["metadata"];
    assert!(number(&said["difference"]) <= 1e-4, "{said}");
    assert!((0.000_1..=0.1).contains(&number(&said["int8"]["difference"])), "{said}");
    assert_eq!((&said["format"], &said["samples"]), (&json!("onnx"), &json!(180)));
    assert_eq!(said["checked"], json!(["label", "probabilities"]));
    assert!(said["opset"].as_u64().is_some_and(|opset| opset >= 15), "{said}");
    assert_eq!(
        said["inputs"],
        json!([{ "name": "X", "type": "float", "shape": ["?", 64] }])
    );
    assert_eq!(
        said["outputs"][1],
        json!({ "name": "probabilities", "type": "float", "shape": ["?", 10] })
    );
    let folder = models.path("dist/models/digits");
    assert_eq!(said["bytes"], size(&folder.join("model.onnx")));
    assert_eq!(said["int8"]["bytes"], size(&folder.join("model.int8.onnx")));
    assert!(number(&said["int8"]["bytes"]) < number(&said["bytes"]) / 2.0, "{said}");
}

#[test]
fn the_deployment_has_no_secret_and_names_artifacts() {
    needs_frameworks!();
    let models = Models::built();
    models.edit("models/deployment.toml", "${CLOUD_API_KEY}", "hunter2");
    let build = models.build("--target models");
    assert_eq!(build.actions("models", "ran"), ["deployment"], "{}", build.text());
    assert!(!models.0.read("dist/models/deployment.json").contains("hunter2"));
    let said = &build.artifact("models", "deployment")["metadata"];
    assert_eq!(
        said,
        &json!({ "providers": 3, "models": 3, "removed": ["providers.cloud.api_key"] })
    );
}

#[test]
fn a_second_build_runs_nothing_and_what_is_lost_comes_back() {
    needs_frameworks!();
    let models = Models::built();
    let build = models.build("--target models");
    assert_eq!((build.ok(), build.count("ran"), build.components()), (true, 0, 0));
    std::fs::remove_dir_all(models.path("dist")).expect("it was built");
    let build = models.build("--target models");
    assert_eq!((build.ok(), build.count("ran")), (true, 0), "{}", build.text());
    models.made().assert_same(&first().files);
}

#[test]
fn exported_again_and_somewhere_else_the_same_bytes_come_out() {
    needs_frameworks!();
    let models = Models::built();
    let text = models.0.read("models/digits.py");
    models.0.write("models/digits.py", &format!("{text}# changed\n"));
    let build = models.build("--target models");
    assert!(build.ok(), "{}", build.text());
    assert_eq!(
        build.actions("models", "ran"),
        ["export-digits"],
        "the check has nothing new"
    );
    models.made().assert_same(&first().files);
}

#[test]
fn another_tolerance_checks_again_and_exports_nothing() {
    needs_frameworks!();
    let models = Models::built();
    models.edit("farm.toml", "int8 = { tolerance = 0.1 }", "int8 = { tolerance = 0.2 }");
    let build = models.build("--target models");
    assert_eq!(build.actions("models", "ran"), ["check-digits"], "{}", build.text());
    models.made().assert_same(&first().files);
}
