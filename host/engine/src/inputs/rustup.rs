//! Which program rustup would start: the one of the toolchain that the folder asks for, by the files that rustup documents.
//!
//! What lies in rustup's folder of proxies starts another program, in a folder of its own that a sandbox has to show. Starts
//! nothing, and installs nothing.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::tools::Looks;

/// Where rustup keeps its toolchains, and what the user's environment asks for.
#[derive(Debug)]
pub(super) struct Rustup<'a> {
    /// Its folder.
    pub(super) home: PathBuf,
    /// `RUSTUP_TOOLCHAIN`.
    pub(super) named: Option<&'a str>,
}

#[derive(Debug, Default, Deserialize)]
struct Settings {
    default_toolchain: Option<String>,
    #[serde(default)]
    overrides: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct ToolchainFile {
    toolchain: Toolchain,
}

#[derive(Debug, Deserialize)]
struct Toolchain {
    channel: Option<String>,
    path: Option<PathBuf>,
}

/// Whether a program on PATH is one of rustup's proxies.
pub(super) fn is_proxy(program: &Path, looks: &mut Looks) -> bool {
    let real = looks.real(program);
    let is_rustup = |path: &Path| path.file_name().is_some_and(|name| name == "rustup");
    !is_rustup(program) && real.as_deref().is_some_and(is_rustup)
}

impl Rustup<'_> {
    /// The program that the proxy of this name starts in a folder; none where the toolchain, or the tool in it, is not
    /// installed.
    pub(super) fn program(&self, name: &str, folder: &Path, looks: &mut Looks) -> Option<PathBuf> {
        let program = self.toolchain(folder, looks)?.join("bin").join(name);
        looks.is_program(&program).then_some(program)
    }

    /// The folder of the toolchain: named by the variable, by the user's override or a file in the folder or above it, or
    /// the default.
    fn toolchain(&self, folder: &Path, looks: &mut Looks) -> Option<PathBuf> {
        if let Some(named) = self.named {
            return self.installed(named, looks);
        }
        let settings = looks.text(&self.home.join("settings.toml")).unwrap_or_default();
        let settings: Settings = toml::from_str(&settings).unwrap_or_default();
        for folder in folder.ancestors() {
            let set = folder.to_str().and_then(|folder| settings.overrides.get(folder));
            if let Some(name) = set {
                return self.installed(name, looks);
            }
            if let Some(toolchain) = file_in(folder, looks) {
                return match (toolchain.channel, toolchain.path) {
                    (Some(channel), _) => self.installed(&channel, looks),
                    (None, path) => path.map(|path| folder.join(path)),
                };
            }
        }
        self.installed(&settings.default_toolchain?, looks)
    }

    /// The folder of a toolchain by its full name, or by its channel for this machine.
    fn installed(&self, name: &str, looks: &mut Looks) -> Option<PathBuf> {
        let all = self.home.join("toolchains");
        let exact = all.join(name);
        if !name.contains('/') && looks.is_folder(&exact) {
            return Some(exact);
        }
        let host = format!("{name}-{}", std::env::consts::ARCH);
        let names = looks.names(&all).into_iter();
        let found = names.filter(|found| found.starts_with(&host)).min();
        found.map(|found| all.join(found))
    }
}

/// What the folder itself asks for: `rust-toolchain`, in its old or its new form, or `rust-toolchain.toml`.
fn file_in(folder: &Path, looks: &mut Looks) -> Option<Toolchain> {
    let text = looks
        .text(&folder.join("rust-toolchain"))
        .or_else(|| looks.text(&folder.join("rust-toolchain.toml")))?;
    let file: Result<ToolchainFile, _> = toml::from_str(&text);
    Some(file.map_or_else(
        |_| Toolchain {
            channel: Some(text.trim().to_owned()),
            path: None,
        },
        |file| file.toolchain,
    ))
}
