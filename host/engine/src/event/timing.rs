//! When things happened, as facts, and the watch that they are taken with.
//!
//! All moments are told as time since the build's start. Does not know what is done in that time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::seconds;

/// A part of the work for an action. Those that an action has follow each other in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Its tools are found and identified.
    Tools,
    /// What it reads is found and hashed, and its key is made.
    Key,
    /// The cache is asked for its result.
    Lookup,
    /// Its private tree is made.
    Stage,
    /// Its sandbox is set up and taken down. Both ends are told as one part before the run.
    Sandbox,
    /// Its tool or step runs.
    Run,
    /// Its outputs are taken into the store, and its private tree goes.
    Collect,
    /// Its result is kept in the cache.
    Store,
    /// Its outputs are put into the user's tree.
    Place,
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Its beginning, since the build's start.
    #[serde(serialize_with = "seconds")]
    pub start: Duration,
    /// Its length.
    #[serde(serialize_with = "seconds", rename = "seconds")]
    pub duration: Duration,
}

impl Span {
    /// Its end, since the build's start.
    pub fn end(&self) -> Duration {
        self.start + self.duration
    }
}

/// When a part of the work was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// Which.
    pub part: Part,
    /// When.
    #[serde(flatten)]
    pub span: Span,
}

/// The name of an action.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ActionName {
    /// Its target.
    pub target: String,
    /// Its id.
    pub action: String,
}

/// When an action that the schedule handed out went through it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Timings {
    /// When it could have been started, had there been room: its plan and all that it needs were there, and the
    /// planning of all targets was over.
    #[serde(serialize_with = "seconds")]
    pub ready: Duration,
    /// When the schedule handed it out. It holds its slots from then on.
    #[serde(serialize_with = "seconds")]
    pub started: Duration,
    /// When it gave them back.
    #[serde(serialize_with = "seconds")]
    pub ended: Duration,
    /// How many they are.
    pub slots: usize,
    /// The action whose end was the last that it, or the round of its plan that it comes from, waited for; none if
    /// it waited for none.
    pub after: Option<ActionName>,
    /// What was done for it, in order; the rest of its time it waited for farm itself.
    pub phases: Vec<Phase>,
}

/// The time of a build.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Instant);

impl Clock {
    /// The build starts now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the build's start.
    pub fn now(self) -> Duration {
        self.0.elapsed()
    }

    /// Does some work, and says when it was done.
    pub fn time<T>(self, work: impl FnOnce() -> T) -> (T, Span) {
        let start = self.now();
        let done = work();
        let duration = self.now().saturating_sub(start);
        (done, Span { start, duration })
    }
}

/// Takes the times of the parts of one action. Its clones are the same watch.
#[derive(Debug, Clone)]
pub struct Stopwatch {
    clock: Clock,
    laps: Arc<Mutex<Laps>>,
}

#[derive(Debug, Default)]
struct Laps {
    done: Vec<Phase>,
    current: Option<(Part, Duration)>,
}

impl Stopwatch {
    /// A watch of a build with this time.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            laps: Arc::default(),
        }
    }

    /// This part begins, and the one before ends.
    pub fn begin(&self, part: Part) {
        let now = self.clock.now();
        let mut laps = self.laps();
        laps.end(now);
        laps.current = Some((part, now));
    }

    /// The part before ends, and none begins.
    pub fn stop(&self) {
        let now = self.clock.now();
        self.laps().end(now);
    }

    /// So much of the part that is under way was another one, at its beginning.
    pub fn split(&self, part: Part, duration: Duration) {
        let mut laps = self.laps();
        if let Some((current, start)) = laps.current {
            let span = Span { start, duration };
            laps.done.push(Phase { part, span });
            laps.current = Some((current, span.end()));
        }
    }

    /// The parts so far; the one that is under way ends now.
    pub fn phases(&self) -> Vec<Phase> {
        self.stop();
        self.laps().done.clone()
    }

    fn laps(&self) -> MutexGuard<'_, Laps> {
        // A panic of the other thread leaves times that are right.
        self.laps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Laps {
    fn end(&mut self, now: Duration) {
        if let Some((part, start)) = self.current.take() {
            let duration = now.saturating_sub(start);
            let span = Span { start, duration };
            self.done.push(Phase { part, span });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_without_a_gap() {
        let watch = Stopwatch::new(Clock::start());
        watch.begin(Part::Stage);
        watch.clone().begin(Part::Run);
        watch.split(Part::Sandbox, Duration::from_nanos(1));
        watch.begin(Part::Collect);
        watch.stop();
        let phases = watch.phases();
        let parts: Vec<Part> = phases.iter().map(|phase| phase.part).collect();
        assert_eq!(parts, [Part::Stage, Part::Sandbox, Part::Run, Part::Collect]);
        for pair in phases.windows(2) {
            assert_eq!(pair[0].span.end(), pair[1].span.start);
        }
        assert_eq!(phases[1].span.duration, Duration::from_nanos(1));
    }

    #[test]
    fn what_is_under_way_ends_when_it_is_asked_for() {
        let watch = Stopwatch::new(Clock::start());
        watch.split(Part::Sandbox, Duration::from_secs(1));
        assert_eq!(watch.phases(), [], "nothing to split");
        watch.begin(Part::Key);
        assert_eq!(watch.phases().len(), 1);
        assert_eq!(watch.phases().len(), 1, "and only once");
    }
}
