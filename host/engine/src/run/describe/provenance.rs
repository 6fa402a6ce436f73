//! The provenance of a target: an in-toto Statement v1 with a predicate of SLSA Provenance v1, which says what its
//! artifacts were made from, by what, and how far that was shut in.
//!
//! The same build gives the same bytes: no times and no paths of this machine. Not signed: farm holds no key. What the
//! fields hold is said in `host/docs/provenance.md`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::made::{Made, MadeArtifact, MadeTarget};
use super::sbom::{self, name_of};
use crate::key::ToolIdentity;
use crate::plan::ArtifactRef;
use crate::run::job::TargetRun;
use crate::run::shared::Opened;

/// What all statements of this form are called by.
const BUILD_TYPE: &str = "urn:farm:build:v1";
/// Who says so.
const BUILDER: &str = "urn:farm";

/// The statement on a target that was built; none where its builder was not asked for a plan.
pub(super) fn document(opened: &Opened, made: &Made, target: &MadeTarget, run: &TargetRun) -> Option<Vec<u8>> {
    let request = run.request.as_ref()?;
    let options: Value = serde_json::from_str(&request.options).ok()?;
    let keys: BTreeMap<&str, String> = run
        .ended
        .iter()
        .map(|(id, ended)| (id.as_str(), ended.key.to_string()))
        .collect();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": target.artifacts.iter().flat_map(|made| resources(&request.target, made)).collect::<Vec<_>>(),
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "workspace": opened.workspace.name,
                    "target": request.target,
                    "root": request.root,
                    "mode": request.mode,
                    "builder": target.builder,
                    "options": options,
                },
                "internalParameters": {
                    "sandboxTier": target.tier,
                    "platform": request.platform,
                    "actions": keys,
                },
                "resolvedDependencies": dependencies(opened, made, target, run),
            },
            "runDetails": {
                "builder": {
                    "id": BUILDER,
                    "version": { "farm": env!("CARGO_PKG_VERSION") },
                    "builderDependencies": [{
                        "name": target.builder,
                        "digest": { "blake3": target.component },
                        "annotations": { "version": target.builder_version },
                    }],
                },
            },
        },
    });
    Some(super::text(&statement))
}

/// An artifact by the digest of its content; and, where its builder says one, by that which a registry knows it by.
fn resources(target: &str, artifact: &MadeArtifact) -> Vec<Value> {
    let facts = &artifact.facts;
    let name = name_of(target, &facts.name);
    let subject = json!({ "name": name, "digest": { "sha256": facts.sha256, "blake3": facts.digest } });
    let registered = sbom::registered(artifact)
        .map(|digest| json!({ "name": format!("{name}@sha256"), "digest": { "sha256": digest } }));
    std::iter::once(subject).chain(registered).collect()
}

/// The files of the workspace, the artifacts of other targets, the images that artifacts are built on, and the tools.
fn dependencies(opened: &Opened, made: &Made, target: &MadeTarget, run: &TargetRun) -> Vec<Value> {
    let sources = json!({
        "name": "sources",
        "digest": { "blake3": target.sources },
        "annotations": { "root": opened.target(run.id).root },
    });
    let from: BTreeSet<(&str, &str)> = target
        .artifacts
        .iter()
        .flat_map(|artifact| &artifact.made_from)
        .map(|ArtifactRef { target, name }| (target.as_str(), name.as_str()))
        .collect();
    let artifacts = from.into_iter().flat_map(|(target, name)| {
        let artifacts = made.get(target).map(|target| &target.artifacts);
        let found = artifacts.and_then(|all| all.iter().find(|other| other.facts.name == name));
        found.map_or(Vec::new(), |found| resources(target, found))
    });
    let tools = tools(opened, run).into_iter().map(|tool| {
        let annotations = json!({ "version": tool.version });
        json!({ "name": format!("tool:{}", tool.name), "digest": { "blake3": tool.digest }, "annotations": annotations })
    });
    std::iter::once(sources)
        .chain(artifacts)
        .chain(images(opened, target))
        .chain(tools)
        .collect()
}

/// The images that artifacts of a target are built on, with the digests that registries know them by.
fn images(opened: &Opened, target: &MadeTarget) -> Vec<Value> {
    let listed = target
        .artifacts
        .iter()
        .flat_map(|artifact| sbom::images(&opened.executor.store, artifact));
    let of = |image: &Value| {
        let hashes = image["hashes"].as_array()?;
        let hash = hashes.iter().find(|hash| hash["alg"] == "SHA-256")?;
        let mut resource = json!({ "name": image["name"], "digest": { "sha256": hash["content"] } });
        if let Some(purl) = image["purl"].as_str() {
            resource["uri"] = json!(purl);
        }
        Some((image["bom-ref"].as_str()?.to_owned(), resource))
    };
    // By name: several artifacts may be built on one image.
    let all: BTreeMap<String, Value> = listed.filter_map(|image| of(&image)).collect();
    all.into_values().collect()
}

/// The tools that the actions of its build may start.
fn tools(opened: &Opened, run: &TargetRun) -> BTreeSet<ToolIdentity> {
    let root = &opened.target(run.id).root;
    let executor = &opened.executor;
    let names: BTreeSet<&String> = run.plan.in_builds().flat_map(|action| &action.tools).collect();
    let found = names.into_iter().filter_map(|name| executor.tools.find(name, root));
    found.filter_map(|tool| executor.identified(&tool)).collect()
}
