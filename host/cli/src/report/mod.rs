//! Reports: each file below is one consumer of the engine's events. This one hands every event to all of them.
//!
//! Knows no format, and decides nothing about the build.

mod format;
mod json;
mod live;
mod logs;
mod passed;
mod plain;
mod profile;
#[cfg(test)]
mod recorded;
mod screen;
mod summary;
mod terminal;
mod transcript;

use std::io::stdout;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use farm_engine::error::Problem;
use farm_engine::event::{Counts, Event, Sink};

pub(crate) use self::format::bytes;
pub(crate) use self::profile::Place;
pub(crate) use self::screen::Screen;
use crate::ui::{Output, Theme, Ui};
use passed::{Passed, Way};

/// A consumer of events.
trait Report {
    /// Takes the next event.
    fn tell(&mut self, event: &Event);
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Problems alone.
    Quiet,
    /// What was done.
    Normal,
    /// Every action, with its output.
    Verbose,
}

/// All reports of one build.
pub(crate) struct Reports {
    reports: Vec<Box<dyn Report>>,
    counts: Counts,
    is_finished: bool,
    start: Instant,
    /// Where people are told more than problems; none where they are not.
    people: Option<(Screen, Theme)>,
    profile: Option<profile::Profile>,
}

impl Reports {
    /// The reports that fit the streams: a live or a plain one for people on `screen`, and with `json` one for programs
    /// on standard output. Where both would share a terminal, the one for programs stands alone.
    pub(crate) fn open(
        ui: &Ui,
        screen: &Screen,
        detail: Detail,
        workspace: Option<&Path>,
        json: Option<Output>,
    ) -> Self {
        let mut reports: Vec<Box<dyn Report>> = Vec::new();
        let mut people = None;
        if json.is_none() || !ui.data_on_terminal {
            people = (detail != Detail::Quiet).then(|| (screen.clone(), ui.theme));
            let workspace = workspace.map(Path::to_path_buf);
            reports.push(for_people(ui, screen, detail, workspace));
        }
        if let Some(output) = json {
            reports.push(Box::new(json::Json::new(output)));
        }
        Self {
            people,
            ..Self::of(reports)
        }
    }

    /// These reports.
    fn of(reports: Vec<Box<dyn Report>>) -> Self {
        Self {
            reports,
            counts: Counts::default(),
            is_finished: false,
            start: Instant::now(),
            people: None,
            profile: None,
        }
    }

    /// From now on also the output of an action on demand, as it comes; with `json`, standard output is for programs, and
    /// where that is a terminal they get all.
    pub(crate) fn pass_on(&mut self, ui: &Ui, screen: &Screen, json: bool) {
        let stdout = match (json, ui.data_on_terminal) {
            (true, true) => return,
            (true, false) => Way::screen(screen, ui.theme),
            (false, true) => Way::terminal(Output::to(stdout()), ui.data_theme),
            (false, false) => Way::Program(Output::to(stdout())),
        };
        // Before the others, which tell that the action has ended.
        self.reports
            .insert(0, Box::new(Passed::new(stdout, Way::screen(screen, ui.theme))));
    }

    /// From now on also a profile, for this place.
    pub(crate) fn profile(&mut self, place: Place) {
        self.profile = Some(profile::Profile::new(place));
    }

    /// The build has ended: writes the profile, and tells its gist.
    pub(crate) fn end(&self) -> Result<(), Problem> {
        let Some(profile) = &self.profile else { return Ok(()) };
        profile.write()?;
        if let Some((screen, theme)) = &self.people
            && let Some(text) = profile.text(*theme)
        {
            screen.print(&text);
        }
        Ok(())
    }

    /// Tells the problem that ended the whole build, and that it ended, unless the engine did so already.
    pub(crate) fn give_up(&mut self, problem: Problem) {
        self.emit(Event::ProblemFound { problem });
        if !self.is_finished {
            let (counts, duration) = (self.counts, self.start.elapsed());
            self.emit(Event::BuildFinished {
                ok: false,
                counts,
                components: 0,
                duration,
            });
        }
    }
}

impl Sink for Reports {
    fn emit(&mut self, event: Event) {
        match &event {
            Event::ActionFinished { outcome, .. } => self.counts.add(*outcome),
            Event::BuildFinished { .. } => self.is_finished = true,
            _ => {}
        }
        for report in &mut self.reports {
            report.tell(&event);
        }
        if let Some(profile) = &mut self.profile {
            profile.tell(&event);
        }
    }
}

/// The report that people read.
fn for_people(ui: &Ui, screen: &Screen, detail: Detail, workspace: Option<PathBuf>) -> Box<dyn Report> {
    if ui.is_live && detail != Detail::Quiet {
        let live = live::Live::new(
            ui.theme,
            indicatif::ProgressDrawTarget::stderr,
            Duration::from_millis(120),
        );
        Box::new(terminal::Terminal::new(
            ui.theme,
            screen.clone(),
            live,
            detail,
            workspace,
        ))
    } else {
        Box::new(plain::Plain::new(ui.theme, screen.clone(), detail, workspace))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use farm_engine::error::Class;

    use super::*;

    /// Keeps the events' names.
    struct Names(Arc<Mutex<Vec<String>>>);

    impl Report for Names {
        fn tell(&mut self, event: &Event) {
            let event = serde_json::to_value(event).expect("events are plain data");
            self.0.lock().expect("nobody panicked").push(event["event"].to_string());
        }
    }

    #[test]
    fn giving_up_ends_the_build_exactly_once() {
        let problem = || Problem::new("config::syntax", Class::Request, "wrong");
        let names = Arc::new(Mutex::new(Vec::new()));
        let mut reports = Reports::of(vec![Box::new(Names(names.clone()))]);
        reports.give_up(problem());
        reports.give_up(problem());
        let names = names.lock().expect("nobody panicked");
        assert_eq!(
            *names,
            [r#""problem-found""#, r#""build-finished""#, r#""problem-found""#]
        );
    }
}
