//! The closed list of facts that the engine tells while it works.
//!
//! Events are emitted from the scheduler's loop alone, in one order. They carry ids and facts: never colours,
//! verbosity or running totals. Does not know who listens.

mod timing;

use std::time::Duration;

use serde::Serialize;

use crate::error::Problem;
use crate::sandbox::Tier;

pub use timing::{ActionName, Clock, Part, Phase, Span, Stopwatch, Timings};

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It ran, and succeeded.
    Ran,
    /// Its result came from the cache.
    Cached,
    /// Its key is that of this workspace's last build, and its outputs are in place.
    UpToDate,
    /// It ran, or could not be run, and failed.
    Failed,
    /// It was not tried, because something it needs failed or the build was stopped.
    Skipped,
}

/// Where a line of output came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// The builder itself, through `host.log`.
    Builder,
}

/// A target's artifact, as reports show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArtifactFacts {
    /// Its name within the target.
    pub name: String,
    /// `web-bundle`, `python-app`, …
    pub kind: String,
    /// Digest of its content.
    pub digest: String,
    /// Number of its files.
    pub files: u64,
    /// Sum of its files, in bytes.
    pub bytes: u64,
    /// Where it lies, from the workspace's root; none when it is for other targets only.
    pub path: Option<String>,
    /// What the builder says of it.
    pub metadata: serde_json::Value,
}

/// A fact.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The first event: what will be built.
    BuildStarted {
        /// The workspace's name.
        workspace: String,
        /// All targets of the build, dependencies first.
        targets: Vec<String>,
        /// The mode.
        mode: String,
        /// The sandbox tier that tool actions get.
        tier: Tier,
        /// How many actions may run at once.
        jobs: usize,
    },
    /// A target's plan is there, so its actions are known. A plan of several rounds is told once for each.
    TargetPlanned {
        /// The target.
        target: String,
        /// Builder's name.
        builder: String,
        /// The new actions' ids.
        actions: Vec<String>,
        /// Whether the plan came from the cache, so that no component was instantiated.
        cached: bool,
        /// When it was planned; none where nothing had to be asked.
        span: Option<Span>,
    },
    /// An action's tool or step was started.
    ActionStarted {
        /// The target.
        target: String,
        /// The action's id.
        action: String,
        /// A few words for people.
        label: String,
        /// Whether it is no part of the build, and runs because it was asked for by name.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        on_demand: bool,
    },
    /// Some output of an action: told while it runs, or all at once where its result came from the cache.
    ActionOutput {
        /// The target.
        target: String,
        /// The action's id.
        action: String,
        /// Where it came from.
        stream: Stream,
        /// The text, as it came but for bytes that are not UTF-8; no promise about line ends.
        text: String,
        /// Whether it is replayed from the cache.
        replayed: bool,
    },
    /// An action ended.
    ActionFinished {
        /// The target.
        target: String,
        /// The action's id.
        action: String,
        /// A few words for people.
        label: String,
        /// How.
        outcome: Outcome,
        /// Its key; none when it had none yet, and for an action on demand, of which nothing is kept.
        key: Option<String>,
        /// The tier it ran in; none for a step, and for an action that did not run.
        tier: Option<Tier>,
        /// Wall time of the tool or step alone, in the run that made the result.
        #[serde(serialize_with = "seconds", rename = "seconds")]
        duration: Duration,
        /// Processor time of all its processes in that run, user and system; none when it was not measured.
        #[serde(serialize_with = "seconds_if_known", rename = "cpu_seconds")]
        cpu: Option<Duration>,
        /// Resident bytes of its largest process in that run; none when it was not measured.
        peak_memory: Option<u64>,
        /// Whether it reached the network, pinned by its lock files.
        fetched: bool,
        /// When it went through this build; none where it was not started, or is known from the last build.
        timings: Option<Timings>,
    },
    /// Every action of a target succeeded and its outputs are in place, or one failed.
    TargetFinished {
        /// The target.
        target: String,
        /// Whether all is there.
        ok: bool,
        /// What it made.
        artifacts: Vec<ArtifactFacts>,
        /// When its artifacts were put in place; none where that was not tried.
        span: Option<Span>,
    },
    /// Something failed.
    ProblemFound {
        /// What.
        problem: Problem,
    },
    /// Something that did not stop the build but that people should know: a cache fault, an undeclared write.
    Notice {
        /// Stable name, `area::situation`.
        code: &'static str,
        /// A sentence.
        message: String,
        /// The target it concerns.
        target: Option<String>,
        /// The action it concerns.
        action: Option<String>,
    },
    /// The last event.
    BuildFinished {
        /// Whether everything that was asked for is there.
        ok: bool,
        /// How many actions ended in which way.
        counts: Counts,
        /// How many components were instantiated.
        components: u64,
        /// Wall time from the request to here.
        #[serde(serialize_with = "seconds", rename = "seconds")]
        duration: Duration,
    },
}

/// How many actions ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// See [`Outcome::Ran`].
    pub ran: u64,
    /// See [`Outcome::Cached`].
    pub cached: u64,
    /// See [`Outcome::UpToDate`].
    pub up_to_date: u64,
    /// See [`Outcome::Failed`].
    pub failed: u64,
    /// See [`Outcome::Skipped`].
    pub skipped: u64,
}

impl Counts {
    /// Counts one more action.
    pub fn add(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Ran => &mut self.ran,
            Outcome::Cached => &mut self.cached,
            Outcome::UpToDate => &mut self.up_to_date,
            Outcome::Failed => &mut self.failed,
            Outcome::Skipped => &mut self.skipped,
        } += 1;
    }
}

/// Who is told. Called from one thread, in order; whoever is slow buffers for itself.
pub trait Sink {
    /// Takes the next fact.
    fn emit(&mut self, event: Event);
}

impl Sink for Vec<Event> {
    fn emit(&mut self, event: Event) {
        self.push(event);
    }
}

/// A duration as seconds with a fraction.
fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// A duration as seconds with a fraction, or null.
#[expect(clippy::ref_option, reason = "the form that serde calls")]
fn seconds_if_known<S: serde::Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.as_ref().map(Duration::as_secs_f64).serialize(serializer)
}
