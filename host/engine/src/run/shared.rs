//! What all jobs of one build share, and how a workspace is opened for a build.
//!
//! Does not know the order of the work.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::cache::{Store, StoreLimits};
use crate::config::{self, SandboxMinimum, Target, Workspace};
use crate::digest::Hasher;
use crate::error::Problem;
use crate::execute::{Executor, Identities, Placed, Settings, Trash};
use crate::graph::{self, TargetGraph, TargetId};
use crate::inputs::{Earlier, Files, Nothing, Tools};
use crate::path::RelPath;
use crate::run::builders::Builders;
use crate::run::recall::{Choice, Last, Recalls};
use crate::run::request::Request;
use crate::run::state::{Places, View};
use crate::sandbox::{self, Helper, Limits, Support, Tier, Wanted};

/// Time limit of an action where neither its builder nor `farm.toml` says one.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// A workspace, ready to be planned and built.
#[derive(Debug)]
pub(super) struct Opened {
    /// What its configuration says.
    pub(super) workspace: Workspace,
    /// Its targets.
    pub(super) graph: TargetGraph,
    /// The chosen ones and what they need, dependencies first.
    pub(super) selected: Vec<TargetId>,
    /// The builders of the chosen targets.
    pub(super) builders: Builders,
    /// The places in `.farm/`.
    pub(super) places: Places,
    /// Executes actions.
    pub(super) executor: Arc<Executor>,
}

/// Reads the configuration, opens the store, and checks builders and options. Writes nothing into the workspace. Targets
/// that are taken over from the last build are told beside, by place in the selection.
pub(super) fn open(request: &Request, last: Option<&mut Last<'_>>) -> Result<(Opened, Recalls), Problem> {
    let helper = Helper::new(request.host.helper.clone());
    let probing = begin_probing(request, helper.clone());
    let mut workspace = load(request)?;
    let graph = graph::build(&workspace)?;
    let selected = graph.select(&request.targets)?;
    let store = open_store(request, &workspace)?;
    if request.clear_cache {
        store.clean()?;
    }
    let names = |ids: &[TargetId]| {
        ids.iter()
            .map(|id| workspace.targets[id.index()].name.as_str())
            .collect()
    };
    let (view, placed) = last
        .as_deref()
        .map_or((None, BTreeSet::new()), |last| (Some(last.view.clone()), last.placed()));
    let mut builders = None;
    let mut recalls = Recalls::new();
    if let Some(last) = last.filter(|_| request.cache.read && !request.clear_cache) {
        let names: Vec<&str> = names(&selected);
        last.look_if_new(request, &names);
        let choice = Choice {
            selected: &selected,
            names,
            graph: &graph,
            store: &store,
            last,
        };
        recalls = if last.same_config {
            choice.recalls(|_| true)
        } else {
            let all = builders.insert(Builders::open(request, &workspace, &selected, &store)?);
            let same = |at: usize| {
                let known = last.record(choice.names[at]).map(|record| record.definition);
                known == Some(definition(&workspace, &graph, all, selected[at]))
            };
            choice.recalls(same)
        };
    }
    let builders = match builders {
        Some(builders) => builders,
        None => {
            let chosen = selected.iter().enumerate().filter(|(at, _)| !recalls.contains_key(at));
            let chosen: Vec<TargetId> = chosen.map(|(_, id)| *id).collect();
            Builders::open(request, &workspace, &chosen, &store)?
        }
    };
    builders.set_bases(&mut workspace);
    let tier = choose_tier(request, &workspace, probing)?;
    let executor = Arc::new(executor(request, &workspace, (store, tier, helper), (view, placed)));
    let opened = Opened {
        places: Places::of(&workspace.root),
        workspace,
        graph,
        selected,
        builders,
        executor,
    };
    Ok((opened, recalls))
}

/// What executes actions, with what is known of the workspace's files and what farm put among them.
fn executor(
    request: &Request,
    workspace: &Workspace,
    (store, (tier, shows), helper): (Arc<Store>, (Tier, bool), Helper),
    (view, placed): (Option<View>, BTreeSet<RelPath>),
) -> Executor {
    let places = Places::of(&workspace.root);
    let environment = request.host.environment.clone();
    let earlier: Box<dyn Earlier> = match view {
        Some(view) => Box::new(view),
        None => Box::new(Nothing),
    };
    Executor {
        settings: Settings {
            tier,
            shows,
            helper,
            platform: request.host.platform.clone(),
            environment: environment.clone(),
            scratch: places.scratch(),
            failed: places.failed(),
            limits: Limits {
                timeout: workspace.sandbox.timeout.unwrap_or(TIMEOUT),
                ..Limits::default()
            },
            tool_caches: request.cache.tool_caches,
        },
        files: Arc::new(Files::new(workspace.root.clone(), workspace.output.clone(), earlier)),
        tools: Tools::new(workspace.root.clone(), environment),
        store,
        placed: Placed::new(placed, places.aside()),
        identities: Identities::default(),
        trash: Trash::default(),
    }
}

/// Digest of what the configuration says of a target, and of the builder that it is built with.
fn definition(workspace: &Workspace, graph: &TargetGraph, builders: &Builders, id: TargetId) -> [u8; 32] {
    let target = &workspace.targets[id.index()];
    let mut hasher = Hasher::new();
    for text in [
        target.name.as_str(),
        target.root.as_str(),
        workspace.output.as_str(),
        &target.builder,
    ] {
        hasher.field(text.as_bytes());
    }
    if let Ok(builder) = builders.of(&target.builder) {
        hasher.field(builder.digest.as_bytes());
        hasher.field(format!("{:?}", builder.usable).as_bytes());
    }
    hasher.field(&serde_json::to_vec(&target.options).unwrap_or_default());
    hasher.field(format!("{:?}", workspace.sandbox).as_bytes());
    for dep in graph.deps_of(id) {
        hasher.field(workspace.targets[dep.index()].name.as_str().as_bytes());
    }
    *hasher.finish().as_bytes()
}

/// Reads the configuration alone.
pub(super) fn load(request: &Request) -> Result<Workspace, Problem> {
    let builtin: Vec<&str> = request.host.builtin.iter().map(|(name, _)| name.as_str()).collect();
    Ok(config::load(&request.workspace, &builtin)?)
}

impl Opened {
    /// A target.
    pub(super) fn target(&self, id: TargetId) -> &Target {
        &self.workspace.targets[id.index()]
    }

    /// Digest of what the configuration says of a target, and of the builder that it is built with.
    pub(super) fn definition(&self, id: TargetId) -> [u8; 32] {
        definition(&self.workspace, &self.graph, &self.builders, id)
    }

    /// Where a target's artifacts go, from the workspace's root.
    pub(super) fn artifact_folder(&self, id: TargetId) -> RelPath {
        self.workspace.output.join(&self.target(id).name.folder())
    }
}

/// Opens the store with the workspace's bounds.
pub(super) fn open_store(request: &Request, workspace: &Workspace) -> Result<Arc<Store>, Problem> {
    let default = StoreLimits::default();
    let limits = StoreLimits {
        max_bytes: workspace.cache.max_bytes.unwrap_or(default.max_bytes),
        max_age: workspace.cache.max_age.unwrap_or(default.max_age),
        ..default
    };
    Ok(Arc::new(Store::open(&request.host.cache_folder, limits)?))
}

/// Finds out, beside everything else, which tiers this machine has.
fn begin_probing(request: &Request, helper: Helper) -> JoinHandle<Support> {
    let workspace = request.workspace.clone();
    std::thread::spawn(move || sandbox::probe(&helper, &workspace))
}

/// The tier of this build, and whether it can show folders of the workspace as they are.
fn choose_tier(
    request: &Request,
    workspace: &Workspace,
    probing: JoinHandle<Support>,
) -> Result<(Tier, bool), Problem> {
    let configured = workspace.sandbox.minimum.map(|minimum| match minimum {
        SandboxMinimum::Off => Wanted::Off,
        SandboxMinimum::Auto => Wanted::Auto,
        SandboxMinimum::L1 => Wanted::AtLeast(Tier::L1),
        SandboxMinimum::L2 => Wanted::AtLeast(Tier::L2),
    });
    let wanted = request.sandbox.or(configured).unwrap_or(Wanted::Auto);
    if wanted == Wanted::Off {
        return Ok((Tier::L0, false));
    }
    let support = probing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let tier = support.choose(wanted)?;
    Ok((tier, tier == Tier::L2 && support.shows))
}
