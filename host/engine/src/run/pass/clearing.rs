//! The part of a pass that clears away: outputs in the user's tree that no target makes any more.
//!
//! They are hidden as soon as they are known, so that no plan and no pattern takes them, and removed once nobody else can
//! write into the workspace.

use std::collections::BTreeSet;

use crate::fs::Folder;
use crate::path::RelPath;
use crate::run::leftovers::Leftover;
use crate::run::pass::Pass;

impl Pass<'_, '_> {
    /// Finds what the targets have left that are no more.
    pub(super) fn find_gone(&mut self) {
        let left = self.taken.leftovers.take_gone();
        self.add_dead(left);
    }

    /// Finds what a target has left and does not make any more, now that its plan is complete.
    pub(super) fn find_dead(&mut self, at: usize) {
        let left = self.taken.leftovers.take(&self.target_name(at));
        self.runs[at].left = BTreeSet::new();
        self.add_dead(left);
    }

    fn add_dead(&mut self, left: Vec<Leftover>) {
        let dead: Vec<Leftover> = left.into_iter().filter(|left| !self.is_made(&left.path)).collect();
        let files = dead.iter().filter(|left| left.is_untouched_file());
        let files = files.map(|left| left.path.clone());
        self.opened.executor.files.hide(files);
        self.dead.extend(dead);
        if self.acting_since.is_some() {
            self.clear_away();
        }
    }

    /// Removes what no target makes, and tells it. Only while this build holds the lock.
    pub(super) fn clear_away(&mut self) {
        let mut dead = std::mem::take(&mut self.dead);
        if dead.is_empty() {
            return;
        }
        let others = self.places_of_others();
        dead.retain(|left| !self.is_made(&left.path) && !left.path.is_within(&others));
        // What is in a folder goes before the folder.
        dead.sort_by(|a, b| b.path.cmp(&a.path));
        let removed = self.remove(&dead);
        for left in dead {
            self.opened.executor.files.show(&left.path);
            self.opened.executor.placed.forget(&left.path);
        }
        self.tell_removed(&removed);
    }

    /// Removes nothing of it.
    pub(super) fn leave_dead(&mut self) {
        for left in self.dead.drain(..) {
            self.opened.executor.files.show(&left.path);
        }
    }

    fn remove(&mut self, dead: &[Leftover]) -> Vec<RelPath> {
        let mut removed = Vec::new();
        let Ok(root) = Folder::open(self.opened.executor.files.root()) else {
            return removed;
        };
        for left in dead {
            match left.remove(&root) {
                Ok(true) if !left.is_folder() => removed.push(left.path.clone()),
                Ok(_) => {}
                Err(error) => {
                    let message = format!(
                        "`{}`, which no target makes any more, could not be removed: {error}",
                        left.path
                    );
                    self.teller.notice("artifact::not-removed", &message);
                }
            }
        }
        removed.sort();
        removed
    }

    fn tell_removed(&mut self, removed: &[RelPath]) {
        let Some(first) = removed.first() else { return };
        let message = match removed.len() - 1 {
            0 => format!("`{first}`, which no target makes any more, was removed"),
            more => format!("`{first}` and {more} more, which no target makes any more, were removed"),
        };
        self.teller.notice("artifact::removed", &message);
    }

    /// Whether a target of this build makes this.
    fn is_made(&self, path: &RelPath) -> bool {
        let mut at = Some(path.clone());
        while let Some(place) = at {
            if self.claims.contains_key(&place) {
                return true;
            }
            at = place.parent();
        }
        false
    }

    /// The places that targets write to which are no part of this build, as far as they have been built.
    fn places_of_others(&self) -> BTreeSet<RelPath> {
        let opened = self.opened;
        let here: BTreeSet<&str> = self
            .runs
            .iter()
            .map(|run| opened.target(run.id).name.as_str())
            .collect();
        let others = opened.workspace.targets.iter().map(|target| target.name.as_str());
        let others = others.filter(|name| !here.contains(name));
        let records = others.filter_map(|name| self.taken.last?.record(name));
        let places = records.flat_map(|record| record.actions.iter().flat_map(|action| &action.in_place));
        places.filter_map(|(_, path)| RelPath::parse(path).ok()).collect()
    }
}
