//! The properties of an action: what they mean is said in `wit/builder.wit`.

use std::num::NonZeroU32;

use super::names::{no_properties, unique, unknown};
use super::{Action, Result, Work, on_demand};
use crate::plan::checked::OnDemand;

/// What an action's properties say.
pub(super) struct Properties {
    /// How many processor cores it keeps busy.
    pub(super) weight: u32,
    /// Whether it shares cores with the rest of the build through a jobserver.
    pub(super) jobserver: bool,
    /// How it is run outside of builds, if it is.
    pub(super) on_demand: Option<OnDemand>,
}

/// Variables that the jobserver needs for itself.
const JOBSERVER_VARIABLES: [&str; 4] = ["MAKEFLAGS", "GNUMAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS"];

/// Reads the properties of an action.
pub(super) fn read(action: &Action) -> Result<Properties> {
    unique("property", action.properties.iter().map(|(name, _)| name.as_str()))?;
    let mut weight = None;
    let mut jobserver = false;
    for property in &action.properties {
        match (property.0.as_str(), property.1.as_str()) {
            ("weight", text) => weight = Some(number(action, text)?),
            ("jobserver", "make") => jobserver = true,
            ("jobserver", _) => return Err(unknown(action, "jobserver", "is `make` or is not there")),
            ("on-demand" | "sandbox", _) => {}
            _ => no_properties(&format!("action `{}`", action.id), std::slice::from_ref(property))?,
        }
    }
    if jobserver {
        check_jobserver(action, weight)?;
    }
    Ok(Properties {
        weight: weight.map_or(1, NonZeroU32::get),
        jobserver,
        on_demand: on_demand::read(action)?,
    })
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
