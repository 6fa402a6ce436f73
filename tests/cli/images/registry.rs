//! Images on their way: into a registry of this machine and out of it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::platform::{build, checkout};
use super::tools::{inspect, run};
use crate::support::Workspace;
use crate::{needs_base, needs_tools};

const LAYOUT: &str = "dist/notes/image";

/// A registry on a free port, with its images in a folder of its own.
pub(super) struct Registry {
    child: Child,
    pub(super) address: String,
}

impl Registry {
    fn start(folder: &Path) -> Self {
        Self::start_with(folder, "")
    }

    /// With more lines of its configuration.
    fn start_with(folder: &Path, more: &str) -> Self {
        std::fs::create_dir_all(folder).expect("made");
        let config = folder.join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: info}}\nhttp: {{addr: '127.0.0.1:0'}}\nstorage: {{filesystem: {{rootdirectory: '{}'}}}}\n{more}",
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

/// A copy of the platform whose images go to a registry of its own.
pub(super) fn checkout_beside_registry() -> (Workspace, Registry) {
    let workspace = checkout();
    let registry = Registry::start(&workspace.beside("registry"));
    let config = workspace.read("farm.toml").replace("127.0.0.1:5000", &registry.address);
    workspace.write("farm.toml", &config);
    (workspace, registry)
}

#[test]
fn an_image_is_pushed_on_demand_and_is_a_base_from_there() {
    needs_tools!("skopeo", "docker-registry");
    needs_base!();
    let (workspace, registry) = checkout_beside_registry();
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
    let config = workspace.read("farm.toml");
    let over = format!(
        "{config}\n[targets.over]\nbuilder = \"docker\"\n[targets.over.options]\n\
         base = \"{}/platform/notes@{digest}\"\nlabels = {{ over = \"yes\" }}\n",
        registry.address
    );
    workspace.write("farm.toml", &over);
    build(&workspace);
    assert_documents(&workspace, &format!("{}/platform/notes", registry.address), digest);
    let over = inspect(&workspace.root().join("dist/over/image"));
    assert_eq!(
        (&over["Layers"], &over["Labels"]["over"]),
        (&here["Layers"], &"yes".into())
    );
}

/// The registry's user `farm`, whose password is `tide`.
const USERS: &str = "farm:$2b$05$abcdefghijklmnopqrstuuWajY63IPhp4aM1A33qG7bHBcI3BncPu\n";

#[test]
fn a_base_of_a_private_registry_is_fetched_with_its_login() {
    needs_tools!("skopeo", "umoci", "docker-registry");
    let workspace = Workspace::with("");
    let users = workspace.beside("users");
    std::fs::write(&users, USERS).expect("written");
    let more = format!("auth: {{htpasswd: {{realm: test, path: '{}'}}}}\n", users.display());
    let registry = Registry::start_with(&workspace.beside("registry"), &more);
    let layout = workspace.beside("layout");
    let image = format!("{}:latest", layout.display());
    run(Command::new("umoci").arg("init").arg("--layout").arg(&layout));
    run(Command::new("umoci").args(["new", "--image", image.as_str()]));
    let copied = format!("docker://{}/base:1", registry.address);
    let copy = ["copy", "--dest-tls-verify=false", "--dest-creds", "farm:tide"];
    run(Command::new("skopeo").args(copy).args([format!("oci:{image}"), copied]));
    let digest = inspect(&layout)["Digest"].as_str().expect("it has one").to_owned();
    let config = format!(
        "[workspace]\nname = \"private\"\n[targets.motto]\nbuilder = \"command\"\n\
         options = {{ command = \"echo Hello > motto\", outputs = [\"motto\"] }}\n\
         [targets.image]\nbuilder = \"docker\"\ndeps = [\"motto\"]\n[targets.image.options]\n\
         base = \"{}/base@{digest}\"\nentrypoint = [\"/x\"]\n",
        registry.address
    );
    workspace.write("farm.toml", &config);
    let refused = workspace.farm("build").text();
    assert!(
        refused.contains("authentication required") && refused.contains("the option base-login names"),
        "{refused}"
    );
    let login = "base-login = { user = \"BASE_USER\", password = \"BASE_PASSWORD\" }\n";
    workspace.write("farm.toml", &(config + login));
    let unset = workspace.farm("build").text();
    assert!(unset.contains("BASE_USER: the secret is not set"), "{unset}");
    let workspace = workspace
        .variable("BASE_USER", "farm")
        .variable("BASE_PASSWORD", "tide");
    workspace.farm("build").success();
    let built = inspect(&workspace.root().join("dist/image/image"));
    assert_eq!(built["Layers"].as_array().map(Vec::len), Some(1));
}

/// The documents of an image name the base that was fetched, as its registry knows it.
fn assert_documents(workspace: &Workspace, name: &str, digest: &str) {
    let purl = format!("pkg:oci/notes@{digest}?repository_url={name}");
    let read = |path: &str| -> Value { serde_json::from_str(&workspace.read(path)).expect("JSON") };
    let sbom = read("dist/over.image.cdx.json");
    let base = sbom["components"]
        .as_array()
        .and_then(|all| all.iter().find(|component| component["name"] == name));
    let base = base.unwrap_or_else(|| panic!("{name} is not listed: {sbom}"));
    assert_eq!(
        (&base["purl"], &base["version"]),
        (&purl.clone().into(), &digest.into())
    );
    assert_eq!(sbom["compositions"][0]["assemblies"], serde_json::json!([purl]));
    let statement = read("dist/over.provenance.json");
    let materials = &statement["predicate"]["buildDefinition"]["resolvedDependencies"];
    let expected = serde_json::json!({ "name": name, "uri": purl, "digest": { "sha256": digest[7..] } });
    assert!(
        materials.as_array().is_some_and(|all| all.contains(&expected)),
        "{materials}"
    );
    crate::described::assert_all_valid(&workspace.root().join("dist"));
}
