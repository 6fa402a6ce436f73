//! Images on their way: into a registry of this machine and out of it, and through a container engine.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::platform::{build, checkout};
use super::tools::{inspect, run};
use crate::{needs_base, needs_tools};

const LAYOUT: &str = "dist/notes/image";

/// A registry on a free port, with its images in a folder of its own.
struct Registry {
    child: Child,
    address: String,
}

impl Registry {
    fn start(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("made");
        let config = folder.join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: info}}\nhttp: {{addr: '127.0.0.1:0'}}\nstorage: {{filesystem: {{rootdirectory: '{}'}}}}\n",
            folder.display()
        );
        std::fs::write(&config, text).expect("written");
        let mut command = Command::new("docker-registry");
        command
            .arg("serve")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("it is installed");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("listening on ")?;
            Some(rest.split(['"', ' ', ',']).next()?.to_owned())
        });
        std::thread::spawn(move || lines.for_each(drop));
        let address = address.expect("it says where it listens");
        Self { child, address }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}

#[test]
fn an_image_is_pushed_on_demand_and_is_a_base_from_there() {
    needs_tools!("skopeo", "docker-registry");
    needs_base!();
    let workspace = checkout();
    let registry = Registry::start(&workspace.beside("registry"));
    let config = workspace.read("farm.toml").replace("127.0.0.1:5000", &registry.address);
    workspace.write("farm.toml", &config);
    workspace.farm("run notes push").success();
    let image = format!("docker://{}/platform/notes:1.0.0", registry.address);
    let text = run(Command::new("skopeo").args(["inspect", "--tls-verify=false", image.as_str()]));
    let pushed: Value = serde_json::from_str(&text).expect("JSON");
    let here = inspect(&workspace.root().join(LAYOUT));
    assert_eq!(
        (&pushed["Digest"], &pushed["Layers"]),
        (&here["Digest"], &here["Layers"])
    );
    let digest = pushed["Digest"].as_str().expect("it has one");
    workspace.farm("build -t product").success();
    let deployed = workspace.read("dist/product/deployment/kubernetes.yaml");
    assert!(
        deployed.contains(&format!("/platform/notes:1.0.0@{digest}")),
        "{deployed}"
    );
    // What was pushed is the base of another image.
    let over = format!(
        "{config}\n[targets.over]\nbuilder = \"docker\"\n[targets.over.options]\n\
         base = \"{}/platform/notes@{digest}\"\nlabels = {{ over = \"yes\" }}\n",
        registry.address
    );
    workspace.write("farm.toml", &over);
    build(&workspace);
    let over = inspect(&workspace.root().join("dist/over/image"));
    assert_eq!(
        (&over["Layers"], &over["Labels"]["over"]),
        (&here["Layers"], &"yes".into())
    );
}

#[test]
fn an_engine_builds_the_dockerfile() {
    needs_tools!("skopeo", "buildah", "runc");
    needs_base!();
    let workspace = checkout();
    let storage = workspace.beside("storage.conf");
    let folder = workspace.beside("storage");
    let text = format!(
        "[storage]\ndriver = \"vfs\"\ngraphroot = \"{0}/graph\"\nrunroot = \"{0}/run\"\n",
        folder.display()
    );
    std::fs::write(&storage, text).expect("written");
    let workspace = workspace.variable("CONTAINERS_STORAGE_CONF", &storage);
    workspace.farm("run --sandbox off notes engine").success();
    let mut command = Command::new("buildah");
    command.env("CONTAINERS_STORAGE_CONF", &storage);
    let text = run(command.args(["inspect", "--type", "image", "127.0.0.1:5000/platform/notes:1.0.0"]));
    let built: Value = serde_json::from_str(&text).expect("JSON");
    let config = &built["Docker"]["config"];
    assert_eq!(
        (&config["User"], &config["WorkingDir"]),
        (&"65532:65532".into(), &"/app".into())
    );
    assert_eq!(config["Healthcheck"]["Test"][0], "CMD");
}
