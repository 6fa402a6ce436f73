//! Goes through the chosen targets as a build would, without running anything, and says of each action what a build would
//! do for it.
//!
//! What would run leaves nothing new, so those that read from it get what it made last, and depend on it. Does not know
//! what is taken over from the last build, nor who asks.

use std::collections::{BTreeMap, BTreeSet};

use crate::cache::ActionResult;
use crate::digest::Digest;
use crate::error::Problem;
use crate::event::Clock;
use crate::execute::{ExecuteError, Job, Prepared};
use crate::graph::TargetId;
use crate::inputs::Footprint;
use crate::key::ToolIdentity;
use crate::path::RelPath;
use crate::plan::{CheckedAction, CheckedSource, OutputRef, SeenFile};
use crate::run::job::{self, NodeInfo, Phase, TargetRun};
use crate::run::listing::KeyFacts;
use crate::run::planning::{self, Round};
use crate::run::reason::{self, Reason};
use crate::run::recall::Last;
use crate::run::request::Request;
use crate::run::seen;
use crate::run::shared::Opened;
use crate::run::state::{ActionRecord, Decisions};
use crate::run::timing::Course;
use crate::run::why::{ActionWhy, LastDecision, Now, TargetWhy};

/// What is known of what an action would make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// What it made last, and that is in place.
    Same,
    /// What the cache holds.
    Known,
    /// Nobody knows before it has run.
    Open,
}

/// How the actions would end, by the target's place and the action's id.
pub(super) type Ends = BTreeMap<(usize, String), End>;

/// A look at what a build would do.
pub(super) struct Outlook<'a> {
    /// What the next build would be asked for.
    pub(super) request: &'a Request,
    /// The workspace, with the builders of all chosen targets.
    pub(super) opened: &'a Opened,
    /// What the last build left.
    pub(super) last: Option<&'a Last<'a>>,
    /// Why actions were last not up to date.
    pub(super) decisions: Decisions<'a>,
    /// In which tools are asked for their versions.
    pub(super) runtime: tokio::runtime::Runtime,
    /// Whether the parts of keys are told.
    pub(super) with_parts: bool,
    /// The targets with their plans; as contents, results that would be there, or else those of the last build.
    pub(super) runs: Vec<TargetRun>,
    /// The targets that a build would take over, by place, and whether their outputs are in place.
    pub(super) recalled: BTreeMap<usize, bool>,
    /// How the actions would end that were looked at so far.
    pub(super) ends: Ends,
}

impl Outlook<'_> {
    /// Every chosen target, dependencies first.
    pub(super) fn all(mut self) -> Result<Vec<(TargetId, TargetWhy)>, Problem> {
        let mut all = Vec::new();
        for at in 0..self.runs.len() {
            all.push((self.runs[at].id, self.target(at)?));
        }
        Ok(all)
    }

    fn target(&mut self, at: usize) -> Result<TargetWhy, Problem> {
        let target = self.opened.target(self.runs[at].id);
        if self.runs[at].is_recalled {
            return Ok(self.recalled_target(at));
        }
        let mut told: BTreeMap<String, ActionWhy> = BTreeMap::new();
        let mut seen = None;
        loop {
            let new = self.plan(at, seen.take())?;
            self.actions(at, &new, &mut told)?;
            let run = &self.runs[at];
            let Some(next) = run.next.as_ref().filter(|_| run.can_go_on()) else {
                break;
            };
            let Some(files) = seen::read(&self.opened.executor.store, &next.needs, &run.contents) else {
                break;
            };
            seen = Some((next.state.clone(), files));
        }
        let run = &self.runs[at];
        Ok(TargetWhy {
            target: target.name.to_string(),
            builder: target.builder.clone(),
            is_partial: run.next.is_some(),
            actions: run
                .plan
                .actions
                .iter()
                .filter_map(|action| told.remove(&action.id))
                .collect(),
        })
    }

    /// A target that a build would take over, as it was.
    fn recalled_target(&self, at: usize) -> TargetWhy {
        let target = self.opened.target(self.runs[at].id);
        let record = self.last.and_then(|last| last.record(target.name.as_str()));
        let actions = record.map_or(&[][..], |record| &record.actions);
        let now = self.recalled_now(at).unwrap_or(Now::UpToDate);
        TargetWhy {
            target: target.name.to_string(),
            builder: target.builder.clone(),
            is_partial: false,
            actions: actions
                .iter()
                .map(|action| ActionWhy {
                    id: action.id.to_owned(),
                    label: action.label.to_owned(),
                    last: self.last_decision(target.name.as_str(), action.id),
                    now: now.clone(),
                    key: None,
                })
                .collect(),
        }
    }

    /// What a build would do for all actions of a target that it would take over.
    fn recalled_now(&self, at: usize) -> Option<Now> {
        let is_in_place = self.recalled.get(&at)?;
        Some(if *is_in_place {
            Now::UpToDate
        } else {
            Now::Cached(Reason::OutputsGone)
        })
    }

    fn last_decision(&self, target: &str, action: &str) -> Option<LastDecision> {
        let decision = self.decisions.of(target, action)?;
        Some(LastDecision {
            ran: decision.ran,
            reason: decision.reason,
        })
    }

    /// Plans one round, and returns its actions.
    fn plan(&mut self, at: usize, seen: Option<(Vec<u8>, Vec<SeenFile>)>) -> Result<Vec<CheckedAction>, Problem> {
        let opened = self.opened;
        let target = opened.target(self.runs[at].id);
        let builder = opened.builders.of(&target.builder)?;
        let round = Round {
            request: job::plan_request(&self.runs, at, target, self.request, &self.name_of()),
            before: self.runs[at].plan.clone(),
            seen,
            without: self.runs[at].left.clone(),
        };
        let planned = planning::plan_round(&opened.executor, &builder, target, &round, &opened.workspace.output)?;
        let run = &mut self.runs[at];
        let new = planned.plan.actions[run.plan.actions.len()..].iter();
        let new = new.filter(|action| action.on_demand.is_none()).cloned().collect();
        run.phase = if planned.next.is_some() {
            Phase::Partly
        } else {
            Phase::Planned
        };
        run.plan = planned.plan;
        run.next = planned.next;
        Ok(new)
    }

    /// Tells of new actions of a target, those first that others need.
    fn actions(
        &mut self,
        at: usize,
        new: &[CheckedAction],
        told: &mut BTreeMap<String, ActionWhy>,
    ) -> Result<(), Problem> {
        let mut left: Vec<&CheckedAction> = new.iter().collect();
        while !left.is_empty() {
            let (ready, waiting): (Vec<_>, Vec<_>) = left.into_iter().partition(|action| {
                let mut needed = action.inputs.iter().filter_map(|input| match &input.source {
                    CheckedSource::Output(output) => Some(&output.action),
                    _ => None,
                });
                needed.all(|id| self.ends.contains_key(&(at, id.clone())))
            });
            if ready.is_empty() {
                debug_assert!(waiting.is_empty(), "a checked plan has no cycle");
                break;
            }
            for action in ready {
                told.insert(action.id.clone(), self.action(at, action)?);
            }
            left = waiting;
        }
        Ok(())
    }

    fn action(&mut self, at: usize, action: &CheckedAction) -> Result<ActionWhy, Problem> {
        let target = self.opened.target(self.runs[at].id);
        let decision = self.decisions.of(target.name.as_str(), &action.id);
        let then = decision.map(|decision| Digest::from_bytes(decision.key));
        let then = then.or_else(|| self.last?.action_key(target.name.as_str(), &action.id));
        let reads = self.reads_open(at, action);
        let may_wait = reads.is_some() || self.writer_before(at, |_| true).is_some();
        let located = |error: ExecuteError| {
            let problem = Problem::from(error).target(target.name.as_str());
            problem.action(action.id.clone())
        };
        let prepared = match self.job(at, action)? {
            Some(job) => match self.prepare(&job) {
                Ok((prepared, identities)) => Some((job, prepared, identities)),
                // What is missing may be what others have yet to write.
                Err(_) if may_wait || self.recalled.contains_key(&at) => None,
                Err(error) => return Err(located(error)),
            },
            None => None,
        };
        let waits = reads.or_else(|| {
            let seen = prepared.as_ref().map(|(_, prepared, _)| &prepared.seen);
            self.writer_before(at, |path| seen.is_none_or(|seen| may_be_seen(path, seen)))
        });
        let now = self.recalled_now(at).unwrap_or_else(|| match (&prepared, waits) {
            (Some((_, prepared, _)), waits) => self.now(at, action, then, prepared, waits),
            (None, Some((target, action))) if then.is_some() => Now::After { target, action },
            (None, _) => Now::Runs(Reason::First),
        });
        self.end(
            at,
            action,
            &now,
            prepared.as_ref().map(|(_, prepared, _)| prepared.key),
            then,
        );
        let key = prepared.filter(|_| self.with_parts);
        let key = key.map(|(job, prepared, identities)| KeyFacts {
            key: prepared.key.to_string(),
            parts: self.opened.executor.explain(&job, &prepared, &identities),
        });
        Ok(ActionWhy {
            id: action.id.clone(),
            label: action.label.clone(),
            last: self.last_decision(target.name.as_str(), &action.id),
            now,
            key,
        })
    }

    /// What a build would do for an action with this key; `then` is its key of the last build, and `waits` what it
    /// has to wait for.
    fn now(
        &self,
        at: usize,
        action: &CheckedAction,
        then: Option<Digest>,
        prepared: &Prepared,
        waits: Option<(String, String)>,
    ) -> Now {
        let is_cached = || self.result(Some(prepared.key)).is_some();
        if then == Some(prepared.key) {
            return match waits {
                Some((target, action)) => Now::After { target, action },
                None if !is_cached() => Now::Runs(Reason::NotInCache),
                None if self.is_in_place(at) => Now::UpToDate,
                None => Now::Cached(Reason::OutputsGone),
            };
        }
        let target = self.opened.target(self.runs[at].id);
        let reason = match (self.decisions.of(target.name.as_str(), &action.id), then) {
            (Some(before), _) => reason::changed(before.outline, &prepared.outline, action, &target.base),
            (None, Some(_)) => Reason::NotRecorded,
            (None, None) => Reason::First,
        };
        if waits.is_none() && is_cached() {
            Now::Cached(reason)
        } else {
            Now::Runs(reason)
        }
    }

    /// Notes what is known of what an action makes, for those that read it.
    fn end(&mut self, at: usize, action: &CheckedAction, now: &Now, key: Option<Digest>, then: Option<Digest>) {
        let before = self.result(then);
        let (end, result) = match now {
            Now::UpToDate => (End::Same, self.result(key)),
            Now::Cached(_) => (End::Known, self.result(key)),
            Now::Runs(_) | Now::After { .. } => (End::Open, before.clone()),
        };
        let is_same = |result: &ActionResult| {
            let before = before.as_ref().map(|before| &before.outputs);
            before == Some(&result.outputs) && self.is_in_place(at)
        };
        let end = match &result {
            None => End::Open,
            Some(result) if end == End::Known && is_same(result) => End::Same,
            Some(_) => end,
        };
        for (output, content) in result.into_iter().flat_map(|result| result.outputs) {
            let output = OutputRef {
                action: action.id.clone(),
                output,
            };
            self.runs[at].contents.insert(output, content);
        }
        self.ends.insert((at, action.id.clone()), end);
    }

    fn result(&self, key: Option<Digest>) -> Option<ActionResult> {
        self.opened.executor.store.lookup(&key?)
    }

    /// The action of which nobody knows what it would make, and that this one reads from; its target and its id.
    fn reads_open(&self, at: usize, action: &CheckedAction) -> Option<(String, String)> {
        let name_of = self.name_of();
        let is_open = |at: usize, id: &str| self.ends.get(&(at, id.to_owned())) == Some(&End::Open);
        let deps = &self.runs[at].deps;
        action.inputs.iter().find_map(|input| match &input.source {
            CheckedSource::Output(output) => {
                is_open(at, &output.action).then(|| (name_of(self.runs[at].id), output.action.clone()))
            }
            CheckedSource::Artifact(wanted) => {
                let dep = deps.iter().find(|dep| name_of(self.runs[**dep].id) == wanted.target)?;
                let mut made = self.runs[*dep].plan.artifacts.iter();
                let id = &made.find(|artifact| artifact.name == wanted.name)?.from.action;
                is_open(*dep, id).then(|| (wanted.target.clone(), id.clone()))
            }
            CheckedSource::Files { .. } | CheckedSource::Content(_) => None,
        })
    }

    /// The action of a dependency that would write something into the user's tree that is not there yet, at a place that
    /// matters: patterns may take it from there.
    fn writer_before(&self, at: usize, matters: impl Fn(&RelPath) -> bool) -> Option<(String, String)> {
        let mut deps = self.runs[at].deps.iter();
        deps.find_map(|dep| Some((self.name_of()(self.runs[*dep].id), self.writer(*dep, &matters)?)))
    }

    fn writer(&self, at: usize, matters: &impl Fn(&RelPath) -> bool) -> Option<String> {
        let target = self.opened.target(self.runs[at].id);
        if self.runs[at].is_recalled {
            let record = self
                .last?
                .record(target.name.as_str())
                .filter(|_| !self.is_in_place(at))?;
            let mut actions = record.actions.iter();
            let is_writer = |action: &&ActionRecord<'_>| {
                let mut places = action.in_place.iter().map(|(_, path)| RelPath::parse(path));
                places.any(|place| place.is_ok_and(|place| matters(&place)))
            };
            let writer = actions.find(is_writer)?;
            return Some(writer.id.to_owned());
        }
        let mut actions = self.runs[at].plan.actions.iter();
        let writer = actions.find(|action| {
            let mut outputs = action.outputs.iter().filter(|output| output.in_place);
            let is_writer = outputs.any(|output| matters(&target.base.join(&output.path)));
            is_writer && self.ends.get(&(at, action.id.clone())) != Some(&End::Same)
        })?;
        Some(writer.id.clone())
    }

    /// The action with what it needs; none where something of that is not known.
    fn job(&self, at: usize, action: &CheckedAction) -> Result<Option<Job>, Problem> {
        let target = self.opened.target(self.runs[at].id);
        let builder = self.opened.builders.of(&target.builder)?;
        let info = NodeInfo {
            target: at,
            action: action.id.clone(),
            label: action.label.clone(),
            started: None,
            course: Course::new(Clock::start(), None),
        };
        let job = job::job(&self.runs, &info, target, &builder, &self.name_of());
        let has_all = |job: &Job| {
            job.action.inputs.iter().all(|input| match &input.source {
                CheckedSource::Output(output) => job.outputs.contains_key(output),
                CheckedSource::Artifact(artifact) => job.artifacts.contains_key(artifact),
                CheckedSource::Files { .. } | CheckedSource::Content(_) => true,
            })
        };
        Ok(job.filter(has_all))
    }

    fn prepare(&self, job: &Job) -> Result<(Prepared, Vec<ToolIdentity>), ExecuteError> {
        let executor = &self.opened.executor;
        let tools = executor.find_tools(job)?;
        let identities = self.runtime.block_on(executor.identify(&tools))?;
        Ok((executor.prepare(job, tools, &identities)?, identities))
    }

    fn is_in_place(&self, at: usize) -> bool {
        let name = self.opened.target(self.runs[at].id).name.as_str();
        self.last.is_some_and(|last| last.standing(name).is_in_place)
    }

    fn name_of(&self) -> impl Fn(TargetId) -> String + use<'_> {
        let opened = self.opened;
        move |id| opened.target(id).name.to_string()
    }
}

/// Whether something that is written to a place would show in what was looked at.
fn may_be_seen(place: &RelPath, seen: &Footprint) -> bool {
    let folders: BTreeSet<RelPath> = seen.paths.keys().cloned().collect();
    place.is_within(&folders) || folders.iter().any(|path| path.below(place).is_some())
}
