//! The order of a plan's actions: whether there is one at all. Does not know what the actions do.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::checked::{CheckedAction, CheckedPlan, CheckedSource};
use crate::plan::error::{PlanError, Result};

/// Finds a cycle among the actions, without recursion: actions whose needs are all done are taken away until none is
/// left, or a cycle is.
pub(super) fn check_order(checked: &CheckedPlan) -> Result<()> {
    let mut needs: BTreeMap<&str, BTreeSet<&str>> =
        checked.actions.iter().map(|a| (a.id.as_str(), needs_of(a))).collect();
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (id, needed) in &needs {
        needed.iter().for_each(|need| users.entry(need).or_default().push(id));
    }
    let mut free: Vec<&str> = needs
        .iter()
        .filter(|(_, needed)| needed.is_empty())
        .map(|(id, _)| *id)
        .collect();
    while let Some(id) = free.pop() {
        needs.remove(id);
        for user in users.get(id).into_iter().flatten() {
            if let Some(left) = needs.get_mut(user) {
                left.remove(id);
                if left.is_empty() {
                    free.push(user);
                }
            }
        }
    }
    needs
        .keys()
        .next()
        .map_or(Ok(()), |start| Err(PlanError::Cycle(walk_cycle(&needs, start))))
}

/// Follows needs that are left until an action comes again.
fn walk_cycle(needs: &BTreeMap<&str, BTreeSet<&str>>, start: &str) -> Vec<String> {
    let mut seen: Vec<&str> = Vec::new();
    let mut known = BTreeSet::new();
    let mut at = start;
    while known.insert(at) {
        seen.push(at);
        let next = needs
            .get(at)
            .and_then(|left| left.iter().find(|need| needs.contains_key(*need)));
        let Some(next) = next else { break };
        at = next;
    }
    let first = seen.iter().position(|id| *id == at).unwrap_or(0);
    let cycle = seen[first..].iter().chain([&at]);
    cycle.map(|id| (*id).to_owned()).collect()
}

fn needs_of(action: &CheckedAction) -> BTreeSet<&str> {
    let outputs = action.inputs.iter().filter_map(|input| match &input.source {
        CheckedSource::Output(output) => Some(output.action.as_str()),
        _ => None,
    });
    outputs.collect()
}
