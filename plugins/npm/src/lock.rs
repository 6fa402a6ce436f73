//! `package-lock.json`: what npm installs, and whether it still fits `package.json`.

use std::collections::BTreeMap;

use farm_sdk::Problem;
use serde::Deserialize;

use crate::json::parse;
use crate::manifest::Manifest;

/// A `package-lock.json` of npm 7 or later.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackageLock {
    #[serde(default)]
    lockfile_version: u32,
    /// By the place where each is installed; `""` is the package beside the lock file.
    #[serde(default)]
    pub packages: BTreeMap<String, Locked>,
    #[serde(skip)]
    path: String,
}

/// One place of the lock file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Locked {
    /// Its name, where that is not the one of its place.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Where it comes from; for a link, the folder that it leads to.
    pub resolved: Option<String>,
    /// Digest of what is fetched.
    pub integrity: Option<String>,
    /// Whether it is a link to a folder.
    #[serde(default)]
    pub link: bool,
    /// What it needs to run.
    #[serde(default)]
    pub dependencies: BTreeMap<String, String>,
    /// What only its developers need.
    #[serde(default)]
    pub dev_dependencies: BTreeMap<String, String>,
    /// What it does without, where it cannot be installed.
    #[serde(default)]
    pub optional_dependencies: BTreeMap<String, String>,
    /// What whoever uses it has to bring.
    #[serde(default)]
    pub peer_dependencies: BTreeMap<String, String>,
}

impl PackageLock {
    /// Reads one.
    ///
    /// # Errors
    /// It is not JSON, or of a version that npm no longer writes.
    pub fn parse(path: &str, text: &str) -> Result<Self, Problem> {
        let lock: Self = parse(path, text)?;
        let name = file_name(path);
        if lock.lockfile_version < 2 {
            let message = format!("`{name}` has the old version {}", lock.lockfile_version);
            let old = Problem::new(message).in_file(path);
            return Err(old.hint("run `npm install --package-lock-only` with npm 7 or later"));
        }
        if !lock.packages.contains_key("") {
            let no_root = Problem::new(format!("`{name}` does not name the app itself")).in_file(path);
            return Err(no_root.hint("run `npm install --package-lock-only`"));
        }
        Ok(Self {
            path: path.to_owned(),
            ..lock
        })
    }

    /// How many packages it installs.
    #[must_use]
    pub fn count(&self) -> usize {
        let installed = |(place, locked): &(&String, &Locked)| is_installed(place) && !locked.link;
        self.packages.iter().filter(installed).count()
    }

    /// The folders of packages that lie beside the lock file instead of being installed.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        let own = self.packages.keys().map(String::as_str);
        own.filter(|place| !place.is_empty() && !is_installed(place))
    }

    /// Names of packages, and the folders that they are links to.
    pub fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.packages.iter().filter_map(|(place, locked)| {
            let name = place.rsplit_once("node_modules/").map(|(_, name)| name)?;
            locked
                .link
                .then(|| (name, locked.resolved.as_deref().unwrap_or_default()))
        })
    }

    /// Checks that what a package asks for is what the lock file thinks that it asks for. `place` is the package's folder
    /// from the lock file, `manifest` its `package.json` by this path.
    ///
    /// # Errors
    /// The lock file is older than the manifest.
    pub fn check_fits(&self, place: &str, (path, manifest): (&str, &Manifest)) -> Result<(), Problem> {
        let stale = |what: &str| {
            let message = format!("`{}` does not fit `{path}`: {what}", file_name(&self.path));
            Problem::new(message)
                .in_file(&self.path)
                .hint("run `npm install --package-lock-only`")
        };
        let locked = self.packages.get(place);
        let locked = locked.ok_or_else(|| stale("it does not know the package"))?;
        let wanted: BTreeMap<_, _> = manifest.asked().collect();
        let known = locked.dependencies.iter().chain(&locked.dev_dependencies);
        let known: BTreeMap<_, _> = known.chain(&locked.optional_dependencies).collect();
        let differs = |name: &&&String| wanted.get(**name) != known.get(**name);
        match wanted.keys().chain(known.keys()).find(differs) {
            Some(name) => Err(stale(&format!("`{name}` differs"))),
            None => Ok(()),
        }
    }
}

fn is_installed(place: &str) -> bool {
    place.split('/').any(|part| part == "node_modules")
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
