//! One pass through a build: the loop that plans targets, starts actions, and tells how they end.
//!
//! Everything that changes a pass happens here, in one thread and one order; jobs run beside it and send messages. Does
//! not know how a target is planned, an action performed or an artifact put in place.

mod acting;
mod admission;
mod clearing;
mod planning;
mod reading;
mod recalling;
mod timing;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::error::{Class, Problem};
use crate::event::{Event, Outcome, Span};
use crate::fs::LockFile;
use crate::graph::TargetId;
use crate::path::RelPath;
use crate::run::finish::{FinishError, Finished, Put};
use crate::run::job::{NodeInfo, Phase, TargetRun};
use crate::run::leftovers::{Leftover, Leftovers};
use crate::run::lock;
use crate::run::machine::Machine;
use crate::run::pass::admission::Admission;
use crate::run::perform::{End, Means, Performed, Progress};
use crate::run::planning::Planned;
use crate::run::recall::{Last, Recalls};
use crate::run::request::{Request, Stop};
use crate::run::shared::Opened;
use crate::run::tell::Teller;
use crate::run::twins::Twins;
use crate::schedule::{Names, NodeId, Schedule};

/// How a pass ended.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// Whether all is there.
    pub(super) ok: bool,
    /// Whether the store lost something that was needed: another pass makes it anew.
    pub(super) lost: bool,
    /// Whether another build has left a new state meanwhile: all has to be found out anew.
    pub(super) overtaken: bool,
    /// The targets as they ended; none when nothing was begun.
    pub(super) runs: Vec<TargetRun>,
    /// Held until all is left as the next build needs it.
    pub(super) lock: Option<LockFile>,
}

/// What jobs send to the loop when they end.
enum Message {
    Planned(usize, Span, Result<Planned, Problem>),
    Recalled(usize, Span, Result<Put, Option<Problem>>),
    Performed(NodeId, End),
    Finished(usize, Span, Result<Finished, FinishError>),
}

/// What is taken over from the last build.
pub(super) struct Taken<'a> {
    /// What the last build left.
    pub(super) last: Option<&'a Last<'a>>,
    /// What tells that state from a later one.
    pub(super) stamp: Option<(u64, i64)>,
    /// The targets that need not be built.
    pub(super) recalls: Recalls,
    /// What earlier builds of the others have left in the user's tree.
    pub(super) leftovers: Leftovers,
}

/// A pass under way.
pub(super) struct Pass<'a, 's> {
    opened: &'a Opened,
    request: &'a Request,
    taken: Taken<'a>,
    teller: &'a mut Teller<'s>,
    schedule: Schedule,
    names: Names,
    nodes: BTreeMap<NodeId, NodeInfo>,
    runs: Vec<TargetRun>,
    /// Places of the user's tree that actions write to, and whose they are.
    claims: BTreeMap<RelPath, usize>,
    /// What earlier builds have left, and no target makes any more.
    dead: Vec<Leftover>,
    /// What of that this pass has removed.
    removed: Vec<RelPath>,
    /// Jobs that have not ended.
    in_flight: usize,
    ended: mpsc::UnboundedSender<Message>,
    ends: mpsc::UnboundedReceiver<Message>,
    progress: mpsc::UnboundedReceiver<(NodeId, Progress)>,
    means: Means,
    stop_tools: watch::Sender<bool>,
    lost: bool,
    /// Whether there is something that the user has to mend before anything is built.
    is_refused: bool,
    /// Whether it was told that untrusted code runs in a weaker sandbox than it should.
    told_untrusted: bool,
    /// The targets of which it was told that they read what they do not depend on.
    told_reading: BTreeSet<usize>,
    admission: Admission,
    /// Since when actions may be started, from the build's start.
    acting_since: Option<Duration>,
    /// Held while this build may write into the workspace.
    lock: Option<LockFile>,
}

impl<'a, 's> Pass<'a, 's> {
    /// A pass over the chosen targets. The workspace's lock is what it may hold already.
    pub(super) fn new(
        opened: &'a Opened,
        request: &'a Request,
        (taken, lock): (Taken<'a>, Option<LockFile>),
        teller: &'a mut Teller<'s>,
    ) -> Self {
        let (ended, ends) = mpsc::unbounded_channel();
        let (tell, progress) = mpsc::unbounded_channel();
        let (stop_tools, stop) = watch::channel(false);
        let means = Means {
            executor: Arc::clone(&opened.executor),
            cache: request.cache,
            tell,
            stop,
            twins: Twins::default(),
        };
        let (runs, claims) = target_runs(opened, &taken.recalls);
        Self {
            opened,
            request,
            taken,
            teller,
            schedule: Schedule::default(),
            names: Names::default(),
            nodes: BTreeMap::new(),
            runs,
            claims,
            dead: Vec::new(),
            removed: Vec::new(),
            in_flight: 0,
            ended,
            ends,
            progress,
            means,
            stop_tools,
            lost: false,
            is_refused: false,
            told_untrusted: false,
            told_reading: BTreeSet::new(),
            admission: Admission::new(request.jobs, Machine::at("/")),
            acting_since: None,
            lock,
        }
    }

    /// Plans everything that can be planned; then, if the user has nothing to mend, builds.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<Stop>) -> Ended {
        self.find_gone();
        self.plan_ready();
        while self.in_flight > 0 {
            self.wait(&mut stop).await;
        }
        self.check_inputs();
        self.check_on_demand();
        let is_hopeless = !self.runs.is_empty() && self.runs.iter().all(|run| run.failed);
        let had_lock = self.lock.is_some();
        if self.is_refused || is_hopeless || !self.prepare_folder(&mut stop).await {
            return self.give_up();
        }
        if !had_lock && self.opened.places.stamp() != self.taken.stamp {
            // Another build has ended meanwhile: what was found out before it may be wrong now.
            return Ended {
                overtaken: true,
                lock: self.lock,
                ..Ended::default()
            };
        }
        if !self.clear_away() {
            return self.give_up();
        }
        if self.has_lost_inputs() {
            self.lose();
            return self.end();
        }
        // What others may read comes first.
        self.start_recalls();
        while self.in_flight > 0 {
            self.wait(&mut stop).await;
        }
        self.fail_without_tools();
        self.acting_since = Some(self.teller.clock().now());
        self.finish_empty_targets();
        loop {
            self.start_ready();
            if self.in_flight == 0 {
                break;
            }
            if *stop.borrow() == Stop::AtOnce {
                // Both interrupts may have come before the first one was seen.
                self.hurry(Stop::AtOnce);
                break;
            }
            self.wait(&mut stop).await;
        }
        self.end()
    }

    /// Waits for the next message or the user's wish to stop, and acts on it.
    async fn wait(&mut self, stop: &mut watch::Receiver<Stop>) {
        tokio::select! {
            biased;
            Some((node, progress)) = self.progress.recv() => self.on_progress(node, progress),
            Some(message) = self.ends.recv() => {
                // What a job said before it ended was sent before its end.
                while let Ok((node, progress)) = self.progress.try_recv() {
                    self.on_progress(node, progress);
                }
                self.on_end(message);
            }
            () = self.admission.look_again() => {}
            Ok(()) = stop.changed() => self.hurry(*stop.borrow_and_update()),
        }
    }

    fn on_end(&mut self, message: Message) {
        self.in_flight -= 1;
        match message {
            Message::Planned(at, span, planned) => {
                self.runs[at].planning = Some(span);
                self.on_planned(at, planned);
            }
            Message::Recalled(at, span, put) => {
                self.runs[at].finishing = Some(span);
                self.on_recalled(at, put);
            }
            Message::Performed(node, performed) => self.on_performed(node, performed),
            Message::Finished(at, span, finished) => {
                self.runs[at].finishing = Some(span);
                self.on_finished(at, finished);
            }
        }
    }

    /// The user wants to stop: nothing more is started, tools are asked to end.
    fn hurry(&mut self, stop: Stop) {
        if stop == Stop::Run {
            return;
        }
        self.teller.interrupted();
        self.stop_tools.send_replace(true);
        self.stop_schedule();
    }

    /// Skips all that has not been started.
    fn stop_schedule(&mut self) {
        for node in self.schedule.stop() {
            self.tell_skipped(node);
        }
    }

    /// Starts a job beside the loop.
    fn spawn(&mut self, job: impl Future<Output = Message> + Send + 'static) {
        self.in_flight += 1;
        let ended = self.ended.clone();
        tokio::spawn(async move {
            let message = job.await;
            // The loop is gone only when the build was stopped at once.
            drop(ended.send(message));
        });
    }

    fn give_up(self) -> Ended {
        Ended::default()
    }

    fn end(mut self) -> Ended {
        let ok = self.runs.iter().all(|run| run.phase == Phase::Done && !run.failed);
        for at in 0..self.runs.len() {
            let events = self.runs[at].take_deferred(Outcome::Cached);
            events.into_iter().for_each(|event| self.teller.tell(event));
        }
        // While the lock is held: the next build clears away what it finds.
        self.opened.executor.trash.empty();
        Ended {
            ok: ok && !self.lost,
            lost: self.lost,
            overtaken: false,
            runs: self.runs,
            lock: self.lock,
        }
    }

    /// Makes `.farm/`, waits until no other build runs in this workspace, and pins new builders. False when the user
    /// stopped meanwhile.
    async fn prepare_folder(&mut self, stop: &mut watch::Receiver<Stop>) -> bool {
        if self.lock.is_some() {
            return self.pin_builders();
        }
        let locked = lock::take(&self.opened.places, self.teller, stop).await;
        match locked {
            Ok(lock) => {
                let locked = lock.is_some();
                self.lock = lock;
                locked && self.pin_builders()
            }
            Err(error) => {
                let message = "the workspace's `.farm` folder cannot be used";
                self.teller
                    .problem(Problem::new("build::folder", Class::Request, message).because(&error));
                false
            }
        }
    }

    fn pin_builders(&mut self) -> bool {
        let pinned = self.opened.builders.save_pins(&self.opened.workspace);
        pinned.map_err(|problem| self.teller.problem(problem)).is_ok()
    }

    fn name_of(&self) -> impl Fn(TargetId) -> String + use<'a> {
        let opened = self.opened;
        move |id| opened.target(id).name.to_string()
    }

    fn target_name(&self, at: usize) -> String {
        self.opened.target(self.runs[at].id).name.to_string()
    }

    fn tell_skipped(&mut self, node: NodeId) {
        self.tell_finished(node, Outcome::Skipped, None);
        let at = self.nodes[&node].target;
        self.node_ended(at, false);
    }

    fn tell_finished(&mut self, node: NodeId, outcome: Outcome, performed: Option<&Performed>) {
        let event = self.finished_event(node, outcome, performed);
        self.teller.tell(event);
    }

    fn finished_event(&self, node: NodeId, outcome: Outcome, performed: Option<&Performed>) -> Event {
        let info = &self.nodes[&node];
        let result = performed.map(|performed| &performed.result);
        let usage = result.and_then(|result| result.usage);
        let spent = info.started.map(|started| started.elapsed()).unwrap_or_default();
        Event::ActionFinished {
            target: self.target_name(info.target),
            action: info.action.clone(),
            label: info.label.clone(),
            outcome,
            key: performed.map(|performed| performed.key.to_string()),
            tier: result.and_then(|result| result.tier),
            duration: result.map_or(spent, |result| result.duration),
            cpu: usage.map(|usage| usage.user + usage.system),
            peak_memory: usage.map(|usage| usage.peak_memory),
            fetched: result.is_some_and(|result| result.fetched),
            timings: self.timings(node),
        }
    }
}

/// The chosen targets with their dependencies, by place in the pass; and the places of the user's tree that recalled
/// ones have written to.
pub(super) fn target_runs(opened: &Opened, recalls: &Recalls) -> (Vec<TargetRun>, BTreeMap<RelPath, usize>) {
    let places: BTreeMap<TargetId, usize> = opened.selected.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let mut runs: Vec<TargetRun> = Vec::with_capacity(opened.selected.len());
    let mut claims = BTreeMap::new();
    for (at, id) in opened.selected.iter().enumerate() {
        let deps = opened.graph.deps_of(*id);
        let deps: Vec<usize> = deps.iter().filter_map(|dep| places.get(dep).copied()).collect();
        for dep in &deps {
            runs[*dep].users.push(at);
        }
        let run = TargetRun::new(*id, deps);
        runs.push(match recalls.get(&at) {
            Some(recall) => run.recalled(recall.plan.clone(), recall.contents.clone()),
            None => run,
        });
        let written = recalls.get(&at).into_iter().flat_map(|recall| &recall.in_place);
        claims.extend(written.map(|(path, _)| (path.clone(), at)));
    }
    (runs, claims)
}
