//! One build at a time may write into a workspace.
//!
//! The lock is the system's own, on a file in `.farm/`: it is gone with the process that held it, however that ended.

use std::time::Duration;

use tokio::sync::watch;

use crate::error::PathError;
use crate::fs::LockFile;
use crate::run::request::Stop;
use crate::run::state::Places;
use crate::run::tell::Teller;

/// How often a lock that another build holds is asked for.
const INTERVAL: Duration = Duration::from_millis(50);

/// Makes `.farm/`, waits until no other build runs in this workspace, and removes what killed ones left. None when the
/// user stopped meanwhile.
pub(super) async fn take(
    places: &Places,
    teller: &mut Teller<'_>,
    stop: &mut watch::Receiver<Stop>,
) -> Result<Option<LockFile>, PathError> {
    places.create()?;
    let lock = LockFile::open(&places.lock())?;
    let mut told = false;
    while !lock.try_exclusive()? {
        if !std::mem::replace(&mut told, true) {
            teller.notice(
                "build::waiting",
                "another farm builds in this workspace: waiting for it to end",
            );
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            Ok(()) = stop.changed() => {
                teller.interrupted();
                return Ok(None);
            }
        }
    }
    places.sweep();
    Ok(Some(lock))
}
