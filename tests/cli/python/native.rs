//! Wheels with C and with Rust in them: what compiles them is declared, and what comes out is the same everywhere.

use std::process::Command;

use serde_json::{Value, json};

use crate::example::with_rustup;
use crate::shop::files::Files;
use crate::shop::product::{Build, networked};
use crate::support::Workspace;

const FARM_TOML: &str = "[workspace]\nname = \"native\"\n\n\
    [targets.c]\nbuilder = \"python\"\nroot = \"c\"\noptions = { wheel = true }\n\n\
    [targets.rust]\nbuilder = \"python\"\nroot = \"rust\"\noptions = { wheel = true }\n";

const SETUPTOOLS: &str = "[project]\nname = \"kettle\"\nversion = \"0.3.0\"\n\n\
    [build-system]\nrequires = [\"setuptools>=74.1\"]\nbuild-backend = \"setuptools.build_meta\"\n\n\
    [[tool.setuptools.ext-modules]]\nname = \"kettle\"\nsources = [\"kettle.c\"]\n";

const MODULE: &str = r#"
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *boil(PyObject *self, PyObject *unused) { return PyLong_FromLong(100); }
static PyObject *where(PyObject *self, PyObject *unused) { return PyUnicode_FromString(__FILE__); }

static PyMethodDef methods[] = {
    {"boil", boil, METH_NOARGS, NULL}, {"where", where, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "kettle", NULL, -1, methods};
PyMODINIT_FUNC PyInit_kettle(void) { return PyModule_Create(&module); }
"#;

const MATURIN: &str = "[project]\nname = \"kettle\"\nversion = \"0.3.0\"\n\n\
    [build-system]\nrequires = [\"maturin>=1,<2\"]\nbuild-backend = \"maturin\"\n\n\
    [tool.maturin]\nbindings = \"bin\"\ncompatibility = \"linux\"\n";

fn workspace(workspace: Workspace) -> Workspace {
    let workspace = with_rustup(networked(workspace));
    workspace.write("farm.toml", FARM_TOML);
    for (target, project, pins) in [
        ("c", SETUPTOOLS, include_str!("pins/setuptools.txt")),
        ("rust", MATURIN, include_str!("pins/maturin.txt")),
    ] {
        workspace.write(&format!("{target}/pyproject.toml"), project);
        workspace.write(&format!("{target}/requirements.txt"), "");
        workspace.write(&format!("{target}/build-requirements.txt"), pins);
    }
    workspace.write("c/kettle.c", MODULE);
    workspace.write(
        "rust/Cargo.toml",
        "[package]\nname = \"kettle\"\nversion = \"0.3.0\"\nedition = \"2021\"\n",
    );
    workspace.write(
        "rust/Cargo.lock",
        "version = 3\n\n[[package]]\nname = \"kettle\"\nversion = \"0.3.0\"\n",
    );
    workspace.write("rust/src/main.rs", "fn main() {\n    println!(\"100\");\n}\n");
    workspace
}

/// What a program of the wheel's says.
fn said(workspace: &Workspace, target: &str, program: &[&str]) -> String {
    let wheels = std::fs::read_dir(workspace.root().join(format!("dist/{target}/wheels"))).expect("it was built");
    let wheel = wheels
        .map(|entry| entry.expect("an entry").path())
        .next()
        .expect("a wheel");
    let installed = workspace.beside(&format!("installed-{target}"));
    let pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"];
    let status = Command::new("python3").args(pip).arg(&installed).arg(&wheel).status();
    assert!(status.expect("there is a python3").success());
    let mut command = if program[0] == "python3" {
        Command::new("python3")
    } else {
        Command::new(installed.join(program[0]))
    };
    let output = command
        .args(&program[1..])
        .env("PYTHONPATH", &installed)
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn c_and_rust_are_compiled_to_the_same_wheels_everywhere() {
    let first = workspace(Workspace::new());
    let build = Build::of(&first.farm("build --json"));
    assert!(build.ok(), "{}", build.text());
    assert_eq!(build.notices(), Vec::<&Value>::new());
    let call = "import kettle; print(kettle.boil(), kettle.where())";
    assert_eq!(said(&first, "c", &["python3", "-c", call]), "100 kettle.c\n");
    assert_eq!(said(&first, "rust", &["bin/kettle"]), "100\n");
    assert_eq!(build.artifact("rust", "wheel")["metadata"]["name"], json!("kettle"));
    let second = workspace(Workspace::below("another checkout/of/it").sharing(&first.cache()));
    let build = Build::of(&second.farm("build --json --no-cache"));
    assert!(build.ok(), "{}", build.text());
    let dist = |workspace: &Workspace| Files::below(&workspace.root().join("dist"), &["manifest.json"]);
    dist(&second).assert_same(&dist(&first));
}

#[test]
fn another_compiler_makes_the_wheel_anew() {
    let workspace = workspace(Workspace::new());
    let compiler = workspace.beside("compiler");
    std::fs::create_dir(&compiler).expect("made");
    let path = std::env::var_os("PATH").expect("tests need a PATH");
    let folders = [compiler.clone()].into_iter().chain(std::env::split_paths(&path));
    let workspace = workspace.variable("PATH", std::env::join_paths(folders).expect("they were joined before"));
    let ran = |workspace: &Workspace| {
        let build = Build::of(&workspace.farm("build --json --target c"));
        assert!(build.ok(), "{}", build.text());
        build.actions("c", "ran").contains(&"wheel")
    };
    assert!(ran(&workspace) && !ran(&workspace));
    let gcc = compiler.join("gcc");
    std::fs::write(&gcc, "#!/bin/sh\nexec /usr/bin/gcc \"$@\"\n").expect("written");
    std::fs::set_permissions(&gcc, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("ours");
    assert!(ran(&workspace), "the compiler is another one");
}
