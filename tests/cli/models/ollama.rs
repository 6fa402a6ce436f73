//! Models of an Ollama store: what it has becomes a GGUF that llama.cpp loads, what it lacks a script.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::{Value, json};

use super::needs_frameworks;
use super::product::Models;
use crate::shop::product::repository;
use crate::skip;
use crate::support::Workspace;

/// The least that a GGUF can be: no weights, and nothing said of them.
fn empty_gguf() -> Vec<u8> {
    let counts = [0_u64, 0].into_iter().flat_map(u64::to_le_bytes);
    b"GGUF"
        .iter()
        .copied()
        .chain(3_u32.to_le_bytes())
        .chain(counts)
        .collect()
}

/// The SHA-256 of these bytes, as the system's own tool says it.
fn sha256_of(workspace: &Workspace, bytes: &[u8]) -> String {
    let file = workspace.beside("blob");
    fs::write(&file, bytes).expect("written");
    let output = Command::new("sha256sum").arg(file).output().expect("it starts");
    String::from_utf8_lossy(&output.stdout)[..64].to_owned()
}

/// Puts a model without anything in it into the store `store`.
pub(super) fn put_model(workspace: &Workspace, model: &str) {
    let gguf = empty_gguf();
    let digest = sha256_of(workspace, &gguf);
    workspace.write_bytes(&format!("store/blobs/sha256-{digest}"), &gguf);
    let layer = json!({ "mediaType": "application/vnd.ollama.image.model", "digest": format!("sha256:{digest}") });
    let manifest = json!({ "schemaVersion": 2, "layers": [layer] }).to_string();
    workspace.write(
        &format!("store/manifests/models.example/library/{model}/latest"),
        &manifest,
    );
}

/// A workspace whose target takes `pilot` from the store.
fn pilot(source: &str) -> String {
    format!(
        "[targets.chat]\nbuilder = \"model\"\nroot = \".\"\n\n[targets.chat.options]\nollama-store = \"store\"\n\n\
         [targets.chat.options.models.pilot]\nframework = \"ollama\"\nsource = \"{source}\"\n"
    )
}

#[test]
fn the_gguf_of_the_example_comes_out_of_its_store_and_llama_cpp_loads_it() {
    needs_frameworks!();
    let models = Models::built();
    let workspace = &models.0;
    let build = models.build("--target store");
    assert!(build.ok(), "{}", build.text());
    assert_eq!(
        (build.actions("models", "ran"), build.actions("store", "ran")),
        (vec![], vec!["run"]),
        "the packages are there"
    );
    let build = models.build("--target chat");
    assert!(build.ok(), "{}", build.text());
    let said = &build.artifact("chat", "mate-gguf")["metadata"];
    let told = ["format", "architecture", "weights", "tensors", "context", "vocabulary"].map(|name| said[name].clone());
    assert_eq!(json!(told), json!(["gguf", "llama", "Q8_0", 12, 64, 259]));
    let modelfile = workspace.read("dist/chat/mate/Modelfile");
    insta::assert_snapshot!(modelfile, @r#"
    FROM ./model.gguf
    TEMPLATE """{{ .System }} {{ .Prompt }}"""
    SYSTEM """You are the harbour's pilot – be brief."""
    PARAMETER stop "<s>"
    PARAMETER stop "</s>"
    PARAMETER temperature 0.5
    LICENSE """Nobody's.
    """
    "#);
    let build = models.build("--target chat --target store");
    assert_eq!((build.ok(), build.count("ran")), (true, 0), "{}", build.text());
    loads(workspace, "dist/chat/mate/model.gguf");
}

/// Loads a GGUF with llama.cpp, and lets it go on with a text.
fn loads(workspace: &Workspace, path: &str) {
    let llama = repository().join("tests/llama");
    if !llama.join("node_modules/node-llama-cpp").is_dir() {
        skip!("llama.cpp is not installed; scripts/setup installs it");
    }
    let mut node = Command::new("node");
    let output = node
        .arg(llama.join("load.mjs"))
        .arg(workspace.root().join(path))
        .output();
    let output = output.expect("node starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let said: Value =
        serde_json::from_str(text.lines().last().unwrap_or_default()).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(said, json!({ "vocabulary": 259, "context": 64, "tokens": 4 }));
}

#[test]
fn what_the_store_lacks_becomes_a_script_and_one_message() {
    let workspace = Workspace::with(&format!(
        "[workspace]\nname = \"pilot\"\n\n{}",
        pilot("harbour/pilot:v2")
    ));
    let ran = workspace.farm("build");
    let text = ran.text();
    assert_eq!(ran.code(), 0, "{text}");
    let told = "the Ollama store `store` does not have `harbour/pilot:v2`, so `pilot` is a script that pulls it";
    assert_eq!(text.matches(told).count(), 1, "{text}");
    assert_eq!(workspace.read("dist/chat/pilot/Modelfile"), "FROM harbour/pilot:v2\n");
    let script = workspace.root().join("dist/chat/pilot/pull.sh");
    let mode = fs::metadata(&script).expect("it was made").permissions().mode();
    assert_eq!(mode & 0o111, 0o111);
    // An `ollama` that only says what it was asked for.
    let tools = workspace.beside("tools");
    fs::create_dir_all(&tools).expect("made");
    fs::write(tools.join("ollama"), "#!/bin/sh\necho \"$@\"\n").expect("written");
    fs::set_permissions(tools.join("ollama"), fs::Permissions::from_mode(0o755)).expect("ours");
    let path = format!("{}:/usr/bin:/bin", tools.display());
    let pulled = Command::new(&script).env("PATH", path).output().expect("it starts");
    assert_eq!(String::from_utf8_lossy(&pulled.stdout), "pull harbour/pilot:v2\n");
}

#[test]
fn once_it_was_pulled_the_next_build_finds_it() {
    let workspace = Workspace::with(&format!("[workspace]\nname = \"pilot\"\n\n{}", pilot("pilot")));
    assert_eq!(workspace.build().ran, 1);
    put_model(&workspace, "pilot");
    assert_eq!(workspace.build().ran, 1);
    let made = fs::read(workspace.root().join("dist/chat/pilot/model.gguf")).expect("it was made");
    assert_eq!(made, empty_gguf());
    assert_eq!(workspace.read("dist/chat/pilot/Modelfile"), "FROM ./model.gguf\n");
    assert!(!workspace.has("dist/chat/pilot/pull.sh"));
    assert_eq!(workspace.build().ran, 0);
}

#[test]
fn a_damaged_store_fails_the_build() {
    let workspace = Workspace::with(&format!("[workspace]\nname = \"pilot\"\n\n{}", pilot("pilot")));
    put_model(&workspace, "pilot");
    let digest = sha256_of(&workspace, &empty_gguf());
    workspace.write(&format!("store/blobs/sha256-{digest}"), "cut short");
    let ran = workspace.farm("build");
    let text = ran.text();
    assert_eq!(ran.code(), 1, "{text}");
    assert!(text.contains("is damaged: its SHA-256 is"), "{text}");
    assert!(
        text.contains("remove the model from the store and pull it again"),
        "{text}"
    );
}
