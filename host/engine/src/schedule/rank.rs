//! Ranks: the longest way from an action to the end of the build, in expected time. What has the longest way ahead of it
//! is started first, since the build cannot end before that way has been gone.
//!
//! Does not know what is ready, or whether there is room for it.

use std::cmp::Reverse;

use super::{Node, Schedule, State};

impl Schedule {
    /// Finds the ranks anew if there are new nodes, and orders what is ready by them.
    pub(super) fn rank_if_needed(&mut self) {
        if !std::mem::take(&mut self.is_unranked) {
            return;
        }
        self.ranking_steps += rank(&mut self.nodes);
        let nodes = &self.nodes;
        let ready = std::mem::take(&mut self.ready).into_iter();
        self.ready = ready
            .map(|(_, place, id)| (Reverse(nodes[id.0].rank), place, id))
            .collect();
    }
}

/// Ranks every node in one pass, and returns how many nodes and edges it looked at. Users were added after what they
/// need, so from the last node to the first a node's users are ranked before it. What is done takes no more time.
fn rank(nodes: &mut [Node]) -> usize {
    let guess = expected(nodes);
    let mut steps = 0;
    for at in (0..nodes.len()).rev() {
        let node = &nodes[at];
        let after = node.users.iter().map(|user| nodes[user.0].rank).max();
        let own = match node.state {
            State::Done(_) => 0,
            // Even what takes no time at all comes before those that need it.
            _ => node.demand.milliseconds.unwrap_or(guess).max(1),
        };
        steps += 1 + node.users.len();
        nodes[at].rank = own.saturating_add(after.unwrap_or(0));
    }
    steps
}

/// What an action is expected to take of which nothing is known: the average of the others, or 1 where all are new.
fn expected(nodes: &[Node]) -> u64 {
    let known = nodes.iter().filter_map(|node| node.demand.milliseconds);
    let (sum, count) = known.fold((0_u64, 0_u64), |(sum, count), time| {
        (sum.saturating_add(time), count + 1)
    });
    sum.checked_div(count).unwrap_or(1)
}
