//! What an action may read. Does not know whether it is there.

use serde::Serialize;

use crate::output::OutputRef;

/// Something an action may read, and where it finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Input {
    /// Where it appears: in a tool's tree from the target's folder, in a step below `/in`.
    pub at: String,
    /// What it is.
    pub source: Source,
}

/// Where an input comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Files of the workspace.
    Files(Files),
    /// The output of another action of this target.
    Output(OutputRef),
    /// An artifact of a dependency.
    Artifact {
        /// Full name of the target that makes it.
        target: String,
        /// The artifact's name.
        name: String,
    },
    /// A file with this content.
    #[serde(serialize_with = "as_text")]
    Content(Vec<u8>),
}

/// Files of the workspace, by patterns: `*` and `?` stay within one path part, `**` spans parts, `{a,b}` is a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Files {
    /// Where the patterns start.
    pub base: Base,
    /// Files to take.
    pub include: Vec<String>,
    /// Files to leave out of those.
    pub exclude: Vec<String>,
}

/// Where a file set's patterns start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Base {
    /// At the target's folder.
    Target,
    /// At the workspace's root; the files appear at the same place of the action's tree.
    Workspace,
}

impl Input {
    /// One file of the target's folder, at its own place. It must exist.
    pub fn file(path: impl Into<String>) -> Self {
        Self::files([path.into()])
    }

    /// Files of the target's folder by patterns, at their own places. A pattern without wildcards must match.
    pub fn files<T: Into<String>>(include: impl IntoIterator<Item = T>) -> Self {
        Self::set(Base::Target, include)
    }

    /// Files by patterns from the workspace's root, at their own places of the tree.
    pub fn workspace_files<T: Into<String>>(include: impl IntoIterator<Item = T>) -> Self {
        Self::set(Base::Workspace, include)
    }

    /// An output of another action, at this path.
    pub fn output(at: impl Into<String>, output: OutputRef) -> Self {
        Self {
            at: at.into(),
            source: Source::Output(output),
        }
    }

    /// An artifact of a direct dependency, at this path.
    pub fn artifact(at: impl Into<String>, target: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            source: Source::Artifact {
                target: target.into(),
                name: name.into(),
            },
        }
    }

    /// A file with this content, at this path.
    pub fn content(at: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self {
            at: at.into(),
            source: Source::Content(content.into()),
        }
    }

    /// Leaves files out of a file set; other inputs stay as they are.
    #[must_use]
    pub fn except<T: Into<String>>(mut self, exclude: impl IntoIterator<Item = T>) -> Self {
        if let Source::Files(files) = &mut self.source {
            files.exclude.extend(exclude.into_iter().map(Into::into));
        }
        self
    }

    /// Makes it appear below this path instead.
    #[must_use]
    pub fn below(mut self, at: impl Into<String>) -> Self {
        self.at = at.into();
        self
    }

    fn set<T: Into<String>>(base: Base, include: impl IntoIterator<Item = T>) -> Self {
        let include = include.into_iter().map(Into::into).collect();
        Self {
            at: String::new(),
            source: Source::Files(Files {
                base,
                include,
                exclude: Vec::new(),
            }),
        }
    }
}

fn as_text<S: serde::Serializer>(content: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    match std::str::from_utf8(content) {
        Ok(text) => serializer.serialize_str(text),
        Err(_) => serializer.serialize_str(&format!("{} bytes", content.len())),
    }
}
