//! `examples/platform`: a front end and a back end in one image over a local base, looked at by others, and started.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use super::tools::{base, inspect, layers, run, unpack};
use crate::shop::product::{Build, copy_example, networked};
use crate::support::Workspace;
use crate::{needs_tools, skip};

const LAYOUT: &str = "dist/notes/image";

/// The example, built once with its own cache.
pub(super) fn built() -> &'static Workspace {
    static BUILT: OnceLock<Workspace> = OnceLock::new();
    BUILT.get_or_init(|| {
        let workspace = networked(Workspace::below("platform"));
        copy_example("platform", &workspace);
        build(&workspace);
        workspace
    })
}

/// A second checkout, with the cache of the first build.
pub(super) fn checkout() -> Workspace {
    let workspace = networked(Workspace::below("a second checkout")).sharing(&built().cache());
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
    };
}

/// The back end of an unpacked image, started as the image says.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Only root can change its root; the entry point is the image's own, on a free port.
    fn start(bundle: &Path) -> Self {
        let config = std::fs::read_to_string(bundle.join("config.json")).expect("umoci wrote it");
        let config: serde_json::Value = serde_json::from_str(&config).expect("JSON");
        let process = &config["process"];
        let words = |list: &serde_json::Value| -> Vec<String> {
            let list = list.as_array().cloned().unwrap_or_default();
            list.iter()
                .filter_map(|word| word.as_str().map(str::to_owned))
                .collect()
        };
        let entry: Vec<String> = words(&process["args"])
            .into_iter()
            .map(|word| if word == "8000" { "0".to_owned() } else { word })
            .collect();
        let folder = process["cwd"].as_str().expect("a folder");
        let script = format!("cd {folder} && exec \"$@\"");
        let mut command = Command::new("/usr/sbin/chroot");
        command.arg("--userspec=65532:65532").arg(bundle.join("rootfs"));
        command
            .args(["/bin/busybox", "sh", "-c", script.as_str(), "sh"])
            .args(entry);
        command
            .env_clear()
            .envs(words(&process["env"]).iter().filter_map(|line| line.split_once('=')));
        let mut child = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("there is a chroot");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let mut said = String::new();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            said += &line;
            let (_, address) = line.split_once("running on http://0.0.0.0:")?;
            Some(format!("127.0.0.1:{}", address.split_whitespace().next()?))
        });
        std::thread::spawn(move || lines.for_each(drop));
        let address = address.unwrap_or_else(|| panic!("the back end did not start: {said}"));
        Self { child, address }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}

/// Whether this is root.
fn is_root() -> bool {
    run(Command::new("id").arg("-u")).trim() == "0"
}

#[test]
fn the_image_of_the_product_starts_and_serves_the_front_end() {
    needs_tools!("skopeo", "umoci", "chroot");
    needs_base!();
    if !is_root() {
        skip!("only root can start what is in another root");
    }
    let bundle = built().beside("bundle");
    let root = unpack(&built().root().join(LAYOUT), &bundle);
    assert!(root.join("app/src/main.py").is_file() && root.join("srv/www/index.html").is_file());
    let server = Server::start(&bundle);
    let health = server.get("/api/health");
    assert!(health.contains("200 OK") && health.contains("\"ok\""), "{health}");
    assert!(server.get("/").contains("<title>Notes</title>"));
}

#[test]
fn the_image_says_what_its_options_say() {
    needs_tools!("skopeo");
    needs_base!();
    let image = format!("oci:{}:latest", built().root().join(LAYOUT).display());
    let text = run(Command::new("skopeo").args(["inspect", "--config", image.as_str()]));
    let config: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(config["config"]["WorkingDir"], "/app");
    assert!(config["config"]["ExposedPorts"]["8000/tcp"].is_object(), "{config}");
    assert_eq!(
        inspect(&built().root().join(LAYOUT))["Layers"].as_array().map(Vec::len),
        Some(4)
    );
    assert!(base().is_dir());
}

#[test]
fn another_folder_gives_the_same_bytes_and_runs_nothing() {
    needs_base!();
    let index = |workspace: &Workspace| workspace.read(&format!("{LAYOUT}/index.json"));
    let first = index(built());
    let second = checkout();
    assert_eq!(build(&second).count("ran"), 0);
    assert_eq!(index(&second), first);
    let alone = networked(Workspace::below("alone"));
    copy_example("platform", &alone);
    build(&alone);
    assert_eq!(index(&alone), first, "built from nothing, somewhere else");
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
    assert_eq!((before.len(), after.len(), changed), (4, 4, 1));
    assert_eq!(
        again.actions("notes", "ran"),
        ["files", "image", "layer.frontend.bundle"]
    );
}
