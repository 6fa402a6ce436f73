//! Where text for people goes: a stream, and perhaps a live area at its end that has to make room. May be shared with
//! another thread. Does not know what is said.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::ProgressBar;

use crate::ui::Output;

/// A stream with an optional live area.
#[derive(Clone)]
pub(crate) struct Screen(Arc<Mutex<Parts>>);

struct Parts {
    output: Output,
    live: Option<ProgressBar>,
}

impl Screen {
    /// Without a live area.
    pub(crate) fn on(output: Output) -> Self {
        Self(Arc::new(Mutex::new(Parts { output, live: None })))
    }

    /// Prints text above the live area.
    pub(crate) fn print(&self, text: &str) {
        let mut parts = self.parts();
        let Parts { output, live } = &mut *parts;
        match live {
            Some(live) => live.suspend(|| output.line(text)),
            None => output.line(text),
        }
    }

    /// Puts a live area at the end of the stream.
    pub(super) fn attach(&self, live: ProgressBar) {
        self.parts().live = Some(live);
    }

    /// Clears the live area for good.
    pub(super) fn detach(&self) {
        if let Some(live) = self.parts().live.take() {
            live.finish_and_clear();
        }
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        // A panic of the other thread leaves a stream that still takes text.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
