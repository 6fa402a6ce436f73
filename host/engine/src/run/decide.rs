//! Keeps why the actions of a build were not up to date, for `farm why` and for the next build to compare with.
//!
//! A decision stays as long as the action's key does: an action that is up to date now still has the reason for which it
//! ran last. Does not know how reasons are told.

use std::collections::BTreeMap;

use crate::error::PathError;
use crate::plan::CheckedAction;
use crate::run::job::{Ended, TargetRun};
use crate::run::reason::{self, Reason};
use crate::run::recall::Last;
use crate::run::request::Request;
use crate::run::shared::Opened;
use crate::run::state::{Decision, Decisions};

/// A build that has ended.
#[derive(Clone, Copy)]
pub(super) struct Build<'a> {
    /// The workspace.
    pub(super) opened: &'a Opened,
    /// What was asked for.
    pub(super) request: &'a Request,
    /// What the last build left.
    pub(super) last: Option<&'a Last<'a>>,
    /// The targets of this build.
    pub(super) runs: &'a [TargetRun],
}

/// Adds what was decided in a build to what is known, where that is anything new. Only for the one that holds the lock.
pub(super) fn keep(build: Build<'_>) -> Result<(), PathError> {
    let runs = build
        .runs
        .iter()
        .filter(|run| !run.is_recalled && !run.ended.is_empty());
    let runs: Vec<&TargetRun> = runs.collect();
    if runs.is_empty() {
        return Ok(());
    }
    let places = &build.opened.places;
    let log = places.load_decisions();
    let before = log.as_deref().map(Decisions::read).unwrap_or_default();
    let mut new = BTreeMap::new();
    for run in runs {
        let name = build.opened.target(run.id).name.as_str();
        let known = before.target(name);
        let now = build.decisions(run, &known);
        if now != known {
            new.insert(name, now);
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    let is_target = |name: &str| build.opened.graph.find(name).is_some();
    places.save_decisions(&before.with(&new, is_target))
}

impl Build<'_> {
    /// The decisions about a target's actions. Those of actions that failed or were skipped stay: the next run of such
    /// an action is compared with its last success.
    fn decisions<'k>(&self, run: &'k TargetRun, known: &[Decision<'k>]) -> Vec<Decision<'k>> {
        let actions = run.plan.actions.iter();
        let mut decisions: Vec<Decision<'k>> = actions
            .filter_map(|action| {
                let known = known.iter().find(|known| known.action == action.id);
                match run.ended.get(&action.id) {
                    Some(ended) => Some(self.decision(run, action, ended, known)),
                    None => known.cloned(),
                }
            })
            .collect();
        if run.failed {
            // The plan may lack actions, too.
            let rest = known.iter().filter(|known| run.plan.action(known.action).is_none());
            decisions.extend(rest.cloned());
        }
        decisions
    }

    fn decision<'k>(
        &self,
        run: &TargetRun,
        action: &'k CheckedAction,
        ended: &'k Ended,
        known: Option<&Decision<'k>>,
    ) -> Decision<'k> {
        let target = self.opened.target(run.id);
        let reason = match known {
            Some(known) if known.key == *ended.key.as_bytes() => {
                if !ended.ran {
                    return known.clone();
                }
                if self.request.cache.read {
                    Reason::NotInCache
                } else {
                    Reason::CacheOff
                }
            }
            Some(known) => reason::changed(known.outline, &ended.outline, action, &target.base),
            None => {
                let was_built = self.last.and_then(|last| last.action(target.name.as_str(), &action.id));
                was_built.map_or(Reason::First, |_| Reason::NotRecorded)
            }
        };
        Decision {
            action: &action.id,
            key: *ended.key.as_bytes(),
            ran: ended.ran,
            reason,
            outline: &ended.outline,
        }
    }
}
