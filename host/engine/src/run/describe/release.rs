//! What there is to publish of the last build: artifacts, what describes them, and the manifest of just these. Does not
//! know where it goes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::manifest::{self, Manifest};
use crate::config::PublishSettings;
use crate::error::{Class, Problem};
use crate::graph;
use crate::path::RelPath;
use crate::run::request::Request;
use crate::run::shared;

/// Files of the output folder that belong together.
#[derive(Debug, Clone)]
pub struct Release {
    /// The output folder.
    pub folder: PathBuf,
    /// Files and folders, from the output folder.
    pub paths: Vec<String>,
    /// The bytes of the manifest that names only these.
    pub manifest: Vec<u8>,
    /// Where `farm.toml` says that it goes.
    pub settings: PublishSettings,
}

/// What the last build has left of the targets that are asked for, without those that they depend on.
pub fn release(request: &Request) -> Result<Release, Problem> {
    let workspace = shared::load(request)?;
    let graph = graph::build(&workspace)?;
    let mut names = BTreeSet::new();
    for text in &request.targets {
        let ids = graph.matching(text)?;
        names.extend(ids.iter().map(|id| workspace.targets[id.index()].name.to_string()));
    }
    let folder = workspace.output.under(&workspace.root);
    let is_chosen = |name: &str| names.is_empty() || names.contains(name);
    let manifest = manifest::read(&folder).map(|manifest| manifest.only(is_chosen));
    let paths = manifest
        .as_ref()
        .map_or(Vec::new(), |manifest| paths(manifest, &workspace.output));
    let Some(manifest) = manifest.filter(|_| !paths.is_empty()) else {
        let message = "there is nothing to publish: these targets put no artifact into the output folder";
        let hint = "publish targets whose artifacts land there; `farm build` lists them";
        return Err(Problem::new("publish::nothing", Class::Request, message).hint(hint));
    };
    Ok(Release {
        folder,
        paths,
        manifest: manifest.encode(),
        settings: workspace.publish,
    })
}

/// What a manifest names, from the output folder.
fn paths(manifest: &Manifest, output: &RelPath) -> Vec<String> {
    let named = manifest.artifacts().chain(manifest.documents());
    let paths = named.filter_map(|path| RelPath::parse(path).ok()?.below(output));
    paths.map(|path| path.to_string()).collect()
}
