//! The two streams and how text looks on them: data goes to standard output, progress and messages to standard error.
//! Does not know what is said.

use std::io::{IsTerminal, Write, stderr, stdout};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use crate::args::Color;
use crate::environment::Environment;

/// For what failed.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// For what people should know.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// For what succeeded.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// For places and hints.
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default();
/// For names.
pub(crate) const STRONG: Style = Style::new().bold();
/// For all else.
pub(crate) const PLAIN: Style = Style::new();
/// For what is read last.
pub(crate) const FAINT: Style = Style::new().dimmed();

/// How text looks on one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Theme {
    /// Whether it has colours.
    pub(crate) color: bool,
    /// Whether it may use more than ASCII.
    pub(crate) unicode: bool,
}

impl Theme {
    /// The text in this style, where there are colours.
    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// The bar before each line of somebody else's words.
    pub(crate) fn bar(self) -> &'static str {
        if self.unicode { "│" } else { "|" }
    }

    /// What stands for text that was cut off.
    pub(crate) fn ellipsis(self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// The text in at most `width` characters.
    pub(crate) fn fit(self, text: &str, width: usize) -> String {
        if text.chars().count() <= width {
            return text.to_owned();
        }
        let kept = width.saturating_sub(self.ellipsis().chars().count());
        text.chars().take(kept).collect::<String>() + self.ellipsis()
    }
}

/// Width of the terminal on standard error, in characters; 80 where there is none.
pub(crate) fn terminal_width() -> usize {
    rustix::termios::tcgetwinsize(stderr())
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|w| *w > 0)
        .unwrap_or(80)
}

/// A stream that stops taking text once nobody reads it any more (`farm plan | head -1`), in place of failing.
pub(crate) struct Output(Option<Box<dyn Write + Send>>);

impl Output {
    /// On this stream.
    pub(crate) fn to(stream: impl Write + Send + 'static) -> Self {
        Self(Some(Box::new(stream)))
    }

    /// Writes the text and a line break.
    pub(crate) fn line(&mut self, text: &str) {
        // One write for each text, so that lines of several processes on one stream stay whole.
        self.write(&format!("{text}\n"));
    }

    /// Writes the text as it is.
    pub(crate) fn write(&mut self, text: &str) {
        let Some(stream) = &mut self.0 else { return };
        let written = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
        if written.is_err() {
            self.0 = None;
        }
    }
}

/// What is known of the two streams.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ui {
    /// For messages, on standard error.
    pub(crate) theme: Theme,
    /// For data, on standard output.
    pub(crate) data_theme: Theme,
    /// Whether standard error is a terminal that somebody watches.
    pub(crate) is_live: bool,
    /// Whether standard output is a terminal.
    pub(crate) data_on_terminal: bool,
}

impl Ui {
    /// Looks at the streams, at `--color`, and at NO_COLOR, CLICOLOR_FORCE and TERM.
    pub(crate) fn new(color: Color, environment: &Environment) -> Self {
        let unicode = environment.is_unicode();
        let theme = |auto: ColorChoice| {
            let color = match color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => auto != ColorChoice::Never,
            };
            Theme { color, unicode }
        };
        let is_dumb = environment.get("TERM").is_none_or(|term| term == "dumb");
        Self {
            theme: theme(AutoStream::choice(&stderr())),
            data_theme: theme(AutoStream::choice(&stdout())),
            is_live: stderr().is_terminal() && !is_dumb && !environment.is_ci(),
            data_on_terminal: stdout().is_terminal(),
        }
    }

    /// Prints data.
    pub(crate) fn data(&self, text: &str) {
        Output::to(stdout()).line(text);
    }

    /// Prints a message.
    pub(crate) fn message(&self, text: &str) {
        Output::to(stderr()).line(text);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Neither colours nor more than ASCII.
    pub(crate) const BARE: Theme = Theme {
        color: false,
        unicode: false,
    };

    /// A stream into memory.
    #[derive(Clone, Default)]
    pub(crate) struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Buffer {
        /// All that was written.
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("nobody panicked").clone()).expect("farm writes text")
        }
    }

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("nobody panicked").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// A pipe whose reader left.
    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_broken_pipe_ends_the_output_and_nothing_else() {
        let mut output = Output::to(Broken);
        output.line("lost");
        assert!(output.0.is_none(), "later lines are not even tried");
        output.line("lost too");
    }

    #[test]
    fn text_is_cut_to_the_width() {
        assert_eq!(BARE.fit("vite build", 10), "vite build");
        assert_eq!(BARE.fit("vite build", 9), "vite b...");
        assert_eq!(Theme { unicode: true, ..BARE }.fit("vite build", 9), "vite bui…");
    }

    #[test]
    fn without_colours_nothing_is_painted() {
        assert_eq!(BARE.paint(ERROR, "error"), "error");
        assert_eq!(Theme { color: true, ..BARE }.paint(STRONG, "web"), "\x1b[1mweb\x1b[0m");
    }
}
