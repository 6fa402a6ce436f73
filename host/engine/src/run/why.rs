//! Answers why the actions of a target were last anything but up to date, and what the next build would do with them and
//! because of what.
//!
//! Plans and makes keys as a build does, with the recorded results of what an action needs, and compares them with the
//! recorded keys. Runs no action, and writes nothing into the workspace.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::cache::ActionResult;
use crate::digest::Digest;
use crate::error::{Class, Problem};
use crate::execute::{ExecuteError, Job, Prepared};
use crate::graph::TargetId;
use crate::key::ToolIdentity;
use crate::plan::{CheckedAction, CheckedSource, OutputRef};
use crate::run::job::{self, NodeInfo, Phase, TargetRun};
use crate::run::listing::KeyFacts;
use crate::run::pass;
use crate::run::planning::{self, Round};
use crate::run::reason::{self, Reason};
use crate::run::recall::{Last, Recalls};
use crate::run::request::{CacheUse, Request};
use crate::run::seen;
use crate::run::shared::{self, Opened};
use crate::run::state::{Decisions, Places};

/// A target's actions, and why they were and would be what they were and would be.
#[derive(Debug, Clone)]
pub struct TargetWhy {
    /// Its full name.
    pub target: String,
    /// Its builder's name.
    pub builder: String,
    /// Whether its builder wants to see outputs that are not there before it plans the rest.
    pub is_partial: bool,
    /// Its actions, in the order of the plan.
    pub actions: Vec<ActionWhy>,
}

/// An action, and why it was and would be what it was and would be.
#[derive(Debug, Clone)]
pub struct ActionWhy {
    /// Its id.
    pub id: String,
    /// A few words for people.
    pub label: String,
    /// When it was last anything but up to date; none where that is not recorded.
    pub last: Option<LastDecision>,
    /// What the next build would do.
    pub now: Now,
    /// Its key and all that is in it, where that was asked for and all that it needs is there.
    pub key: Option<KeyFacts>,
}

/// What was last done for an action that was not up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastDecision {
    /// Whether it ran; else its result came from the local cache.
    pub ran: bool,
    /// Why it was not up to date.
    pub reason: Reason,
}

/// What the next build would do for an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Now {
    /// Nothing.
    UpToDate,
    /// It would take the result from the local cache, for this reason.
    Cached(Reason),
    /// It would run it, for this reason.
    Runs(Reason),
    /// That depends on what another action makes, which would run or depends on others itself.
    After {
        /// Full name of that action's target.
        target: String,
        /// Its id.
        action: String,
    },
}

/// Why the actions of the targets that the request names were last not up to date, and what the next build would do.
/// The parts of their keys are told where `with_parts` asks for them: there are as many as inputs.
pub fn why(request: &Request, with_parts: bool) -> Result<Vec<TargetWhy>, Problem> {
    let places = Places::of(&request.workspace);
    let (view, bytes) = (places.load(), places.load_decisions());
    let mut last = view.as_ref().and_then(Last::open);
    // Nothing is taken over unseen: every key is made anew.
    let cache = CacheUse {
        read: false,
        ..request.cache
    };
    let making = Request {
        cache,
        ..request.clone()
    };
    let (mut opened, _) = shared::open(&making, last.as_mut())?;
    if let Some(executor) = Arc::get_mut(&mut opened.executor) {
        // A tool that is new is asked for its version, in a folder that is not the workspace's.
        executor.settings.scratch = executor.store.scratch()?;
    }
    if let Some(last) = &mut last {
        let names = opened.selected.iter().map(|id| opened.target(*id).name.as_str());
        last.look_if_new(request, &names.collect::<Vec<_>>());
    }
    let mut asked = BTreeSet::new();
    for text in &request.targets {
        asked.extend(opened.graph.matching(text)?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Problem::new("build::runtime", Class::Build, "cannot look").because(&error))?;
    let (runs, _) = pass::target_runs(&opened, &Recalls::new());
    let outlook = Outlook {
        request,
        opened: &opened,
        last: last.as_ref(),
        decisions: bytes.as_deref().and_then(Decisions::decode).unwrap_or_default(),
        runtime,
        asked: if with_parts { asked.clone() } else { BTreeSet::new() },
        runs,
        ends: HashMap::new(),
    };
    let all = outlook.all()?;
    Ok(all
        .into_iter()
        .filter(|(id, _)| asked.contains(id))
        .map(|(_, target)| target)
        .collect())
}

/// What is known of what an action would make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// What it made last, and that is in place.
    Same,
    /// What the cache holds.
    Known,
    /// Nobody knows before it has run.
    Open,
}

/// A look at what a build would do.
struct Outlook<'a> {
    request: &'a Request,
    opened: &'a Opened,
    last: Option<&'a Last<'a>>,
    decisions: Decisions<'a>,
    runtime: tokio::runtime::Runtime,
    /// Targets whose keys are told with their parts.
    asked: BTreeSet<TargetId>,
    /// The targets with their plans; as contents, results that would be there, or else those of the last build.
    runs: Vec<TargetRun>,
    /// How the actions would end, by the target's place and the action's id.
    ends: HashMap<(usize, String), End>,
}

impl Outlook<'_> {
    /// Every chosen target, dependencies first.
    fn all(mut self) -> Result<Vec<(TargetId, TargetWhy)>, Problem> {
        let mut all = Vec::new();
        for at in 0..self.runs.len() {
            all.push((self.runs[at].id, self.target(at)?));
        }
        Ok(all)
    }

    fn target(&mut self, at: usize) -> Result<TargetWhy, Problem> {
        let target = self.opened.target(self.runs[at].id);
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

    /// Plans one round, and returns its actions.
    fn plan(
        &mut self,
        at: usize,
        seen: Option<(Vec<u8>, Vec<crate::plan::SeenFile>)>,
    ) -> Result<Vec<CheckedAction>, Problem> {
        let opened = self.opened;
        let target = opened.target(self.runs[at].id);
        let builder = opened.builders.of(&target.builder)?;
        let round = Round {
            request: job::plan_request(&self.runs, at, target, self.request, &self.name_of()),
            before: self.runs[at].plan.clone(),
            seen,
        };
        let planned = planning::plan_round(&opened.executor, &builder, target, &round, &opened.workspace.output)?;
        let run = &mut self.runs[at];
        let new = planned.plan.actions[run.plan.actions.len()..].to_vec();
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
        let last = decision.map(|decision| LastDecision {
            ran: decision.ran,
            reason: decision.reason.clone(),
        });
        let then = decision.map(|decision| Digest::from_bytes(decision.key));
        let then = then.or_else(|| self.last?.action_key(target.name.as_str(), &action.id));
        let waits = self.waits_for(at, action);
        let located = |error: ExecuteError| {
            let problem = Problem::from(error).target(target.name.as_str());
            problem.action(action.id.clone())
        };
        let prepared = match self.job(at, action)? {
            Some(job) => match self.prepare(&job) {
                Ok((prepared, identities)) => Some((job, prepared, identities)),
                // What is missing may be what others have yet to write.
                Err(_) if waits.is_some() => None,
                Err(error) => return Err(located(error)),
            },
            None => None,
        };
        let now = match (&prepared, waits) {
            (Some((_, prepared, _)), waits) => self.now(at, action, then, prepared, waits),
            (None, Some((target, action))) if then.is_some() => Now::After { target, action },
            (None, _) => Now::Runs(Reason::First),
        };
        self.end(
            at,
            action,
            &now,
            prepared.as_ref().map(|(_, prepared, _)| prepared.key),
            then,
        );
        let key = prepared.filter(|_| self.asked.contains(&self.runs[at].id));
        let key = key.map(|(job, prepared, identities)| KeyFacts {
            key: prepared.key.to_string(),
            parts: self.opened.executor.explain(&job, &prepared, &identities),
        });
        Ok(ActionWhy {
            id: action.id.clone(),
            label: action.label.clone(),
            last,
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
                None if self.is_untouched(at) => Now::UpToDate,
                None if !is_cached() => Now::Runs(Reason::NotInCache),
                None if self.is_in_place(at) => Now::UpToDate,
                None => Now::Cached(Reason::OutputsGone),
            };
        }
        let target = self.opened.target(self.runs[at].id);
        let reason = match (self.decisions.of(target.name.as_str(), &action.id), then) {
            (Some(before), _) => reason::changed(before.outline, &prepared.outline, action, &target.root),
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
        let (end, result) = match now {
            Now::UpToDate => (End::Same, self.result(key)),
            Now::Cached(_) => (End::Known, self.result(key)),
            Now::Runs(_) | Now::After { .. } => (End::Open, self.result(then)),
        };
        let end = if result.is_some() { end } else { End::Open };
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
    fn waits_for(&self, at: usize, action: &CheckedAction) -> Option<(String, String)> {
        let name_of = self.name_of();
        let is_open = |at: usize, id: &str| self.ends.get(&(at, id.to_owned())) == Some(&End::Open);
        let deps = &self.runs[at].deps;
        let read = action.inputs.iter().find_map(|input| match &input.source {
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
        });
        read.or_else(|| {
            // What a dependency writes into the user's tree, patterns may take from there.
            deps.iter().find_map(|dep| {
                let mut actions = self.runs[*dep].plan.actions.iter();
                let writer = actions.find(|action| {
                    action.outputs.iter().any(|output| output.in_place)
                        && self.ends.get(&(*dep, action.id.clone())) != Some(&End::Same)
                })?;
                Some((name_of(self.runs[*dep].id), writer.id.clone()))
            })
        })
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

    /// Whether a build would take the target over without looking for its results.
    fn is_untouched(&self, at: usize) -> bool {
        let id = self.runs[at].id;
        let is_untouched = self.last.and_then(|last| {
            let name = self.opened.target(id).name.as_str();
            let is_same = last.record(name)?.definition == self.opened.definition(id);
            Some(is_same && last.standing(name).is_known && last.standing(name).is_in_place)
        });
        is_untouched.unwrap_or(false)
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
