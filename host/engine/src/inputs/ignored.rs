//! What git ignores, by the `.gitignore` files from the workspace's root down. A user's own rules outside of them are not
//! looked at: they are not the same for everybody. Does not know the disk.

use std::collections::BTreeMap;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::path::RelPath;

/// The rules of the folders that were looked at so far.
#[derive(Debug, Default)]
pub(super) struct Ignored {
    rules: BTreeMap<RelPath, Gitignore>,
}

impl Ignored {
    /// Adds the `.gitignore` of a folder. A line that is no pattern says nothing, as for git.
    pub(super) fn add(&mut self, folder: RelPath, text: &[u8]) {
        let mut rules = GitignoreBuilder::new("");
        for line in String::from_utf8_lossy(text).trim_start_matches('\u{feff}').lines() {
            drop(rules.add_line(None, line));
        }
        if let Ok(rules) = rules.build() {
            self.rules.insert(folder, rules);
        }
    }

    /// Whether a path is ignored by the rules nearest to it that say anything about it. What lies in a folder that is
    /// ignored has to be left out by whoever asks.
    pub(super) fn has(&self, path: &RelPath, is_folder: bool) -> bool {
        let mut above = path.parent();
        while let Some(folder) = above {
            let rules = self.rules.get(&folder).zip(path.below(&folder));
            match rules.map(|(rules, below)| rules.matched(below.as_str(), is_folder).map(|_| ())) {
                Some(Match::Ignore(())) => return true,
                Some(Match::Whitelist(())) => return false,
                Some(Match::None) | None => above = folder.parent(),
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::parse_lenient(text).expect("a path")
    }

    fn ignored(files: &[(&str, &str)]) -> Ignored {
        let mut ignored = Ignored::default();
        for (folder, text) in files {
            ignored.add(path(folder), text.as_bytes());
        }
        ignored
    }

    #[test]
    fn patterns_mean_what_they_mean_to_git() {
        let rules = ignored(&[("", "\u{feff}*.db\n# *.py\n/top\nlogs/\na/b\n!kept.db\n[\n")]);
        for taken in ["app.py", "deep/top", "kept.db", "x/kept.db", "c/a/b", "# x.py"] {
            assert!(!rules.has(&path(taken), false), "{taken}");
        }
        for left in ["app.db", "x/y/app.db", "top", "a/b"] {
            assert!(rules.has(&path(left), false), "{left}");
        }
        assert!(rules.has(&path("x/logs"), true) && !rules.has(&path("x/logs"), false));
    }

    #[test]
    fn rules_in_a_folder_go_before_those_above() {
        let rules = ignored(&[("", "*.db\n"), ("app", "!seed.db\n/local.txt\n")]);
        assert!(rules.has(&path("seed.db"), false) && rules.has(&path("app/other.db"), false));
        assert!(!rules.has(&path("app/data/seed.db"), false));
        assert!(rules.has(&path("app/local.txt"), false) && !rules.has(&path("app/data/local.txt"), false));
    }
}
