//! The packages that are installed together: the folder of their lock file, its package manager, and the packages of the
//! workspace that the target's own one needs. Does not install.

use std::collections::{BTreeMap, BTreeSet};

use farm_npm::{Manifest, PackageLock, join};
use farm_sdk::{Host, Problem};

use crate::manager::{Manager, find_lock};

/// The target's package, and those that it is installed with.
#[derive(Debug)]
pub(crate) struct Project {
    /// The package's folder. All paths are from the workspace's root.
    pub(crate) folder: String,
    /// What its `package.json` says.
    pub(crate) manifest: Manifest,
    /// The folder of the lock file: the package's own, or one above it.
    pub(crate) top: String,
    /// Who installs; none for a package that needs no other.
    pub(crate) manager: Option<Manager>,
    /// How many packages are installed, where that is known.
    pub(crate) count: Option<usize>,
    /// Folders of all packages of the workspace but the one beside the lock file.
    pub(crate) members: BTreeSet<String>,
    /// The packages of the workspace that this one needs, by name: their folders.
    pub(crate) locals: BTreeMap<String, String>,
    /// Folders of packages for which something is installed beside them.
    nested: Option<BTreeSet<String>>,
}

impl Project {
    /// Reads the package in this folder, and its lock file there or above.
    pub(crate) fn read(host: &dyn Host, folder: &str) -> Result<Self, Problem> {
        let path = join(folder, "package.json");
        let Some(manifest) = Manifest::read(host, &path)? else {
            let missing = Problem::new("there is no `package.json`").in_file(path);
            return Err(missing.hint("point the target's `root` to the folder of the package, or run `npm init` there"));
        };
        let mut project = Self {
            folder: folder.to_owned(),
            top: folder.to_owned(),
            manager: None,
            count: None,
            members: BTreeSet::new(),
            locals: BTreeMap::new(),
            nested: None,
            manifest,
        };
        match find_lock(host, folder)? {
            Some((top, manager)) => project.read_lock(host, top, manager)?,
            None if project.manifest.asked().next().is_some() => return Err(no_lock(folder)),
            None => {}
        }
        Ok(project)
    }

    /// A path of the package, from the workspace's root.
    pub(crate) fn at(&self, path: &str) -> String {
        join(&self.folder, path)
    }

    /// The lock file, and whose it is.
    pub(crate) fn locked(&self) -> Option<(Manager, String)> {
        self.manager.map(|manager| (manager, join(&self.top, manager.lock())))
    }

    /// The packages of the workspace beside which something may be installed: the same for each of them.
    pub(crate) fn nested(&self) -> impl Iterator<Item = &String> {
        self.members.iter().filter(|folder| self.may_be_nested(folder))
    }

    /// Whether something may be installed beside this package.
    pub(crate) fn may_be_nested(&self, folder: &str) -> bool {
        folder != self.top && self.nested.as_ref().is_none_or(|nested| nested.contains(folder))
    }

    /// A folder of the workspace, from the lock file's.
    pub(crate) fn below_top<'a>(&self, folder: &'a str) -> &'a str {
        let below = folder.strip_prefix(self.top.as_str()).unwrap_or(folder);
        below.trim_start_matches('/')
    }

    /// The packages of the workspace that the package itself asks for: name and folder.
    pub(crate) fn direct_locals(&self) -> impl Iterator<Item = (&String, &String)> {
        self.locals.iter().filter(|(name, _)| self.manifest.has(name))
    }

    fn read_lock(&mut self, host: &dyn Host, top: String, manager: Manager) -> Result<(), Problem> {
        self.top = top;
        self.manager = Some(manager);
        let lock = join(&self.top, manager.lock());
        let text = host.read_text(&lock)?.unwrap_or_default();
        let names = match manager {
            Manager::Npm => self.read_npm(&lock, &text)?,
            _ => self.read_members(host, manager.members(host, &self.top, &text)?)?,
        };
        if self.folder != self.top && !self.members.contains(&self.folder) {
            return Err(self.no_member(manager));
        }
        self.locals = self.closure(host, &names)?;
        if self.folder == self.top && !self.locals.is_empty() {
            let message = "the package beside the lock file needs packages of its own workspace, which are built apart";
            let problem = Problem::new(message).in_file(self.at("package.json"));
            return Err(problem.hint("move it into a folder of its own, as one of the packages in `workspaces`"));
        }
        Ok(())
    }

    /// What npm's lock file says: names of packages of the workspace, with their folders.
    fn read_npm(&mut self, path: &str, text: &str) -> Result<BTreeMap<String, String>, Problem> {
        let lock = PackageLock::parse(path, text)?;
        if let Some(folder) = lock.folders().find(|folder| folder.starts_with("..")) {
            let message = format!("`{folder}` lies outside of the folder of the lock file");
            return Err(Problem::new(message)
                .in_file(path)
                .hint("make it a package of the npm workspace, or publish it"));
        }
        self.members = lock.folders().map(|folder| join(&self.top, folder)).collect();
        let place = self.below_top(&self.folder);
        if lock.packages.contains_key(place) {
            lock.check_fits(place, (&self.at("package.json"), &self.manifest))?;
        }
        self.count = Some(lock.count());
        let nested = lock
            .packages
            .keys()
            .filter_map(|place| place.split_once("/node_modules/"));
        self.nested = Some(nested.map(|(folder, _)| join(&self.top, folder)).collect());
        Ok(lock
            .links()
            .map(|(name, folder)| (name.to_owned(), join(&self.top, folder)))
            .collect())
    }

    /// Names of these packages, with their folders.
    fn read_members(
        &mut self,
        host: &dyn Host,
        folders: BTreeSet<String>,
    ) -> Result<BTreeMap<String, String>, Problem> {
        let mut names = BTreeMap::new();
        for folder in &folders {
            let manifest = Manifest::read(host, &join(folder, "package.json"))?;
            let name = manifest.and_then(|manifest| manifest.name);
            names.extend(name.map(|name| (name, folder.clone())));
        }
        self.members = folders;
        Ok(names)
    }

    /// The packages of the workspace that the package needs, and those that they need when they run.
    fn closure(&self, host: &dyn Host, names: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Problem> {
        let mut found = BTreeMap::new();
        let mut waiting: Vec<String> = self.manifest.asked().map(|(name, _)| name.clone()).collect();
        while let Some(name) = waiting.pop() {
            let Some(folder) = names.get(&name).filter(|folder| **folder != self.folder) else {
                continue;
            };
            if found.insert(name, folder.clone()).is_none() {
                let manifest = Manifest::read(host, &join(folder, "package.json"))?.unwrap_or_default();
                waiting.extend(manifest.needed().cloned());
            }
        }
        Ok(found)
    }

    fn no_member(&self, manager: Manager) -> Problem {
        let message = format!(
            "`{}` has no lock file, and is no package of the workspace above it",
            self.folder
        );
        let lock = join(&self.top, manager.lock());
        Problem::new(message).in_file(lock).hint(format!(
            "name the folder in the workspaces of `{}` and run `{} install`, or give the package a lock file of its own",
            join(&self.top, manager.workspaces()),
            manager.tool()
        ))
    }
}

fn no_lock(folder: &str) -> Problem {
    let message = "there is no lock file, which fixes what is installed, neither there nor above";
    let problem = Problem::new(message).in_file(join(folder, "package.json"));
    problem.hint(
        "run `npm install --package-lock-only` and commit `package-lock.json`; the lock file of a workspace has to lie \
         below the folder of farm.toml",
    )
}
