//! The output of an action on demand, as it comes: its standard output on farm's, the rest on farm's standard error. Does
//! not show anything else.
//!
//! People get it line by line, without what a terminal would obey. A program that reads standard output gets it as it is.

use farm_engine::event::{Event, Stream};

use super::{Report, Screen};
use crate::sanitise::{self, Colors};
use crate::ui::{Output, Theme};

/// The output of what was asked for by name.
pub(super) struct Passed {
    stdout: Way,
    stderr: Way,
    /// The action that runs, with its target.
    running: Option<(String, String)>,
}

/// Where one stream goes.
pub(super) enum Way {
    /// To a program.
    Program(Output),
    /// To people.
    People(Lines),
}

/// Text line by line.
pub(super) struct Lines {
    place: Place,
    colors: Colors,
    /// A line that has not ended.
    open: String,
}

/// Where lines are shown.
enum Place {
    Terminal(Output),
    /// Where farm's own words are.
    Screen(Screen),
}

impl Way {
    /// To a terminal.
    pub(super) fn terminal(output: Output, theme: Theme) -> Self {
        Self::people(Place::Terminal(output), theme)
    }

    /// To the screen.
    pub(super) fn screen(screen: &Screen, theme: Theme) -> Self {
        Self::people(Place::Screen(screen.clone()), theme)
    }

    fn people(place: Place, theme: Theme) -> Self {
        Self::People(Lines {
            place,
            colors: if theme.color { Colors::Keep } else { Colors::Strip },
            open: String::new(),
        })
    }

    fn pass_on(&mut self, text: &str) {
        match self {
            Self::Program(output) => output.write(text),
            Self::People(lines) => lines.add(text),
        }
    }

    /// Nothing more comes.
    fn end(&mut self) {
        if let Self::People(lines) = self
            && !lines.open.is_empty()
        {
            lines.add("\n");
        }
    }
}

impl Lines {
    fn add(&mut self, text: &str) {
        self.open.push_str(text);
        let Some(end) = self.open.rfind('\n') else { return };
        let rest = self.open.split_off(end + 1);
        let ended = std::mem::replace(&mut self.open, rest);
        for line in ended.trim_end_matches('\n').split('\n') {
            let line = sanitise::lines(line, self.colors).concat();
            match &mut self.place {
                Place::Terminal(output) => output.line(&line),
                Place::Screen(screen) => screen.print(&line),
            }
        }
    }
}

impl Passed {
    /// On these ways.
    pub(super) const fn new(stdout: Way, stderr: Way) -> Self {
        Self {
            stdout,
            stderr,
            running: None,
        }
    }

    fn is_running(&self, target: &str, action: &str) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|(its_target, its_action)| its_target == target && its_action == action)
    }
}

impl Report for Passed {
    fn tell(&mut self, event: &Event) {
        match event {
            Event::ActionStarted {
                target,
                action,
                on_demand: true,
                ..
            } => self.running = Some((target.clone(), action.clone())),
            Event::ActionOutput {
                target,
                action,
                stream,
                text,
                ..
            } if self.is_running(target, action) => match stream {
                Stream::Stdout => self.stdout.pass_on(text),
                Stream::Stderr | Stream::Builder => self.stderr.pass_on(text),
            },
            Event::ActionFinished { target, action, .. } if self.is_running(target, action) => {
                self.stdout.end();
                self.stderr.end();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorded;
    use super::*;
    use crate::ui::tests::{BARE, Buffer};

    /// What comes out on both ways.
    fn report(stdout: impl FnOnce(Output) -> Way) -> (String, String) {
        let (out, err) = (Buffer::default(), Buffer::default());
        let screen = Screen::on(Output::to(err.clone()));
        let mut passed = Passed::new(stdout(Output::to(out.clone())), Way::screen(&screen, BARE));
        recorded::by_name().iter().for_each(|event| passed.tell(event));
        (out.text(), err.text())
    }

    #[test]
    fn a_program_gets_it_as_it_is() {
        let (out, err) = report(Way::Program);
        assert_eq!(out, "pushed \x1b]0;owned\x07sha256:1\nno line end");
        assert_eq!(err, "warning: slow\n", "the output of the build is not passed on");
    }

    #[test]
    fn people_get_lines_that_no_terminal_obeys() {
        let (out, _) = report(|output| Way::terminal(output, BARE));
        assert_eq!(out, "pushed sha256:1\nno line end\n");
    }
}
