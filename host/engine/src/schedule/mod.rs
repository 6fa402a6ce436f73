//! The schedule: which action may run now, and the only place where an action's state changes.
//!
//! Pure: does not know processes, time, the disk or the cache; what it decides by are the demands of actions and the
//! room of the machine, as it is told. The states, who sets them, and the rules stand in `host/docs/scheduling.md`.

mod admission;
mod names;
mod rank;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::event::Outcome;
use admission::Used;

pub use admission::{Demand, MAX_PASSED, Room};
pub use names::Names;

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
    /// The need whose end made it ready.
    last_need: Option<NodeId>,
    users: Vec<NodeId>,
    /// Those that were put off until it ends.
    followers: Vec<NodeId>,
    /// Where it stands among those of the same rank.
    place: usize,
    /// What it is expected to take.
    demand: Demand,
    /// The expected time from its start to the end of the build, were there no other action; see [`rank`].
    rank: u64,
    /// How often others were started past it.
    passed: usize,
    /// What it takes, while it runs.
    used: Used,
}

/// When an action's turn is: by rank, by place, and earlier added, earlier started.
type Turn = (Reverse<u64>, usize, NodeId);

/// The actions of a build, in every state.
#[derive(Debug, Default)]
pub struct Schedule {
    nodes: Vec<Node>,
    /// A view of the nodes that are [`State::Ready`], in the order in which they are started.
    ready: BTreeSet<Turn>,
    /// A view of how many are [`State::Running`].
    running: usize,
    /// A view of what those take.
    used: Used,
    /// Whether ranks have to be found anew, since there are new nodes.
    is_unranked: bool,
    stopped: bool,
    /// How many nodes and edges were looked at to find ranks.
    ranking_steps: usize,
}

impl Schedule {
    /// Adds an action that needs others, each added before. A need that failed or was skipped makes it
    /// skipped at once, as its state then says. Of actions that are ready and of one rank, the one of the lower place is
    /// started first: with places that are the same in each build, the order is, too.
    pub fn add(&mut self, needs: &BTreeSet<NodeId>, place: usize, demand: Demand) -> NodeId {
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
            last_need: None,
            users: Vec::new(),
            followers: Vec::new(),
            place,
            demand,
            rank: 0,
            passed: 0,
            used: Used::default(),
        });
        self.is_unranked = true;
        if lost {
            self.finish(id, Outcome::Skipped);
        } else if open == 0 {
            self.set(id, State::Ready);
        }
        id
    }

    /// The next action to start in this room; it is [`State::Running`] from now on. None when nothing that is ready may
    /// be started, or the build stops. The room stays what it was: what the action takes is known here.
    pub fn start(&mut self, room: &Room) -> Option<NodeId> {
        if self.stopped || self.ready.is_empty() {
            return None;
        }
        self.rank_if_needed();
        let id = self.admit(room)?;
        self.nodes[id.0].used = Used::of(&self.nodes[id.0].demand, room);
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
            let node = &mut self.nodes[id.0];
            let followers = std::mem::take(&mut node.followers);
            for user in node.users.clone().into_iter().chain(followers) {
                if is_good(outcome) {
                    self.need_met(user, id);
                } else {
                    ended.push((user, Outcome::Skipped));
                }
            }
        }
        skipped.sort();
        skipped
    }

    /// A running action turned out to have nothing to do before this other one ends, which is running or done. It waits
    /// for that as for what it needs: its slots are free, and it is skipped if the other one does not end well. Returns
    /// those that are skipped at once, in order.
    pub fn postpone(&mut self, id: NodeId, until: NodeId) -> Vec<NodeId> {
        match self.nodes[until.0].state {
            _ if self.stopped => return self.finish(id, Outcome::Skipped),
            State::Done(outcome) if is_good(outcome) => self.set(id, State::Ready),
            State::Done(_) => return self.finish(id, Outcome::Skipped),
            State::Waiting | State::Ready | State::Running => {
                self.nodes[id.0].open = 1;
                self.nodes[until.0].followers.push(id);
                self.set(id, State::Waiting);
            }
        }
        Vec::new()
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

    /// The action whose end made this one ready; none if nothing that it needs was open when it was added.
    pub fn last_need(&self, id: NodeId) -> Option<NodeId> {
        self.nodes[id.0].last_need
    }

    /// How many actions are running.
    pub const fn running(&self) -> usize {
        self.running
    }

    /// Whether an action could be started, if there were room.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// How many slots the running actions take.
    pub const fn slots_used(&self) -> usize {
        self.used.slots
    }

    /// How many slots a running action takes; 0 for any other.
    pub fn slots_of(&self, id: NodeId) -> usize {
        match self.nodes[id.0].state {
            State::Running => self.nodes[id.0].used.slots,
            State::Waiting | State::Ready | State::Done(_) => 0,
        }
    }

    /// How many nodes and edges were looked at so far to find the order: what tests hold to be linear.
    pub const fn ranking_steps(&self) -> usize {
        self.ranking_steps
    }

    fn need_met(&mut self, id: NodeId, need: NodeId) {
        let node = &mut self.nodes[id.0];
        node.open -= 1;
        if node.open == 0 && node.state == State::Waiting {
            node.last_need = Some(need);
            self.set(id, State::Ready);
        }
    }

    /// The only place where a state changes; the views follow.
    fn set(&mut self, id: NodeId, state: State) {
        let node = &mut self.nodes[id.0];
        let before = std::mem::replace(&mut node.state, state);
        let turn = (Reverse(node.rank), node.place, id);
        match before {
            State::Ready => drop(self.ready.remove(&turn)),
            State::Running => {
                self.running -= 1;
                self.used.release(node.used);
            }
            State::Waiting | State::Done(_) => {}
        }
        match state {
            State::Ready => drop(self.ready.insert(turn)),
            State::Running => {
                self.running += 1;
                self.used.take(node.used);
            }
            State::Waiting | State::Done(_) => {}
        }
    }
}

/// Whether those that need an action with this end may run.
const fn is_good(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Ran | Outcome::Cached | Outcome::UpToDate)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Room for anything.
    const WIDE: Room = Room {
        slots: 100,
        lent: 0,
        memory: None,
        pressure: false,
    };

    /// A schedule, in short words.
    #[derive(Default)]
    struct Plan(Schedule);

    impl Plan {
        fn add(&mut self, needs: &[NodeId]) -> NodeId {
            self.takes(needs, None)
        }

        fn takes(&mut self, needs: &[NodeId], milliseconds: impl Into<Option<u64>>) -> NodeId {
            let demand = Demand {
                milliseconds: milliseconds.into(),
                ..Demand::default()
            };
            self.0.add(&needs.iter().copied().collect(), 0, demand)
        }

        fn of_weight(&mut self, weight: usize) -> NodeId {
            let demand = Demand {
                weight,
                ..Demand::default()
            };
            self.0.add(&BTreeSet::new(), 0, demand)
        }

        /// An action of its own that takes this long, and this much memory.
        fn of_memory(&mut self, milliseconds: u64, memory: u64) -> NodeId {
            let demand = Demand {
                milliseconds: Some(milliseconds),
                memory: Some(memory),
                ..Demand::default()
            };
            self.0.add(&BTreeSet::new(), 0, demand)
        }

        fn start(&mut self) -> Option<NodeId> {
            self.0.start(&WIDE)
        }

        /// Starts all that may be started.
        fn start_all(&mut self, room: &Room) -> Vec<NodeId> {
            std::iter::from_fn(|| self.0.start(room)).collect()
        }

        fn end(&mut self, id: NodeId) {
            self.0.finish(id, Outcome::Ran);
        }
    }

    #[test]
    fn an_action_waits_for_all_it_needs() {
        let mut plan = Plan::default();
        let first = plan.add(&[]);
        let second = plan.add(&[]);
        let last = plan.add(&[first, second]);
        assert_eq!(plan.start(), Some(first));
        assert_eq!(plan.start(), Some(second));
        assert_eq!(plan.start(), None);
        plan.end(first);
        assert_eq!(plan.0.state(last), State::Waiting);
        plan.0.finish(second, Outcome::Cached);
        assert_eq!(plan.start(), Some(last));
        assert_eq!(plan.0.running(), 1);
    }

    #[test]
    fn the_last_need_is_the_one_that_made_an_action_ready() {
        let mut plan = Plan::default();
        let first = plan.add(&[]);
        let second = plan.add(&[]);
        let last = plan.add(&[first, second]);
        assert_eq!((plan.start(), plan.start()), (Some(first), Some(second)));
        plan.end(second);
        assert_eq!(plan.0.last_need(last), None, "it is not ready yet");
        plan.end(first);
        assert_eq!(plan.0.last_need(last), Some(first));
        let late = plan.add(&[first, second]);
        assert_eq!(plan.0.last_need(late), None, "it waited for neither");
    }

    #[test]
    fn a_failure_skips_all_that_hang_on_it_and_nothing_else() {
        let mut plan = Plan::default();
        let bad = plan.add(&[]);
        let good = plan.add(&[]);
        let user = plan.add(&[bad, good]);
        let user_of_user = plan.add(&[user]);
        let other = plan.add(&[good]);
        assert_eq!(plan.start(), Some(bad));
        assert_eq!(plan.0.finish(bad, Outcome::Failed), [user, user_of_user]);
        assert_eq!(plan.start(), Some(good));
        plan.end(good);
        assert_eq!(plan.start(), Some(other));
        let late = plan.add(&[bad]);
        assert_eq!(plan.0.state(late), State::Done(Outcome::Skipped));
        plan.0.finish(other, Outcome::UpToDate);
        assert_eq!(plan.0.state(other), State::Done(Outcome::UpToDate));
    }

    #[test]
    fn what_is_put_off_takes_no_slot_and_waits_for_the_other() {
        let one_slot = Room { slots: 1, ..WIDE };
        let mut plan = Plan::default();
        let [other, twin, third] = [plan.takes(&[], 3), plan.takes(&[], 2), plan.takes(&[], 1)];
        assert_eq!(plan.0.start(&WIDE), Some(other));
        assert_eq!(plan.0.start(&WIDE), Some(twin));
        assert_eq!(plan.0.postpone(twin, other), []);
        assert_eq!((plan.0.slots_used(), plan.0.state(twin)), (1, State::Waiting));
        plan.end(other);
        assert_eq!(
            (plan.0.last_need(twin), plan.0.start(&one_slot)),
            (Some(other), Some(twin))
        );
        assert_eq!(plan.0.postpone(twin, other), [], "the other has ended well meanwhile");
        assert_eq!(plan.start_all(&WIDE), [twin, third]);
    }

    #[test]
    fn what_was_put_off_is_skipped_with_the_other_and_when_the_build_stops() {
        let mut plan = Plan::default();
        let [other, twin, late, last] = std::array::from_fn(|_| plan.add(&[]));
        let user = plan.add(&[twin]);
        plan.start_all(&WIDE);
        plan.0.postpone(twin, other);
        assert_eq!(plan.0.finish(other, Outcome::Failed), [twin, user]);
        assert_eq!(plan.0.postpone(late, other), [late], "it has failed before");
        assert_eq!(plan.0.stop(), []);
        assert_eq!(plan.0.postpone(last, other), [last], "nothing is started any more");
    }

    #[test]
    fn a_stop_leaves_running_actions_alone() {
        let mut plan = Plan::default();
        let running = plan.add(&[]);
        let waiting = plan.add(&[running]);
        plan.start();
        assert_eq!(plan.0.stop(), [waiting]);
        assert_eq!(plan.0.state(running), State::Running);
        plan.end(running);
        assert_eq!(plan.start(), None);
        assert_eq!(plan.0.state(waiting), State::Done(Outcome::Skipped));
    }

    #[test]
    fn what_has_the_longest_way_ahead_is_started_first() {
        let mut plan = Plan::default();
        let long = plan.takes(&[], 50);
        let head = plan.takes(&[], 10);
        let middle = plan.takes(&[head], 30);
        let tail = plan.takes(&[middle], 20);
        let side = plan.takes(&[head], 5);
        assert_eq!(plan.start_all(&WIDE), [head, long]);
        plan.end(head);
        assert_eq!(plan.start_all(&WIDE), [middle, side]);
        plan.end(middle);
        assert_eq!(plan.start_all(&WIDE), [tail]);
    }

    #[test]
    fn ties_go_to_the_lower_place_and_to_what_was_added_first() {
        let mut plan = Plan::default();
        let mut add = |place| plan.0.add(&BTreeSet::new(), place, Demand::default());
        let (second, first, third, also_second) = (add(2), add(1), add(3), add(2));
        assert_eq!(plan.start_all(&WIDE), [first, second, also_second, third]);
    }

    #[test]
    fn what_is_not_known_counts_as_the_average() {
        let mut plan = Plan::default();
        let long = plan.takes(&[], 90);
        let new = plan.add(&[]);
        let short = plan.takes(&[], 10);
        assert_eq!(plan.start_all(&WIDE), [long, new, short]);
    }

    #[test]
    fn where_nothing_is_known_the_longest_chain_goes_first() {
        let mut plan = Plan::default();
        let alone = plan.add(&[]);
        let head = plan.add(&[]);
        let tail = plan.add(&[head]);
        assert_eq!(plan.start_all(&WIDE), [head, alone]);
        plan.end(head);
        assert_eq!(plan.start_all(&WIDE), [tail]);
    }

    #[test]
    fn a_later_round_of_a_plan_moves_what_it_hangs_on_forward() {
        let mut plan = Plan::default();
        let running = plan.takes(&[], 9);
        let first = plan.takes(&[], 5);
        let second = plan.takes(&[], 4);
        assert_eq!(plan.start(), Some(running));
        let late = plan.takes(&[second], 10);
        assert_eq!(plan.start_all(&WIDE), [second, first]);
        plan.end(second);
        assert_eq!(plan.start(), Some(late));
    }

    #[test]
    fn a_long_chain_is_ranked_once_and_in_one_pass() {
        const LENGTH: usize = 5000;
        let mut plan = Plan::default();
        let mut ids = vec![plan.takes(&[], 1)];
        while ids.len() < LENGTH {
            let last = ids[ids.len() - 1];
            ids.push(plan.takes(&[last], 1));
        }
        assert_eq!(plan.0.ranking_steps(), 0, "nothing is ranked before it is needed");
        for id in ids {
            assert_eq!(plan.start(), Some(id));
            plan.end(id);
        }
        assert_eq!(plan.0.ranking_steps(), LENGTH + (LENGTH - 1), "each node and edge once");
    }

    #[test]
    fn an_action_takes_as_many_slots_as_it_weighs() {
        let room = Room { slots: 4, ..WIDE };
        let mut plan = Plan::default();
        let heavy = plan.of_weight(3);
        let light = [plan.of_weight(1), plan.of_weight(1)];
        assert_eq!(plan.start_all(&room), [heavy, light[0]]);
        assert_eq!((plan.0.slots_used(), plan.0.slots_of(heavy)), (4, 3));
        plan.end(heavy);
        assert_eq!(plan.start_all(&room), [light[1]]);
        assert_eq!((plan.0.slots_used(), plan.0.slots_of(heavy)), (2, 0));
    }

    #[test]
    fn a_weight_over_all_slots_takes_all_of_them() {
        let room = Room { slots: 2, ..WIDE };
        let mut plan = Plan::default();
        let (heavy, light) = (plan.of_weight(64), plan.of_weight(1));
        assert_eq!(plan.start_all(&room), [heavy]);
        assert_eq!(plan.0.slots_used(), 2);
        plan.end(heavy);
        assert_eq!(plan.start_all(&room), [light]);
    }

    #[test]
    fn slots_that_tools_hold_are_not_there() {
        let mut plan = Plan::default();
        let ids: Vec<NodeId> = (0..4).map(|_| plan.add(&[])).collect();
        let room = Room {
            slots: 4,
            lent: 2,
            ..WIDE
        };
        assert_eq!(plan.start_all(&room), ids[..2]);
        assert_eq!(plan.start_all(&Room { lent: 0, ..room }), ids[2..]);
    }

    #[test]
    fn peaks_of_memory_that_do_not_fit_together_take_turns() {
        let room = Room {
            memory: Some(100),
            ..WIDE
        };
        let mut plan = Plan::default();
        let (first, second, third) = (plan.of_memory(9, 60), plan.of_memory(8, 50), plan.of_memory(7, 40));
        assert_eq!(plan.start_all(&room), [first, third]);
        plan.end(first);
        assert_eq!(plan.start_all(&room), [second]);
    }

    #[test]
    fn what_is_larger_than_the_machine_runs_alone() {
        let room = Room {
            memory: Some(100),
            ..WIDE
        };
        let mut plan = Plan::default();
        let (large, small) = (plan.of_memory(9, 5000), plan.of_memory(8, 10));
        assert_eq!(plan.start_all(&room), [large]);
        plan.end(large);
        assert_eq!(plan.start_all(&room), [small]);
        let large = plan.of_memory(9, 5000);
        assert_eq!(plan.start_all(&room), []);
        plan.end(small);
        assert_eq!(plan.start_all(&room), [large]);
    }

    #[test]
    fn under_pressure_one_action_runs_at_a_time() {
        let pressed = Room { pressure: true, ..WIDE };
        let mut plan = Plan::default();
        let ids: Vec<NodeId> = (0..3).map(|_| plan.add(&[])).collect();
        assert_eq!(plan.start_all(&pressed), ids[..1]);
        plan.end(ids[0]);
        assert_eq!(plan.start_all(&pressed), ids[1..2]);
        assert_eq!(plan.start_all(&WIDE), ids[2..]);
    }

    #[test]
    fn a_heavy_action_is_passed_a_bounded_number_of_times() {
        let room = Room {
            memory: Some(100),
            ..WIDE
        };
        let mut plan = Plan::default();
        let mut running = plan.of_memory(1000, 50);
        assert_eq!(plan.start_all(&room), [running]);
        let heavy = plan.of_memory(900, 90);
        let light: Vec<NodeId> = (0..3 * MAX_PASSED).map(|_| plan.of_memory(1, 50)).collect();
        for id in &light[..MAX_PASSED] {
            assert_eq!(plan.start_all(&room), [*id]);
            plan.end(running);
            running = *id;
        }
        assert_eq!(plan.start_all(&room), [], "what comes free is kept for the heavy one");
        plan.end(running);
        assert_eq!(plan.start_all(&room), [heavy]);
    }
}
