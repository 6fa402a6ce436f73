//! Models and samples in files, as each framework writes them itself, in another target of the same workspace.

use std::fs;

use serde_json::json;

use super::needs_frameworks;
use super::product::{first, first_deep, first_vision, lock, number, workspace};
use crate::shop::product::Build;
use crate::support::Workspace;

/// A workspace whose target `made` runs this script with the packages of the example's folder, and whose target `models`
/// has models with the same packages.
fn made_by(script: &str, packages: &str, models: &str) -> Workspace {
    let workspace = workspace("workspace");
    // The folder of the example: in another one the same packages are installed again.
    workspace.write(&format!("{packages}/requirements.txt"), &lock(packages));
    for folder in [packages, "made"] {
        workspace.write(&format!("{folder}/net.py"), include_str!("net.py"));
    }
    workspace.write("made/make.py", script);
    workspace.write(
        "farm.toml",
        &format!(
            r#"
[workspace]
name = "files"

[cache]
max-size = "20GB"

[targets.packages]
builder = "model"
root = "{packages}"

[targets.made]
builder = "command"
root = "made"
deps = ["packages"]
[targets.made.options]
command = "PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=deps/packages/site-packages python3 -S make.py made"
inputs = ["make.py", "net.py", "deps/packages/site-packages"]
outputs = ["made"]

[targets.models]
builder = "model"
root = "{packages}"
deps = ["made"]
[targets.models.options.models]
{models}
"#
        ),
    );
    workspace
}

fn built(workspace: &Workspace) -> Build {
    let build = Build::of(&workspace.farm("build --json"));
    assert!(build.ok(), "{}", build.text());
    assert_eq!(
        build
            .actions("packages", "ran")
            .iter()
            .find(|action| **action == "dependencies"),
        None,
        "they are those of the example"
    );
    build
}

#[test]
fn weights_and_whole_modules_of_pytorch_are_read_from_their_files() {
    needs_frameworks!();
    first_deep();
    let workspace = made_by(
        include_str!("made_by_pytorch.py"),
        "deep",
        r#"
weights = { framework = "pytorch", source = "net:Net", checkpoint = "deps/made/made/weights.pt", samples = "deps/made/made/samples.npz" }
safe = { framework = "pytorch", source = "net:Net", checkpoint = "deps/made/made/weights.safetensors", samples = "samples.json" }
whole = { framework = "pytorch", source = "deps/made/made/whole.pt", samples = "deps/made/made/samples.npy" }
script = { framework = "pytorch", source = "deps/made/made/script.pt", samples = "deps/made/made/samples.npy", formats = ["onnx", "torchscript"] }
"#,
    );
    workspace.write("deep/samples.json", r#"{ "rows": [[1, 2, 3], [0.5, -1, 4]] }"#);
    let build = built(&workspace);
    let weights = 0.156_25_f32.to_le_bytes().repeat(12);
    for (name, samples) in [("weights", 5), ("safe", 2), ("whole", 5), ("script", 5)] {
        let said = &build.artifact("models", &format!("{name}-onnx"))["metadata"];
        assert!(number(&said["difference"]) <= 1e-4, "{name}: {said}");
        assert_eq!(said["samples"], samples, "{name}");
        let model = fs::read(workspace.root().join(format!("dist/models/{name}/model.onnx"))).expect("it was exported");
        let has_weights = model.windows(weights.len()).any(|bytes| bytes == weights.as_slice());
        assert!(
            has_weights,
            "{name} was exported with other weights than those of its file"
        );
    }
    let script = &build.artifact("models", "script-torchscript")["metadata"];
    assert!(number(&script["difference"]) <= 1e-4, "{script}");
    let text = build.text();
    assert!(
        text.contains("`deps/made/made/whole.pt` holds more than weights"),
        "{text}"
    );
    assert!(
        !text.contains("weights.pt` holds more"),
        "weights alone run no code: {text}"
    );
}

#[test]
fn estimators_of_joblib_are_read_and_their_layers_made_smaller_by_samples() {
    needs_frameworks!();
    first();
    let source = "framework = \"scikit-learn\", source = \"deps/made/made";
    let samples = "samples = \"deps/made/made/samples.npz\"";
    let models = format!(
        "line = {{ {source}/line.joblib\", samples = \"samples.json\" }}\n\
         layers = {{ {source}/layers.joblib\", {samples}, int8 = {{ mode = \"static\" }} }}\n"
    );
    let workspace = made_by(include_str!("made_by_scikit_learn.py"), "models", &models);
    workspace.write("models/samples.json", "[[1, 2, 3], [0.5, -1, 4]]");
    let build = built(&workspace);
    let line = &build.artifact("models", "line-onnx")["metadata"];
    assert_eq!((&line["samples"], &line["int8"]), (&json!(2), &json!(null)));
    assert!(number(&line["difference"]) <= 1e-4, "{line}");
    let layers = &build.artifact("models", "layers-onnx")["metadata"];
    assert_eq!(layers["int8"]["mode"], "static");
    assert!(number(&layers["int8"]["difference"]) <= 0.05, "{layers}");
    assert!(number(&layers["int8"]["bytes"]) < number(&layers["bytes"]), "{layers}");
    let forest = format!("forest = {{ {source}/forest.joblib\", {samples}, int8 = {{ mode = \"static\" }} }}\n");
    workspace.write("farm.toml", &(workspace.read("farm.toml") + &forest));
    let ran = workspace.farm("build");
    let text = ran.text();
    assert_eq!(ran.code(), 1, "{text}");
    assert!(
        text.contains("`forest` has nothing that weights of eight bits make smaller: take `int8` out"),
        "{text}"
    );
}

#[test]
fn a_saved_model_of_tensorflow_is_read_from_its_folder() {
    needs_frameworks!();
    first_vision();
    let workspace = made_by(
        include_str!("made_by_tensorflow.py"),
        "vision",
        "sums = { framework = \"tensorflow\", source = \"deps/made/made\", samples = \"samples.json\", int8 = {} }\n",
    );
    let rows: Vec<Vec<u32>> = (1..=4).map(|row| vec![row; 64]).collect();
    workspace.write("vision/samples.json", &json!({ "rows": rows }).to_string());
    let build = built(&workspace);
    let said = &build.artifact("models", "sums-tflite")["metadata"];
    assert_eq!((&said["checked"], &said["samples"]), (&json!(["sums"]), &json!(4)));
    assert!(number(&said["difference"]) <= 1e-4, "{said}");
    assert!(number(&said["int8"]["difference"]) <= 0.05, "{said}");
    assert!(number(&said["int8"]["bytes"]) < number(&said["bytes"]), "{said}");
}
