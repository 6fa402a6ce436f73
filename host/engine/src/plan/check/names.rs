//! Rules for single names, paths, lists and labels. Does not know what they belong to.

use std::collections::BTreeSet;

use super::{MAX_ID_BYTES, MAX_LABEL_BYTES, PlanError, Result};
use crate::path::RelPath;
use crate::plan::types::Action;

/// A tool is found by its name alone: a path could name anything.
pub(super) fn is_tool_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'+');
    !name.is_empty() && name.len() <= MAX_ID_BYTES && !name.starts_with(['.', '-']) && name.bytes().all(plain)
}

pub(super) fn check_name(what: &'static str, name: &str) -> Result<String> {
    let valid = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
    let ok = !name.is_empty() && name.len() <= MAX_ID_BYTES && name.bytes().all(valid) && !name.starts_with('.');
    if ok {
        Ok(name.to_owned())
    } else {
        Err(PlanError::Name {
            what,
            name: shown(name),
        })
    }
}

pub(super) fn path(action: &Action, what: &'static str, text: &str) -> Result<RelPath> {
    RelPath::parse(text).map_err(|error| PlanError::Path {
        what,
        action: action.id.clone(),
        error,
    })
}

pub(super) fn bound(what: &str, count: usize, limit: usize) -> Result<()> {
    if count <= limit {
        Ok(())
    } else {
        Err(PlanError::TooMany {
            what: what.to_owned(),
            count,
            limit,
        })
    }
}

pub(super) fn unique<'a>(what: &'static str, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(PlanError::Duplicate {
                what,
                name: shown(name),
            });
        }
    }
    Ok(())
}

pub(super) fn no_properties(from: &str, properties: &[(String, String)]) -> Result<()> {
    properties.first().map_or(Ok(()), |(name, _)| {
        let reason = "this farm does not know; the builder may need a newer one";
        Err(PlanError::Unknown {
            from: from.to_owned(),
            name: shown(name),
            reason,
        })
    })
}

pub(super) fn unknown(action: &Action, name: &str, reason: &'static str) -> PlanError {
    PlanError::Unknown {
        from: format!("action `{}`", action.id),
        name: shown(name),
        reason,
    }
}

/// A label on one line, of bounded length; the id where there is none.
pub(super) fn clean_label(label: &str, id: &str) -> String {
    let line: String = label.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let end = line.floor_char_boundary(MAX_LABEL_BYTES);
    let line = line[..end].trim();
    if line.is_empty() {
        id.to_owned()
    } else {
        line.to_owned()
    }
}

/// A text of a builder's, cut to a length that can be shown.
pub(super) fn shown(text: &str) -> String {
    text[..text.floor_char_boundary(80)].to_owned()
}
