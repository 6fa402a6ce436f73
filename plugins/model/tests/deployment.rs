//! The step `deployment`, run natively on real files.

use std::fs;

use farm_builder_model::Models;
use farm_sdk::{Builder, Problem};
use serde_json::{Value, json};

/// What the step makes of a file: the configuration, and what is told of it.
fn deployed(file: &str, text: &str) -> Result<(String, Value), Problem> {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    for folder in [&input, &output] {
        fs::create_dir_all(folder).expect("a folder");
    }
    fs::write(input.join(file), text).expect("a file");
    let parameters = json!({ "file": file, "artifacts": ["digits-onnx"], "left_out": ["gesture-onnx"] }).to_string();
    Models::run_step("deployment", &parameters, &input, &output)?;
    let facts = fs::read(output.join("facts.json")).expect("facts");
    let written = fs::read_to_string(output.join("deployment.json")).expect("a file");
    Ok((written, serde_json::from_slice(&facts).expect("JSON")))
}

fn problem(text: &str) -> String {
    let problem = deployed("models.toml", text).expect_err("a mistake");
    let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
    let (file, hint) = (problem.file.expect("a file"), problem.hint.expect("a hint"));
    format!("{}\nin: {file}{line}\nhint: {hint}", problem.message)
}

#[test]
fn no_secret_is_left_and_where_it_was_is_told() {
    let text = r#"
        [providers.cloud]
        url = "https://anna:hunter2@models.example/v1?api_key=hunter2&region=eu"
        api_key = "hunter2"
        organisation = "${CLOUD_ORGANISATION}"
        headers = { Authorization = "Bearer hunter2", accept = "application/json" }
        [models.large]
        provider = "cloud"
        max_tokens = 4096
        [models.digits]
        artifact = "digits-onnx"
        [routing]
        default = "large"
        fallback = ["digits", "large"]
    "#;
    let (written, facts) = deployed("models.toml", text).expect("sound");
    assert!(!written.contains("hunter2"), "{written}");
    assert_eq!(
        serde_json::from_str::<Value>(&written).expect("JSON"),
        json!({
            "providers": { "cloud": {
                "url": "https://models.example/v1?region=eu",
                "organisation": "${CLOUD_ORGANISATION}",
                "headers": { "accept": "application/json" },
            } },
            "models": { "large": { "provider": "cloud", "max_tokens": 4096 }, "digits": { "artifact": "digits-onnx" } },
            "routing": { "default": "large", "fallback": ["digits", "large"] },
        })
    );
    let removed = [
        "providers.cloud.api_key",
        "providers.cloud.headers.Authorization",
        "providers.cloud.url",
    ];
    assert_eq!(facts, json!({ "providers": 1, "models": 2, "removed": removed }));
}

#[test]
fn json_is_taken_as_well_as_toml() {
    let text = r#"{ "providers": { "cloud": { "token": "hunter2" } }, "more": [1, { "password": "hunter2" }] }"#;
    let (written, facts) = deployed("models.json", text).expect("sound");
    assert_eq!(
        serde_json::from_str::<Value>(&written).expect("JSON"),
        json!({ "providers": { "cloud": {} }, "more": [1, {}] })
    );
    assert_eq!(facts["removed"], json!(["more[1].password", "providers.cloud.token"]));
}

#[test]
fn models_that_are_not_made_go_with_the_routes_that_lead_to_them_alone() {
    let text = r#"
        [models.wrist]
        artifact = "gesture-onnx"
        [models.digits]
        artifact = "digits-onnx"
        [routing]
        default = "wrist"
        numbers = "digits"
        either = ["wrist", "digits", "wrist"]
        alone = ["wrist"]
        none = []
    "#;
    let (written, facts) = deployed("models.toml", text).expect("sound");
    assert_eq!(
        serde_json::from_str::<Value>(&written).expect("JSON"),
        json!({
            "models": { "digits": { "artifact": "digits-onnx" } },
            "routing": { "numbers": "digits", "either": ["digits"], "none": [] },
        })
    );
    assert_eq!(
        facts,
        json!({
            "providers": 0, "models": 1, "removed": [],
            "left_out": ["models.wrist", "routing.alone", "routing.default", "routing.either[0]", "routing.either[2]"],
        })
    );
}

#[test]
fn what_leads_nowhere_is_told_and_no_message_repeats_the_file() {
    insta::assert_snapshot!(problem("[models.a]\nprovider = \"x\"\n[providers.y]\n"), @r"
    the model `a` names `x`, which is no provider
    in: models.toml
    hint: there are `y`
    ");
    insta::assert_snapshot!(problem("[models.a]\nartifact = \"x-onnx\"\n"), @r"
    the model `a` names `x-onnx`, which is no artifact of this target
    in: models.toml
    hint: there are `digits-onnx`, `gesture-onnx`
    ");
    insta::assert_snapshot!(problem("[routing]\ndefault = [\"a\"]\n"), @r"
    the route `default` leads to `a`, which is no model
    in: models.toml
    hint: there are none
    ");
    insta::assert_snapshot!(problem("a = 1\napi_key = hunter2\n"), @r"
    `models.toml` is no table
    in: models.toml:2
    hint: it is written in TOML or JSON, as its name says
    ");
}
