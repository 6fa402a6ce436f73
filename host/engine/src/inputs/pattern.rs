//! Patterns of file sets: `*` and `?` within a part, `**` across parts, `{a,b}` a choice.
//!
//! A pattern without wildcards names a file, or a folder and all below it. Does not know the disk.

use std::sync::OnceLock;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::path::{InvalidPath, RelPath};

/// One pattern, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The pattern without `./` and a last `/`.
    pub text: String,
    /// The folder above its first wildcard; the whole path when it has none.
    pub fixed: RelPath,
    /// Whether it has no wildcard.
    pub literal: bool,
}

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Its path part is none.
    #[error("pattern `{pattern}` {}", .error.reason)]
    Path {
        /// The pattern.
        pattern: String,
        /// What is wrong.
        error: InvalidPath,
    },
    /// Its wildcards cannot be read.
    #[error("pattern `{pattern}` {reason}")]
    Glob {
        /// The pattern.
        pattern: String,
        /// What is wrong, as the end of a sentence.
        reason: String,
    },
}

impl Pattern {
    /// Takes a pattern apart.
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        let path_error = |error| PatternError::Path {
            pattern: pattern.to_owned(),
            error,
        };
        let is_wild = |part: &str| part.contains(['*', '?', '[', '{']);
        if !is_wild(pattern) {
            let fixed = RelPath::parse_lenient(pattern).map_err(path_error)?;
            return Ok(Self {
                text: fixed.as_str().to_owned(),
                fixed,
                literal: true,
            });
        }
        let text = pattern.trim_start_matches("./").trim_end_matches('/');
        let parts: Vec<&str> = text.split('/').collect();
        if parts.contains(&"..") || text.starts_with('/') {
            let error = InvalidPath {
                path: text.to_owned(),
                reason: "leads out of its folder",
            };
            return Err(path_error(error));
        }
        let fixed: Vec<&str> = parts.iter().copied().take_while(|part| !is_wild(part)).collect();
        let fixed = RelPath::parse_lenient(&fixed.join("/")).map_err(path_error)?;
        Ok(Self {
            text: text.to_owned(),
            fixed,
            literal: false,
        })
    }
}

/// Several patterns, matched at once.
#[derive(Debug, Clone)]
pub struct PatternSet {
    patterns: Vec<Pattern>,
    globs: GlobSet,
    /// The folders that patterns with `/**` at their end start from; made when they are first asked for.
    whole: OnceLock<GlobSet>,
}

impl PatternSet {
    /// Takes patterns; one that has no wildcard also takes all below it.
    pub fn new(patterns: &[String]) -> Result<Self, PatternError> {
        let patterns = patterns
            .iter()
            .map(|text| Pattern::parse(text))
            .collect::<Result<Vec<_>, _>>()?;
        let mut globs = GlobSetBuilder::new();
        for pattern in &patterns {
            if pattern.literal && pattern.text.is_empty() {
                globs.add(compile("**")?);
            } else {
                let text = escape_if(pattern.literal, &pattern.text);
                globs.add(compile(&text)?);
                globs.add(compile(&format!("{text}/**"))?);
            }
        }
        Ok(Self {
            globs: globs.build().map_err(|error| glob_error("", &error))?,
            whole: OnceLock::new(),
            patterns,
        })
    }

    /// Where walks have to start, those inside another one left out.
    pub fn starts(&self) -> Vec<&Pattern> {
        let mut starts: Vec<_> = self.patterns().iter().collect();
        starts.sort_by(|a, b| a.fixed.cmp(&b.fixed).then(a.literal.cmp(&b.literal)));
        let mut kept: Vec<&Pattern> = Vec::new();
        for start in starts {
            let is_inside = |outer: &&Pattern| !outer.literal && start.fixed.below(&outer.fixed).is_some();
            if start.literal || !kept.iter().any(is_inside) {
                kept.push(start);
            }
        }
        kept
    }

    /// The single patterns.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Whether one of them takes this path.
    pub fn matches(&self, path: &RelPath) -> bool {
        self.globs.is_match(path.as_str())
    }

    /// Whether one of them takes all that is below this folder: it takes the folder itself, or is the folder's with `/**`.
    pub fn takes_all_below(&self, folder: &RelPath) -> bool {
        let whole = || self.whole().unwrap_or_else(|_| GlobSet::empty());
        self.matches(folder) || self.whole.get_or_init(whole).is_match(folder.as_str())
    }

    fn whole(&self) -> Result<GlobSet, PatternError> {
        let mut whole = GlobSetBuilder::new();
        for pattern in &self.patterns {
            if let Some(folder) = pattern.text.strip_suffix("/**") {
                whole.add(compile(&escape_if(pattern.literal, folder))?);
            }
        }
        whole.build().map_err(|error| glob_error("", &error))
    }
}

fn compile(pattern: &str) -> Result<globset::Glob, PatternError> {
    let mut builder = GlobBuilder::new(pattern);
    let glob = builder
        .literal_separator(true)
        .backslash_escape(true)
        .empty_alternates(true)
        .build();
    glob.map_err(|error| glob_error(pattern, &error))
}

fn glob_error(pattern: &str, error: &globset::Error) -> PatternError {
    PatternError::Glob {
        pattern: pattern.to_owned(),
        reason: format!("cannot be read: {}", error.kind()),
    }
}

fn escape_if(literal: bool, text: &str) -> String {
    if literal {
        globset::escape(text)
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(patterns: &[&str], path: &str) -> bool {
        let patterns: Vec<String> = patterns.iter().map(|&p| p.to_owned()).collect();
        let path = RelPath::parse(path).expect("test path");
        PatternSet::new(&patterns).expect("test pattern").matches(&path)
    }

    #[test]
    fn wildcards_stay_within_a_part_and_double_stars_do_not() {
        assert!(takes(&["src/*.ts"], "src/a.ts"));
        assert!(!takes(&["src/*.ts"], "src/a/b.ts"));
        assert!(takes(&["src/**"], "src/a/b.ts"));
        assert!(takes(&["src/**/*.ts"], "src/b.ts"));
        assert!(takes(&["*.{js,ts}"], "a.ts"));
        assert!(!takes(&["*.ts"], "src/a.ts"));
    }

    #[test]
    fn a_pattern_that_names_a_folder_takes_all_below_it() {
        assert!(takes(&["src"], "src/a/b.ts"));
        assert!(takes(&["./src/"], "src/a"));
        assert!(!takes(&["src"], "src2/a"));
        assert!(takes(&["."], "anything/at/all"));
        assert!(
            takes(&["**/tests"], "a/tests/b.py"),
            "an excluded folder excludes what it holds"
        );
    }

    #[test]
    fn a_folder_is_taken_whole_by_its_name_or_by_all_below_it() {
        let whole = |pattern: &str, folder: &str| {
            let set = PatternSet::new(&[pattern.to_owned()]).expect("test pattern");
            set.takes_all_below(&RelPath::parse(folder).expect("test path"))
        };
        assert!(whole("target/**", "target") && whole("target", "target") && whole("target/**", "target/debug"));
        assert!(whole("**/target/**", "a/target") && whole("**", "a"));
        assert!(!whole("target/*.d", "target") && !whole("target/**", "targets") && !whole("**/*.ts", "src"));
    }

    #[test]
    fn patterns_cannot_leave_their_folder() {
        for bad in ["../x", "/etc/*", "a/../../b", "a/../*.ts", "C:\\x"] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(
            Pattern::parse("src/api/*.ts").map(|p| p.fixed.to_string()).as_deref(),
            Ok("src/api")
        );
    }
}
