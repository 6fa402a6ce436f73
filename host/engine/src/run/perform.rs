//! Performs one action: from the cache if its key is there, else by running it.
//!
//! Does not know the schedule: it tells what happens as messages.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::cache::{ActionResult, Content};
use crate::digest::Digest;
use crate::event::Stream;
use crate::execute::{ExecuteError, Executor, Job};
use crate::inputs::Footprint;
use crate::path::RelPath;
use crate::run::finish::{self, Put};
use crate::run::request::CacheUse;
use crate::schedule::NodeId;

/// Most bytes of a replayed log.
const MAX_REPLAY: u64 = 8 << 20;

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
}

/// Performs an action.
pub(super) async fn perform(means: Means, node: NodeId, job: Arc<Job>) -> Result<Performed, ExecuteError> {
    let executor = &means.executor;
    let tools = executor.find_tools(&job)?;
    let identities = executor.identify(&tools).await?;
    let mut prepared = {
        let (executor, job) = (Arc::clone(executor), Arc::clone(&job));
        blocking(move || executor.prepare(&job, tools, &identities)).await?
    };
    let (key, inputs) = (prepared.key, prepared.seen.clone());
    let outline = std::mem::take(&mut prepared.outline);
    if means.cache.read
        && let Some(result) = lookup(executor, &key).await?
    {
        let Put { written, outputs } = place(&means, &job, &result).await?;
        return Ok(Performed {
            key,
            outline,
            result,
            hit: true,
            placed: written,
            undeclared: Vec::new(),
            inputs,
            outputs,
        });
    }
    let say = |progress| drop(means.tell.send((node, progress)));
    say(Progress::Started);
    let mut output = |stream, bytes: &[u8]| say(Progress::Output(stream, bytes.to_vec()));
    let execution = executor
        .run(&job, &Arc::new(prepared), &mut output, means.stop.clone())
        .await?;
    let result = execution.result;
    if means.cache.write {
        let (executor, result) = (Arc::clone(executor), result.clone());
        blocking(move || Ok(executor.store.record(&key, &result)?)).await?;
    }
    let Put { written, outputs } = place(&means, &job, &result).await?;
    Ok(Performed {
        key,
        outline,
        result,
        hit: false,
        placed: written,
        undeclared: execution.undeclared,
        inputs,
        outputs,
    })
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

async fn lookup(executor: &Arc<Executor>, key: &Digest) -> Result<Option<ActionResult>, ExecuteError> {
    let (executor, key) = (Arc::clone(executor), *key);
    blocking(move || Ok(executor.store.lookup(&key))).await
}

/// Puts outputs that belong there back into the user's tree.
async fn place(means: &Means, job: &Arc<Job>, result: &ActionResult) -> Result<Put, ExecuteError> {
    let declared = job.action.outputs.iter().filter(|output| output.in_place);
    let contents: Vec<(RelPath, Content)> = declared
        .filter_map(|output| Some((job.root.join(&output.path), result.outputs.get(&output.name)?.clone())))
        .collect();
    if contents.is_empty() {
        return Ok(Put::default());
    }
    let executor = Arc::clone(&means.executor);
    blocking(move || finish::put_all(&executor, &contents)).await
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
