//! The part of a pass that takes targets over from the last build: those whose outputs are gone are put back, and all
//! are told.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cache::Content;
use crate::error::Problem;
use crate::event::{Outcome, Span};
use crate::execute::{ExecuteError, Executor};
use crate::path::RelPath;
use crate::run::finish::{self, FinishError, Put};
use crate::run::pass::{Message, Pass};
use crate::run::perform;
use crate::run::recall;

impl Pass<'_, '_> {
    /// Tells the targets that are as they were, and starts to put the outputs of the others back.
    pub(super) fn start_recalls(&mut self) {
        for at in self.taken.recalls.keys().copied().collect::<Vec<_>>() {
            let recall = &self.taken.recalls[&at];
            if recall.is_in_place {
                self.tell_recalled(at, Outcome::UpToDate);
                continue;
            }
            let executor = Arc::clone(&self.opened.executor);
            let in_place = recall.in_place.iter();
            let contents = in_place.filter_map(|(path, content)| Some((path.clone(), content.clone()?)));
            let contents: Vec<_> = contents.collect();
            let work = finish::Work {
                folder: self.opened.artifact_folder(self.runs[at].id),
                artifacts: recall.plan.artifacts.clone(),
                contents: recall.contents.clone(),
                known: BTreeMap::new(),
            };
            let clock = self.teller.clock();
            self.spawn(async move {
                let put = move || clock.time(|| put_back(&executor, &contents, &work));
                let put = tokio::task::spawn_blocking(put).await;
                let (put, span) = put.unwrap_or((Ok(Put::default()), Span::default()));
                Message::Recalled(at, span, put)
            });
        }
    }

    /// The outputs of a recalled target are back in place; or not, for this reason, and none where the store lost them.
    pub(super) fn on_recalled(&mut self, at: usize, put: Result<Put, Option<Problem>>) {
        self.tell_moved();
        match put {
            Ok(put) => {
                self.runs[at].outputs.extend(put.outputs);
                let outcome = if put.written {
                    Outcome::Cached
                } else {
                    Outcome::UpToDate
                };
                self.tell_recalled(at, outcome);
            }
            Err(None) => self.lose(),
            Err(Some(problem)) => {
                self.teller.problem(problem.target(self.target_name(at)));
                self.runs[at].failed = true;
                self.tell_target(at, Vec::new());
                self.stop_schedule();
            }
        }
    }

    fn tell_recalled(&mut self, at: usize, outcome: Outcome) {
        let name = self.target_name(at);
        let Some(record) = self.taken.last.and_then(|last| last.record(&name)) else {
            return;
        };
        let results = self.taken.recalls.get(&at).map_or(&[][..], |recall| &recall.results);
        let said = |action: usize| match results.get(action) {
            Some(result) if outcome == Outcome::Cached => perform::replay(&self.opened.executor, result),
            _ => Vec::new(),
        };
        recall::tell(record, (outcome, self.runs[at].finishing), said, self.teller);
    }
}

/// Puts all that a target made back into the user's tree.
fn put_back(executor: &Executor, in_place: &[(RelPath, Content)], work: &finish::Work) -> Result<Put, Option<Problem>> {
    let mut put = finish::put_all(executor, in_place).map_err(|error| match error {
        ExecuteError::Lost { .. } => None,
        error => Some(Problem::from(error)),
    })?;
    let artifacts = finish::put_artifacts(executor, work).map_err(|error| match error {
        FinishError::Lost => None,
        error => Some(Problem::from(error)),
    })?;
    put.written |= artifacts.written;
    put.outputs.extend(artifacts.outputs);
    Ok(put)
}
