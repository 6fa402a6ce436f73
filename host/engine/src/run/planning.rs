//! Plans one target: from the cache while every recorded answer is what it was, else by its component.
//!
//! Does not know what other targets do, nor when the plan is carried out.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::cache::Store;
use crate::config::Target;
use crate::digest::{Digest, Hasher};
use crate::error::{Class, Location, Problem};
use crate::execute::Executor;
use crate::inputs::{Footprint, Start, WorkspaceSource};
use crate::path::RelPath;
use crate::plan::{
    self, BuilderProblem, CheckedPlan, Continuation, Level, Plan, PlanError, PlanRequest, Read, Recorder, Rules,
    SeenFile,
};
use crate::plugin::PlanFailure;
use crate::run::builders::OpenBuilder;

/// Version of what is stored; part of its key. History: 1, the first.
const FORMAT: u32 = 1;
/// How many plans of one request are kept: a plan for each of the last states of what it read.
const VARIANTS: usize = 4;

/// The code of what a builder says that stumbled over a tool that is not there.
const MISSING_TOOL: &str = "builder::missing-tool";

/// Whether this says that a target cannot be planned for want of a tool, which keeps no other one from being built.
pub(super) fn is_missing_tool(problem: &Problem) -> bool {
    problem.code == MISSING_TOOL
}

/// What is asked of a builder in one round.
#[derive(Debug, Clone)]
pub(super) struct Round {
    /// The request, the same in all rounds.
    pub(super) request: PlanRequest,
    /// The rounds before.
    pub(super) before: CheckedPlan,
    /// What the builder was waiting for; none in the first round.
    pub(super) seen: Option<(Vec<u8>, Vec<SeenFile>)>,
    /// Files that the target itself made in earlier builds: its builder does not get to see them.
    pub(super) without: BTreeSet<RelPath>,
}

/// The answer.
#[derive(Debug)]
pub(super) struct Planned {
    /// All rounds so far.
    pub(super) plan: CheckedPlan,
    /// Set when there is another round.
    pub(super) next: Option<Continuation>,
    /// Whether no component was asked.
    pub(super) cached: bool,
    /// What the builder said to the user.
    pub(super) logs: Vec<(Level, String)>,
    /// What its answer depends on.
    pub(super) seen: Footprint,
}

/// One stored answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stored {
    reads: Vec<Read>,
    plan: Plan,
    logs: Vec<(Level, String)>,
}

/// Plans one round of a target.
pub(super) fn plan_round(
    executor: &Executor,
    builder: &OpenBuilder,
    target: &Target,
    round: &Round,
    output_folder: &RelPath,
) -> Result<Planned, Problem> {
    let key = round_key(builder.digest, round);
    let variants = load(&executor.store, &key);
    let hit = variants.iter().find_map(|stored| {
        let mut source = source(executor, builder, target, &round.without);
        plan::replay(&stored.reads, &mut source).then(|| (stored.clone(), source.into_footprint()))
    });
    let cached = hit.is_some();
    let (stored, seen) = match hit {
        Some(found) => found,
        None => {
            let (stored, seen) = ask(executor, builder, target, round)?;
            keep(&executor.store, &key, variants, &stored);
            (stored, seen)
        }
    };
    let rules = Rules {
        granted: &builder.usable,
        dependencies: &round.request.dependencies,
        folder: &target.root,
        base: &target.base,
        output_folder,
    };
    let plan = plan::check(&round.before, &stored.plan, &rules).map_err(|error| refused(&error, builder, target))?;
    Ok(Planned {
        plan,
        next: stored.plan.next,
        cached,
        logs: stored.logs,
        seen,
    })
}

fn source<'a>(
    executor: &'a Executor,
    builder: &'a OpenBuilder,
    target: &'a Target,
    without: &'a BTreeSet<RelPath>,
) -> WorkspaceSource<'a> {
    let start = Start {
        folder: &target.root,
        base: &target.base,
        without,
    };
    WorkspaceSource::new(&executor.files, &executor.tools, start, &builder.usable)
}

/// Asks the component, and records what it asks.
fn ask(
    executor: &Executor,
    builder: &OpenBuilder,
    target: &Target,
    round: &Round,
) -> Result<(Stored, Footprint), Problem> {
    let mut recorder = Recorder::new(source(executor, builder, target, &round.without));
    let answer = match &round.seen {
        None => builder.component.plan(&round.request, &mut recorder),
        Some((state, seen)) => builder
            .component
            .continue_plan(&round.request, state, seen, &mut recorder),
    };
    let plan = answer.map_err(|failure| match failure {
        PlanFailure::Plugin(error) => Problem::from(error).target(target.name.as_str()),
        PlanFailure::Problem(problem) if recorder.lacks_tool() => builder_problem(MISSING_TOOL, problem, target),
        PlanFailure::Problem(problem) => builder_problem("builder::problem", problem, target),
    })?;
    let (reads, logs, source) = recorder.finish();
    Ok((Stored { reads, plan, logs }, source.into_footprint()))
}

/// A plan that is not carried out. Where outputs go is mostly the user's own choice, in the target's options.
fn refused(error: &PlanError, builder: &OpenBuilder, target: &Target) -> Problem {
    let name = &builder.name;
    if matches!(error, PlanError::Output { .. }) {
        return Problem::new("plan::output", Class::Request, error.to_string())
            .target(target.name.as_str())
            .at(Some(target.location.clone()))
            .hint("let the target write to a place of its own below its `root`")
            .hint(format!(
                "if its options do not say where it writes, tell the author of the builder `{name}`"
            ));
    }
    let message = format!("the builder `{name}` gave a plan that cannot be carried out");
    Problem::new("plan::refused", Class::Build, message)
        .target(target.name.as_str())
        .because(error)
        .hint(format!(
            "this is a mistake of the builder `{name}`; report it to its author"
        ))
}

/// A mistake of the user's or a lack of the machine's that a builder found, at its place.
fn builder_problem(code: &'static str, problem: BuilderProblem, target: &Target) -> Problem {
    let place = problem.file.map(|file| Location {
        file: RelPath::parse_lenient(&file).map_or(file, |path| target.base.join(&path).to_string()),
        line: problem.line.unwrap_or(1),
        column: 0,
    });
    let mut located = Problem::new(code, Class::Request, problem.message)
        .target(target.name.as_str())
        .at(Some(place.unwrap_or_else(|| target.location.clone())));
    located.hints.extend(problem.hint);
    located
}

fn round_key(component: Digest, round: &Round) -> Digest {
    let mut hasher = Hasher::new();
    hasher.field(&FORMAT.to_le_bytes());
    hasher.field(component.as_bytes());
    hasher.field(&serde_json::to_vec(&round.request).expect("a request is plain data"));
    if let Some((state, seen)) = &round.seen {
        hasher.field(state);
        hasher.field(&serde_json::to_vec(seen).expect("seen files are plain data"));
    }
    hasher.finish()
}

fn load(store: &Store, key: &Digest) -> Vec<Stored> {
    let bytes = store.document("plan", key);
    bytes
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// Keeps the newest first. Best effort: without it, the next build asks the component again.
fn keep(store: &Store, key: &Digest, mut variants: Vec<Stored>, newest: &Stored) {
    variants.insert(0, newest.clone());
    variants.truncate(VARIANTS);
    let bytes = serde_json::to_vec(&variants).expect("a plan is plain data");
    if let Err(error) = store.put_document("plan", key, &bytes) {
        tracing::debug!(%error, "a plan was not kept");
    }
}
