//! What checks and tests a plan has, and with which packages.

mod planned;

use farm_builder_python::Python;
use farm_sdk::testing::{Folder, plan};
use farm_sdk::{Action, Source};
use planned::mistake;
use serde_json::{Value, json};

fn folder() -> Folder {
    Folder::new()
        .file("shop/main.py", "import os")
        .file("requirements.txt", "fastapi==0.115.0\n")
        .tools(["python3"])
}

fn with_development(pins: &str) -> Folder {
    folder().file("dev-requirements.txt", pins)
}

/// The actions that there are beside those of an app that is not checked.
fn checks(folder: &Folder, options: &Value) -> Vec<Action> {
    let plan = plan::<Python>(folder, options).unwrap_or_else(|problem| panic!("{}", problem.message));
    let app = ["app", "components", "count", "dependencies", "requirements"];
    let mut actions = plan.actions;
    actions.retain(|action| !app.contains(&action.id.as_str()));
    actions
}

fn ids(folder: &Folder, options: &Value) -> Vec<String> {
    checks(folder, options).into_iter().map(|action| action.id).collect()
}

/// The command line of an action.
fn line(folder: &Folder, options: &Value, id: &str) -> String {
    let actions = checks(folder, options);
    let action = actions.iter().find(|action| action.id == id).expect("it is planned");
    planned::line(action)
}

#[test]
fn nothing_is_checked_that_nobody_asked_for() {
    let all = with_development("pytest==8.3.4\nruff==0.9.0\n").tools(["ruff"]);
    assert_eq!(ids(&all, &json!({})), [""; 0]);
}

#[test]
fn ruff_is_the_one_that_is_pinned() {
    let folder = with_development("ruff==0.9.0\n").tools(["ruff"]);
    let options = json!({ "lint": true });
    assert_eq!(ids(&folder, &options), ["dev-dependencies", "lint"]);
    insta::assert_snapshot!(
        line(&folder, &options, "lint"),
        @"python3 -S farm_program.py farm/dev-packages/bin/ruff check --extend-exclude farm/dev-packages,farm_program.py --output-format concise --no-fix --no-fix-only --no-cache ."
    );
}

#[test]
fn ruff_that_is_not_pinned_is_taken_from_the_path() {
    let folder = with_development("pytest==8.3.4\n").tools(["ruff"]);
    let options = json!({ "lint": true });
    assert_eq!(
        ids(&folder, &options),
        ["lint"],
        "nothing else needs packages for development"
    );
    insta::assert_snapshot!(
        line(&folder, &options, "lint"),
        @"ruff check --output-format concise --no-fix --no-fix-only --no-cache ."
    );
}

#[test]
fn without_ruff_one_message_says_where_it_is_looked_for() {
    insta::assert_snapshot!(mistake(&folder(), &json!({ "lint": true })), @"
    option `lint` asks for `ruff`, which is neither pinned for development nor on the PATH
    in: -
    hint: add `ruff` to the group `dev` of pyproject.toml and run `uv lock`, or pin it in `dev-requirements.txt`
    ");
}

/// The files that farm writes for ruff, by their places, where these files configure ruff.
fn written(files: &[(&str, &str)]) -> Vec<(String, String)> {
    let folder = files.iter().fold(folder().tools(["ruff"]), |folder, (path, text)| {
        folder.file(path, *text)
    });
    let lint = checks(&folder, &json!({ "lint": true })).pop().expect("it is planned");
    let contents = lint.inputs.into_iter().filter_map(|input| match input.source {
        Source::Content(bytes) => Some((input.at, String::from_utf8(bytes).expect("text"))),
        _ => None,
    });
    contents.collect()
}

/// Whether farm selects rules.
fn selects(files: &[(&str, &str)]) -> bool {
    written(files)
        .iter()
        .any(|(_, text)| text.contains("select = [\"F401\", \"I\"]"))
}

#[test]
fn rules_that_the_project_selects_win() {
    assert!(!selects(&[("pyproject.toml", "[tool.ruff.lint]\nselect = [\"E\"]\n")]));
    assert!(!selects(&[("pyproject.toml", "[tool.ruff]\nselect = [\"E\"]\n")]));
    assert!(!selects(&[("ruff.toml", "[lint]\nselect = [\"E\"]\n")]));
    assert!(!selects(&[(".ruff.toml", "lint.select = [\"E\"]\n")]));
    assert!(!selects(&[
        ("ruff.toml", "extend = \"base.toml\"\n"),
        ("base.toml", "lint.select = [\"E\"]\n")
    ]));
    assert!(selects(&[("pyproject.toml", "[tool.ruff]\nline-length = 100\n")]));
    assert!(selects(&[("pyproject.toml", "[tool.black]\n")]));
    assert!(selects(&[
        ("ruff.toml", "extend = \"base.toml\"\n"),
        ("base.toml", "line-length = 100\n")
    ]));
    // As ruff itself, which takes the first file alone.
    assert!(selects(&[
        ("ruff.toml", "line-length = 100\n"),
        ("pyproject.toml", "[tool.ruff]\nselect = [\"E\"]\n")
    ]));
}

#[test]
fn what_the_project_adds_and_ignores_is_kept_beside_farms_rules() {
    let base = "lint.extend-ignore = [\"F401\"]\n";
    let config = "extend = \"base.toml\"\n[lint]\nignore = [\"I001\"]\nextend-select = [\"UP\", \"B\"]\n";
    let [(place, text)] = &written(&[("ruff.toml", config), ("base.toml", base)])[..] else {
        panic!("one file is written");
    };
    assert_eq!(place, ".ruff.toml");
    insta::assert_snapshot!(text, @r#"
    extend = "ruff.toml"

    [lint]
    extend-select = ["UP", "B"]
    ignore = ["I001", "F401"]
    select = ["F401", "I"]
    "#);
}

#[test]
fn a_configuration_that_farms_would_hide_is_moved_and_extended() {
    let config = "# ours\nline-length = 100\n";
    let written = written(&[(".ruff.toml", config)]);
    assert_eq!(written[0], ("farm_ruff.toml".to_owned(), config.to_owned()));
    assert_eq!(written[1].0, ".ruff.toml");
    insta::assert_snapshot!(written[1].1, @r#"
    extend = "farm_ruff.toml"

    [lint]
    select = ["F401", "I"]
    "#);
}

#[test]
fn a_configuration_that_cannot_be_read_is_left_to_ruff() {
    assert!(!selects(&[("ruff.toml", "[lint\n")]));
    assert!(!selects(&[("ruff.toml", "extend = \"../ruff.toml\"\n")]));
    assert!(
        !selects(&[("ruff.toml", "extend = \"ruff.toml\"\n")]),
        "it extends itself"
    );
}

#[test]
fn tests_see_the_packages_of_the_app_before_those_for_development() {
    let folder = with_development("pytest==8.3.4\n").file("src/shop/main.py", "");
    let options = json!({ "test": true, "test-args": ["-m", "not slow"] });
    assert_eq!(ids(&folder, &options), ["dev-dependencies", "test"]);
    insta::assert_snapshot!(
        line(&folder, &options, "test"),
        @"python3 -S farm_pytest.py --path . --path src --packages site-packages --packages farm/dev-packages --workers 1 -- -m not slow"
    );
}

#[test]
fn a_test_weighs_as_much_as_it_has_workers() {
    let with_xdist = with_development("pytest==8.3.4\npytest-xdist==3.6.1\n");
    let weight = |options: Value| {
        let actions = checks(&with_xdist, &options);
        let test = actions
            .iter()
            .find(|action| action.id == "test")
            .expect("it is planned");
        (line(&with_xdist, &options, "test").contains("--workers 4"), test.weight)
    };
    assert_eq!(weight(json!({ "test": true })), (true, Some(4)));
    assert_eq!(weight(json!({ "test": true, "test-workers": 2 })), (false, Some(2)));
    assert_eq!(weight(json!({ "test": true, "test-workers": 1 })), (false, None));
    insta::assert_snapshot!(mistake(&with_development("pytest==8.3.4\n"), &json!({ "test": true, "test-workers": 2 })), @"
    2 `test-workers` need `pytest-xdist`, which is not pinned
    in: -
    hint: add `pytest-xdist` to the group `dev` of pyproject.toml and run `uv lock`, or pin it in `dev-requirements.txt`
    ");
}

#[test]
fn pytest_among_the_packages_of_the_app_does() {
    let folder = Folder::new()
        .file("requirements.txt", "pytest==8.3.4\n")
        .tools(["python3"]);
    assert_eq!(ids(&folder, &json!({ "test": true })), ["test"]);
    insta::assert_snapshot!(mistake(&folder.file("requirements.txt", ""), &json!({ "test": true })), @"
    option `test` asks for `pytest`, which is not pinned
    in: -
    hint: add `pytest` to the group `dev` of pyproject.toml and run `uv lock`, or pin it in `dev-requirements.txt`
    ");
}

#[test]
fn what_is_tested_is_what_runs() {
    let folder = with_development("pytest==8.3.4\nfastapi==0.114.0\n");
    insta::assert_snapshot!(mistake(&folder, &json!({ "test": true })), @"
    `fastapi` is pinned to 0.114.0, and to another version in `requirements.txt`
    in: dev-requirements.txt:2
    hint: leave it out here, or write this file with `uv pip compile -c requirements.txt`
    ");
}

#[test]
fn groups_of_uv_lock_are_there_for_an_app_without_packages() {
    let lock = "[[package]]\nname = \"shop\"\nsource = { virtual = \".\" }\n\
        [package.dev-dependencies]\ndev = [{ name = \"pytest\" }]\ntests = [{ name = \"rich\" }]\n\
        [[package]]\nname = \"pytest\"\n[[package]]\nname = \"rich\"\n";
    let folder = Folder::new()
        .file("pyproject.toml", "")
        .file("uv.lock", lock)
        .tools(["python3", "uv"]);
    let options = json!({ "test": true });
    assert_eq!(ids(&folder, &options), ["dev-requirements", "dev-dependencies", "test"]);
    assert!(
        line(&folder, &options, "dev-requirements").contains("--only-group dev --only-group tests --no-emit-project")
    );
}

#[test]
fn requirements_for_development_are_found_or_named() {
    let options = json!({ "test": true });
    let named = json!({ "test": true, "dev-requirements": "requirements/dev.txt" });
    let pins = "pytest==8.3.4\n";
    assert!(
        line(
            &folder().file("requirements-dev.txt", pins),
            &options,
            "dev-dependencies"
        )
        .contains("requirements-dev.txt")
    );
    let folder = with_development(pins).file("requirements/dev.txt", pins);
    assert!(line(&folder, &named, "dev-dependencies").contains("requirements/dev.txt"));
    insta::assert_snapshot!(mistake(&with_development(pins), &named), @"
    there is no `requirements/dev.txt`
    in: requirements/dev.txt
    hint: option `dev-requirements` names the pinned requirements, from the target's folder
    ");
}
