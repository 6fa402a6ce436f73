//! The toolchains of rustup: the program is the one that the folder asks for, not the proxy on PATH.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use farm_engine::inputs::Tools;
use farm_engine::path::RelPath;
use tempfile::TempDir;

/// A home folder with proxies and two toolchains, and a workspace beside it.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().expect("a temporary folder"));
        let proxies = home.path("cargo/bin");
        fs::create_dir_all(&proxies).expect("made");
        program(&proxies.join("rustup"));
        for proxy in ["cargo", "rustc", "cargo-clippy"] {
            symlink("rustup", proxies.join(proxy)).expect("linked");
        }
        for toolchain in ["stable", "1.90.0"] {
            let folder = home.toolchain(toolchain);
            fs::create_dir_all(folder.join("lib")).expect("made");
            fs::create_dir_all(folder.join("bin")).expect("made");
            program(&folder.join("bin/cargo"));
        }
        home.write("rustup/settings.toml", "default_toolchain = \"stable\"\n");
        home.write("workspace/old/crate/Cargo.toml", "");
        home
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().canonicalize().expect("it is there").join(path)
    }

    fn toolchain(&self, name: &str) -> PathBuf {
        self.path(&format!(
            "rustup/toolchains/{name}-{}-unknown-test",
            std::env::consts::ARCH
        ))
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    /// The program of this name for a folder of the workspace.
    fn find(&self, name: &str, folder: &str, more: &[(&str, &str)]) -> Option<PathBuf> {
        let set = [
            ("PATH", self.path("cargo/bin")),
            ("RUSTUP_HOME", self.path("rustup")),
            ("HOME", self.path("")),
        ];
        let mut environment: BTreeMap<String, String> = set
            .map(|(name, path)| (name.to_owned(), path.display().to_string()))
            .into();
        environment.extend(
            more.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let tools = Tools::new(self.path("workspace"), environment);
        let found = tools.find(name, &RelPath::parse(folder).expect("a path"))?;
        assert!(
            found.visible.iter().any(|shown| found.real.starts_with(shown)),
            "{found:?}"
        );
        Some(found.program)
    }
}

fn program(path: &Path) {
    fs::write(path, "").expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("set");
}

#[test]
fn the_default_is_taken_where_nobody_asks_for_another() {
    let home = Home::new();
    let cargo = home.toolchain("stable").join("bin/cargo");
    assert_eq!(home.find("cargo", "old/crate", &[]), Some(cargo));
}

#[test]
fn a_file_in_the_folder_or_above_asks_for_its_own() {
    let home = Home::new();
    let old = Some(home.toolchain("1.90.0").join("bin/cargo"));
    home.write(
        "workspace/old/rust-toolchain.toml",
        "[toolchain]\nchannel = \"1.90.0\"\n",
    );
    assert_eq!(home.find("cargo", "old/crate", &[]), old);
    assert_eq!(
        home.find("cargo", "", &[]),
        Some(home.toolchain("stable").join("bin/cargo"))
    );
    home.write("workspace/rust-toolchain", "1.90.0\n");
    assert_eq!(home.find("cargo", "", &[]), old);
}

#[test]
fn the_variable_and_an_override_come_before_files() {
    let home = Home::new();
    home.write("workspace/old/rust-toolchain", "stable");
    let old = Some(home.toolchain("1.90.0").join("bin/cargo"));
    assert_eq!(home.find("cargo", "old", &[("RUSTUP_TOOLCHAIN", "1.90.0")]), old);
    let place = home.path("workspace/old").display().to_string();
    home.write(
        "rustup/settings.toml",
        &format!("default_toolchain = \"stable\"\n[overrides]\n\"{place}\" = \"1.90.0\"\n"),
    );
    assert_eq!(home.find("cargo", "old", &[]), old);
}

#[test]
fn a_tool_or_toolchain_that_is_not_installed_is_not_there() {
    let home = Home::new();
    assert_eq!(
        home.find("cargo-clippy", "", &[]),
        None,
        "there is a proxy, and no component"
    );
    assert_eq!(home.find("cargo", "", &[("RUSTUP_TOOLCHAIN", "1.80.0")]), None);
}
