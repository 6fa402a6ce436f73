//! The acting half of a pass: actions that start and end, and targets that are finished by them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use crate::cache::Content;
use crate::digest::Digest;
use crate::error::Problem;
use crate::event::{ArtifactFacts, Event, Outcome, Span};
use crate::execute::{ExecuteError, Job};
use crate::plan::OutputRef;
use crate::run::finish::{self, FinishError, Finished};
use crate::run::job::{self, Ended, Phase};
use crate::run::pass::{Message, Pass};
use crate::run::perform::{self, End, Performed, Progress};
use crate::run::recall;
use crate::sandbox::{Jobserver, Tier};
use crate::schedule::{NodeId, State};

impl Pass<'_, '_> {
    /// Starts ready actions as far as there is room for them.
    pub(super) fn start_ready(&mut self) {
        if !self.schedule.has_ready() {
            return self.admission.rest();
        }
        let room = self.admission.room(self.schedule.slots_used());
        while let Some(node) = self.schedule.start(&room) {
            self.note_start(node);
            self.start(node);
        }
        let (used, has_ready) = (self.schedule.slots_used(), self.schedule.has_ready());
        self.admission.settle(&room, used, has_ready);
    }

    fn start(&mut self, node: NodeId) {
        let info = &self.nodes[&node];
        let target = self.opened.target(self.runs[info.target].id);
        let builder = self.opened.builders.of(&target.builder).ok();
        let job = builder.and_then(|builder| job::job(&self.runs, info, target, &builder, &self.name_of()));
        let mut job = job.expect("a node stands for an action of its target's plan");
        if job.action.jobserver {
            job.jobserver = self.lend_jobserver(node);
        }
        if job.action.checks_limit {
            job.earlier = self.earlier(&job);
        }
        if job.action.untrusted {
            self.tell_untrusted();
        }
        let (means, job) = (self.means.clone(), Arc::new(job));
        self.spawn(async move {
            let performed = perform::perform(means, node, Arc::clone(&job)).await;
            job.watch.stop();
            Message::Performed(node, performed)
        });
    }

    /// What the outputs that an action reads were in the last good build of its target, as far as the store has them.
    fn earlier(&self, job: &Job) -> BTreeMap<OutputRef, Content> {
        let Some(last) = self.taken.last else {
            return BTreeMap::new();
        };
        let outputs = job.outputs.keys().filter_map(|output| {
            let key = last.good_key(&job.target, &output.action)?;
            let made = self.means.executor.store.lookup(&key)?;
            Some((output.clone(), made.outputs.get(&output.output)?.clone()))
        });
        outputs.collect()
    }

    /// What runs code that nobody here wrote should have the strongest tier. Where there is none, it runs all the same,
    /// and that is told once.
    fn tell_untrusted(&mut self) {
        let tier = self.opened.executor.settings.tier;
        if tier == Tier::L2 || self.told_untrusted {
            return;
        }
        self.told_untrusted = true;
        let message = format!(
            "code that nobody here wrote, such as a model's checkpoint, runs in the sandbox {tier}, which does not shut it \
             in as L2 does; `--sandbox L2` says what L2 takes"
        );
        self.teller.notice("sandbox::untrusted", &message);
    }

    /// The jobserver for a tool. Where there can be none, the tool runs without one, and that is told.
    fn lend_jobserver(&mut self, node: NodeId) -> Option<Arc<Jobserver>> {
        let lent = self.admission.tokens.lend(node);
        lent.inspect_err(|error| {
            let message = format!("there is no jobserver, so tools that want one get one core each: {error}");
            self.teller.notice("build::jobserver", &message);
        })
        .ok()
    }

    /// An action was started, or said something.
    pub(super) fn on_progress(&mut self, node: NodeId, progress: Progress) {
        if matches!(progress, Progress::Started)
            && let Some(info) = self.nodes.get_mut(&node)
        {
            info.started = Some(Instant::now());
        }
        let info = &self.nodes[&node];
        let (target, action) = (self.target_name(info.target), info.action.clone());
        self.teller.tell(match progress {
            Progress::Started => Event::ActionStarted {
                target,
                action,
                label: info.label.clone(),
                on_demand: false,
            },
            Progress::Output(stream, bytes) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                Event::ActionOutput {
                    target,
                    action,
                    stream,
                    text,
                    replayed: false,
                }
            }
        });
    }

    /// An action ended.
    pub(super) fn on_performed(&mut self, node: NodeId, performed: End) {
        self.admission.tokens.ended(node, self.schedule.slots_of(node));
        self.note_end(node);
        match performed {
            End::Good(performed) => self.on_success(node, *performed),
            End::Twin(twin) => {
                let skipped = self.schedule.postpone(node, twin);
                skipped.into_iter().for_each(|skipped| self.tell_skipped(skipped));
            }
            End::Bad(ExecuteError::Lost { .. }) => {
                self.schedule.finish(node, Outcome::Skipped);
                self.lose();
            }
            End::Bad(ExecuteError::Stopped) => self.on_failure(node, Outcome::Skipped, None),
            End::Bad(error) => {
                let is_its_own = matches!(error, ExecuteError::Plugin(_) | ExecuteError::MissingTool { .. });
                let info = &self.nodes[&node];
                let target = self.target_name(info.target);
                let problem = Problem::from(error).target(target).action(info.action.clone());
                self.on_failure(node, Outcome::Failed, Some(problem));
                if !self.request.keep_going && !is_its_own {
                    self.stop_schedule();
                }
            }
        }
    }

    fn on_success(&mut self, node: NodeId, mut performed: Performed) {
        let info = self.nodes[&node].clone();
        let at = info.target;
        let name = self.target_name(at);
        self.tell_moved();
        self.teller.undeclared(&name, &info.action, &performed.undeclared);
        self.tell_undeclared_reading(at, &info.action, &performed.inputs);
        let known = self.is_known(&name, &info.action, performed.key);
        let outcome = if performed.hit { Outcome::Cached } else { Outcome::Ran };
        if performed.hit && known && !performed.placed {
            let event = self.finished_event(node, Outcome::UpToDate, Some(&performed));
            self.runs[at].deferred.push(event);
        } else {
            if performed.hit && !self.teller.has_told(&name, &info.action) {
                self.tell_replay(&name, &info.action, &performed);
            }
            self.tell_finished(node, outcome, Some(&performed));
        }
        let run = &mut self.runs[at];
        run.inputs.extend(performed.inputs.clone());
        run.outputs.extend(performed.outputs.clone());
        let ended = Ended {
            key: performed.key,
            outline: std::mem::take(&mut performed.outline),
            ran: !performed.hit,
            tier: performed.result.tier,
            duration: performed.result.duration,
            usage: performed.result.usage,
            fetched: performed.result.fetched,
        };
        run.ended.insert(info.action.clone(), ended);
        for (output, content) in &performed.result.outputs {
            let output = OutputRef {
                action: info.action.clone(),
                output: output.clone(),
            };
            run.contents.insert(output, content.clone());
        }
        self.schedule.finish(node, outcome);
        // Before the end is counted: another action may have failed, and what does not need it is built all the same.
        self.go_on(at, node);
        self.node_ended(at, true);
    }

    /// Whether this is the key of an action in the last build of its target, or in the last good one.
    fn is_known(&self, target: &str, action: &str, key: Digest) -> bool {
        let keys = self
            .taken
            .last
            .map(|last| [last.action_key(target, action), last.good_key(target, action)]);
        keys.is_some_and(|keys| keys.contains(&Some(key)))
    }

    /// Fails every action whose tool is not there, before anything runs: one message for each tool. What does not need it
    /// is built.
    pub(super) fn fail_without_tools(&mut self) {
        for (tool, nodes) in self.missing_tools() {
            let mut problem = Some(self.missing_tool(tool, &nodes));
            for node in nodes {
                if !matches!(self.schedule.state(node), State::Done(_)) {
                    self.on_failure(node, Outcome::Failed, problem.take());
                }
            }
            problem.into_iter().for_each(|problem| self.teller.problem(problem));
        }
    }

    /// The tools that are not there, and the actions that need them.
    fn missing_tools(&self) -> BTreeMap<String, Vec<NodeId>> {
        let mut missing: BTreeMap<String, Vec<NodeId>> = BTreeMap::new();
        for (node, info) in &self.nodes {
            let run = &self.runs[info.target];
            let root = &self.opened.target(run.id).root;
            let action = run.plan.action(&info.action);
            for tool in action.into_iter().flat_map(|action| &action.tools) {
                if self.opened.executor.tools.find(tool, root).is_none() {
                    missing.entry(tool.clone()).or_default().push(*node);
                }
            }
        }
        missing
    }

    /// What is said of a tool that these actions miss.
    fn missing_tool(&self, name: String, nodes: &[NodeId]) -> Problem {
        let mut targets: BTreeSet<usize> = nodes.iter().map(|node| self.nodes[node].target).collect();
        let problem = Problem::from(ExecuteError::MissingTool { name });
        let Some(first) = targets.pop_first() else {
            return problem;
        };
        let first = self.opened.target(self.runs[first].id);
        let problem = problem.target(first.name.as_str()).at(Some(first.location.clone()));
        if targets.is_empty() {
            return problem;
        }
        let others: Vec<String> = targets
            .iter()
            .map(|at| format!("`{}`", self.target_name(*at)))
            .collect();
        problem.hint(format!("without it there is no {} either", others.join(", ")))
    }

    /// Tells the end of the action first, with which reports show what it said, and then what is to be done.
    fn on_failure(&mut self, node: NodeId, outcome: Outcome, problem: Option<Problem>) {
        let skipped = self.schedule.finish(node, outcome);
        self.tell_finished(node, outcome, None);
        if let Some(problem) = problem {
            self.teller.problem(problem);
        }
        self.node_ended(self.nodes[&node].target, false);
        for skipped in skipped.into_iter().filter(|skipped| *skipped != node) {
            self.tell_skipped(skipped);
        }
    }

    /// Tells which of the user's own files were in the way of outputs.
    pub(super) fn tell_moved(&mut self) {
        let moved = self.opened.executor.placed.take_moved();
        let Some(first) = moved.first() else { return };
        let more = moved.len() - 1;
        let rest = if more == 0 {
            String::new()
        } else {
            format!(" and {more} more")
        };
        let what = "which farm did not put there, was in the way of an output and was moved to `.farm/aside`";
        self.teller
            .notice("artifact::moved-aside", &format!("`{first}`{rest}, {what}"));
    }

    fn tell_replay(&mut self, target: &str, action: &str, performed: &Performed) {
        for (stream, text) in perform::replay(&self.opened.executor, &performed.result) {
            let (target, action) = (target.to_owned(), action.to_owned());
            self.teller.tell(Event::ActionOutput {
                target,
                action,
                stream,
                text,
                replayed: true,
            });
        }
    }

    /// One action fewer to wait for; the last one finishes its target.
    pub(super) fn node_ended(&mut self, at: usize, good: bool) {
        let run = &mut self.runs[at];
        run.open -= 1;
        run.failed |= !good;
        self.finish_if_complete(at);
    }

    /// Targets whose plan has no action.
    pub(super) fn finish_empty_targets(&mut self) {
        for at in 0..self.runs.len() {
            self.finish_if_complete(at);
        }
    }

    /// Puts a target's artifacts in place once all of its actions and the targets that it depends on have ended well: what
    /// was made of something that failed its tests later is no result.
    pub(super) fn finish_if_complete(&mut self, at: usize) {
        let run = &self.runs[at];
        let deps = || run.deps.iter().map(|dep| &self.runs[*dep]);
        if !run.has_ended() {
            return;
        }
        if run.failed || deps().any(|dep| dep.phase == Phase::Done && dep.failed) {
            self.fail_target(at);
        } else if run.phase == Phase::Planned && deps().all(|dep| dep.phase == Phase::Done) {
            self.start_finishing(at);
        }
    }

    fn start_finishing(&mut self, at: usize) {
        let run = &mut self.runs[at];
        run.phase = Phase::Finishing;
        let target = self.opened.target(run.id).name.as_str();
        let last = self.taken.last.and_then(|last| last.record(target));
        let work = finish::Work {
            folder: self.opened.artifact_folder(run.id),
            artifacts: run.plan.artifacts.clone(),
            contents: run.contents.clone(),
            known: last.map(recall::known_sha256).unwrap_or_default(),
        };
        let executor = Arc::clone(&self.opened.executor);
        let clock = self.teller.clock();
        self.spawn(async move {
            let finish = move || clock.time(|| finish::finish(&executor, &work));
            let finished = tokio::task::spawn_blocking(finish).await;
            let (finished, span) = finished.unwrap_or((Err(FinishError::Stopped), Span::default()));
            Message::Finished(at, span, finished)
        });
    }

    /// A target has ended: those that depend on it may have waited for just that.
    pub(super) fn finish_users(&mut self, at: usize) {
        for user in self.runs[at].users.clone() {
            self.finish_if_complete(user);
        }
    }

    /// A target's artifacts are in place, or could not be put there.
    pub(super) fn on_finished(&mut self, at: usize, finished: Result<Finished, FinishError>) {
        let name = self.target_name(at);
        match finished {
            Ok(finished) => {
                self.tell_moved();
                let outcome = if finished.written {
                    Outcome::Cached
                } else {
                    Outcome::UpToDate
                };
                let events = self.runs[at].take_deferred(outcome);
                events.into_iter().for_each(|event| self.teller.tell(event));
                let run = &mut self.runs[at];
                run.phase = Phase::Done;
                run.artifacts.clone_from(&finished.artifacts);
                run.outputs.extend(finished.outputs);
                self.tell_target(at, finished.artifacts);
                self.finish_users(at);
            }
            Err(FinishError::Lost) => self.lose(),
            Err(error) => {
                self.teller.problem(Problem::from(error).target(name));
                self.fail_target(at);
            }
        }
    }

    pub(super) fn tell_target(&mut self, at: usize, artifacts: Vec<ArtifactFacts>) {
        let target = self.target_name(at);
        let ok = !self.runs[at].failed;
        let span = self.runs[at].finishing;
        self.teller.tell(Event::TargetFinished {
            target,
            ok,
            artifacts,
            span,
        });
    }

    /// The store lost something: this pass goes no further, and the next one makes it anew.
    pub(super) fn lose(&mut self) {
        self.lost = true;
        self.schedule.stop();
    }
}
