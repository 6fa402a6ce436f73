//! What an action is expected to take, from what its last run took: by it a build decides what to start first, and what
//! fits beside what.
//!
//! All of it can be lost: then the order is another one, and nothing else. Does not know where it is kept.

use std::time::Duration;

use crate::plan::CheckedAction;
use crate::run::state::ActionRecord;
use crate::schedule::Demand;

/// What an action is expected to take; `last` is what is remembered of it.
pub(super) fn demand(last: Option<&ActionRecord<'_>>, action: &CheckedAction) -> Demand {
    let milliseconds = |record: &ActionRecord<'_>| Duration::from_nanos(record.nanoseconds).as_millis();
    Demand {
        milliseconds: last.map(|record| u64::try_from(milliseconds(record)).unwrap_or(u64::MAX)),
        weight: usize::try_from(action.weight).unwrap_or(usize::MAX),
        memory: last.and_then(|record| record.usage).map(|usage| usage.peak_memory),
    }
}
