//! Files that are still there, and that nobody is to see: old outputs that are about to be removed. Does not know why.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use crate::fs::Listed;
use crate::path::RelPath;

/// Paths from the workspace's root.
#[derive(Debug, Default)]
pub(super) struct Hidden(RwLock<BTreeSet<RelPath>>);

impl Hidden {
    pub(super) fn add(&self, paths: impl IntoIterator<Item = RelPath>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).extend(paths);
    }

    pub(super) fn remove(&self, path: &RelPath) {
        if self.has(path) {
            self.0.write().unwrap_or_else(PoisonError::into_inner).remove(path);
        }
    }

    pub(super) fn has(&self, path: &RelPath) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(path)
    }

    /// Leaves them out of the names in a folder.
    pub(super) fn leave_out(&self, folder: &RelPath, names: &mut Vec<Listed>) {
        let hidden = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if hidden.is_empty() {
            return;
        }
        let path = |listed: &Listed| Some(folder.join(&RelPath::parse(listed.name.to_str()?).ok()?));
        names.retain(|listed| !path(listed).is_some_and(|path| hidden.contains(&path)));
    }
}
