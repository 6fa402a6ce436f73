//! Images over a base whose folders are links (a merged `/usr`, a `/usr/local` elsewhere): as farm assembles them, and as
//! an engine builds their Dockerfile, they have the same files.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::engine::{buildah, store};
use super::tools::{run, unpack};
use crate::needs_tools;
use crate::shop::product::Build;
use crate::support::Workspace;

/// A program below a link of the base, one at the usual place, a tree for the root with a folder that is a link, and a folder
/// to write to below one.
const LINKED: &str = r#"
[workspace]
name = "linked"

[targets.made]
builder = "command"
[targets.made.options]
command = "mkdir -p tree/bin tree/etc tree/tmp; echo kept > tree/tmp/made; echo tool > tree/bin/tool; echo on > tree/etc/made; ln -s made tree/etc/link; echo prog > prog; chmod 755 prog; cp prog other"
outputs = ["other", "prog", "tree"]

[targets.image]
builder = "docker"
deps = ["made"]
[targets.image.options]
base = "base"
engine = "buildah"
entrypoint = ["/bin/prog"]
name = "linked"
paths = { "deps/made/other" = "/usr/local/bin/other", "deps/made/prog" = "/bin/prog", "deps/made/tree" = "/" }
volumes = ["/usr/local/data"]
"#;

/// Makes the base, with another tool than farm.
fn make_base(workspace: &Workspace) {
    let root = workspace.beside("root of the base");
    for folder in ["etc", "tmp", "usr/bin", "var/usrlocal/bin"] {
        fs::create_dir_all(root.join(folder)).expect("made");
    }
    fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777)).expect("ours");
    fs::write(root.join("usr/bin/sh"), "the shell of the base").expect("written");
    for (target, link) in [("usr/bin", "bin"), ("../var/usrlocal", "usr/local")] {
        symlink(target, root.join(link)).expect("made");
    }
    let layout = workspace.root().join("base");
    let image = format!("{}:latest", layout.display());
    let umoci = |words: &[&str]| run(Command::new("umoci").args(words));
    umoci(&["init", "--layout", &layout.display().to_string()]);
    umoci(&["new", "--image", &image]);
    umoci(&[
        "insert",
        "--rootless",
        "--image",
        &image,
        &root.display().to_string(),
        "/",
    ]);
}

/// Every file of a root file system: its mode, and its content or where it leads.
fn files(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let metadata = fs::symlink_metadata(&path).expect("there");
            let what = if metadata.is_symlink() {
                format!("-> {}", fs::read_link(&path).expect("a link").display())
            } else if metadata.is_dir() {
                open.push(path.clone());
                format!("{:o}", metadata.mode())
            } else {
                format!("{:o} {}", metadata.mode(), fs::read_to_string(&path).expect("text"))
            };
            found.insert(path.strip_prefix(root).expect("below").to_owned(), what);
        }
    }
    found
}

#[test]
fn links_of_the_base_stay_in_farms_image_and_in_an_engines() {
    needs_tools!("buildah", "runc", "umoci");
    let workspace = Workspace::with(LINKED);
    make_base(&workspace);
    let build = Build::of(&workspace.farm("build --json"));
    assert!(build.ok(), "{}", build.text());
    let own = files(&unpack(
        &workspace.root().join("dist/image/image"),
        &workspace.beside("bundle"),
    ));
    for (path, expected) in [
        ("bin", "-> usr/bin"),
        ("usr/local", "-> ../var/usrlocal"),
        ("usr/bin/sh", "100644 the shell of the base"),
        ("usr/bin/prog", "100755 prog\n"),
        ("usr/bin/tool", "100644 tool\n"),
        ("var/usrlocal/bin/other", "100755 prog\n"),
        ("var/usrlocal/data", "40755"),
        ("etc/link", "-> made"),
        ("tmp", "41777"),
    ] {
        assert_eq!(own.get(Path::new(path)).map(String::as_str), Some(expected), "{path}");
    }
    let store = store(&workspace);
    let workspace = workspace.variable("CONTAINERS_STORAGE_CONF", &store);
    workspace.farm("run --sandbox off image engine").success();
    let container = buildah(&store, &["from", "--pull-never", "linked:latest"]);
    let root = PathBuf::from(buildah(&store, &["mount", container.trim()]).trim());
    let data = fs::metadata(root.join("usr/local/data")).expect("there");
    assert_eq!((data.uid(), data.gid()), (65532, 65532));
    let built = files(&root);
    buildah(&store, &["rm", container.trim()]);
    assert_eq!(built, own);
}

#[test]
fn a_name_that_deletes_and_a_private_key_are_in_no_image() {
    let workspace = Workspace::with(LINKED);
    let config = LINKED
        .replace("base = \"base\"\nengine = \"buildah\"\n", "")
        .replace("echo on > tree/etc/made", "echo on > tree/etc/.wh.passwd");
    workspace.write("farm.toml", &config);
    let refused = workspace.farm("build").text();
    assert!(
        refused.contains("`/etc/.wh.passwd` cannot be in an image") && refused.contains("layer of made/tree at /"),
        "{refused}"
    );
    let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAA\n-----END PRIVATE KEY-----\n";
    workspace.write("key", key);
    let config = config.replace("tree/etc/.wh.passwd", "tree/etc/made; cp key tree/etc/server.pem");
    workspace.write("farm.toml", &config);
    let refused = workspace.farm("build").text();
    assert!(
        refused.contains("`/etc/server.pem` holds a private key") && refused.contains("not-secret"),
        "{refused}"
    );
    workspace.write("farm.toml", &format!("{config}not-secret = [\"/etc/server.pem\"]\n"));
    workspace.farm("build").success();
}
