//! Actions of one key in one build: one of them runs, the others wait and find its result in the cache.
//!
//! Two targets of one npm workspace, say, have the same installation. Does not know what an action is.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::digest::Digest;

/// The keys whose actions run now.
#[derive(Debug, Clone, Default)]
pub(super) struct Twins(Arc<Mutex<HashMap<Digest, Arc<tokio::sync::Mutex<()>>>>>);

/// A key's turn: others of the same key wait until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    twins: Twins,
    key: Digest,
    /// Whether another action had the turn before, and may have left a result.
    pub(super) waited: bool,
    /// Taken out when dropped: what still holds the key's lock after that is waiting.
    held: Option<OwnedMutexGuard<()>>,
}

impl Twins {
    /// Waits until no other action of this key runs.
    pub(super) async fn turn(&self, key: Digest) -> Turn {
        let lock = Arc::clone(self.keys().entry(key).or_default());
        let (waited, held) = match Arc::clone(&lock).try_lock_owned() {
            Ok(held) => (false, held),
            Err(_) => (true, lock.lock_owned().await),
        };
        Turn {
            twins: self.clone(),
            key,
            waited,
            held: Some(held),
        }
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<Digest, Arc<tokio::sync::Mutex<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut keys = self.twins.keys();
        drop(self.held.take());
        if let Entry::Occupied(entry) = keys.entry(self.key)
            && Arc::strong_count(entry.get()) == 1
        {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_of_a_key_waits_for_the_first_and_no_other() {
        let twins = Twins::default();
        let (key, other) = (Digest::of(b"one"), Digest::of(b"another"));
        let first = twins.turn(key).await;
        assert!(!first.waited && !twins.turn(other).await.waited);
        let waiting = tokio::spawn({
            let twins = twins.clone();
            async move { twins.turn(key).await.waited }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        assert!(waiting.await.expect("it ended"));
        assert!(twins.keys().is_empty(), "nothing is kept of keys whose actions ended");
        assert!(!twins.turn(key).await.waited);
    }
}
