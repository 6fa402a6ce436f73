//! The report where nobody watches a terminal (a pipe, a file, CI): a line for each action that ran, was restored or
//! failed. Does not know how the lines are made.

use std::path::PathBuf;

use farm_engine::event::Event;

use super::transcript::{Shown, Transcript};
use super::{Detail, Report, Screen};
use crate::ui::Theme;

/// Lines, one after the other.
pub(super) struct Plain {
    screen: Screen,
    transcript: Transcript,
}

impl Plain {
    /// On this screen.
    pub(super) fn new(theme: Theme, screen: Screen, detail: Detail, workspace: Option<PathBuf>) -> Self {
        let transcript = Transcript::new(theme, detail, Shown::RestoredToo, workspace);
        Self { screen, transcript }
    }
}

impl Report for Plain {
    fn tell(&mut self, event: &Event) {
        if let Some(text) = self.transcript.tell(event) {
            self.screen.print(&text);
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::recorded;
    use super::*;
    use crate::ui::Output;
    use crate::ui::tests::{BARE, Buffer};

    fn report(events: &[Event], detail: Detail) -> String {
        let buffer = Buffer::default();
        let mut plain = Plain::new(BARE, Screen::on(Output::to(buffer.clone())), detail, None);
        events.iter().for_each(|event| plain.tell(event));
        buffer.text()
    }

    #[test]
    fn a_build_that_runs_and_restores() {
        assert_snapshot!(report(&recorded::successful(), Detail::Normal), @r"
        building 2 targets of shop for production (sandbox L2, 2 jobs)
        cached                  backend   byte-compile
        ran             12.3 s  frontend  npm ci (from the network)
        ran              2.3 s  frontend  vite build
        warning[cache::fault]: one entry of the cache was damaged and was made anew [frontend]

          backend   python-app  dist/backend   14 files  212.4 kB  python 3.12.4, 9 endpoints
          frontend  web-bundle  dist/frontend  14 files  212.4 kB  gzip 68.1 kB, 3 chunks

        2 ran, 1 cached, 1 up to date, 0 failed in 14.7 s
        ");
    }

    #[test]
    fn a_build_that_fails_shows_the_whole_log() {
        assert_snapshot!(report(&recorded::failing(), Detail::Normal), @r"
        building 1 target of shop for production (sandbox L2, 2 jobs)
        failed           3.4 s  frontend  check types
          | src/App.tsx(12,7): error TS2339: Property 'title' does not exist.
          | $ sudo password:
        error[execute::tool-failed]: `npx tsc` ended with exit code 2
          target frontend, action types
          hint: run it by hand in the same sandbox: farm debug .farm/failed/frontend/types
        not built: 0 ran, 0 cached, 1 failed, 1 skipped in 3.5 s
        ");
    }

    #[test]
    fn nothing_to_do_is_one_line() {
        assert_snapshot!(report(&recorded::up_to_date(), Detail::Normal), @"everything is up to date (1 action) in 0.02 s");
    }

    #[test]
    fn verbose_shows_every_action_and_marks_replayed_output() {
        assert_snapshot!(report(&recorded::successful(), Detail::Verbose), @r"
        building 2 targets of shop for production (sandbox L2, 2 jobs)
        planned                 backend   2 actions by some-builder, plan from the cache
        cached                  backend   byte-compile
          replayed from the cache:
          | Listing 'src'...
        up to date              backend   export the OpenAPI schema
        planned                 frontend  2 actions by some-builder
        ran             12.3 s  frontend  npm ci (from the network, L2)
        ran              2.3 s  frontend  vite build (L2)
          | built in 2s
        warning[cache::fault]: one entry of the cache was damaged and was made anew [frontend]

          backend   python-app  dist/backend   14 files  212.4 kB  python 3.12.4, 9 endpoints
          frontend  web-bundle  dist/frontend  14 files  212.4 kB  gzip 68.1 kB, 3 chunks

        2 ran, 1 cached, 1 up to date, 0 failed in 14.7 s
        ");
    }

    #[test]
    fn the_output_of_an_action_on_demand_is_not_shown_twice() {
        assert_snapshot!(report(&recorded::by_name(), Detail::Normal), @r"
        building 1 target of shop for production (sandbox L2, 2 jobs)
        running                 images  push to the registry
        ran              1.2 s  images  push to the registry
        1 ran, 0 cached, 1 up to date, 0 failed in 1.5 s
        ");
        assert_eq!(report(&recorded::by_name(), Detail::Quiet), "");
    }

    #[test]
    fn quiet_shows_problems_alone() {
        assert_eq!(report(&recorded::successful(), Detail::Quiet), "");
        assert_snapshot!(report(&recorded::failing(), Detail::Quiet), @r"
        failed           3.4 s  frontend  check types
          | src/App.tsx(12,7): error TS2339: Property 'title' does not exist.
          | $ sudo password:
        error[execute::tool-failed]: `npx tsc` ended with exit code 2
          target frontend, action types
          hint: run it by hand in the same sandbox: farm debug .farm/failed/frontend/types
        ");
    }
}
