//! What stands between the schedule's nodes and the targets: which action a node is, and what it needs of others.
//!
//! Does not start anything.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::cache::Content;
use crate::config::Target;
use crate::digest::Digest;
use crate::event::{ArtifactFacts, Event, Outcome, Span, Stopwatch};
use crate::execute::Job;
use crate::graph::TargetId;
use crate::inputs::Footprint;
use crate::path::RelPath;
use crate::plan::{ArtifactHandle, CheckedAction, CheckedPlan, CheckedSource, Continuation, OutputRef, PlanRequest};
use crate::run::builders::OpenBuilder;
use crate::run::request::Request;
use crate::run::timing::Course;
use crate::sandbox::{Tier, Usage};
use crate::schedule::{Names, NodeId};

/// How far a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The plan of a dependency is not complete yet.
    Waiting,
    /// Its builder is being asked.
    Planning,
    /// Its builder waits for outputs of actions planned so far.
    Partly,
    /// Its plan is complete.
    Planned,
    /// Its artifacts are being put in place.
    Finishing,
    /// It ended.
    Done,
}

/// One target in a pass.
#[derive(Debug)]
pub(super) struct TargetRun {
    /// Which.
    pub(super) id: TargetId,
    /// Its direct dependencies, by place in the pass.
    pub(super) deps: Vec<usize>,
    /// Those that depend on it directly.
    pub(super) users: Vec<usize>,
    /// How far it is.
    pub(super) phase: Phase,
    /// What its builder was asked; set when it is first planned.
    pub(super) request: Option<PlanRequest>,
    /// Its plan so far.
    pub(super) plan: CheckedPlan,
    /// What its builder waits for.
    pub(super) next: Option<Continuation>,
    /// Its actions' outputs so far.
    pub(super) contents: BTreeMap<OutputRef, Content>,
    /// Actions that have not ended.
    pub(super) open: usize,
    /// Whether something of it failed or was skipped.
    pub(super) failed: bool,
    /// Ends of actions that are told when it is known whether its artifacts were in place.
    pub(super) deferred: Vec<Event>,
    /// How its actions ended, those that ended well.
    pub(super) ended: BTreeMap<String, Ended>,
    /// What it made, once it is finished.
    pub(super) artifacts: Vec<ArtifactFacts>,
    /// What it was made from.
    pub(super) inputs: Footprint,
    /// What it put into the user's tree.
    pub(super) outputs: Footprint,
    /// What it put there in earlier builds and is as it was left, until its plan is complete: neither the plan nor an action
    /// gets to see that.
    pub(super) left: BTreeSet<RelPath>,
    /// Whether all of this is taken over from the last build.
    pub(super) is_recalled: bool,
    /// When the last round of its plan was made.
    pub(super) planning: Option<Span>,
    /// The action whose end that round waited for, in this target or one that it depends on.
    pub(super) planned_after: Option<NodeId>,
    /// When its outputs were put in place.
    pub(super) finishing: Option<Span>,
}

/// An action that ended well.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    /// Its key.
    pub(super) key: Digest,
    /// The key's parts without their values.
    pub(super) outline: Vec<u8>,
    /// Whether it ran; else its result came from the cache.
    pub(super) ran: bool,
    /// The tier that its result was made in; none for a step.
    pub(super) tier: Option<Tier>,
    /// Wall time of the run that made its result.
    pub(super) duration: Duration,
    /// What that run took of the machine; none when it was not measured.
    pub(super) usage: Option<Usage>,
    /// Whether it reached the network.
    pub(super) fetched: bool,
}

impl TargetRun {
    /// A target before its plan.
    pub(super) fn new(id: TargetId, deps: Vec<usize>) -> Self {
        Self {
            id,
            deps,
            users: Vec::new(),
            phase: Phase::Waiting,
            request: None,
            plan: CheckedPlan::default(),
            next: None,
            contents: BTreeMap::new(),
            open: 0,
            failed: false,
            deferred: Vec::new(),
            ended: BTreeMap::new(),
            artifacts: Vec::new(),
            inputs: Footprint::default(),
            outputs: Footprint::default(),
            left: BTreeSet::new(),
            is_recalled: false,
            planning: None,
            planned_after: None,
            finishing: None,
        }
    }

    /// A target that is taken over from the last build, with what it offers to those that depend on it.
    pub(super) fn recalled(self, plan: CheckedPlan, contents: BTreeMap<OutputRef, Content>) -> Self {
        Self {
            phase: Phase::Done,
            plan,
            contents,
            is_recalled: true,
            ..self
        }
    }

    /// Whether it succeeded, and all that it was made from is known.
    pub(super) fn is_whole(&self) -> bool {
        let is_complete = !self.inputs.is_incomplete && !self.outputs.is_incomplete;
        self.phase == Phase::Done && !self.failed && is_complete
    }

    /// Whether its plan has all rounds.
    pub(super) const fn is_planned(&self) -> bool {
        matches!(self.phase, Phase::Planned | Phase::Finishing | Phase::Done)
    }

    /// Whether none of its actions is left, and nothing was done with what they made.
    pub(super) const fn has_ended(&self) -> bool {
        self.open == 0 && matches!(self.phase, Phase::Planned | Phase::Partly)
    }

    /// Whether the outputs that its builder waits for are there.
    pub(super) fn can_go_on(&self) -> bool {
        let is_there = |output: &OutputRef| self.contents.contains_key(output);
        self.phase == Phase::Partly && self.next.iter().all(|next| next.needs.iter().all(is_there))
    }

    /// Its deferred ends, with the outcome that they turned out to have.
    pub(super) fn take_deferred(&mut self, as_outcome: Outcome) -> Vec<Event> {
        let mut events = std::mem::take(&mut self.deferred);
        for event in &mut events {
            if let Event::ActionFinished { outcome, .. } = event {
                *outcome = as_outcome;
            }
        }
        events
    }
}

/// A node's action.
#[derive(Debug, Clone)]
pub(super) struct NodeInfo {
    /// Its target, by place in the pass.
    pub(super) target: usize,
    /// Its id.
    pub(super) action: String,
    /// A few words for people.
    pub(super) label: String,
    /// When its tool or step was started.
    pub(super) started: Option<Instant>,
    /// When it went through the schedule.
    pub(super) course: Course,
}

/// What the builder of a target is asked.
pub(super) fn plan_request(
    runs: &[TargetRun],
    at: usize,
    target: &Target,
    request: &Request,
    name_of: &dyn Fn(TargetId) -> String,
) -> PlanRequest {
    PlanRequest {
        target: target.name.to_string(),
        root: target.root.as_str().to_owned(),
        mode: request.mode.clone(),
        options: serde_json::to_string(&target.options).expect("options are plain JSON"),
        dependencies: handles(runs, &runs[at].deps, name_of),
        platform: request.host.platform.clone(),
        properties: target.asked.clone(),
    }
}

/// The artifacts of a target's direct dependencies, as its builder is told.
fn handles(runs: &[TargetRun], deps: &[usize], name_of: &dyn Fn(TargetId) -> String) -> Vec<ArtifactHandle> {
    let mut handles = Vec::new();
    for dep in deps {
        let target = name_of(runs[*dep].id);
        let artifacts = runs[*dep].plan.artifacts.iter();
        handles.extend(artifacts.map(|artifact| ArtifactHandle {
            target: target.clone(),
            name: artifact.name.clone(),
            kind: artifact.kind.clone(),
        }));
    }
    handles
}

/// The nodes that an action needs: producers of what it reads; what a dependency writes into the user's tree, since
/// patterns may take it from there; and every action of a dependency that offers nothing to read, since then waiting
/// is all that the dependency can be for.
pub(super) fn needs(
    runs: &[TargetRun],
    at: usize,
    action: &CheckedAction,
    names: &Names,
    name_of: &dyn Fn(TargetId) -> String,
) -> BTreeSet<NodeId> {
    let mut needs = BTreeSet::new();
    for input in &action.inputs {
        match &input.source {
            CheckedSource::Output(output) => needs.extend(names.get(at, &output.action)),
            CheckedSource::Artifact(artifact) => {
                let dep = runs[at]
                    .deps
                    .iter()
                    .find(|dep| name_of(runs[**dep].id) == artifact.target);
                let made_by = dep.and_then(|dep| {
                    Some((
                        *dep,
                        runs[*dep].plan.artifacts.iter().find(|a| a.name == artifact.name)?,
                    ))
                });
                needs.extend(made_by.and_then(|(dep, artifact)| names.get(dep, &artifact.from.action)));
            }
            CheckedSource::Files { .. } | CheckedSource::Content(_) => {}
        }
    }
    for dep in &runs[at].deps {
        let plan = &runs[*dep].plan;
        if plan.artifacts.is_empty() {
            needs.extend(names.of_target(*dep));
        }
        let writers = plan
            .actions
            .iter()
            .filter(|action| action.outputs.iter().any(|output| output.in_place));
        needs.extend(writers.filter_map(|action| names.get(*dep, &action.id)));
    }
    needs
}

/// The job of a node whose needs are met.
pub(super) fn job(
    runs: &[TargetRun],
    node: &NodeInfo,
    target: &Target,
    builder: &OpenBuilder,
    name_of: &dyn Fn(TargetId) -> String,
) -> Option<Job> {
    let action = runs[node.target].plan.action(&node.action)?;
    let watch = node.course.watch.clone();
    Some(of_action(
        (runs, node.target),
        action,
        (target, builder),
        watch,
        name_of,
    ))
}

/// The job of an action of the target at this place, with all that is there of what it reads.
pub(super) fn of_action(
    (runs, at): (&[TargetRun], usize),
    action: &CheckedAction,
    (target, builder): (&Target, &OpenBuilder),
    watch: Stopwatch,
    name_of: &dyn Fn(TargetId) -> String,
) -> Job {
    let run = &runs[at];
    let mut outputs = BTreeMap::new();
    let mut artifacts = BTreeMap::new();
    for input in &action.inputs {
        match &input.source {
            CheckedSource::Output(output) => {
                outputs.extend(
                    run.contents
                        .get(output)
                        .map(|content| (output.clone(), content.clone())),
                );
            }
            CheckedSource::Artifact(wanted) => {
                let dep = run
                    .deps
                    .iter()
                    .map(|dep| &runs[*dep])
                    .find(|dep| name_of(dep.id) == wanted.target);
                let made = dep.and_then(|dep| {
                    let artifact = dep
                        .plan
                        .artifacts
                        .iter()
                        .find(|artifact| artifact.name == wanted.name)?;
                    dep.contents.get(&artifact.from)
                });
                artifacts.extend(made.map(|content| (wanted.clone(), content.clone())));
            }
            CheckedSource::Files { .. } | CheckedSource::Content(_) => {}
        }
    }
    Job {
        target: target.name.to_string(),
        folder: target.root.clone(),
        base: target.base.clone(),
        builder: builder.component.clone(),
        builder_name: builder.name.clone(),
        component: builder.digest,
        action: action.clone(),
        outputs,
        earlier: BTreeMap::new(),
        artifacts,
        without: own_places(&run.plan, &target.base)
            .chain(run.left.iter().cloned())
            .collect(),
        jobserver: None,
        watch,
    }
}

/// Where a target's actions write to in the user's tree, from the workspace's root.
pub(super) fn own_places(plan: &CheckedPlan, base: &RelPath) -> impl Iterator<Item = RelPath> {
    plan.in_place().map(|path| base.join(path))
}
