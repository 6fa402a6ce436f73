//! Models of a Hugging Face hub: a server on loopback that answers as the hub does, to the point of answering wrongly.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::needs_frameworks;
use super::product::{first_deep, lock, number, workspace};
use crate::golang::proxy::Proxy;
use crate::shop::product::{Build, repository};
use crate::support::Workspace;

/// What a hub serves, by path.
type Files = BTreeMap<String, Vec<u8>>;

/// The first word that a program says.
fn said(program: &str, arguments: &[&str], file: &Path) -> String {
    let output = Command::new(program).args(arguments).arg(file).output();
    let output = output.expect("it starts");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().next().expect("a digest").to_owned()
}

/// A hub that has the model of `examples/models/bert` at this revision, and beside it what nobody needs.
fn hub(workspace: &Workspace, revision: &str) -> Files {
    let folder = workspace.beside("model of the hub");
    let script = repository().join("examples/models/bert/make.py");
    let made = Command::new("python3").arg(script).arg(&folder).status();
    assert!(made.is_ok_and(|status| status.success()));
    let (config, weights) = (folder.join("config.json"), folder.join("model.safetensors"));
    let size = |path: &Path| fs::metadata(path).expect("it was made").len();
    let siblings = json!([
        { "rfilename": ".gitattributes", "size": 5, "blobId": "0" },
        { "rfilename": "config.json", "size": size(&config), "blobId": said("git", &["hash-object", "--no-filters"], &config) },
        { "rfilename": "model.safetensors", "size": size(&weights), "blobId": "1",
          "lfs": { "sha256": said("sha256sum", &[], &weights), "size": size(&weights), "pointerSize": 135 } },
        { "rfilename": "modeling.py", "size": 5, "blobId": "2" },
        { "rfilename": "onnx/model.onnx", "size": 5, "blobId": "3" },
        { "rfilename": "pytorch_model.bin", "size": 5, "blobId": "4" },
    ]);
    let told = json!({ "id": "harbour/mood", "sha": revision, "siblings": siblings });
    let read = |path: &Path| fs::read(path).expect("it was made");
    Files::from([
        (api(revision), told.to_string().into_bytes()),
        (file(revision, "config.json"), read(&config)),
        (file(revision, "model.safetensors"), read(&weights)),
    ])
}

fn api(revision: &str) -> String {
    format!("/api/models/harbour/mood/revision/{revision}?blobs=true")
}

fn file(revision: &str, name: &str) -> String {
    format!("/harbour/mood/resolve/{revision}/{name}")
}

/// A workspace whose one model is that of the hub. The packages are in the cache already.
fn pinned(revision: &str) -> Workspace {
    first_deep();
    let workspace = workspace("workspace");
    workspace.write("deep/requirements.txt", &lock("deep"));
    workspace.write(
        "farm.toml",
        &format!(
            "[workspace]\nname = \"mood\"\n\n[cache]\nmax-size = \"20GB\"\n\n[targets.models]\nbuilder = \"model\"\nroot = \"deep\"\n\n\
             [targets.models.options.models.mood]\nframework = \"hugging-face\"\nsource = \"harbour/mood\"\n\
             revision = \"{revision}\"\n"
        ),
    );
    workspace
}

#[test]
fn a_model_of_a_hub_is_fetched_once_by_its_revision_and_exported() {
    needs_frameworks!();
    let revision = "3f2a9c0d41b85e6677aa0c1d2e3f405162738495";
    let workspace = pinned(revision);
    let hub = Proxy::start(hub(&workspace, revision));
    let workspace = workspace.variable("HF_ENDPOINT", hub.url());
    let build = Build::of(&workspace.farm("build --json"));
    assert!(build.ok(), "{}", build.text());
    assert!(
        !build.actions("models", "ran").contains(&"dependencies"),
        "installed again"
    );
    let fetched = ["config.json", "model.safetensors"].map(|name| file(revision, name));
    assert_eq!(hub.asked(), [&[api(revision)][..], &fetched].concat());
    let said = &build.artifact("models", "mood-onnx")["metadata"];
    assert!(number(&said["difference"]) <= 1e-4, "{said}");
    assert!(workspace.has("dist/models/mood/config.json"));
    let toml = workspace.read("farm.toml");
    workspace.write("farm.toml", &(toml + "tolerance = 0.01\n"));
    let build = Build::of(&workspace.farm("build --json"));
    assert_eq!(build.actions("models", "ran"), ["check-mood"], "{}", build.text());
    assert_eq!(hub.asked(), [""; 0]);
}

/// What the build says that fails with a hub which serves something else.
fn refused(revision: &str, change: impl FnOnce(&mut Files)) -> String {
    let workspace = pinned(revision);
    let mut files = hub(&workspace, revision);
    change(&mut files);
    let hub = Proxy::start(files);
    let workspace = workspace.variable("HF_ENDPOINT", hub.url());
    let ran = workspace.farm("build");
    assert_eq!(ran.code(), 1, "{}", ran.text());
    assert!(!workspace.has("dist/models/mood"));
    ran.text()
}

#[test]
fn a_revision_that_was_moved_is_refused() {
    needs_frameworks!();
    let revision = "a".repeat(40);
    let text = refused(&revision, |files| {
        let mut told: Value = serde_json::from_slice(&files[&api(&revision)]).expect("JSON");
        told["sha"] = json!("b".repeat(40));
        files.insert(api(&revision), told.to_string().into_bytes());
    });
    let expected = format!("it answers with {}, and {revision} is pinned", "b".repeat(40));
    assert!(text.contains(&expected), "{text}");
}

#[test]
fn a_damaged_file_is_refused_whatever_its_size() {
    needs_frameworks!();
    let revision = "c".repeat(40);
    let text = refused(&revision, |files| {
        let weights = files
            .get_mut(&file(&revision, "model.safetensors"))
            .expect("it is served");
        *weights.last_mut().expect("bytes") ^= 1;
    });
    assert!(text.contains("`model.safetensors` came damaged"), "{text}");
    let revision = "d".repeat(40);
    let text = refused(&revision, |files| {
        let config = files.get_mut(&file(&revision, "config.json")).expect("it is served");
        config.extend(b" ");
    });
    assert!(text.contains("`config.json` came damaged"), "{text}");
}

#[test]
fn no_hub_is_asked_that_nobody_named() {
    needs_frameworks!();
    let workspace = pinned(&"f".repeat(40));
    let ran = workspace.farm("build");
    assert_eq!(ran.code(), 1, "{}", ran.text());
    assert!(
        ran.text().contains("no hub is named: set HF_ENDPOINT"),
        "{}",
        ran.text()
    );
}

#[test]
fn a_revision_that_the_hub_does_not_have_is_told() {
    needs_frameworks!();
    let text = refused(&"e".repeat(40), Files::clear);
    assert!(text.contains("the hub answers 404 for `harbour/mood`"), "{text}");
    assert!(text.contains("a closed model takes a login in HF_TOKEN"), "{text}");
}
