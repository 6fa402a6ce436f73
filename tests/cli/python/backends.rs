//! Small wheels by the build back ends that people use, each pinned in its own target.

use serde_json::{Value, json};

use crate::shop::files::Files;
use crate::shop::product::{Build, networked};
use crate::support::Workspace;

/// A back end: its name here, what `[build-system]` says, its pins, and what it wants to know besides.
struct Backend {
    name: &'static str,
    system: &'static str,
    pins: &'static str,
    more: &'static str,
}

const BACKENDS: [Backend; 4] = [
    Backend {
        name: "setuptools",
        system: "requires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"",
        pins: include_str!("pins/setuptools.txt"),
        more: "[tool.setuptools.package-data]\nkettle = [\"*.txt\"]",
    },
    Backend {
        name: "flit",
        system: "requires = [\"flit_core >=3.2,<4\"]\nbuild-backend = \"flit_core.buildapi\"",
        pins: include_str!("pins/flit.txt"),
        more: "",
    },
    Backend {
        name: "poetry",
        system: "requires = [\"poetry-core>=2\"]\nbuild-backend = \"poetry.core.masonry.api\"",
        pins: include_str!("pins/poetry.txt"),
        more: "",
    },
    Backend {
        name: "own",
        system: "requires = []\nbuild-backend = \"backend\"\nbackend-path = [\"tools\"]",
        pins: "",
        more: "",
    },
];

/// A back end of a project's own that does nothing but what PEP 517 asks for.
const OWN: &str = r#"
import zipfile

def get_requires_for_build_wheel(config_settings=None):
    return []

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "kettle-0.3.0-py3-none-any.whl"
    about = "kettle-0.3.0.dist-info"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.write("kettle/__init__.py")
        wheel.write("kettle/water.txt")
        wheel.writestr(zipfile.ZipInfo(f"{about}/METADATA"), "Metadata-Version: 2.1\nName: kettle\nVersion: 0.3.0\n")
        wheel.writestr(zipfile.ZipInfo(f"{about}/WHEEL"), "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(zipfile.ZipInfo(f"{about}/RECORD"), "")
    return name
"#;

fn target_of(name: &str) -> String {
    format!("[targets.{name}]\nbuilder = \"python\"\nroot = \"{name}\"\noptions = {{ wheel = true }}\n")
}

fn workspace(workspace: Workspace) -> Workspace {
    let workspace = networked(workspace);
    let mut farm_toml = "[workspace]\nname = \"wheels\"\n".to_owned();
    for Backend {
        name,
        system,
        pins,
        more,
    } in &BACKENDS
    {
        farm_toml.push_str(&target_of(name));
        let project = format!(
            "[project]\nname = \"kettle\"\nversion = \"0.3.0\"\ndescription = \"Boils water\"\nrequires-python = \">=3.10\"\n\n[build-system]\n{system}\n\n{more}\n"
        );
        workspace.write(&format!("{name}/pyproject.toml"), &project);
        workspace.write(&format!("{name}/requirements.txt"), "");
        workspace.write(&format!("{name}/build-requirements.txt"), pins);
        workspace.write(&format!("{name}/kettle/__init__.py"), "\"\"\"Boils water.\"\"\"\n");
        workspace.write(&format!("{name}/kettle/water.txt"), "100 degrees\n");
    }
    workspace.write("own/tools/backend.py", OWN);
    workspace.write("farm.toml", &farm_toml);
    workspace
}

fn built(workspace: &Workspace) -> Build {
    let build = Build::of(&workspace.farm("build --json"));
    assert!(build.ok(), "{}", build.text());
    build
}

#[test]
fn each_back_end_makes_a_wheel_that_is_the_same_everywhere() {
    let first = workspace(Workspace::new());
    let build = built(&first);
    for Backend { name, .. } in &BACKENDS {
        let about = &build.artifact(name, "wheel")["metadata"];
        let facts = [&about["name"], &about["version"], &about["tags"]];
        assert_eq!(
            facts,
            [&json!("kettle"), &json!("0.3.0"), &json!(["py3-none-any"])],
            "{name}"
        );
        assert!(
            first.has(&format!("dist/{name}/wheels/kettle-0.3.0-py3-none-any.whl")),
            "{name}"
        );
    }
    assert_eq!(build.notices(), Vec::<&Value>::new());
    // In another folder, with other times and modes of the sources, and what was fetched before.
    let second = workspace(Workspace::below("another checkout/of/it").sharing(&first.cache()));
    make_private(&second, "own/kettle/water.txt");
    make_private(&second, "setuptools/kettle/water.txt");
    let build = Build::of(&second.farm("build --json --no-cache"));
    assert!(build.ok(), "{}", build.text());
    let dist = |workspace: &Workspace| Files::below(&workspace.root().join("dist"), &["manifest.json"]);
    dist(&second).assert_same(&dist(&first));
}

/// Takes the file away from everybody else.
fn make_private(workspace: &Workspace, path: &str) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(workspace.root().join(path), mode).expect("it is ours");
}

#[test]
fn what_a_back_end_says_is_told() {
    let workspace = workspace(Workspace::new());
    workspace.write(
        "own/tools/backend.py",
        &OWN.replace("return []", "return [\"cython>=3\"]"),
    );
    let ran = workspace.farm("build --target own");
    let text = ran.text();
    assert_eq!(ran.code(), 1, "{text}");
    assert!(
        text.contains("`backend` asks for `cython>=3`, which is not pinned"),
        "{text}"
    );
    workspace.write(
        "own/tools/backend.py",
        &OWN.replace("import zipfile", "raise ImportError('the kettle is cold')"),
    );
    let text = workspace.farm("build --target own").text();
    assert!(
        text.contains("the kettle is cold") && text.contains("`[build-system]` of pyproject.toml"),
        "{text}"
    );
}
