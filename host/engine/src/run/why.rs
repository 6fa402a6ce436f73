//! Answers why the actions of a target were last anything but up to date, and what the next build would do with them and
//! because of what.
//!
//! Finds what a build would take over as a build does; plans the rest, makes its keys with the recorded results of what
//! an action needs, and compares them with the recorded keys. Runs no action, and writes nothing into the workspace.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::{Class, Problem};
use crate::run::leftovers;
use crate::run::listing::KeyFacts;
use crate::run::outlook::{Ends, Outlook};
use crate::run::pass;
use crate::run::reason::Reason;
use crate::run::recall::{Choice, Last, Recalls};
use crate::run::request::{CacheUse, Request};
use crate::run::shared::{self, Opened};
use crate::run::state::{Decisions, Places};

/// Nothing is taken over.
static EMPTY: Recalls = Recalls::new();

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
    let mut opened = open(request, last.as_mut())?;
    if let Some(executor) = Arc::get_mut(&mut opened.executor) {
        // A tool that is new is asked for its version, in a folder that is not the workspace's.
        executor.settings.scratch = executor.store.scratch()?;
    }
    let mut asked = BTreeSet::new();
    for text in &request.targets {
        asked.extend(opened.graph.matching(text)?);
    }
    let recalls = recalls(request, &opened, last.as_mut());
    let recalled = recalls.iter().map(|(at, recall)| (*at, recall.is_in_place)).collect();
    // Those that a build would take over are planned only where somebody wants to see their keys.
    let (mut runs, _) = pass::target_runs(&opened, if with_parts { &EMPTY } else { &recalls });
    let leftovers = leftovers::of_build(&opened, last.as_ref(), &Recalls::new());
    for run in &mut runs {
        run.left = leftovers.own(opened.target(run.id).name.as_str());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outlook = Outlook {
        request,
        opened: &opened,
        last: last.as_ref(),
        decisions: bytes.as_deref().map(Decisions::read).unwrap_or_default(),
        runtime: runtime
            .map_err(|error| Problem::new("build::runtime", Class::Build, "cannot look").because(&error))?,
        with_parts,
        runs,
        recalled,
        ends: Ends::new(),
    };
    let all = outlook.all()?.into_iter();
    Ok(all
        .filter(|(id, _)| asked.contains(id))
        .map(|(_, target)| target)
        .collect())
}

/// The workspace with the builders of all chosen targets.
fn open(request: &Request, last: Option<&mut Last<'_>>) -> Result<Opened, Problem> {
    let cache = CacheUse {
        read: false,
        ..request.cache
    };
    let making = Request {
        cache,
        ..request.clone()
    };
    Ok(shared::open(&making, last)?.0)
}

/// The targets that a build would take over.
fn recalls(request: &Request, opened: &Opened, last: Option<&mut Last<'_>>) -> Recalls {
    let Some(last) = last else { return Recalls::new() };
    let names = opened.selected.iter().map(|id| opened.target(*id).name.as_str());
    let names: Vec<&str> = names.collect();
    last.look_if_new(request, &names);
    let choice = Choice {
        selected: &opened.selected,
        names,
        graph: &opened.graph,
        store: &opened.executor.store,
        last,
    };
    choice.recalls(|at| {
        let known = last.record(choice.names[at]).map(|record| record.definition);
        let now = opened.definition(opened.selected[at]);
        now.is_some() && known == now
    })
}
