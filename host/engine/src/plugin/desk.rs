//! The desk between a running component and its caller: questions go over it one by one, and so do the answers.
//!
//! A store may hold nothing that is borrowed, while a [`Source`] is borrowed for one call. So a host function leaves an
//! errand at the desk and suspends the component; [`drive`], on the caller's side, runs the errand and resumes it. All
//! on one thread: nothing is locked for longer than a hand-over, and no answer can call back into the component.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Instant;

use crate::plan::Source;

/// One question, with the place for its answer.
type Errand = Box<dyn FnOnce(&mut dyn Source) + Send>;

/// Where questions wait for the caller. Clones share one desk.
#[derive(Clone, Default)]
pub(super) struct Desk(Arc<Mutex<Option<Errand>>>);

impl Desk {
    /// Asks the caller, and waits for the answer.
    pub(super) async fn ask<T, Q>(&self, question: Q) -> T
    where
        T: Send + 'static,
        Q: FnOnce(&mut dyn Source) -> T + Send + 'static,
    {
        let answer = Arc::new(Mutex::new(None));
        let place = Arc::clone(&answer);
        self.put(Box::new(move |source| {
            let told = question(source);
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
        }));
        poll_fn(move |_| {
            let mut answer = answer.lock().unwrap_or_else(PoisonError::into_inner);
            answer.take().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    fn put(&self, errand: Errand) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(errand);
    }

    fn take(&self) -> Option<Errand> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Runs a call to its end, answering from `source` what it asks on the way. None when it still waits for the system
/// (a file of its step, say) at the time `until`; a component that runs is stopped by its epoch before.
pub(super) fn drive<F: Future>(call: F, desk: &Desk, source: &mut dyn Source, until: Instant) -> Option<F::Output> {
    let mut call = pin!(call);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = call.as_mut().poll(&mut context) {
            return Some(output);
        }
        if let Some(errand) = desk.take() {
            errand(source);
            continue;
        }
        let left = until.checked_duration_since(Instant::now())?;
        std::thread::park_timeout(left);
    }
}

/// Wakes the thread that drives.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::{AccessError, EntryKind, Level};

    struct Echo(Vec<String>);

    impl Source for Echo {
        fn read(&mut self, path: &str) -> Result<Vec<u8>, AccessError> {
            self.0.push(path.to_owned());
            Ok(path.as_bytes().to_vec())
        }
        fn look(&mut self, _: &str) -> Result<Option<EntryKind>, AccessError> {
            Ok(None)
        }
        fn glob(&mut self, _: &[String], _: &[String]) -> Result<Vec<String>, AccessError> {
            Ok(Vec::new())
        }
        fn has_tool(&mut self, _: &str) -> Result<bool, AccessError> {
            Ok(false)
        }
        fn log(&mut self, _: Level, _: &str) {}
    }

    #[test]
    fn questions_are_answered_in_order() {
        let (desk, mut echo) = (Desk::default(), Echo(Vec::new()));
        let call = async {
            let first = desk.ask(|source| source.read("a")).await;
            let second = desk.ask(|source| source.read("b")).await;
            (first, second)
        };
        let until = Instant::now() + Duration::from_secs(60);
        let answers = drive(call, &desk, &mut echo, until);
        assert_eq!(answers, Some((Ok(b"a".to_vec()), Ok(b"b".to_vec()))));
        assert_eq!(echo.0, ["a", "b"]);
    }

    #[test]
    fn a_call_that_waits_for_ever_is_given_up() {
        let mut echo = Echo(Vec::new());
        let forever = std::future::pending::<()>();
        assert_eq!(drive(forever, &Desk::default(), &mut echo, Instant::now()), None);
    }
}
