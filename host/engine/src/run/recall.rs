//! What can be taken over from the last build: the answer to all that was asked, where nothing has changed, and
//! otherwise the targets that no change has reached.
//!
//! A target is recalled when nothing that it was made from has changed, and neither has anything that a target it
//! depends on was made from. Starts nothing and changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::Value;

use crate::cache::{ActionResult, Content, Store};
use crate::digest::Digest;
use crate::event::{ArtifactFacts, Event, Outcome, Span, Stream};
use crate::fs::parallel;
use crate::graph::{TargetGraph, TargetId};
use crate::path::{self, RelPath};
use crate::plan::{CheckedArtifact, CheckedPlan, OutputRef};
use crate::run::check::{self, Found};
use crate::run::request::Request;
use crate::run::state::{ActionRecord, ArtifactRecord, Dep, Records, TargetRecord, View};
use crate::run::tell::Teller;

/// How a remembered target stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Whether what it was made from is what it was, for all that it depends on too.
    pub(super) is_known: bool,
    /// Whether its outputs lie where they were put.
    pub(super) is_in_place: bool,
}

/// What the last build left, and what is still right of it.
#[derive(Debug)]
pub(super) struct Last<'v> {
    /// The table of paths.
    pub(super) view: &'v View,
    /// The records.
    pub(super) records: Records<'v>,
    /// Whether the configuration is read from the same files as it was.
    pub(super) same_config: bool,
    /// What looking again at paths has found.
    pub(super) found: Found,
    /// The targets whose outputs a killed build was about to put in place.
    pub(super) interrupted: BTreeSet<String>,
    /// Each remembered target, in the records' order; none before [`Self::look`].
    standing: Vec<Standing>,
    /// Made when it is first needed: a build in which nothing has changed does not.
    by_name: OnceLock<BTreeMap<String, usize>>,
}

impl<'v> Last<'v> {
    /// Reads the records.
    pub(super) fn open(view: &'v View) -> Option<Self> {
        let records = Records::decode(view.records())?;
        Some(Self {
            by_name: OnceLock::new(),
            view,
            records,
            same_config: false,
            found: Found::default(),
            interrupted: BTreeSet::new(),
            standing: Vec::new(),
        })
    }

    /// The place in the records of the target of this full name.
    fn place(&self, target: &str) -> Option<usize> {
        let names = || {
            self.records
                .targets
                .iter()
                .map(|target| target.name.to_owned())
                .zip(0..)
                .collect()
        };
        self.by_name.get_or_init(names).get(target).copied()
    }

    /// The record of the target of this full name.
    pub(super) fn record(&self, target: &str) -> Option<&TargetRecord<'v>> {
        self.records.targets.get(self.place(target)?)
    }

    /// The record of an action.
    pub(super) fn action(&self, target: &str, action: &str) -> Option<&ActionRecord<'v>> {
        let actions = &self.record(target)?.actions;
        actions.iter().find(|known| known.id == action)
    }

    /// The key of an action in the last build of its target.
    pub(super) fn action_key(&self, target: &str, action: &str) -> Option<Digest> {
        self.action(target, action).map(key)
    }

    /// The key of an action in the last good build of its target.
    pub(super) fn good_key(&self, target: &str, action: &str) -> Option<Digest> {
        let good = self.record(target)?.last_good();
        let (_, key) = good.into_iter().find(|(id, _)| *id == action)?;
        Some(Digest::from_bytes(key))
    }

    /// How the target of this full name stands.
    pub(super) fn standing(&self, target: &str) -> Standing {
        let standing = self.place(target).and_then(|place| self.standing.get(place));
        standing.copied().unwrap_or_default()
    }

    /// The targets that were asked for, by their places in the records, if the configuration is the same and the
    /// answer is known.
    pub(super) fn selected(&mut self, request: &Request) -> Option<Vec<u32>> {
        let mut wanted = vec![false; self.view.entry_count()];
        check::mark(&mut wanted, &self.records.config);
        let found = check::look_again(self.view, &self.output()?, &request.workspace, &wanted);
        self.same_config = !self.records.config.is_empty() && !check::any_changed(&found, &self.records.config);
        self.found = found;
        if !self.same_config {
            return None;
        }
        let is_this = |typed: &[&str]| typed.iter().copied().eq(request.targets.iter().map(String::as_str));
        let known = self.records.selections.iter().find(|(typed, _)| is_this(typed));
        known.map(|(_, targets)| targets.clone())
    }

    /// Looks at all that these targets were made from; they are places in the records, dependencies first.
    pub(super) fn look(&mut self, request: &Request, targets: &[u32]) {
        let Some(output) = self.output() else { return };
        let mut wanted = vec![false; self.view.entry_count()];
        for target in targets
            .iter()
            .filter_map(|number| self.records.targets.get(*number as usize))
        {
            check::mark(&mut wanted, &target.inputs);
            check::mark(&mut wanted, &target.outputs);
        }
        let found = check::look_again(self.view, &output, &request.workspace, &wanted);
        let surroundings = *check::surroundings(request).as_bytes();
        let tools = self
            .records
            .tools
            .iter()
            .map(|tool| check::is_tool_unchanged(&tool.seen));
        let tools: Vec<bool> = tools.collect();
        self.standing = vec![Standing::default(); self.records.targets.len()];
        for number in targets {
            let Some(target) = self.records.targets.get(*number as usize) else {
                continue;
            };
            let dep_is_same = |dep: &Dep| {
                let place = dep.target as usize;
                self.standing.get(place).is_some_and(|standing| standing.is_known)
                    && self.records.targets[place].offers == dep.offered
            };
            let is_known = target.is_whole
                && !self.interrupted.contains(target.name)
                && target.surroundings == surroundings
                && target.tools.iter().all(|tool| tools.get(*tool as usize) == Some(&true))
                && check::are_variables_unchanged(target, request)
                && !check::any_changed(&found, &target.inputs)
                && target.deps.iter().all(dep_is_same);
            self.standing[*number as usize] = Standing {
                is_known,
                is_in_place: !check::any_changed(&found, &target.outputs),
            };
        }
        self.found.add(found);
    }

    /// As [`Self::look`], for the targets with these full names, unless that was done before. Those without a record
    /// are left out.
    pub(super) fn look_if_new(&mut self, request: &Request, names: &[&str]) {
        if self.standing.is_empty() {
            let places = names.iter().filter_map(|name| self.place(name));
            let places: Vec<u32> = places.filter_map(|place| u32::try_from(place).ok()).collect();
            self.look(request, &places);
        }
    }

    /// The files that farm has put into the user's tree.
    pub(super) fn placed(&self) -> BTreeSet<RelPath> {
        let paths = self.records.placed.iter();
        paths.filter_map(|path| RelPath::parse(path).ok()).collect()
    }

    /// Whether all of these targets are known and in place.
    pub(super) fn is_up_to_date(&self, targets: &[u32]) -> bool {
        let fine = |number: &u32| {
            let standing = self.standing.get(*number as usize);
            standing.is_some_and(|standing| standing.is_known && standing.is_in_place)
        };
        targets.iter().all(fine)
    }

    /// The state file with the stats that paths have now under the same content; none where it would be the same.
    pub(super) fn refreshed(&self) -> Option<Vec<u8>> {
        (!self.found.fresh.is_empty()).then(|| self.view.with_stats(&self.found.fresh))
    }

    /// What describes a target and its artifacts in the folder for artifacts, by place in the table.
    pub(super) fn documents(&self, record: &TargetRecord<'_>) -> Vec<u32> {
        let is_there = |number: &u32| path::is_below(&self.view.path(*number as usize), self.records.output);
        record.inputs.iter().copied().filter(is_there).collect()
    }

    /// The folder for artifacts of the last build.
    pub(super) fn output(&self) -> Option<RelPath> {
        RelPath::parse(self.records.output).ok()
    }
}

/// Tells of a remembered target what a build of it would, with this outcome for all of its actions; `span` is when its
/// outputs were put back, and `said` is what an action said when its result was made, by place.
pub(super) fn tell(
    target: &TargetRecord<'_>,
    (outcome, span): (Outcome, Option<Span>),
    said: impl Fn(usize) -> Vec<(Stream, String)>,
    teller: &mut Teller<'_>,
) {
    teller.tell(Event::TargetPlanned {
        target: target.name.to_owned(),
        builder: target.builder.to_owned(),
        actions: target.actions.iter().map(|action| action.id.to_owned()).collect(),
        cached: true,
        span: None,
    });
    for (at, action) in target.actions.iter().enumerate() {
        for (stream, text) in said(at) {
            teller.tell(Event::ActionOutput {
                target: target.name.to_owned(),
                action: action.id.to_owned(),
                stream,
                text,
                replayed: true,
            });
        }
        teller.tell(finished(target.name, action, outcome));
    }
    teller.tell(Event::TargetFinished {
        target: target.name.to_owned(),
        ok: true,
        artifacts: target.artifacts.iter().map(facts).collect(),
        span,
    });
}

/// The end of a remembered action.
fn finished(target: &str, action: &ActionRecord<'_>, outcome: Outcome) -> Event {
    Event::ActionFinished {
        target: target.to_owned(),
        action: action.id.to_owned(),
        label: action.label.to_owned(),
        outcome,
        key: Some(key(action).to_string()),
        tier: action.tier,
        duration: std::time::Duration::from_nanos(action.nanoseconds),
        cpu: action.usage.map(|usage| usage.user + usage.system),
        peak_memory: action.usage.map(|usage| usage.peak_memory),
        fetched: action.fetched,
        timings: None,
    }
}

/// An artifact, as reports show it.
pub(super) fn facts(artifact: &ArtifactRecord<'_>) -> ArtifactFacts {
    ArtifactFacts {
        name: artifact.name.to_owned(),
        kind: artifact.kind.to_owned(),
        digest: artifact.digest.to_string(),
        sha256: artifact.sha256.to_string(),
        files: artifact.files,
        bytes: artifact.bytes,
        path: artifact.path.map(str::to_owned),
        metadata: serde_json::from_str(&artifact.metadata).unwrap_or(Value::Null),
    }
}

/// SHA-256 of a target's artifacts, by their BLAKE3 digests.
pub(super) fn known_sha256(target: &TargetRecord<'_>) -> BTreeMap<String, String> {
    let artifacts = target.artifacts.iter();
    artifacts
        .map(|artifact| (artifact.digest.to_string(), artifact.sha256.to_string()))
        .collect()
}

/// Targets that are taken over, by place in the pass.
pub(super) type Recalls = BTreeMap<usize, Recall>;

/// A target that is taken over from the last build.
#[derive(Debug)]
pub(super) struct Recall {
    /// What it offers to those that depend on it; without its actions.
    pub(super) plan: CheckedPlan,
    /// Its actions' outputs; none where nobody needs them.
    pub(super) contents: BTreeMap<OutputRef, Content>,
    /// What it puts into the user's tree beside its artifacts.
    pub(super) in_place: Vec<(RelPath, Option<Content>)>,
    /// Whether all of its outputs lie where they were put.
    pub(super) is_in_place: bool,
    /// The results of its actions, in their order; none where nobody needs them.
    pub(super) results: Vec<ActionResult>,
}

/// What the choice of targets to take over is made from.
pub(super) struct Choice<'a, 'v> {
    /// The chosen targets, dependencies first.
    pub(super) selected: &'a [TargetId],
    /// The full name of each.
    pub(super) names: Vec<&'a str>,
    /// Who depends on whom.
    pub(super) graph: &'a TargetGraph,
    /// Where results are.
    pub(super) store: &'a Store,
    /// What the last build left.
    pub(super) last: &'a Last<'v>,
}

impl Choice<'_, '_> {
    /// The targets that no change has reached: their definitions are the same, as `is_same` says of a place in the
    /// selection, they and all that they depend on are known, and the store still has what somebody needs of them.
    pub(super) fn recalls(&self, is_same: impl Fn(usize) -> bool) -> Recalls {
        let places: BTreeMap<TargetId, usize> = self.selected.iter().copied().zip(0..).collect();
        let deps: Vec<Vec<usize>> = self
            .selected
            .iter()
            .map(|id| {
                self.graph
                    .deps_of(*id)
                    .iter()
                    .filter_map(|dep| places.get(dep).copied())
                    .collect()
            })
            .collect();
        let standing: Vec<Standing> = self.names.iter().map(|name| self.last.standing(name)).collect();
        let mut known: Vec<bool> = (0..self.selected.len())
            .map(|at| standing[at].is_known && is_same(at))
            .collect();
        let mut results: BTreeMap<usize, Vec<ActionResult>> = BTreeMap::new();
        loop {
            spread(&mut known, &deps);
            let mut needed: Vec<bool> = (0..known.len())
                .map(|at| known[at] && !standing[at].is_in_place)
                .collect();
            for (at, deps) in deps.iter().enumerate().filter(|(at, _)| !known[*at]) {
                debug_assert!(!known[at]);
                deps.iter()
                    .filter(|dep| known[**dep])
                    .for_each(|dep| needed[*dep] = true);
            }
            let missing: Vec<usize> = (0..known.len())
                .filter(|at| needed[*at] && !results.contains_key(at))
                .collect();
            if missing.is_empty() {
                break;
            }
            let found = parallel::map(&missing, |at| {
                self.last
                    .record(self.names[*at])
                    .and_then(|record| results_of(record, self.store))
            });
            for (at, found) in missing.into_iter().zip(found) {
                match found {
                    Some(found) => drop(results.insert(at, found)),
                    None => known[at] = false,
                }
            }
        }
        let recalled = (0..known.len()).filter(|at| known[*at]);
        let recall = |at: usize| {
            let record = self.last.record(self.names[at])?;
            Some((at, recall(record, standing[at].is_in_place, results.remove(&at))?))
        };
        recalled.filter_map(recall).collect()
    }
}

/// A target is known only as long as all that it depends on is.
fn spread(known: &mut [bool], deps: &[Vec<usize>]) {
    for at in 0..known.len() {
        known[at] &= deps[at].iter().all(|dep| known[*dep]);
    }
}

fn recall(record: &TargetRecord<'_>, is_in_place: bool, results: Option<Vec<ActionResult>>) -> Option<Recall> {
    let mut contents = BTreeMap::new();
    for (action, result) in record.actions.iter().zip(results.iter().flatten()) {
        for (output, content) in &result.outputs {
            contents.insert(output_ref((action.id, output)), content.clone());
        }
    }
    let mut in_place = Vec::new();
    for action in &record.actions {
        for (output, path) in &action.in_place {
            let content = contents.get(&output_ref((action.id, output))).cloned();
            in_place.push((RelPath::parse(path).ok()?, content));
        }
    }
    Some(Recall {
        plan: plan(record)?,
        contents,
        in_place,
        is_in_place,
        results: results.unwrap_or_default(),
    })
}

fn output_ref((action, output): (&str, &str)) -> OutputRef {
    OutputRef {
        action: action.to_owned(),
        output: output.to_owned(),
    }
}

/// What a remembered target offers to those that depend on it; none where a record cannot be read.
fn plan(target: &TargetRecord<'_>) -> Option<CheckedPlan> {
    let artifact = |record: &ArtifactRecord<'_>| {
        Some(CheckedArtifact {
            name: record.name.to_owned(),
            kind: record.kind.to_owned(),
            from: output_ref(record.from),
            place: match record.place {
                Some(place) => Some(RelPath::parse(place).ok()?),
                None => None,
            },
            metadata: record.metadata_from.map(output_ref),
            components: record.components_from.map(output_ref),
        })
    };
    Some(CheckedPlan {
        actions: Vec::new(),
        artifacts: target.artifacts.iter().map(artifact).collect::<Option<_>>()?,
    })
}

/// The results of a remembered target's actions; none where the store has lost one.
fn results_of(target: &TargetRecord<'_>, store: &Store) -> Option<Vec<ActionResult>> {
    target.actions.iter().map(|action| store.lookup(&key(action))).collect()
}

fn key(action: &ActionRecord<'_>) -> Digest {
    Digest::from_bytes(action.key)
}
