//! What an artifact consists of, for its SBOM: a list of packages in the words of CycloneDX 1.6, and which needs which.
//!
//! A step writes the list from a lock file, and [`crate::Artifact::components`] names it; farm makes the SBOM of it.
//! Does not know the artifact.

mod base64;
pub mod npm;
mod package;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

use serde::{Serialize, Serializer};

use crate::Problem;
pub use package::{Component, Hash, License, Scope};

/// The packages that an artifact consists of.
///
/// ```
/// use farm_sdk::components::{Component, Components};
///
/// let app = Component::package("pypi", "fastapi", "0.115.0").license("MIT");
/// let core = Component::package("pypi", "starlette", "0.38.6").hash("SHA-256", "ab".repeat(32));
/// let mut components = Components::default();
/// components.direct(&app.purl);
/// components.depends(&app.purl, &core.purl);
/// components.add(app);
/// components.add(core);
/// assert_eq!(components.len(), 2);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Components {
    /// By `bom-ref`.
    #[serde(serialize_with = "values")]
    components: BTreeMap<String, Component>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", serialize_with = "edges")]
    dependencies: BTreeMap<String, BTreeSet<String>>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    direct: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    incomplete: BTreeSet<String>,
}

impl Components {
    /// Adds a package. One that is there already gets the hashes of both, and the scope that says more.
    pub fn add(&mut self, component: Component) {
        match self.components.get_mut(&component.bom_ref) {
            Some(known) => known.merge(component),
            None => drop(self.components.insert(component.bom_ref.clone(), component)),
        }
    }

    /// Says that the artifact itself asks for this package. Where nothing says so, these are the packages that no other
    /// one needs.
    pub fn direct(&mut self, purl: &str) {
        self.direct.insert(purl.to_owned());
    }

    /// Says that there is more in a component than this list tells: an image of whose packages nothing is known.
    pub fn incomplete(&mut self, bom_ref: &str) {
        self.incomplete.insert(bom_ref.to_owned());
    }

    /// Says that one package needs another one.
    pub fn depends(&mut self, from: &str, on: &str) {
        self.dependencies
            .entry(from.to_owned())
            .or_default()
            .insert(on.to_owned());
    }

    /// Without the packages that are no part of what runs ([`Scope::Excluded`]).
    #[must_use]
    pub fn without_excluded(mut self) -> Self {
        self.components
            .retain(|_, component| component.scope != Some(Scope::Excluded));
        let stays = |purl: &String| self.components.contains_key(purl);
        self.direct.retain(stays);
        self.incomplete.retain(stays);
        self.dependencies.retain(|from, on| {
            on.retain(stays);
            stays(from) && !on.is_empty()
        });
        self
    }

    /// How many packages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.components.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.components.is_empty()
    }

    /// Each package, sorted by `bom-ref`.
    pub fn iter(&self) -> impl Iterator<Item = &Component> {
        self.components.values()
    }

    /// Writes the document that [`crate::Artifact::components`] names: equal lists give equal bytes.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, file: &Path) -> Result<(), Problem> {
        let json = serde_json::to_string_pretty(self).map_err(io::Error::from)?;
        Ok(fs::write(file, json + "\n")?)
    }
}

fn values<S: Serializer>(components: &BTreeMap<String, Component>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(components.values())
}

/// Who needs what, as CycloneDX writes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency<'a> {
    r#ref: &'a str,
    depends_on: &'a BTreeSet<String>,
}

fn edges<S: Serializer>(edges: &BTreeMap<String, BTreeSet<String>>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(edges.iter().map(|(from, depends_on)| Dependency {
        r#ref: from,
        depends_on,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Components {
        let mut list = Components::default();
        let tool = Component::package("npm", "vite", "8.0.0").scope(Scope::Excluded);
        let app = Component::package("npm", "@a/react", "19.0.0").license("MIT");
        list.direct(&tool.purl);
        list.direct(&app.purl);
        list.depends(&tool.purl, &app.purl);
        list.add(tool);
        list.add(app);
        list
    }

    #[test]
    fn the_document_is_sorted_and_says_what_is_known() {
        let text = serde_json::to_value(list()).expect("JSON");
        let expected = serde_json::json!({
            "components": [
                { "type": "library", "bom-ref": "pkg:npm/%40a/react@19.0.0", "name": "@a/react", "version": "19.0.0",
                  "licenses": [{ "expression": "MIT" }], "purl": "pkg:npm/%40a/react@19.0.0" },
                { "type": "library", "bom-ref": "pkg:npm/vite@8.0.0", "name": "vite", "version": "8.0.0",
                  "scope": "excluded", "purl": "pkg:npm/vite@8.0.0" },
            ],
            "dependencies": [{ "ref": "pkg:npm/vite@8.0.0", "dependsOn": ["pkg:npm/%40a/react@19.0.0"] }],
            "direct": ["pkg:npm/%40a/react@19.0.0", "pkg:npm/vite@8.0.0"],
        });
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_excluded_goes_with_its_edges() {
        let text = serde_json::to_value(list().without_excluded()).expect("JSON");
        assert_eq!(text["components"].as_array().expect("a list").len(), 1);
        assert_eq!(text["direct"], serde_json::json!(["pkg:npm/%40a/react@19.0.0"]));
        assert_eq!(text.get("dependencies"), None);
    }

    #[test]
    fn one_package_from_two_places_is_one_component() {
        let mut list = list();
        let again = Component::package("npm", "vite", "8.0.0").hash("SHA-512", "00");
        list.add(again);
        let vite = list.iter().last().expect("vite");
        assert_eq!((list.len(), vite.scope, vite.hashes.len()), (2, None, 1));
    }
}
