//! The plans of the builder `model`, whole, and each mistake that it names.

mod lacking;

use farm_builder_model::Models;
use farm_sdk::testing::{Folder, check_options, continue_plan, plan, show};
use farm_sdk::{Host as _, Level, Plan, Problem, SeenFile, Source, Work};
use serde_json::{Value, json};

const CLASSIC: &str = "scikit-learn==1.9.1\nskl2onnx==1.20.0\nonnx==1.23.2\nonnxruntime==1.31.1\n";
const DEEP: &str = "torch==2.15.0\ntransformers==5.23.0\nonnxscript==0.6.0\nonnx==1.23.2\nonnxruntime==1.31.1\n";

fn folder(requirements: &str) -> Folder {
    Folder::new()
        .file("digits.py", "model = …")
        .file("gesture.py", "class Net: …")
        .file("requirements.txt", requirements)
        .tools(["python3", "uv"])
}

/// A target with one model.
fn one(name: &str, model: &Value) -> Value {
    json!({ "models": { name: model } })
}

fn digits() -> Value {
    json!({ "framework": "scikit-learn", "source": "digits:model", "samples": "digits:samples" })
}

fn gesture() -> Value {
    json!({ "framework": "pytorch", "source": "gesture:Net", "samples": "gesture:samples" })
}

/// With one option more.
fn with(model: &Value, option: &str, value: &Value) -> Value {
    let mut model = model.clone();
    model[option] = value.clone();
    model
}

/// Both rounds, with all packages that the folder pins.
fn planned(folder: &Folder, options: &Value) -> Plan {
    let pinned = folder.read("requirements.txt").unwrap_or_default();
    let pinned = String::from_utf8(pinned).expect("text");
    let names: Vec<&str> = pinned
        .lines()
        .filter_map(|line| Some(line.split_once("==")?.0))
        .collect();
    planned_with(folder, options, &installed(&names, &json!({})))
}

/// Both rounds, where the installer wrote this down.
fn planned_with(folder: &Folder, options: &Value, facts: &Value) -> Plan {
    let first = plan::<Models>(folder, options).expect("sound");
    let Some(next) = &first.next else { return first };
    let seen = SeenFile {
        output: next.needs[0].clone(),
        path: String::new(),
        content: facts.to_string().into_bytes(),
    };
    let second = continue_plan::<Models>(folder, options, &first, &[seen]).expect("sound");
    let both = second.actions(first.actions);
    first.artifacts.into_iter().fold(both, Plan::artifact)
}

/// What the installer writes down: the packages that are there, and why others are not.
fn installed(names: &[&str], lacking: &Value) -> Value {
    let package = |name: &&str| json!({ "name": name, "version": "1", "license": null, "requires": [] });
    let packages: Vec<Value> = names.iter().map(package).collect();
    json!({ "packages": packages, "lacking": lacking })
}

/// The plan as text, without the contents of farm's own scripts.
fn shown(folder: &Folder, options: &Value) -> String {
    let mut plan = planned(folder, options);
    for input in plan.actions.iter_mut().flat_map(|action| &mut action.inputs) {
        if let (true, Source::Content(content)) = (input.at.ends_with(".py"), &mut input.source) {
            *content = b"(script)".to_vec();
        }
    }
    show(&Ok(plan))
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.actions.iter().map(|action| action.id.as_str()).collect()
}

/// What farm's script is told in an action.
fn told(plan: &Plan, id: &str) -> Value {
    let action = plan.actions.iter().find(|action| action.id == id).expect("it is there");
    let spec = action.inputs.iter().find(|input| input.at == "farm/model.json");
    match &spec.expect("a spec").source {
        Source::Content(content) => serde_json::from_slice(content).expect("JSON"),
        other => panic!("{other:?}"),
    }
}

/// Where an action finds what it reads.
fn places(plan: &Plan, id: &str) -> Vec<String> {
    let action = plan.actions.iter().find(|action| action.id == id).expect("it is there");
    let places = action.inputs.iter().map(|input| match &input.source {
        Source::Files(files) => files.include.join(" "),
        _ => input.at.clone(),
    });
    places.filter(|place| !place.starts_with("farm/farm_")).collect()
}

fn problem(folder: &Folder, options: &Value) -> String {
    let Problem {
        message,
        file,
        line,
        hint,
    } = plan::<Models>(folder, options).expect_err("a mistake");
    let at = line.map_or(String::new(), |line| format!(":{line}"));
    let file = file.unwrap_or("-".to_owned());
    format!(
        "{message}\nin: {file}{at}\nhint: {}",
        hint.expect("every problem has a hint")
    )
}

fn warnings(folder: &Folder) -> Vec<String> {
    let logs = folder.logs().into_iter();
    logs.filter(|logged| logged.level == Level::Warn)
        .map(|logged| logged.message)
        .collect()
}

#[test]
fn schema_and_type_agree() {
    check_options::<Models>(&json!({}));
}

#[test]
fn a_model_of_scikit_learn() {
    let model = with(&digits(), "int8", &json!({}));
    insta::assert_snapshot!("scikit_learn", shown(&folder(CLASSIC), &one("digits", &model)));
}

#[test]
fn a_module_of_pytorch_in_two_formats() {
    let mut model = gesture();
    model["checkpoint"] = json!("weights/gesture.pt");
    model["formats"] = json!(["onnx", "torchscript"]);
    model["opset"] = json!(20);
    model["int8"] = json!({ "mode": "static", "calibration": "wrists.npz", "tolerance": 0.2 });
    let folder = folder(DEEP).file("weights/gesture.pt", "").file("wrists.npz", "");
    let plan = planned(&folder, &one("gesture", &model));
    assert_eq!(
        ids(&plan),
        ["export-gesture", "check-gesture", "dependencies", "components"]
    );
    assert_eq!(
        places(&plan, "export-gesture"),
        [
            "site-packages",
            "farm/model.json",
            "**/*.py",
            "weights/gesture.pt",
            "wrists.npz"
        ]
    );
    assert_eq!(
        told(&plan, "export-gesture"),
        json!({
            "name": "gesture", "framework": "pytorch", "source": "gesture:Net", "checkpoint": "weights/gesture.pt",
            "formats": ["onnx", "torchscript"], "samples": "gesture:samples", "calibration": "wrists.npz", "opset": 20,
            "int8": null,
        })
    );
    let artifacts = plan
        .artifacts
        .iter()
        .map(|made| [&made.name, &made.kind].map(String::as_str));
    assert_eq!(
        artifacts.collect::<Vec<_>>(),
        [
            ["gesture-onnx", "onnx-model"],
            ["gesture-torchscript", "torchscript-model"],
            ["site-packages", "python-packages"]
        ]
    );
}

#[test]
fn another_tolerance_exports_nothing_again() {
    let export = |model: &Value| told(&planned(&folder(CLASSIC), &one("digits", model)), "export-digits");
    let check = |model: &Value| told(&planned(&folder(CLASSIC), &one("digits", model)), "check-digits");
    let other = with(
        &with(&digits(), "tolerance", &json!(0.5)),
        "int8",
        &json!({ "tolerance": 0.5 }),
    );
    assert_eq!(export(&digits()), export(&other));
    assert_ne!(check(&digits()), check(&other));
}

#[test]
fn what_a_checkpoint_brings_runs_where_farm_says_how_well_it_is_shut_in() {
    let plan = planned(&folder(CLASSIC), &one("digits", &digits()));
    for action in &plan.actions {
        let is_of_model = action.id.ends_with("-digits");
        let is_offline = action.id != "dependencies";
        let found = (action.untrusted, action.network.is_none());
        assert_eq!(found, (is_of_model, is_offline), "{}", action.id);
    }
}

#[test]
fn a_folder_of_hugging_face_may_come_from_another_target() {
    let model = json!({ "framework": "hugging-face", "source": "deps/bert/model" });
    let folder = folder(DEEP).dependency("bert", "model", "files");
    let plan = planned(&folder, &one("sentence", &model));
    assert_eq!(
        places(&plan, "export-sentence"),
        ["site-packages", "farm/model.json", "deps/bert/model"],
        "its export needs none of the target's modules"
    );
    let model = with(&model, "samples", &json!("deps/bert/model/samples.npz"));
    let plan = planned(&folder, &one("sentence", &model));
    assert_eq!(
        places(&plan, "export-sentence").len(),
        3,
        "one artifact, though it is named twice"
    );
}

#[test]
fn tensorflow_is_exported_to_tflite() {
    let model = json!({ "framework": "tensorflow", "source": "stripes/", "samples": "s.json", "int8": {} });
    let folder = folder("tensorflow-cpu==2.21.0\nai-edge-litert==2.3.0\n")
        .file("stripes/saved_model.pb", "")
        .file("s.json", "");
    let plan = planned(&folder, &one("stripes", &model));
    assert_eq!(
        told(&plan, "export-stripes")["int8"],
        "dynamic",
        "its converter makes the small version"
    );
    assert_eq!(plan.artifacts[0].kind, "tflite-model");
}

#[test]
fn without_a_framework_the_other_models_are_made_and_one_message_says_so() {
    let mut options = one("digits", &digits());
    options["models"]["gesture"] = gesture();
    options["models"]["wave"] = gesture();
    let folder = folder(CLASSIC);
    assert_eq!(
        ids(&planned(&folder, &options)),
        ["export-digits", "check-digits", "dependencies", "components"]
    );
    assert_eq!(
        warnings(&folder),
        ["PyTorch is not among the pinned requirements, so `gesture` and `wave` are not exported"]
    );
    let folder = self::folder("numpy==2.5.0");
    assert_eq!(ids(&planned(&folder, &options)), [""; 0]);
    assert_eq!(warnings(&folder).len(), 2, "one for each framework");
}

const MANIFEST: &str = r#"{ "schemaVersion": 2, "layers": [
    { "mediaType": "application/vnd.ollama.image.model", "size": 9,
      "digest": "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
    { "mediaType": "application/vnd.ollama.image.params", "size": 9,
      "digest": "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" } ] }"#;

/// A store with `pilot:v2`, of these layers' files.
fn store(layers: &str) -> Folder {
    let folder = Folder::new()
        .file("store/manifests/models.example/library/pilot/v2", MANIFEST)
        .tools(["python3"]);
    layers.chars().fold(folder, |folder, letter| {
        folder.file(&format!("store/blobs/sha256-{}", letter.to_string().repeat(64)), "")
    })
}

fn pilot(source: &str) -> Value {
    json!({ "ollama-store": "store/", "models": { "pilot": { "framework": "ollama", "source": source } } })
}

#[test]
fn a_model_of_an_ollama_store_is_copied_out_of_it() {
    insta::assert_snapshot!("ollama", shown(&store("ab"), &pilot("pilot:v2")));
}

#[test]
fn what_the_store_lacks_becomes_a_script_that_pulls_it() {
    for (folder, source) in [
        (store("ab"), "pilot"),
        (store("a"), "pilot:v2"),
        (store(""), "harbour/pilot:v2"),
    ] {
        let plan = planned(&folder, &pilot(source));
        assert_eq!(ids(&plan), ["pull-pilot"], "{source}");
        assert_eq!(plan.artifacts[0].kind, "ollama-pull");
        assert_eq!(
            warnings(&folder),
            [format!(
                "the Ollama store `store` does not have `{source}`, so `pilot` is a script that pulls it"
            )]
        );
    }
}

#[test]
fn mistakes_in_a_store() {
    let broken = store("").file("store/manifests/models.example/library/pilot/v2", "{}");
    insta::assert_snapshot!(problem(&broken, &pilot("pilot:v2")), @r"
    this is no manifest of Ollama's: missing field `layers` at line 1 column 2
    in: store/manifests/models.example/library/pilot/v2
    hint: pull the model again
    ");
    let twice = store("").file("store/manifests/other.example/library/pilot/v2", MANIFEST);
    insta::assert_snapshot!(problem(&twice, &pilot("pilot:v2")), @r"
    the Ollama store has `pilot:v2` from several places
    in: store/manifests/models.example/library/pilot/v2
    hint: remove all but one from the store
    ");
    insta::assert_snapshot!(problem(&store(""), &pilot("models.example/library/pilot")), @r"
    `source` of `pilot` is `models.example/library/pilot`, which is no name of a model
    in: -
    hint: write it as for `ollama pull`, without a host: `llama3.2:1b`
    ");
}

#[test]
fn the_deployment_knows_the_artifacts_that_there_are() {
    let mut options = pilot("pilot:v2");
    options["deployment"] = json!("deployment.toml");
    let plan = planned(&store("ab").file("deployment.toml", ""), &options);
    assert_eq!(ids(&plan), ["copy-pilot", "deployment"]);
    let Work::Step { parameters, .. } = &plan.actions[1].work else {
        panic!("a step")
    };
    assert_eq!(
        parameters,
        r#"{"file":"deployment.toml","artifacts":["pilot-gguf"],"left_out":[]}"#
    );
    let lacks = planned(&store("").file("deployment.toml", ""), &options);
    let Work::Step { parameters, .. } = &lacks.actions[1].work else {
        panic!("a step")
    };
    assert_eq!(
        parameters,
        r#"{"file":"deployment.toml","artifacts":["pilot-pull"],"left_out":["pilot-gguf"]}"#
    );
    insta::assert_snapshot!(problem(&store("ab"), &options), @r"
    there is no `deployment.toml`
    in: deployment.toml
    hint: option `deployment` names a file, from the target's folder
    ");
}

#[test]
fn mistakes_in_a_model() {
    let said = |model: &Value| problem(&folder(CLASSIC), &one("digits", model));
    insta::assert_snapshot!(said(&with(&digits(), "formats", &json!(["onnx", "gguf"]))), @r"
    `digits` is a model of scikit-learn, which is not exported to `gguf`
    in: -
    hint: `formats` may have `onnx`
    ");
    insta::assert_snapshot!(said(&with(&digits(), "checkpoint", &json!("x.pt"))), @r"
    `digits` has the option `checkpoint`, which is for models of PyTorch: name the file in `source`
    in: -
    hint: take it out
    ");
    insta::assert_snapshot!(said(&with(&digits(), "samples", &json!("digist:samples"))), @r"
    `samples` of `digits` is `digist:samples`, and there is no `digist.py`
    in: digist.py
    hint: write `module:attribute`, with a module below the target's folder or its `src`
    ");
    insta::assert_snapshot!(said(&with(&digits(), "samples", &json!("samples.npz"))), @r"
    `samples` of `digits` is `samples.npz`, and there is no `samples.npz`
    in: samples.npz
    hint: write `module:attribute`, or a path from the target's folder
    ");
    insta::assert_snapshot!(said(&with(&digits(), "source", &json!("deps/train/model.pkl"))), @r"
    `source` of `digits` is `deps/train/model.pkl`, and no dependency makes that
    in: -
    hint: write `deps/TARGET/ARTIFACT`, and the target among `deps`
    ");
    insta::assert_snapshot!(said(&json!({ "framework": "scikit-learn", "source": "digits:model" })), @r"
    `digits` has no samples to check its export with
    in: -
    hint: `samples` is `module:attribute` with inputs of the model, or a file (`.npz`, `.npy`, `.json`)
    ");
    let int8 = json!({ "calibration": "digits:samples" });
    insta::assert_snapshot!(said(&with(&digits(), "int8", &int8)), @r#"
    `digits` has the option `calibration`, which is for `mode = "static"`
    in: -
    hint: take it out
    "#);
    let script = with(
        &with(&gesture(), "formats", &json!(["torchscript"])),
        "int8",
        &json!({}),
    );
    insta::assert_snapshot!(problem(&folder(DEEP), &one("gesture", &script)), @r"
    `gesture` has the option `int8`, which is for the formats `onnx` and `tflite`
    in: -
    hint: take it out
    ");
    let model = json!({ "framework": "hugging-face", "source": "gesture:Net" });
    insta::assert_snapshot!(problem(&folder(DEEP), &one("gesture", &model)), @r"
    `source` of `gesture` is `gesture:Net`, which is no folder
    in: -
    hint: name the folder that the model was saved to, from the target's folder, or a model of the hub and its `revision`
    ");
}

#[test]
fn a_package_that_the_export_needs_must_be_pinned() {
    let folder = folder("scikit-learn==1.9.1\n");
    insta::assert_snapshot!(problem(&folder, &one("digits", &digits())), @r"
    `digits` needs the package `skl2onnx`, which is not among those that are pinned
    in: -
    hint: add it to the requirements and pin it, with all that it needs (`uv pip compile`)
    ");
}

#[test]
fn patterns_stay_in_the_target() {
    let mut options = one("digits", &digits());
    options["sources"] = json!(["../shared/**"]);
    insta::assert_snapshot!(problem(&folder(CLASSIC), &options), @r"
    `../shared/**` leaves the target's folder
    in: -
    hint: `sources` and `exclude` take patterns below the target's `root`
    ");
}

const REVISION: &str = "3f2a9c0d41b85e6677aa0c1d2e3f405162738495";

fn of_hub(source: &str, revision: &str) -> Value {
    one(
        "mood",
        &json!({ "framework": "hugging-face", "source": source, "revision": revision }),
    )
}

#[test]
fn a_model_of_a_hub_is_fetched_by_its_commit_before_it_is_exported() {
    let plan = planned(&folder(DEEP), &of_hub("harbour/mood", REVISION));
    assert_eq!(
        ids(&plan),
        [
            "export-mood",
            "check-mood",
            "revision-mood",
            "fetch-mood",
            "dependencies",
            "components"
        ]
    );
    assert_eq!(told(&plan, "export-mood")["source"], "farm/hub/mood");
    assert!(places(&plan, "export-mood").contains(&"farm/hub/mood".to_owned()));
    let fetch = plan
        .actions
        .iter()
        .find(|action| action.id == "fetch-mood")
        .expect("it is there");
    let inputs: Vec<&str> = fetch.inputs.iter().map(|input| input.at.as_str()).collect();
    assert!(
        !inputs.contains(&"site-packages"),
        "another framework fetches nothing again: {inputs:?}"
    );
    let other = planned(&folder(DEEP), &of_hub("harbour/mood", &REVISION.replace('3', "4")));
    let lock = |plan: &Plan| {
        let action = plan.actions.iter().find(|action| action.id == "revision-mood");
        format!("{:?}", action.expect("it is there").work)
    };
    assert_ne!(lock(&plan), lock(&other));
}

#[test]
fn what_may_be_another_model_tomorrow_is_no_revision() {
    insta::assert_snapshot!(problem(&folder(DEEP), &of_hub("harbour/mood", "main")), @r"
    `revision` of `mood` is `main`, which is no commit
    in: -
    hint: write all 40 digits of the commit, as the history of the model's files shows them: a branch or a tag may be another model tomorrow
    ");
    insta::assert_snapshot!(problem(&folder(DEEP), &of_hub("../mood", REVISION)), @r"
    `source` of `mood` is `../mood`, which is no model of a hub
    in: -
    hint: with `revision`, `source` is the model's name on the hub: `OWNER/NAME`
    ");
    let model = with(&gesture(), "revision", &json!(REVISION));
    insta::assert_snapshot!(problem(&folder(DEEP), &one("gesture", &model)), @r"
    `gesture` has the option `revision`, which is for models of a Hugging Face hub
    in: -
    hint: take it out
    ");
}
