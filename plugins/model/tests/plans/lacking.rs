//! Plans where frameworks are not to be had: not pinned, left out by a marker, or without a wheel.

use farm_sdk::testing::Folder;
use farm_sdk::{Plan, Work};
use serde_json::{Value, json};

use super::{CLASSIC, DEEP, digits, folder, gesture, ids, installed, pilot, planned, planned_with, store, warnings};

#[test]
fn without_any_requirements_the_models_of_ollama_are_made() {
    let mut options = pilot("pilot:v2");
    options["models"]["gesture"] = gesture();
    let folder = store("ab").file("gesture.py", "");
    assert_eq!(ids(&planned(&folder, &options)), ["copy-pilot"]);
    assert_eq!(
        warnings(&folder),
        ["PyTorch is not among the pinned requirements, so `gesture` is not exported"]
    );
}

/// Two models of scikit-learn and of PyTorch, one that is copied, and a deployment.
fn mixed() -> (Folder, Value) {
    let mut options = pilot("pilot:v2");
    options["models"]["digits"] = digits();
    options["models"]["gesture"] = gesture();
    options["models"]["wave"] = gesture();
    options["deployment"] = json!("deployment.toml");
    let pins = format!("{CLASSIC}torch==2.15.0 ; sys_platform == 'darwin'\nonnxscript==0.6.0\n");
    let folder = store("ab").file("digits.py", "").file("gesture.py", "");
    (
        folder.file("requirements.txt", pins).file("deployment.toml", ""),
        options,
    )
}

/// What the step `deployment` is told.
fn deployed(plan: &Plan) -> Value {
    let step = plan.actions.iter().find(|action| action.id == "deployment");
    match &step.expect("it is there").work {
        Work::Step { parameters, .. } => serde_json::from_str(parameters).expect("JSON"),
        other => panic!("{other:?}"),
    }
}

const WITHOUT_TORCH: [&str; 5] = ["scikit-learn", "skl2onnx", "onnx", "onnxruntime", "onnxscript"];

#[test]
fn what_a_marker_leaves_out_is_told_and_all_else_is_made_and_deployed() {
    let (folder, options) = mixed();
    let plan = planned_with(&folder, &options, &installed(&WITHOUT_TORCH, &json!({})));
    assert_eq!(
        ids(&plan),
        [
            "export-digits",
            "check-digits",
            "deployment",
            "copy-pilot",
            "dependencies",
            "components"
        ]
    );
    assert_eq!(
        warnings(&folder),
        [
            "`torch` is pinned, and a marker leaves it out on this platform, so `gesture` and `wave` are neither exported nor deployed"
        ]
    );
    assert_eq!(
        deployed(&plan),
        json!({
            "file": "deployment.toml", "artifacts": ["digits-onnx", "pilot-gguf", "site-packages"],
            "left_out": ["gesture-onnx", "wave-onnx"],
        })
    );
}

#[test]
fn what_has_no_wheel_is_told_with_the_reason() {
    let (folder, options) = mixed();
    let lacking = json!({ "torch": "2.15.0 has no wheel for Python 3.15.1", "onnxscript": "needs `ml-dtypes`" });
    let plan = planned_with(&folder, &options, &installed(&WITHOUT_TORCH, &lacking));
    assert_eq!(deployed(&plan)["left_out"], json!(["gesture-onnx", "wave-onnx"]));
    assert_eq!(
        warnings(&folder),
        ["`torch` 2.15.0 has no wheel for Python 3.15.1, so `gesture` and `wave` are neither exported nor deployed"]
    );
    let (folder, options) = mixed();
    let lacking = json!({ "onnxruntime": "1.31.1 has no wheel for Python 3.15.1" });
    let there = [&WITHOUT_TORCH[..], &["torch"]].concat();
    let plan = planned_with(&folder, &options, &installed(&there, &lacking));
    assert_eq!(ids(&plan), ["deployment", "copy-pilot", "dependencies", "components"]);
    assert_eq!(warnings(&folder).len(), 1, "one reason, one message");
}

#[test]
fn packages_for_other_targets_say_what_is_not_among_them() {
    let folder = folder(DEEP);
    let lacking = json!({ "torch": "2.15.0 has no wheel for Python 3.15.1" });
    let plan = planned_with(&folder, &json!({}), &installed(&["onnx"], &lacking));
    assert_eq!(ids(&plan), ["dependencies", "components"]);
    assert_eq!(
        warnings(&folder),
        ["`torch` 2.15.0 has no wheel for Python 3.15.1, so it is not usable for other targets"]
    );
}
