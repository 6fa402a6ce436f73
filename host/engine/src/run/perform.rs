//! Performs one action: from the cache if its key is there, else by running it.
//!
//! Does not know the schedule: it tells what happens as messages.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::cache::{ActionResult, Content};
use crate::digest::Digest;
use crate::event::{Part, Stream};
use crate::execute::{ExecuteError, Executor, Job, Placing, Prepared, Showing};
use crate::inputs::Footprint;
use crate::path::RelPath;
use crate::run::finish::{self, Put};
use crate::run::request::CacheUse;
use crate::run::twins::{Turn, Twins};
use crate::schedule::NodeId;

/// Most bytes of a replayed log.
const MAX_REPLAY: u64 = 8 << 20;
/// How often an action is tried whose inputs change meanwhile; the last time with copies of them.
const ATTEMPTS: usize = 3;

/// What a job tells the loop.
#[derive(Debug)]
pub(super) enum Progress {
    /// The tool or step was started.
    Started,
    /// Some of its output.
    Output(Stream, Vec<u8>),
}

/// An action that ended well.
#[derive(Debug)]
pub(super) struct Performed {
    /// Its key.
    pub(super) key: Digest,
    /// The key's parts without their values.
    pub(super) outline: Vec<u8>,
    /// Its result.
    pub(super) result: ActionResult,
    /// Whether the result came from the cache.
    pub(super) hit: bool,
    /// Whether its outputs in the user's tree had to be written.
    pub(super) placed: bool,
    /// What it wrote without having declared it.
    pub(super) undeclared: Vec<RelPath>,
    /// What its key depends on.
    pub(super) inputs: Footprint,
    /// Where its outputs were put into the user's tree.
    pub(super) outputs: Footprint,
}

/// What a job needs beside its action.
#[derive(Debug, Clone)]
pub(super) struct Means {
    /// Executes.
    pub(super) executor: Arc<Executor>,
    /// How far the cache is used.
    pub(super) cache: CacheUse,
    /// Where it tells.
    pub(super) tell: mpsc::UnboundedSender<(NodeId, Progress)>,
    /// Set when running tools shall end.
    pub(super) stop: watch::Receiver<bool>,
    /// Which keys' actions run.
    pub(super) twins: Twins,
}

impl Means {
    /// Tells the loop, which may have gone.
    fn say(&self, node: NodeId, progress: Progress) {
        drop(self.tell.send((node, progress)));
    }
}

/// How an action ended.
#[derive(Debug)]
pub(super) enum End {
    /// Well.
    Good(Box<Performed>),
    /// Without a result.
    Bad(ExecuteError),
    /// It was not begun: this one has the same key, and runs or has failed.
    Twin(NodeId),
}

impl From<ExecuteError> for End {
    fn from(error: ExecuteError) -> Self {
        Self::Bad(error)
    }
}

/// Performs an action.
pub(super) async fn perform(means: Means, node: NodeId, job: Arc<Job>) -> End {
    match try_often(&means, node, &job).await {
        Ok(performed) => End::Good(Box::new(performed)),
        Err(end) => end,
    }
}

/// When files change under an action's hands, it is prepared anew, a few times.
async fn try_often(means: &Means, node: NodeId, job: &Arc<Job>) -> Result<Performed, End> {
    let mut told = false;
    for _ in 1..ATTEMPTS {
        match attempt(means, node, job, Showing::Folders, &mut told).await {
            Err(End::Bad(ExecuteError::InputChanging { path })) => {
                let text = format!("`{path}` changed while the action ran; it runs again\n");
                means.say(node, Progress::Output(Stream::Builder, text.into_bytes()));
            }
            other => return other,
        }
    }
    attempt(means, node, job, Showing::Nothing, &mut told).await
}

/// One attempt. `told` says whether an earlier one has told that the action was started.
async fn attempt(
    means: &Means,
    node: NodeId,
    job: &Arc<Job>,
    showing: Showing,
    told: &mut bool,
) -> Result<Performed, End> {
    let (prepared, mut turn) = match ready(means, node, job).await? {
        Ready::Hit(performed) => return Ok(*performed),
        Ready::Miss(prepared, turn) => (prepared, turn),
    };
    if !std::mem::replace(told, true) {
        means.say(node, Progress::Started);
    }
    let performed = run(means, node, job, (prepared, showing)).await;
    if let (Err(error), Some(turn)) = (&performed, &mut turn)
        && !matches!(error, ExecuteError::Stopped | ExecuteError::InputChanging { .. })
    {
        turn.fail();
    }
    Ok(performed?)
}

/// Runs an action whose result is not known.
async fn run(
    means: &Means,
    node: NodeId,
    job: &Arc<Job>,
    (mut prepared, showing): (Box<Prepared>, Showing),
) -> Result<Performed, ExecuteError> {
    let mut output = |stream, bytes: &[u8]| means.say(node, Progress::Output(stream, bytes.to_vec()));
    let (outline, inputs) = (std::mem::take(&mut prepared.outline), prepared.seen.clone());
    let prepared: Arc<Prepared> = prepared.into();
    let execution = means
        .executor
        .run(job, &prepared, showing, &mut output, means.stop.clone())
        .await?;
    let (executor, job, writes) = (Arc::clone(&means.executor), Arc::clone(job), means.cache.write);
    blocking(move || {
        if writes {
            job.watch.begin(Part::Store);
            executor.store.record(&prepared.key, &execution.result)?;
        }
        let put = place(&executor, &job, &execution.result)?;
        Ok(Performed {
            key: prepared.key,
            outline,
            placed: put.written,
            result: execution.result,
            hit: false,
            undeclared: execution.undeclared,
            inputs,
            outputs: put.outputs,
        })
    })
    .await
}

/// What is known of an action before it has to run.
enum Ready {
    /// What it made before.
    Hit(Box<Performed>),
    /// What it runs with, and its key's turn where its result will be in the cache.
    Miss(Box<Prepared>, Option<Turn>),
}

/// Makes an action's key, and puts its outputs in place if the result is known.
async fn ready(means: &Means, node: NodeId, job: &Arc<Job>) -> Result<Ready, End> {
    let executor = &means.executor;
    job.watch.begin(Part::Tools);
    let tools = executor.find_tools(job)?;
    let identities = executor.identify(&tools).await?;
    let reads = means.cache.read;
    let ready = {
        let (executor, job) = (Arc::clone(executor), Arc::clone(job));
        blocking(move || {
            job.watch.begin(Part::Key);
            let prepared = Box::new(executor.prepare(&job, tools, &identities)?);
            if reads {
                job.watch.begin(Part::Lookup);
                look_up(&executor, &job, prepared)
            } else {
                Ok(Ready::Miss(prepared, None))
            }
        })
        .await?
    };
    let prepared = match ready {
        Ready::Miss(prepared, None) if reads && means.cache.write => prepared,
        other => return Ok(other),
    };
    let turn = means.twins.turn(prepared.key, node).map_err(End::Twin)?;
    // Another action may have had the turn, and left its result, since this one looked.
    let (executor, looking) = (Arc::clone(executor), Arc::clone(job));
    Ok(match blocking(move || look_up(&executor, &looking, prepared)).await? {
        Ready::Miss(prepared, _) => Ready::Miss(prepared, Some(turn)),
        hit @ Ready::Hit(_) => hit,
    })
}

/// Puts the outputs of an action in place if its result is in the cache.
fn look_up(executor: &Executor, job: &Job, prepared: Box<Prepared>) -> Result<Ready, ExecuteError> {
    let Some(result) = executor.store.lookup(&prepared.key) else {
        return Ok(Ready::Miss(prepared, None));
    };
    let put = place(executor, job, &result)?;
    Ok(Ready::Hit(Box::new(Performed {
        key: prepared.key,
        outline: prepared.outline,
        result,
        hit: true,
        placed: put.written,
        undeclared: Vec::new(),
        inputs: prepared.seen,
        outputs: put.outputs,
    })))
}

/// What an action said when its result was made: standard output, then standard error.
pub(super) fn replay(executor: &Executor, result: &ActionResult) -> Vec<(Stream, String)> {
    let read = |stream, digest: &Digest| {
        let nothing = *digest == Digest::of(b"");
        let bytes = if nothing {
            None
        } else {
            executor.store.read_blob(digest, MAX_REPLAY)
        };
        bytes.map(|bytes| (stream, String::from_utf8_lossy(&bytes).into_owned()))
    };
    [
        read(Stream::Stdout, &result.stdout),
        read(Stream::Stderr, &result.stderr),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Puts outputs that belong there back into the user's tree.
fn place(executor: &Executor, job: &Job, result: &ActionResult) -> Result<Put, ExecuteError> {
    let declared = job.action.outputs.iter().filter(|output| output.in_place);
    let contents: Vec<(RelPath, Content)> = declared
        .filter_map(|output| Some((job.base.join(&output.path), result.outputs.get(&output.name)?.clone())))
        .collect();
    if contents.is_empty() {
        return Ok(Put::default());
    }
    job.watch.begin(Part::Place);
    executor.placing.add(&Placing::of(&job.target, &contents))?;
    finish::put_all(executor, &contents)
}

/// Runs blocking work beside the loop.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ExecuteError> + Send + 'static,
) -> Result<T, ExecuteError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(ExecuteError::Stopped),
    }
}
