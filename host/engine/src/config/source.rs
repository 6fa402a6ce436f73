//! The text of one `farm.toml`: read within limits, parsed, and every byte of it found again as line and column.
//!
//! Does not know what the keys mean.

use std::io::ErrorKind;
use std::path::Path;

use toml::de::DeTable;

use super::error::{ConfigError, Fault, shown};
use super::{FILE_NAME, MAX_FILE_BYTES};
use crate::digest::Digest;
use crate::error::Location;
use crate::fs::{self, Stat};
use crate::path::RelPath;

/// How far apart the marks are that make counting columns cheap in a file of one long line.
const MARK_BYTES: usize = 1024;

/// One file's text.
pub(super) struct Source {
    /// The file, from the workspace's root.
    pub file: String,
    /// What the system said of the file before it was read; none for a text that is no file.
    pub stat: Option<Stat>,
    /// Digest of its bytes.
    pub digest: Digest,
    text: String,
    /// Offset of each line's first byte.
    lines: Vec<usize>,
    /// How many characters stand before each [`MARK_BYTES`]th byte.
    marks: Vec<usize>,
}

impl Source {
    /// Reads the `farm.toml` of a folder of the workspace.
    pub(super) fn read(root: &Path, folder: &RelPath) -> Result<Self, ConfigError> {
        let file = match folder.as_str() {
            "" => FILE_NAME.to_owned(),
            folder => format!("{folder}/{FILE_NAME}"),
        };
        let path = folder.under(root).join(FILE_NAME);
        let start = start_of(&file);
        let stat = fs::stat(&path).ok().flatten();
        let bytes = fs::read_bounded(&path, MAX_FILE_BYTES).map_err(|error| match error.source.kind() {
            ErrorKind::FileTooLarge => Fault::TooLarge(MAX_FILE_BYTES).at(start.clone()),
            _ => Fault::Unreadable(error).into(),
        })?;
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(Fault::Utf16.at(start));
        }
        let digest = Digest::of(&bytes);
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self {
                stat,
                digest,
                ..Self::new(file, text)
            }),
            Err(error) => Err(not_utf8(file, &error)),
        }
    }

    /// Takes a text; a byte-order mark at its start is dropped, and counts in no column.
    fn new(file: String, text: String) -> Self {
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        let mut marks = Vec::with_capacity(text.len() / MARK_BYTES + 1);
        let mut characters = 0;
        for chunk in text.as_bytes().chunks(MARK_BYTES) {
            marks.push(characters);
            characters += count_characters(chunk);
        }
        marks.push(characters);
        Self {
            file,
            stat: None,
            digest: Digest::of(b""),
            text,
            lines,
            marks,
        }
    }

    /// Size of the text in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.text.len() as u64
    }

    /// The text as TOML.
    pub(super) fn parse(&self) -> Result<DeTable<'_>, ConfigError> {
        let parsed = DeTable::parse(&self.text).map_err(|error| self.syntax_error(&error))?;
        Ok(parsed.into_inner())
    }

    /// Where this byte stands.
    pub(super) fn locate(&self, offset: usize) -> Location {
        let (line, column) = self.line_and_column(offset);
        Location {
            file: self.file.clone(),
            line,
            column,
        }
    }

    /// Line and column of this byte, both from 1.
    pub(super) fn line_and_column(&self, offset: usize) -> (u32, u32) {
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let start = self.lines[line - 1];
        let offset = offset.clamp(start, self.text.len());
        let before = match offset - start {
            near if near < MARK_BYTES => count_characters(&self.text.as_bytes()[start..offset]),
            _ => self.characters_before(offset) - self.characters_before(start),
        };
        let column = before + 1;
        (narrow(line), narrow(column))
    }

    /// How many characters begin before this byte.
    fn characters_before(&self, offset: usize) -> usize {
        let mark = offset / MARK_BYTES;
        self.marks[mark] + count_characters(&self.text.as_bytes()[mark * MARK_BYTES..offset])
    }

    /// What the parser says, in our words.
    fn syntax_error(&self, error: &toml::de::Error) -> ConfigError {
        let Some(span) = error.span() else {
            // The parser gives no place for the one limit that it has.
            let message = "a key has more than 80 parts".to_owned();
            return Fault::Syntax { message, hint: None }.at(start_of(&self.file));
        };
        let found = self.text.get(span.clone()).unwrap_or_default();
        let location = self.locate(span.start);
        if error.message() == "duplicate key" {
            let key = found.trim().to_owned();
            return Fault::DuplicateKey { key }.at(location);
        }
        let (message, hint) = explain_syntax(error.message(), found);
        Fault::Syntax { message, hint }.at(location)
    }
}

/// The first line of a file, where a place inside would say nothing.
pub(super) fn start_of(file: &str) -> Location {
    Location {
        file: file.to_owned(),
        line: 1,
        column: 1,
    }
}

/// The parser's words and then ours; by the start of the parser's message, since its end lists characters.
const SYNTAX: [(&str, &str, Option<&str>); 17] = [
    (
        "string values must be quoted",
        "a value is missing or is text without quotes",
        Some("put text in quotes: key = \"text\""),
    ),
    (
        "key with no value",
        "a key has no `=` and no value",
        Some("write key = value, one on each line"),
    ),
    ("duplicate key", "a key is there twice", None),
    ("unclosed array table", "a table's name lacks its `]]`", None),
    ("unclosed table", "a table's name lacks its `]`", None),
    ("unclosed array", "a list lacks its `]`", None),
    ("unclosed inline table", "a table in braces lacks its `}`", None),
    (
        "invalid basic string",
        "text lacks its closing `\"` or holds a character that must be escaped",
        None,
    ),
    (
        "invalid literal string",
        "text lacks its closing `'` or holds a character that it cannot hold",
        None,
    ),
    (
        "missing escaped value",
        "text has a `\\` before a character that it cannot escape",
        Some("write `\\\\` for one `\\`, or put the text in single quotes"),
    ),
    ("missing comma", "a comma is missing", None),
    ("extra comma", "a comma too many", None),
    ("unquoted keys cannot be empty", "a key is missing", None),
    (
        "unexpected key or value",
        "something is left over behind the value",
        Some("begin a new line for the next key"),
    ),
    ("unexpected leading zero", "a number starts with a zero", None),
    (
        "cannot recurse further",
        "lists and tables are nested more than 80 deep",
        None,
    ),
    (
        "cannot extend value",
        "a key has a value already, and cannot be a table too",
        None,
    ),
];

fn explain_syntax(message: &str, found: &str) -> (String, Option<&'static str>) {
    let known = SYNTAX.iter().find(|(theirs, ..)| message.starts_with(theirs));
    let (mut ours, hint) = match known {
        Some((_, ours, hint)) => ((*ours).to_owned(), *hint),
        None => (message.split(", expected").next().unwrap_or(message).to_owned(), None),
    };
    let found = found.lines().next().unwrap_or_default();
    if !found.trim().is_empty() {
        ours = format!("{ours}: found `{}`", shown(found));
    }
    (ours, hint)
}

/// The place of the first byte that is no UTF-8.
fn not_utf8(file: String, error: &std::string::FromUtf8Error) -> ConfigError {
    let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
    let before = Source::new(file, String::from_utf8_lossy(valid).into_owned());
    Fault::NotUtf8.at(before.locate(before.text.len()))
}

/// The characters that begin in these bytes of UTF-8.
fn count_characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte as i8) >= -0x40).count()
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_not_bytes() {
        let source = Source::new("f".to_owned(), "ä = 1\nüü = 2\n".to_owned());
        assert_eq!(source.line_and_column(0), (1, 1));
        assert_eq!(source.line_and_column("ä".len()), (1, 2));
        assert_eq!(source.line_and_column("ä = 1\nüü = ".len()), (2, 6));
        assert_eq!(source.line_and_column(9_999), (3, 1));
    }

    #[test]
    fn columns_are_right_across_the_marks_of_a_long_line() {
        let text = format!("\n{}x", "ä".repeat(3_000));
        let source = Source::new("f".to_owned(), text.clone());
        assert_eq!(source.line_and_column(text.len() - 1), (2, 3_001));
        assert_eq!(source.line_and_column(1 + 2 * 1_500), (2, 1_501));
    }
}
