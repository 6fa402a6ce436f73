//! The SBOM of an artifact, in CycloneDX 1.6: what its builder lists, with what the artifacts list that it was made from.
//!
//! The same artifacts give the same bytes: no times, and a serial number that is made of the rest. Does not know where a
//! builder takes its list from.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::made::{Made, MadeArtifact};
use crate::cache::Store;
use crate::digest::Digest;

/// Largest list of packages that is read, in bytes.
const MAX_LIST: u64 = 64 << 20;

/// What a builder lists: see `components` in `wit/builder.wit`.
#[derive(Deserialize)]
struct Listed {
    components: Vec<Value>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
    direct: Option<BTreeSet<String>>,
    #[serde(default)]
    incomplete: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    r#ref: String,
    depends_on: BTreeSet<String>,
}

/// An SBOM in the making.
struct Sbom<'a> {
    made: &'a Made,
    store: &'a Store,
    /// By `bom-ref`.
    components: BTreeMap<String, Value>,
    dependencies: BTreeMap<String, BTreeSet<String>>,
    /// Artifacts of which a list is missing or cannot be read, and components of which their builder does not know all.
    incomplete: BTreeSet<String>,
}

/// The name of an artifact outside its target.
pub(super) fn name_of(target: &str, artifact: &str) -> String {
    format!("{target}/{artifact}")
}

/// The SBOM of an artifact.
pub(super) fn document(made: &Made, store: &Store, target: &str, artifact: &MadeArtifact) -> Vec<u8> {
    let mut sbom = Sbom {
        made,
        store,
        components: BTreeMap::new(),
        dependencies: BTreeMap::new(),
        incomplete: BTreeSet::new(),
    };
    sbom.add(target, artifact);
    let name = name_of(target, &artifact.facts.name);
    let component = sbom.components.remove(&name);
    let dependencies = sbom.dependencies.into_iter();
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": { "components": [{
                "type": "application", "name": "farm", "version": env!("CARGO_PKG_VERSION"),
            }] },
            "component": component,
        },
        "components": sbom.components.into_values().collect::<Vec<_>>(),
        "dependencies": dependencies.map(|(name, on)| json!({ "ref": name, "dependsOn": on })).collect::<Vec<_>>(),
    });
    if !sbom.incomplete.is_empty() {
        document["compositions"] = json!([{ "aggregate": "incomplete", "assemblies": sbom.incomplete }]);
    }
    let serial = serial_number(&Digest::of(document.to_string().as_bytes()));
    document["serialNumber"] = json!(serial);
    super::text(&document)
}

impl Sbom<'_> {
    /// Adds an artifact with its packages and all that it was made from.
    fn add(&mut self, target: &str, artifact: &MadeArtifact) {
        let name = name_of(target, &artifact.facts.name);
        if self
            .components
            .insert(name.clone(), component(&name, artifact))
            .is_some()
        {
            return;
        }
        let mut needs = BTreeSet::new();
        if let Some(list) = artifact.components {
            match self.listed(&list) {
                Some(listed) => needs = self.take(listed),
                None => drop(self.incomplete.insert(name.clone())),
            }
        }
        for from in &artifact.made_from {
            let artifacts = self.made.get(&from.target).map(|target| &target.artifacts);
            let found = artifacts.and_then(|all| all.iter().find(|other| other.facts.name == from.name));
            match found {
                Some(found) => {
                    needs.insert(name_of(&from.target, &from.name));
                    self.add(&from.target, found);
                }
                None => drop(self.incomplete.insert(name.clone())),
            }
        }
        self.dependencies.insert(name, needs);
    }

    fn listed(&self, list: &Digest) -> Option<Listed> {
        read(self.store, list)
    }

    /// Takes a builder's list over; the `bom-ref`s of what the artifact itself needs.
    fn take(&mut self, listed: Listed) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for component in listed.components {
            if let Some(name) = component["bom-ref"].as_str().map(str::to_owned) {
                self.components.entry(name.clone()).or_insert(component);
                names.insert(name);
            }
        }
        let mut needed = BTreeSet::new();
        for Dependency {
            r#ref: from,
            mut depends_on,
        } in listed.dependencies
        {
            depends_on.retain(|name| names.contains(name));
            needed.extend(depends_on.iter().filter(|name| **name != from).cloned());
            if names.contains(&from) {
                self.dependencies.entry(from).or_default().extend(depends_on);
            }
        }
        self.incomplete.extend(&listed.incomplete & &names);
        match listed.direct {
            Some(direct) => &direct & &names,
            None => &names - &needed,
        }
    }
}

/// Reads a builder's list; none where it is lost or is no list.
fn read(store: &Store, list: &Digest) -> Option<Listed> {
    serde_json::from_slice(&store.read_blob(list, MAX_LIST)?).ok()
}

/// The images that an artifact is built on, as its builder lists them.
pub(super) fn images(store: &Store, artifact: &MadeArtifact) -> Vec<Value> {
    let listed = artifact.components.and_then(|list| read(store, &list));
    let components = listed.map(|listed| listed.components).unwrap_or_default();
    components
        .into_iter()
        .filter(|component| component["type"] == "container")
        .collect()
}

/// An artifact as a component. An image has as its version the digest that a registry knows it by.
fn component(name: &str, artifact: &MadeArtifact) -> Value {
    let facts = &artifact.facts;
    let mut component = json!({
        "type": if facts.kind == "oci-image" { "container" } else { "application" },
        "bom-ref": name,
        "name": name,
        "hashes": [
            { "alg": "SHA-256", "content": facts.sha256 },
            { "alg": "BLAKE3", "content": facts.digest },
        ],
        "properties": [{ "name": "farm:kind", "value": facts.kind }],
    });
    if let Some(digest) = registered(artifact) {
        component["version"] = json!(format!("sha256:{digest}"));
    }
    component
}

/// The SHA-256 by which a registry knows an artifact, where its builder says one.
pub(super) fn registered(artifact: &MadeArtifact) -> Option<&str> {
    artifact.facts.metadata["digest"].as_str()?.strip_prefix("sha256:")
}

/// A UUID of the version that is left to its maker (RFC 9562, version 8), made of a digest.
fn serial_number(digest: &Digest) -> String {
    let mut bytes = *digest.as_bytes();
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = Digest::from_bytes(bytes).to_string();
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32]];
    format!("urn:uuid:{}", parts.join("-"))
}
