//! The schedule: which action may run now, and the only place where an action's state changes.
//!
//! Pure: does not know processes, time, the disk or the cache. The states and who sets them are drawn in
//! `host/docs/scheduling.md`.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::Outcome;

/// An action's place in the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(usize);

/// Where an action stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Some of what it needs is not there yet.
    Waiting,
    /// All it needs is there; it may be started.
    Ready,
    /// It was handed out by [`Schedule::start`].
    Running,
    /// It ended. Set once, and never changed.
    Done(Outcome),
}

#[derive(Debug)]
struct Node {
    state: State,
    /// Needs that are not done.
    open: usize,
    users: Vec<NodeId>,
}

/// The actions of a build, in every state.
#[derive(Debug, Default)]
pub struct Schedule {
    nodes: Vec<Node>,
    /// A view of the nodes that are [`State::Ready`]: earlier added, earlier started.
    ready: BTreeSet<NodeId>,
    /// A view of how many are [`State::Running`].
    running: usize,
    stopped: bool,
}

impl Schedule {
    /// Adds an action that needs others, each added before. A need that failed or was skipped makes it
    /// skipped at once, as its state then says.
    pub fn add(&mut self, needs: &BTreeSet<NodeId>) -> NodeId {
        let id = NodeId(self.nodes.len());
        let mut open = 0;
        let mut lost = false;
        for need in needs {
            match self.nodes[need.0].state {
                State::Done(outcome) => lost |= !is_good(outcome),
                State::Waiting | State::Ready | State::Running => {
                    open += 1;
                    self.nodes[need.0].users.push(id);
                }
            }
        }
        self.nodes.push(Node {
            state: State::Waiting,
            open,
            users: Vec::new(),
        });
        if lost {
            self.finish(id, Outcome::Skipped);
        } else if open == 0 {
            self.set(id, State::Ready);
        }
        id
    }

    /// The next action to start; it is [`State::Running`] from now on. None when nothing is ready or the build stops.
    pub fn start(&mut self) -> Option<NodeId> {
        if self.stopped {
            return None;
        }
        let id = self.ready.first().copied()?;
        self.set(id, State::Running);
        Some(id)
    }

    /// An action ended. Returns those that are skipped because of it, in order.
    pub fn finish(&mut self, id: NodeId, outcome: Outcome) -> Vec<NodeId> {
        let mut skipped = Vec::new();
        let mut ended = vec![(id, outcome)];
        while let Some((id, outcome)) = ended.pop() {
            if matches!(self.nodes[id.0].state, State::Done(_)) {
                continue;
            }
            self.set(id, State::Done(outcome));
            if outcome == Outcome::Skipped {
                skipped.push(id);
            }
            for user in self.nodes[id.0].users.clone() {
                if is_good(outcome) {
                    self.need_met(user);
                } else {
                    ended.push((user, Outcome::Skipped));
                }
            }
        }
        skipped.sort();
        skipped
    }

    /// Starts nothing more, and skips all that has not been started. Returns those, in order.
    pub fn stop(&mut self) -> Vec<NodeId> {
        self.stopped = true;
        let open = |node: &Node| matches!(node.state, State::Waiting | State::Ready);
        let left: Vec<NodeId> = (0..self.nodes.len())
            .map(NodeId)
            .filter(|id| open(&self.nodes[id.0]))
            .collect();
        left.iter().for_each(|id| self.set(*id, State::Done(Outcome::Skipped)));
        left
    }

    /// Whether nothing more will be started.
    pub const fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Where an action stands.
    pub fn state(&self, id: NodeId) -> State {
        self.nodes[id.0].state
    }

    /// How many actions are running.
    pub const fn running(&self) -> usize {
        self.running
    }

    fn need_met(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.0];
        node.open -= 1;
        if node.open == 0 && node.state == State::Waiting {
            self.set(id, State::Ready);
        }
    }

    /// The only place where a state changes; the views follow.
    fn set(&mut self, id: NodeId, state: State) {
        let before = std::mem::replace(&mut self.nodes[id.0].state, state);
        match before {
            State::Ready => drop(self.ready.remove(&id)),
            State::Running => self.running -= 1,
            State::Waiting | State::Done(_) => {}
        }
        match state {
            State::Ready => drop(self.ready.insert(id)),
            State::Running => self.running += 1,
            State::Waiting | State::Done(_) => {}
        }
    }
}

/// Whether those that need an action with this end may run.
const fn is_good(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Ran | Outcome::Cached | Outcome::UpToDate)
}

/// Names of actions beside their nodes.
#[derive(Debug, Default)]
pub struct Names {
    nodes: BTreeMap<(usize, String), NodeId>,
}

impl Names {
    /// Remembers the node of a target's action.
    pub fn insert(&mut self, target: usize, action: &str, node: NodeId) {
        self.nodes.insert((target, action.to_owned()), node);
    }

    /// The node of a target's action.
    pub fn get(&self, target: usize, action: &str) -> Option<NodeId> {
        self.nodes.get(&(target, action.to_owned())).copied()
    }

    /// The nodes of a target's actions.
    pub fn of_target(&self, target: usize) -> impl Iterator<Item = NodeId> {
        let range = (target, String::new())..(target + 1, String::new());
        self.nodes.range(range).map(|(_, node)| *node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(ids: &[NodeId]) -> BTreeSet<NodeId> {
        ids.iter().copied().collect()
    }

    #[test]
    fn an_action_waits_for_all_it_needs() {
        let mut schedule = Schedule::default();
        let first = schedule.add(&needs(&[]));
        let second = schedule.add(&needs(&[]));
        let last = schedule.add(&needs(&[first, second]));
        assert_eq!(schedule.start(), Some(first));
        assert_eq!(schedule.start(), Some(second));
        assert_eq!(schedule.start(), None);
        schedule.finish(first, Outcome::Ran);
        assert_eq!(schedule.state(last), State::Waiting);
        schedule.finish(second, Outcome::Cached);
        assert_eq!(schedule.start(), Some(last));
        assert_eq!(schedule.running(), 1);
    }

    #[test]
    fn a_failure_skips_all_that_hang_on_it_and_nothing_else() {
        let mut schedule = Schedule::default();
        let bad = schedule.add(&needs(&[]));
        let good = schedule.add(&needs(&[]));
        let user = schedule.add(&needs(&[bad, good]));
        let user_of_user = schedule.add(&needs(&[user]));
        let other = schedule.add(&needs(&[good]));
        schedule.start();
        assert_eq!(schedule.finish(bad, Outcome::Failed), [user, user_of_user]);
        assert_eq!(schedule.start(), Some(good));
        schedule.finish(good, Outcome::Ran);
        assert_eq!(schedule.start(), Some(other));
        let late = schedule.add(&needs(&[bad]));
        assert_eq!(schedule.state(late), State::Done(Outcome::Skipped));
        schedule.finish(other, Outcome::UpToDate);
        assert_eq!(schedule.state(other), State::Done(Outcome::UpToDate));
    }

    #[test]
    fn a_stop_leaves_running_actions_alone() {
        let mut schedule = Schedule::default();
        let running = schedule.add(&needs(&[]));
        let waiting = schedule.add(&needs(&[running]));
        schedule.start();
        assert_eq!(schedule.stop(), [waiting]);
        assert_eq!(schedule.state(running), State::Running);
        schedule.finish(running, Outcome::Ran);
        assert_eq!(schedule.start(), None);
        assert_eq!(schedule.state(waiting), State::Done(Outcome::Skipped));
    }
}
