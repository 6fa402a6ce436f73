//! What the example's build makes, and with which packages.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use super::STOCK;
use crate::example::Copy;
use crate::shop::serve::{lock, uv, with_uv};
use crate::skip;

/// The packages in a folder of installed ones.
fn packages(stock: &Copy) -> BTreeSet<String> {
    let folder = stock.0.root().join("dist/stock/site-packages");
    let entries = std::fs::read_dir(folder).expect("it was built");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
    let infos = names.filter_map(|name| Some(name.strip_suffix(".dist-info")?.rsplit_once('-')?.0.to_lowercase()));
    infos.map(|name| name.replace('_', "-")).collect()
}

/// The packages that the SBOM of an artifact lists.
fn listed(stock: &Copy, artifact: &str) -> BTreeSet<String> {
    let text = stock.0.read(&format!("dist/stock.{artifact}.cdx.json"));
    let sbom: Value = serde_json::from_str(&text).expect("JSON");
    let components = sbom["components"].as_array().expect("a list").iter();
    components
        .map(|one| one["name"].as_str().expect("a name").to_owned())
        .collect()
}

fn assert_for_production_alone(stock: &Copy) {
    let found = packages(stock);
    assert!(found.contains("alembic") && found.contains("sqlalchemy"), "{found:?}");
    for other in ["hatchling", "iniconfig", "pluggy", "pytest", "pytest-xdist", "ruff"] {
        assert!(!found.contains(other), "{other} is for development: {found:?}");
    }
    assert_eq!(listed(stock, "site-packages"), found);
    assert_eq!(listed(stock, "app"), found);
}

#[test]
fn the_first_build_checks_tests_and_packs_and_complains_of_nothing() {
    let build = &STOCK.first().build;
    let ran = [
        "app",
        "build-check",
        "build-dependencies",
        "build-needs",
        "components",
        "count",
        "dependencies",
        "dev-dependencies",
        "lint",
        "test",
        "wheel",
    ];
    assert_eq!(build.actions("stock", "ran"), ran);
    assert_eq!(build.notices(), Vec::<&Value>::new());
}

#[test]
fn a_second_build_runs_nothing() {
    let build = STOCK.built().build("");
    assert_eq!(
        (build.count("ran"), build.count("cached"), build.components()),
        (0, 0, 0)
    );
}

#[test]
fn only_packages_for_production_are_made_and_listed() {
    assert_for_production_alone(&STOCK.built());
}

#[test]
fn groups_of_uv_lock_stay_out_of_what_is_made() {
    if !uv().is_file() {
        skip!("uv is not installed; scripts/setup installs it");
    }
    let stock = Copy(with_uv(STOCK.built().0));
    for pins in ["requirements.txt", "dev-requirements.txt", "build-requirements.txt"] {
        stock.0.remove(pins);
    }
    // Groups that uv installs if nobody says otherwise, and one more.
    let groups = "\n[dependency-groups]\nbuild = [\"hatchling\"]\ndev = [\"ruff\"]\ntests = [\"pytest\", \"pytest-xdist\"]\n\n\
        [tool.uv]\ndefault-groups = [\"dev\", \"tests\"]\n";
    let pyproject = stock.0.read("pyproject.toml");
    stock.0.write("pyproject.toml", &(pyproject + groups));
    lock(stock.0.root());
    let build = stock.build("");
    assert!(build.ok(), "{}", build.text());
    let ran = build.actions("stock", "ran");
    for action in [
        "build-requirements",
        "dev-requirements",
        "lint",
        "requirements",
        "test",
        "wheel",
    ] {
        assert!(ran.contains(&action), "{ran:?}");
    }
    assert_for_production_alone(&stock);
}

#[test]
fn two_builds_from_nothing_make_the_same_bytes() {
    let stock = STOCK.alone();
    let build = stock.build("");
    assert!(build.ok(), "{}", build.text());
    stock.files().assert_same(&STOCK.first().files);
}

#[test]
fn the_wheel_is_described_and_can_be_installed() {
    let about = &STOCK.first().build.artifact("stock", "wheel")["metadata"];
    assert_eq!(
        (&about["name"], &about["version"], &about["tags"]),
        (&json!("stock"), &json!("1.2.0"), &json!(["py3-none-any"]))
    );
    let stock = STOCK.built();
    let wheel = stock.0.root().join("dist/stock/wheels/stock-1.2.0-py3-none-any.whl");
    let size = std::fs::metadata(&wheel).expect("it was built").len();
    assert_eq!(about["size"].as_u64(), Some(size));
    let installed = stock.0.beside("installed");
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--disable-pip-version-check",
        "--target",
    ];
    let output = Command::new("python3").args(pip).arg(&installed).arg(&wheel).output();
    let output = output.expect("there is a python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(installed.join("stock/shelf.py").is_file());
    assert!(!installed.join("tests").exists());
}
