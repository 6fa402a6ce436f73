//! Keeps why the actions of a build were not up to date, for `farm why` and for the next build to compare with.
//!
//! A decision stays as long as the action's key does: an action that is up to date now still has the reason for which it
//! ran last. Does not know how reasons are told.

use std::collections::BTreeMap;

use crate::error::PathError;
use crate::graph::TargetId;
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

/// Writes what was decided in a build, beside what is still known of other targets, where that is anything new. Only
/// for the one that holds the lock.
pub(super) fn keep(build: Build<'_>) -> Result<(), PathError> {
    let runs = build.runs.iter().filter(|run| !run.is_recalled);
    let runs: BTreeMap<TargetId, &TargetRun> = runs.map(|run| (run.id, run)).collect();
    if runs.values().all(|run| run.ended.is_empty()) {
        return Ok(());
    }
    let places = &build.opened.places;
    let bytes = places.load_decisions();
    let before = bytes.as_deref().and_then(Decisions::decode).unwrap_or_default();
    let mut now = Decisions::default();
    for id in build.opened.graph.select(&[]).unwrap_or_default() {
        let name = build.opened.target(id).name.as_str();
        let known = before.targets.get(name).map_or(&[][..], Vec::as_slice);
        let decisions = match runs.get(&id) {
            Some(run) => build.decisions(run, known),
            None => known.to_vec(),
        };
        now.targets.insert(name, decisions);
    }
    if now == before {
        return Ok(());
    }
    places.save_decisions(&now.encode())
}

impl<'a> Build<'a> {
    /// The decisions about a target's actions. Those of actions that failed or were skipped stay: the next run of such
    /// an action is compared with its last success.
    fn decisions(&self, run: &'a TargetRun, known: &[Decision<'a>]) -> Vec<Decision<'a>> {
        let actions = run.plan.actions.iter();
        let mut decisions: Vec<Decision<'a>> = actions
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

    fn decision(
        &self,
        run: &'a TargetRun,
        action: &'a CheckedAction,
        ended: &'a Ended,
        known: Option<&Decision<'a>>,
    ) -> Decision<'a> {
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
