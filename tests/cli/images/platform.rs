//! `examples/platform`: a front end and a back end in one image over a local base and a service in another, looked at
//! by others, and started.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::nothing::free_port;
use super::server::{Server, inside, is_root};
use super::tools::{base, inspect, layers, run, unpack};
use crate::example::with_rustup;
use crate::models::product::with_uv;
use crate::shop::files::Files;
use crate::shop::product::{Build, copy_example, networked};
use crate::support::Workspace;
use crate::{needs_tools, skip};

const LAYOUT: &str = "dist/notes/image";

/// A folder for the example.
fn folder(name: &str) -> Workspace {
    with_uv(with_rustup(networked(Workspace::below(name))))
}

/// The example, built once with its own cache.
pub(super) fn built() -> &'static Workspace {
    static BUILT: OnceLock<Workspace> = OnceLock::new();
    BUILT.get_or_init(|| {
        let workspace = folder("platform");
        copy_example("platform", &workspace);
        build(&workspace);
        workspace
    })
}

/// The image of the back end, unpacked once.
fn unpacked() -> &'static Path {
    static UNPACKED: OnceLock<PathBuf> = OnceLock::new();
    UNPACKED.get_or_init(|| {
        let bundle = built().beside("bundle");
        unpack(&built().root().join(LAYOUT), &bundle);
        bundle
    })
}

/// A second checkout, with the cache of the first build.
pub(super) fn checkout() -> Workspace {
    let workspace = folder("a second checkout").sharing(&built().cache());
    copy_example("platform", &workspace);
    workspace
}

pub(super) fn build(workspace: &Workspace) -> Build {
    let build = Build::of(&workspace.farm("build --json"));
    assert!(build.ok(), "{}", build.text());
    build
}

/// Skips the test where the base was not made.
#[macro_export]
macro_rules! needs_base {
    () => {
        if !$crate::images::tools::base().is_dir() {
            $crate::skip!("examples/platform/base/make has not made its base; scripts/setup runs it");
        }
        if !$crate::golang::product::has_go() {
            $crate::skip!("there is no Go 1.24 or later on the PATH; scripts/setup installs it");
        }
    };
}

#[test]
fn the_images_of_the_product_start_serve_the_front_end_and_speak_to_each_other() {
    needs_tools!("skopeo", "umoci", "unshare");
    needs_base!();
    if !is_root() {
        skip!("only root can start what is in another root");
    }
    let root = unpacked().join("rootfs");
    assert!(root.join("app/src/main.py").is_file() && root.join("srv/www/index.html").is_file());
    let server = Server::notes(unpacked(), &[]);
    let port = server.address.rsplit(':').next().expect("a port");
    let probe = |path: &str| {
        let output = inside(&root, "/").args(["/usr/local/bin/probe", port, path]).output();
        output.expect("there is an unshare").status.code()
    };
    assert_eq!((probe("/api/health"), probe("/nowhere")), (Some(0), Some(1)));
    let health = server.get("/api/health");
    assert!(health.contains("200 OK") && health.contains("\"ok\""), "{health}");
    assert!(server.get("/").contains("<title>Notes</title>"));
    assert!(server.get("/help/").contains("up to <em>200 characters</em>"));
    let feed = built().beside("bundle of the feed");
    let root = unpack(&built().root().join("dist/feed/image"), &feed);
    assert!(root.join("usr/local/bin/feed").is_file());
    let feed = Server::feed(&feed, &server);
    let empty = feed.get("/feed.atom");
    assert!(
        empty.contains("application/atom+xml") && !empty.contains("<entry>"),
        "{empty}"
    );
    assert!(
        server
            .post("/api/notes", r#"{"text": "Low tide"}"#)
            .contains("201 Created")
    );
    assert!(feed.get("/feed.atom").contains("<title>Low tide</title>"));
}

/// What the back end answers to a new note.
fn urgency(server: &Server, text: &str) -> Value {
    let answer = server.post("/api/notes", &json!({ "text": text }).to_string());
    let (_, body) = answer.split_once("\r\n\r\n").expect("an answer has a body");
    let note: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"));
    note["urgency"].clone()
}

#[test]
fn the_back_end_asks_the_model_that_farm_exported() {
    needs_tools!("skopeo", "umoci", "unshare");
    needs_base!();
    if !is_root() {
        skip!("only root can start what is in another root");
    }
    let root = unpacked().join("rootfs");
    let read = |path: PathBuf| std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let exported = read(built().root().join("dist/triage/urgency/model.onnx"));
    assert_eq!(read(root.join("srv/models/urgency/model.onnx")), exported);
    let packages = root.join("app/site-packages");
    assert!(packages.join("onnxruntime").is_dir() && !packages.join("sklearn").exists());
    let server = Server::notes(unpacked(), &[]);
    let urgent = urgency(&server, "Water in the boathouse, HELP needed at once");
    let calm = urgency(&server, "The choir has a new book");
    assert!(urgent.as_f64().is_some_and(|found| found > 0.6), "{urgent}");
    assert!(calm.as_f64().is_some_and(|found| found < 0.4), "{calm}");
    let without = Server::notes(unpacked(), &[("NOTES_MODEL", "")]);
    assert_eq!(urgency(&without, "Help needed at once"), Value::Null);
}

#[test]
fn a_model_that_learned_something_else_makes_one_new_layer() {
    needs_tools!("skopeo");
    needs_base!();
    let workspace = checkout();
    build(&workspace);
    let before = layers(&workspace.root().join(LAYOUT));
    let notes = workspace.read("apps/triage/notes.json");
    workspace.write(
        "apps/triage/notes.json",
        &notes.replace("a green umbrella", "a red umbrella"),
    );
    let again = build(&workspace);
    let after = layers(&workspace.root().join(LAYOUT));
    let changed = before.iter().zip(&after).filter(|(before, after)| before != after);
    assert_eq!((before.len(), after.len(), changed.count()), (7, 7, 1));
    assert_eq!(again.actions("triage", "ran"), ["check-urgency", "export-urgency"]);
    assert_eq!(
        again.actions("notes", "ran"),
        ["files", "image", "layer.triage.urgency-onnx"]
    );
}

#[test]
fn the_image_says_what_its_options_say() {
    needs_tools!("skopeo");
    needs_base!();
    let image = format!("oci:{}:latest", built().root().join(LAYOUT).display());
    let text = run(Command::new("skopeo").args(["inspect", "--config", image.as_str()]));
    let config: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(config["config"]["WorkingDir"], "/app");
    assert!(config["config"]["ExposedPorts"]["8000/tcp"].is_object(), "{config}");
    assert_eq!(
        inspect(&built().root().join(LAYOUT))["Layers"].as_array().map(Vec::len),
        Some(7)
    );
    // What is Docker's and not OCI's is in the bytes alone.
    let text = run(Command::new("skopeo").args(["inspect", "--config", "--raw", image.as_str()]));
    let config: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(config["config"]["Healthcheck"]["Test"][1], "/usr/local/bin/probe");
}

#[test]
fn another_folder_gives_the_same_bytes_and_runs_nothing() {
    needs_base!();
    let images = |workspace: &Workspace| {
        ["notes", "feed"].map(|name| Files::below(&workspace.root().join(format!("dist/{name}/image")), &[]))
    };
    let first = images(built());
    let second = checkout();
    assert_eq!(build(&second).count("ran"), 0);
    assert_same(&images(&second), &first);
    let alone = folder("alone");
    copy_example("platform", &alone);
    build(&alone);
    assert_same(&images(&alone), &first);
}

/// Every file of every image, by its bytes.
fn assert_same(images: &[Files], expected: &[Files]) {
    for (image, expected) in images.iter().zip(expected) {
        image.assert_same(expected);
    }
}

#[test]
fn a_changed_front_end_makes_one_new_layer() {
    needs_tools!("skopeo");
    needs_base!();
    let workspace = checkout();
    build(&workspace);
    let before = layers(&workspace.root().join(LAYOUT));
    let style = workspace.read("apps/web/src/style.css");
    workspace.write("apps/web/src/style.css", &format!("{style}\nh1 {{ color: teal; }}\n"));
    let again = build(&workspace);
    let after = layers(&workspace.root().join(LAYOUT));
    let changed = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before != after)
        .count();
    assert_eq!((before.len(), after.len(), changed), (7, 7, 1));
    assert_eq!(
        again.actions("notes", "ran"),
        ["files", "image", "layer.frontend.bundle"]
    );
}

#[test]
fn a_changed_go_file_makes_one_binary_and_one_layer() {
    needs_tools!("skopeo");
    needs_base!();
    let workspace = checkout();
    build(&workspace);
    let images = || ["notes", "feed"].map(|target| layers(&workspace.root().join("dist").join(target).join("image")));
    let [notes, feed] = images();
    let source = workspace.read("apps/feed/feed.go");
    let changed = source.replace("the board does not answer", "the board is silent");
    assert_ne!(changed, source);
    workspace.write("apps/feed/feed.go", &changed);
    let again = build(&workspace);
    let [notes_after, feed_after] = images();
    assert_eq!(notes_after, notes);
    assert_eq!((feed.len(), feed_after.len()), (1, 1));
    assert_ne!(feed_after, feed);
    assert_eq!(
        again.actions("service", "ran"),
        ["build-feed", "compile-tests", "inspect-feed", "list", "test", "vet"]
    );
    assert_eq!(again.actions("feed", "ran"), ["files", "image", "layer.service.feed"]);
    for untouched in ["backend", "triage", "frontend", "markup", "help", "probe", "notes"] {
        assert!(again.actions(untouched, "ran").is_empty(), "{untouched}");
    }
}

/// A Redis of this test, with a password and its data in a folder of its own.
struct Redis {
    child: Child,
    url: String,
}

impl Redis {
    fn start(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("made");
        let port = free_port().to_string();
        let mut command = Command::new("redis-server");
        command.args([
            "--bind",
            "127.0.0.1",
            "--port",
            port.as_str(),
            "--requirepass",
            "s3cret",
            "--save",
            "",
        ]);
        command
            .arg("--dir")
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("it is installed");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let ready = lines
            .by_ref()
            .map_while(Result::ok)
            .any(|line| line.contains("Ready to accept connections"));
        assert!(ready, "redis-server did not start");
        std::thread::spawn(move || lines.for_each(drop));
        let url = format!("redis://:s3cret@127.0.0.1:{port}/0");
        Self { child, url }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}

#[test]
fn with_the_redis_of_the_product_a_note_outlives_its_container() {
    needs_tools!("skopeo", "umoci", "unshare", "redis-server");
    needs_base!();
    if !is_root() {
        skip!("only root can start what is in another root");
    }
    let compose = built().read("dist/product/deployment/compose.yaml");
    assert!(
        compose.contains("\"REDIS_URL\": \"redis://:${REDIS_PASSWORD:?"),
        "{compose}"
    );
    let redis = Redis::start(&built().beside("redis"));
    let told = [("REDIS_URL", redis.url.as_str())];
    let first = Server::notes(unpacked(), &told);
    assert!(
        first
            .post("/api/notes", r#"{"text": "High tide"}"#)
            .contains("201 Created")
    );
    drop(first);
    let second = Server::notes(unpacked(), &told);
    assert!(second.get("/api/notes").contains("High tide"));
}

#[test]
fn the_documents_of_all_its_parts_are_valid() {
    needs_base!();
    crate::described::assert_all_valid(&built().root().join("dist"));
}

#[test]
fn the_documents_of_an_image_name_what_it_is_built_on() {
    needs_tools!("skopeo");
    needs_base!();
    let read = |path: &str| -> Value { serde_json::from_str(&built().read(path)).expect("JSON") };
    let base = inspect(&base())["Digest"].as_str().expect("it has one").to_owned();
    let image = inspect(&built().root().join(LAYOUT))["Digest"].clone();
    let sbom = read("dist/notes.image.cdx.json");
    assert_eq!(sbom["metadata"]["component"]["version"], image);
    let name = format!("oci:python@{base}");
    let components = sbom["components"].as_array().expect("a list");
    let listed = components
        .iter()
        .find(|component| component["bom-ref"] == name.as_str());
    let listed = listed.unwrap_or_else(|| panic!("the base is not listed: {sbom}"));
    assert_eq!(
        (&listed["type"], &listed["version"]),
        (&"container".into(), &base.clone().into())
    );
    assert_eq!(
        sbom["compositions"],
        json!([{ "aggregate": "incomplete", "assemblies": [name] }])
    );
    let statement = read("dist/notes.provenance.json");
    let materials = &statement["predicate"]["buildDefinition"]["resolvedDependencies"];
    let expected = json!({ "name": "python", "digest": { "sha256": base[7..] } });
    assert!(
        materials.as_array().is_some_and(|all| all.contains(&expected)),
        "{materials}"
    );
    let feed = read("dist/feed.image.cdx.json");
    assert_eq!(feed.get("compositions"), None, "it is built on nothing");
}
