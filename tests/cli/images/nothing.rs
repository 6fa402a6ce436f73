//! `examples/image`: an image without a base, made without an engine, that runs.

use std::fs::Permissions;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command};

use super::tools::{inspect, layers, unpack};
use crate::needs_tools;
use crate::shop::files::Files;
use crate::shop::product::{Build, copy_example};
use crate::support::Workspace;

const LAYOUT: &str = "dist/image/image";

fn example(folder: &str) -> Workspace {
    let workspace = Workspace::below(folder);
    copy_example("image", &workspace);
    workspace
}

fn build(workspace: &Workspace) -> Build {
    let build = Build::of(&workspace.farm("build --json"));
    assert!(build.ok(), "{}", build.text());
    build
}

/// A started program, ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap_or_default();
        self.0.wait().map(drop).unwrap_or_default();
    }
}

/// The page of a server that is just starting.
fn page(port: u16) -> String {
    for _ in 0..10_000 {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
            std::thread::yield_now();
            continue;
        };
        write!(stream, "GET / HTTP/1.0\r\n\r\n").expect("it listens");
        let mut page = String::new();
        stream.read_to_string(&mut page).expect("it answers");
        return page;
    }
    panic!("nothing listens on port {port}");
}

pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}

#[test]
fn an_image_from_nothing_serves_its_page() {
    needs_tools!("cc", "skopeo", "umoci");
    let workspace = example("workspace");
    build(&workspace);
    let image = inspect(&workspace.root().join(LAYOUT));
    assert_eq!(
        (&image["Os"], image["Layers"].as_array().map(Vec::len)),
        (&"linux".into(), Some(2))
    );
    let root = unpack(&workspace.root().join(LAYOUT), &workspace.beside("bundle"));
    let port = free_port();
    let mut server = Command::new(root.join("server"));
    server.arg(port.to_string()).arg(root.join("www/index.html"));
    let _running = Running(server.spawn().expect("it may be executed"));
    assert!(page(port).contains("an image made of nothing"));
}

#[test]
fn an_image_has_the_same_bytes_in_every_folder() {
    needs_tools!("cc");
    let (one, other) = (example("workspace"), example("another checkout/of it"));
    build(&one);
    build(&other);
    let image = |workspace: &Workspace| Files::below(&workspace.root().join(LAYOUT), &[]);
    image(&one).assert_same(&image(&other));
    assert_eq!(build(&one).count("ran"), 0, "a second build runs nothing");
}

#[test]
fn a_changed_file_makes_one_new_layer() {
    needs_tools!("cc", "skopeo");
    let workspace = example("workspace");
    build(&workspace);
    let before = layers(&workspace.root().join(LAYOUT));
    workspace.write("site/index.html", "<h1>Changed</h1>");
    let again = build(&workspace);
    let after = layers(&workspace.root().join(LAYOUT));
    assert_eq!(
        (before.len(), before[0] == after[0], before[1] == after[1]),
        (2, true, false)
    );
    assert_eq!(again.actions("image", "ran"), ["files", "image", "layer.server.www"]);
}

#[test]
fn without_skopeo_all_but_the_image_is_made_and_it_is_said() {
    needs_tools!("cc");
    let workspace = example("workspace");
    let options = workspace.read("farm.toml");
    let base = format!("base = \"registry.example/base@sha256:{}\"\n", "0".repeat(64));
    workspace.write("farm.toml", &(options + &base));
    let tools = workspace.beside("tools");
    let workspace = workspace.variable("PATH", path_without_skopeo(&tools));
    let build = build(&workspace);
    let said: Vec<String> = build.notices().iter().map(|notice| notice.to_string()).collect();
    assert!(
        said.iter().any(|notice| notice.contains("skopeo is not on PATH")),
        "{said:?}"
    );
    assert!(workspace.has("dist/image/deployment/Dockerfile") && !workspace.has(LAYOUT));
}

/// A folder with the few programs that the example needs, each of which finds what it starts itself.
fn path_without_skopeo(folder: &Path) -> &Path {
    std::fs::create_dir(folder).expect("made");
    for name in ["cc", "cp", "mkdir", "sh"] {
        let program = folder.join(name);
        let script = format!("#!/bin/sh\nPATH=/usr/bin:/bin exec /usr/bin/{name} \"$@\"\n");
        std::fs::write(&program, script).expect("written");
        std::fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("set");
    }
    folder
}
