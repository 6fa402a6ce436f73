//! What there is room for in a pass: the slots of the request, and the memory of the machine. Does not know which action
//! is started.

use std::time::{Duration, Instant};

use crate::run::machine::Machine;
use crate::run::pass::tokens::Tokens;
use crate::schedule::Room;

/// How long the loop waits until it looks again, where what it waits for tells nobody when it comes.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// The room of a pass.
#[derive(Debug)]
pub(super) struct Admission {
    slots: usize,
    /// Bytes for all actions together; none where the machine has no bound.
    memory: Option<u64>,
    machine: Machine,
    /// The slots, as tools share them.
    pub(super) tokens: Tokens,
    /// Whether something is ready, and there may be room for it without any action's end.
    is_held: bool,
}

impl Admission {
    /// A pass with so many slots on this machine, of which nothing is used yet.
    pub(super) fn new(slots: usize, machine: Machine) -> Self {
        Self {
            slots,
            memory: machine.memory(),
            machine,
            tokens: Tokens::new(slots),
            is_held: false,
        }
    }

    /// What there is room for now, beside running actions that have `used` slots. No tool takes a slot until
    /// [`Self::settle`].
    pub(super) fn room(&mut self, used: usize) -> Room {
        Room {
            slots: self.slots,
            lent: self.tokens.collect(used),
            memory: self.memory,
            pressure: self.machine.is_pressed(Instant::now()),
        }
    }

    /// As much was started in this room as could be: running actions have `used` slots now. Whether something is ready
    /// still.
    pub(super) fn settle(&mut self, room: &Room, used: usize, has_ready: bool) {
        self.tokens.put_back(used, room.lent);
        self.is_held = has_ready && (room.pressure || room.lent > 0);
    }

    /// Nothing is ready.
    pub(super) const fn rest(&mut self) {
        self.is_held = false;
    }

    /// Comes back when it is time to look again; never, where only the end of an action can make room.
    pub(super) async fn look_again(&self) {
        if self.is_held {
            tokio::time::sleep(LOOK_AGAIN).await;
        } else {
            std::future::pending::<()>().await;
        }
    }
}
