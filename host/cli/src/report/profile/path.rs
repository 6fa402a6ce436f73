//! The critical path: back from what ended last, always to what was waited for last. Does not know how it is shown.

use std::collections::BTreeMap;
use std::time::Duration;

use farm_engine::event::ActionName;

use super::{Action, Record, Stretch};

/// What the end of the build waited for.
#[derive(Debug)]
pub(super) struct Path<'a> {
    /// The actions, in order. Each was the last that the next one waited for.
    pub(super) steps: Vec<Step<'a>>,
    /// What was put in place after the last of them, if that ended last.
    pub(super) finish: Option<&'a Stretch>,
}

/// An action on the path.
#[derive(Debug)]
pub(super) struct Step<'a> {
    /// Which.
    pub(super) action: &'a Action,
    /// When what it waited for had ended: the action before, or nothing.
    pub(super) since: Duration,
}

impl Step<'_> {
    /// Time from the end of what it waited for until it could have been started: planning.
    pub(super) fn planning(&self) -> Duration {
        self.action.timings.ready.saturating_sub(self.since)
    }
}

impl Path<'_> {
    /// What its actions took.
    pub(super) fn took(&self) -> Duration {
        self.steps.iter().map(|step| step.action.took()).sum()
    }

    /// What they waited for room.
    pub(super) fn waited(&self) -> Duration {
        self.steps.iter().map(|step| step.action.waited()).sum()
    }
}

/// The critical path of a build.
pub(super) fn find(record: &Record) -> Path<'_> {
    let mut by_name: BTreeMap<&ActionName, Vec<&Action>> = BTreeMap::new();
    for action in &record.actions {
        by_name.entry(&action.name).or_default().push(action);
    }
    let last = record.actions.iter().max_by_key(|action| action.timings.ended);
    let finish = record.finishes.iter().max_by_key(|finish| finish.span.end());
    let finish = finish.filter(|finish| last.is_none_or(|last| last.timings.ended <= finish.span.end()));
    let mut next = match finish {
        Some(finish) => last_of(record, finish),
        None => last,
    };
    let mut steps = Vec::new();
    while let Some(action) = next {
        next = before(&by_name, action);
        let since = next.map(|before| before.timings.ended).unwrap_or_default();
        steps.push(Step { action, since });
    }
    steps.reverse();
    Path { steps, finish }
}

/// The last action of a target that was put in place.
fn last_of<'a>(record: &'a Record, finish: &Stretch) -> Option<&'a Action> {
    let own = record
        .actions
        .iter()
        .filter(|action| action.name.target == finish.target && action.timings.ended <= finish.span.start);
    own.max_by_key(|action| action.timings.ended)
}

/// The action that this one waited for last. An action that was done twice, since the store lost its result, is meant as
/// it was done before. What an action waits for starts before it, so the way back comes to an end.
fn before<'a>(by_name: &BTreeMap<&ActionName, Vec<&'a Action>>, action: &Action) -> Option<&'a Action> {
    let named = by_name.get(action.timings.after.as_ref()?)?.iter().copied();
    let earlier = named
        .filter(|other| other.timings.ended <= action.timings.ready && other.timings.started < action.timings.started);
    earlier.max_by_key(|other| other.timings.ended)
}
