//! Tokens: the slots of a build, as farm and the tools with a jobserver share them.
//!
//! Every slot is farm's to give while no such tool runs. While one does, each slot that no running action has is a token
//! in the pool, for whoever takes it first: farm to start an action, or a tool to start a job of its own. The first job
//! of each tool runs on its action's own slot. Does not know actions beyond their nodes.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use crate::sandbox::Jobserver;
use crate::schedule::NodeId;

/// The tokens of a pass.
#[derive(Debug)]
pub(super) struct Tokens {
    slots: usize,
    /// Made when it is first needed.
    pool: Option<Arc<Jobserver>>,
    /// Running actions whose tools share the pool.
    sharers: BTreeSet<NodeId>,
}

impl Tokens {
    /// The tokens of a build with so many slots.
    pub(super) const fn new(slots: usize) -> Self {
        Self {
            slots,
            pool: None,
            sharers: BTreeSet::new(),
        }
    }

    /// Takes all tokens that are free out of the pool, where running actions have `used` slots. Returns how many slots
    /// tools hold.
    pub(super) fn collect(&self, used: usize) -> usize {
        let free = self.slots.saturating_sub(used);
        self.shared().map_or(0, |pool| free - pool.take(free))
    }

    /// Puts what was collected and not used back: running actions have `used` slots now, and tools `lent` ones.
    pub(super) fn put_back(&self, used: usize, lent: usize) {
        if let Some(pool) = self.shared() {
            pool.give(self.slots.saturating_sub(used + lent));
        }
    }

    /// Lends the pool to the tool of an action that was just started. Between [`Self::collect`] and [`Self::put_back`].
    pub(super) fn lend(&mut self, node: NodeId) -> io::Result<Arc<Jobserver>> {
        let pool = match &self.pool {
            Some(pool) => Arc::clone(pool),
            None => Arc::new(Jobserver::new(self.slots)?),
        };
        self.pool = Some(Arc::clone(&pool));
        self.sharers.insert(node);
        Ok(pool)
    }

    /// An action that had so many slots ended. With the last tool that shares the pool, the pool goes: tokens that a
    /// tool died with, or made up, are lost or gained until then and no longer.
    pub(super) fn ended(&mut self, node: NodeId, slots: usize) {
        if self.sharers.remove(&node) && self.sharers.is_empty() {
            self.pool.iter().for_each(|pool| pool.clear());
        }
        if let Some(pool) = self.shared() {
            pool.give(slots);
        }
    }

    /// The pool, while tools share it.
    fn shared(&self) -> Option<&Jobserver> {
        self.pool.as_deref().filter(|_| !self.sharers.is_empty())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::schedule::{Demand, Schedule};

    /// Nodes for four actions.
    fn nodes() -> [NodeId; 4] {
        let mut schedule = Schedule::default();
        std::array::from_fn(|_| schedule.add(&BTreeSet::new(), 0, Demand::default()))
    }

    #[test]
    fn without_a_tool_that_shares_every_slot_is_farms() {
        let mut tokens = Tokens::new(4);
        let [plain, tool, ..] = nodes();
        assert_eq!(tokens.collect(1), 0);
        tokens.put_back(2, 0);
        tokens.ended(plain, 1);
        let pool = tokens.lend(tool).expect("a pool");
        assert_eq!(pool.take(8), 0, "there are no tokens from before");
    }

    #[test]
    fn free_slots_are_tokens_for_who_takes_them_first() {
        let mut tokens = Tokens::new(4);
        let [tool, plain, ..] = nodes();
        assert_eq!(tokens.collect(0), 0);
        let pool = tokens.lend(tool).expect("a pool");
        tokens.put_back(1, 0);
        assert_eq!(pool.take(1), 1, "the tool starts a second job");
        let lent = tokens.collect(1);
        assert_eq!(lent, 1);
        assert_eq!(pool.take(1), 0, "farm holds the other two");
        tokens.put_back(2, lent);
        pool.give(1);
        tokens.ended(plain, 1);
        assert_eq!(tokens.collect(1), 0, "all are back");
        tokens.put_back(1, 0);
        assert_eq!(pool.take(8), 3);
    }

    #[test]
    fn what_a_dead_tool_held_is_there_again_after_the_last_one() {
        let mut tokens = Tokens::new(4);
        let [first, second, third, _] = nodes();
        tokens.collect(0);
        let pool = tokens.lend(first).expect("a pool");
        tokens.lend(second).expect("the pool");
        tokens.put_back(2, 0);
        assert_eq!(pool.take(2), 2, "the first one dies with both");
        tokens.ended(first, 1);
        assert_eq!(tokens.collect(1), 2, "only its own slot is back");
        tokens.put_back(1, 2);
        tokens.ended(second, 1);
        assert_eq!(tokens.collect(0), 0);
        tokens.lend(third).expect("the pool");
        tokens.put_back(1, 0);
        assert_eq!(pool.take(8), 3);
    }

    #[test]
    fn tokens_that_a_tool_makes_up_are_not_farms() {
        let mut tokens = Tokens::new(2);
        let [liar, honest, ..] = nodes();
        tokens.collect(0);
        let pool = tokens.lend(liar).expect("a pool");
        tokens.put_back(1, 0);
        pool.give(100);
        assert_eq!(tokens.collect(1), 0, "farm has one slot beside the tool's, and no more");
        tokens.put_back(1, 0);
        tokens.ended(liar, 1);
        tokens.collect(0);
        tokens.lend(honest).expect("the pool");
        tokens.put_back(1, 0);
        assert_eq!(pool.take(8), 1);
    }
}
