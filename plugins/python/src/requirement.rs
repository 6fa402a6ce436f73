//! What a back end needs, in the words of PEP 508, and whether a version is what it asks for. Does not know what is pinned.

use std::collections::BTreeMap;
use std::str::FromStr;

use farm_pip::canonical;
use pep440_rs::{Version, VersionSpecifiers};

use crate::marker;

/// A requirement such as `hatchling >=1.25; python_version < "3.13"`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// As it is written.
    pub(crate) text: String,
    /// The package's canonical name.
    pub(crate) name: String,
    /// The versions that will do.
    versions: VersionSpecifiers,
    /// When it is needed; always without one.
    marker: Option<String>,
}

impl Requirement {
    /// Reads one; a message says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let (name, rest) = text.split_at(text.find(|c| !is_name(c)).unwrap_or(text.len()));
        let rest = rest.trim_start();
        let rest = match rest.strip_prefix('[') {
            Some(extras) => extras.split_once(']').map(|(_, rest)| rest.trim_start()),
            None => Some(rest),
        };
        let rest = rest.filter(|_| !name.is_empty()).ok_or("it names no package")?;
        // In an address, `;` ends nothing without a space before it. What it leads to has no version to compare.
        let (versions, marker) = match rest.strip_prefix('@') {
            Some(address) => ("", address.split_once(" ;").map(|(_, marker)| marker)),
            None => rest
                .split_once(';')
                .map_or((rest, None), |(versions, marker)| (versions, Some(marker))),
        };
        let versions = versions.trim();
        let bare = versions.strip_prefix('(').and_then(|inner| inner.strip_suffix(')'));
        let versions =
            VersionSpecifiers::from_str(bare.unwrap_or(versions)).map_err(|error| first_words(&error.to_string()))?;
        Ok(Self {
            text: text.to_owned(),
            name: canonical(name),
            versions,
            marker: marker.map(|marker| marker.trim().to_owned()),
        })
    }

    /// Whether it is needed where these variables have these values; none where that cannot be told without them, or the
    /// marker is no marker.
    pub(crate) fn is_needed(&self, environment: Option<&BTreeMap<String, String>>) -> Option<bool> {
        match &self.marker {
            None => Some(true),
            Some(marker) => marker::is_true(marker, environment?),
        }
    }

    /// Whether this version will do. One that PEP 440 does not know is taken by its name alone.
    pub(crate) fn allows(&self, version: &str) -> bool {
        Version::from_str(version).map_or(self.versions.is_empty(), |version| self.versions.contains(&version))
    }
}

/// What is wrong with versions, without the drawing that shows where.
fn first_words(error: &str) -> String {
    let line = error.lines().next().unwrap_or_default();
    let line = line.strip_prefix("Failed to parse version: ").unwrap_or(line);
    line.trim_end_matches(':').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Requirement {
        Requirement::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn every_form_of_a_requirement_has_its_name() {
        for text in [
            "Setup.Tools_SCM",
            "setup-tools-scm>=8,<9",
            "setup_tools_scm[toml] >= 8",
            "setup-tools-scm (>=8)",
            "setup-tools-scm @ https://example.org/a;b/c.whl",
            "setup-tools-scm~=8.0;python_version>='3.8'",
        ] {
            assert_eq!(parsed(text).name, "setup-tools-scm", "{text}");
        }
    }

    #[test]
    fn versions_are_compared_as_pep_440_has_it() {
        let allows = |text: &str, version: &str| parsed(text).allows(version);
        assert!(allows("a", "1.0.dev3") && allows("a>=1.25", "1.100") && allows("a>=3.2,<4", "3.12.0"));
        assert!(allows("a==1.0", "1") && allows("a==1.*", "1.9") && allows("a~=2.2", "2.9") && allows("a>1", "2rc1"));
        assert!(!allows("a>=1.25", "1.3") && !allows("a>=3.2,<4", "4.0") && !allows("a~=2.2", "3.0"));
        assert!(!allows("a!=1.5", "1.5.0") && !allows("a<2", "2.0a1") && !allows("a>1.0", "1.0+local"));
    }

    #[test]
    fn a_marker_needs_the_variables() {
        let old = BTreeMap::from([("python_version".to_owned(), "3.9".to_owned())]);
        let needed = |text: &str, environment| parsed(text).is_needed(environment);
        assert_eq!(needed("tomli", None), Some(true));
        assert_eq!(needed("tomli>=2; python_version < '3.11'", None), None);
        assert_eq!(needed("tomli>=2; python_version < '3.11'", Some(&old)), Some(true));
        assert_eq!(
            needed("tomli @ https://a/b ; python_version > '3.11'", Some(&old)),
            Some(false)
        );
    }

    #[test]
    fn what_is_no_requirement_is_said() {
        for text in ["", ">=2", "./wheels/a.whl", "a[b", "a => 2", "a 2"] {
            assert!(Requirement::parse(text).is_err(), "{text}");
        }
    }
}
