//! The part of a pass that clears away: outputs in the user's tree that no target makes any more.
//!
//! They are hidden as soon as they are known, so that no plan and no pattern takes them, and removed once nobody else can
//! write into the workspace.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::{Class, PathError, Problem};
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

    fn add_dead(&mut self, mut left: Vec<Leftover>) {
        left.retain(|left| !self.is_made(&left.path));
        if left.is_empty() {
            return;
        }
        let others = self.places_of_others();
        left.retain(|left| !left.path.is_within(&others));
        let files = left.iter().filter(|left| left.is_untouched_file());
        let files = files.map(|left| left.path.clone());
        self.opened.executor.files.hide(files);
        self.dead.extend(left);
        if self.acting_since.is_some() && !self.clear_away() {
            self.stop_schedule();
        }
    }

    /// Removes what no target makes, and tells it. Only while this build holds the lock. False, and told as a problem, if
    /// something could not be removed: it would be taken for a source.
    pub(super) fn clear_away(&mut self) -> bool {
        let mut dead = std::mem::take(&mut self.dead);
        let files = Arc::clone(&self.opened.executor.files);
        dead.retain(|left| {
            let is_dead = !self.is_made(&left.path);
            if !is_dead {
                files.show(&left.path);
            }
            is_dead
        });
        // What is in a folder goes before the folder.
        dead.sort_by(|a, b| b.path.cmp(&a.path));
        let removed = self.remove(&dead);
        let is_done = removed.is_ok();
        match removed {
            Ok(removed) => self.tell_removed(removed),
            Err(problem) => self.teller.problem(problem),
        }
        for left in dead.iter().filter(|_| is_done) {
            files.show(&left.path);
            self.opened.executor.placed.forget(&left.path);
        }
        is_done
    }

    fn remove(&mut self, dead: &[Leftover]) -> Result<Vec<RelPath>, Problem> {
        let mut removed = Vec::new();
        for left in dead {
            let is_gone = Folder::open(self.opened.executor.files.root()).and_then(|root| left.remove(&root));
            let is_gone = is_gone.map_err(|error| not_removed(&left.path, &error))?;
            if is_gone && !left.is_folder() {
                removed.push(left.path.clone());
            }
        }
        removed.sort();
        Ok(removed)
    }

    /// Whether a target that is taken over was made from something that is gone now.
    pub(super) fn has_lost_inputs(&self) -> bool {
        let Some(last) = self.taken.last else { return false };
        let gone = self.removed.iter().filter_map(|path| last.view.find(path.as_str()));
        let gone: BTreeSet<usize> = gone.collect();
        if gone.is_empty() {
            return false;
        }
        let names = self.taken.recalls.keys().map(|at| self.target_name(*at));
        let records = names.filter_map(|name| last.record(&name).map(|record| &record.inputs));
        records.flatten().any(|input| gone.contains(&(*input as usize)))
    }

    fn tell_removed(&mut self, removed: Vec<RelPath>) {
        let Some(first) = removed.first() else { return };
        let message = match removed.len() - 1 {
            0 => format!("`{first}`, which no target makes any more, was removed"),
            more => format!("`{first}` and {more} more, which no target makes any more, were removed"),
        };
        self.teller.notice("artifact::removed", &message);
        self.removed.extend(removed);
    }

    /// Whether a target of this build makes this.
    fn is_made(&self, path: &RelPath) -> bool {
        self.maker(path).is_some()
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

fn not_removed(path: &RelPath, error: &PathError) -> Problem {
    let message = format!("`{path}`, which no target makes any more, could not be removed");
    Problem::new("artifact::not-removed", Class::Build, message)
        .because(error)
        .hint("remove it, or let farm write there: what is left of an old output would be taken for a source")
}
