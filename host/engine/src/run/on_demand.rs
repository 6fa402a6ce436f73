//! Actions on demand: what is asked for by name, once its target is built.
//!
//! Such an action runs each time, in a private tree like any other, and leaves nothing behind: neither the schedule nor
//! the cache knows of it, and another build may begin while it runs. Does not know how its target was built.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use crate::config::Target;
use crate::error::{Class, Problem, closest};
use crate::event::{Event, Outcome, Stopwatch, Stream};
use crate::execute::{
    ExecuteError, Execution, Executor, Identities, Job, Placed, PlacingLog, Settings, Showing, Trash,
};
use crate::graph::{TargetGraph, TargetId};
use crate::inputs::Tools;
use crate::plan::{CheckedAction, CheckedPlan};
use crate::run::job::{self, TargetRun};
use crate::run::perform::blocking;
use crate::run::request::{OnDemandRequest, Request, Stop};
use crate::run::shared::Opened;
use crate::run::tell::Teller;
use crate::sandbox::{self, Helper, Tier, Wanted};

/// What was asked for.
#[derive(Debug)]
pub(super) struct Chosen {
    /// The target.
    pub(super) id: TargetId,
    /// The action's id; none for the only one that the target has.
    action: Option<String>,
    /// The tier that the action gets.
    tier: Tier,
}

impl Chosen {
    /// The target that the request's one name stands for.
    pub(super) fn target(request: &Request, graph: &TargetGraph) -> Result<Option<TargetId>, Problem> {
        let Some(name) = request.on_demand.as_ref().and(request.targets.first()) else {
            return Ok(None);
        };
        let matching = graph.matching(name).map_err(|error| Problem::from(error).hint(LIST))?;
        match matching[..] {
            [id] => Ok(Some(id)),
            _ => {
                let message = format!(
                    "`{name}` stands for {} targets, and an action belongs to one",
                    matching.len()
                );
                Err(Problem::new("run::one-target", Class::Request, message).hint(LIST))
            }
        }
    }

    /// With the tier that it gets: that of the build, unless another one was asked for.
    pub(super) fn new(
        id: TargetId,
        wanted: &OnDemandRequest,
        (built_in, helper): (Tier, &Helper),
        request: &Request,
    ) -> Result<Self, Problem> {
        let tier = match wanted.sandbox {
            None => built_in,
            Some(Wanted::Off) => Tier::L0,
            Some(wanted) => sandbox::probe(helper, &request.workspace).choose(wanted)?,
        };
        Ok(Self {
            id,
            action: wanted.action.clone(),
            tier,
        })
    }

    /// The action in the target's plan, of which all rounds are there.
    fn find<'p>(&self, target: &Target, plan: &'p CheckedPlan) -> Result<&'p CheckedAction, Problem> {
        let all: Vec<&CheckedAction> = plan.on_demand().collect();
        match (&self.action, &all[..]) {
            (None, [only]) => Ok(only),
            (None, _) => Err(unnamed(target, &all)),
            (Some(name), _) => {
                let named = all.iter().find(|action| action.id == *name);
                named.copied().ok_or_else(|| unknown(name, target, plan))
            }
        }
    }

    /// Finds the action and all that can be known to be missing before anything is built for it.
    pub(super) fn check(&self, opened: &Opened, plan: &CheckedPlan) -> Result<(), Problem> {
        let target = opened.target(self.id);
        let action = self.find(target, plan)?;
        let checked = opened
            .executor
            .check_on_demand(action, &target.root, &self.settings(opened));
        checked.map_err(|error| located(error, target, action))
    }

    /// How the action is executed. Its private tree is in the store's folder: what is in the workspace's, the next build
    /// sweeps away.
    fn settings(&self, opened: &Opened) -> Settings {
        Settings {
            tier: self.tier,
            shows: false,
            ..opened.executor.settings.clone()
        }
    }

    /// What runs it.
    fn executor(&self, opened: &Opened) -> Result<Executor, ExecuteError> {
        let built = &opened.executor;
        let settings = Settings {
            scratch: built.store.scratch()?,
            ..self.settings(opened)
        };
        Ok(Executor {
            tools: Tools::new(opened.workspace.root.clone(), settings.environment.clone()),
            files: Arc::clone(&built.files),
            store: Arc::clone(&built.store),
            placed: Placed::new(BTreeSet::new(), opened.places.aside()),
            placing: PlacingLog::new(opened.places.placing()),
            identities: Identities::default(),
            trash: Trash::default(),
            settings,
        })
    }
}

/// Where all of them can be seen.
const LIST: &str = "`farm run` lists what can be run";

/// The target has none or several, and none was named.
fn unnamed(target: &Target, all: &[&CheckedAction]) -> Problem {
    let name = &target.name;
    if all.is_empty() {
        let message = format!("no action of `{name}` is on demand");
        return Problem::new("run::unknown-action", Class::Request, message).hint(LIST);
    }
    let message = format!("`{name}` has {} actions on demand, and none was named", all.len());
    Problem::new("run::unknown-action", Class::Request, message).hint(names(all))
}

/// The target has no such action on demand.
fn unknown(wanted: &str, target: &Target, plan: &CheckedPlan) -> Problem {
    let name = &target.name;
    let message = format!("`{name}` has no action `{wanted}` on demand");
    let problem = Problem::new("run::unknown-action", Class::Request, message);
    if plan.action(wanted).is_some() {
        return problem.hint(format!("`{wanted}` is part of the build: farm build -t {name}"));
    }
    let all: Vec<&CheckedAction> = plan.on_demand().collect();
    if all.is_empty() {
        return problem.hint(LIST);
    }
    let near = closest(wanted, all.iter().map(|action| action.id.as_str()));
    let near = near.map(|near| format!("did you mean `{near}`?"));
    near.into_iter().fold(problem, Problem::hint).hint(names(&all))
}

fn names(all: &[&CheckedAction]) -> String {
    let names: Vec<String> = all.iter().map(|action| format!("`{}`", action.id)).collect();
    format!("it has {}", names.join(", "))
}

fn located(error: ExecuteError, target: &Target, action: &CheckedAction) -> Problem {
    Problem::from(error)
        .target(target.name.as_str())
        .action(action.id.clone())
}

/// An action, ready to be run.
pub(super) struct Ready {
    executor: Arc<Executor>,
    job: Arc<Job>,
}

/// Makes the chosen action ready, with what its target and those that it depends on have made.
pub(super) fn ready(
    chosen: &Chosen,
    opened: &Opened,
    runs: &[TargetRun],
    teller: &Teller<'_>,
) -> Result<Ready, Problem> {
    let at = runs.iter().position(|run| run.id == chosen.id);
    let at = at.expect("invariant: the chosen target is among those that were built");
    let target = opened.target(chosen.id);
    chosen.check(opened, &runs[at].plan)?;
    let action = chosen.find(target, &runs[at].plan)?;
    let builder = opened.builders.of(&target.builder)?;
    let name_of = |id: TargetId| opened.target(id).name.to_string();
    let watch = Stopwatch::new(teller.clock());
    let job = job::of_action((runs, at), action, (target, &builder), watch, &name_of);
    let executor = chosen
        .executor(opened)
        .map_err(|error| located(error, target, action))?;
    Ok(Ready {
        executor: Arc::new(executor),
        job: Arc::new(job),
    })
}

impl Ready {
    /// Runs it, and tells of it. Whether it succeeded.
    pub(super) async fn run(self, stop: &mut watch::Receiver<Stop>, teller: &mut Teller<'_>) -> bool {
        if *stop.borrow() != Stop::Run {
            teller.interrupted();
            return false;
        }
        let action = &self.job.action;
        teller.tell(Event::ActionStarted {
            target: self.job.target.clone(),
            action: action.id.clone(),
            label: action.label.clone(),
            on_demand: true,
        });
        let started = Instant::now();
        let ended = self.watch(stop, teller).await;
        let outcome = match &ended {
            Ok(_) => Outcome::Ran,
            Err(ExecuteError::Stopped) => Outcome::Skipped,
            Err(_) => Outcome::Failed,
        };
        teller.tell(self.finished(outcome, ended.as_ref().ok(), started.elapsed()));
        match ended {
            Ok(execution) => {
                teller.undeclared(&self.job.target, &self.job.action.id, &execution.undeclared);
                true
            }
            Err(ExecuteError::Stopped) => false,
            Err(error) => {
                let problem = Problem::from(error).target(self.job.target.as_str());
                teller.problem(problem.action(self.job.action.id.clone()));
                false
            }
        }
    }

    /// Tells what it says while it runs, and stops it when the user wants that: the first time as it likes to end, the
    /// second time at once, by letting go of it.
    async fn watch(
        &self,
        stop: &mut watch::Receiver<Stop>,
        teller: &mut Teller<'_>,
    ) -> Result<Execution, ExecuteError> {
        let (say, mut said) = mpsc::unbounded_channel();
        let (stop_tool, stopped) = watch::channel(false);
        let running = execute(Arc::clone(&self.executor), Arc::clone(&self.job), say, stopped);
        tokio::pin!(running);
        loop {
            tokio::select! {
                biased;
                Some((stream, bytes)) = said.recv() => self.tell(stream, &bytes, teller),
                ended = &mut running => {
                    while let Ok((stream, bytes)) = said.try_recv() {
                        self.tell(stream, &bytes, teller);
                    }
                    return ended;
                }
                Ok(()) = stop.changed() => {
                    teller.interrupted();
                    if *stop.borrow_and_update() == Stop::AtOnce {
                        return Err(ExecuteError::Stopped);
                    }
                    stop_tool.send_replace(true);
                }
            }
        }
    }

    fn tell(&self, stream: Stream, bytes: &[u8], teller: &mut Teller<'_>) {
        teller.tell(Event::ActionOutput {
            target: self.job.target.clone(),
            action: self.job.action.id.clone(),
            stream,
            text: String::from_utf8_lossy(bytes).into_owned(),
            replayed: false,
        });
    }

    fn finished(&self, outcome: Outcome, execution: Option<&Execution>, spent: Duration) -> Event {
        let result = execution.map(|execution| &execution.result);
        let usage = result.and_then(|result| result.usage);
        Event::ActionFinished {
            target: self.job.target.clone(),
            action: self.job.action.id.clone(),
            label: self.job.action.label.clone(),
            outcome,
            key: None,
            tier: result.and_then(|result| result.tier),
            duration: result.map_or(spent, |result| result.duration),
            cpu: usage.map(|usage| usage.user + usage.system),
            peak_memory: usage.map(|usage| usage.peak_memory),
            fetched: result.is_some_and(|result| result.fetched),
            timings: None,
        }
    }
}

/// Runs the action once. Its inputs are copied: those that are shown could change, and then it would have to run twice.
async fn execute(
    executor: Arc<Executor>,
    job: Arc<Job>,
    say: mpsc::UnboundedSender<(Stream, Vec<u8>)>,
    stop: watch::Receiver<bool>,
) -> Result<Execution, ExecuteError> {
    let prepared = {
        let (executor, job) = (Arc::clone(&executor), Arc::clone(&job));
        blocking(move || {
            let tools = executor.find_tools(&job)?;
            // Nothing looks for its result, so nobody needs to know which versions its tools have.
            executor.prepare(&job, tools, &[])
        })
        .await?
    };
    let mut output = |stream, bytes: &[u8]| drop(say.send((stream, bytes.to_vec())));
    executor
        .run(&job, &Arc::new(prepared), Showing::Nothing, &mut output, stop)
        .await
}
