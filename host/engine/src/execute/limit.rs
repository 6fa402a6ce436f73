//! What a step that checks a limit is shown of the last good build, so that it can say what grew.
//!
//! It is asked a second time, after it has found its limit broken: nothing of an earlier build decides whether it is.

use std::collections::BTreeSet;
use std::path::Path;

use crate::execute::gather::{Tree, place_content};
use crate::execute::run::{TEMP, TREE, make_folder};
use crate::execute::show::Shown;
use crate::execute::stage::Big;
use crate::execute::{Executor, Job, Prepared};
use crate::inputs::Footprint;
use crate::path::RelPath;
use crate::plan::{BuilderProblem, CheckedSource, Level, StepRun};
use crate::plugin::PlanFailure;

/// Where the step finds what its inputs were, as `wit/builder.wit` says it.
const EARLIER: &str = "earlier";

impl Executor {
    /// The problem that a step tells when it also sees what its inputs were; none where that is not known, or it tells
    /// none then. `folder` is the action's private one.
    pub(super) fn ask_again(
        &self,
        job: &Job,
        prepared: &Prepared,
        step: &StepRun,
        folder: &Path,
    ) -> Option<BuilderProblem> {
        let mut tree = prepared.tree.clone();
        if !add_earlier(job, &mut tree) {
            return None;
        }
        let prepared = Prepared {
            key: prepared.key,
            outline: Vec::new(),
            tools: Vec::new(),
            passed: prepared.passed.clone(),
            tree,
            seen: Footprint::default(),
        };
        let folder = folder.join(EARLIER);
        make_folder(&folder).ok()?;
        let (input, out) = (folder.join(TEMP), folder.join(TREE));
        self.stage(&prepared, &input, Big::Copy, (&Shown::default(), &BTreeSet::new()))
            .ok()?;
        match job.builder.run_step(step, &input, &out, &mut |_: Level, _: &str| ()) {
            Err(PlanFailure::Problem(problem)) => Some(problem),
            Err(PlanFailure::Plugin(_)) | Ok(()) => None,
        }
    }
}

/// Adds what outputs of other actions were, and tells whether anything is known.
fn add_earlier(job: &Job, tree: &mut Tree) -> bool {
    let Ok(earlier) = RelPath::parse(EARLIER) else {
        return false;
    };
    let mut is_known = false;
    for input in &job.action.inputs {
        let CheckedSource::Output(output) = &input.source else {
            continue;
        };
        if let Some(content) = job.earlier.get(output) {
            is_known |= place_content(tree, &earlier.join(&input.at), content).is_ok();
        }
    }
    is_known
}
