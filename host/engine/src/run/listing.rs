//! Answers about a workspace without building it: what would run, and which builders there are.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Class, Problem};
use crate::event::{Clock, Stopwatch};
use crate::execute::Job;
use crate::graph::TargetId;
use crate::path::RelPath;
use crate::plan::{ArtifactHandle, CheckedPlan, CheckedSource, PlanRequest, Want};
use crate::plugin::{LockFile, Standing};
use crate::run::builders::{Builders, OpenBuilder, lock_path, pin};
use crate::run::job;
use crate::run::leftovers::{self, Leftovers};
use crate::run::planning::{self, Round};
use crate::run::recall::{Last, Recalls};
use crate::run::request::Request;
use crate::run::shared::{self, Opened};
use crate::run::state::Places;

/// What would be done for a target.
#[derive(Debug, Clone)]
pub struct PlannedTarget {
    /// Its full name.
    pub target: String,
    /// Its builder's name.
    pub builder: String,
    /// Its folder, from the workspace's root.
    pub root: RelPath,
    /// Its plan; without the rounds for which outputs must be seen first.
    pub plan: CheckedPlan,
    /// Whether the builder wants to see outputs before it plans the rest.
    pub is_partial: bool,
    /// Dependencies of which not all artifacts are known before they are built, so that nothing of this target is.
    pub waits_for: Vec<String>,
    /// What is in the key of each action whose inputs are all files: section, name and value; and the key itself.
    pub keys: BTreeMap<String, KeyFacts>,
}

/// A key, and all that is in it.
#[derive(Debug, Clone)]
pub struct KeyFacts {
    /// The key.
    pub key: String,
    /// Section, name and value of each part.
    pub parts: Vec<(&'static str, String, String)>,
}

/// What is known of a builder.
#[derive(Debug, Clone)]
pub struct BuilderFacts {
    /// Its name in the workspace.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// One line.
    pub summary: String,
    /// Its component's file, from the workspace's root; none for one that comes with farm.
    pub component: Option<String>,
    /// Digest of its component.
    pub digest: String,
    /// The version of `farm:builder` that it is made for.
    pub wit: String,
    /// What it wants, and whether that is granted.
    pub wants: Vec<(Want, bool)>,
    /// Whether its component is the one in `farm.lock`.
    pub pinned: bool,
}

/// Plans the chosen targets as far as that goes without running anything.
pub fn plan(request: &Request) -> Result<Vec<PlannedTarget>, Problem> {
    let (opened, _) = shared::open(request, None)?;
    let view = Places::of(&request.workspace).load();
    let last = view.as_ref().and_then(Last::open);
    let left = leftovers::of_build(&opened, last.as_ref(), &Recalls::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Problem::new("build::runtime", Class::Build, "cannot plan").because(&error))?;
    let mut planned: BTreeMap<TargetId, PlannedTarget> = BTreeMap::new();
    for id in &opened.selected {
        let target = plan_target(request, (&opened, &left), *id, &planned)?;
        planned.insert(*id, target);
    }
    for (id, target) in &mut planned {
        target.keys = runtime.block_on(keys((&opened, &left), *id, &target.plan))?;
    }
    Ok(opened.selected.iter().filter_map(|id| planned.remove(id)).collect())
}

fn plan_target(
    request: &Request,
    (opened, left): (&Opened, &Leftovers),
    id: TargetId,
    planned: &BTreeMap<TargetId, PlannedTarget>,
) -> Result<PlannedTarget, Problem> {
    let target = opened.target(id);
    let builder = opened.builders.of(&target.builder)?;
    let deps = || opened.graph.deps_of(id).into_iter().filter_map(|dep| planned.get(&dep));
    let unknown: Vec<String> = deps()
        .filter(|dep| dep.is_partial)
        .map(|dep| dep.target.clone())
        .collect();
    if !unknown.is_empty() {
        return Ok(PlannedTarget {
            target: target.name.to_string(),
            builder: target.builder.clone(),
            root: target.root.clone(),
            plan: CheckedPlan::default(),
            is_partial: true,
            waits_for: unknown,
            keys: BTreeMap::new(),
        });
    }
    let handle = |target: &PlannedTarget, name: &str, kind: &str| ArtifactHandle {
        target: target.target.clone(),
        name: name.to_owned(),
        kind: kind.to_owned(),
    };
    let dependencies = deps().flat_map(|dep| dep.plan.artifacts.iter().map(move |a| handle(dep, &a.name, &a.kind)));
    let round = Round {
        request: PlanRequest {
            target: target.name.to_string(),
            root: target.root.as_str().to_owned(),
            mode: request.mode.clone(),
            options: serde_json::to_string(&target.options).expect("options are plain JSON"),
            dependencies: dependencies.collect(),
            platform: request.host.platform.clone(),
            properties: target.asked.clone(),
        },
        before: CheckedPlan::default(),
        seen: None,
        without: left.own(target.name.as_str()),
    };
    let answer = planning::plan_round(&opened.executor, &builder, target, &round, &opened.workspace.output)?;
    Ok(PlannedTarget {
        target: target.name.to_string(),
        builder: target.builder.clone(),
        root: target.root.clone(),
        plan: answer.plan,
        is_partial: answer.next.is_some(),
        waits_for: Vec::new(),
        keys: BTreeMap::new(),
    })
}

/// The keys of actions that read nothing but files.
async fn keys(
    (opened, left): (&Opened, &Leftovers),
    id: TargetId,
    plan: &CheckedPlan,
) -> Result<BTreeMap<String, KeyFacts>, Problem> {
    let target = opened.target(id);
    let builder = opened.builders.of(&target.builder)?;
    let mut keys = BTreeMap::new();
    for action in plan.in_builds() {
        let reads_files = action
            .inputs
            .iter()
            .all(|input| matches!(input.source, CheckedSource::Files { .. } | CheckedSource::Content(_)));
        if !reads_files {
            continue;
        }
        let job = Job {
            target: target.name.to_string(),
            folder: target.root.clone(),
            base: target.base.clone(),
            builder: Arc::clone(&builder.component),
            builder_name: builder.name.clone(),
            component: builder.digest,
            action: action.clone(),
            outputs: BTreeMap::new(),
            earlier: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            without: job::own_places(plan, &target.base)
                .chain(left.own(target.name.as_str()))
                .collect(),
            jobserver: None,
            watch: Stopwatch::new(Clock::start()),
        };
        let located = |problem: Problem| problem.target(target.name.as_str()).action(action.id.clone());
        let tools = opened
            .executor
            .find_tools(&job)
            .map_err(|error| located(error.into()))?;
        let identities = opened
            .executor
            .identify(&tools)
            .await
            .map_err(|error| located(error.into()))?;
        let prepared = opened
            .executor
            .prepare(&job, tools, &identities)
            .map_err(|error| located(error.into()))?;
        let facts = KeyFacts {
            key: prepared.key.to_string(),
            parts: opened.executor.explain(&job, &prepared, &identities),
        };
        keys.insert(action.id.clone(), facts);
    }
    Ok(keys)
}

/// Every builder of the workspace, by name.
pub fn builders(request: &Request) -> Result<Vec<BuilderFacts>, Problem> {
    let (_, builders) = open_all(request)?;
    Ok(builders.iter().map(facts).collect())
}

/// Pins a builder as it is now: the user has looked at it.
pub fn trust_builder(request: &Request, name: &str) -> Result<BuilderFacts, Problem> {
    let (workspace, builders) = open_all(request)?;
    let Some(builder) = builders
        .iter()
        .find(|builder| builder.name == name && builder.origin.is_some())
    else {
        let names: Vec<&str> = workspace.builders.keys().map(String::as_str).collect();
        let problem = Problem::new(
            "plugin::unknown",
            Class::Request,
            format!("farm.toml has no [builders.{name}]"),
        );
        let near = crate::error::closest(name, names).map(|near| format!("did you mean `{near}`?"));
        return Err(near.into_iter().fold(problem, Problem::hint));
    };
    let mut lock = LockFile::load(&lock_path(&workspace))?;
    pin(&mut lock, builder);
    lock.save(&lock_path(&workspace))?;
    Ok(BuilderFacts {
        pinned: true,
        ..facts(builder)
    })
}

/// Adds a component to `farm.toml` as a builder, with all that it wants written out for the user to look at, and pins it.
pub fn add_builder(request: &Request, name: &str, component: &Path) -> Result<BuilderFacts, Problem> {
    super::adding::add(request, name, component)?;
    trust_builder(request, name)
}

fn open_all(request: &Request) -> Result<(crate::config::Workspace, Builders), Problem> {
    let workspace = shared::load(request)?;
    let store = shared::open_store(request, &workspace)?;
    let builders = Builders::open_all(request, &workspace, &store)?;
    Ok((workspace, builders))
}

fn facts(builder: &OpenBuilder) -> BuilderFacts {
    let granted = |want: &Want| {
        let wanted = crate::plan::Permissions::wanted(std::slice::from_ref(want));
        wanted.missing_from(&builder.granted).is_empty()
    };
    BuilderFacts {
        name: builder.name.clone(),
        version: builder.description.version.clone(),
        summary: builder.description.summary.clone(),
        component: builder.origin.clone(),
        digest: builder.digest.to_string(),
        wit: builder.wit.clone(),
        wants: builder
            .description
            .wants
            .iter()
            .map(|want| (want.clone(), granted(want)))
            .collect(),
        pinned: builder.standing == Standing::Pinned,
    }
}
