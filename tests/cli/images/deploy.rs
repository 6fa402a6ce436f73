//! `deploy.sh` of a deployment, with a registry and skopeo that are real and stand-ins for Docker and kubectl, which write
//! down what they were asked for.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::platform::build;
use super::registry::checkout_beside_registry;
use super::tools::{inspect, run, stand_in};
use crate::shop::product::copy_example;
use crate::support::Workspace;
use crate::{needs_base, needs_tools};

/// Runs `deploy.sh` of a target, from the workspace's root, with these stand-ins first on the PATH.
fn deploy(workspace: &Workspace, target: &str, words: &[&str], tools: &Path) -> Output {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(tools.to_owned()).chain(std::env::split_paths(&path));
    let path: OsString = std::env::join_paths(folders.collect::<Vec<PathBuf>>()).expect("no colon");
    let script = workspace.root().join("dist").join(target).join("deployment/deploy.sh");
    let mut command = Command::new(script);
    command.args(words).env("PATH", path).current_dir(workspace.root());
    command.output().expect("it may be executed")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

/// What the stand-ins were asked for.
fn asked(tools: &Path) -> Vec<String> {
    let log = fs::read_to_string(tools.join("log")).unwrap_or_default();
    log.lines().map(str::to_owned).collect()
}

#[test]
fn a_product_is_pushed_before_the_cluster_hears_of_it() {
    needs_tools!("skopeo", "docker-registry");
    needs_base!();
    let (workspace, registry) = checkout_beside_registry();
    build(&workspace);
    let tools = workspace.beside("tools");
    stand_in(&tools, "kubectl", "");
    let deployed = deploy(&workspace, "product", &["kubernetes", "demo"], &tools);
    assert!(deployed.status.success(), "{}", said(&deployed));
    let kubernetes = workspace.read("dist/product/deployment/kubernetes.yaml");
    for name in ["notes", "feed"] {
        let image = format!("docker://{}/platform/{name}:1.0.0", registry.address);
        let text = run(Command::new("skopeo").args(["inspect", "--tls-verify=false", image.as_str()]));
        let pushed: Value = serde_json::from_str(&text).expect("JSON");
        let here = inspect(&workspace.root().join("dist").join(name).join("image"));
        assert_eq!(pushed["Digest"], here["Digest"], "{name}");
        let digest = here["Digest"].as_str().expect("it has one");
        let reference = format!("{}/platform/{name}:1.0.0@{digest}", registry.address);
        assert!(kubernetes.contains(&reference), "{kubernetes}");
    }
    let asked = asked(&tools);
    assert_eq!(asked[0], "kubectl --namespace demo get secret product-secrets");
    assert!(
        asked[1].starts_with("kubectl --namespace demo apply --filename "),
        "{asked:?}"
    );
    assert_eq!(
        asked[2..],
        [
            "kubectl --namespace demo rollout status statefulset/redis --timeout=300s",
            "kubectl --namespace demo rollout status deployment/notes --timeout=300s",
            "kubectl --namespace demo rollout status deployment/feed --timeout=300s",
        ]
    );
    let again = deploy(&workspace, "product", &["images"], &tools);
    assert_eq!(
        (again.status.code(), said(&again).as_str()),
        (Some(0), ""),
        "all of it is there"
    );
}

/// `examples/image`, whose image is in no registry, built; and a Docker that has no image and keeps what it loads.
fn of_no_registry() -> (Workspace, PathBuf) {
    let workspace = Workspace::new();
    copy_example("image", &workspace);
    build(&workspace);
    let tools = workspace.beside("tools");
    let script = "case $1 in\n  image) exit 1 ;;\n  load) cp \"$4\" \"$(dirname \"$0\")/loaded.tar\" ;;\nesac";
    stand_in(&tools, "docker", script);
    stand_in(&tools, "kubectl", "");
    (workspace, tools)
}

#[test]
fn an_image_of_no_registry_is_loaded_before_compose_starts_it() {
    needs_tools!("cc", "skopeo");
    let (workspace, tools) = of_no_registry();
    workspace.write(".env", "");
    let deployed = deploy(&workspace, "image", &["compose"], &tools);
    assert!(deployed.status.success(), "{}", said(&deployed));
    let digest = inspect(&workspace.root().join("dist/image/image"))["Digest"].clone();
    let name = format!("image:{}", &digest.as_str().expect("it has one")[7..19]);
    let compose = workspace.read("dist/image/deployment/compose.yaml");
    assert!(compose.contains(&format!("image: \"{name}\"")), "{compose}");
    let loaded = format!("docker-archive:{}:{name}", tools.join("loaded.tar").display());
    let config = run(Command::new("skopeo").args(["inspect", "--config", loaded.as_str()]));
    let config: Value = serde_json::from_str(&config).expect("JSON");
    assert_eq!(config["config"]["Entrypoint"][0], "/server");
    let asked = asked(&tools);
    let start = asked.last().expect("it was asked");
    assert!(
        start.starts_with("docker compose --env-file .env --file ") && start.ends_with("up --detach --wait"),
        "{asked:?}"
    );
}

#[test]
fn a_cluster_is_not_told_of_an_image_that_it_cannot_find() {
    needs_tools!("cc", "skopeo");
    let (workspace, tools) = of_no_registry();
    let refused = deploy(&workspace, "image", &["kubernetes"], &tools);
    let text = said(&refused);
    assert_eq!(refused.status.code(), Some(1), "{text}");
    assert!(
        text.contains("in no registry") && text.contains("option push"),
        "{text}"
    );
    assert_eq!(asked(&tools), Vec::<String>::new());
    workspace.remove("dist/image/image");
    let refused = deploy(&workspace, "image", &["images"], &tools);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        said(&refused).contains("OUTPUT names farm's output folder"),
        "{}",
        said(&refused)
    );
}
