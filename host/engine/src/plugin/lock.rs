//! `farm.lock`: which component stands behind each builder's name, and what it asked for when the user said yes.
//!
//! The file is written sorted, so that the same content has the same bytes. Does not read components: whoever checks
//! hands over digest, version and wants.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::{Class, PathError, Problem};
use crate::fs;
use crate::plan::{Permissions, Want};

use super::grant::{Missing, missing, told};

/// Form of the file that this farm reads and writes.
const VERSION: u32 = 1;
/// Biggest file that is read.
const MAX_BYTES: u64 = 1 << 20;
/// What a digest starts with in the file.
const SCHEME: &str = "blake3:";
const HEADER: &str = "# farm writes this file: `farm plugin trust NAME` changes it. Keep it under version control.\n\n";

/// The content of `farm.lock`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockFile {
    /// The builders by name.
    pub builders: BTreeMap<String, LockEntry>,
}

/// What is known of one builder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockEntry {
    /// The component's file, from the workspace's root.
    pub component: String,
    /// Digest of its bytes.
    #[serde(with = "digest_text")]
    pub digest: Digest,
    /// Version of the WIT package that it was built for.
    pub wit: String,
    /// What it asked for.
    pub permissions: Permissions,
}

/// How a component stands to its entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is the one that was approved.
    Pinned,
    /// There is no entry for this name.
    New,
    /// It is another component.
    Changed {
        /// The approved digest.
        before: Digest,
        /// The digest that was found.
        after: Digest,
        /// What it asks for beyond what was approved.
        more: Missing,
    },
    /// It is the same component, and asks for more than it did when it was approved.
    Widened {
        /// What it asks for beyond what was approved.
        more: Missing,
    },
}

/// `farm.lock` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It cannot be read or written.
    #[error(transparent)]
    Path(#[from] PathError),
    /// It is not what farm writes.
    #[error("`farm.lock` is not valid: {0}")]
    Invalid(String),
    /// A later farm wrote it.
    #[error("`farm.lock` has version {0}, and this farm knows version {VERSION}")]
    Version(u32),
}

impl LockFile {
    /// Reads the file; one that is missing is empty.
    pub fn load(path: &Path) -> Result<Self, LockError> {
        match fs::read_bounded(path, MAX_BYTES) {
            Ok(bytes) => Self::parse(&bytes),
            Err(error) if error.source.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes the file, unless it has this content already.
    pub fn save(&self, path: &Path) -> Result<(), LockError> {
        let text = self.text()?;
        if fs::read_bounded(path, MAX_BYTES).is_ok_and(|bytes| bytes == text.as_bytes()) {
            return Ok(());
        }
        Ok(fs::write_atomic(path, text.as_bytes(), fs::Sync::Lazy)?)
    }

    /// How the component under this name stands to what was approved.
    pub fn check(&self, name: &str, digest: Digest, wit: &str, wants: &[Want]) -> Standing {
        let Some(entry) = self.builders.get(name) else {
            return Standing::New;
        };
        let more = missing(wants, &entry.permissions);
        if entry.digest != digest || entry.wit != wit {
            let before = entry.digest;
            return Standing::Changed {
                before,
                after: digest,
                more,
            };
        }
        if more.is_empty() {
            Standing::Pinned
        } else {
            Standing::Widened { more }
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, LockError> {
        let invalid = |error: &dyn std::fmt::Display| LockError::Invalid(error.to_string());
        let text = std::str::from_utf8(bytes).map_err(|error| invalid(&error))?;
        let head: Head = toml::from_str(text).map_err(|error| invalid(&error.message()))?;
        if head.version != VERSION {
            return Err(LockError::Version(head.version));
        }
        let file: File = toml::from_str(text).map_err(|error| invalid(&error.message()))?;
        Ok(Self {
            builders: file.builders,
        })
    }

    fn text(&self) -> Result<String, LockError> {
        let file = File {
            version: VERSION,
            builders: self.builders.clone(),
        };
        let text = toml::to_string_pretty(&file).map_err(|error| LockError::Invalid(error.to_string()))?;
        Ok(format!("{HEADER}{text}"))
    }
}

impl Standing {
    /// The problem of a builder that is not what was approved; none for one that is. A new one is a problem only where
    /// nothing new may be approved, as with `--locked`.
    pub fn problem(&self, name: &str) -> Option<Problem> {
        let (code, message, more): (_, _, &[_]) = match self {
            Self::Pinned => return None,
            Self::New => (
                "plugin::not-pinned",
                format!("builder `{name}` is not in farm.lock"),
                &[],
            ),
            Self::Changed { before, after, more } => {
                let (before, after) = (before.short(), after.short());
                let message =
                    format!("the component of builder `{name}` changed: {SCHEME}{before}… is {SCHEME}{after}… now");
                ("plugin::changed", message, more)
            }
            Self::Widened { more } => (
                "plugin::widened",
                format!("builder `{name}` asks for more than it did when it was approved"),
                more,
            ),
        };
        let mut problem = Problem::new(code, Class::Policy, message);
        problem.causes = more.iter().map(told).collect();
        Some(problem.hint(format!(
            "look at what it is and what it asks for, then run `farm plugin trust {name}`"
        )))
    }
}

impl From<LockError> for Problem {
    fn from(error: LockError) -> Self {
        let hint = match &error {
            LockError::Path(_) => "check that farm.lock can be read and written",
            LockError::Invalid(_) => "restore it from version control, or remove it and trust each builder again",
            LockError::Version(_) => "use the farm that wrote it, or a later one",
        };
        let problem = Self::new("plugin::lock", Class::Request, error.to_string()).hint(hint);
        match &error {
            LockError::Path(error) => problem.because(&error.source),
            _ => problem,
        }
    }
}

/// The file's version alone, so that a later form is told from a broken one.
#[derive(Deserialize)]
struct Head {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default)]
    builders: BTreeMap<String, LockEntry>,
}

/// `blake3:…` and back.
mod digest_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::{Digest, SCHEME};

    pub(super) fn serialize<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{SCHEME}{digest}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.strip_prefix(SCHEME);
        let digits = digits.ok_or_else(|| D::Error::custom("a digest starts with `blake3:`"))?;
        digits.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(name: &str) -> Want {
        Want::Tool(name.to_owned())
    }

    fn lock() -> LockFile {
        let entry = |name: &str| LockEntry {
            component: format!("plugins/{name}.wasm"),
            digest: Digest::of(name.as_bytes()),
            wit: "0.1.0".to_owned(),
            permissions: Permissions::wanted(&[tool("go")]),
        };
        let builders = ["zig", "go"].map(|name| (name.to_owned(), entry(name)));
        LockFile {
            builders: builders.into(),
        }
    }

    #[test]
    fn the_file_is_sorted_and_reads_back() {
        let text = lock().text().expect("text");
        assert_eq!(LockFile::parse(text.as_bytes()).expect("own text"), lock());
        assert!(text.find("[builders.go]") < text.find("[builders.zig]"));
        assert!(text.contains("digest = \"blake3:"));
    }

    #[test]
    fn a_missing_file_is_empty_and_saving_twice_changes_nothing() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("farm.lock");
        assert_eq!(LockFile::load(&path).expect("missing"), LockFile::default());
        lock().save(&path).expect("save");
        lock().save(&path).expect("save again");
        assert_eq!(LockFile::load(&path).expect("load"), lock());
    }

    #[test]
    fn d08_a_foreign_or_broken_file_is_told_apart() {
        let parse = |text: &str| LockFile::parse(text.as_bytes());
        assert!(matches!(parse("version = 2\nnew = 1"), Err(LockError::Version(2))));
        for bad in [
            "",
            "version = 1\nnew = 1",
            "version = 1\n[builders.x]\ncomponent = 1",
            "\0",
        ] {
            assert!(matches!(parse(bad), Err(LockError::Invalid(_))), "{bad:?}");
        }
        let short = lock().text().expect("text").replace("blake3:", "sha1:");
        assert!(matches!(parse(&short), Err(LockError::Invalid(why)) if why.contains("blake3")));
    }

    #[test]
    fn a19_another_component_under_the_same_name_is_refused() {
        let found = lock().check("go", Digest::of(b"other"), "0.1.0", &[tool("go"), tool("sh")]);
        let problem = found.problem("go").expect("changed");
        assert_eq!((problem.code, problem.class), ("plugin::changed", Class::Policy));
        assert_eq!(problem.causes, ["it wants to run the tool `sh`"]);
        assert!(problem.hints[0].contains("farm plugin trust go"));
    }

    #[test]
    fn a20_a_builder_that_asks_for_more_needs_a_new_yes() {
        let check = |wants: &[Want]| lock().check("go", Digest::of(b"go"), "0.1.0", wants);
        assert_eq!(check(&[tool("go")]), Standing::Pinned);
        assert_eq!(check(&[]), Standing::Pinned);
        assert_eq!(
            check(&[tool("sh")]),
            Standing::Widened {
                more: vec![("tools", "sh".to_owned())]
            }
        );
        assert_eq!(lock().check("new", Digest::of(b"go"), "0.1.0", &[]), Standing::New);
        assert!(Standing::Pinned.problem("go").is_none());
    }
}
