//! The one printer of problems. Does not know how they came about, nor the exit code they lead to.

use std::path::Path;

use farm_engine::error::{Class, Location, Problem};

use crate::sanitise;
use crate::source;
use crate::ui::{ERROR, HINT, STRONG, Theme, WARNING};

/// Longest part of a source line that is shown, in characters.
const MAX_SOURCE: usize = 100;

/// The problem as people read it: heading, place with its line, what it concerns, causes, hints. The line is read from
/// the workspace when there is one.
pub(crate) fn render(problem: &Problem, theme: Theme, workspace: Option<&Path>) -> String {
    let mut text = heading(problem, theme);
    if let Some(location) = &problem.location {
        push_place(&mut text, location, theme, workspace);
    }
    if let Some(concerns) = concerns(problem) {
        push(&mut text, &format!("  {concerns}"));
    }
    for (depth, cause) in problem.causes.iter().enumerate() {
        let indent = "  ".repeat(depth.min(8) + 1);
        push(
            &mut text,
            &format!("{indent}because: {}", hanging(cause, indent.len() + 9)),
        );
    }
    for hint in &problem.hints {
        push(
            &mut text,
            &format!("  {} {}", theme.paint(HINT, "hint:"), hanging(hint, 8)),
        );
    }
    text
}

/// `error[code]: message`.
fn heading(problem: &Problem, theme: Theme) -> String {
    let (word, style) = match problem.class {
        Class::Interrupted => ("stopped", WARNING),
        Class::Build | Class::Request | Class::Policy => ("error", ERROR),
    };
    let word = theme.paint(style, &format!("{word}[{}]:", problem.code));
    // Only the first line is strong: what follows is detail, often of a parser.
    let message = sanitise::paragraph(&problem.message);
    let (first, rest) = message.split_once('\n').unwrap_or((&message, ""));
    let mut text = format!("{word} {}", theme.paint(STRONG, first));
    for line in rest.lines() {
        push(&mut text, &format!("  {line}"));
    }
    text
}

/// The place, and the line that is there.
fn push_place(text: &mut String, location: &Location, theme: Theme, workspace: Option<&Path>) {
    let number = location.line.to_string();
    let margin = " ".repeat(number.len() + 1);
    let place = sanitise::line(&location.to_string());
    push(text, &format!("{margin}{} {place}", theme.paint(HINT, "-->")));
    let line = workspace.and_then(|workspace| source::line_of(workspace, &location.file, location.line));
    let Some(line) = line else { return };
    let (line, mark) = excerpt(&line, location.column);
    let bar = theme.paint(HINT, "|");
    push(text, &format!("{margin} {bar}"));
    push(text, format!(" {} {bar} {line}", theme.paint(HINT, &number)).trim_end());
    if let Some((before, length)) = mark {
        let carets = theme.paint(ERROR, &"^".repeat(length));
        push(text, &format!("{margin} {bar} {}{carets}", " ".repeat(before)));
    }
}

/// The part of a source line that is shown, and what is marked in it: characters before, and length.
fn excerpt(line: &str, column: u32) -> (String, Option<(usize, usize)>) {
    // One character for one, so that the column still counts.
    let clean = |c: char| if c.is_whitespace() || c.is_control() { ' ' } else { c };
    let line: Vec<char> = sanitise_columns(line).chars().map(clean).collect();
    let column = usize::try_from(column)
        .unwrap_or(usize::MAX)
        .checked_sub(1)
        .filter(|column| *column < line.len());
    let start = column.map_or(0, |column| {
        if column < MAX_SOURCE {
            0
        } else {
            column - MAX_SOURCE / 2
        }
    });
    let shown: String = line.iter().skip(start).take(MAX_SOURCE).collect();
    let mark = column.map(|column| {
        let length = marked(&line[column..]).min(start + MAX_SOURCE - column);
        (column - start, length)
    });
    (shown.trim_end().to_owned(), mark)
}

/// The text with a space for each character that a terminal would obey.
fn sanitise_columns(line: &str) -> String {
    line.chars()
        .map(|c| {
            if sanitise::line(&c.to_string()).is_empty() {
                ' '
            } else {
                c
            }
        })
        .collect()
}

/// How many characters belong to what starts here: a quoted text, a word, or one sign.
fn marked(rest: &[char]) -> usize {
    let quote = rest.first().filter(|first| matches!(first, '"' | '\''));
    if let Some(quote) = quote {
        return rest[1..].iter().position(|c| c == quote).map_or(1, |end| end + 2);
    }
    let is_word = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-');
    rest.iter().position(|c| !is_word(c)).unwrap_or(rest.len()).max(1)
}

/// `target web, action bundle`.
fn concerns(problem: &Problem) -> Option<String> {
    let part = |word: &str, name: Option<&String>| name.map(|name| format!("{word} {}", sanitise::line(name)));
    match (
        part("target", problem.target.as_ref()),
        part("action", problem.action.as_ref()),
    ) {
        (Some(target), Some(action)) => Some(format!("{target}, {action}")),
        (target, action) => target.or(action),
    }
}

/// Text whose later lines stand below its first.
fn hanging(text: &str, indent: usize) -> String {
    sanitise::paragraph(text).replace('\n', &format!("\n{}", " ".repeat(indent)))
}

/// Adds a line.
fn push(text: &mut String, line: &str) {
    text.push('\n');
    text.push_str(line);
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::ui::tests::BARE;

    fn problem(message: &str) -> Problem {
        Problem::new("config::unknown-key", Class::Request, message)
    }

    fn at(file: &str, line: u32, column: u32) -> Option<Location> {
        Some(Location {
            file: file.to_owned(),
            line,
            column,
        })
    }

    fn workspace(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("farm.toml"), text).expect("written");
        folder
    }

    #[test]
    fn a_problem_in_a_file_shows_its_line() {
        let folder = workspace("[workspace]\n\n\n\n\n[targets.web]\nbiulder = \"vite\"\n");
        let problem = problem("unknown key `biulder` in [targets.web]")
            .at(at("farm.toml", 7, 1))
            .hint("did you mean `builder`?");
        assert_snapshot!(render(&problem, BARE, Some(folder.path())), @r#"
        error[config::unknown-key]: unknown key `biulder` in [targets.web]
          --> farm.toml:7:1
           |
         7 | biulder = "vite"
           | ^^^^^^^
          hint: did you mean `builder`?
        "#);
    }

    #[test]
    fn a_quoted_value_is_marked_whole_and_wide_numbers_shift_the_margin() {
        let folder = workspace(&format!("{}deps = [\"api x\"]\n", "\n".repeat(11)));
        let problem = problem("unknown target `api x`").at(at("farm.toml", 12, 9));
        assert_snapshot!(render(&problem, BARE, Some(folder.path())), @r#"
        error[config::unknown-key]: unknown target `api x`
           --> farm.toml:12:9
            |
         12 | deps = ["api x"]
            |         ^^^^^^^
        "#);
    }

    #[test]
    fn a_failed_action_shows_what_it_concerns_why_and_what_to_do() {
        let problem = Problem::new("execute::failed", Class::Build, "`vite build` ended with exit code 1")
            .target("frontend")
            .action("bundle")
            .because(&std::io::Error::other("no space left"))
            .hint("run it by hand:\nfarm debug .farm/failed/frontend/bundle");
        assert_snapshot!(render(&problem, BARE, None), @r"
        error[execute::failed]: `vite build` ended with exit code 1
          target frontend, action bundle
          because: no space left
          hint: run it by hand:
                farm debug .farm/failed/frontend/bundle
        ");
    }

    #[test]
    fn without_a_readable_line_the_place_alone_is_shown() {
        let folder = workspace("short\n");
        for location in [at("farm.toml", 9, 1), at("../farm.toml", 1, 1), at("missing", 1, 1)] {
            let text = render(&problem("wrong").at(location), BARE, Some(folder.path()));
            assert_eq!(text.lines().count(), 2, "{text}");
        }
    }

    #[test]
    fn b26_neither_message_nor_source_reach_the_terminal_raw() {
        let folder = workspace("a\x1b]0;x\x07\tb = 1\n");
        let problem = problem("\x1b[2Jfirst\nsecond")
            .at(at("farm.toml", 1, 8))
            .target("web\n$ sudo");
        assert_snapshot!(render(&problem, BARE, Some(folder.path())), @r"
        error[config::unknown-key]: first
          second
          --> farm.toml:1:8
           |
         1 | a ]0;x  b = 1
           |        ^
          target web $ sudo
        ");
    }

    #[test]
    fn a_long_line_is_cut_around_its_column() {
        let (shown, mark) = excerpt(&format!("{}here{}", "a ".repeat(200), " z".repeat(200)), 401);
        let (before, length) = mark.expect("it is in the line");
        assert_eq!(&shown[before..before + length], "here");
        assert!(shown.len() <= MAX_SOURCE);
    }
}
