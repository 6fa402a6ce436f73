//! The answer to `plan`: what to run, and what comes out. Does not know what was run before.

use serde::Serialize;

use crate::{Action, OutputRef};

/// What to run for a target, and what comes out of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// In any order; farm orders them by their inputs.
    pub actions: Vec<Action>,
    /// What other targets and `dist/` get.
    pub artifacts: Vec<Artifact>,
    /// Set when the builder must see outputs before it can plan the rest.
    pub next: Option<Continuation>,
}

/// A typed output of the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Artifact {
    /// Unique in the target.
    pub name: String,
    /// What it is, for those who consume it.
    pub kind: String,
    /// The output that it is.
    pub from: OutputRef,
    /// Where it lands below `dist/<target>/`; none: it is for other targets only.
    pub place: Option<String>,
    /// A JSON object that says more about it.
    pub metadata: Option<OutputRef>,
    /// The packages that it consists of, as [`crate::components::Components`] writes them.
    pub components: Option<OutputRef>,
}

/// Outputs the builder wants to see, and what it wants to remember until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Continuation {
    /// Outputs of actions of this or an earlier round.
    pub needs: Vec<OutputRef>,
    /// Handed back as it is.
    pub state: Vec<u8>,
}

/// One file that `continue_plan` was waiting for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenFile {
    /// The output it belongs to.
    pub output: OutputRef,
    /// Its path below that output; empty when the output is this one file.
    pub path: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

impl Plan {
    /// A plan with nothing to do.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an action.
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }

    /// Adds actions.
    #[must_use]
    pub fn actions(mut self, actions: impl IntoIterator<Item = Action>) -> Self {
        self.actions.extend(actions);
        self
    }

    /// Adds an artifact.
    #[must_use]
    pub fn artifact(mut self, artifact: Artifact) -> Self {
        self.artifacts.push(artifact);
        self
    }

    /// Asks for `continue_plan` once these outputs are there; the state comes back as it is.
    #[must_use]
    pub fn continue_with(mut self, needs: impl IntoIterator<Item = OutputRef>, state: impl Into<Vec<u8>>) -> Self {
        self.next = Some(Continuation {
            needs: needs.into_iter().collect(),
            state: state.into(),
        });
        self
    }
}

impl Artifact {
    /// An artifact for other targets only.
    pub fn new(name: impl Into<String>, kind: impl Into<String>, from: OutputRef) -> Self {
        Self {
            name: name.into(),
            kind: kind.into(),
            from,
            place: None,
            metadata: None,
            components: None,
        }
    }

    /// Also lands below `dist/<target>/`, at this path; empty for the folder itself.
    #[must_use]
    pub fn placed(mut self, path: impl Into<String>) -> Self {
        self.place = Some(path.into());
        self
    }

    /// Names the output with a JSON object that says more about it.
    #[must_use]
    pub fn metadata(mut self, output: OutputRef) -> Self {
        self.metadata = Some(output);
        self
    }

    /// Names the output with the packages that it consists of, which
    /// [`Components::write`](crate::components::Components::write) has written: farm makes its SBOM of them.
    #[must_use]
    pub fn components(mut self, output: OutputRef) -> Self {
        self.components = Some(output);
        self
    }
}
