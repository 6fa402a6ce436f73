//! Dockerfiles, built by a container engine that is real, with a store of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::platform::checkout;
use super::tools::run;
use crate::shop::product::{Build, repository};
use crate::support::Workspace;
use crate::{needs_base, needs_tools, skip};

/// Buildah's store, beside a workspace: the file that says where it is.
fn store(workspace: &Workspace) -> PathBuf {
    let config = workspace.beside("storage.conf");
    let folder = workspace.beside("storage");
    let text = format!(
        "[storage]\ndriver = \"vfs\"\ngraphroot = \"{0}/graph\"\nrunroot = \"{0}/run\"\n",
        folder.display()
    );
    std::fs::write(&config, text).expect("written");
    config
}

/// What buildah says with this store.
fn buildah(store: &Path, words: &[&str]) -> String {
    run(Command::new("buildah")
        .env("CONTAINERS_STORAGE_CONF", store)
        .args(words))
}

#[test]
fn an_engine_builds_the_dockerfile() {
    needs_tools!("skopeo", "buildah", "runc");
    needs_base!();
    let workspace = checkout();
    let store = store(&workspace);
    let workspace = workspace.variable("CONTAINERS_STORAGE_CONF", &store);
    let refused = workspace.farm("run notes engine").text();
    assert!(
        refused.contains("`buildah` makes namespaces") && refused.contains("--sandbox off"),
        "{refused}"
    );
    workspace.farm("run --sandbox off notes engine").success();
    let image = "127.0.0.1:5000/platform/notes:1.0.0";
    let text = buildah(&store, &["inspect", "--type", "image", image]);
    let built: Value = serde_json::from_str(&text).expect("JSON");
    let config = &built["Docker"]["config"];
    assert_eq!(
        (&config["User"], &config["WorkingDir"]),
        (&"65532:65532".into(), &"/app".into())
    );
    assert_eq!(config["Healthcheck"]["Test"][0], "CMD");
}

/// An image with a package of Debian's.
const GREETER: &str = r#"
[workspace]
name = "greeter"

[targets.motto]
builder = "command"
options = { command = "echo Hello > motto", outputs = ["motto"] }

[targets.greeter]
builder = "docker"
deps = ["motto"]
[targets.greeter.options]
base = "base"
engine = "buildah"
entrypoint = ["/usr/bin/hello"]
packages = ["hello"]
"#;

#[test]
fn packages_of_the_distribution_are_in_the_image_of_the_engine_and_their_lists_are_not() {
    needs_tools!("buildah", "runc", "dpkg-deb", "apt-cache");
    let workspace = Workspace::with(GREETER);
    let mut command = Command::new("python3");
    command.arg(repository().join("tests/cli/images/debian_base.py"));
    command
        .arg(repository().join("examples/platform/base/make"))
        .arg(workspace.root().join("base"));
    let made = command.output().expect("there is a Python");
    if !made.status.success() {
        skip!(
            "Debian's packages cannot be had: {}",
            String::from_utf8_lossy(&made.stderr)
        );
    }
    let build = Build::of(&workspace.farm("build --json"));
    let notices: Vec<String> = build.notices().iter().map(|notice| notice.to_string()).collect();
    assert!(
        notices.iter().any(|notice| notice.contains("is without hello")),
        "{notices:?}"
    );
    let store = store(&workspace);
    let workspace = workspace.variable("CONTAINERS_STORAGE_CONF", &store);
    workspace.farm("run --sandbox off greeter engine").success();
    let container = buildah(&store, &["from", "greeter:latest"]);
    let root = PathBuf::from(buildah(&store, &["mount", container.trim()]).trim());
    assert!(root.join("usr/bin/hello").is_file());
    assert_eq!(
        std::fs::read_to_string(root.join("app/motto")).expect("there"),
        "Hello\n"
    );
    for cached in ["var/cache/apt/archives", "var/lib/apt/lists"] {
        let files = std::fs::read_dir(root.join(cached)).map_or(0, Iterator::count);
        assert_eq!(files, 0, "{cached} belongs to the builder's cache");
    }
    buildah(&store, &["umount", container.trim()]);
}
