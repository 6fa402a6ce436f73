//! `package.json` and `package-lock.json`: what is installed, and whether both say the same; the step `components`. Does
//! not install.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use farm_sdk::components::npm;
use farm_sdk::{Host, Problem};
use serde::Deserialize;
use serde::de::DeserializeOwned;

const MANIFEST: &str = "package.json";
pub(crate) const LOCK: &str = "package-lock.json";
const OLDEST_VITE: (u32, u32) = (6, 1);

/// What the two files say.
#[derive(Debug)]
pub(crate) struct Package {
    manifest: Manifest,
    /// How many packages the lock file names.
    pub(crate) count: usize,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    version: Option<String>,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, String>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lock {
    #[serde(default)]
    lockfile_version: u32,
    #[serde(default)]
    packages: BTreeMap<String, Locked>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Locked {
    version: Option<String>,
    #[serde(default)]
    link: bool,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, String>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, String>,
}

impl Package {
    /// Reads and checks both files.
    pub(crate) fn read(host: &dyn Host) -> Result<Self, Problem> {
        let Some(text) = host.read_text(MANIFEST)? else {
            let problem = Problem::new("there is no `package.json`").in_file(MANIFEST);
            return Err(problem
                .hint("point the target's `root` to the folder of the app, or run `npm create vite@latest` there"));
        };
        let manifest: Manifest = parse(MANIFEST, &text)?;
        let Some(locked) = host.read_text(LOCK)? else {
            return Err(no_lock(host)?);
        };
        let lock: Lock = parse(LOCK, &locked)?;
        check_lock(&manifest, &lock)?;
        let package = Self {
            manifest,
            count: lock.packages.keys().filter(|path| !path.is_empty()).count(),
        };
        package.check_vite(&lock)?;
        Ok(package)
    }

    /// Whether the app itself asks for a package.
    pub(crate) fn has(&self, name: &str) -> bool {
        all(
            &self.manifest.dependencies,
            &self.manifest.dev_dependencies,
            &self.manifest.optional_dependencies,
        )
        .any(|(found, _)| found == name)
    }

    /// The app's own version.
    pub(crate) fn version(&self) -> Option<&str> {
        self.manifest.version.as_deref()
    }

    fn check_vite(&self, lock: &Lock) -> Result<(), Problem> {
        if !self.has("vite") {
            let problem = Problem::new("`vite` is not among the packages of `package.json`").in_file(MANIFEST);
            return Err(problem.hint("run `npm install -D vite`"));
        }
        let version = lock
            .packages
            .get("node_modules/vite")
            .and_then(|vite| vite.version.as_deref())
            .unwrap_or("");
        let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
        match (numbers.next(), numbers.next()) {
            (Some(major), Some(minor)) if (major, minor) < OLDEST_VITE => {
                let problem = Problem::new(format!("vite {version} is too old: farm needs 6.1 or later")).in_file(LOCK);
                Err(problem.hint("run `npm install -D vite@latest`"))
            }
            _ => Ok(()),
        }
    }
}

/// The step `components`: the lock file below `input` as `components.json` below `output`. Packages for development are
/// listed as such: a bundler may take code from any of them.
pub(crate) fn write_components(input: &Path, output: &Path) -> Result<(), Problem> {
    let lock = fs::read_to_string(input.join(LOCK))?;
    npm::read(&lock, "")?.write(&output.join("components.json"))
}

fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|error| {
        let line = u32::try_from(error.line()).unwrap_or(u32::MAX).max(1);
        Problem::new(format!("`{file}` cannot be read: {error}"))
            .in_file(file)
            .at_line(line)
            .hint("correct the JSON there")
    })
}

fn no_lock(host: &dyn Host) -> Result<Problem, Problem> {
    let problem = Problem::new("there is no `package-lock.json`, which fixes what is installed").in_file(LOCK);
    for (other, tool) in [("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("bun.lock", "bun")] {
        if host.is_file(other)? {
            let hint = format!(
                "this builder installs with npm and does not read {tool}'s `{other}`; run `npm install --package-lock-only`"
            );
            return Ok(problem.hint(hint));
        }
    }
    Ok(problem.hint("run `npm install --package-lock-only` and commit the file"))
}

fn check_lock(manifest: &Manifest, lock: &Lock) -> Result<(), Problem> {
    let problem = |message: String| Problem::new(message).in_file(LOCK);
    if lock.lockfile_version < 2 {
        let old = problem(format!(
            "`package-lock.json` has the old version {}",
            lock.lockfile_version
        ));
        return Err(old.hint("run `npm install --package-lock-only` with npm 7 or later"));
    }
    if let Some((path, _)) = lock.packages.iter().find(|(_, package)| package.link) {
        let link = problem(format!("`{path}` is a link to a folder outside of node_modules"));
        return Err(link.hint(
            "npm workspaces and `file:` folders cannot be installed apart; give the app a lock file of its own",
        ));
    }
    let no_root = || problem("`package-lock.json` does not name the app itself".to_owned());
    let root = lock
        .packages
        .get("")
        .ok_or_else(|| no_root().hint("run `npm install --package-lock-only`"))?;
    let wanted: BTreeMap<_, _> = all(
        &manifest.dependencies,
        &manifest.dev_dependencies,
        &manifest.optional_dependencies,
    )
    .collect();
    let locked: BTreeMap<_, _> = all(&root.dependencies, &root.dev_dependencies, &root.optional_dependencies).collect();
    let differs = |name: &&&String| wanted.get(**name) != locked.get(**name);
    if let Some(name) = wanted.keys().chain(locked.keys()).find(differs) {
        let stale = problem(format!(
            "`package-lock.json` does not fit `package.json`: `{name}` differs"
        ));
        return Err(stale.hint("run `npm install --package-lock-only`"));
    }
    Ok(())
}

fn all<'a>(
    dependencies: &'a BTreeMap<String, String>,
    dev: &'a BTreeMap<String, String>,
    optional: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = (&'a String, &'a String)> {
    dependencies.iter().chain(dev).chain(optional)
}
