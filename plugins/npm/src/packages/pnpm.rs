//! `pnpm-lock.yaml`, from version 5 (pnpm 3) to 9 (pnpm 9 and later).

use std::collections::BTreeMap;

use farm_sdk::Problem;
use farm_sdk::components::{Component, Components, Scope};
use serde::Deserialize;
use serde_yaml_ng::Value;

use super::{Entry, Graph};
use crate::{join, resolve};

const NAME: &str = "pnpm-lock.yaml";
/// Before the folder of a package of the workspace, which is no package of the lock file.
const LINK: &str = "link:";

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Lock {
    lockfile_version: Value,
    /// By folder. Before version 9, a lock file of one package has its fields at the top.
    importers: BTreeMap<String, Importer>,
    packages: BTreeMap<String, Package>,
    /// From version 9: who needs what, apart from the packages, since that depends on who brings their peers.
    snapshots: BTreeMap<String, Package>,
}

/// What a package of the workspace asks for: by name, a version, or a table with one.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Importer {
    dependencies: BTreeMap<String, Value>,
    optional_dependencies: BTreeMap<String, Value>,
    dev_dependencies: BTreeMap<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Package {
    /// These two where its key does not say them: it is from no registry.
    name: Option<String>,
    version: Option<String>,
    resolution: Resolution,
    dependencies: BTreeMap<String, String>,
    optional_dependencies: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resolution {
    integrity: Option<String>,
}

/// The packages that the package in `folder` needs, from the lock file's own folder, which is the empty one. What only
/// development needs is [`Scope::Excluded`], what may not be installed is [`Scope::Optional`].
///
/// # Errors
/// The text is no lock file, or has no such package.
pub fn read(text: &str, folder: &str) -> Result<Components, Problem> {
    let lock = parse(text)?;
    let at = if folder.is_empty() { "." } else { folder };
    if !lock.importers.contains_key(at) {
        return Err(problem(format!("`{NAME}` has no package `{folder}`")));
    }
    Ok(lock.graph(folder).needed_by(&link(folder)))
}

/// The last document: pnpm 11 writes what is about itself into one before it.
fn parse(text: &str) -> Result<Lock, Problem> {
    let unreadable = |error| problem(format!("`{NAME}` cannot be read: {error}"));
    let mut last = Value::Null;
    for document in serde_yaml_ng::Deserializer::from_str(text) {
        last = Value::deserialize(document).map_err(unreadable)?;
    }
    let mut lock = Lock::deserialize(&last).map_err(unreadable)?;
    if lock.importers.is_empty() {
        let own = Importer::deserialize(&last).map_err(unreadable)?;
        lock.importers.insert(".".to_owned(), own);
    }
    Ok(lock)
}

fn problem(message: String) -> Problem {
    Problem::new(message)
        .in_file(NAME)
        .hint("run `pnpm install --lockfile-only`")
}

/// The key of a folder of the workspace.
fn link(folder: &str) -> String {
    format!("{LINK}{folder}")
}

impl Lock {
    /// `root` is the folder of the package that is developed.
    fn graph(&self, root: &str) -> Graph {
        let mut graph = Graph::default();
        for (at, importer) in &self.importers {
            let folder = if at == "." { "" } else { at };
            let mut needs = importer.needs(self, folder);
            needs.retain(|(_, scope)| folder == root || *scope != Scope::Excluded);
            graph.0.insert(link(folder), Entry { component: None, needs });
        }
        let keys = self.packages.keys().chain(self.snapshots.keys());
        for key in keys {
            let package = self.packages.get(key).or_else(|| self.packages.get(without_peers(key)));
            let needing = self.snapshots.get(key).or(package);
            let entry = Entry {
                component: package.and_then(|package| self.component(key, package)),
                needs: needing.map(|package| package.needs(self)).unwrap_or_default(),
            };
            graph.0.insert(key.clone(), entry);
        }
        graph
    }

    /// The key of the package that is meant: the version alone is written, or all of the key where the name is another.
    fn key(&self, name: &str, reference: &str) -> String {
        let forms = ["", "/"].map(|start| format!("{start}{name}@{reference}"));
        let mut forms = forms.into_iter().chain([format!("/{name}/{reference}")]);
        let is_known = |key: &String| self.packages.contains_key(key) || self.snapshots.contains_key(key);
        forms.find(is_known).unwrap_or_else(|| reference.to_owned())
    }

    fn component(&self, key: &str, package: &Package) -> Option<Component> {
        let (name, version) = if self.is_old() { split_old(key)? } else { split(key)? };
        let name = package.name.as_deref().unwrap_or(name);
        let is_version = |text: &&str| text.starts_with(|c: char| c.is_ascii_digit());
        let version = package.version.as_deref().or(Some(version).filter(is_version))?;
        let integrity = package.resolution.integrity.as_deref().unwrap_or_default();
        Some(Component::package("npm", name, version).integrity(integrity))
    }

    /// Before version 6 a slash stood between name and version.
    fn is_old(&self) -> bool {
        let version = match &self.lockfile_version {
            Value::String(text) => text.parse().ok(),
            other => other.as_f64(),
        };
        version.is_some_and(|version| version < 6.0)
    }
}

impl Importer {
    fn needs(&self, lock: &Lock, folder: &str) -> Vec<(String, Scope)> {
        let kinds = [
            (&self.dependencies, Scope::Required),
            (&self.optional_dependencies, Scope::Optional),
            (&self.dev_dependencies, Scope::Excluded),
        ];
        let all = kinds
            .into_iter()
            .flat_map(|(needs, scope)| needs.iter().map(move |need| (need, scope)));
        all.filter_map(|((name, asked), scope)| {
            let reference = asked.as_str().or_else(|| asked.get("version")?.as_str())?;
            let key = match reference.strip_prefix(LINK) {
                Some(path) => link(&resolve(&join(folder, "package.json"), path)?),
                None => lock.key(name, reference),
            };
            Some((key, scope))
        })
        .collect()
    }
}

impl Package {
    fn needs(&self, lock: &Lock) -> Vec<(String, Scope)> {
        let required = self.dependencies.iter().map(|need| (need, Scope::Required));
        let optional = self.optional_dependencies.iter().map(|need| (need, Scope::Optional));
        let all = required.chain(optional);
        // Here a link counts from the lock file.
        all.map(|((name, reference), scope)| (lock.key(name, reference), scope))
            .collect()
    }
}

/// A key without the peers behind it.
fn without_peers(key: &str) -> &str {
    key.split_once('(').map_or(key, |(key, _)| key)
}

/// Name and version of `/@scope/name@1.0.0(peer@2.0.0)`; the slash is gone since version 9.
fn split(key: &str) -> Option<(&str, &str)> {
    let key = without_peers(key).trim_start_matches('/');
    let at = key.get(1..)?.find('@')? + 1;
    Some((&key[..at], &key[at + 1..]))
}

/// Name and version of `/@scope/name/1.0.0_peer@2.0.0`.
fn split_old(key: &str) -> Option<(&str, &str)> {
    let (name, version) = key.trim_start_matches('/').rsplit_once('/')?;
    Some((name, version.split('_').next()?))
}
