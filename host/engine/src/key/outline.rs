//! The parts of a key without their values: enough to say which of them are not those of another key.
//!
//! Bytes that are looked at by nobody but who asks why. Pure: does not know where they are kept, nor what a part means
//! to people.

use std::collections::BTreeMap;

use super::{KeyParts, KeySink, walk};
use crate::digest::Digest;
use crate::path::RelPath;

/// The sections by their codes: new ones come last.
const SECTIONS: [&str; 19] = [
    "format",
    "platform",
    "sandbox",
    "builder",
    "root",
    "run",
    "environment",
    "passed-environment",
    "secret",
    "tool-cache",
    "network",
    "tool",
    "tool-version",
    "file",
    "program",
    "link",
    "folder",
    "tree",
    "output",
];
/// Sections of the action's tree, in which one path has one part.
const TREE: [&str; 5] = ["file", "program", "link", "folder", "tree"];
/// Sections whose values are digests already.
const DIGESTS: [&str; 5] = ["builder", "tool", "file", "program", "tree"];
/// Set in the code of a part that is not a file of the workspace, but made by somebody.
const MADE: u8 = 0x80;
/// Bytes of a part beside its name: the code, the name's length, and the value's print.
const FRAME: usize = 1 + 4 + 8;

/// How a part differs from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// There was none.
    Added,
    /// There is none any more.
    Removed,
    /// It has another value.
    Changed,
    /// The same file, which may be executed now.
    MadeExecutable,
    /// The same file, which may not be executed any more.
    MadePlain,
}

/// A part that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Differing<'a> {
    /// Its section in the walk.
    pub section: &'static str,
    /// Its name there.
    pub name: &'a str,
    /// Which one of several parts of this name in a row, from 0.
    pub number: u32,
    /// Whether it is in the tree because an action or a builder made it; false for files of the workspace.
    pub is_made: bool,
    /// How.
    pub change: Change,
}

/// Outlines a key. `made` says of each path of the tree, in its order, whether an action or a builder made it.
pub fn outline(parts: &KeyParts<'_>, made: &mut dyn Iterator<Item = bool>) -> Vec<u8> {
    let mut sink = OutlineSink {
        bytes: Vec::new(),
        made,
    };
    walk(parts, &mut sink);
    sink.bytes
}

/// The parts in which two outlines differ: those of `now` in their order, then those that are gone. None where one of
/// them is no outline.
pub fn compare<'a>(before: &'a [u8], now: &'a [u8]) -> Option<Vec<Differing<'a>>> {
    let (before, now) = (parse(before)?, parse(now)?);
    let same = before.iter().zip(&now).take_while(|(a, b)| a.is_same(b)).count();
    let (before, now) = (&before[same..], &now[same..]);
    let rest = before.iter().rev().zip(now.iter().rev());
    let same = rest.take_while(|(a, b)| a.is_same(b)).count();
    let (before, now) = (&before[..before.len() - same], &now[..now.len() - same]);
    let mut gone: BTreeMap<_, &Part<'_>> = before.iter().map(|part| (part.id(), part)).collect();
    let mut differing = Vec::new();
    for part in now {
        match gone.remove(&part.id()) {
            Some(before) if before.is_same(part) => {}
            Some(before) => differing.push(part.differing(before.change_to(part))),
            None => differing.push(part.differing(Change::Added)),
        }
    }
    let removed = before.iter().filter(|part| gone.contains_key(&part.id()));
    differing.extend(removed.map(|part| part.differing(Change::Removed)));
    Some(differing)
}

/// Whether something that another action made lies at this path of the tree, or below it.
pub fn has_made(outline: &[u8], at: &RelPath) -> bool {
    let is_there = |part: &Part<'_>| RelPath::parse(part.name).is_ok_and(|path| path.below(at).is_some());
    let parts = parse(outline).unwrap_or_default();
    parts.iter().any(|part| part.is_made && is_there(part))
}

struct OutlineSink<'a> {
    bytes: Vec<u8>,
    made: &'a mut dyn Iterator<Item = bool>,
}

impl KeySink for OutlineSink<'_> {
    fn part(&mut self, section: &'static str, name: &str, value: &[u8]) {
        let code = SECTIONS.iter().position(|known| *known == section);
        let code = code.expect("every section of the walk has a code");
        let mut code = u8::try_from(code).expect("there are few sections");
        if TREE.contains(&section) && self.made.next().unwrap_or(false) {
            code |= MADE;
        }
        let length = u32::try_from(name.len()).expect("a name has fewer than four billion bytes");
        self.bytes.push(code);
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(print(section, value));
    }
}

/// The first eight bytes of a value's digest.
fn print(section: &str, value: &[u8]) -> [u8; 8] {
    let digest = match <[u8; 32]>::try_from(value) {
        Ok(digest) if DIGESTS.contains(&section) => digest,
        _ => *Digest::of(value).as_bytes(),
    };
    digest[..8].try_into().expect("a digest has more")
}

/// One part of an outline.
#[derive(Debug, Clone, Copy)]
struct Part<'a> {
    section: &'static str,
    name: &'a str,
    number: u32,
    is_made: bool,
    print: [u8; 8],
}

impl<'a> Part<'a> {
    /// What it is the value of.
    fn id(&self) -> (&'static str, &'a str, u32) {
        let group = if TREE.contains(&self.section) {
            "file"
        } else {
            self.section
        };
        (group, self.name, self.number)
    }

    fn is_same(&self, other: &Part<'_>) -> bool {
        self.print == other.print
            && self.name == other.name
            && self.section == other.section
            && self.number == other.number
    }

    fn change_to(&self, now: &Part<'_>) -> Change {
        match (self.section, now.section) {
            ("file", "program") if self.print == now.print => Change::MadeExecutable,
            ("program", "file") if self.print == now.print => Change::MadePlain,
            _ => Change::Changed,
        }
    }

    fn differing(&self, change: Change) -> Differing<'a> {
        Differing {
            section: self.section,
            name: self.name,
            number: self.number,
            is_made: self.is_made,
            change,
        }
    }
}

fn parse(mut bytes: &[u8]) -> Option<Vec<Part<'_>>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    while !bytes.is_empty() {
        let code = *bytes.first()?;
        let length = usize::try_from(u32::from_le_bytes(bytes.get(1..5)?.try_into().ok()?)).ok()?;
        let end = FRAME.checked_add(length)?;
        let part = bytes.get(..end)?;
        let section = *SECTIONS.get(usize::from(code & !MADE))?;
        let name = std::str::from_utf8(&part[5..5 + length]).ok()?;
        let before = parts.last().filter(|last| last.section == section && last.name == name);
        parts.push(Part {
            section,
            name,
            number: before.map_or(0, |last| last.number + 1),
            is_made: code & MADE != 0,
            print: part[5 + length..].try_into().ok()?,
        });
        bytes = &bytes[end..];
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(parts: &[(&'static str, &str, &[u8])]) -> Vec<u8> {
        let mut sink = OutlineSink {
            bytes: Vec::new(),
            made: &mut std::iter::repeat(false),
        };
        parts
            .iter()
            .for_each(|(section, name, value)| sink.part(section, name, value));
        sink.bytes
    }

    fn compared(before: &[(&'static str, &str, &[u8])], now: &[(&'static str, &str, &[u8])]) -> Vec<String> {
        let (before, now) = (bytes(before), bytes(now));
        let differing = compare(&before, &now).expect("outlines");
        let text = |d: &Differing<'_>| format!("{} {} {} {:?}", d.section, d.name, d.number, d.change);
        differing.iter().map(text).collect()
    }

    const A: &[u8] = &[1; 32];
    const B: &[u8] = &[2; 32];

    #[test]
    fn the_same_parts_do_not_differ() {
        let parts: &[(&'static str, &str, &[u8])] =
            &[("run", "argument", b"x"), ("file", "a", A), ("output", "o", b"")];
        assert!(compared(parts, parts).is_empty());
        assert!(compared(&[], &[]).is_empty());
    }

    #[test]
    fn files_are_added_removed_changed_and_made_executable() {
        let before: &[(&'static str, &str, &[u8])] = &[
            ("file", "a", A),
            ("file", "b", A),
            ("file", "c", A),
            ("program", "d", A),
            ("file", "e", A),
        ];
        let now: &[(&'static str, &str, &[u8])] = &[
            ("file", "b", B),
            ("program", "c", A),
            ("file", "d", A),
            ("file", "e", A),
            ("file", "f", A),
        ];
        assert_eq!(
            compared(before, now),
            [
                "file b 0 Changed",
                "program c 0 MadeExecutable",
                "file d 0 MadePlain",
                "file f 0 Added",
                "file a 0 Removed"
            ]
        );
    }

    #[test]
    fn a_file_that_became_a_link_or_changed_with_its_mode_is_changed() {
        assert_eq!(
            compared(&[("file", "a", A)], &[("link", "a", b"b")]),
            ["link a 0 Changed"]
        );
        assert_eq!(
            compared(&[("file", "a", A)], &[("program", "a", B)]),
            ["program a 0 Changed"]
        );
    }

    #[test]
    fn arguments_are_compared_by_their_places() {
        let argument = |value: &'static [u8]| ("run", "argument", value);
        assert_eq!(
            compared(
                &[argument(b"x"), argument(b"y")],
                &[argument(b"x"), argument(b"z"), argument(b"y")]
            ),
            ["run argument 1 Changed", "run argument 2 Added"]
        );
    }

    #[test]
    fn a_text_as_long_as_a_digest_is_compared_whole() {
        let text = |last: u8| [[b'a'; 31].as_slice(), &[last]].concat();
        assert_eq!(
            compared(&[("run", "argument", &text(b'x'))], &[("run", "argument", &text(b'y'))]),
            ["run argument 0 Changed"]
        );
    }

    #[test]
    fn damaged_outlines_are_none() {
        let whole = bytes(&[("file", "a", A), ("file", "b", A)]);
        for end in 1..whole.len() {
            let is_cut_between = end == whole.len() / 2;
            assert_eq!(compare(&whole[..end], &whole).is_some(), is_cut_between, "{end}");
        }
        assert!(compare(&[0x7f; 40], &whole).is_none());
    }
}
