//! The plans of the builder `python`, whole, and each mistake that it names.

use farm_builder_python::Python;
use farm_sdk::Problem;
use farm_sdk::testing::{Folder, check_options, plan, show};
use serde_json::{Value, json};

fn folder() -> Folder {
    Folder::new()
        .file("src/main.py", "app = FastAPI()")
        .tools(["python3", "uv"])
}

fn with_requirements(text: &str) -> Folder {
    folder().file("requirements.txt", text)
}

/// What `uv lock` writes for an app with a group for development and one for its wheel.
const LOCK: &str = r#"
version = 1

[[package]]
name = "shop"
version = "1.0.0"
source = { editable = "." }
dependencies = [{ name = "fastapi" }]

[package.dev-dependencies]
build = [{ name = "hatchling" }]
dev = [{ name = "pytest" }, { name = "pytest-xdist" }, { name = "ruff" }]

[[package]]
name = "fastapi"
version = "0.115.0"

[[package]]
name = "hatchling"
version = "1.27.0"

[[package]]
name = "pytest"
version = "8.3.4"

[[package]]
name = "pytest-xdist"
version = "3.6.1"
dependencies = [{ name = "pytest" }]

[[package]]
name = "ruff"
version = "0.9.0"
"#;

fn with_uv_lock() -> Folder {
    folder().file("pyproject.toml", "[project]").file("uv.lock", LOCK)
}

/// The plan as text, without farm's own scripts.
fn planned(folder: &Folder, options: &Value) -> String {
    let mut text = show(&plan::<Python>(folder, options));
    for (name, script) in [
        ("bytecode", include_str!("../../pip/src/scripts/farm_bytecode.py")),
        ("collect", include_str!("../src/scripts/farm_collect.py")),
        ("install", include_str!("../../pip/src/scripts/farm_install.py")),
        ("migrate", include_str!("../src/scripts/farm_migrate.py")),
        ("program", include_str!("../src/scripts/farm_program.py")),
        ("pytest", include_str!("../src/scripts/farm_pytest.py")),
        ("schema", include_str!("../src/scripts/farm_schema.py")),
        ("wheel", include_str!("../src/scripts/farm_wheel.py")),
    ] {
        let script = serde_json::to_string(script).expect("a string");
        text = text.replace(&script, &format!("\"(farm_{name}.py)\""));
    }
    text
}

fn problem(folder: &Folder, options: &Value) -> String {
    let Problem {
        message,
        file,
        line,
        hint,
    } = plan::<Python>(folder, options).expect_err("a mistake");
    let at = line.map_or(String::new(), |line| format!(":{line}"));
    let file = file.unwrap_or("-".to_owned());
    format!(
        "{message}\nin: {file}{at}\nhint: {}",
        hint.expect("every problem has a hint")
    )
}

fn ids(folder: &Folder, options: &Value) -> Vec<String> {
    plan::<Python>(folder, options)
        .expect("sound")
        .actions
        .into_iter()
        .map(|action| action.id)
        .collect()
}

#[test]
fn schema_and_type_agree() {
    check_options::<Python>(&json!({}));
}

#[test]
fn an_app_with_uv_lock() {
    insta::assert_snapshot!("uv_lock", planned(&with_uv_lock(), &json!({ "app": "src.main:app" })));
}

#[test]
fn an_app_with_hashed_requirements_and_pip() {
    let folder = Folder::new()
        .file("src/shop/main.py", "")
        .file("requirements/prod.txt", "fastapi==0.115.0 \\\n  --hash=sha256:aa\n")
        .tools(["python3.12"]);
    let options = json!({
        "app": "shop.main:app",
        "python": "python3.12",
        "requirements": "requirements/prod.txt",
        "sources": ["src/**"],
        "exclude": ["scripts/"],
        "bytecode": false,
        "build-from-source": true,
        "bundle-dependencies": false,
    });
    insta::assert_snapshot!("pip", planned(&folder, &options));
}

#[test]
fn without_packages_nothing_is_installed() {
    assert_eq!(ids(&with_requirements("# none\n"), &json!({})), ["app", "count"]);
    assert_eq!(
        ids(&with_requirements("# none\n"), &json!({ "app": "src.main:app" })),
        ["app", "schema", "count"]
    );
}

#[test]
fn requirements_win_over_the_lock_when_named() {
    let folder = with_requirements("fastapi==0.115.0")
        .file("pyproject.toml", "")
        .file("uv.lock", LOCK);
    assert_eq!(
        ids(&folder, &json!({ "requirements": "requirements.txt" })),
        ["dependencies", "components", "app", "count"]
    );
    assert_eq!(
        ids(&folder, &json!({})),
        ["requirements", "dependencies", "components", "app", "count"]
    );
}

#[test]
fn without_a_lock_file() {
    insta::assert_snapshot!(problem(&folder(), &json!({})), @r"
    there is neither `uv.lock` nor `requirements.txt`, which fix what is installed
    in: requirements.txt
    hint: write `requirements.txt` with `pip freeze`; an empty one if the app needs no packages
    ");
    insta::assert_snapshot!(problem(&folder().file("pyproject.toml", ""), &json!({})), @r"
    there is neither `uv.lock` nor `requirements.txt`, which fix what is installed
    in: requirements.txt
    hint: run `uv lock` and commit `uv.lock`, or `uv pip compile pyproject.toml -o requirements.txt`
    ");
    insta::assert_snapshot!(problem(&folder(), &json!({ "requirements": "prod.txt" })), @r"
    there is no `prod.txt`
    in: prod.txt
    hint: option `requirements` names the pinned requirements, from the target's folder
    ");
    insta::assert_snapshot!(problem(&folder().file("uv.lock", ""), &json!({})), @r"
    there is a `uv.lock` without a `pyproject.toml`
    in: pyproject.toml
    hint: commit both, or set the option `requirements`
    ");
}

#[test]
fn without_tools() {
    let lock = Folder::new()
        .file("uv.lock", "")
        .file("pyproject.toml", "")
        .tools(["python3"]);
    insta::assert_snapshot!(problem(&lock, &json!({})), @r"
    `uv.lock` needs the tool `uv`, which is not on the PATH
    in: uv.lock
    hint: install uv (`pip install uv`), or write `requirements.txt` with `uv export` and name it in the option `requirements`
    ");
    insta::assert_snapshot!(problem(&Folder::new().file("requirements.txt", ""), &json!({})), @r"
    the tool `python3` is not on the PATH
    in: -
    hint: install Python 3.9 or later, or name another with the option `python`
    ");
    insta::assert_snapshot!(problem(&with_requirements(""), &json!({ "python": "pypy" })), @r"
    the tool `pypy` is not on the PATH
    in: -
    hint: install Python 3.9 or later, or name another with the option `python`
    ");
}

#[test]
fn with_requirements_that_are_not_pinned() {
    insta::assert_snapshot!(problem(&with_requirements("# web\nfastapi==0.115.0\nuvicorn>=0.30\n"), &json!({})), @r"
    `uvicorn>=0.30` is not pinned
    in: requirements.txt:3
    hint: write `uvicorn==VERSION`; `uv pip compile` or `pip freeze` does it for all
    ");
    insta::assert_snapshot!(problem(&with_requirements("-r base.txt\n"), &json!({})), @r"
    `-r base.txt` does not say exactly what is installed
    in: requirements.txt:1
    hint: write one complete file, with `uv pip compile` or `pip freeze`
    ");
    insta::assert_snapshot!(problem(&with_requirements("-e .\n"), &json!({})), @r"
    `-e .` does not say exactly what is installed
    in: requirements.txt:1
    hint: leave the app's own folder out: its sources are copied
    ");
    insta::assert_snapshot!(problem(&with_requirements("--trusted-host x\n"), &json!({})), @r"
    `--trusted-host x` does not say exactly what is installed
    in: requirements.txt:1
    hint: take the line out
    ");
    insta::assert_snapshot!(problem(&with_requirements("shop @ git+ssh://host/shop\n"), &json!({})), @r"
    `shop` is not a package with a version
    in: requirements.txt:1
    hint: packages come from a registry, as `name==version`
    ");
}

#[test]
fn mistakes_in_options() {
    insta::assert_snapshot!(problem(&with_requirements(""), &json!({ "app": "src.mian:app" })), @r"
    option `app` names `src.mian:app`, and there is no `src/mian.py`
    in: src/mian.py
    hint: write `module:attribute`, as you would start uvicorn with
    ");
    insta::assert_snapshot!(problem(&with_requirements(""), &json!({ "sources": ["../shared/**"] })), @r"
    `../shared/**` leaves the target's folder
    in: -
    hint: `sources` and `exclude` take patterns below the target's `root`
    ");
}
