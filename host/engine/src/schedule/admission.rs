//! Admission: whether there is room for an action that is ready.
//!
//! Knows slots, memory and pressure as numbers that it is given; does not know where they come from.

use super::{NodeId, Schedule};

/// How often others may be started past an action for which there is no room. After that, what comes free is kept for it.
pub const MAX_PASSED: usize = 8;
/// How many ready actions are looked at to find one for which there is room.
const LOOK_AHEAD: usize = 64;

/// What an action is expected to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// Its wall time when it last ran; none when nothing is known.
    pub milliseconds: Option<u64>,
    /// How many slots it takes, at least 1. More than there are stands for all.
    pub weight: usize,
    /// Bytes of memory at its last run's peak; none when nothing is known.
    pub memory: Option<u64>,
}

impl Default for Demand {
    /// An action of which nothing is known.
    fn default() -> Self {
        Self {
            milliseconds: None,
            weight: 1,
            memory: None,
        }
    }
}

/// What actions may take together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// All slots of the build.
    pub slots: usize,
    /// How many of them are lent to tools that share them by a jobserver.
    pub lent: usize,
    /// Bytes for the expected peaks of all that runs at once; none when no bound is known.
    pub memory: Option<u64>,
    /// Whether the machine is short of memory now.
    pub pressure: bool,
}

/// What running actions take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Used {
    pub(super) slots: usize,
    /// Expected bytes; what is not known counts as nothing, and pressure is what then helps. Wide enough for any sum.
    memory: u128,
}

impl Used {
    /// What an action with this demand takes.
    pub(super) fn of(demand: &Demand, room: &Room) -> Self {
        Self {
            slots: demand.weight.clamp(1, room.slots.max(1)),
            memory: demand.memory.unwrap_or(0).into(),
        }
    }

    pub(super) const fn take(&mut self, more: Self) {
        self.slots += more.slots;
        self.memory += more.memory;
    }

    pub(super) const fn release(&mut self, less: Self) {
        self.slots -= less.slots;
        self.memory -= less.memory;
    }

    const fn with(mut self, more: Self) -> Self {
        self.take(more);
        self
    }

    fn fits(self, room: &Room) -> bool {
        self.slots + room.lent <= room.slots && room.memory.is_none_or(|memory| self.memory <= memory.into())
    }
}

impl Schedule {
    /// The first ready action for which there is room. Where nothing runs there is room for any.
    pub(super) fn admit(&mut self, room: &Room) -> Option<NodeId> {
        if self.running == 0 {
            return self.ready.first().map(|(_, _, id)| *id);
        }
        if room.pressure || self.used.slots + room.lent >= room.slots {
            return None;
        }
        let mut passed = Vec::new();
        for (_, _, id) in self.ready.iter().take(LOOK_AHEAD) {
            let node = &self.nodes[id.0];
            if self.used.with(Used::of(&node.demand, room)).fits(room) {
                passed
                    .into_iter()
                    .for_each(|other: NodeId| self.nodes[other.0].passed += 1);
                return Some(*id);
            }
            if node.passed >= MAX_PASSED {
                return None;
            }
            passed.push(*id);
        }
        None
    }
}
