//! Runs one prepared action: stage, run, collect.
//!
//! Does not know the cache of results or the schedule. A run has a private folder, which is given to the trash after it,
//! but for that of a failed tool, which is kept for the user to look at.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::cache::ActionResult;
use crate::digest::Digest;
use crate::error::PathError;
use crate::event::{Part, Stream};
use crate::execute::failure::ExecuteError;
use crate::execute::log::{Log, OutputFn};
use crate::execute::refit::Shape;
use crate::execute::show::{self, Shown};
use crate::execute::stage::{Big, wanted};
use crate::execute::trash::Left;
use crate::execute::{Executor, Job, Prepared, Showing, environment, sockets, trash};
use crate::fs;
use crate::path::RelPath;
use crate::plan::{CheckedFetch, CheckedWork, Level, StepRun};
use crate::plugin::PlanFailure;
use crate::sandbox::{self, Bind, CacheFolder, Ending, Limits, Spec, Tier, Usage};

/// The private tree, in an action's folder.
pub(super) const TREE: &str = "tree";
/// HOME and TMPDIR, in an action's folder.
pub(super) const TEMP: &str = "temp";

/// An action that ran and succeeded.
#[derive(Debug)]
pub struct Execution {
    /// Its result, whose contents are in the store.
    pub result: ActionResult,
    /// What it wrote without having declared it; that is gone.
    pub undeclared: Vec<RelPath>,
}

/// How long a tool or a step took, and what it used where that was measured.
type Spent = (Duration, Option<Usage>);

/// A tool that ended well.
struct Ended {
    /// How long it took, and what it used where that was measured.
    spent: Spent,
    spec: Spec,
    shown: Shown,
}

impl Executor {
    /// Runs an action. A failed tool's folder is kept (see [`super::Settings::failed`]).
    ///
    /// # Errors
    /// [`ExecuteError::InputChanging`] when a file that it reads is not the one in its key, or did not stay so while it
    /// was shown to a tool; then the action says nothing about its inputs and has to be prepared anew.
    pub async fn run(
        self: &Arc<Self>,
        job: &Arc<Job>,
        prepared: &Arc<Prepared>,
        showing: Showing,
        output: OutputFn<'_>,
        stop: watch::Receiver<bool>,
    ) -> Result<Execution, ExecuteError> {
        job.watch.begin(Part::Stage);
        let folder = self.name_folder();
        let secrets = self.settings.secrets(&job.action)?;
        let mut log = match job.action.on_demand {
            Some(_) => Log::unkept(secrets),
            None => Log::new(secrets),
        };
        let started = Instant::now();
        let ran = match &job.action.work {
            CheckedWork::Tool { .. } => {
                self.run_tool((job, prepared, showing), &folder, (output, &mut log), stop)
                    .await
            }
            CheckedWork::Step(step) => self.run_step(job, prepared, &folder, step, (output, &mut log)).await,
        };
        let (this, job, prepared) = (Arc::clone(self), Arc::clone(job), Arc::clone(prepared));
        blocking(move || {
            let finished = ran.and_then(|ended| {
                job.watch.begin(Part::Collect);
                let spent = ended
                    .as_ref()
                    .map_or_else(|| (started.elapsed(), None), |ended| ended.spent);
                this.finish(&job, &prepared, &folder, ended.as_ref(), (&log, spent))
            });
            let (finished, left) = match finished {
                Ok((execution, left)) => (Ok(execution), left),
                Err(error) => (Err(error), Left::unknown()),
            };
            if !was_kept(&finished) {
                this.trash.keep(folder, left);
            }
            finished
        })
        .await
    }

    /// Collects what an action has left. The folder of one whose tool left too little is kept.
    fn finish(
        &self,
        job: &Job,
        prepared: &Prepared,
        folder: &Path,
        ended: Option<&Ended>,
        (log, (duration, usage)): (&Log, Spent),
    ) -> Result<(Execution, Left), ExecuteError> {
        if let Some(ended) = ended {
            self.check_unchanged(&ended.shown)?;
        }
        let collected = self.collect(job, prepared, folder).map_err(|error| match ended {
            Some(ended) => self.keep_for(error, job, folder, &ended.spec),
            None => error,
        })?;
        let is_tool = matches!(job.action.work, CheckedWork::Tool { .. });
        let execution = Execution {
            result: ActionResult {
                outputs: collected.outputs,
                stdout: self.store.insert_bytes(log.kept(Stream::Stdout))?,
                stderr: self.store.insert_bytes(log.kept(Stream::Stderr))?,
                tier: is_tool.then_some(self.settings.tier),
                duration,
                usage,
                fetched: job.action.fetch.as_ref().is_some_and(CheckedFetch::is_pinned),
            },
            undeclared: collected.undeclared,
        };
        Ok((execution, collected.left))
    }

    /// The name of a private folder for one run, which nobody else has.
    fn name_folder(&self) -> PathBuf {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        static BUILD: OnceLock<String> = OnceLock::new();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // In a container every build has the same process number.
        let build = BUILD.get_or_init(|| format!("{}-{}", std::process::id(), fs::random_name()));
        self.settings.scratch.join(format!("{build}-{number}"))
    }

    /// A new private folder for one run.
    pub(super) fn new_folder(&self) -> Result<PathBuf, ExecuteError> {
        let folder = self.name_folder();
        make_folder(&folder)?;
        Ok(folder)
    }

    async fn run_tool(
        self: &Arc<Self>,
        (job, prepared, showing): (&Arc<Job>, &Arc<Prepared>, Showing),
        folder: &Path,
        (output, log): (OutputFn<'_>, &mut Log),
        stop: watch::Receiver<bool>,
    ) -> Result<Option<Ended>, ExecuteError> {
        let (spec, shown) = {
            let (this, job, prepared, folder) = (
                Arc::clone(self),
                Arc::clone(job),
                Arc::clone(prepared),
                folder.to_path_buf(),
            );
            blocking(move || this.spec(&job, &prepared, showing, &folder)).await?
        };
        job.watch.begin(Part::Run);
        let started = Instant::now();
        let mut tee = |stream, bytes: &[u8]| {
            let stream = match stream {
                sandbox::Stream::Stdout => Stream::Stdout,
                sandbox::Stream::Stderr => Stream::Stderr,
            };
            log.take(stream, bytes, output);
        };
        let jobserver = job.jobserver.as_deref();
        let finished = sandbox::run(&self.settings.helper, &spec, jobserver, &mut tee, stop).await?;
        let spent = started.elapsed();
        job.watch.split(Part::Sandbox, spent.saturating_sub(finished.tool));
        log.flush(output);
        match finished.ending {
            Ending::Exited(0) => {
                let usage = Some(finished.usage).filter(|usage| *usage != Usage::default());
                Ok(Some(Ended {
                    spent: (spent, usage),
                    spec,
                    shown,
                }))
            }
            Ending::Stopped => Err(ExecuteError::Stopped),
            ending => {
                self.check_unchanged(&shown)?;
                let kept = self.keep(job, folder, &spec);
                Err(ExecuteError::Tool {
                    command: command_text(job),
                    ending,
                    kept,
                })
            }
        }
    }

    async fn run_step(
        self: &Arc<Self>,
        job: &Arc<Job>,
        prepared: &Arc<Prepared>,
        folder: &Path,
        step: &StepRun,
        (output, log): (OutputFn<'_>, &mut Log),
    ) -> Result<Option<Ended>, ExecuteError> {
        let (this, job, prepared) = (Arc::clone(self), Arc::clone(job), Arc::clone(prepared));
        let (folder, step) = (folder.to_path_buf(), step.clone());
        let checks_limit = job.action.checks_limit;
        let (ended, said) = blocking(move || {
            make_folder(&folder)?;
            let (input, out) = (folder.join(TEMP), folder.join(TREE));
            this.stage(&prepared, &input, Big::Copy, (&Shown::default(), &BTreeSet::new()))?;
            job.watch.begin(Part::Run);
            let mut said = Vec::new();
            let mut log = |_: Level, line: &str| said.push(format!("{line}\n"));
            let mut ended = job.builder.run_step(&step, &input, &out, &mut log);
            if let (true, Err(PlanFailure::Problem(problem))) = (checks_limit, &mut ended)
                && let Some(clearer) = this.ask_again(&job, &prepared, &step, &folder)
            {
                *problem = clearer;
            }
            Ok((ended, said))
        })
        .await?;
        said.iter()
            .for_each(|line| log.take(Stream::Builder, line.as_bytes(), output));
        log.flush(output);
        ended.map(|()| None).map_err(|failure| match failure {
            PlanFailure::Plugin(error) => ExecuteError::Plugin(error),
            PlanFailure::Problem(problem) if checks_limit => ExecuteError::Limit(problem),
            PlanFailure::Problem(problem) => ExecuteError::Step(problem),
        })
    }

    /// Stages the tree and describes the sandbox.
    fn spec(
        &self,
        job: &Job,
        prepared: &Prepared,
        showing: Showing,
        folder: &Path,
    ) -> Result<(Spec, Shown), ExecuteError> {
        let CheckedWork::Tool {
            tool,
            arguments,
            directory,
        } = &job.action.work
        else {
            return Err(ExecuteError::MissingTool {
                name: job.action.id.clone(),
            });
        };
        let tree = folder.join(TREE);
        let shown = match showing {
            Showing::Folders if self.settings.shows => self.choose_shown(job, prepared),
            Showing::Folders | Showing::Nothing => Shown::default(),
        };
        let directory = job.base.join(directory);
        let folders = own_folders(job, &directory);
        let binds = self.stage_tool(prepared, folder, (&shown, &wanted(prepared, &shown, &folders)))?;
        folders
            .iter()
            .try_for_each(|folder| fs::create_dirs(&folder.under(&tree)))?;
        let program = prepared.tools.iter().find(|found| found.name == *tool);
        let program = program
            .ok_or_else(|| ExecuteError::MissingTool { name: tool.clone() })?
            .program
            .clone();
        let path = self.tools.path_for(&prepared.tools);
        let mut environment = environment::of(&job.action, path, &prepared.passed, &self.settings.environment);
        let sockets = sockets::add(job, &self.settings, &mut environment)?;
        let mut toolchains: Vec<PathBuf> = prepared.tools.iter().flat_map(|tool| tool.visible.clone()).collect();
        let network = job.action.fetch.as_ref().is_some_and(CheckedFetch::has_network);
        if network {
            toolchains.extend(
                environment::files_named(&environment)
                    .into_iter()
                    .filter(|path| fs::exists(path)),
            );
        }
        let spec = Spec {
            tier: self.settings.tier,
            program,
            arguments: arguments.clone(),
            environment,
            paths: in_tree(job, &job.action.path_variables),
            stdout: job.action.stdout.as_ref().map(|path| job.base.join(path)),
            tree,
            directory,
            binds,
            shown: shown.binds(self),
            caches: self.tool_caches(job)?,
            toolchains,
            network,
            sockets,
            withheld: Vec::new(),
            scratch: self.scratch(folder)?,
            limits: self.limits(job),
        };
        Ok((spec, shown))
    }

    /// Stages a tool's tree, in what an action that has ended has left if there is such a thing. Whatever that one has done
    /// to it, this one is not to suffer from it.
    fn stage_tool(
        &self,
        prepared: &Prepared,
        folder: &Path,
        (shown, wanted): (&Shown, &Shape),
    ) -> Result<Vec<Bind>, ExecuteError> {
        let tree = folder.join(TREE);
        let reused = self.trash.reuse(folder, wanted, || self.name_folder());
        let (is_new, there) = (reused.is_none(), reused.unwrap_or_default());
        fs::create_dirs(&tree)?;
        match self.stage(prepared, &tree, Big::Bind, (shown, &there)) {
            Err(error) if !is_new && !matches!(error, ExecuteError::InputChanging { .. }) => {
                let away = self.name_folder();
                fs::rename(folder, &away)?;
                self.trash.take(away, Left::unknown());
                fs::create_dirs(&tree)?;
                self.stage(prepared, &tree, Big::Bind, (shown, &BTreeSet::new()))
            }
            other => other,
        }
    }

    /// The scratch folder of a tool whose private folder this is. At L2 it is nothing but a place for a mount, which all
    /// runs can share.
    fn scratch(&self, folder: &Path) -> Result<PathBuf, PathError> {
        if self.settings.tier == Tier::L2 {
            return Ok(self.settings.scratch.clone());
        }
        let scratch = folder.join(TEMP);
        fs::create_dirs(&scratch)?;
        Ok(scratch)
    }

    /// Fails if something that the tool was shown did not stay as it was.
    fn check_unchanged(&self, shown: &Shown) -> Result<(), ExecuteError> {
        match shown.first_change(self) {
            None => Ok(()),
            Some(path) => Err(ExecuteError::InputChanging { path: path.clone() }),
        }
    }

    fn limits(&self, job: &Job) -> Limits {
        let limits = self.settings.limits.clone();
        let own = job
            .action
            .timeout_seconds
            .map(|seconds| Duration::from_secs(seconds.into()));
        Limits {
            timeout: own.unwrap_or(limits.timeout),
            ..limits
        }
    }

    /// The tool caches; without them, empty folders that do not outlive the action.
    fn tool_caches(&self, job: &Job) -> Result<Vec<CacheFolder>, ExecuteError> {
        let mounts = job.action.caches.iter().filter(|_| self.settings.tool_caches);
        mounts
            .map(|mount| {
                let name = self.cache_name(job, &mount.name);
                let source = self.store.tool_cache(&job.builder_name, &name)?;
                Ok(CacheFolder {
                    name: mount.name.clone(),
                    source,
                    variable: mount.variable.clone(),
                })
            })
            .collect()
    }

    /// What a tool cache is called in the store. One that an action has for itself carries a digest of which action that is:
    /// code that runs beside the tool and writes there reaches nobody else.
    fn cache_name(&self, job: &Job, name: &str) -> String {
        if !job.action.private_caches.iter().any(|private| private == name) {
            return name.to_owned();
        }
        let root = self.files.root().as_os_str().as_encoded_bytes();
        let owner = [root, job.target.as_bytes(), job.action.id.as_bytes()].join(&0);
        format!("{name}-{}", Digest::of(&owner).short())
    }

    /// Keeps a failed action's folder, with the description of its sandbox. Best effort: a fault here must not hide the
    /// failure itself.
    fn keep(&self, job: &Job, folder: &Path, spec: &Spec) -> Option<PathBuf> {
        let name = format!("{}.{}", job.target.replace(':', "_"), job.action.id);
        let kept = self.settings.failed.join(name);
        trash::remove(&kept);
        fs::create_dirs(&self.settings.failed).ok()?;
        fs::rename(folder, &kept).ok()?;
        fs::create_dirs(&kept.join(TEMP)).ok()?;
        show::copy_shown(&spec.shown, &kept.join(TREE)).ok()?;
        let spec = Spec {
            shown: Vec::new(),
            tree: kept.join(TREE),
            scratch: kept.join(TEMP),
            ..spec.clone().withholding(&job.action.secrets)
        };
        let text = serde_json::to_vec_pretty(&spec).ok()?;
        fs::write_atomic(&kept.join("spec.json"), &text, fs::Sync::Lazy).ok()?;
        Some(kept)
    }

    /// A tool that left no output is looked into by hand like one that failed.
    fn keep_for(&self, error: ExecuteError, job: &Job, folder: &Path, spec: &Spec) -> ExecuteError {
        match error {
            ExecuteError::MissingOutput { command, path, .. } => ExecuteError::MissingOutput {
                command,
                path,
                kept: self.keep(job, folder, spec),
            },
            error => error,
        }
    }
}

fn was_kept<T>(finished: &Result<T, ExecuteError>) -> bool {
    matches!(
        finished,
        Err(ExecuteError::Tool { kept: Some(_), .. } | ExecuteError::MissingOutput { kept: Some(_), .. })
    )
}

/// Makes a private folder with its parts.
pub(super) fn make_folder(folder: &Path) -> Result<(), ExecuteError> {
    fs::create_dirs(&folder.join(TREE))?;
    Ok(fs::create_dirs(&folder.join(TEMP))?)
}

/// The folder that a tool starts in, and those that its outputs go to.
fn own_folders(job: &Job, directory: &RelPath) -> Vec<RelPath> {
    let outputs = job.action.outputs.iter();
    let above = outputs.filter_map(|output| job.base.join(&output.path).parent());
    std::iter::once(directory.clone()).chain(above).collect()
}

/// Variables with paths from the tree.
fn in_tree(job: &Job, variables: &[(String, RelPath)]) -> Vec<(String, RelPath)> {
    let from_tree = |(name, path): &(String, RelPath)| (name.clone(), job.base.join(path));
    variables.iter().map(from_tree).collect()
}

/// Runs blocking work beside the loop.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ExecuteError> + Send + 'static,
) -> Result<T, ExecuteError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(ExecuteError::Stopped),
    }
}

/// The command as a person would write it, in one line of bounded length.
pub(super) fn command_text(job: &Job) -> String {
    let CheckedWork::Tool { tool, arguments, .. } = &job.action.work else {
        return format!("step {}", job.action.id);
    };
    let words = std::iter::once(tool).chain(arguments).map(|word| quoted(word));
    let line = words.collect::<Vec<_>>().join(" ");
    let end = line.floor_char_boundary(200);
    if end < line.len() {
        format!("{}…", &line[..end])
    } else {
        line
    }
}

/// A word as a shell takes it for one.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''").replace('\n', " "))
    }
}
