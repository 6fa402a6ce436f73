//! Models of a Hugging Face hub: fetched at one revision, so that the same model comes every time. Does not know what is
//! in one.

use std::fs;
use std::path::Path;

use farm_pip::steady;
use farm_sdk::{Action, Input, Output, Pin, Problem};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::checked::Checked;
use crate::options::{Framework, Options};

/// Where the fetch finds what pins it.
const PIN: &str = "farm/hub.json";

/// How many digits a commit has.
const DIGITS: usize = 40;

/// What is fetched: the whole of the fetch's lock file.
#[derive(Debug, Serialize, Deserialize)]
struct Revision {
    model: String,
    revision: String,
}

impl Checked<'_> {
    /// The revision, where the model is one of a hub.
    pub(crate) fn revision(&self) -> Option<&str> {
        let revision = self.options.revision.as_deref();
        revision.filter(|_| self.options.framework == Framework::HuggingFace)
    }

    /// Where the export finds the model.
    pub(crate) fn fetched_to(&self) -> String {
        format!("farm/hub/{}", self.name)
    }

    /// A branch or a tag may be another model tomorrow.
    pub(crate) fn check_revision(&self) -> Result<(), Problem> {
        let Some(revision) = self.revision() else { return Ok(()) };
        let (name, source) = (self.name, self.options.source.as_str());
        let is_digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        if revision.len() != DIGITS || !revision.chars().all(is_digit) {
            let problem = Problem::new(format!("`revision` of `{name}` is `{revision}`, which is no commit"));
            return Err(problem.hint(format!(
                "write all {DIGITS} digits of the commit, as the history of the model's files shows them: a branch or a tag \
                 may be another model tomorrow"
            )));
        }
        let is_part = |part: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.chars().all(plain)
        };
        let parts: Vec<&str> = source.split('/').collect();
        if parts.len() > 2 || !parts.into_iter().all(is_part) {
            let problem = Problem::new(format!(
                "`source` of `{name}` is `{source}`, which is no model of a hub"
            ));
            return Err(problem.hint("with `revision`, `source` is the model's name on the hub: `OWNER/NAME`"));
        }
        Ok(())
    }
}

/// Writes the lock file, and fetches what it says.
pub(crate) fn fetch(model: &Checked<'_>, options: &Options) -> Option<[Action; 2]> {
    let revision = model.revision()?;
    let source = model.options.source.as_str();
    let pin = Action::step(format!("revision-{}", model.name), "revision")
        .label(format!("pin {source} by its revision"))
        .parameters(&json!({ "model": source, "revision": revision }))
        .output(Output::file("lock", "hub.json"));
    let lock = Pin::output(PIN, pin.out("lock"));
    let fetch = Action::fetch(
        format!("fetch-{}", model.name),
        options.python.as_str(),
        "hugging-face",
        lock,
    )
    .label(format!("fetch {source}"))
    .args(["-S", "farm/farm_hub.py", PIN, "farm/hub/model"])
    .input(Input::content("farm/farm_hub.py", include_str!("scripts/farm_hub.py")))
    .output(Output::unpacked("model", "farm/hub/model"));
    Some([pin, steady(fetch)])
}

/// The step `revision`: writes the lock file.
pub(crate) fn run(parameters: &str, output: &Path) -> Result<(), Problem> {
    let pinned: Revision = serde_json::from_str(parameters)
        .map_err(|error| Problem::new(format!("the revision cannot be read: {error}")))?;
    let text = serde_json::to_string_pretty(&pinned).map_err(std::io::Error::from)?;
    Ok(fs::write(output.join("hub.json"), text + "\n")?)
}
