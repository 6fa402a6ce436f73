//! What is there after a build, in plain facts: of targets that were built, and from the records of those that were
//! taken over. Does not know how any of it is written down.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::cache::Content;
use crate::digest::{Digest, Hasher};
use crate::event::ArtifactFacts;
use crate::inputs::{Aspect, Noted};
use crate::plan::{ArtifactRef, CheckedArtifact, CheckedPlan, CheckedSource};
use crate::run::job::{Phase, TargetRun};
use crate::run::recall::{self, Last};
use crate::run::shared::Opened;
use crate::run::state::{ArtifactRecord, TargetRecord};
use crate::sandbox::Tier;

/// The targets that are there, by full name.
pub(in crate::run) type Made = BTreeMap<String, MadeTarget>;

/// A target that is there.
#[derive(Debug)]
pub(in crate::run) struct MadeTarget {
    /// Its builder's name.
    pub(in crate::run) builder: String,
    /// What its builder calls its own version.
    pub(in crate::run) builder_version: String,
    /// Digest of the component that its builder is.
    pub(in crate::run) component: Digest,
    /// The weakest tier that one of its tools ran in; none where no tool ran.
    pub(in crate::run) tier: Option<Tier>,
    /// How long the runs took that made its results, one after the other.
    pub(in crate::run) duration: Duration,
    /// Digest of the files of the workspace that it was made from.
    pub(in crate::run) sources: Digest,
    /// What it made.
    pub(in crate::run) artifacts: Vec<MadeArtifact>,
}

/// An artifact that is there.
#[derive(Debug)]
pub(in crate::run) struct MadeArtifact {
    /// What reports say of it.
    pub(in crate::run) facts: ArtifactFacts,
    /// Blob with the list of its packages.
    pub(in crate::run) components: Option<Digest>,
    /// The artifacts of other targets that it was made from.
    pub(in crate::run) made_from: Vec<ArtifactRef>,
}

/// Looks through the targets of a build, those that failed left out.
pub(in crate::run) fn made(opened: &Opened, last: Option<&Last<'_>>, runs: &[TargetRun]) -> Made {
    let good = runs.iter().filter(|run| run.phase == Phase::Done && !run.failed);
    good.filter_map(|run| {
        let name = opened.target(run.id).name.to_string();
        let target = if run.is_recalled {
            recalled(last?.record(&name)?)
        } else {
            built(opened, run)?
        };
        Some((name, target))
    })
    .collect()
}

fn built(opened: &Opened, run: &TargetRun) -> Option<MadeTarget> {
    let builder = opened.builders.of(&opened.target(run.id).builder).ok()?;
    let artifact = |artifact: &CheckedArtifact| {
        Some(MadeArtifact {
            facts: run.artifacts.iter().find(|facts| facts.name == artifact.name)?.clone(),
            components: components(run, artifact),
            made_from: made_from(&run.plan, artifact),
        })
    };
    Some(MadeTarget {
        builder: builder.name.clone(),
        builder_version: builder.description.version.clone(),
        component: builder.digest,
        tier: run.ended.values().filter_map(|ended| ended.tier).min(),
        duration: run.ended.values().map(|ended| ended.duration).sum(),
        sources: sources(opened, run),
        artifacts: run.plan.artifacts.iter().filter_map(artifact).collect(),
    })
}

fn recalled(record: &TargetRecord<'_>) -> MadeTarget {
    let owned = |(target, name): &(&str, &str)| ArtifactRef {
        target: (*target).to_owned(),
        name: (*name).to_owned(),
    };
    let artifact = |artifact: &ArtifactRecord<'_>| MadeArtifact {
        facts: recall::facts(artifact),
        components: artifact.components.map(Digest::from_bytes),
        made_from: artifact.made_from.iter().map(owned).collect(),
    };
    let nanoseconds = record.actions.iter().map(|action| action.nanoseconds).sum();
    MadeTarget {
        builder: record.builder.to_owned(),
        builder_version: record.builder_version.to_owned(),
        component: Digest::from_bytes(record.component),
        tier: record.actions.iter().filter_map(|action| action.tier).min(),
        duration: Duration::from_nanos(nanoseconds),
        sources: Digest::from_bytes(record.sources),
        artifacts: record.artifacts.iter().map(artifact).collect(),
    }
}

/// The blob with the list of an artifact's packages.
pub(in crate::run) fn components(run: &TargetRun, artifact: &CheckedArtifact) -> Option<Digest> {
    match run.contents.get(artifact.components.as_ref()?)? {
        Content::File { digest, .. } => Some(*digest),
        Content::Folder(_) | Content::Unpacked { .. } => None,
    }
}

/// The artifacts of other targets that the action which makes this one reads, and all that it needs.
fn made_from(plan: &CheckedPlan, artifact: &CheckedArtifact) -> Vec<ArtifactRef> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::from([artifact.from.action.as_str()]);
    let mut open = vec![artifact.from.action.as_str()];
    while let Some(action) = open.pop().and_then(|id| plan.action(id)) {
        for input in &action.inputs {
            match &input.source {
                CheckedSource::Output(output) if seen.insert(&output.action) => open.push(&output.action),
                CheckedSource::Artifact(artifact) => drop(found.insert((&artifact.target, &artifact.name))),
                _ => {}
            }
        }
    }
    let owned = |(target, name): (&String, &String)| ArtifactRef {
        target: target.clone(),
        name: name.clone(),
    };
    found.into_iter().map(owned).collect()
}

/// Digest of the paths and the content of all files of the workspace that the target's plan and its actions read.
fn sources(opened: &Opened, run: &TargetRun) -> Digest {
    let files = &opened.executor.files;
    let mut hasher = Hasher::new();
    hasher.field(b"farm sources 1");
    for (path, _) in run
        .inputs
        .paths
        .iter()
        .filter(|(_, aspect)| **aspect == Aspect::Content)
    {
        let digest = match files.noted(path) {
            Some(Noted::File { digest, .. }) => Some(digest),
            Some(Noted::Link { digest, .. }) => digest,
            Some(_) => None,
            None => files.peek(path),
        };
        if let Some(digest) = digest {
            hasher.field(path.as_str().as_bytes());
            hasher.field(digest.as_bytes());
        }
    }
    hasher.finish()
}
