//! What actions took when they last ran: by it the next build decides what to start first, and what fits beside what.
//!
//! All of it can be lost: then the order is another one, and nothing else. Does not know where it is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cache::ActionResult;
use crate::plan::CheckedAction;
use crate::schedule::Demand;

/// What one run of an action took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cost {
    /// Wall time of the tool or step alone.
    pub(super) milliseconds: u64,
    /// Resident bytes of its largest process; none where that was not measured.
    pub(super) peak_bytes: Option<u64>,
}

impl From<&ActionResult> for Cost {
    fn from(result: &ActionResult) -> Self {
        Self {
            milliseconds: u64::try_from(result.duration.as_millis()).unwrap_or(u64::MAX),
            peak_bytes: result.usage.map(|usage| usage.peak_memory),
        }
    }
}

/// The costs of a workspace's actions, by target and action.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Costs(BTreeMap<String, BTreeMap<String, Cost>>);

impl Costs {
    /// What the last known run of an action took.
    pub(super) fn of(&self, target: &str, action: &str) -> Option<Cost> {
        self.0.get(target)?.get(action).copied()
    }

    /// Remembers what a run took, in the place of an earlier one.
    pub(super) fn learn(&mut self, target: &str, action: &str, cost: Cost) {
        let actions = self.0.entry(target.to_owned()).or_default();
        actions.insert(action.to_owned(), cost);
    }

    /// Takes what others know over, and forgets targets that are no more.
    pub(super) fn update(&mut self, newer: Self, targets: &[String]) {
        for (target, actions) in newer.0 {
            self.0.entry(target).or_default().extend(actions);
        }
        self.0.retain(|target, _| targets.contains(target));
    }

    /// What an action is expected to take.
    pub(super) fn demand(&self, target: &str, action: &CheckedAction) -> Demand {
        let cost = self.of(target, &action.id);
        Demand {
            milliseconds: cost.map(|cost| cost.milliseconds),
            weight: usize::try_from(action.weight).unwrap_or(usize::MAX),
            memory: cost.and_then(|cost| cost.peak_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: Cost = Cost {
        milliseconds: 1200,
        peak_bytes: Some(64 << 20),
    };

    #[test]
    fn the_last_run_counts_and_lost_targets_are_forgotten() {
        let mut costs = Costs::default();
        costs.learn(
            "web",
            "bundle",
            Cost {
                milliseconds: 5,
                ..COST
            },
        );
        costs.learn("web", "check", COST);
        costs.learn("gone", "run", COST);
        let mut newer = Costs::default();
        newer.learn("web", "bundle", COST);
        costs.update(newer, &["web".to_owned(), "api".to_owned()]);
        assert_eq!(costs.of("web", "bundle"), Some(COST));
        assert_eq!(costs.of("web", "check"), Some(COST));
        assert_eq!(costs.of("gone", "run"), None);
        assert_eq!(costs.of("web", "other"), None);
    }

    #[test]
    fn what_is_written_can_be_read_again() {
        let mut costs = Costs::default();
        let unmeasured = Cost {
            peak_bytes: None,
            ..COST
        };
        costs.learn("web", "bundle", COST);
        costs.learn("web", "measure", unmeasured);
        let text = serde_json::to_string(&costs).expect("JSON");
        assert_eq!(serde_json::from_str::<Costs>(&text).expect("costs"), costs);
        assert!(
            text.contains(r#""bundle":{"milliseconds":1200,"peak_bytes":67108864}"#),
            "{text}"
        );
    }
}
