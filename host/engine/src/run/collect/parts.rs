//! The records of actions and artifacts, from how they ended.

use std::borrow::Cow;

use crate::digest::Hasher;
use crate::path::RelPath;
use crate::plan::{CheckedAction, CheckedArtifact, OutputRef};
use crate::run::describe::{MadeArtifact, MadeTarget, components};
use crate::run::job::TargetRun;
use crate::run::state::{ActionRecord, ArtifactRecord};

/// What is remembered of an action that ended well.
pub(super) fn action_record<'a>(
    run: &'a TargetRun,
    action: &'a CheckedAction,
    root: &RelPath,
) -> Option<ActionRecord<'a>> {
    let ended = run.ended.get(&action.id)?;
    let outputs = action.outputs.iter().filter(|output| output.in_place);
    Some(ActionRecord {
        id: &action.id,
        label: &action.label,
        key: *ended.key.as_bytes(),
        tier: ended.tier,
        nanoseconds: u64::try_from(ended.duration.as_nanos()).unwrap_or(u64::MAX),
        usage: ended.usage,
        fetched: ended.fetched,
        in_place: outputs
            .map(|output| (output.name.as_str(), Cow::Owned(root.join(&output.path).to_string())))
            .collect(),
    })
}

/// Digest of what a target offers to those that depend on it; the lists of packages too, for their SBOMs.
pub(super) fn offers(run: &TargetRun) -> [u8; 32] {
    let mut hasher = Hasher::new();
    for artifact in &run.artifacts {
        hasher.field(artifact.name.as_bytes());
        hasher.field(artifact.kind.as_bytes());
        hasher.field(artifact.digest.as_bytes());
    }
    for list in run
        .plan
        .artifacts
        .iter()
        .filter_map(|artifact| components(run, artifact))
    {
        hasher.field(list.as_bytes());
    }
    *hasher.finish().as_bytes()
}

/// What is remembered of an artifact.
pub(super) fn artifact_record<'a>(artifact: &'a CheckedArtifact, made: &'a MadeTarget) -> Option<ArtifactRecord<'a>> {
    let mut artifacts = made.artifacts.iter();
    let MadeArtifact {
        facts,
        components,
        made_from,
    } = artifacts.find(|made| made.facts.name == artifact.name)?;
    let names = |from: &'a OutputRef| (from.action.as_str(), from.output.as_str());
    Some(ArtifactRecord {
        name: &artifact.name,
        kind: &artifact.kind,
        from: names(&artifact.from),
        metadata_from: artifact.metadata.as_ref().map(names),
        components_from: artifact.components.as_ref().map(names),
        place: artifact.place.as_ref().map(RelPath::as_str),
        digest: Cow::Borrowed(&facts.digest),
        sha256: Cow::Borrowed(&facts.sha256),
        components: components.map(|list| *list.as_bytes()),
        made_from: made_from
            .iter()
            .map(|from| (from.target.as_str(), from.name.as_str()))
            .collect(),
        files: facts.files,
        bytes: facts.bytes,
        path: facts.path.as_deref(),
        metadata: Cow::Owned(facts.metadata.to_string()),
    })
}
