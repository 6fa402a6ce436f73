//! When an action went through the schedule. Does not know why.

use std::time::Duration;

use crate::event::{Clock, Stopwatch};
use crate::schedule::NodeId;

/// An action's way through the schedule. All moments are times since the build's start.
#[derive(Debug, Clone)]
pub(super) struct Course {
    /// When its plan was there.
    pub(super) planned: Duration,
    /// The action whose end that plan waited for.
    pub(super) planned_after: Option<NodeId>,
    /// How it was handed out; none before.
    pub(super) start: Option<Start>,
    /// When it ended.
    pub(super) ended: Option<Duration>,
    /// What was done for it.
    pub(super) watch: Stopwatch,
}

/// How an action was handed out by the schedule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    /// When it could have been started, had there been room.
    pub(super) ready: Duration,
    /// When it was.
    pub(super) at: Duration,
    /// The slots that it holds.
    pub(super) slots: usize,
    /// The action whose end was the last that it waited for.
    pub(super) after: Option<NodeId>,
}

impl Course {
    /// An action whose plan has just come.
    pub(super) fn new(clock: Clock, planned_after: Option<NodeId>) -> Self {
        Self {
            planned: clock.now(),
            planned_after,
            start: None,
            ended: None,
            watch: Stopwatch::new(clock),
        }
    }
}
