//! A service in TypeScript in an image, over a base with this machine's Node that another target makes: assembled without an
//! engine, unpacked, and started.

use serde_json::Value;

use super::server::{Process, Server, inside, is_root};
use super::tools::unpack;
use crate::example::Example;
use crate::{needs_tools, skip};

static KETTLE: Example = Example::new("node");

/// What the example gets beside its own targets.
const IMAGES: &str = r#"
[targets.runtime]
builder = "command"
[targets.runtime.options]
outputs = ["root"]
command = '''
mkdir -p root/usr/bin
cp -L "$(command -v node)" root/usr/bin/node
for library in $(ldd root/usr/bin/node | grep -o '/[^ )]*'); do
  mkdir -p "root$(dirname "$library")"
  cp -L "$library" "root$library"
done
'''

[targets.base]
builder = "docker"
deps = ["runtime"]
[targets.base.options]
entrypoint = ["/usr/bin/node"]
env = { PATH = "/usr/bin" }
paths = { "deps/runtime/root" = "/" }

[targets.image]
builder = "docker"
deps = ["base", "kiosk"]
[targets.image.options]
base = "deps/base/image"
entrypoint = ["/usr/bin/node", "dist/main.js"]
health = { path = "/recipe.json?cups=1&for='you'" }
ports = [8080]
"#;

#[test]
fn a_service_of_a_workspace_answers_from_its_image() {
    needs_tools!("umoci", "unshare", "node", "ldd");
    if !is_root() {
        skip!("only root can start what is in another root");
    }
    let kettle = KETTLE.built();
    let targets = kettle.0.read("farm.toml");
    kettle.0.write("farm.toml", &(targets + IMAGES));
    let build = kettle.build("--target image");
    assert!(build.ok(), "{}", build.text());
    let bundle = kettle.0.beside("bundle");
    let root = unpack(&kettle.path("dist/image/image"), &bundle);
    for there in [
        "app/package.json",
        "app/node_modules/@kettle/brew/dist/index.js",
        "app/node_modules/escape-html/index.js",
    ] {
        assert!(root.join(there).is_file(), "{there}");
    }
    assert!(!root.join("app/workspace").exists(), "its packages are in node_modules");
    let process = Process::of(&bundle);
    assert_eq!(process.folder, "/app");
    assert!(process.env.contains(&("NODE_ENV".to_owned(), "production".to_owned())));
    // What asks for its health asks for the port of its options.
    let port = super::nothing::free_port().to_string();
    let server = Server::start(&bundle, &[], &[("PORT", &port)], "listening on http://");
    let answer = server.get("/recipe.json?cups=2");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let recipe: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((&recipe["coffee"], &recipe["water"]), (&31.into(), &500.into()));
    let deployed = kettle.0.read("dist/image/deployment/Dockerfile");
    assert!(check(&deployed, &root, "8080", &port), "it is well: {deployed}");
    drop(server);
    assert!(!check(&deployed, &root, "8080", &port), "nobody is there any more");
    let sbom: Value = serde_json::from_str(&kettle.0.read("dist/image.image.cdx.json")).expect("JSON");
    let names = sbom["components"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|listed| &listed["name"]);
    assert_eq!(names.filter(|name| **name == "escape-html").count(), 1, "{sbom}");
    crate::described::assert_all_valid(&kettle.path("dist"));
}

/// Runs the health check of a Dockerfile in an unpacked image, for a server on another port than the image's.
fn check(dockerfile: &str, root: &std::path::Path, port: &str, at: &str) -> bool {
    let (_, check) = dockerfile.split_once("HEALTHCHECK ").expect("it has one");
    let (_, words) = check.split_once("CMD ").expect("it has one");
    let words: Vec<String> = serde_json::from_str(words.lines().next().expect("a line")).expect("JSON");
    let mut command = inside(root, "/app");
    command.args(words.iter().map(|word| word.replace(port, at)));
    command.env_clear().env("PATH", "/usr/bin:/bin");
    let output = command.output().expect("there is an unshare");
    assert!(output.stderr.is_empty(), "{output:?}");
    output.status.success()
}
