//! The built product at work: in a browser, and with packages from each of the installers.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::product::{Build, Shop, first, repository};
use super::server::Server;
use crate::skip;
use crate::support::Workspace;

/// The browser.
fn chromium() -> PathBuf {
    std::env::var_os("CHROMIUM").map_or("/usr/bin/chromium".into(), PathBuf::from)
}

/// uv, if `scripts/setup` has put it there.
pub(crate) fn uv() -> PathBuf {
    repository().join("target/tools/uv-venv/bin/uv")
}

/// The workspace with uv on the PATH: behind all else, so that the other tools stay the same.
pub(crate) fn with_uv(workspace: Workspace) -> Workspace {
    let tools = workspace.beside("tools");
    std::fs::create_dir(&tools).expect("made");
    std::os::unix::fs::symlink(uv(), tools.join("uv")).expect("made");
    let path = std::env::var_os("PATH").expect("tests need a PATH");
    let folders = std::env::split_paths(&path).chain([tools]);
    let path = std::env::join_paths(folders).expect("they were joined before");
    workspace.variable("PATH", path)
}

fn assert_starts(shop: &Shop) {
    let server = Server::start(&shop.path("dist"));
    let health = server.get("/api/health");
    assert!(
        health.starts_with("HTTP/1.1 200") && health.contains("\"ok\""),
        "{health}"
    );
    let page = server.get("/");
    assert!(page.contains("/assets/index-"), "{page}");
}

fn endpoints(build: &Build) -> &serde_json::Value {
    &build.artifact("backend", "app")["metadata"]["endpoints"]
}

#[test]
fn the_product_works_in_a_browser() {
    let browser = repository().join("tests/browser");
    if !chromium().is_file() {
        skip!(
            "there is no browser at {}; scripts/setup installs one",
            chromium().display()
        );
    }
    if !browser.join("node_modules/playwright-core").is_dir() {
        skip!("the browser driver is not installed; scripts/setup installs it");
    }
    let shop = Shop::built();
    let server = Server::start(&shop.path("dist"));
    let output = Command::new("node")
        .arg(browser.join("shop.mjs"))
        .arg(server.url())
        .arg("--chromium")
        .arg(chromium())
        .arg("--screenshots")
        .arg(shop.0.beside("screenshots"))
        .output()
        .expect("there is a node");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}{err}");
    let seen: serde_json::Value = serde_json::from_str(&out).expect("one line of JSON");
    assert_eq!(
        (&seen["ok"], &seen["environment"]),
        (&true.into(), &"production".into()),
        "{seen}"
    );
}

#[test]
fn packages_by_pip_make_an_app_that_starts() {
    assert_starts(&Shop::built());
}

#[test]
fn packages_by_uv_make_an_app_that_starts() {
    if !uv().is_file() {
        skip!("uv is not installed; scripts/setup installs it");
    }
    let shop = Shop(with_uv(Shop::checkout().0));
    let build = shop.build("");
    assert!(build.ok(), "{}", build.text());
    assert!(
        build.actions("backend", "ran").contains(&"dependencies"),
        "{}",
        build.text()
    );
    assert_eq!(endpoints(&build), endpoints(&first().build));
    assert_starts(&shop);
}

#[test]
fn a_lock_file_of_uv_does_instead_of_requirements() {
    if !uv().is_file() {
        skip!("uv is not installed; scripts/setup installs it");
    }
    let shop = Shop(with_uv(Shop::checkout().0));
    for name in ["requirements.txt", "requirements.in"] {
        std::fs::remove_file(shop.path("apps/api").join(name)).expect("it is a source");
    }
    lock(&shop.path("apps/api"));
    let build = shop.build("");
    assert!(build.ok(), "{}", build.text());
    assert_eq!(endpoints(&build), endpoints(&first().build));
    assert_starts(&shop);
}

/// Lets uv write `uv.lock`.
pub(crate) fn lock(project: &Path) {
    let mut command = Command::new(uv());
    let output = command.arg("lock").current_dir(project).output().expect("uv starts");
    assert!(output.status.success(), "{output:?}");
    assert!(project.join("uv.lock").is_file());
}
