//! One build, from the request to the report: the picture of the design in code.
//!
//! ```text
//! farm.toml ─config─► workspace ─graph─► targets ─plan (component)─► actions ─inputs, key─► key
//!                                                                  hit ┌── cache ──┤ miss
//!                                                                      ▼           ▼
//!                                                                   restore     execute ─► store
//!                                                                      └─► schedule ◄─┘
//!                                                                            │ events
//!                                                                            ▼ reports
//! ```
//!
//! This file answers at once where nothing has changed since the last build. Else it opens the workspace, makes passes
//! until nothing that the store lost is missing, and leaves what the next build needs. Does not know how anything is
//! done: the other modules do.

mod adding;
mod asked;
mod builders;
mod check;
mod collect;
mod costs;
mod decide;
mod describe;
mod finish;
mod job;
mod leftovers;
mod listing;
mod lock;
mod machine;
mod on_demand;
mod outlook;
mod pass;
mod perform;
mod planning;
mod reason;
mod recall;
mod request;
mod seen;
mod shared;
mod state;
mod tell;
mod timing;
mod twins;
mod why;

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::time::SystemTime;

use tokio::sync::watch;

use crate::error::{Class, Problem};
use crate::event::{Event, Outcome, Sink};
use crate::execute::{Placing, PlacingLog};
use crate::fs::LockFile;
use crate::graph::TargetId;
use crate::run::job::TargetRun;
use crate::run::pass::{Ended, Pass, Taken};
use crate::run::recall::{Last, Recalls};
use crate::run::shared::Opened;
use crate::run::state::Places;
use crate::run::tell::Teller;

pub use describe::{Release, release};
pub use listing::{BuilderFacts, KeyFacts, PlannedTarget, add_builder, builders, plan, trust_builder};
pub use reason::{Difference, Differences, Reason, Subject};
pub use request::{Asked, CacheUse, HostFacts, OnDemandRequest, Request, Stop, Summary};
pub use why::{ActionWhy, LastDecision, Now, TargetWhy, why};

/// How often a build is gone through again because the store lost something on the way.
const PASSES: usize = 3;

/// Builds what is asked for, and then runs the action on demand that is. What goes wrong with single targets and actions is told as events and counted in the
/// summary; an error is what kept the build from starting, and was not told. `stop` is called when there is something to
/// do, so that a build in which nothing has changed need not listen to anybody.
pub fn build(
    request: &Request,
    sink: &mut dyn Sink,
    stop: impl FnOnce() -> watch::Receiver<Stop>,
) -> Result<Summary, Problem> {
    let mut teller = Teller::new(sink);
    let stop = LazyCell::new(stop);
    let mut lock = None;
    loop {
        let attempt = attempt(request, lock, || stop.clone(), &mut teller)?;
        match attempt {
            Attempt::Ended { built, components } => return Ok(end(built, components, &mut teller)),
            Attempt::Overtaken(held) => lock = Some(held),
        }
    }
}

/// How an attempt at a build ended.
enum Attempt {
    /// It is over: whether all is there, and how many components were instantiated.
    Ended { built: bool, components: u64 },
    /// Another build has left a new state before this one had the workspace's lock, which it now holds: nothing that was
    /// found out before can be relied on.
    Overtaken(LockFile),
}

/// One attempt at a build, by the state that the last one left. `lock` is the workspace's, if it is held already.
fn attempt(
    request: &Request,
    lock: Option<LockFile>,
    stop: impl FnOnce() -> watch::Receiver<Stop>,
    teller: &mut Teller<'_>,
) -> Result<Attempt, Problem> {
    let started = SystemTime::now();
    let places = Places::of(&request.workspace);
    let stamp = places.stamp();
    let view = places.load();
    let mut last = view.as_ref().and_then(Last::open);
    if let Some(last) = &mut last {
        let interrupted = PlacingLog::read(&places.placing()).into_iter();
        last.interrupted = interrupted.map(|placing| placing.target).collect();
    }
    if let Some(last) = &mut last
        && let Some(targets) = up_to_date(request, last)
    {
        tell_up_to_date(request, last, &targets, teller);
        keep_stats(&places, stamp, lock, last);
        return Ok(Attempt::Ended {
            built: true,
            components: 0,
        });
    }
    let (opened, recalls) = shared::open(request, last.as_mut())?;
    let build = Build {
        opened: &opened,
        request,
        last: last.as_ref(),
        stamp,
        started,
    };
    build.run(recalls, lock, stop(), teller)
}

/// The targets that were asked for, by their places in the records, if nothing has to be done for them.
fn up_to_date(request: &Request, last: &mut Last<'_>) -> Option<Vec<u32>> {
    if !request.cache.read || request.clear_cache || request.on_demand.is_some() {
        return None;
    }
    let targets = last.selected(request)?;
    last.look(request, &targets);
    last.is_up_to_date(&targets).then_some(targets)
}

fn tell_up_to_date(request: &Request, last: &Last<'_>, targets: &[u32], teller: &mut Teller<'_>) {
    let records = targets
        .iter()
        .filter_map(|target| last.records.targets.get(*target as usize));
    teller.tell(Event::BuildStarted {
        workspace: last.records.workspace.to_owned(),
        targets: records.clone().map(|record| record.name.to_owned()).collect(),
        mode: request.mode.clone(),
        tier: last.records.tier,
        jobs: request.jobs,
    });
    records.for_each(|record| recall::tell(record, (Outcome::UpToDate, None), |_| Vec::new(), teller));
}

/// Notes the stats of files that were only touched, so that they are not read next time. Best effort: another build that
/// runs in this workspace, or has ended since, knows better.
fn keep_stats(places: &Places, stamp: Option<(u64, i64)>, lock: Option<LockFile>, last: &Last<'_>) {
    let Some(bytes) = last.refreshed() else { return };
    let lock = lock.map_or_else(|| LockFile::open(&places.lock()), Ok);
    if lock.is_ok_and(|lock| {
        lock.try_exclusive().unwrap_or(false) && places.stamp() == stamp && places.save(&bytes).is_err()
    }) {
        tracing::debug!("the stats of touched files were not kept");
    }
}

fn end(built: bool, components: u64, teller: &mut Teller<'_>) -> Summary {
    let (ok, class, counts) = (built && teller.class().is_none(), teller.class(), teller.counts());
    teller.tell(Event::BuildFinished {
        ok,
        counts,
        components,
        duration: teller.clock().now(),
    });
    Summary { ok, class, counts }
}

/// A build that has something to do.
struct Build<'a> {
    opened: &'a Opened,
    request: &'a Request,
    last: Option<&'a Last<'a>>,
    /// Of the state that `last` was read from.
    stamp: Option<(u64, i64)>,
    /// When it began, before anything was read.
    started: SystemTime,
}

impl Build<'_> {
    /// Makes what is to be made, and leaves what the next build needs.
    fn run(
        &self,
        recalls: Recalls,
        lock: Option<LockFile>,
        stop: watch::Receiver<Stop>,
        teller: &mut Teller<'_>,
    ) -> Result<Attempt, Problem> {
        let runtime = start_runtime(self.request)?;
        teller.tell(build_started(self.opened, self.request));
        let (mut ended, again) = self.make_passes((recalls, lock), &runtime, &stop, teller)?;
        // Tools that still run lose their lifeline with the runtime, and end.
        runtime.shutdown_background();
        if let Some(lock) = ended.lock.take_if(|_| ended.overtaken) {
            return Ok(Attempt::Overtaken(lock));
        }
        let opened = again.as_ref().unwrap_or(self.opened);
        Build { opened, ..*self }.conclude(ended, stop, teller)
    }

    /// Makes passes until nothing that was lost is missing; how the last one ended, and what it was made with if that was
    /// opened once more.
    fn make_passes(
        &self,
        (mut recalls, mut lock): (Recalls, Option<LockFile>),
        runtime: &tokio::runtime::Runtime,
        stop: &watch::Receiver<Stop>,
        teller: &mut Teller<'_>,
    ) -> Result<(Ended, Option<Opened>), Problem> {
        let mut again = None;
        let mut passes = 0;
        loop {
            passes += 1;
            let opened = again.as_ref().unwrap_or(self.opened);
            let takes_over = !recalls.is_empty();
            let plan = Taken {
                leftovers: leftovers::of_build(opened, self.last, &recalls),
                recalls: std::mem::take(&mut recalls),
                stamp: self.stamp,
                last: self.last,
            };
            let pass = Pass::new(opened, self.request, (plan, lock.take()), teller);
            let mut ended = runtime.block_on(pass.run(stop.clone()));
            teller.faults(&opened.executor.store);
            if !ended.lost || passes == PASSES {
                return Ok((ended, again));
            }
            lock = ended.lock.take();
            if takes_over {
                // It takes nothing over, and the builders of what this one took over were not opened.
                again = Some(shared::open(self.request, None)?.0);
            }
        }
    }

    /// What follows the passes.
    fn conclude(
        &self,
        ended: Ended,
        mut stop: watch::Receiver<Stop>,
        teller: &mut Teller<'_>,
    ) -> Result<Attempt, Problem> {
        let mut built = ended.ok;
        let ready = self.on_demand(&ended, teller);
        if !ended.runs.is_empty() {
            self.leave(ended, teller);
        }
        if let Some(ready) = ready {
            let runtime = start_runtime(self.request)?;
            built = runtime.block_on(ready.run(&mut stop, teller));
            runtime.shutdown_background();
        }
        Ok(Attempt::Ended {
            built,
            components: self.opened.builders.instantiations(),
        })
    }

    /// The state names what lies where: of what killed builds were about to place, only that of targets is kept which this
    /// build had nothing to do with. Best effort: what is there too long is looked at once more.
    fn forget_placing(&self, runs: &[TargetRun]) {
        let name = |id: TargetId| self.opened.target(id).name.as_str();
        let here: BTreeSet<&str> = runs.iter().map(|run| name(run.id)).collect();
        let all: BTreeSet<&str> = (self.opened.workspace.targets.iter())
            .map(|target| target.name.as_str())
            .collect();
        let is_kept = |placing: &&Placing| {
            let target = placing.target.as_str();
            all.contains(target) && !here.contains(target)
        };
        let kept: Vec<&Placing> = self.opened.placing.iter().filter(is_kept).collect();
        if let Err(error) = PlacingLog::keep(&self.opened.places.placing(), &kept) {
            tracing::debug!("{error}");
        }
    }

    /// The action on demand that was asked for, if all that it needs is there.
    fn on_demand(&self, ended: &Ended, teller: &mut Teller<'_>) -> Option<on_demand::Ready> {
        let chosen = self.opened.chosen.as_ref().filter(|_| ended.ok)?;
        let ready = on_demand::ready(chosen, self.opened, &ended.runs, teller);
        ready.map_err(|problem| teller.problem(problem)).ok()
    }

    /// Leaves what the next build needs, and keeps the cache within its bounds. None of it can fail the build.
    fn leave(&self, mut ended: Ended, teller: &mut Teller<'_>) {
        let made = describe::made(self.opened, self.last, &ended.runs);
        if let Err(error) = describe::write(self.opened, &made, &mut ended.runs) {
            let message = format!("the manifest and what else describes the artifacts could not be written: {error}");
            teller.notice("build::manifest", &message);
        }
        let (places, surroundings) = (&self.opened.places, &self.opened.surroundings);
        let state = collect::state(collect::Build {
            opened: self.opened,
            request: self.request,
            last: self.last,
            runs: &ended.runs,
            made: &made,
            kept_config: (self.opened.kept_config).or_else(|| places.save_config(&self.opened.workspace, surroundings)),
            started: self.started,
        });
        if let Err(error) = places.save(&state) {
            let message = format!("the next build will look at everything again: {error}");
            teller.notice("build::state", &message);
        } else {
            self.forget_placing(&ended.runs);
        }
        let decided = decide::keep(decide::Build {
            opened: self.opened,
            request: self.request,
            last: self.last,
            runs: &ended.runs,
        });
        if let Err(error) = decided {
            let message = format!("`farm why` will not know why something ran: {error}");
            teller.notice("build::why", &message);
        }
        drop(ended.lock);
        if let Err(error) = self.opened.executor.store.evict_if_due() {
            let message = format!("the cache could not be kept within its bounds: {error}");
            teller.notice("cache::evict", &message);
        }
        teller.faults(&self.opened.executor.store);
    }
}

fn build_started(opened: &Opened, request: &Request) -> Event {
    Event::BuildStarted {
        workspace: opened.workspace.name.clone(),
        targets: opened
            .selected
            .iter()
            .map(|id| opened.target(*id).name.to_string())
            .collect(),
        mode: request.mode.clone(),
        tier: opened.executor.settings.tier,
        jobs: request.jobs,
    }
}

fn start_runtime(request: &Request) -> Result<tokio::runtime::Runtime, Problem> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let builder = builder.enable_all().max_blocking_threads(request.jobs * 2 + 2);
    builder
        .build()
        .map_err(|error| Problem::new("build::runtime", Class::Build, "cannot start the build").because(&error))
}
