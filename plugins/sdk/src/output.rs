//! What an action leaves behind. Does not know how farm keeps it.

use serde::Serialize;

/// A declared output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Output {
    /// Unique in the action: lower-case letters, digits, `-`, `_` and `.`; at most 64 bytes.
    pub name: String,
    /// Where the action leaves it: from the target's folder, in a step below `/out`.
    pub path: String,
    /// What it is.
    pub shape: Shape,
    /// Whether a success without it is a failure.
    pub required: bool,
    /// Whether it is also put back at this place in the user's tree.
    pub in_place: bool,
}

/// What an output is, and how farm keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// One file.
    File,
    /// A folder.
    Folder,
    /// A file or a folder.
    Any,
    /// A big folder that others only read: kept unpacked in the store and mounted read-only, never copied.
    Unpacked,
}

/// An output of an action of this target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct OutputRef {
    /// The action's id.
    pub action: String,
    /// The output's name.
    pub output: String,
}

impl Output {
    /// A file that must be there.
    pub fn file(name: impl Into<String>, path: impl Into<String>) -> Self {
        Self::new(name, path, Shape::File)
    }

    /// A folder that must be there.
    pub fn folder(name: impl Into<String>, path: impl Into<String>) -> Self {
        Self::new(name, path, Shape::Folder)
    }

    /// A file or folder that must be there.
    pub fn any(name: impl Into<String>, path: impl Into<String>) -> Self {
        Self::new(name, path, Shape::Any)
    }

    /// A big folder that others only read, such as `node_modules`.
    pub fn unpacked(name: impl Into<String>, path: impl Into<String>) -> Self {
        Self::new(name, path, Shape::Unpacked)
    }

    /// May be missing after a success.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// Is also put back at its place in the user's tree.
    #[must_use]
    pub const fn in_place(mut self) -> Self {
        self.in_place = true;
        self
    }

    fn new(name: impl Into<String>, path: impl Into<String>, shape: Shape) -> Self {
        Self {
            name: name.into(),
            path: path.into(),
            shape,
            required: true,
            in_place: false,
        }
    }
}

impl OutputRef {
    /// The output of this name of the action with this id.
    pub fn new(action: impl Into<String>, output: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            output: output.into(),
        }
    }
}
