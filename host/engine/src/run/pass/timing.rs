//! The part of a pass that takes times: when actions could be started, were started, and ended.

use crate::event::{ActionName, Timings};
use crate::run::pass::Pass;
use crate::run::timing::Start;
use crate::schedule::NodeId;

impl Pass<'_, '_> {
    /// The schedule has handed an action out.
    pub(super) fn note_start(&mut self, node: NodeId) {
        let course = &self.nodes[&node].course;
        let after = self.schedule.last_need(node).or(course.planned_after);
        let needed = after.and_then(|need| self.nodes[&need].course.ended);
        let start = Start {
            ready: course
                .planned
                .max(self.acting_since.unwrap_or_default())
                .max(needed.unwrap_or_default()),
            at: self.teller.clock().now(),
            slots: self.schedule.slots_of(node),
            after,
        };
        if let Some(info) = self.nodes.get_mut(&node) {
            info.course.start = Some(start);
        }
    }

    /// An action has ended.
    pub(super) fn note_end(&mut self, node: NodeId) {
        let now = self.teller.clock().now();
        if let Some(info) = self.nodes.get_mut(&node) {
            info.course.ended = Some(now);
        }
    }

    /// When an action went through the schedule; none where it was not started.
    pub(super) fn timings(&self, node: NodeId) -> Option<Timings> {
        let course = &self.nodes[&node].course;
        let start = course.start?;
        let phases = course.watch.phases();
        Some(Timings {
            ready: start.ready,
            started: start.at,
            ended: course.ended.unwrap_or_else(|| self.teller.clock().now()),
            slots: start.slots,
            after: start.after.map(|need| self.name(need)),
            phases,
        })
    }

    fn name(&self, node: NodeId) -> ActionName {
        let info = &self.nodes[&node];
        ActionName {
            target: self.target_name(info.target),
            action: info.action.clone(),
        }
    }
}
