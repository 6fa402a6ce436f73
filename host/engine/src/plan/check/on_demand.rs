//! Actions on demand: what makes them fit to be run outside of a build. Does not know who runs them.

use super::names::unknown;
use super::{Action, Result, Work};
use crate::plan::checked::OnDemand;

/// Reads the properties `on-demand` and `sandbox`. An action on demand runs a tool, leaves nothing that others could
/// need, and has nothing beside it to share cores with.
pub(super) fn read(action: &Action) -> Result<Option<OnDemand>> {
    let value = |wanted: &str| {
        let mut properties = action.properties.iter();
        properties
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    };
    let without_sandbox = match value("sandbox") {
        None => false,
        Some("off") => true,
        Some(_) => return Err(unknown(action, "sandbox", "is `off` or is not there")),
    };
    match value("on-demand") {
        Some("true") => {}
        Some(_) => return Err(unknown(action, "on-demand", "is `true` or is not there")),
        None if without_sandbox => return Err(unknown(action, "sandbox", "is for actions on demand alone")),
        None => return Ok(None),
    }
    let refused = |reason| Err(unknown(action, "on-demand", reason));
    if matches!(action.work, Work::Step(_)) {
        return refused("is for tools: a step changes nothing outside");
    }
    if !action.outputs.is_empty() {
        return refused("takes no outputs: nothing is kept of such an action, and nothing can need it");
    }
    if value("weight").is_some() || value("jobserver").is_some() {
        return refused("takes no `weight` or `jobserver` beside it: nothing runs at the same time");
    }
    Ok(Some(OnDemand { without_sandbox }))
}
