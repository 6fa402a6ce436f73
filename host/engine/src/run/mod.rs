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
//! This file opens the workspace, makes passes until nothing that the store lost is missing, and leaves what the next
//! build needs. Does not know how anything is done: the other modules do.

mod adding;
mod builders;
mod costs;
mod finish;
mod job;
mod listing;
mod lock;
mod machine;
mod manifest;
mod pass;
mod perform;
mod planning;
mod request;
mod seen;
mod shared;
mod state;
mod tell;

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use crate::error::{Class, Problem};
use crate::event::{Event, Sink};
use crate::run::pass::{Ended, Pass};
use crate::run::shared::Opened;
use crate::run::state::State;
use crate::run::tell::Teller;

pub use listing::{BuilderFacts, KeyFacts, PlannedTarget, add_builder, builders, plan, trust_builder};
pub use request::{CacheUse, HostFacts, Request, Stop, Summary};

/// How often a build is gone through again because the store lost something on the way.
const PASSES: usize = 3;

/// Builds what is asked for. What goes wrong with single targets and actions is told as events and counted in the
/// summary; an error is what kept the build from starting, and was not told.
pub fn build(request: &Request, sink: &mut dyn Sink, stop: watch::Receiver<Stop>) -> Result<Summary, Problem> {
    let started = Instant::now();
    let opened = shared::open(request)?;
    let mut teller = Teller::new(sink);
    teller.tell(build_started(&opened, request));
    let runtime = start_runtime(request)?;
    let mut ended = Ended::default();
    for _ in 0..PASSES {
        ended = runtime.block_on(Pass::new(&opened, request, &mut teller).run(stop.clone()));
        teller.faults(&opened.executor.store);
        if !ended.lost {
            break;
        }
    }
    // Tools that still run lose their lifeline with the runtime, and end.
    runtime.shutdown_background();
    let components = opened.builders.instantiations();
    let built = ended.ok;
    leave(opened, ended, &mut teller);
    let (ok, class) = (built && teller.class().is_none(), teller.class());
    let counts = teller.counts();
    teller.tell(Event::BuildFinished {
        ok,
        counts,
        components,
        duration: started.elapsed(),
    });
    Ok(Summary { ok, class, counts })
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

/// Leaves what the next build needs, and keeps the cache within its bounds. None of it can fail the build.
fn leave(opened: Opened, ended: Ended, teller: &mut Teller<'_>) {
    let Opened {
        workspace,
        places,
        mut last_keys,
        mut costs,
        executor,
        ..
    } = opened;
    if ended.keys.is_empty() {
        return;
    }
    last_keys.extend(ended.keys);
    let all: Vec<String> = workspace.targets.iter().map(|target| target.name.to_string()).collect();
    costs.update(ended.learned, &all);
    let output = workspace.output.under(&workspace.root);
    if let Err(error) = manifest::write(&output, &workspace.name, ended.built, &all) {
        teller.notice(
            "build::manifest",
            &format!("the manifest could not be written: {error}"),
        );
    }
    if let Err(error) = executor.store.evict_if_due() {
        teller.notice(
            "cache::evict",
            &format!("the cache could not be kept within its bounds: {error}"),
        );
    }
    teller.faults(&executor.store);
    let Some(executor) = Arc::into_inner(executor) else {
        return;
    };
    let placed = executor.placed.ours();
    let Some(files) = Arc::into_inner(executor.files) else {
        return;
    };
    let state = State {
        version: state::VERSION,
        files: files.into_known(),
        keys: last_keys,
        placed,
        costs,
    };
    if let Err(error) = places.save(&state) {
        teller.notice(
            "build::state",
            &format!("the next build will read every file again: {error}"),
        );
    }
}
