//! Dockerfiles, built by a container engine that is real, with a store of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::platform::checkout;
use super::tools::run;
use crate::golang::needs_go;
use crate::shop::product::{Build, repository};
use crate::support::Workspace;
use crate::{needs_base, needs_tools, skip};

/// Buildah's store, beside a workspace: the file that says where it is.
pub(super) fn store(workspace: &Workspace) -> PathBuf {
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
pub(super) fn buildah(store: &Path, words: &[&str]) -> String {
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

/// An image of a program for two platforms.
const EVERYWHERE: &str = r#"
[workspace]
name = "everywhere"

[targets.service]
builder = "go"
options = { platforms = ["linux/amd64", "linux/arm64"], vet = false, test = false }

[targets.motto]
builder = "command"
options = { command = "echo Hello > motto", outputs = ["motto"] }

[targets.image]
builder = "docker"
deps = ["motto", "service"]
[targets.image.options]
engine = "buildah"
name = "everywhere"
platforms = ["linux/amd64", "linux/arm64"]
"#;

/// What the header of a program says of the processor that it is for.
fn processor(program: &Path) -> &'static str {
    let bytes = std::fs::read(program).expect("it is there");
    assert_eq!(bytes[..4], *b"\x7fELF", "it is a program");
    match u16::from_le_bytes([bytes[18], bytes[19]]) {
        62 => "amd64",
        183 => "arm64",
        other => panic!("a program for the processor {other}"),
    }
}

/// The processor of the program in an image, and of the image itself.
fn processors(store: &Path, words: &[&str]) -> (&'static str, String) {
    let container = buildah(store, &[&["from", "--pull-never"], words].concat());
    let root = PathBuf::from(buildah(store, &["mount", container.trim()]).trim());
    let program = processor(&root.join("usr/local/bin/everywhere"));
    assert_eq!(
        std::fs::read_to_string(root.join("app/motto")).expect("there"),
        "Hello\n"
    );
    let text = buildah(store, &["inspect", "--type", "container", container.trim()]);
    let inspected: Value = serde_json::from_str(&text).expect("JSON");
    buildah(store, &["rm", container.trim()]);
    (
        program,
        inspected["OCIv1"]["architecture"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    )
}

#[test]
fn the_image_of_each_platform_has_the_program_for_it() {
    needs_tools!("buildah", "runc");
    needs_go!();
    let workspace = Workspace::with(EVERYWHERE);
    workspace.write("go.mod", "module example.org/everywhere\n\ngo 1.24\n");
    workspace.write("main.go", "package main\n\nfunc main() { println(\"here\") }\n");
    workspace.farm("build").success();
    let store = store(&workspace);
    let workspace = workspace.variable("CONTAINERS_STORAGE_CONF", &store);
    workspace.farm("run --sandbox off image engine").success();
    let here = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "amd64"
    };
    assert_eq!(processors(&store, &["everywhere:latest"]), (here, here.to_owned()));
    let script = workspace.root().join("dist/image/deployment/build.sh");
    for platforms in ["linux/arm64", "linux/amd64", "linux/amd64,linux/arm64"] {
        let mut command = Command::new(&script);
        command
            .args(["buildah", "everywhere:several"])
            .env("PLATFORM", platforms);
        run(command.env("CONTAINERS_STORAGE_CONF", &store));
        for platform in platforms.split(',') {
            let processor = platform.trim_start_matches("linux/");
            let found = processors(&store, &["--platform", platform, "everywhere:several"]);
            assert_eq!(found, (processor, processor.to_owned()), "{platforms}");
        }
        let kind = if platforms.contains(',') {
            ["manifest", "rm"]
        } else {
            ["rmi", "--force"]
        };
        buildah(&store, &[&kind[..], &["localhost/everywhere:several"]].concat());
    }
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
