//! What people read of a build, as text that stays: the words that the live and the plain report share. A pure function
//! of the events. Does not know where the text goes, nor whether something is drawn below it.

use std::path::PathBuf;
use std::time::Duration;

use anstyle::Style;
use farm_engine::error::Problem;
use farm_engine::event::{Event, Outcome, Stream};
use farm_engine::sandbox::Tier;

use super::logs::{Log, Logs};
use super::summary::Summary;
use super::{Detail, format};
use crate::error;
use crate::sanitise::{self, Colors};
use crate::ui::{ERROR, FAINT, GOOD, HINT, Theme, WARNING};

/// Widest column of target names.
const MAX_NAME: usize = 32;

/// Which ends of actions get a line of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// What ran or failed.
    RanAndFailed,
    /// Also what came from the cache.
    RestoredToo,
}

/// Turns events into text, one after the other.
pub(super) struct Transcript {
    theme: Theme,
    detail: Detail,
    shown: Shown,
    workspace: Option<PathBuf>,
    /// The opening line, until there is something to say.
    opening: Option<String>,
    name_width: usize,
    logs: Logs,
    summary: Summary,
    /// The action on demand that runs, with its target.
    by_name: Option<(String, String)>,
}

impl Transcript {
    /// For one build. The workspace is where source lines are read from.
    pub(super) fn new(theme: Theme, detail: Detail, shown: Shown, workspace: Option<PathBuf>) -> Self {
        let (opening, name_width) = (None, 0);
        let (logs, summary) = (Logs::default(), Summary::default());
        Self {
            theme,
            detail,
            shown,
            workspace,
            opening,
            name_width,
            logs,
            summary,
            by_name: None,
        }
    }

    /// What is to be said of the event, without a line break at its end; none for nothing.
    pub(super) fn tell(&mut self, event: &Event) -> Option<String> {
        let text = match event {
            Event::BuildStarted { .. } => self.build_started(event),
            Event::TargetPlanned {
                target,
                builder,
                actions,
                cached,
                ..
            } => self.target_planned(target, builder, actions.len(), *cached),
            Event::ActionStarted {
                target,
                action,
                label,
                on_demand,
            } => on_demand.then(|| self.by_name(target, action, label)).flatten(),
            Event::ActionOutput {
                target,
                action,
                stream,
                text,
                ..
            } => self.output(target, action, *stream, text),
            Event::ActionFinished { .. } => self.action_finished(event),
            Event::TargetFinished { target, artifacts, .. } => {
                self.logs.forget(target);
                self.summary.target_finished(target, artifacts);
                None
            }
            Event::ProblemFound { problem } => Some(self.problem(problem)),
            Event::Notice {
                code,
                message,
                target,
                action,
            } => self.notice(code, message, target.as_deref(), action.as_deref()),
            Event::BuildFinished {
                ok, counts, duration, ..
            } => {
                if self.detail == Detail::Quiet {
                    return None;
                }
                return self.summary.render(self.theme, self.detail, *ok, *counts, *duration);
            }
        }?;
        Some(match self.opening.take() {
            Some(opening) if self.detail != Detail::Quiet => format!("{opening}\n{text}"),
            _ => text,
        })
    }

    /// Keeps the opening line back: a build that finds everything in place should be one line.
    fn build_started(&mut self, event: &Event) -> Option<String> {
        let Event::BuildStarted {
            workspace,
            targets,
            mode,
            tier,
            jobs,
        } = event
        else {
            return None;
        };
        let longest = targets.iter().map(|target| target.chars().count()).max().unwrap_or(0);
        self.name_width = longest.min(MAX_NAME);
        let targets = format::counted(targets.len() as u64, "target");
        let jobs = format::counted(*jobs as u64, "job");
        let (workspace, mode) = (sanitise::line(workspace), sanitise::line(mode));
        let opening = format!("building {targets} of {workspace} for {mode} (sandbox {tier}, {jobs})");
        self.opening = Some(self.theme.paint(FAINT, &opening));
        None
    }

    /// A plan, for those who want all.
    fn target_planned(&self, target: &str, builder: &str, actions: usize, cached: bool) -> Option<String> {
        let label = format!(
            "{} by {}{}",
            format::counted(actions as u64, "action"),
            sanitise::line(builder),
            if cached { ", plan from the cache" } else { "" },
        );
        (self.detail == Detail::Verbose).then(|| self.row("planned", FAINT, None, target, &label))
    }

    /// An action on demand is about to say something: what comes now is its own output, which is shown elsewhere.
    fn by_name(&mut self, target: &str, action: &str, label: &str) -> Option<String> {
        self.by_name = Some((target.to_owned(), action.to_owned()));
        self.summary.run_by_name();
        let label = sanitise::line(label);
        (self.detail != Detail::Quiet).then(|| self.row("running", HINT, None, target, &label))
    }

    /// Keeps output until its action ends; a builder's own words are not an action's output, and are shown at once to
    /// those who want all.
    fn output(&mut self, target: &str, action: &str, stream: Stream, text: &str) -> Option<String> {
        let by_name = self.by_name.as_ref();
        if by_name.is_some_and(|(its_target, its_action)| its_target == target && its_action == action) {
            return None;
        }
        if stream == Stream::Builder && self.detail == Detail::Verbose {
            return Some(self.row("note", HINT, None, target, &sanitise::line(text)));
        }
        self.logs.push(target, action, text);
        None
    }

    /// The line of an action, with its output below where that is wanted.
    fn action_finished(&mut self, event: &Event) -> Option<String> {
        let Event::ActionFinished {
            target,
            action,
            label,
            outcome,
            tier,
            duration,
            fetched,
            ..
        } = event
        else {
            return None;
        };
        self.summary.action_finished(target, *outcome);
        let log = self.logs.take(target, action);
        if !self.is_shown(*outcome) {
            return None;
        }
        let (word, style) = word(*outcome);
        let label = sanitise::line(label) + &self.remarks(*tier, *fetched);
        let time = matches!(outcome, Outcome::Ran | Outcome::Failed).then_some(*duration);
        let row = self.row(word, style, time, target, &label);
        let wants_log = *outcome == Outcome::Failed || self.detail == Detail::Verbose;
        Some(if wants_log {
            row + &self.log(&log, *outcome)
        } else {
            row
        })
    }

    /// Whether an end gets a line.
    fn is_shown(&self, outcome: Outcome) -> bool {
        match (self.detail, outcome) {
            (Detail::Verbose, _) | (_, Outcome::Failed) => true,
            (Detail::Quiet, _) | (_, Outcome::UpToDate | Outcome::Skipped) => false,
            (Detail::Normal, Outcome::Ran) => true,
            (Detail::Normal, Outcome::Cached) => self.shown == Shown::RestoredToo,
        }
    }

    /// What else is known of how an action ran.
    fn remarks(&self, tier: Option<Tier>, fetched: bool) -> String {
        let mut remarks = Vec::new();
        if fetched {
            remarks.push("from the network".to_owned());
        }
        if let Some(tier) = tier.filter(|_| self.detail == Detail::Verbose) {
            remarks.push(tier.to_string());
        }
        if remarks.is_empty() {
            String::new()
        } else {
            format!(" ({})", remarks.join(", "))
        }
    }

    /// The lines of an action's output, each marked as somebody else's words.
    fn log(&self, log: &Log, outcome: Outcome) -> String {
        let colors = if self.theme.color { Colors::Keep } else { Colors::Strip };
        let lines = sanitise::lines(&log.text(), colors);
        let is_replayed = !lines.is_empty() && matches!(outcome, Outcome::Cached | Outcome::UpToDate);
        let heading = is_replayed.then(|| format!("\n  {}", self.theme.paint(FAINT, "replayed from the cache:")));
        let bar = self.theme.paint(FAINT, self.theme.bar());
        let marked = lines
            .iter()
            .map(|line| format!("\n  {}", format!("{bar} {line}").trim_end()));
        heading.into_iter().chain(marked).collect()
    }

    /// A line in columns that do not move: word, time, target, words.
    fn row(&self, word: &str, style: Style, time: Option<Duration>, target: &str, label: &str) -> String {
        let word = self.theme.paint(style, &format!("{word:<10}"));
        let time = time.map(format::seconds).unwrap_or_default();
        let target = format!("{:<width$}", sanitise::line(target), width = self.name_width);
        format!("{word} {time:>11}  {target}  {label}").trim_end().to_owned()
    }

    /// A problem, as everywhere.
    fn problem(&self, problem: &Problem) -> String {
        error::render(problem, self.theme, self.workspace.as_deref())
    }

    /// Something that people should know.
    fn notice(&self, code: &str, message: &str, target: Option<&str>, action: Option<&str>) -> Option<String> {
        if self.detail == Detail::Quiet {
            return None;
        }
        let concerned: Vec<String> = [target, action].into_iter().flatten().map(sanitise::line).collect();
        let of = if concerned.is_empty() {
            String::new()
        } else {
            format!(" [{}]", concerned.join(" / "))
        };
        let heading = self.theme.paint(WARNING, &format!("warning[{code}]:"));
        Some(format!("{heading} {}{of}", sanitise::paragraph(message)))
    }
}

/// The word for an end, and its colour.
fn word(outcome: Outcome) -> (&'static str, Style) {
    match outcome {
        Outcome::Ran => ("ran", GOOD),
        Outcome::Cached => ("cached", HINT),
        Outcome::UpToDate => ("up to date", FAINT),
        Outcome::Failed => ("failed", ERROR),
        Outcome::Skipped => ("skipped", WARNING),
    }
}
