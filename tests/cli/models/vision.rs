//! The target `vision` of the example: what TensorFlow exports runs in LiteRT, agrees, and comes out the same anywhere.

use serde_json::json;

use super::needs_frameworks;
use super::product::{Models, first_vision, number, size};

#[test]
fn a_model_of_keras_runs_in_litert_and_agrees() {
    needs_frameworks!();
    let first = first_vision();
    let models = Models::checkout();
    let build = models.build("--target vision");
    assert_eq!((build.ok(), build.count("ran")), (true, 0), "{}", build.text());
    models.made().assert_same(&first.files);
    let said = &first.build.artifact("vision", "stripes-tflite")["metadata"];
    assert!(number(&said["difference"]) <= 1e-4, "{said}");
    assert!(number(&said["int8"]["difference"]) <= 0.05, "{said}");
    let folder = models.path("dist/vision/stripes");
    assert_eq!(said["bytes"], size(&folder.join("model.tflite")));
    assert_eq!(said["int8"]["bytes"], size(&folder.join("model.int8.tflite")));
    assert_eq!(said["inputs"][0]["shape"], json!(["?", 16, 16, 1]));
    let text = models.0.read("vision/stripes.py");
    models.0.write("vision/stripes.py", &format!("{text}# changed\n"));
    let build = models.build("--target vision");
    assert!(build.ok(), "{}", build.text());
    assert_eq!(
        build.actions("vision", "ran"),
        ["export-stripes"],
        "trained and exported again"
    );
    models.made().assert_same(&first.files);
}
