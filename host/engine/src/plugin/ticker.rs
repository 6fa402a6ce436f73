//! The clock of the deadlines: a thread that advances the engine's epoch, alive only around calls.
//!
//! It counts ticks, not time of day: while the machine is suspended no deadline comes nearer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wasmtime::Engine;

use super::settings::TICK;

/// Ticks without a call after which the thread ends; a burst of short calls shares one thread.
const LINGER: u32 = 20;

/// Makes the ticks of one engine.
#[derive(Clone, Default)]
pub(super) struct Ticker(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    calls: usize,
    alive: bool,
}

/// While it lives, the clock ticks.
pub(super) struct Ticking(Ticker);

impl Ticker {
    /// Keeps the clock ticking until the answer is dropped. Fails where the system gives no thread.
    pub(super) fn start(&self, engine: &Engine) -> std::io::Result<Ticking> {
        let mut state = self.state();
        if !state.alive {
            let (ticker, engine) = (self.clone(), engine.clone());
            let thread = std::thread::Builder::new().name("farm-deadlines".to_owned());
            drop(thread.spawn(move || ticker.run(&engine))?);
            state.alive = true;
        }
        state.calls += 1;
        Ok(Ticking(self.clone()))
    }

    /// Ticks that make up at least this time.
    pub(super) fn ticks(time: Duration) -> u64 {
        u64::try_from(time.as_millis().div_ceil(TICK.as_millis())).unwrap_or(u64::MAX - 1) + 1
    }

    fn run(&self, engine: &Engine) {
        let mut idle = 0;
        loop {
            std::thread::sleep(TICK);
            engine.increment_epoch();
            let mut state = self.state();
            idle = if state.calls == 0 { idle + 1 } else { 0 };
            if idle == LINGER {
                state.alive = false;
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.state().calls -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_never_early() {
        assert_eq!(Ticker::ticks(Duration::from_millis(25)), 4);
        assert_eq!(Ticker::ticks(Duration::ZERO), 1);
    }
}
