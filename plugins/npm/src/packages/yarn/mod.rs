//! `yarn.lock`, of Yarn 1 and of later ones. It does not say what is for development, so that is told by the manifests.

mod berry;
mod classic;

use std::collections::BTreeMap;

use farm_sdk::Problem;
use farm_sdk::components::{Component, Components, Scope};

use super::{Entry, Graph};
use crate::Manifest;

const NAME: &str = "yarn.lock";
/// Before the name of a package of the workspace, which is no package of the lock file.
const OWN: &str = "workspace:";

/// Who asks for packages.
#[derive(Debug)]
pub struct Manifests {
    /// The package itself.
    pub own: Manifest,
    /// The packages of its workspace that it needs, by name.
    pub locals: BTreeMap<String, Manifest>,
}

/// One entry of the lock file.
#[derive(Debug, Default)]
struct Locked {
    /// What it is asked for by: `name@range`.
    asked: Vec<String>,
    name: String,
    /// None where it is a folder.
    version: Option<String>,
    integrity: Option<String>,
    dependencies: BTreeMap<String, String>,
    optional_dependencies: BTreeMap<String, String>,
    /// What whoever uses it has to bring.
    peers: Vec<String>,
}

/// The packages that a package needs, by its manifest and those of its workspace. What only development needs is
/// [`Scope::Excluded`], what may not be installed is [`Scope::Optional`].
///
/// # Errors
/// The text is no lock file.
pub fn read(text: &str, manifests: &Manifests) -> Result<Components, Problem> {
    let locked = if text.lines().any(|line| line.starts_with("__metadata:")) {
        berry::parse(text)?
    } else {
        classic::parse(text)
    };
    let lock = Lock::of(&locked, manifests);
    Ok(lock.graph().needed_by(OWN))
}

/// The lock file, and who asks.
struct Lock<'a> {
    locked: &'a [Locked],
    /// Places of entries.
    asked: BTreeMap<&'a str, usize>,
    named: BTreeMap<&'a str, Vec<usize>>,
    manifests: &'a Manifests,
}

impl<'a> Lock<'a> {
    fn of(locked: &'a [Locked], manifests: &'a Manifests) -> Self {
        let mut lock = Self {
            locked,
            asked: BTreeMap::new(),
            named: BTreeMap::new(),
            manifests,
        };
        for (place, entry) in locked.iter().enumerate() {
            for asked in &entry.asked {
                lock.asked.insert(asked, place);
                lock.named.entry(split(asked).0).or_default().push(place);
            }
        }
        lock
    }

    fn graph(&self) -> Graph {
        let mut graph = Graph::default();
        let component = None;
        let needs = self.asked_by(&self.manifests.own, true);
        graph.0.insert(OWN.to_owned(), Entry { component, needs });
        for (name, manifest) in &self.manifests.locals {
            let (component, needs) = (None, self.asked_by(manifest, false));
            graph.0.insert(format!("{OWN}{name}"), Entry { component, needs });
        }
        for (place, locked) in self.locked.iter().enumerate() {
            let component = locked.version.as_deref().map(|version| {
                let component = Component::package("npm", &locked.name, version);
                component.integrity(locked.integrity.as_deref().unwrap_or_default())
            });
            let needs = self.needs(locked);
            graph.0.insert(place.to_string(), Entry { component, needs });
        }
        graph
    }

    /// What a package of the workspace asks for.
    fn asked_by(&self, manifest: &Manifest, is_developed: bool) -> Vec<(String, Scope)> {
        let kinds = [
            (&manifest.dependencies, Scope::Required),
            (&manifest.peer_dependencies, Scope::Required),
            (&manifest.optional_dependencies, Scope::Optional),
            (&manifest.dev_dependencies, Scope::Excluded),
        ];
        let kinds = kinds
            .into_iter()
            .filter(|(_, scope)| is_developed || *scope != Scope::Excluded);
        let asked = kinds.flat_map(|(asked, scope)| asked.iter().map(move |(name, range)| (name, range, scope)));
        asked
            .flat_map(|(name, range, scope)| self.keys(name, range).into_iter().map(move |key| (key, scope)))
            .collect()
    }

    fn needs(&self, locked: &Locked) -> Vec<(String, Scope)> {
        let required = locked
            .dependencies
            .iter()
            .map(|(name, range)| (name, range, Scope::Required));
        let optional = locked
            .optional_dependencies
            .iter()
            .map(|(name, range)| (name, range, Scope::Optional));
        // Whoever brings them is nearly always the package itself.
        let peers = locked.peers.iter().filter_map(|peer| {
            let (name, range) = self.manifests.own.asked().find(|(name, _)| *name == peer)?;
            Some((name, range, Scope::Required))
        });
        required
            .chain(optional)
            .chain(peers)
            .flat_map(|(name, range, scope)| self.keys(name, range).into_iter().map(move |key| (key, scope)))
            .collect()
    }

    /// The keys of what is meant. Of a range that no entry has (something has replaced it: `resolutions`, or a catalog),
    /// it may be each entry of that name.
    fn keys(&self, name: &str, range: &str) -> Vec<String> {
        if self.manifests.locals.contains_key(name) {
            return vec![format!("{OWN}{name}")];
        }
        let forms = [format!("{name}@{range}"), format!("{name}@npm:{range}")];
        match forms.iter().find_map(|form| self.asked.get(form.as_str())) {
            Some(place) => vec![place.to_string()],
            None => self
                .named
                .get(name)
                .into_iter()
                .flatten()
                .map(usize::to_string)
                .collect(),
        }
    }
}

/// Name and range of `@scope/name@range`.
fn split(asked: &str) -> (&str, &str) {
    let at = asked
        .get(1..)
        .and_then(|rest| rest.find('@'))
        .map_or(asked.len(), |at| at + 1);
    (&asked[..at], asked[at..].trim_start_matches('@'))
}

/// The name of what is really installed: that of an alias stands in its range.
fn real_name(asked: &str) -> &str {
    let (name, range) = split(asked);
    match range.strip_prefix("npm:").map(split) {
        Some((other, range)) if !range.is_empty() => other,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_known_by_what_it_stands_for() {
        for (asked, name) in [
            ("ms@2.0.0", "ms"),
            ("ms@npm:^2.0.0", "ms"),
            ("old@npm:ms@^2.0.0", "ms"),
            ("@my/old@npm:@their/ms@2", "@their/ms"),
            ("@my/ms@workspace:*", "@my/ms"),
            ("ms@git@github.com:vercel/ms.git", "ms"),
        ] {
            assert_eq!(real_name(asked), name, "{asked}");
        }
    }
}
