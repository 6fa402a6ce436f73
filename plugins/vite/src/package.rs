//! `package.json` and `package-lock.json`: what is installed, and whether both say the same; the step `components`. Does
//! not install.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use farm_npm::{Manifest, PackageLock};
use farm_sdk::components::npm;
use farm_sdk::{Host, Problem};

const MANIFEST: &str = "package.json";
pub(crate) const LOCK: &str = "package-lock.json";
const OLDEST_VITE: (u32, u32) = (6, 1);

/// What the two files say.
#[derive(Debug)]
pub(crate) struct Package {
    manifest: Manifest,
    /// All packages that are installed, each with those that it asks for.
    installed: BTreeMap<String, BTreeSet<String>>,
    /// How many packages the lock file names.
    pub(crate) count: usize,
}

impl Package {
    /// Reads and checks both files.
    pub(crate) fn read(host: &dyn Host) -> Result<Self, Problem> {
        let Some(manifest) = Manifest::read(host, MANIFEST)? else {
            let problem = Problem::new("there is no `package.json`").in_file(MANIFEST);
            return Err(problem
                .hint("point the target's `root` to the folder of the app, or run `npm create vite@latest` there"));
        };
        let Some(text) = host.read_text(LOCK)? else {
            return Err(no_lock(host)?);
        };
        let lock = PackageLock::parse(LOCK, &text)?;
        check_no_links(&lock)?;
        lock.check_fits("", (MANIFEST, &manifest))?;
        let package = Self {
            manifest,
            installed: installed(&lock),
            count: lock.count(),
        };
        package.check_vite(&lock)?;
        Ok(package)
    }

    /// Whether the app itself asks for a package.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.manifest.has(name)
    }

    /// Whether a package is installed, for the app itself or for another package.
    pub(crate) fn installs(&self, name: &str) -> bool {
        self.installed.contains_key(name)
    }

    /// The packages that these ask for, and those that they ask for in turn.
    pub(crate) fn needed_by<'a>(&'a self, names: &'a [String]) -> BTreeSet<&'a str> {
        let mut needed = BTreeSet::new();
        let mut waiting: Vec<&str> = names.iter().map(String::as_str).collect();
        while let Some(name) = waiting.pop() {
            let new = self.installed.get(name).into_iter().flatten().map(String::as_str);
            waiting.extend(new.filter(|name| needed.insert(*name)));
        }
        needed
    }

    /// The app's own version.
    pub(crate) fn version(&self) -> Option<&str> {
        self.manifest.version.as_deref()
    }

    fn check_vite(&self, lock: &PackageLock) -> Result<(), Problem> {
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

/// By name: `node_modules/a/node_modules/@b/c` is a place of `@b/c`.
fn installed(lock: &PackageLock) -> BTreeMap<String, BTreeSet<String>> {
    let mut installed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (place, package) in &lock.packages {
        if let Some((_, name)) = place.rsplit_once("node_modules/") {
            let needed = package.dependencies.keys().chain(package.optional_dependencies.keys());
            installed.entry(name.to_owned()).or_default().extend(needed.cloned());
        }
    }
    installed
}

/// The step `components`: the lock file below `input` as `components.json` below `output`. Packages for development are
/// listed as such: a bundler may take code from any of them.
pub(crate) fn write_components(input: &Path, output: &Path) -> Result<(), Problem> {
    let lock = fs::read_to_string(input.join(LOCK))?;
    npm::read(&lock, "")?.write(&output.join("components.json"))
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

fn check_no_links(lock: &PackageLock) -> Result<(), Problem> {
    let Some((path, _)) = lock.packages.iter().find(|(_, package)| package.link) else {
        return Ok(());
    };
    let link = Problem::new(format!("`{path}` is a link to a folder outside of node_modules")).in_file(LOCK);
    Err(link.hint("npm workspaces and `file:` folders cannot be installed apart; give the app a lock file of its own"))
}
