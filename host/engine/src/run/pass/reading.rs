//! The part of a pass that looks at what actions read: a file that another target makes is none of their sources, unless
//! their target depends on that.

use std::collections::BTreeSet;

use crate::event::Event;
use crate::inputs::{Aspect, Footprint, Noted};
use crate::path::RelPath;
use crate::run::pass::Pass;

impl Pass<'_, '_> {
    /// Tells, once for each target, of a file that its action took for a source and that a target makes on which it does
    /// not depend: which of the two is built first decides what the action sees, and each build may find it changed.
    pub(super) fn tell_undeclared_reading(&mut self, at: usize, action: &str, inputs: &Footprint) {
        if self.claims.is_empty() || self.told_reading.contains(&at) {
            return;
        }
        let contents = inputs.paths.iter().filter(|(_, aspect)| **aspect == Aspect::Content);
        let mut foreign = contents.filter_map(|(path, _)| Some((path, self.maker(path)?)));
        let found = foreign.find(|(path, maker)| {
            let is_file = || matches!(self.opened.executor.files.noted(path), Some(Noted::File { .. }));
            *maker != at && is_file() && !self.depends_on(at, *maker)
        });
        let Some((path, maker)) = found else { return };
        let (target, maker) = (self.target_name(at), self.target_name(maker));
        self.told_reading.insert(at);
        self.teller.tell(Event::Notice {
            code: "build::undeclared-dependency",
            message: format!(
                "it reads `{path}`, which `{maker}` makes and it does not depend on: add `{maker}` to its `deps`, or leave \
                 the file out of its `inputs`"
            ),
            target: Some(target),
            action: Some(action.to_owned()),
        });
    }

    /// The target of this build that makes what is at a path in the user's tree.
    pub(super) fn maker(&self, path: &RelPath) -> Option<usize> {
        let mut at = Some(path.clone());
        while let Some(place) = at {
            if let Some(maker) = self.claims.get(&place) {
                return Some(*maker);
            }
            at = place.parent();
        }
        None
    }

    /// Whether a target depends on another one, directly or not.
    fn depends_on(&self, at: usize, other: usize) -> bool {
        let mut seen = BTreeSet::new();
        let mut left = vec![at];
        while let Some(at) = left.pop() {
            if at == other {
                return true;
            }
            if seen.insert(at) {
                left.extend(&self.runs[at].deps);
            }
        }
        false
    }
}
