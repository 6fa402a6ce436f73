//! Makes text of others safe to show: tool output, and whatever a builder says. A terminal obeys what it is sent, so
//! escape sequences (titles, links, clipboard writes, cursor jumps), control characters and those that reverse the
//! writing direction are taken out; colours may stay. Does not know where the text came from or goes to.

use std::iter::Peekable;
use std::str::Chars;

/// Ends all colours.
const RESET: &str = "\x1b[0m";
/// More open colour sequences than this are not kept for the next line.
const MAX_OPEN_BYTES: usize = 128;

/// What happens to colour sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colors {
    /// They stay.
    Keep,
    /// They are taken out.
    Strip,
}

/// The lines of a log as they would stand on a terminal at the end: of a line that was overwritten after a carriage
/// return, the last text counts. Colours never reach beyond their line, so they cannot leak into farm's own words.
pub(crate) fn lines(text: &str, colors: Colors) -> Vec<String> {
    let clean = strip(text, colors);
    let mut open = String::new();
    let mut lines: Vec<String> = Vec::new();
    for line in clean.split('\n') {
        lines.push(close(last_written(line), &mut open));
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Text with its line breaks, without colours.
pub(crate) fn paragraph(text: &str) -> String {
    lines(text, Colors::Strip).join("\n")
}

/// Text in one line, without colours.
pub(crate) fn line(text: &str) -> String {
    strip(text, Colors::Strip)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Takes out everything that a terminal would obey, but for line breaks, carriage returns, tabs and kept colours.
fn strip(text: &str, colors: Colors) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\n' | '\t' | '\r' => kept.push(character),
            '\x1b' => escape(&mut rest, &mut kept, colors),
            '\u{9b}' => control_sequence(&mut rest, &mut kept, colors),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => control_string(&mut rest),
            character if character.is_control() || reverses(character) => {}
            character => kept.push(character),
        }
    }
    kept
}

/// What follows an ESC.
fn escape(rest: &mut Peekable<Chars<'_>>, kept: &mut String, colors: Colors) {
    match rest.next_if(|next| (' '..='~').contains(next)) {
        Some('[') => control_sequence(rest, kept, colors),
        Some(']' | 'P' | 'X' | '^' | '_') => control_string(rest),
        Some(' '..='/') => {
            while rest.next_if(|next| (' '..='/').contains(next)).is_some() {}
            rest.next_if(|next| ('0'..='~').contains(next));
        }
        _ => {}
    }
}

/// A sequence like a colour's or a cursor movement's, after its opening.
fn control_sequence(rest: &mut Peekable<Chars<'_>>, kept: &mut String, colors: Colors) {
    let mut parameters = String::new();
    while let Some(next) = rest.next_if(|next| (' '..='?').contains(next)) {
        parameters.push(next);
    }
    let last = rest.next_if(|next| ('@'..='~').contains(next));
    let is_color = last == Some('m') && parameters.chars().all(|c| c.is_ascii_digit() || c == ';' || c == ':');
    if is_color && colors == Colors::Keep && parameters.len() <= MAX_OPEN_BYTES / 2 {
        kept.extend(["\x1b[", &parameters, "m"]);
    }
}

/// A string for the terminal itself (title, link, clipboard), after its opening. It ends at the latest with the line:
/// otherwise an open one would hide the rest of the log.
fn control_string(rest: &mut Peekable<Chars<'_>>) {
    while let Some(next) = rest.next_if(|next| *next != '\n') {
        match next {
            '\x07' | '\u{9c}' => return,
            '\x1b' => {
                rest.next_if_eq(&'\\');
                return;
            }
            _ => {}
        }
    }
}

/// Whether a character changes the direction of what follows, which can make a text read as another.
fn reverses(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
}

/// What is left of a line with carriage returns in it.
fn last_written(line: &str) -> &str {
    line.rsplit('\r')
        .find(|part| !without_colors(part).trim().is_empty())
        .unwrap_or_default()
}

/// The text alone.
fn without_colors(text: &str) -> String {
    strip(text, Colors::Strip)
}

/// The line with the colours that are open before it, closed at its end; `open` is brought up to date.
fn close(line: &str, open: &mut String) -> String {
    let mut closed = if line.is_empty() {
        String::new()
    } else {
        format!("{open}{line}")
    };
    for sequence in line.split("\x1b[").skip(1) {
        let parameters = sequence.split('m').next().unwrap_or_default();
        if matches!(parameters, "" | "0") || open.len() + parameters.len() > MAX_OPEN_BYTES {
            open.clear();
        } else {
            open.extend(["\x1b[", parameters, "m"]);
        }
    }
    if closed.contains('\x1b') {
        closed.push_str(RESET);
    }
    closed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: &[&str]) {
        assert_eq!(lines(input, Colors::Strip), expected, "{input:?}");
    }

    #[test]
    fn b26_what_a_terminal_would_obey_is_taken_out() {
        check("\x1b]0;owned\x07title", &["title"]);
        check(
            "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\ me",
            &["click me"],
        );
        check("\x1b]52;c;cm0gLXJmIC8=\x07clipboard", &["clipboard"]);
        check(
            "\x1bP1$r\x1b\\\x1b_G\x1b\\\x1b^p\x1b\\\x1bXs\x1b\\strings",
            &["strings"],
        );
        check("a\x1b[2J\x1b[1;1H\x1b[?1049h\x1b[6nb", &["ab"]);
        check("\u{9b}2Jc1\u{9d}0;t\u{9c}!", &["c1!"]);
        check("\x1b(0\x1b#8\x1bc\x1b7reset", &["reset"]);
        check("bell\x07 back\x08space nul\0 del\x7f", &["bell backspace nul del"]);
        check("pass\u{202e}drow\u{2069}", &["passdrow"]);
    }

    #[test]
    fn b26_an_open_sequence_hides_no_more_than_its_line() {
        check("\x1b]0;open\nerror: seen", &["", "error: seen"]);
        check("\x1b[31\nerror: seen", &["", "error: seen"]);
        check("end\x1b", &["end"]);
        check("end\x1b[", &["end"]);
    }

    #[test]
    fn b26_colours_stay_only_where_wanted_and_end_with_their_line() {
        let red = "\x1b[31mred\nstill\x1b[0m plain\nplain";
        assert_eq!(lines(red, Colors::Strip), ["red", "still plain", "plain"]);
        let kept = ["\x1b[31mred\x1b[0m", "\x1b[31mstill\x1b[0m plain\x1b[0m", "plain"];
        assert_eq!(lines(red, Colors::Keep), kept);
        assert_eq!(
            lines("\x1b[38;2;1;2;3mtrue\x1b[>4;2mx", Colors::Keep),
            ["\x1b[38;2;1;2;3mtruex\x1b[0m"]
        );
    }

    #[test]
    fn carriage_returns_leave_what_was_written_last() {
        check("10 %\r55 %\r100 %\ndone\r\n", &["100 %", "done"]);
        check("kept\r\r\n", &["kept"]);
        check("kept\r   ", &["kept"]);
    }

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(line("npm ci\n$ rm -rf ~\r\x1b[1A"), "npm ci $ rm -rf ~");
        assert_eq!(paragraph("one\x1b[1m\n  two\n\n"), "one\n  two");
    }

    #[test]
    fn any_number_of_colours_stays_bounded() {
        let many = "\x1b[1m".repeat(10_000) + "\nend";
        let lines = lines(&many, Colors::Keep);
        assert!(
            lines.last().expect("there is one").len() < MAX_OPEN_BYTES * 3,
            "{lines:?}"
        );
    }
}
