//! The report on a terminal that somebody watches: lines for what ran or failed, above a live area that shows what
//! is running. Does not know how either is drawn.

use std::path::PathBuf;

use farm_engine::event::Event;

use super::live::Live;
use super::transcript::{Shown, Transcript};
use super::{Detail, Report, Screen};
use crate::ui::Theme;

/// Lines with a live area below.
pub(super) struct Terminal {
    screen: Screen,
    live: Live,
    transcript: Transcript,
}

impl Terminal {
    /// On this screen.
    pub(super) fn new(theme: Theme, screen: Screen, live: Live, detail: Detail, workspace: Option<PathBuf>) -> Self {
        let transcript = Transcript::new(theme, detail, Shown::RanAndFailed, workspace);
        Self {
            screen,
            live,
            transcript,
        }
    }
}

impl Report for Terminal {
    fn tell(&mut self, event: &Event) {
        match event {
            Event::TargetPlanned { actions, .. } => self.live.plan(actions.len()),
            // Its output needs the place.
            Event::ActionStarted { on_demand: true, .. } => self.screen.detach(),
            Event::ActionStarted {
                target, action, label, ..
            } => {
                self.live.start(target, action, label);
                // Not before something runs: a build that finds everything in place leaves the terminal alone.
                if let Some(bar) = self.live.open() {
                    self.screen.attach(bar);
                }
            }
            Event::ActionFinished {
                target,
                action,
                outcome,
                ..
            } => self.live.finish(target, action, *outcome),
            Event::BuildFinished { .. } => self.screen.detach(),
            _ => {}
        }
        if let Some(text) = self.transcript.tell(event) {
            self.screen.print(&text);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use indicatif::ProgressDrawTarget;
    use insta::assert_snapshot;

    use super::super::live::tests::Recorder;
    use super::super::recorded;
    use super::*;
    use crate::ui::Output;
    use crate::ui::tests::{BARE, Buffer};

    /// The lines that stay, and all that was drawn in the live area.
    fn report(events: &[Event]) -> (String, String) {
        let (buffer, recorder) = (Buffer::default(), Recorder::default());
        let drawn = recorder.clone();
        let target = move || ProgressDrawTarget::term_like_with_hz(Box::new(recorder.clone()), 255);
        let live = Live::new(BARE, target, Duration::ZERO);
        let screen = Screen::on(Output::to(buffer.clone()));
        let mut terminal = Terminal::new(BARE, screen, live, Detail::Normal, None);
        events.iter().for_each(|event| terminal.tell(event));
        (buffer.text(), drawn.text())
    }

    #[test]
    fn lines_of_what_ran_stay_and_restored_ones_only_count() {
        let (lines, drawn) = report(&recorded::successful());
        assert_snapshot!(lines, @r"
        building 2 targets of shop for production (sandbox L2, 2 jobs)
        ran             12.3 s  frontend  npm ci (from the network)
        ran              2.3 s  frontend  vite build
        warning[cache::fault]: one entry of the cache was damaged and was made anew [frontend]

          backend   python-app  dist/backend   14 files  212.4 kB  python 3.12.4, 9 endpoints
          frontend  web-bundle  dist/frontend  14 files  212.4 kB  gzip 68.1 kB, 3 chunks

        2 ran, 1 cached, 1 up to date, 0 failed in 14.7 s
        ");
        assert!(drawn.contains("npm ci"), "{drawn}");
    }

    #[test]
    fn nothing_to_do_draws_nothing() {
        let (lines, drawn) = report(&recorded::up_to_date());
        assert_snapshot!(lines, @"everything is up to date (1 action) in 0.02 s");
        assert_eq!(drawn, "");
    }

    #[test]
    fn a_failure_is_shown_as_elsewhere() {
        let (lines, _) = report(&recorded::failing());
        assert!(lines.contains("| src/App.tsx(12,7): error TS2339"), "{lines}");
        assert!(lines.contains("error[execute::tool-failed]"), "{lines}");
    }
}
