//! What can be wrong with a `farm.toml`, as data, and how it is told.
//!
//! Does not know how a problem is shown.

use std::fmt;

use crate::error::{Class, Location, PathError, Problem, closest};
use crate::path::InvalidPath;

/// A fault and its place.
#[derive(Debug)]
pub struct ConfigError {
    /// What is wrong.
    pub fault: Box<Fault>,
    /// Where; none when there is no file.
    pub location: Option<Location>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(location) => write!(f, "{location}: {}", self.fault),
            None => self.fault.fmt(f),
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.fault)
    }
}

impl From<Fault> for ConfigError {
    fn from(fault: Fault) -> Self {
        Self {
            fault: Box::new(fault),
            location: None,
        }
    }
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The folder has no `farm.toml`.
    #[error("no farm.toml in `{0}`")]
    NotFound(String),
    /// A file or folder could not be read.
    #[error(transparent)]
    Unreadable(PathError),
    /// The file is larger than this many bytes.
    #[error("the file is larger than {} MiB", .0 >> 20)]
    TooLarge(u64),
    /// All the files together are larger than this many bytes.
    #[error("the workspace's farm.toml files are larger than {} MiB together", .0 >> 20)]
    TooLargeTogether(u64),
    /// The file is UTF-16.
    #[error("the file is UTF-16, not UTF-8")]
    Utf16,
    /// The file is not UTF-8.
    #[error("the file is not UTF-8 here")]
    NotUtf8,
    /// The file is no TOML.
    #[error("not valid TOML: {message}")]
    Syntax {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: Option<&'static str>,
    },
    /// A key or a table is there twice.
    #[error("`{}` is there twice", shown(.key))]
    DuplicateKey {
        /// The key's text.
        key: String,
    },
    /// A key that nobody reads.
    #[error("unknown key `{}` in {table}", shown(.key))]
    UnknownKey {
        /// The key.
        key: String,
        /// The table, with its brackets.
        table: String,
        /// The keys that may be there.
        known: &'static [&'static str],
    },
    /// A table that belongs into another `farm.toml`.
    #[error("{table} cannot stand in {here}")]
    WrongFile {
        /// The table, with its brackets.
        table: String,
        /// Which file this is.
        here: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// A value of another type.
    #[error("`{key}` in {table} must be {expected}, found {found}")]
    WrongType {
        /// The key, with the index in a list.
        key: String,
        /// The table, with its brackets.
        table: String,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: String,
        /// What to do.
        hint: Option<String>,
    },
    /// A value of the right type that cannot be.
    #[error("`{key}` in {table} {reason}")]
    BadValue {
        /// The key, with the index in a list.
        key: String,
        /// The table, with its brackets.
        table: String,
        /// The end of the sentence.
        reason: String,
        /// What to do.
        hint: Option<String>,
    },
    /// A key that must be there.
    #[error("{table} has no `{key}`")]
    MissingKey {
        /// The key.
        key: &'static str,
        /// The table, with its brackets.
        table: String,
        /// How it could read.
        example: &'static str,
    },
    /// A name that cannot be one.
    #[error("the {what} `{}` {reason}", shown(.name))]
    BadName {
        /// Whose name.
        what: &'static str,
        /// The name.
        name: String,
        /// The end of the sentence.
        reason: &'static str,
        /// One that would do.
        repaired: Option<String>,
    },
    /// A target's builder is neither built in nor an entry of `[builders]`.
    #[error("unknown builder `{}`", shown(.name))]
    UnknownBuilder {
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// An entry of `[builders]` with a built-in builder's name.
    #[error("`{0}` is the name of a built-in builder")]
    BuiltInBuilder(String),
    /// A path that is none, or leads out of the workspace.
    #[error("`{key}` in {table}: {reason}")]
    BadPath {
        /// The key, with the index in a list.
        key: String,
        /// The table, with its brackets.
        table: String,
        /// What is wrong.
        reason: InvalidPath,
    },
    /// A folder that is not there, no folder, or outside.
    #[error("`{key}` in {table}: {reason}")]
    BadFolder {
        /// The key, with the index in a list.
        key: String,
        /// The table, with its brackets.
        table: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        hint: &'static str,
    },
    /// Two members whose folders have one name.
    #[error("two members are named `{name}`: {first} and {second}")]
    DuplicateMember {
        /// The name.
        name: String,
        /// The folder that came first.
        first: String,
        /// The other folder.
        second: String,
    },
    /// A root target and a member that would share one folder of the output.
    #[error("the target `{0}` has the name of a member, so both would write to one folder of the output")]
    TargetNamedAsMember(String),
    /// An option that the builder's schema does not allow.
    #[error("{message}")]
    BadOption {
        /// The whole sentence.
        message: String,
        /// The situation's code.
        code: &'static str,
        /// What to do.
        hints: Vec<String>,
    },
    /// The builder's schema is no JSON schema.
    #[error("the builder `{builder}` has an options schema that cannot be used: {reason}")]
    BadSchema {
        /// The builder.
        builder: String,
        /// What is wrong.
        reason: String,
    },
}

impl Fault {
    /// The fault at its place.
    pub(super) fn at(self, location: Location) -> ConfigError {
        ConfigError {
            fault: Box::new(self),
            location: Some(location),
        }
    }

    /// Stable name of the situation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "config::not-found",
            Self::Unreadable(_) => "config::unreadable",
            Self::TooLarge(_) | Self::TooLargeTogether(_) => "config::too-large",
            Self::Utf16 | Self::NotUtf8 => "config::not-utf8",
            Self::Syntax { .. } => "config::syntax",
            Self::DuplicateKey { .. } => "config::duplicate-key",
            Self::UnknownKey { .. } => "config::unknown-key",
            Self::WrongFile { .. } => "config::wrong-file",
            Self::WrongType { .. } => "config::wrong-type",
            Self::BadValue { .. } => "config::bad-value",
            Self::MissingKey { .. } => "config::missing-key",
            Self::BadName { .. } => "config::bad-name",
            Self::UnknownBuilder { .. } => "config::unknown-builder",
            Self::BuiltInBuilder(_) => "config::built-in-builder",
            Self::BadPath { .. } => "config::bad-path",
            Self::BadFolder { .. } => "config::bad-folder",
            Self::DuplicateMember { .. } => "config::duplicate-member",
            Self::TargetNamedAsMember(_) => "config::name-collision",
            Self::BadOption { code, .. } => code,
            Self::BadSchema { .. } => "config::builder-schema",
        }
    }

    /// What to do, most likely first.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::NotFound(_) => one("go to a workspace's root, or name it with -C"),
            Self::TooLarge(_) | Self::TooLargeTogether(_) => {
                one("let a script write fewer targets, or split the workspace")
            }
            Self::Utf16 | Self::NotUtf8 => one("save the file as UTF-8"),
            Self::Syntax { hint, .. } => hint.map(str::to_owned).into_iter().collect(),
            Self::DuplicateKey { key } => one(format!("keep one `{}` and remove the other", shown(key))),
            Self::UnknownKey { key, known, .. } => suggest(key, known.iter().copied(), "keys here"),
            Self::WrongFile { hint, .. } | Self::BadFolder { hint, .. } => one(*hint),
            Self::WrongType { hint, .. } | Self::BadValue { hint, .. } => hint.iter().cloned().collect(),
            Self::MissingKey { example, .. } => one(format!("add {example}")),
            Self::BadName { repaired, .. } => repaired.iter().map(|name| format!("`{name}` would do")).collect(),
            Self::UnknownBuilder { name, known } => builder_hints(name, known),
            Self::BuiltInBuilder(name) => one(format!("give it another name, such as `my-{name}`")),
            Self::BadPath { .. } => one("write a path inside the workspace, with `/` between its parts"),
            Self::DuplicateMember { .. } => one("rename one of the folders: a member's name is its folder's name"),
            Self::TargetNamedAsMember(_) => one("rename the target"),
            Self::BadOption { hints, .. } => hints.clone(),
            Self::BadSchema { .. } => one("tell the builder's author"),
            Self::Unreadable(_) => Vec::new(),
        }
    }
}

impl From<ConfigError> for Problem {
    fn from(error: ConfigError) -> Self {
        let mut problem = Self::new(error.fault.code(), Class::Request, error.fault.to_string()).at(error.location);
        if let Some(source) = std::error::Error::source(&*error.fault) {
            problem = problem.because(source);
        }
        problem.hints = error.fault.hints();
        problem
    }
}

/// «did you mean», and all that there is where that is little.
pub(crate) fn suggest<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone, what: &str) -> Vec<String> {
    // Comparing takes the product of the lengths: what is longer than any name was not meant as one.
    let comparable = (name.len() <= MAX_COMPARED).then_some(name);
    let meant = comparable.and_then(|name| closest(name, known.clone()));
    let meant = meant.map(|near| format!("did you mean `{near}`?"));
    let all: Vec<&str> = known.take(MAX_LISTED + 1).collect();
    let list = (!all.is_empty() && all.len() <= MAX_LISTED).then(|| format!("{what}: {}", all.join(", ")));
    meant.into_iter().chain(list).collect()
}

/// How many names a hint lists.
const MAX_LISTED: usize = 12;
/// Longest name, in bytes, for which a near one is looked for.
const MAX_COMPARED: usize = 200;
/// Longest piece of a user's text, in characters, that a message repeats.
const MAX_SHOWN: usize = 60;

/// Text with nothing in it that a terminal would obey.
pub(super) fn tame(text: impl Iterator<Item = char>) -> String {
    let quotes = |c: &char| matches!(c, '\'' | '"');
    text.map(|c| {
        if quotes(&c) {
            c.to_string()
        } else {
            c.escape_debug().to_string()
        }
    })
    .collect()
}

/// A user's text as a message repeats it: cut, and with nothing in it that a terminal would obey.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = tame(text.chars().take(MAX_SHOWN));
    if text.chars().nth(MAX_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

fn builder_hints(name: &str, known: &[String]) -> Vec<String> {
    let mut hints = suggest(name, known.iter().map(String::as_str), "builders");
    hints.push(format!(
        "a builder of somebody else's needs [builders.{}] with its component",
        shown(name)
    ));
    hints
}

fn one(hint: impl Into<String>) -> Vec<String> {
    vec![hint.into()]
}
