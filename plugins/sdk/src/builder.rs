//! The trait that a builder implements, and what it is asked. Does not know how the call reaches the component.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::{Description, Host, Plan, Problem, SeenFile};

/// A builder: says what it is, plans, and runs its own steps.
///
/// A plan depends on the request and the host's answers alone; there is no clock, no randomness and no file system
/// beside them, so the same question has the same answer everywhere.
pub trait Builder {
    /// The target's options. Derive `Deserialize` with `deny_unknown_fields`; the schema says the same for the user.
    type Options: DeserializeOwned;

    /// What this builder is, and all that its plans may ask for.
    fn describe() -> Description;

    /// What has to be done for a target.
    ///
    /// # Errors
    /// A mistake of the user's; everything else is a bug of the builder's.
    fn plan(request: &Request<Self::Options>, host: &dyn Host) -> Result<Plan, Problem>;

    /// The next round of a plan whose `next` was set.
    ///
    /// # Errors
    /// As [`Builder::plan`].
    fn continue_plan(
        _request: &Request<Self::Options>,
        _host: &dyn Host,
        _state: &[u8],
        _seen: &[SeenFile],
    ) -> Result<Plan, Problem> {
        Err(Problem::new("this builder plans in one round"))
    }

    /// One step: reads below `input`, writes below `output`, and sees nothing else.
    ///
    /// # Errors
    /// What is wrong with the inputs.
    fn run_step(name: &str, _parameters: &str, _input: &Path, _output: &Path) -> Result<(), Problem> {
        Err(Problem::new(format!("this builder has no step `{name}`")))
    }
}

/// What has to be planned.
#[derive(Debug, Clone)]
pub struct Request<O> {
    /// The target's full name: `frontend`, or `member:target`.
    pub target: String,
    /// The target's folder, from the workspace's root; empty when it is the root itself.
    pub root: String,
    /// `production`, `staging`, `development`, or a name of the user's own.
    pub mode: String,
    /// The target's options.
    pub options: O,
    /// The artifacts of the target's direct dependencies.
    pub dependencies: Vec<Dependency>,
    /// Where the actions will run: `linux-x86_64`, `macos-aarch64`, …
    pub platform: String,
    /// What is asked for on the command line, of what [`Description::answers`] names: name and value.
    pub asked: Vec<(String, String)>,
}

/// An artifact of a dependency, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Full name of the target that makes it.
    pub target: String,
    /// The artifact's name within that target.
    pub name: String,
    /// `web-bundle`, `python-app`, `openapi-schema`, …
    pub kind: String,
}

impl<O> Request<O> {
    /// The value of what is asked for on the command line by this name.
    pub fn asked(&self, name: &str) -> Option<&str> {
        let mut asked = self.asked.iter();
        asked.find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The dependencies' artifacts of one kind.
    pub fn dependencies_of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Dependency> {
        self.dependencies
            .iter()
            .filter(move |dependency| dependency.kind == kind)
    }
}

/// The options of a request. farm has checked them against the schema, so a failure means that the schema and the
/// type disagree; [`crate::testing::check_options`] finds that.
pub(crate) fn read_options<O: DeserializeOwned>(json: &str) -> Result<O, Problem> {
    serde_json::from_str(json).map_err(|error| Problem::new(format!("the options do not fit this builder: {error}")))
}
