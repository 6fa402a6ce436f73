//! What a build says of its artifacts: the manifest, SBOMs and provenance, seen from outside and by the validators of
//! their own ecosystems.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::puppet::{action, plan};
use crate::shop::product::repository;
use crate::support::{Workspace, counted};
use crate::{guests, skip};

/// Two targets of the puppet: `lib`, with a list of packages, and `app`, which is made from it.
fn workspace(more: &str) -> Workspace {
    workspace_of(more, &packages())
}

/// What `lib` consists of.
fn packages() -> Value {
    json!({
        "components": [
            { "type": "library", "bom-ref": "pkg:npm/left@1.0.0", "name": "left", "version": "1.0.0",
              "licenses": [{ "expression": "MIT" }], "purl": "pkg:npm/left@1.0.0" },
            { "type": "library", "bom-ref": "pkg:npm/right@2.0.0", "name": "right", "version": "2.0.0",
              "hashes": [{ "alg": "SHA-256", "content": "ab".repeat(32) }], "purl": "pkg:npm/right@2.0.0" },
        ],
        "dependencies": [{ "ref": "pkg:npm/left@1.0.0", "dependsOn": ["pkg:npm/right@2.0.0"] }],
    })
}

fn workspace_of(more: &str, list: &Value) -> Workspace {
    let mut lib = action(
        "make",
        "mkdir out; cp seed.txt out/a.txt; ln -s a.txt out/b; cat > list.json <<'END'\n$LIST\nEND",
    );
    lib["work"]["Tool"]["arguments"][1] = json!(
        lib["work"]["Tool"]["arguments"][1]
            .as_str()
            .map(|script| script.replace("$LIST", &list.to_string()))
    );
    lib["inputs"] =
        json!([{ "at": "", "source": { "Files": { "base": "Target", "include": ["seed.txt"], "exclude": [] } } }]);
    let listed = json!({ "name": "list", "path": "list.json", "shape": "File", "required": true, "in_place": false });
    lib["outputs"].as_array_mut().expect("a list").push(listed);
    let mut lib = plan(&[lib]);
    lib["artifacts"][0]["properties"] = json!([["components", "make/list"]]);
    let mut app = action("make", "mkdir out; cat in/a.txt > out/app.txt");
    app["inputs"] = json!([{ "at": "in", "source": { "Artifact": { "target": "lib", "name": "out" } } }]);
    let workspace = Workspace::new();
    workspace.write_bytes("puppet.wasm", &guests::bytes("puppet"));
    workspace.write("seed.txt", "seed\n");
    let toml = format!(
        "[workspace]\nname = \"told\"\n{more}\n[targets.lib]\nbuilder = \"puppet\"\noptions = {{ plan = '''{lib}''' }}\n\n\
         [targets.app]\nbuilder = \"puppet\"\ndeps = [\"lib\"]\noptions = {{ plan = '''{}''' }}\n\n\
         [builders.puppet]\ncomponent = \"puppet.wasm\"\npermissions = {{ tools = [\"sh\"] }}\n",
        plan(&[app])
    );
    workspace.write("farm.toml", &toml);
    workspace
}

/// All documents beside the targets' folders.
const DOCUMENTS: [&str; 4] = [
    "dist/app.out.cdx.json",
    "dist/app.provenance.json",
    "dist/lib.out.cdx.json",
    "dist/lib.provenance.json",
];

fn read(workspace: &Workspace, path: &str) -> Value {
    serde_json::from_str(&workspace.read(path)).expect("JSON")
}

/// The manifest without what differs from one build to the next.
fn manifest(workspace: &Workspace) -> Value {
    let mut manifest = read(workspace, "dist/manifest.json");
    for (name, target) in manifest["targets"].as_object_mut().expect("targets") {
        assert!(target["duration_ms"].is_u64(), "{name}");
        target["duration_ms"] = json!(0);
    }
    manifest
}

/// Compares a document with its snapshot, without digests and what depends on the machine.
fn shown(name: &str, document: &Value) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter("[0-9a-f]{64}", "[DIGEST]");
    settings.add_filter("urn:uuid:[0-9a-f-]{36}", "urn:uuid:[UUID]");
    settings.add_filter(r#""(L[012])""#, "\"[TIER]\"");
    settings.add_filter(
        r#""version": "(?:GNU|BusyBox|dash)?[^"]*""#,
        "\"version\": \"[VERSION]\"",
    );
    settings.add_filter(r#""farm": "[^"]*""#, "\"farm\": \"[VERSION]\"");
    settings.add_filter(r#""platform": "[^"]*""#, "\"platform\": \"[PLATFORM]\"");
    settings.add_filter(r#""plan": ".*""#, "\"plan\": \"[PLAN]\"");
    settings.bind(|| insta::assert_snapshot!(name, serde_json::to_string_pretty(document).expect("JSON")));
}

#[test]
fn the_documents_say_what_was_made_from_what() {
    let workspace = workspace("");
    workspace.farm("build").success();
    shown("manifest", &manifest(&workspace));
    shown("sbom", &read(&workspace, "dist/app.out.cdx.json"));
    shown("provenance", &read(&workspace, "dist/app.provenance.json"));
}

#[test]
fn an_image_below_an_artifact_is_named_and_not_all_of_it_is_known() {
    let (digest, purl) = (
        "cd".repeat(32),
        "pkg:oci/base@sha256:cdcd?repository_url=registry.example/base",
    );
    let image = json!({
        "type": "container", "bom-ref": purl, "name": "registry.example/base", "version": format!("sha256:{digest}"),
        "hashes": [{ "alg": "SHA-256", "content": digest }], "purl": purl,
    });
    let mut list = packages();
    list["components"].as_array_mut().expect("a list").push(image.clone());
    list["incomplete"] = json!(["pkg:npm/nowhere@1.0.0", purl]);
    let workspace = workspace_of("", &list);
    workspace.farm("build").success();
    for path in ["dist/lib.out.cdx.json", "dist/app.out.cdx.json"] {
        let sbom = read(&workspace, path);
        assert!(
            sbom["components"].as_array().is_some_and(|all| all.contains(&image)),
            "{sbom}"
        );
        let expected = json!([{ "aggregate": "incomplete", "assemblies": [purl] }]);
        assert_eq!(sbom["compositions"], expected, "what is not listed is not named");
    }
    let resource = json!({ "name": "registry.example/base", "uri": purl, "digest": { "sha256": digest } });
    let materials = |path: &str| {
        let statement = read(&workspace, path);
        let materials = &statement["predicate"]["buildDefinition"]["resolvedDependencies"];
        materials.as_array().is_some_and(|all| all.contains(&resource))
    };
    assert!(materials("dist/lib.provenance.json") && !materials("dist/app.provenance.json"));
    if validators().is_none() {
        skip!("the validators are not installed: run scripts/setup");
    }
    let documents = DOCUMENTS.map(|path| workspace.root().join(path));
    let validated = validate(&documents);
    assert!(
        validated.status.success(),
        "{}",
        String::from_utf8_lossy(&validated.stderr)
    );
}

#[test]
fn the_manifest_keeps_its_schema() {
    let workspace = workspace("");
    workspace.farm("build").success();
    let schema = include_str!("../../host/engine/src/run/describe/manifest.schema.json");
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).expect("JSON")).expect("a schema");
    let errors: Vec<String> = validator
        .iter_errors(&read(&workspace, "dist/manifest.json"))
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(!validator.is_valid(&json!({ "version": 1, "workspace": "told", "targets": { "x": {} } })));
}

/// The Python of the validators; none where they are not installed.
fn validators() -> Option<PathBuf> {
    let python = repository().join("target/tools/validators-venv/bin/python");
    python.is_file().then_some(python)
}

/// Hands documents to the validators of their own ecosystems.
fn validate(paths: &[PathBuf]) -> Output {
    let script = repository().join("tests/validators/validate.py");
    let mut command = Command::new(validators().expect("installed"));
    command.arg(script).args(paths).output().expect("it starts")
}

/// Fails where an SBOM or a provenance statement in an output folder is not valid.
#[track_caller]
pub(crate) fn assert_all_valid(output: &Path) {
    let entries = std::fs::read_dir(output).expect("it was built").flatten();
    let is_document = |path: &PathBuf| {
        let name = path.to_string_lossy();
        name.ends_with(".cdx.json") || name.ends_with(".provenance.json")
    };
    let documents: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_document).collect();
    assert!(documents.len() > 1, "{documents:?}");
    if validators().is_none() {
        skip!("the validators are not installed: run scripts/setup");
    }
    let validated = validate(&documents);
    assert!(
        validated.status.success(),
        "{}",
        String::from_utf8_lossy(&validated.stderr)
    );
}

#[test]
fn the_validators_of_their_ecosystems_accept_them() {
    if validators().is_none() {
        skip!("the validators are not installed: run scripts/setup");
    }
    let workspace = workspace("");
    workspace.farm("build").success();
    let documents = DOCUMENTS.map(|path| workspace.root().join(path));
    let validated = validate(&documents);
    assert!(
        validated.status.success(),
        "{}",
        String::from_utf8_lossy(&validated.stderr)
    );
    for (path, from, to) in [
        (
            "dist/lib.out.cdx.json",
            "\"bomFormat\": \"CycloneDX\"",
            "\"bomFormat\": \"Other\"",
        ),
        (
            "dist/lib.provenance.json",
            "https://in-toto.io/Statement/v1",
            "https://in-toto.io/Statement/v9",
        ),
    ] {
        workspace.write(path, &workspace.read(path).replace(from, to));
        assert!(!validate(&[workspace.root().join(path)]).status.success(), "{path}");
    }
}

#[test]
fn they_are_the_same_again_and_come_back() {
    let workspace = workspace("");
    workspace.farm("build").success();
    let before = DOCUMENTS.map(|path| workspace.read(path));
    let counted = workspace.build();
    assert_eq!((counted.ran, counted.cached, counted.up_to_date), (0, 0, 2));
    workspace.remove("dist/app.out.cdx.json");
    workspace.write("dist/lib.provenance.json", "forged");
    let counted = workspace.build();
    assert_eq!((counted.ran, counted.up_to_date), (0, 2));
    assert_eq!(DOCUMENTS.map(|path| workspace.read(path)), before);
    assert_eq!(workspace.build().up_to_date, 2);
}

#[test]
fn two_builds_from_nothing_say_the_same() {
    let [one, other] = [workspace(""), workspace("")];
    for workspace in [&one, &other] {
        workspace.farm("build").success();
    }
    for path in DOCUMENTS {
        assert_eq!(one.read(path), other.read(path), "{path}");
    }
    assert_eq!(manifest(&one), manifest(&other));
}

#[test]
fn what_is_not_wanted_is_not_there() {
    let workspace = workspace("");
    workspace.farm("build").success();
    let toml = workspace.read("farm.toml");
    workspace.write(
        "farm.toml",
        &toml.replace("\"told\"\n", "\"told\"\nsbom = false\nprovenance = false\n"),
    );
    let counted = workspace.build();
    assert_eq!(counted.ran, 0);
    assert!(DOCUMENTS.iter().all(|path| !workspace.has(path)));
    assert_eq!(manifest(&workspace)["targets"]["app"]["provenance"], Value::Null);
    assert_eq!(workspace.build().up_to_date, 2);
}

#[test]
fn a_target_that_is_gone_leaves_nothing() {
    let workspace = workspace("");
    workspace.farm("build").success();
    let toml = workspace.read("farm.toml");
    let (before, rest) = toml.split_once("[targets.app]").expect("it is there");
    let (_, after) = rest.split_once("[builders.puppet]").expect("it is there");
    workspace.write("farm.toml", &format!("{before}[builders.puppet]{after}"));
    workspace.farm("build").success();
    let left = DOCUMENTS.map(|path| workspace.has(path));
    assert_eq!(left, [false, false, true, true]);
}

#[test]
fn a_package_that_changes_reaches_the_sbom_of_what_was_made_from_it() {
    let workspace = workspace("");
    workspace.farm("build").success();
    let toml = workspace.read("farm.toml");
    workspace.write("farm.toml", &toml.replace("right@2.0.0", "right@2.0.1"));
    workspace.farm("build").success();
    let sbom = workspace.read("dist/app.out.cdx.json");
    assert!(sbom.contains("right@2.0.1") && !sbom.contains("right@2.0.0"), "{sbom}");
}

#[test]
fn the_digest_of_a_folder_is_what_sha256sum_says() {
    let workspace = workspace("");
    workspace.farm("build -t app").success();
    let script = "find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs sha256sum | sha256sum";
    let said = Command::new("sh")
        .args(["-c", script])
        .current_dir(workspace.root().join("dist/app"))
        .output();
    let said = String::from_utf8(said.expect("there is a shell").stdout).expect("text");
    let manifest = manifest(&workspace);
    let artifact = &manifest["targets"]["app"]["artifacts"][0];
    assert_eq!(said.split(' ').next(), artifact["sha256"].as_str());
}

#[test]
fn another_output_folder_takes_everything_along() {
    // A target that sees all of the workspace must not see what was made for the old folder.
    let all = "\n[targets.all]\nbuilder = \"command\"\ndeps = [\"app\"]\noptions = { command = \"find . -type f | LC_ALL=C sort > list\", inputs = [\"**\", \"!farm.*\", \"!puppet.wasm\"], outputs = [\"list\"] }\n";
    let workspace = workspace("");
    let farm_toml = workspace.read("farm.toml") + all;
    workspace.write("farm.toml", &farm_toml);
    assert_eq!(workspace.farm("build --json").counted(), counted(3, 0, 0));
    let list = workspace.read("list");
    let moved = farm_toml.replace("name = \"told\"", "name = \"told\"\noutput = \"out\"");
    workspace.write("farm.toml", &moved);
    assert_eq!(workspace.farm("build --json").counted(), counted(0, 2, 1));
    assert!(!workspace.has("dist"));
    assert_eq!(workspace.read("list"), list);
    for document in DOCUMENTS {
        assert!(workspace.has(&document.replace("dist/", "out/")), "{document}");
    }
    assert_eq!(workspace.farm("build --json").counted(), counted(0, 0, 3));
}

#[test]
fn what_a_target_made_goes_with_it() {
    let workspace = workspace("");
    workspace.farm("build").success();
    let farm_toml = workspace.read("farm.toml");
    let (from, to) = (farm_toml.find("[targets.app]"), farm_toml.find("[builders.puppet]"));
    let (from, to) = (from.expect("it is there"), to.expect("it is there"));
    workspace.write("farm.toml", &format!("{}{}", &farm_toml[..from], &farm_toml[to..]));
    workspace.farm("build").success();
    assert!(workspace.has("dist/lib") && !workspace.has("dist/app"));
    assert!(!workspace.has("dist/app.out.cdx.json") && !workspace.has("dist/app.provenance.json"));
}
