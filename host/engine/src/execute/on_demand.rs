//! What an action on demand needs of this machine, looked for before anything is built for it.
//!
//! Does not know what it reads of the workspace.

use crate::execute::failure::ExecuteError;
use crate::execute::{Executor, Settings, sockets};
use crate::path::RelPath;
use crate::plan::{CheckedAction, CheckedFetch, CheckedWork};
use crate::sandbox::Tier;

impl Executor {
    /// Whether the tools, secrets and sockets of an action on demand are there, and may be given to it where it runs.
    pub fn check_on_demand(
        &self,
        action: &CheckedAction,
        root: &RelPath,
        settings: &Settings,
    ) -> Result<(), ExecuteError> {
        if let Some(name) = action.tools.iter().find(|name| self.tools.find(name, root).is_none()) {
            return Err(ExecuteError::MissingTool { name: name.clone() });
        }
        settings.secrets(action)?;
        check_sandbox(action, settings.tier)?;
        sockets::check(action, settings)
    }
}

impl Settings {
    /// The values of an action's secrets. One that is empty is not set: so a pipeline hands on what it does not have. What
    /// a lock file pins can mostly be had without a login, and who wants one refuses it: no secret is needed to fetch it.
    pub(super) fn secrets(&self, action: &CheckedAction) -> Result<Vec<String>, ExecuteError> {
        let is_pinned = action.fetch.as_ref().is_some_and(CheckedFetch::is_pinned);
        let mut values = Vec::new();
        for name in &action.secrets {
            match self.environment.get(name).filter(|value| !value.is_empty()) {
                Some(value) => values.push(value.clone()),
                None if is_pinned => {}
                None => return Err(ExecuteError::MissingSecret { name: name.clone() }),
            }
        }
        Ok(values)
    }
}

/// A tool that makes namespaces and mounts of its own runs without a sandbox, and never so in silence.
fn check_sandbox(action: &CheckedAction, tier: Tier) -> Result<(), ExecuteError> {
    let needs_none = action.on_demand.is_some_and(|how| how.without_sandbox);
    match &action.work {
        CheckedWork::Tool { tool, .. } if needs_none && tier != Tier::L0 => Err(ExecuteError::NeedsNoSandbox {
            tool: tool.clone(),
            tier,
        }),
        _ => Ok(()),
    }
}
