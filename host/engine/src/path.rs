//! Relative paths that cannot leave their folder.
//!
//! Lexical only: does not know the disk, so it cannot know links. Whoever opens such a path does it through a folder
//! handle (see [`crate::fs`]).

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};

/// Longest path, in bytes.
pub const MAX_PATH_BYTES: usize = 4096;
/// Longest part of a path, in bytes.
pub const MAX_PART_BYTES: usize = 255;

/// A relative path in UTF-8 with `/` between its parts; no part is empty, `.` or `..`. The empty path is the folder
/// itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct RelPath(String);

/// Why a text is not a [`RelPath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("path `{}` {reason}", .path.escape_debug())]
pub struct InvalidPath {
    /// The text, cut to a length that can be shown.
    pub path: String,
    /// What is wrong with it, as the end of a sentence.
    pub reason: &'static str,
}

impl RelPath {
    /// The folder itself.
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// Takes a path as it has to be written: already in its normal form.
    pub fn parse(text: &str) -> Result<Self, InvalidPath> {
        check(text).map_err(|reason| InvalidPath {
            path: text.chars().take(120).collect(),
            reason,
        })?;
        Ok(Self(text.to_owned()))
    }

    /// Takes a path as people write it: `./` before, `/` behind and `.` are dropped, `..` inside is resolved. One that
    /// leads out of the folder is refused.
    pub fn parse_lenient(text: &str) -> Result<Self, InvalidPath> {
        let error = |reason| InvalidPath {
            path: text.chars().take(120).collect(),
            reason,
        };
        if text.starts_with('/') {
            return Err(error("is absolute"));
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.pop().is_none() => return Err(error("leads out of its folder")),
                ".." => {}
                part => parts.push(part),
            }
        }
        Self::parse(&parts.join("/"))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the folder itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// This path and then the other one.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        match (self.is_root(), other.is_root()) {
            (true, _) => other.clone(),
            (_, true) => self.clone(),
            _ => Self(format!("{}/{}", self.0, other.0)),
        }
    }

    /// The parts, from the outermost.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// The last part; none for the folder itself.
    pub fn file_name(&self) -> Option<&str> {
        self.parts().last()
    }

    /// The folder that holds this path; none for the folder itself.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        Some(
            self.0
                .rsplit_once('/')
                .map_or_else(Self::root, |(parent, _)| Self(parent.to_owned())),
        )
    }

    /// What is left of this path below `base`; none when it is not below it.
    pub fn below(&self, base: &Self) -> Option<Self> {
        if base.is_root() {
            return Some(self.clone());
        }
        let rest = self.0.strip_prefix(base.as_str())?;
        match rest.strip_prefix('/') {
            Some(rest) => Some(Self(rest.to_owned())),
            None if rest.is_empty() => Some(Self::root()),
            None => None,
        }
    }

    /// Whether one of the two is the other or lies below it.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.below(other).is_some() || other.below(self).is_some()
    }

    /// Whether this is one of the places, or lies below one.
    pub fn is_within(&self, places: &BTreeSet<Self>) -> bool {
        let mut at = (!places.is_empty()).then(|| self.clone());
        while let Some(path) = at {
            if places.contains(&path) {
                return true;
            }
            at = path.parent();
        }
        false
    }

    /// The place of this path below a folder of this system.
    pub fn under(&self, folder: &Path) -> PathBuf {
        let mut path = folder.to_path_buf();
        path.extend(self.parts());
        path
    }
}

/// Whether a path in normal form is a folder or lies below it, as [`RelPath::below`] says, without a new path.
pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    folder.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The reason why this is no path in normal form.
fn check(text: &str) -> Result<(), &'static str> {
    if text.len() > MAX_PATH_BYTES {
        return Err("is longer than 4096 bytes");
    }
    if text.is_empty() {
        return Ok(());
    }
    let bytes = text.as_bytes();
    if bytes[0] == b'/' {
        return Err("is absolute");
    }
    if bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' {
        return Err("starts with a drive letter");
    }
    if text.contains('\\') {
        return Err("contains a backslash");
    }
    text.split('/').try_for_each(check_part)
}

fn check_part(part: &str) -> Result<(), &'static str> {
    match part {
        "" => return Err("has an empty part"),
        "." | ".." => return Err("has a part `.` or `..`"),
        _ => {}
    }
    if part.len() > MAX_PART_BYTES {
        return Err("has a part longer than 255 bytes");
    }
    if part.chars().any(|c| c.is_control()) {
        return Err("contains a control character");
    }
    if part.ends_with('.') || part.ends_with(' ') {
        return Err("has a part that ends in a dot or a space");
    }
    Ok(())
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl<'de> Deserialize<'de> for RelPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_could_leave_their_folder_are_refused() {
        for bad in [
            "..", "../x", "a/../b", "/etc/x", "C:x", "C:\\x", "\\\\?\\x", "a//b", "a/./b", ".", "a/", "a\0b", "a\nb",
            "x.", "x ", "a./b",
        ] {
            assert!(RelPath::parse(bad).is_err(), "{bad:?}");
        }
        assert!(RelPath::parse(&"x".repeat(256)).is_err());
        assert!(RelPath::parse(&"x/".repeat(2500)).is_err());
        for good in ["", "a", "a/b.txt", ".env", "..a/b", "ü/ß"] {
            assert!(RelPath::parse(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn people_write_paths_loosely() {
        let lenient = |text| RelPath::parse_lenient(text).map(|path| path.as_str().to_owned());
        assert_eq!(lenient("./a/b/").as_deref(), Ok("a/b"));
        assert_eq!(lenient(".").as_deref(), Ok(""));
        assert_eq!(lenient("a/../b").as_deref(), Ok("b"));
        assert!(lenient("../b").is_err());
        assert!(lenient("a/../../b").is_err());
        assert!(lenient("/b").is_err());
    }

    #[test]
    fn below_compares_whole_parts() {
        let path = |text| RelPath::parse(text).expect("test path");
        assert_eq!(path("a/b").below(&path("a")), Some(path("b")));
        assert_eq!(path("ab").below(&path("a")), None);
        assert_eq!(path("a").below(&path("a")), Some(RelPath::root()));
        assert!(path("a").overlaps(&path("a/b")));
        assert!(!path("a/b").overlaps(&path("a/c")));
        let places = [path("a/b"), path("c")].into();
        assert!(path("a/b").is_within(&places) && path("c/d/e").is_within(&places));
        assert!(!path("a").is_within(&places) && !path("cd").is_within(&places));
    }
}
