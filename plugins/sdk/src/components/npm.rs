//! The packages of a `package-lock.json`, version 2 or 3. Does not know what is installed of them.

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;

use super::{Component, Components, Scope};
use crate::Problem;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lock {
    #[serde(default)]
    lockfile_version: u32,
    /// By folder; the empty one is the lock file's own.
    #[serde(default)]
    packages: BTreeMap<String, Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    /// Set where a package is installed under another name than its own.
    name: Option<String>,
    version: Option<String>,
    /// Of a link, the folder that it leads to.
    resolved: Option<String>,
    #[serde(default)]
    link: bool,
    integrity: Option<String>,
    /// A text, but in very old packages.
    license: Option<serde_json::Value>,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, String>,
    #[serde(default)]
    peer_dependencies: BTreeMap<String, String>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, String>,
}

/// The packages that the package in `folder` needs; the empty folder is the lock file's own, another one that of an npm
/// workspace. What only development needs is [`Scope::Excluded`], what may not be installed is [`Scope::Optional`].
///
/// ```
/// let lock = r#"{ "lockfileVersion": 3, "packages": {
///     "": { "dependencies": { "react": "^19.0.0" } },
///     "node_modules/react": { "version": "19.0.0", "license": "MIT" } } }"#;
/// let components = farm_sdk::components::npm::read(lock, "").unwrap();
/// assert_eq!(components.iter().next().unwrap().purl, "pkg:npm/react@19.0.0");
/// ```
///
/// # Errors
/// The text is no lock file of these versions, or has no such package.
pub fn read(text: &str, folder: &str) -> Result<Components, Problem> {
    let problem = |message: String| {
        let hint = "run `npm install --package-lock-only` with npm 7 or later";
        Problem::new(message).in_file("package-lock.json").hint(hint)
    };
    let lock: Lock =
        serde_json::from_str(text).map_err(|error| problem(format!("`package-lock.json` cannot be read: {error}")))?;
    if lock.lockfile_version < 2 {
        let version = lock.lockfile_version;
        return Err(problem(format!("`package-lock.json` has the old version {version}")));
    }
    let (root, _) = lock
        .packages
        .get_key_value(folder)
        .ok_or_else(|| problem(format!("`package-lock.json` has no package `{folder}`")))?;
    Ok(lock.components(root))
}

impl Lock {
    fn components(&self, root: &str) -> Components {
        let scopes = self.scopes(root);
        let mut components = Components::default();
        for (at, scope) in &scopes {
            let purl = self.component(at).map(|component| {
                let purl = component.purl.clone();
                components.add(component.scope(*scope));
                purl
            });
            for (on, _) in self.needs(at, *at == root) {
                match (&purl, self.component(on)) {
                    (Some(purl), Some(on)) => components.depends(purl, &on.purl),
                    // What a folder of one's own needs, one needs oneself.
                    (None, Some(on)) => components.direct(&on.purl),
                    (_, None) => {}
                }
            }
        }
        components
    }

    /// Every package that is needed, by folder, with the strongest reason.
    fn scopes<'a>(&'a self, root: &'a str) -> BTreeMap<&'a str, Scope> {
        let mut scopes = BTreeMap::from([(root, Scope::Required)]);
        let mut open = VecDeque::from([root]);
        while let Some(at) = open.pop_front() {
            let scope = scopes[at];
            for (on, reason) in self.needs(at, at == root) {
                let reason = reason.min(scope);
                if scopes.get(on).is_none_or(|known| *known < reason) {
                    scopes.insert(on, reason);
                    open.push_back(on);
                }
            }
        }
        scopes
    }

    /// The folders of what a package needs, with the reason. Only the root is developed here.
    fn needs<'a>(&'a self, at: &'a str, is_root: bool) -> impl Iterator<Item = (&'a str, Scope)> {
        let package = self.packages.get(at);
        let kinds = package.into_iter().flat_map(move |package| {
            [
                (&package.dependencies, Scope::Required),
                (&package.peer_dependencies, Scope::Required),
                (&package.optional_dependencies, Scope::Optional),
                (&package.dev_dependencies, Scope::Excluded),
            ]
        });
        kinds
            .filter(move |(_, scope)| is_root || *scope != Scope::Excluded)
            .flat_map(|(names, scope)| names.keys().map(move |name| (name, scope)))
            .filter_map(move |(name, scope)| Some((self.resolve(at, name)?, scope)))
    }

    /// The folder in which a package finds another one, as Node.js looks for it; a link is followed.
    fn resolve(&self, from: &str, name: &str) -> Option<&str> {
        let mut folder = from;
        loop {
            let inside = if folder.is_empty() {
                format!("node_modules/{name}")
            } else {
                format!("{folder}/node_modules/{name}")
            };
            if let Some((at, package)) = self.packages.get_key_value(&inside) {
                let target = package.resolved.as_deref().filter(|_| package.link);
                let linked = target.and_then(|target| self.packages.get_key_value(target));
                return Some(linked.map_or(at, |(target, _)| target));
            }
            if folder.is_empty() {
                return None;
            }
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }

    /// The package in a folder of `node_modules`; a folder of one's own is none.
    fn component(&self, at: &str) -> Option<Component> {
        let (_, installed_as) = at.rsplit_once("node_modules/")?;
        let package = self.packages.get(at).filter(|package| !package.link)?;
        let name = package.name.as_deref().unwrap_or(installed_as);
        let component = Component::package("npm", name, package.version.as_deref()?);
        let component = match package.license.as_ref().and_then(serde_json::Value::as_str) {
            Some(license) => component.license(license),
            None => component,
        };
        Some(component.integrity(package.integrity.as_deref().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"{ "lockfileVersion": 3, "packages": {
        "": { "name": "shop", "dependencies": { "@a/react": "^1", "local": "*" },
              "devDependencies": { "vite": "^8", "alias": "npm:real@1" }, "optionalDependencies": { "native": "1" } },
        "node_modules/@a/react": { "version": "1.0.0", "license": "MIT", "dependencies": { "loose": "^2" },
                                   "integrity": "sha256-q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=" },
        "node_modules/@a/react/node_modules/loose": { "version": "2.0.0", "devDependencies": { "vite": "^8" } },
        "node_modules/loose": { "version": "1.0.0" },
        "node_modules/vite": { "version": "8.0.0", "dependencies": { "loose": "^1", "shared": "1" } },
        "node_modules/alias": { "name": "real", "version": "1.0.0" },
        "node_modules/native": { "version": "1.0.0", "os": ["darwin"] },
        "node_modules/local": { "resolved": "packages/local", "link": true },
        "packages/local": { "version": "0.1.0", "dependencies": { "shared": "1" }, "devDependencies": { "lint": "1" } },
        "node_modules/shared": { "version": "1.0.0" },
        "node_modules/lint": { "version": "1.0.0" },
        "node_modules/stray": { "version": "1.0.0", "extraneous": true } } }"#;

    fn listed(folder: &str) -> Vec<(String, Option<Scope>)> {
        let components = read(LOCK, folder).expect("a lock file");
        components
            .iter()
            .map(|c| (c.purl["pkg:npm/".len()..].to_owned(), c.scope))
            .collect()
    }

    #[test]
    fn every_package_has_the_strongest_reason_for_which_it_is_needed() {
        let expected = [
            ("%40a/react@1.0.0", None),
            ("loose@1.0.0", Some(Scope::Excluded)),
            ("loose@2.0.0", None),
            ("native@1.0.0", Some(Scope::Optional)),
            ("real@1.0.0", Some(Scope::Excluded)),
            ("shared@1.0.0", None),
            ("vite@8.0.0", Some(Scope::Excluded)),
        ];
        assert_eq!(listed(""), expected.map(|(name, scope)| (name.to_owned(), scope)));
    }

    #[test]
    fn a_workspace_of_npm_has_its_own_packages_alone() {
        let expected = [("lint@1.0.0", Some(Scope::Excluded)), ("shared@1.0.0", None)];
        assert_eq!(
            listed("packages/local"),
            expected.map(|(name, scope)| (name.to_owned(), scope))
        );
    }

    #[test]
    fn hashes_and_edges_are_those_of_the_lock_file() {
        let json = serde_json::to_value(read(LOCK, "").expect("a lock file")).expect("JSON");
        let expected = serde_json::json!([{ "alg": "SHA-256", "content": "ab".repeat(32) }]);
        assert_eq!(json["components"][0]["hashes"], expected);
        let direct = [
            "%40a/react@1.0.0",
            "native@1.0.0",
            "real@1.0.0",
            "shared@1.0.0",
            "vite@8.0.0",
        ];
        assert_eq!(
            json["direct"],
            serde_json::json!(direct.map(|name| format!("pkg:npm/{name}")))
        );
        let react = serde_json::json!({ "ref": "pkg:npm/%40a/react@1.0.0", "dependsOn": ["pkg:npm/loose@2.0.0"] });
        assert_eq!(json["dependencies"][0], react);
    }

    #[test]
    fn what_is_no_lock_file_is_told() {
        let message = |text, folder| read(text, folder).expect_err("a mistake").message;
        assert_eq!(
            message(r#"{ "lockfileVersion": 1 }"#, ""),
            "`package-lock.json` has the old version 1"
        );
        assert_eq!(
            message(LOCK, "apps/web"),
            "`package-lock.json` has no package `apps/web`"
        );
        assert!(message("{", "").starts_with("`package-lock.json` cannot be read: "));
    }
}
