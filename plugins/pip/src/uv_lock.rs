//! `uv.lock`: which packages each use of the project takes. Does not know platforms: a package that a marker leaves out
//! here counts as well.

use std::collections::{BTreeMap, BTreeSet};

use farm_sdk::Problem;
use serde::Deserialize;

use crate::lock::UV_LOCK;

/// A `uv.lock`.
#[derive(Debug, Deserialize)]
pub(crate) struct UvLock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Package {
    name: String,
    /// Packages of a registry always have one.
    version: Option<String>,
    /// One kind of source and where it is.
    #[serde(default)]
    source: BTreeMap<String, toml::Value>,
    #[serde(default)]
    dependencies: Vec<Need>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, Vec<Need>>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, Vec<Need>>,
}

/// What a package needs.
#[derive(Debug, Deserialize)]
struct Need {
    name: String,
    #[serde(default)]
    extra: Vec<String>,
}

/// Packages by their names, each with its versions: one for each platform where they differ.
pub(crate) type Versions = BTreeMap<String, BTreeSet<String>>;

/// Sources that are folders of the workspace, not packages of a registry.
const LOCAL: [&str; 3] = ["directory", "editable", "virtual"];

impl UvLock {
    /// Reads one.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        toml::from_str(text).map_err(|error| {
            let problem = Problem::new(format!("`{UV_LOCK}` cannot be read: {}", error.message()));
            problem.in_file(UV_LOCK).hint("run `uv lock`")
        })
    }

    /// The packages that the project itself needs; all where the lock is not that of a project.
    pub(crate) fn production(&self) -> Versions {
        match self.project() {
            Some(project) => self.reached(&project.dependencies),
            None => {
                let mut found = Versions::new();
                self.package.iter().for_each(|package| package.add_to(&mut found));
                found
            }
        }
    }

    /// The project's dependency groups, by name.
    pub(crate) fn groups(&self) -> Vec<String> {
        let groups = self
            .project()
            .into_iter()
            .flat_map(|project| project.dev_dependencies.keys());
        groups.cloned().collect()
    }

    /// The packages of these groups.
    pub(crate) fn of_groups(&self, groups: &[String]) -> Versions {
        let Some(project) = self.project() else {
            return Versions::new();
        };
        let needs = groups.iter().filter_map(|group| project.dev_dependencies.get(group));
        self.reached(needs.flatten())
    }

    /// The package whose folder is that of the lock file.
    fn project(&self) -> Option<&Package> {
        self.package.iter().find(|package| package.local() == Some("."))
    }

    /// What these need, and what that needs, down to the last one; folders of the workspace left out.
    fn reached<'a>(&'a self, needs: impl IntoIterator<Item = &'a Need>) -> Versions {
        let mut found = Versions::new();
        let mut seen = BTreeSet::new();
        let mut open: Vec<&Need> = needs.into_iter().collect();
        while let Some(need) = open.pop() {
            for package in self.package.iter().filter(|package| package.name == need.name) {
                package.add_to(&mut found);
                let extras = need
                    .extra
                    .iter()
                    .filter_map(|extra| package.optional_dependencies.get(extra));
                let next = extras.chain([&package.dependencies]).flatten();
                open.extend(next.filter(|next| seen.insert((next.name.as_str(), next.extra.as_slice()))));
            }
        }
        found
    }
}

impl Package {
    /// The folder that it is, from the lock file's.
    fn local(&self) -> Option<&str> {
        LOCAL.iter().find_map(|kind| self.source.get(*kind)?.as_str())
    }

    /// Adds it, where it is no folder of the workspace.
    fn add_to(&self, found: &mut Versions) {
        if self.local().is_none() {
            found.entry(self.name.clone()).or_default().extend(self.version.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 1

[[package]]
name = "shop"
version = "1.0"
source = { virtual = "." }
dependencies = [{ name = "uvicorn", extra = ["standard"] }, { name = "pricing" }]

[package.dev-dependencies]
build = [{ name = "hatchling" }]
dev = [{ name = "pytest" }]

[[package]]
name = "pricing"
version = "1.0"
source = { editable = "packages/pricing" }
dependencies = [{ name = "rich" }]

[[package]]
name = "uvicorn"
version = "1.0"
source = { registry = "r" }
dependencies = [{ name = "click" }]

[package.optional-dependencies]
standard = [{ name = "httptools" }]
tests = [{ name = "pytest" }]

[[package]]
name = "click"
version = "1.0"
dependencies = [{ name = "click" }]

[[package]]
name = "httptools"
version = "1.0"

[[package]]
name = "rich"
version = "1.0"

[[package]]
name = "pytest"
version = "1.0"
dependencies = [{ name = "pluggy", marker = "sys_platform == 'x'" }]

[[package]]
name = "pluggy"
version = "1.0"

[[package]]
name = "hatchling"
version = "1.0"
dependencies = [{ name = "pluggy" }]
"#;

    fn lock() -> UvLock {
        UvLock::parse(LOCK).expect("a lock")
    }

    fn names(versions: &Versions) -> Vec<&str> {
        versions.keys().map(String::as_str).collect()
    }

    #[test]
    fn production_is_what_the_project_reaches_without_its_groups() {
        let lock = lock();
        let found = lock.production();
        assert_eq!(names(&found), ["click", "httptools", "rich", "uvicorn"]);
        assert_eq!(found["click"], BTreeSet::from(["1.0".to_owned()]));
    }

    #[test]
    fn a_group_is_what_it_reaches_itself() {
        assert_eq!(lock().groups(), ["build", "dev"]);
        assert_eq!(names(&lock().of_groups(&["dev".to_owned()])), ["pluggy", "pytest"]);
        assert_eq!(names(&lock().of_groups(&["none".to_owned()])), [""; 0]);
    }

    #[test]
    fn without_a_project_everything_that_is_fetched_counts() {
        let lock =
            UvLock::parse("[[package]]\nname = \"a\"\n[[package]]\nname = \"b\"\nsource = { editable = \"b\" }\n");
        assert_eq!(names(&lock.expect("a lock").production()), ["a"]);
    }
}
