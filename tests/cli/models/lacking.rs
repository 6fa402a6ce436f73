//! Frameworks that are not to be had here: left out by a marker, or without a wheel for this Python. What is wrong in any
//! other way stays an error.

use std::net::TcpListener;

use serde_json::json;

use super::needs_frameworks;
use super::product::{Models, first, lock, networked_at, workspace};
use crate::shop::product::Build;

/// A version that was made for no Python that the example's frameworks have.
const NO_WHEEL: &str = "tensorflow-cpu==2.9.0 --hash=sha256:";

/// A package that is small, and its hash.
const SMALL: &str = "wheel==0.45.1 --hash=sha256:708e7481cc80179af0e556bbf0cc00b8444c7321e2700b8d8580231d13017248\n";

const DEPLOYMENT: &str = r#"
[models.digits]
artifact = "digits-onnx"

[models.wrist]
artifact = "gesture-onnx"

[models.stripes]
artifact = "stripes-tflite"

[routing]
default = ["wrist", "digits"]
pictures = "stripes"
"#;

/// The target `models` of the example, with a model of PyTorch and one of TensorFlow more.
fn with_frameworks_that_are_not_to_be_had() -> Models {
    first();
    let models = Models::checkout();
    let hash = "0".repeat(64);
    let pins = format!(
        "{}torch==2.9.0 ; sys_platform == 'nowhere' --hash=sha256:{hash}\nonnxscript==0.6.0 ; sys_platform == 'nowhere' \
         --hash=sha256:{hash}\nai-edge-litert==2.3.0 ; sys_platform == 'nowhere' --hash=sha256:{hash}\n{NO_WHEEL}{hash}\n",
        lock("models")
    );
    models.0.write("models/requirements.txt", &pins);
    models.0.write("models/deployment.toml", DEPLOYMENT);
    models.0.write("models/gesture.py", "samples = []\nmodel = None\n");
    let more = "gesture = { framework = \"pytorch\", source = \"gesture:model\", samples = \"gesture:samples\" }\n\
                wave = { framework = \"pytorch\", source = \"gesture:model\", samples = \"gesture:samples\" }\n\
                stripes = { framework = \"tensorflow\", source = \"gesture:model\", samples = \"gesture:samples\" }\n";
    models.edit(
        "farm.toml",
        "[targets.models.options.models.digits]",
        &format!("[targets.models.options.models]\n{more}\n[targets.models.options.models.digits]"),
    );
    models
}

#[test]
fn frameworks_that_are_not_to_be_had_are_told_once_and_all_else_is_built_and_deployed() {
    needs_frameworks!();
    let models = with_frameworks_that_are_not_to_be_had();
    let ran = models.0.farm("build --target models");
    let text = ran.text();
    assert_eq!(ran.code(), 0, "{text}");
    for told in [
        "`torch` is pinned, and a marker leaves it out on this platform, so `gesture` and `wave` are neither exported nor \
         deployed",
        "`tensorflow-cpu` 2.9.0 has no wheel for Python 3.",
        "so `stripes` is neither exported nor deployed",
    ] {
        assert_eq!(text.matches(told).count(), 1, "{told}: {text}");
    }
    assert!(models.0.has("dist/models/digits/model.onnx"));
    for name in ["gesture", "wave", "stripes"] {
        assert!(!models.0.has(&format!("dist/models/{name}")), "{name}: {text}");
    }
    assert!(
        !models.0.read("dist/manifest.json").contains("gesture-onnx"),
        "nothing says that it was checked"
    );
    let deployed = models.json("dist/models/deployment.json");
    assert_eq!(deployed["models"], json!({ "digits": { "artifact": "digits-onnx" } }));
    assert_eq!(deployed["routing"], json!({ "default": ["digits"] }));
    let build = models.build("--target models");
    assert_eq!((build.ok(), build.count("ran")), (true, 0), "{}", build.text());
    let said = &build.artifact("models", "deployment")["metadata"];
    assert_eq!(
        said["left_out"],
        json!([
            "models.stripes",
            "models.wrist",
            "routing.default[0]",
            "routing.pictures"
        ])
    );
}

/// What a build says whose requirements are a framework without a wheel, and this.
fn failed(pins: &str, index: Option<&str>) -> String {
    let workspace = match index {
        Some(index) => networked_at(index),
        None => workspace("workspace"),
    };
    workspace.write(
        "farm.toml",
        "[workspace]\nname = \"lacking\"\n\n[targets.packages]\nbuilder = \"model\"\nroot = \"packages\"\n",
    );
    workspace.write(
        "packages/requirements.txt",
        &format!("{NO_WHEEL}{}\n{pins}", "0".repeat(64)),
    );
    let build = Build::of(&workspace.farm("build --json --no-cache"));
    assert!(!build.ok(), "{}", build.text());
    build.text()
}

#[test]
fn a_wrong_hash_and_a_registry_that_does_not_answer_stay_errors() {
    needs_frameworks!();
    let text = failed(&SMALL.replace("708e", "0000"), None).to_lowercase();
    assert!(text.contains("hash"), "{text}");
    let text = failed(
        "wheel==0.45.999 --hash=sha256:00\n"
            .replace("00", &"0".repeat(64))
            .as_str(),
        None,
    );
    assert!(text.contains("0.45.999"), "{text}");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    let text = failed(SMALL, Some(&format!("http://127.0.0.1:{port}/simple")));
    assert!(!text.contains("has no wheel for"), "nobody said that: {text}");
}
