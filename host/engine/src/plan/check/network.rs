//! What an action may reach beyond its tree: registries and hosts, pinned by lock files, and, on demand, sockets of this
//! machine. Does not know what was granted.

use super::names::{path, shown, unknown};
use super::{Action, PlanError, Result};
use crate::plan::checked::CheckedFetch;
use crate::plan::purpose::Purpose;

/// Reads what an action says of the network.
pub(super) fn read(action: &Action, is_on_demand: bool) -> Result<Option<CheckedFetch>> {
    let Some(network) = &action.network else {
        return Ok(None);
    };
    if network.from.is_empty() || (network.pinned_by.is_empty() && !is_on_demand) {
        return Err(PlanError::Unpinned(action.id.clone()));
    }
    for purpose in &network.from {
        check_socket(action, purpose, is_on_demand)?;
    }
    let pins = network.pinned_by.iter();
    Ok(Some(CheckedFetch {
        from: network.from.clone(),
        pinned_by: pins
            .map(|text| path(action, "a lock file", text))
            .collect::<Result<_>>()?,
    }))
}

/// What may lie behind a socket is no part of a key, and may be as good as root.
fn check_socket(action: &Action, purpose: &str, is_on_demand: bool) -> Result<()> {
    if Purpose::of(purpose).is_socket() && !is_on_demand {
        return Err(unknown(
            action,
            purpose,
            "is a socket, and those are for actions on demand alone",
        ));
    }
    match Purpose::of(purpose) {
        Purpose::Socket(at) if !is_place(at) => Err(unknown(action, purpose, "is not `unix:` and an absolute path")),
        _ => Ok(()),
    }
}

/// An absolute path that means the same wherever it is resolved from.
fn is_place(path: &str) -> bool {
    let parts = path.strip_prefix('/').map(|parts| parts.split('/'));
    !path.contains('\0') && parts.is_some_and(|mut parts| parts.all(|part| !matches!(part, "" | "." | "..")))
}

/// A purpose for people.
pub(super) fn told(purpose: &str) -> String {
    if Purpose::of(purpose).is_socket() {
        format!("the socket `{}`", shown(purpose))
    } else {
        format!("the network for `{}`", shown(purpose))
    }
}
