//! Actions of one key in one build: one of them runs, the others wait for its end and find its result in the cache.
//!
//! Two targets of one npm workspace, say, have the same installation. Does not know what an action is, or who waits how.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::digest::Digest;
use crate::schedule::NodeId;

/// The keys whose actions run now or have failed, and which actions those are.
#[derive(Debug, Clone, Default)]
pub(super) struct Twins(Arc<Mutex<BTreeMap<Digest, NodeId>>>);

/// A key's turn: no other action of the same key runs until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    twins: Twins,
    key: Digest,
    has_failed: bool,
}

impl Twins {
    /// The turn of this action's key; or the action that has it.
    pub(super) fn turn(&self, key: Digest, node: NodeId) -> Result<Turn, NodeId> {
        match *self.keys().entry(key).or_insert(node) {
            owner if owner == node => Ok(Turn {
                twins: self.clone(),
                key,
                has_failed: false,
            }),
            owner => Err(owner),
        }
    }

    fn keys(&self) -> MutexGuard<'_, BTreeMap<Digest, NodeId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// The action failed. The key stays its own to the end of the build: another one would fail as well.
    pub(super) const fn fail(&mut self) {
        self.has_failed = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.has_failed {
            self.twins.keys().remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::schedule::{Demand, Schedule};

    fn nodes() -> [NodeId; 2] {
        let mut schedule = Schedule::default();
        std::array::from_fn(|_| schedule.add(&BTreeSet::new(), 0, Demand::default()))
    }

    #[test]
    fn a_key_is_one_actions_until_that_one_has_ended() {
        let ([first, second], twins) = (nodes(), Twins::default());
        let (key, other) = (Digest::of(b"one"), Digest::of(b"another"));
        let turn = twins.turn(key, first).expect("it is free");
        assert!(twins.turn(other, second).is_ok());
        assert_eq!(twins.turn(key, second).expect_err("it is taken"), first);
        drop(turn);
        assert!(twins.turn(key, second).is_ok());
        assert!(twins.keys().is_empty(), "nothing is kept of what has ended well");
    }

    #[test]
    fn what_has_failed_is_known_to_the_end() {
        let ([first, second], twins) = (nodes(), Twins::default());
        let key = Digest::of(b"one");
        twins.turn(key, first).expect("it is free").fail();
        assert_eq!(twins.turn(key, second).expect_err("it has failed"), first);
        assert_eq!(twins.turn(key, second).expect_err("it has failed"), first);
    }
}
