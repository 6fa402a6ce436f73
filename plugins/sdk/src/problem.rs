//! A mistake of the user's, in the words that farm shows. Does not know where it ends up on the screen.

use serde::Serialize;

/// A mistake that the user can mend.
///
/// ```
/// use farm_sdk::Problem;
///
/// let problem = Problem::new("`flask` is not pinned")
///     .in_file("requirements.txt")
///     .at_line(3)
///     .hint("write `flask==VERSION`");
/// assert_eq!(problem.line, Some(3));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// The file it is in, from the target's folder.
    pub file: Option<String>,
    /// Line in that file, from 1.
    pub line: Option<u32>,
    /// What to do.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem with this message: a sentence without a full stop.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            file: None,
            line: None,
            hint: None,
        }
    }

    /// Names the file it is in, from the target's folder.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// Names the line, from 1.
    #[must_use]
    pub const fn at_line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A file operation of a step that failed. A step's folders are farm's, so this is never the user's mistake.
impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Self::new(format!("the step could not read or write a file: {error}"))
    }
}
