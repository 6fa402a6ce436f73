//! The gist of a profile for people: the critical path, what the slots were used for, and the longest actions. Does not
//! know the trace.

use std::collections::BTreeMap;
use std::time::Duration;

use farm_engine::event::{Outcome, Part};

use super::path::{self, Path, Step};
use super::{Action, Record};
use crate::report::format;
use crate::sanitise;
use crate::ui::{STRONG, Theme};

/// More actions than these are left to the trace.
const LONGEST: usize = 10;
/// More steps of the critical path than these are left to the trace: the longest are shown.
const STEPS: usize = 40;
/// The least waiting that is worth a line of its own: every action waits for the loop that starts it.
const WORTH_TELLING: Duration = Duration::from_millis(1);

/// The gist, without a line break at its end.
pub(super) fn of(record: &Record, theme: Theme) -> String {
    let mut text = Text {
        theme,
        lines: Vec::new(),
    };
    if record.actions.is_empty() {
        text.nothing_ran(record);
    } else {
        text.critical_path(&path::find(record));
        text.slots(record);
    }
    text.beside(record);
    text.waiting(record);
    text.longest(record);
    text.lines.join("\n")
}

struct Text {
    theme: Theme,
    lines: Vec<String>,
}

impl Text {
    fn heading(&mut self, strong: &str, rest: &str) {
        let strong = self.theme.paint(STRONG, strong);
        self.lines.extend([String::new(), format!("{strong}{rest}")]);
    }

    fn nothing_ran(&mut self, record: &Record) {
        let total = format::fine(record.duration);
        let rest = match record.counts.up_to_date + record.counts.cached {
            0 => format!("; all took {total}"),
            known => {
                let known = format::counted(known, "action");
                format!(": the results of {known} were known from the last build; all took {total}")
            }
        };
        self.heading("nothing ran", &rest);
    }

    fn critical_path(&mut self, path: &Path<'_>) {
        let actions = format::counted(path.steps.len() as u64, "action");
        let (took, waited) = (format::fine(path.took()), format::fine(path.waited()));
        self.heading(
            "critical path",
            &format!(": {actions} of {took}, which waited {waited} for room"),
        );
        self.row(["start", "took", "waited"], "");
        let least = least_shown(path);
        let mut left_out = 0;
        for step in &path.steps {
            if step.planning() > Duration::ZERO {
                let what = if step.since.is_zero() {
                    "open and plan"
                } else {
                    "plan on"
                };
                let (start, took) = (format::fine(step.since), format::fine(step.planning()));
                self.row([&start, &took, ""], what);
            }
            if step.action.took() < least {
                left_out += 1;
            } else {
                self.step(step);
            }
        }
        if left_out > 0 {
            self.row(
                ["", "", ""],
                &format!("and {} that took less", format::counted(left_out, "action")),
            );
        }
        if let Some(finish) = path.finish {
            let (start, took) = (format::fine(finish.span.start), format::fine(finish.span.duration));
            let what = format!("{}  put artifacts in place", sanitise::line(&finish.target));
            self.row([&start, &took, ""], &what);
        }
    }

    fn step(&mut self, step: &Step<'_>) {
        let action = step.action;
        let (start, took) = (format::fine(action.timings.started), format::fine(action.took()));
        self.row([&start, &took, &format::fine(action.waited())], &named(action));
    }

    /// What was done in the slots, in shares of all the time that there was in them.
    fn slots(&mut self, record: &Record) {
        let total = record.duration * u32::try_from(record.slots).unwrap_or(u32::MAX);
        let slots = format::counted(record.slots as u64, "slot");
        let (wall, all) = (format::fine(record.duration), format::fine(total));
        self.heading("time in slots", &format!(": {wall} of {slots}, {all} together"));
        let mut parts: BTreeMap<Part, Duration> = BTreeMap::new();
        let mut taken = Duration::ZERO;
        for action in &record.actions {
            let times = |duration: Duration| duration * u32::try_from(action.timings.slots).unwrap_or(u32::MAX);
            taken += times(action.took());
            for phase in &action.timings.phases {
                *parts.entry(phase.part).or_default() += times(phase.span.duration);
            }
        }
        let named: Duration = parts.values().sum();
        let mut row = |duration: Duration, what: &str| {
            let share = format!(
                "{:.1} %",
                100.0 * duration.as_secs_f64() / total.as_secs_f64().max(f64::EPSILON)
            );
            self.row([&format::fine(duration), &share, ""], what);
        };
        parts.iter().for_each(|(part, duration)| row(*duration, words(*part)));
        row(taken.saturating_sub(named), "between these");
        row(total.saturating_sub(taken), "idle");
    }

    /// What was done beside the slots.
    fn beside(&mut self, record: &Record) {
        let Some(opened) = record
            .plans
            .iter()
            .chain(&record.finishes)
            .map(|stretch| stretch.span.start)
            .min()
        else {
            return;
        };
        self.heading("beside the slots", "");
        self.row([&format::fine(opened), "", ""], "open the workspace");
        for (stretches, what, noun) in [
            (&record.plans, "plan", "round"),
            (&record.finishes, "put artifacts in place", "target"),
        ] {
            if stretches.is_empty() {
                continue;
            }
            let sum: Duration = stretches.iter().map(|stretch| stretch.span.duration).sum();
            let count = format::counted(stretches.len() as u64, noun);
            self.row([&format::fine(sum), "", ""], &format!("{what} ({count})"));
        }
    }

    fn waiting(&mut self, record: &Record) {
        let sum: Duration = record.actions.iter().map(Action::waited).sum();
        let most = record.actions.iter().max_by_key(|action| action.waited());
        let Some(most) = most.filter(|_| sum >= WORTH_TELLING) else {
            return;
        };
        let most = format!("{} ({})", named(most), format::fine(most.waited()));
        self.heading(
            "waiting for room",
            &format!(": {} in all, most of it {most}", format::fine(sum)),
        );
    }

    fn longest(&mut self, record: &Record) {
        let mut actions: Vec<&Action> = record.actions.iter().collect();
        actions.sort_by_key(|action| std::cmp::Reverse(action.took()));
        if actions.is_empty() {
            return;
        }
        self.heading("longest actions", "");
        self.row(["took", "cpu", "memory"], "");
        for action in actions.into_iter().take(LONGEST) {
            let cpu = action.cpu.map(format::fine).unwrap_or_default();
            let memory = action.peak_memory.map(format::bytes).unwrap_or_default();
            self.row([&format::fine(action.took()), &cpu, &memory], &named(action));
        }
    }

    fn row(&mut self, [one, two, three]: [&str; 3], what: &str) {
        let line = format!("  {one:>9}  {two:>9}  {three:>9}  {what}");
        self.lines.push(line.trim_end().to_owned());
    }
}

/// What the shortest step takes that is shown.
fn least_shown(path: &Path<'_>) -> Duration {
    let mut took: Vec<Duration> = path.steps.iter().map(|step| step.action.took()).collect();
    took.sort_unstable_by(|one, other| other.cmp(one));
    took.get(STEPS - 1).copied().unwrap_or_default()
}

/// `web  bundle (cached)`.
fn named(action: &Action) -> String {
    let outcome = match action.outcome {
        Outcome::Ran => "",
        Outcome::Cached => " (cached)",
        Outcome::UpToDate => " (up to date)",
        Outcome::Failed => " (failed)",
        Outcome::Skipped => " (stopped)",
    };
    let (target, label) = (sanitise::line(&action.name.target), sanitise::line(&action.label));
    format!("{target}  {label}{outcome}")
}

/// What is done in a part.
fn words(part: Part) -> &'static str {
    match part {
        Part::Tools => "find tools",
        Part::Key => "hash inputs, make keys",
        Part::Lookup => "look results up",
        Part::Stage => "stage inputs",
        Part::Sandbox => "set sandboxes up and take them down",
        Part::Run => "run",
        Part::Collect => "collect outputs",
        Part::Store => "keep results",
        Part::Place => "put outputs in place",
    }
}
