//! The properties of actions and artifacts: what they mean is said in `wit/builder.wit`.

use std::num::NonZeroU32;

use super::names::{no_properties, path, unique, unknown};
use super::{Action, CheckedOutput, OutputRef, OutputShape, PlanError, Result, Work, on_demand};
use crate::path::RelPath;
use crate::plan::checked::OnDemand;

/// What an action's properties say.
pub(super) struct Properties {
    /// How many processor cores it keeps busy.
    pub(super) weight: u32,
    /// Whether it shares cores with the rest of the build through a jobserver.
    pub(super) jobserver: bool,
    /// Whether it runs what nobody here wrote.
    pub(super) untrusted: bool,
    /// Caches that it has for itself.
    pub(super) private_caches: Vec<String>,
    /// Whether it is a step that checks a limit.
    pub(super) checks_limit: bool,
    /// Whether files that git ignores are none of its inputs.
    pub(super) without_ignored: bool,
    /// How it is run outside of builds, if it is.
    pub(super) on_demand: Option<OnDemand>,
    /// The output that gets the tool's standard output.
    pub(super) stdout: Option<String>,
    /// Variables whose values are paths.
    pub(super) path_variables: Vec<String>,
}

/// Variables that the jobserver needs for itself.
const JOBSERVER_VARIABLES: [&str; 4] = ["MAKEFLAGS", "GNUMAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS"];

/// Reads the properties of an action.
pub(super) fn read(action: &Action) -> Result<Properties> {
    unique("property", action.properties.iter().map(|(name, _)| name.as_str()))?;
    let mut weight = None;
    let (mut jobserver, mut untrusted, mut checks_limit, mut without_ignored) = (false, false, false, false);
    let (mut stdout, mut path_variables, mut private_caches) = (None, Vec::new(), Vec::new());
    for property in &action.properties {
        match (property.0.as_str(), property.1.as_str()) {
            ("weight", text) => weight = Some(number(action, text)?),
            ("stdout", output) => stdout = Some(output.to_owned()),
            ("path-variables", names) => path_variables = names.split(' ').map(str::to_owned).collect(),
            ("jobserver", "make") => jobserver = true,
            ("jobserver", _) => return Err(unknown(action, "jobserver", "is `make` or is not there")),
            ("untrusted", "true") => untrusted = true,
            ("untrusted", _) => return Err(unknown(action, "untrusted", "is `true` or is not there")),
            ("private-caches", names) => private_caches = self::private_caches(action, names)?,
            ("checks", "limit") if is_check(action) => checks_limit = true,
            ("checks", _) => return Err(unknown(action, "checks", "is `limit`, for a step without outputs")),
            ("ignore-files", "git") => without_ignored = true,
            ("ignore-files", _) => return Err(unknown(action, "ignore-files", "is `git` or is not there")),
            ("on-demand" | "sandbox", _) => {}
            _ => no_properties(&format!("action `{}`", action.id), std::slice::from_ref(property))?,
        }
    }
    if jobserver {
        check_jobserver(action, weight)?;
    }
    if untrusted && matches!(action.work, Work::Step(_)) {
        return Err(unknown(
            action,
            "untrusted",
            "is for tools: a step sees nothing but its inputs",
        ));
    }
    Ok(Properties {
        weight: weight.map_or(1, NonZeroU32::get),
        jobserver,
        untrusted,
        private_caches,
        checks_limit,
        without_ignored,
        on_demand: on_demand::read(action)?,
        stdout,
        path_variables,
    })
}

/// Those of an action's caches that it has for itself.
fn private_caches(action: &Action, names: &str) -> Result<Vec<String>> {
    let is_mounted = |name: &&str| action.caches.iter().any(|cache| cache.name == **name);
    match names.split(' ').find(|name| !is_mounted(name)) {
        Some(_) => Err(unknown(
            action,
            "private-caches",
            "names a cache that is none of its own",
        )),
        None => Ok(names.split(' ').map(str::to_owned).collect()),
    }
}

/// A step that leaves nothing behind is there for what it says.
fn is_check(action: &Action) -> bool {
    matches!(action.work, Work::Step(_)) && action.outputs.is_empty()
}

/// The output that an artifact's properties name as the list of its packages.
pub(super) fn components(artifact: &str, properties: &[(String, String)]) -> Result<Option<OutputRef>> {
    let from = || format!("artifact `{artifact}`");
    unique("property", properties.iter().map(|(name, _)| name.as_str()))?;
    let mut components = None;
    for property in properties {
        match (property.0.as_str(), property.1.split_once('/')) {
            ("components", Some((action, output))) => {
                components = Some(OutputRef {
                    action: action.to_owned(),
                    output: output.to_owned(),
                });
            }
            ("components", None) => {
                return Err(PlanError::Unknown {
                    from: from(),
                    name: "components".to_owned(),
                    reason: "is the output of an action: `ACTION/OUTPUT`",
                });
            }
            _ => no_properties(&from(), std::slice::from_ref(property))?,
        }
    }
    Ok(components)
}

impl Properties {
    /// The path of the output that gets the standard output.
    pub(super) fn stdout_path(&self, action: &Action, outputs: &[CheckedOutput]) -> Result<Option<RelPath>> {
        let Some(name) = &self.stdout else { return Ok(None) };
        if matches!(action.work, Work::Step(_)) {
            let reason = "is for tools: a step writes its outputs itself";
            return Err(unknown(action, "stdout", reason));
        }
        let is_file = |output: &&CheckedOutput| output.name == *name && output.shape == OutputShape::File;
        match outputs.iter().find(is_file) {
            Some(output) => Ok(Some(output.path.clone())),
            None => Err(unknown(action, "stdout", "names no output of it that is a file")),
        }
    }

    /// Takes the variables whose values are paths out of the environment.
    pub(super) fn take_paths(
        &self,
        action: &Action,
        environment: &mut Vec<(String, String)>,
    ) -> Result<Vec<(String, RelPath)>> {
        let is_set = |name: &String| environment.iter().any(|(set, _)| set == name);
        if !self.path_variables.iter().all(is_set) {
            let reason = "names a variable that is not in its environment";
            return Err(unknown(action, "path-variables", reason));
        }
        let paths = environment.extract_if(.., |(name, _)| self.path_variables.contains(name));
        paths
            .map(|(name, value)| Ok((name, path(action, "a variable", &value)?)))
            .collect()
    }
}

/// A positive integer, written in digits alone.
fn number(action: &Action, text: &str) -> Result<NonZeroU32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { text.parse().ok() } else { None };
    number.ok_or_else(|| unknown(action, "weight", "is a whole number from 1 on"))
}

fn check_jobserver(action: &Action, weight: Option<NonZeroU32>) -> Result<()> {
    if matches!(action.work, Work::Step(_)) {
        return Err(unknown(action, "jobserver", "is for tools: a step starts no process"));
    }
    if weight.is_some() {
        let reason = "takes no `weight` beside it: with a jobserver, a tool takes cores as it needs them";
        return Err(unknown(action, "jobserver", reason));
    }
    let fixed = action.environment.iter().map(|(name, _)| name);
    let mounted = action.caches.iter().map(|cache| &cache.variable);
    let mut names = fixed
        .chain(mounted)
        .chain(&action.pass_environment)
        .chain(&action.secrets);
    match names.find(|name| JOBSERVER_VARIABLES.contains(&name.as_str())) {
        Some(name) => Err(unknown(action, name, "farm sets itself for a tool with a jobserver")),
        None => Ok(()),
    }
}
