//! The packages of a cargo workspace: where its lock file is, which of them are built, and which they need beside them. Does
//! not know what is fetched.

use std::collections::{BTreeMap, BTreeSet};

use farm_sdk::paths::{is_inside, join, resolve};
use farm_sdk::{Host, Problem};

use crate::manifest::{Manifest, workspace_paths};

/// The packages that lie beside each other. All paths are from the workspace's root (farm's).
#[derive(Debug)]
pub(crate) struct Project {
    /// The folder of `Cargo.lock`.
    pub(crate) top: String,
    /// Every package by its folder; the folder of the lock file is among them, package or not.
    pub(crate) packages: BTreeMap<String, Member>,
    /// Folders of the packages that the target is.
    pub(crate) own: BTreeSet<String>,
    /// Folders of those packages and all that they need of the others.
    pub(crate) needed: BTreeSet<String>,
}

/// One package.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) manifest: Manifest,
    /// Folders of the packages that it names by their paths.
    neighbours: Vec<String>,
    /// Its files that may be parts of it, from its folder.
    pub(crate) files: Vec<String>,
}

/// Files that may be parts of a package.
const PARTS: [&str; 5] = [
    "src/**/*.rs",
    "*.rs",
    "tests/**/*.rs",
    "benches/**/*.rs",
    "examples/**/*.rs",
];

impl Project {
    /// Reads the packages for a target in this folder.
    pub(crate) fn read(host: &dyn Host, folder: &str) -> Result<Self, Problem> {
        let own = join(folder, "Cargo.toml");
        if !host.is_file(&own)? {
            let missing = Problem::new("there is no `Cargo.toml`").in_file(own);
            return Err(missing.hint("point the target's `root` to the folder of a package, or run `cargo init` there"));
        }
        let top = find_lock(host, folder)?;
        let mut project = Self {
            own: BTreeSet::new(),
            needed: BTreeSet::new(),
            packages: BTreeMap::new(),
            top,
        };
        project.read_packages(host)?;
        if !project.packages.contains_key(folder) {
            let message = format!("`{folder}` is no package of the workspace whose `Cargo.lock` lies above it");
            let problem = Problem::new(message).in_file(own);
            return Err(problem
                .hint("name it in `members` of the workspace's Cargo.toml, or run `cargo generate-lockfile` in it"));
        }
        project.choose(folder);
        Ok(project)
    }

    /// The lock file.
    pub(crate) fn lock(&self) -> String {
        join(&self.top, "Cargo.lock")
    }

    /// The names of the packages that the target is.
    pub(crate) fn names(&self) -> Vec<String> {
        let packages = self
            .own
            .iter()
            .filter_map(|folder| self.packages[folder].manifest.package.as_ref());
        packages.map(|package| package.name.clone()).collect()
    }

    fn read_packages(&mut self, host: &dyn Host) -> Result<(), Problem> {
        let manifest = Manifest::read(host, &join(&self.top, "Cargo.toml"))?.unwrap_or_default();
        let known: BTreeMap<String, String> = workspace_paths(&manifest)
            .into_iter()
            .filter_map(|(name, path)| Some((name, resolve(&self.top, &path)?)))
            .collect();
        let mut open = self.members(host, &manifest)?;
        open.push(self.top.clone());
        while let Some(folder) = open.pop() {
            if self.packages.contains_key(&folder) {
                continue;
            }
            let path = join(&folder, "Cargo.toml");
            let Some(manifest) = Manifest::read(host, &path)? else {
                let missing =
                    Problem::new(format!("there is no `{path}`, which another Cargo.toml names")).in_file(path);
                return Err(missing.hint("correct the path there; it has to lie below the folder of farm.toml"));
            };
            let found = manifest.neighbours();
            let paths = found.paths.iter().map(|path| resolve(&folder, path));
            let paths: Option<Vec<String>> = paths.collect();
            let Some(mut neighbours) = paths else {
                let outside = Problem::new("it needs a package outside of the folder of farm.toml").in_file(path);
                return Err(outside.hint("put farm.toml into a folder above all of them"));
            };
            neighbours.extend(found.named.iter().filter_map(|name| known.get(name).cloned()));
            open.extend(neighbours.iter().cloned());
            let files = parts_of(host, &folder)?;
            let member = Member {
                manifest,
                neighbours,
                files,
            };
            self.packages.insert(folder, member);
        }
        Ok(())
    }

    /// Folders that the workspace's patterns mean.
    fn members(&self, host: &dyn Host, manifest: &Manifest) -> Result<Vec<String>, Problem> {
        let Some(workspace) = &manifest.workspace else {
            return Ok(Vec::new());
        };
        let is_wild = |text: &&String| text.contains(['*', '?', '[']);
        let (wild, plain): (Vec<&String>, Vec<_>) = workspace.members.iter().partition(is_wild);
        let file = |text: &&String| join(&join(&self.top, text.trim_matches('/')), "Cargo.toml");
        let wild: Vec<String> = wild.iter().map(file).collect();
        let found = host.glob(&wild.iter().map(String::as_str).collect::<Vec<_>>(), &[])?;
        let found = found
            .iter()
            .filter_map(|file| file.strip_suffix("/Cargo.toml"))
            .map(str::to_owned);
        let plain = plain.iter().filter_map(|path| resolve(&self.top, path));
        let excluded = |folder: &String| {
            let mut excluded = workspace
                .exclude
                .iter()
                .map(|path| join(&self.top, path.trim_matches('/')));
            excluded.any(|outer| *folder == outer || is_inside(folder, &outer))
        };
        Ok(found.chain(plain).filter(|folder| !excluded(folder)).collect())
    }

    /// What the target is, and all that it needs.
    fn choose(&mut self, folder: &str) {
        let is_all = folder == self.top && self.packages[folder].manifest.workspace.is_some();
        let is_own = |(path, member): &(&String, &Member)| {
            member.manifest.package.is_some() && (is_all && is_member(path, &self.top) || path.as_str() == folder)
        };
        self.own = self
            .packages
            .iter()
            .filter(is_own)
            .map(|(path, _)| path.clone())
            .collect();
        let mut open: Vec<String> = self.own.iter().cloned().collect();
        while let Some(path) = open.pop() {
            if self.needed.insert(path.clone()) {
                open.extend(self.packages[&path].neighbours.iter().cloned());
            }
        }
    }
}

/// A package below the folder of the lock file is one of the workspace, named or not.
fn is_member(folder: &str, top: &str) -> bool {
    folder == top || is_inside(folder, top)
}

fn parts_of(host: &dyn Host, folder: &str) -> Result<Vec<String>, Problem> {
    let patterns = PARTS.map(|pattern| join(folder, pattern));
    let found = host.glob(&patterns.each_ref().map(String::as_str), &[&join(folder, "target/**")])?;
    let below = found
        .iter()
        .map(|path| path[folder.len()..].trim_start_matches('/').to_owned());
    Ok(below.collect())
}

/// The folder of the nearest lock file.
fn find_lock(host: &dyn Host, folder: &str) -> Result<String, Problem> {
    let mut here = folder;
    loop {
        if host.is_file(&join(here, "Cargo.lock"))? {
            return Ok(here.to_owned());
        }
        here = match here.rsplit_once('/') {
            Some((above, _)) => above,
            None if here.is_empty() => break,
            None => "",
        };
    }
    let message = "there is no `Cargo.lock`, which fixes what is built, neither there nor above";
    let problem = Problem::new(message).in_file(join(folder, "Cargo.lock"));
    Err(problem.hint("run `cargo generate-lockfile` and commit the file, for programs and for libraries"))
}
