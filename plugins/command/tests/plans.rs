//! The plans of the builder `command`, whole, for what users write.

use farm_builder_command::Command;
use farm_sdk::testing::{Folder, check_options, plan, show};
use serde_json::{Value, json};

fn folder() -> Folder {
    Folder::new()
        .file("src/a.txt", "a")
        .tools(["sh", "mkdir", "cat", "wc", "npx", "node", "python3"])
}

fn planned(folder: &Folder, options: &Value) -> String {
    show(&plan::<Command>(folder, options))
}

fn hint(options: &Value) -> String {
    let problem = plan::<Command>(&folder(), options).expect_err("a mistake");
    format!(
        "{}\nhint: {}",
        problem.message,
        problem.hint.expect("every problem has a hint")
    )
}

#[test]
fn schema_and_type_agree() {
    check_options::<Command>(&json!({ "command": "true" }));
}

#[test]
fn a_package_of_a_monorepo() {
    let command = "mkdir -p dist && cat src/*.txt > dist/out.txt && wc -c dist/out.txt > dist/dep.txt";
    let folder = folder()
        .dependency("p00001", "dist", "files")
        .dependency("billing:build", "dist", "files");
    let options = json!({ "command": command, "inputs": ["src/**"], "outputs": ["dist"] });
    insta::assert_snapshot!("monorepo", planned(&folder, &options));
}

#[test]
fn every_option() {
    let options = json!({
        "command": "npx eslint src",
        "inputs": ["src/**", "!src/gen/**", "//tsconfig.base.json", "//shared/**", "!//shared/tests"],
        "outputs": ["report/", "Build/log.txt"],
        "tools": ["python3"],
        "env": { "CI": "1" },
        "pass-env": ["TZ"],
        "timeout": 60,
    });
    insta::assert_snapshot!(
        "every_option",
        planned(&folder().dependency("web", "node_modules", "node-modules"), &options)
    );
}

#[test]
fn how_it_shares_the_machine() {
    let run = |options: Value| plan::<Command>(&folder(), &options).expect("a plan").actions[0].clone();
    let plain = run(json!({ "command": "true" }));
    assert_eq!((plain.weight, plain.jobserver), (None, false));
    let heavy = run(json!({ "command": "true", "weight": 4 }));
    assert_eq!((heavy.weight, heavy.jobserver), (Some(4), false));
    let sharing = run(json!({ "command": "true", "jobserver": true }));
    assert_eq!((sharing.weight, sharing.jobserver), (None, true));
    insta::assert_snapshot!(hint(&json!({ "command": "true", "weight": 4, "jobserver": true })), @r"
    `weight` and `jobserver` are both set
    hint: leave `weight` out: with a jobserver, a tool takes cores as it needs them
    ");
}

#[test]
fn a_command_on_demand() {
    let options = json!({
        "command": "kubectl apply -f deps/app/manifests",
        "inputs": [],
        "secrets": ["KUBE_TOKEN"],
        "on-demand": true,
        "network": ["cluster.example:6443"],
    });
    let folder = folder().dependency("app", "manifests", "files");
    insta::assert_snapshot!("on_demand", planned(&folder, &options));
}

#[test]
fn mistakes_on_demand() {
    insta::assert_snapshot!(hint(&json!({ "command": "true", "network": ["npm"] })), @r"
    `network` is set, and the command is part of the build
    hint: set `on-demand = true` too: what a build makes must not depend on the network
    ");
    insta::assert_snapshot!(hint(&json!({ "command": "true", "on-demand": true, "outputs": ["x"] })), @r"
    `outputs` is set, and the command is on demand
    hint: leave `outputs` out: nothing is kept of what it writes
    ");
    insta::assert_snapshot!(hint(&json!({ "command": "true", "on-demand": true, "weight": 2 })), @r"
    `weight` is set, and the command is on demand
    hint: leave `weight` out: nothing runs beside it
    ");
    insta::assert_snapshot!(hint(&json!({ "command": "true", "secrets": ["A"], "pass-env": ["A"] })), @r"
    `A` is a secret, and in `env` or `pass-env`
    hint: leave it in `secrets` alone: the values of the others are in the key
    ");
}

#[test]
fn without_inputs_all_files_but_its_own_outputs() {
    let options = json!({ "command": "true", "outputs": ["dist"] });
    insta::assert_snapshot!("defaults", planned(&folder(), &options));
}

#[test]
fn mistakes_in_outputs() {
    let outputs = |output: Value| hint(&json!({ "command": "true", "outputs": output }));
    insta::assert_snapshot!(outputs(json!(["dist/*.js"])), @r"
    output `dist/*.js` has a wildcard
    hint: name the file, or the folder that holds all of them: `dist`
    ");
    insta::assert_snapshot!(outputs(json!(["../dist"])), @r"
    output `../dist` is not a path inside the target's folder
    hint: an output lies below the target's `root`; write it from there, without `..`
    ");
    insta::assert_snapshot!(outputs(json!(["/tmp/x"])), @r"
    output `/tmp/x` is not a path inside the target's folder
    hint: an output lies below the target's `root`; write it from there, without `..`
    ");
    insta::assert_snapshot!(outputs(json!(["dist", "dist/a"])), @r"
    the outputs `dist` and `dist/a` lie one in the other
    hint: declare the outer one alone
    ");
}

#[test]
fn mistakes_in_inputs() {
    let inputs = |input: &str| hint(&json!({ "command": "true", "inputs": [input] }));
    insta::assert_snapshot!(inputs("../shared/**"), @r"
    input `../shared/**` leaves the target's folder
    hint: write `//` and the path from the workspace's root
    ");
    insta::assert_snapshot!(inputs("/etc/passwd"), @r"
    input `/etc/passwd` is not a pattern
    hint: write `src/**` for files of the target's folder, `//shared/**` from the workspace's root
    ");
}

#[test]
fn mistakes_in_tools() {
    insta::assert_snapshot!(hint(&json!({ "command": "frobnicate src" })), @r"
    the tool `frobnicate` is not on the PATH
    hint: install `frobnicate`, or correct its name
    ");
    insta::assert_snapshot!(hint(&json!({ "command": "true", "tools": ["jq"] })), @r"
    the tool `jq` is not on the PATH
    hint: install `jq`, or correct its name
    ");
    insta::assert_snapshot!(hint(&json!({ "command": "true", "tools": ["./bin/x"] })), @r"
    option `tools` names a path: `./bin/x`
    hint: write the tool's name, as it is found on the PATH
    ");
}

#[test]
fn mistakes_in_the_environment() {
    insta::assert_snapshot!(hint(&json!({ "command": "true", "env": { "A-B": "1" } })), @r"
    `A-B` is no name of an environment variable
    hint: use letters, digits and `_`, not starting with a digit
    ");
    insta::assert_snapshot!(hint(&json!({ "command": "true", "env": { "A": "1" }, "pass-env": ["A"] })), @r"
    `A` is in `env` and in `pass-env`
    hint: leave it in the one that you mean
    ");
}

#[test]
fn inputs_may_name_the_artifacts_that_count() {
    let folder = folder()
        .dependency("api", "app", "python-app")
        .dependency("api", "openapi", "openapi-schema")
        .dependency("m:lib", "dist", "files");
    let places = |inputs: Value| {
        let plan = plan::<Command>(&folder, &json!({ "command": "true", "inputs": inputs })).expect("sound");
        plan.actions[0]
            .inputs
            .iter()
            .map(|input| input.at.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        places(json!([])),
        ["deps/api/app", "deps/api/openapi", "deps/m/lib/dist"]
    );
    assert_eq!(
        places(json!(["deps/api/openapi", "deps/m/**"])),
        ["deps/api/openapi", "deps/m/lib/dist"]
    );
    let problem = plan::<Command>(&folder, &json!({ "command": "true", "inputs": ["deps/api/opanepi"] }));
    let problem = problem.expect_err("a mistake");
    assert_eq!(
        problem.message,
        "input `deps/api/opanepi` is no artifact of a dependency"
    );
    let hint = "the dependencies make `deps/api/app`, `deps/api/openapi`, `deps/m/lib/dist`";
    assert_eq!(problem.hint.as_deref(), Some(hint));
}

#[test]
fn two_node_modules() {
    let folder =
        folder()
            .dependency("a", "node_modules", "node-modules")
            .dependency("b", "node_modules", "node-modules");
    let problem = plan::<Command>(&folder, &json!({ "command": "true" })).expect_err("a mistake");
    assert_eq!(problem.message, "`a` and `b` both bring a node_modules");
}
