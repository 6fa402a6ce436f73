//! What an answer depended on: the paths, tools and variables that were looked at on the way to it.
//!
//! As long as all of these are what they were, asking again gives the same answer, so nobody has to ask. Does not know
//! what they were: [`super::Files`] and [`super::Tools`] note that.

use std::collections::{BTreeMap, BTreeSet};

use crate::path::RelPath;

/// What of a path was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// Whether it is there, and whether it is a file or a folder.
    Kind,
    /// A file's bytes, or the names in a folder.
    Content,
}

/// What was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Paths from the workspace's root.
    pub paths: BTreeMap<RelPath, Aspect>,
    /// Tools by name, each with the folder it was looked for from.
    pub tools: BTreeSet<(String, RelPath)>,
    /// Variables of the user's environment.
    pub variables: BTreeSet<String>,
    /// Whether something else was looked at, that nobody notes: then only asking again will do.
    pub is_incomplete: bool,
}

impl Footprint {
    /// Adds a path.
    pub fn add(&mut self, path: RelPath, aspect: Aspect) {
        let known = self.paths.entry(path).or_insert(aspect);
        *known = aspect.max(*known);
    }

    /// Adds all that another one holds.
    pub fn extend(&mut self, other: Self) {
        other
            .paths
            .into_iter()
            .for_each(|(path, aspect)| self.add(path, aspect));
        self.tools.extend(other.tools);
        self.variables.extend(other.variables);
        self.is_incomplete |= other.is_incomplete;
    }
}
