//! The format of Yarn from 2 on, which is YAML.
//!
//! Its `checksum` is not taken over: it is that of an archive that Yarn packs itself, and differs from one version of Yarn to
//! the next. A hash in an SBOM is for somebody who has the package.

use std::collections::BTreeMap;

use farm_sdk::Problem;
use serde::Deserialize;
use serde_yaml_ng::Value;

use super::{Locked, NAME, real_name};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Package {
    version: String,
    resolution: String,
    /// `hard`, or `soft` for a folder.
    link_type: String,
    dependencies: BTreeMap<String, String>,
    dependencies_meta: BTreeMap<String, Meta>,
    peer_dependencies: BTreeMap<String, Value>,
    peer_dependencies_meta: BTreeMap<String, Meta>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    optional: bool,
}

pub(super) fn parse(text: &str) -> Result<Vec<Locked>, Problem> {
    let unreadable = |error: serde_yaml_ng::Error| {
        let problem = Problem::new(format!("`{NAME}` cannot be read: {error}"));
        problem.in_file(NAME).hint("run `yarn install`")
    };
    let entries: BTreeMap<String, Value> = serde_yaml_ng::from_str(text).map_err(unreadable)?;
    let entries = entries.into_iter().filter(|(asked, _)| asked != "__metadata");
    entries
        .map(|(asked, value)| Ok(entry(&asked, Package::deserialize(value).map_err(unreadable)?)))
        .collect()
}

fn entry(asked: &str, package: Package) -> Locked {
    let is_optional = |name: &String| package.dependencies_meta.get(name).is_some_and(|meta| meta.optional);
    let is_left = |name: &String| {
        package
            .peer_dependencies_meta
            .get(name)
            .is_some_and(|meta| meta.optional)
    };
    let (optional_dependencies, dependencies) = package
        .dependencies
        .into_iter()
        .partition(|(name, _)| is_optional(name));
    Locked {
        asked: asked.split(", ").map(str::to_owned).collect(),
        name: real_name(&package.resolution).to_owned(),
        version: (package.link_type != "soft").then_some(package.version),
        integrity: None,
        dependencies,
        optional_dependencies,
        peers: package
            .peer_dependencies
            .into_keys()
            .filter(|name| !is_left(name))
            .collect(),
    }
}
