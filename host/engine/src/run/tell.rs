//! Tells the facts, in one order, and counts how actions ended.
//!
//! Does not know why things happen. A later pass of the same build tells only what is new.

use std::collections::BTreeMap;

use crate::cache::Store;
use crate::error::{Class, Problem};
use crate::event::{Clock, Counts, Event, Outcome, Sink};
use crate::path::RelPath;

/// The one way from the engine to whoever listens.
pub(super) struct Teller<'a> {
    sink: &'a mut dyn Sink,
    clock: Clock,
    outcomes: BTreeMap<(String, String), Outcome>,
    problems: Vec<Problem>,
    class: Option<Class>,
    has_started: bool,
}

impl<'a> Teller<'a> {
    /// Tells this sink. The build starts now.
    pub(super) fn new(sink: &'a mut dyn Sink) -> Self {
        Self {
            sink,
            clock: Clock::start(),
            outcomes: BTreeMap::new(),
            problems: Vec::new(),
            class: None,
            has_started: false,
        }
    }

    /// Tells a fact. That the build has started is news once; an action that ended well in an earlier pass and now merely
    /// comes from the cache is none.
    pub(super) fn tell(&mut self, event: Event) {
        let is_start = matches!(event, Event::BuildStarted { .. });
        if is_start && std::mem::replace(&mut self.has_started, true) {
            return;
        }
        if let Event::ActionFinished {
            target,
            action,
            outcome,
            ..
        } = &event
        {
            let name = (target.clone(), action.clone());
            let again = matches!(outcome, Outcome::Cached | Outcome::UpToDate) && self.outcomes.contains_key(&name);
            if again {
                return;
            }
            self.outcomes.insert(name, *outcome);
        }
        self.sink.emit(event);
    }

    /// Tells a problem, and remembers the gravest class. One that an earlier pass told already is no news.
    pub(super) fn problem(&mut self, problem: Problem) {
        if self.problems.contains(&problem) {
            return;
        }
        self.class = self.class.max_by_gravity(problem.class);
        self.problems.push(problem.clone());
        self.sink.emit(Event::ProblemFound { problem });
    }

    /// Tells that the user stopped the build.
    pub(super) fn interrupted(&mut self) {
        self.class = Some(Class::Interrupted);
    }

    /// Tells something that people should know.
    pub(super) fn notice(&mut self, code: &'static str, message: &str) {
        let message = message.to_owned();
        self.sink.emit(Event::Notice {
            code,
            message,
            target: None,
            action: None,
        });
    }

    /// Tells what an action wrote without having declared it.
    pub(super) fn undeclared(&mut self, target: &str, action: &str, paths: &[RelPath]) {
        let Some(first) = paths.first() else { return };
        let more = paths.len() - 1;
        let rest = if more == 0 {
            String::new()
        } else {
            format!(" and {more} more")
        };
        self.tell(Event::Notice {
            code: "sandbox::undeclared-output",
            message: format!("wrote `{first}`{rest} without declaring it; that is gone"),
            target: Some(target.to_owned()),
            action: Some(action.to_owned()),
        });
    }

    /// Tells the faults that the store met since it was last asked.
    pub(super) fn faults(&mut self, store: &Store) {
        for fault in store.take_faults() {
            self.notice("cache::fault", &fault.to_string());
        }
    }

    /// Whether an action was told to have ended in an earlier pass.
    pub(super) fn has_told(&self, target: &str, action: &str) -> bool {
        self.outcomes.contains_key(&(target.to_owned(), action.to_owned()))
    }

    /// The build's time.
    pub(super) const fn clock(&self) -> Clock {
        self.clock
    }

    /// The gravest class of all problems.
    pub(super) const fn class(&self) -> Option<Class> {
        self.class
    }

    /// How many actions ended in which way.
    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.outcomes.values().for_each(|outcome| counts.add(*outcome));
        counts
    }
}

/// Orders classes by gravity.
trait Gravity {
    fn max_by_gravity(self, other: Class) -> Self;
}

impl Gravity for Option<Class> {
    fn max_by_gravity(self, other: Class) -> Self {
        let rank = |class: Class| match class {
            Class::Build => 0,
            Class::Request => 1,
            Class::Policy => 2,
            Class::Interrupted => 3,
        };
        match self {
            Some(class) if rank(class) >= rank(other) => Some(class),
            _ => Some(other),
        }
    }
}
