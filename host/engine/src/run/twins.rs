//! Actions of one key in one build: one of them runs, the others wait and find its result in the cache.
//!
//! Two targets of one npm workspace, say, have the same installation. Does not know what an action is.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::digest::Digest;

/// Held while an action of a key runs; the target whose action of that key has failed, if one has.
type Lock = Arc<tokio::sync::Mutex<Option<String>>>;

/// The keys whose actions run now, or have failed.
#[derive(Debug, Clone, Default)]
pub(super) struct Twins(Arc<Mutex<BTreeMap<Digest, Lock>>>);

/// A key's turn: others of the same key wait until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    twins: Twins,
    key: Digest,
    /// Taken out when dropped: what still holds the key's lock after that is waiting.
    held: Option<OwnedMutexGuard<Option<String>>>,
}

impl Twins {
    /// Waits until no other action of this key runs.
    pub(super) async fn turn(&self, key: Digest) -> Turn {
        let lock = Arc::clone(self.keys().entry(key).or_default());
        let held = Some(lock.lock_owned().await);
        Turn {
            twins: self.clone(),
            key,
            held,
        }
    }

    fn keys(&self) -> MutexGuard<'_, BTreeMap<Digest, Lock>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// The target whose action had the turn before and failed, and would fail again.
    pub(super) fn failed_in(&self) -> Option<&str> {
        self.held.as_ref()?.as_deref()
    }

    /// Tells those who wait that the action failed.
    pub(super) fn fail(&mut self, target: &str) {
        if let Some(held) = &mut self.held {
            **held = Some(target.to_owned());
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut keys = self.twins.keys();
        // What has failed is known to the end of the build.
        let has_failed = self.failed_in().is_some();
        drop(self.held.take());
        if !has_failed
            && let Entry::Occupied(entry) = keys.entry(self.key)
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
        assert_eq!(twins.turn(other).await.failed_in(), None);
        let waiting = tokio::spawn({
            let twins = twins.clone();
            async move { twins.turn(key).await.failed_in().map(str::to_owned) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        assert_eq!(waiting.await.expect("it ended"), None);
        assert!(
            twins.keys().is_empty(),
            "nothing is kept of keys whose actions ended well"
        );
    }

    #[tokio::test]
    async fn what_has_failed_is_known_to_the_end() {
        let twins = Twins::default();
        let key = Digest::of(b"one");
        twins.turn(key).await.fail("web");
        assert_eq!(twins.turn(key).await.failed_in(), Some("web"));
        assert_eq!(twins.turn(key).await.failed_in(), Some("web"));
    }
}
