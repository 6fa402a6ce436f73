//! The target `deep` of the example: PyTorch and Hugging Face.

use serde_json::{Value, json};

use super::needs_frameworks;
use super::product::{Models, first_deep, number};

#[test]
fn modules_and_folders_agree_with_their_exports_and_with_small_versions() {
    needs_frameworks!();
    for (artifact, input, shape) in [
        ("gesture-onnx", "readings", json!(["batch", 3, 32])),
        ("sentence-onnx", "input_ids", json!(["batch", "sequence"])),
    ] {
        let said = &first_deep().build.artifact("deep", artifact)["metadata"];
        assert!(number(&said["difference"]) <= 1e-4, "{artifact}: {said}");
        assert!(number(&said["int8"]["difference"]) <= 0.05, "{artifact}: {said}");
        assert!(
            number(&said["int8"]["bytes"]) < number(&said["original_bytes"]),
            "{said}"
        );
        assert_eq!(
            (&said["inputs"][0]["name"], &said["inputs"][0]["shape"]),
            (&json!(input), &shape)
        );
    }
    let script = &first_deep().build.artifact("deep", "gesture-torchscript")["metadata"];
    assert_eq!((&script["difference"], &script["int8"]), (&json!(0.0), &Value::Null));
}

#[test]
fn the_exports_run_elsewhere_without_their_frameworks() {
    needs_frameworks!();
    first_deep();
    let models = Models::checkout();
    let build = models.build("--target predict");
    assert_eq!((build.ok(), build.count("ran")), (true, 0), "{}", build.text());
    let predictions = models.json("predict/predictions.json");
    assert_eq!(predictions["frameworks"], json!([]));
    let digits = json!({ "label": [3], "probabilities": [3, 10] });
    let gesture = json!({ "output": [3, 5] });
    let sentence = json!({ "logits": [3, 3] });
    assert_eq!(
        predictions["answers"],
        json!({
            "deep/gesture-onnx/model.int8.onnx": gesture, "deep/gesture-onnx/model.onnx": gesture,
            "deep/sentence-onnx/model.int8.onnx": sentence, "deep/sentence-onnx/model.onnx": sentence,
            "models/digits-onnx/model.int8.onnx": digits, "models/digits-onnx/model.onnx": digits,
        }),
        "with three samples, though they were exported with others"
    );
}

#[test]
fn exported_and_made_smaller_again_somewhere_else_all_models_have_the_same_bytes() {
    needs_frameworks!();
    first_deep();
    let models = Models::checkout();
    let text = models.0.read("deep/gesture.py");
    models.0.write("deep/gesture.py", &format!("{text}# changed\n"));
    // One file more in the folder of the model, which says nothing of it.
    let text = models.0.read("bert/make.py");
    let note = "    (pathlib.Path(sys.argv[1]) / \"notes.txt\").write_text(\"changed\")\n";
    models.0.write("bert/make.py", &format!("{text}{note}"));
    // Other tolerances make the versions of eight bits anew, and hold all to the original once more.
    models.edit(
        "farm.toml",
        "int8 = { mode = \"static\", calibration",
        "int8 = { tolerance = 0.06, mode = \"static\", calibration",
    );
    models.edit("farm.toml", "int8 = {}", "int8 = { tolerance = 0.06 }");
    let build = models.build("--target predict");
    assert!(build.ok(), "{}", build.text());
    let mut ran = build.actions("deep", "ran");
    ran.sort_unstable();
    assert_eq!(
        ran,
        ["check-gesture", "check-sentence", "export-gesture", "export-sentence"],
        "{}",
        build.text()
    );
    // The bill of materials names the folder by its digest, and that has changed.
    let made_from = "deep.sentence-onnx.cdx.json";
    let first = first_deep().files.clone().without_files(made_from);
    models.made().without_files(made_from).assert_same(&first);
}
