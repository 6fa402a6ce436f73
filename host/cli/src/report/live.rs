//! The live area: what is running and for how long, and how far the build is. Does not print lines that stay.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use farm_engine::event::{Counts, Outcome};
use indicatif::style::ProgressTracker;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::format;
use crate::sanitise;
use crate::ui::{self, FAINT, STRONG, Theme};

/// More running actions than these are only counted.
const MAX_LINES: usize = 8;
/// How often elapsed times are drawn anew.
const TICK: Duration = Duration::from_millis(100);

/// The live area of one build.
pub(super) struct Live {
    shared: Shared,
    target: Box<dyn Fn() -> ProgressDrawTarget>,
    is_open: bool,
}

/// The state, shared with the thread that draws.
#[derive(Clone)]
struct Shared(Arc<Mutex<State>>);

struct State {
    theme: Theme,
    width: fn() -> usize,
    appear_after: Duration,
    planned: usize,
    counts: Counts,
    running: Vec<Running>,
}

struct Running {
    target: String,
    action: String,
    label: String,
    since: Instant,
}

impl Live {
    /// A closed area; `target` says where it will be drawn. An action gets a line once it has run for `appear_after`, so
    /// that short ones do not flicker.
    pub(super) fn new(theme: Theme, target: impl Fn() -> ProgressDrawTarget + 'static, appear_after: Duration) -> Self {
        let (planned, counts, running) = (0, Counts::default(), Vec::new());
        let state = State {
            theme,
            width: ui::terminal_width,
            appear_after,
            planned,
            counts,
            running,
        };
        let shared = Shared(Arc::new(Mutex::new(state)));
        Self {
            shared,
            target: Box::new(target),
            is_open: false,
        }
    }

    /// More actions are known.
    pub(super) fn plan(&self, actions: usize) {
        self.shared.state().planned += actions;
    }

    /// An action runs.
    pub(super) fn start(&self, target: &str, action: &str, label: &str) {
        let (target, action, label) = (target.to_owned(), action.to_owned(), sanitise::line(label));
        self.shared.state().running.push(Running {
            target,
            action,
            label,
            since: Instant::now(),
        });
    }

    /// An action ended.
    pub(super) fn finish(&self, target: &str, action: &str, outcome: Outcome) {
        let mut state = self.shared.state();
        state.counts.add(outcome);
        state
            .running
            .retain(|running| running.target != target || running.action != action);
    }

    /// Starts to draw; none when it did before.
    pub(super) fn open(&mut self) -> Option<ProgressBar> {
        if std::mem::replace(&mut self.is_open, true) {
            return None;
        }
        let target = (self.target)();
        let style = ProgressStyle::with_template("{area}").expect("invariant: the template is right");
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(style.with_key("area", self.shared.clone()));
        bar.tick();
        bar.enable_steady_tick(TICK);
        Some(bar)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProgressTracker for Shared {
    fn clone_box(&self) -> Box<dyn ProgressTracker> {
        Box::new(self.clone())
    }

    fn tick(&mut self, _: &ProgressState, _: Instant) {}

    fn reset(&mut self, _: &ProgressState, _: Instant) {}

    fn write(&self, _: &ProgressState, text: &mut dyn std::fmt::Write) {
        // Writing into a string does not fail, and nothing could be done if it did.
        text.write_str(&self.state().draw()).unwrap_or_default();
    }
}

impl State {
    /// The lines of the area, the counter last.
    fn draw(&self) -> String {
        let visible: Vec<&Running> = self
            .running
            .iter()
            .filter(|running| running.since.elapsed() >= self.appear_after)
            .collect();
        let mut lines: Vec<String> = visible
            .iter()
            .take(MAX_LINES)
            .map(|running| self.line(running))
            .collect();
        if let Some(more) = visible.len().checked_sub(MAX_LINES).filter(|more| *more > 0) {
            lines.push(self.theme.paint(FAINT, &format!("           and {more} more")));
        }
        lines.push(self.counter());
        lines.join("\n")
    }

    /// A running action.
    fn line(&self, running: &Running) -> String {
        let elapsed = format::seconds(running.since.elapsed());
        let line = format!("{elapsed:>10} {}  {}", running.target, running.label);
        self.theme.fit(&line, (self.width)().saturating_sub(1))
    }

    /// How far the build is.
    fn counter(&self) -> String {
        let Counts {
            ran,
            cached,
            up_to_date,
            failed,
            skipped,
        } = self.counts;
        let done = ran + cached + up_to_date + failed + skipped;
        let failed = if failed > 0 {
            format!(", {failed} failed")
        } else {
            String::new()
        };
        let running = self.running.len();
        let text = format!(
            "  [{done}/{}] {running} running, {ran} ran, {cached} cached{failed}",
            self.planned
        );
        self.theme
            .paint(STRONG, &self.theme.fit(&text, (self.width)().saturating_sub(1)))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io;

    use indicatif::TermLike;

    use super::*;
    use crate::ui::tests::BARE;

    /// A terminal that remembers all text it was sent.
    #[derive(Debug, Clone, Default)]
    pub(crate) struct Recorder(Arc<Mutex<String>>);

    impl Recorder {
        /// All of it.
        pub(crate) fn text(&self) -> String {
            self.0.lock().expect("nobody panicked").clone()
        }
    }

    impl TermLike for Recorder {
        fn width(&self) -> u16 {
            60
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)?;
            self.write_str("\n")
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().expect("nobody panicked").push_str(text);
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn live(appear_after: Duration) -> Live {
        Live::new(BARE, ProgressDrawTarget::hidden, appear_after)
    }

    #[test]
    fn running_actions_and_progress_are_drawn() {
        let live = live(Duration::ZERO);
        live.plan(12);
        live.start("web", "bundle", "vite\x1b[2J build");
        live.finish("api", "compile", Outcome::Cached);
        let text = live.shared.state().draw();
        assert_eq!(text, "    0.00 s web  vite build\n  [1/12] 1 running, 0 ran, 1 cached");
    }

    #[test]
    fn what_just_started_has_no_line_yet() {
        let live = live(Duration::from_secs(3600));
        live.start("web", "bundle", "vite build");
        assert_eq!(live.shared.state().draw().lines().count(), 1);
    }

    #[test]
    fn many_are_counted_and_long_ones_cut() {
        let live = live(Duration::ZERO);
        for number in 0..20 {
            live.start("web", &number.to_string(), &"long ".repeat(40));
        }
        let text = live.shared.state().draw();
        assert_eq!(text.lines().count(), MAX_LINES + 2, "{text}");
        assert!(text.contains("and 12 more"));
        assert!(text.lines().all(|line| line.len() < 80), "{text}");
    }
}
