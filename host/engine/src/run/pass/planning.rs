//! The planning half of a pass: which targets can be planned, and what becomes of their plans.

use std::sync::Arc;

use crate::error::{Class, Problem};
use crate::event::{Event, Span, Stream};
use crate::execute::ExecuteError;
use crate::inputs::InputError;
use crate::path::RelPath;
use crate::plan::{CheckedAction, CheckedSource, FileBase, Level, SeenFile};
use crate::run::costs;
use crate::run::job::{self, NodeInfo, Phase};
use crate::run::pass::{Message, Pass};
use crate::run::planning::{self, Planned, Round};
use crate::run::seen;
use crate::run::timing::Course;
use crate::schedule::NodeId;

impl Pass<'_, '_> {
    /// Starts to plan every target whose dependencies are planned.
    pub(super) fn plan_ready(&mut self) {
        for at in 0..self.runs.len() {
            self.plan_if_ready(at);
        }
    }

    fn plan_if_ready(&mut self, at: usize) {
        let run = &self.runs[at];
        if run.phase != Phase::Waiting {
            return;
        }
        if run
            .deps
            .iter()
            .any(|dep| self.runs[*dep].failed && !self.runs[*dep].is_planned())
        {
            self.fail_target(at);
            return;
        }
        if run.deps.iter().all(|dep| self.runs[*dep].is_planned()) {
            let target = self.opened.target(self.runs[at].id);
            let request = job::plan_request(&self.runs, at, target, self.request, &self.name_of());
            self.runs[at].left = self.taken.leftovers.own(target.name.as_str());
            self.runs[at].request = Some(request);
            self.start_planning(at, None);
        }
    }

    fn start_planning(&mut self, at: usize, seen: Option<(Vec<u8>, Vec<SeenFile>)>) {
        let target = self.opened.target(self.runs[at].id).clone();
        let builder = match self.opened.builders.of(&target.builder) {
            Ok(builder) => builder,
            Err(problem) => {
                self.refuse(problem.target(target.name.as_str()));
                return self.fail_target(at);
            }
        };
        let run = &mut self.runs[at];
        let Some(request) = run.request.clone() else { return };
        run.phase = Phase::Planning;
        let round = Round {
            request,
            before: run.plan.clone(),
            seen,
            without: run.left.clone(),
        };
        let executor = Arc::clone(&self.opened.executor);
        let output = self.opened.workspace.output.clone();
        let clock = self.teller.clock();
        self.spawn(async move {
            let name = target.name.to_string();
            let plan = move || clock.time(|| planning::plan_round(&executor, &builder, &target, &round, &output));
            let planned = tokio::task::spawn_blocking(plan).await;
            let (planned, span) = planned.unwrap_or_else(|_| (Err(panicked(&name)), Span::default()));
            Message::Planned(at, span, planned)
        });
    }

    /// A plan came back.
    pub(super) fn on_planned(&mut self, at: usize, planned: Result<Planned, Problem>) {
        let added = planned.and_then(|planned| self.add_plan(at, planned));
        match added {
            // Its last round may have had no action: then there is nothing else to wait for.
            Ok(()) if self.acting_since.is_some() => self.finish_if_complete(at),
            Ok(()) => {}
            Err(problem) => {
                self.refuse(problem);
                self.fail_target(at);
            }
        }
    }

    /// Tells a problem. Nothing is built while the user has something to mend; where the machine lacks a tool, what can do
    /// without it is.
    fn refuse(&mut self, problem: Problem) {
        self.is_refused |= problem.class != Class::Build && !planning::is_missing_tool(&problem);
        self.teller.problem(problem);
    }

    fn add_plan(&mut self, at: usize, planned: Planned) -> Result<(), Problem> {
        let new = planned.plan.actions[self.runs[at].plan.actions.len()..].to_vec();
        self.claim(at, &new)?;
        self.tell_plan(at, &planned, &new);
        let run = &mut self.runs[at];
        run.plan = planned.plan;
        run.next = planned.next;
        run.inputs.extend(planned.seen);
        run.phase = if run.next.is_some() {
            Phase::Partly
        } else {
            Phase::Planned
        };
        self.add_nodes(at, &new);
        if self.runs[at].is_planned() {
            self.find_dead(at);
            for user in self.runs[at].users.clone() {
                self.runs[user].planned_after = self.runs[at].planned_after;
                self.plan_if_ready(user);
            }
        }
        Ok(())
    }

    fn tell_plan(&mut self, at: usize, planned: &Planned, new: &[CheckedAction]) {
        let target = self.opened.target(self.runs[at].id);
        let name = target.name.to_string();
        if new
            .iter()
            .find(in_builds)
            .is_some_and(|action| self.teller.has_told(&name, &action.id))
        {
            return;
        }
        for (level, message) in &planned.logs {
            let text = format!("{message}\n");
            if *level == Level::Warn {
                self.teller.tell(Event::Notice {
                    code: "builder::warning",
                    message: message.clone(),
                    target: Some(name.clone()),
                    action: None,
                });
            } else {
                let (target, action) = (name.clone(), "plan".to_owned());
                self.teller.tell(Event::ActionOutput {
                    target,
                    action,
                    stream: Stream::Builder,
                    text,
                    replayed: planned.cached,
                });
            }
        }
        self.teller.tell(Event::TargetPlanned {
            target: name,
            builder: target.builder.clone(),
            actions: new.iter().filter(in_builds).map(|action| action.id.clone()).collect(),
            cached: planned.cached,
            span: self.runs[at].planning,
        });
    }

    /// Adds actions to the schedule, those first that others need.
    fn add_nodes(&mut self, at: usize, actions: &[CheckedAction]) {
        let mut left: Vec<&CheckedAction> = actions.iter().filter(in_builds).collect();
        while !left.is_empty() {
            let (ready, waiting): (Vec<_>, Vec<_>) = left.into_iter().partition(|action| self.runs_before(at, action));
            if ready.is_empty() {
                debug_assert!(waiting.is_empty(), "a checked plan has no cycle");
                break;
            }
            for action in ready {
                self.add_node(at, action);
            }
            left = waiting;
        }
    }

    /// Whether all actions of the same target that this one needs are in the schedule.
    fn runs_before(&self, at: usize, action: &CheckedAction) -> bool {
        let mut needed = action.inputs.iter().filter_map(|input| match &input.source {
            CheckedSource::Output(output) => Some(&output.action),
            _ => None,
        });
        needed.all(|id| self.names.get(at, id).is_some())
    }

    fn add_node(&mut self, at: usize, action: &CheckedAction) {
        let needs = job::needs(&self.runs, at, action, &self.names, &self.name_of());
        let name = self.target_name(at);
        let known = self.taken.last.and_then(|last| last.action(&name, &action.id));
        let demand = costs::demand(known, action);
        let node = self.schedule.add(&needs, at, demand);
        self.names.insert(at, &action.id, node);
        let info = NodeInfo {
            target: at,
            action: action.id.clone(),
            label: action.label.clone(),
            started: None,
            course: Course::new(self.teller.clock(), self.runs[at].planned_after),
        };
        self.nodes.insert(node, info);
        self.runs[at].open += 1;
        if matches!(self.schedule.state(node), crate::schedule::State::Done(_)) {
            self.tell_skipped(node);
        }
    }

    /// Takes the places of the user's tree that new actions write to; no two targets may share one.
    fn claim(&mut self, at: usize, actions: &[CheckedAction]) -> Result<(), Problem> {
        let target = self.opened.target(self.runs[at].id);
        let outputs = actions
            .iter()
            .flat_map(|action| action.outputs.iter().filter(|output| output.in_place));
        for output in outputs {
            let path = target.base.join(&output.path);
            if let Some((taken, owner)) = self.claimed_by(&path).filter(|(_, owner)| *owner != at) {
                let inner = if path.below(taken).is_some() { &path } else { taken };
                return Err(self.clash(inner, at.min(owner), at.max(owner)));
            }
            self.claims.insert(path, at);
        }
        Ok(())
    }

    /// Two targets want one place. Says the same whichever was planned first.
    fn clash(&self, path: &RelPath, first: usize, second: usize) -> Problem {
        let (first, second) = (self.target_name(first), self.opened.target(self.runs[second].id));
        let message = format!("`{path}` would be written by `{first}` and by `{}`", second.name);
        Problem::new("plan::output-clash", Class::Request, message)
            .target(second.name.as_str())
            .at(Some(second.location.clone()))
            .hint("let each target write to a place of its own")
    }

    /// The place that this is, or lies in, or holds, and whose it is.
    fn claimed_by(&self, path: &RelPath) -> Option<(&RelPath, usize)> {
        let mut above = Some(path.clone());
        while let Some(folder) = above {
            if let Some((taken, owner)) = self.claims.get_key_value(&folder) {
                return Some((taken, *owner));
            }
            above = folder.parent();
        }
        let below = self
            .claims
            .range(path.clone()..)
            .take_while(|(other, _)| other.as_str().starts_with(path.as_str()));
        below
            .into_iter()
            .find(|(other, _)| other.below(path).is_some())
            .map(|(taken, owner)| (taken, *owner))
    }

    /// Goes on with a plan whose outputs are there, now that this action has ended.
    pub(super) fn go_on(&mut self, at: usize, node: NodeId) {
        let run = &self.runs[at];
        let is_over = run.failed && self.schedule.is_stopped();
        let Some(next) = run.next.clone().filter(|_| run.can_go_on() && !is_over) else {
            return;
        };
        match seen::read(&self.opened.executor.store, &next.needs, &run.contents) {
            Some(seen) => {
                self.runs[at].planned_after = Some(node);
                self.start_planning(at, Some((next.state, seen)));
            }
            None => self.lose(),
        }
    }

    /// A target that cannot be planned or has failed, and all that can have no result without it: those whose plan waits
    /// for its own, and those whose actions have all ended.
    pub(super) fn fail_target(&mut self, at: usize) {
        let mut failing = vec![at];
        while let Some(at) = failing.pop() {
            let run = &mut self.runs[at];
            if run.phase == Phase::Done {
                continue;
            }
            run.failed = true;
            let planned = run.is_planned();
            run.phase = Phase::Done;
            self.tell_target(at, Vec::new());
            let users = self.runs[at].users.iter().rev().copied();
            failing.extend(users.filter(|user| !planned || self.runs[*user].has_ended()));
        }
    }

    /// Every file that is named as an input must be there before anything runs, but for those that a target of this
    /// build writes.
    pub(super) fn check_inputs(&mut self) {
        let mut problems = Vec::new();
        for run in &self.runs {
            let target = self.opened.target(run.id);
            for action in run.plan.in_builds() {
                if let Err(error) = self.check_files(action, &target.base) {
                    let problem = Problem::from(ExecuteError::Input(error)).target(target.name.as_str());
                    problems.push(problem.action(action.id.clone()).at(Some(target.location.clone())));
                }
            }
        }
        problems.into_iter().for_each(|problem| self.refuse(problem));
    }

    /// What is to be run once all is built must be there, as far as the plan is known by now.
    pub(super) fn check_on_demand(&mut self) {
        let Some(chosen) = &self.opened.chosen else { return };
        let planned = self.runs.iter().filter(|run| run.phase == Phase::Planned);
        let Some(run) = planned.into_iter().find(|run| run.id == chosen.id) else {
            return;
        };
        if let Err(problem) = chosen.check(self.opened, &run.plan) {
            self.refuse(problem);
        }
    }

    fn check_files(&self, action: &CheckedAction, root: &RelPath) -> Result<(), InputError> {
        let workspace = RelPath::root();
        for input in &action.inputs {
            let CheckedSource::Files { base, include, .. } = &input.source else {
                continue;
            };
            let base = match base {
                FileBase::Target => root,
                FileBase::Workspace => &workspace,
            };
            let absent = self.opened.executor.files.absent(base, include)?;
            if let Some(path) = absent.filter(|path| self.claimed_by(path).is_none()) {
                return Err(InputError::Missing(path));
            }
        }
        Ok(())
    }
}

/// Whether an action is part of the build.
fn in_builds(action: &&CheckedAction) -> bool {
    action.on_demand.is_none()
}

fn panicked(target: &str) -> Problem {
    Problem::new("plan::panic", Class::Build, "planning ended in a fault of farm's own").target(target)
}
