//! What all jobs of one build share, and how a workspace is opened for a build.
//!
//! Does not know the order of the work.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::cache::{Store, StoreLimits};
use crate::config::{self, SandboxMinimum, Target, Workspace};
use crate::digest::{Digest, Hasher};
use crate::error::Problem;
use crate::execute::{Executor, Identities, Placed, Placing, PlacingLog, Settings, Trash};
use crate::graph::{self, TargetGraph, TargetId};
use crate::inputs::{Earlier, Files, Nothing, Tools};
use crate::path::RelPath;
use crate::run::asked;
use crate::run::builders::Builders;
use crate::run::check;
use crate::run::on_demand::Chosen;
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
    /// Digest of what is the same for all targets.
    pub(super) surroundings: Digest,
    /// The system on which every tier of the sandbox was found to work; none where that is not known.
    pub(super) tried: Option<Digest>,
    /// Digest of the configuration that the last build left, where it was taken from there.
    pub(super) kept_config: Option<Digest>,
    /// Executes actions.
    pub(super) executor: Arc<Executor>,
    /// The action on demand that is run once all is built.
    pub(super) chosen: Option<Chosen>,
    /// What builds that were killed were about to put into the user's tree.
    pub(super) placing: Vec<Placing>,
}

/// Reads the configuration, opens the store, and checks builders and options. Writes nothing into the workspace. Targets
/// that are taken over from the last build are told beside, by place in the selection.
pub(super) fn open(request: &Request, last: Option<&mut Last<'_>>) -> Result<(Opened, Recalls), Problem> {
    let helper = Helper::new(request.host.helper.clone());
    let tried = last
        .as_deref()
        .and_then(|last| last.records.tried)
        .map(Digest::from_bytes);
    let probing = begin_probing(request, helper.clone(), tried);
    let places = Places::of(&request.workspace);
    let surroundings = check::surroundings(request);
    let (mut workspace, kept_config) = match kept(&places, last.as_deref(), &surroundings) {
        Some((workspace, digest)) => (workspace, Some(digest)),
        None => (load(request)?, None),
    };
    let graph = graph::build(&workspace)?;
    let on_demand = Chosen::target(request, &graph)?;
    let selected = graph.select(&request.targets)?;
    let store = open_store(request, &workspace)?;
    if request.clear_cache {
        store.clean()?;
    }
    let last = last.map(|last| {
        if may_recall(request) {
            let names = selected.iter().map(|id| workspace.targets[id.index()].name.as_str());
            last.look_if_new(request, &names.collect::<Vec<_>>());
        }
        &*last
    });
    let choosing = Choosing {
        request,
        workspace: &workspace,
        graph: &graph,
        selected: &selected,
        store: &store,
        on_demand,
        last,
    };
    let (builders, recalls) = choosing.choose()?;
    builders.set_bases(&mut workspace);
    asked::set(&request.asked, &mut workspace, (&selected, &builders))?;
    let placing = PlacingLog::read(&places.placing());
    let known = (last.map(|last| last.view.clone()), placed(last, &placing));
    let (tier, tried) = choose_tier(request, &workspace, probing)?;
    let chosen = on_demand.zip(request.on_demand.as_ref());
    let chosen = chosen.map(|(id, wanted)| Chosen::new(id, wanted, (tier.0, &helper), request));
    let chosen = chosen.transpose()?;
    let executor = Arc::new(executor(request, &workspace, (store, tier, helper), known));
    let opened = Opened {
        places,
        surroundings,
        tried,
        kept_config,
        workspace,
        graph,
        selected,
        builders,
        executor,
        chosen,
        placing,
    };
    Ok((opened, recalls))
}

/// The files that farm has put into the user's tree, and those that killed builds were about to put there.
fn placed(last: Option<&Last<'_>>, placing: &[Placing]) -> BTreeSet<RelPath> {
    let mut placed = last.map(Last::placed).unwrap_or_default();
    let interrupted = placing.iter().flat_map(|placing| &placing.files);
    placed.extend(interrupted.map(|(path, _)| path.clone()));
    placed
}

/// Whether anything may be taken over from the last build.
fn may_recall(request: &Request) -> bool {
    request.cache.read && !request.clear_cache
}

/// The configuration as the last build left it, and its digest, where the files that it was read from are the same.
fn kept(places: &Places, last: Option<&Last<'_>>, surroundings: &Digest) -> Option<(Workspace, Digest)> {
    let last = last.filter(|last| last.same_config)?;
    let digest = Digest::from_bytes(last.records.kept_config?);
    Some((places.load_config(&digest, surroundings)?, digest))
}

/// What the choice between building a target and taking it over is made from.
struct Choosing<'a, 'v> {
    request: &'a Request,
    workspace: &'a Workspace,
    graph: &'a TargetGraph,
    selected: &'a [TargetId],
    store: &'a Store,
    /// The target of the action that is run by name: of one that is taken over, nobody knows the actions.
    on_demand: Option<TargetId>,
    last: Option<&'a Last<'v>>,
}

impl Choosing<'_, '_> {
    /// The targets that are taken over, and the builders of the others, whose options are right.
    fn choose(&self) -> Result<(Builders, Recalls), Problem> {
        let Some(last) = self.last.filter(|_| may_recall(self.request)) else {
            let mut builders = self.builders(self.selected)?;
            builders.check_options(self.workspace, self.selected)?;
            return Ok((builders, Recalls::new()));
        };
        let names = self
            .selected
            .iter()
            .map(|id| self.workspace.targets[id.index()].name.as_str());
        let choice = Choice {
            selected: self.selected,
            names: names.collect(),
            graph: self.graph,
            store: self.store,
            last,
        };
        if last.same_config {
            let recalls = choice.recalls(|at| self.on_demand != Some(self.selected[at]));
            let others = self.others(&recalls);
            let mut builders = self.builders(&others)?;
            let new = self.new_among(&others, &builders, last);
            builders.check_options(self.workspace, &new)?;
            return Ok((builders, recalls));
        }
        let mut builders = self.builders(self.selected)?;
        let new = self.new_among(self.selected, &builders, last);
        builders.check_options(self.workspace, &new)?;
        let recalls = choice.recalls(|at| {
            let id = self.selected[at];
            self.on_demand != Some(id) && self.is_known(id, &builders, last)
        });
        Ok((builders, recalls))
    }

    fn builders(&self, targets: &[TargetId]) -> Result<Builders, Problem> {
        Builders::open(self.request, self.workspace, targets, self.store)
    }

    /// The chosen targets that are not taken over.
    fn others(&self, recalls: &Recalls) -> Vec<TargetId> {
        let chosen = self.selected.iter().enumerate();
        chosen
            .filter(|(at, _)| !recalls.contains_key(at))
            .map(|(_, id)| *id)
            .collect()
    }

    /// Those of these targets of which the configuration says something else than when they were last planned: the
    /// options of the others were checked then.
    fn new_among(&self, targets: &[TargetId], builders: &Builders, last: &Last<'_>) -> Vec<TargetId> {
        let new = targets.iter().filter(|id| !self.is_known(**id, builders, last));
        new.copied().collect()
    }

    /// Whether the configuration says of a target what it said when it was last planned.
    fn is_known(&self, id: TargetId, builders: &Builders, last: &Last<'_>) -> bool {
        let known = last.record(self.workspace.targets[id.index()].name.as_str());
        let now = definition(self.workspace, self.graph, builders, id);
        now.is_some() && known.map(|record| record.definition) == now
    }
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
        placing: PlacingLog::new(places.placing()),
        identities: Identities::default(),
        trash: Trash::default(),
    }
}

/// Digest of what the configuration says of a target, and of the builder that it is built with; none where that is not
/// open, since no chosen target uses it.
fn definition(workspace: &Workspace, graph: &TargetGraph, builders: &Builders, id: TargetId) -> Option<[u8; 32]> {
    let target = &workspace.targets[id.index()];
    let builder = builders.get(&target.builder)?;
    let mut hasher = Hasher::new();
    for text in [
        target.name.as_str(),
        target.root.as_str(),
        workspace.output.as_str(),
        &target.builder,
    ] {
        hasher.field(text.as_bytes());
    }
    hasher.field(builder.digest.as_bytes());
    hasher.field(format!("{:?}", builder.usable).as_bytes());
    hasher.field(&serde_json::to_vec(&target.options).unwrap_or_default());
    hasher.field(format!("{:?}", workspace.sandbox).as_bytes());
    hasher.field(format!("{:?}", workspace.describe).as_bytes());
    for dep in graph.deps_of(id) {
        hasher.field(workspace.targets[dep.index()].name.as_str().as_bytes());
    }
    Some(*hasher.finish().as_bytes())
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

    /// Digest of what the configuration says of a target, and of the builder that it is built with; none where that is
    /// not open.
    pub(super) fn definition(&self, id: TargetId) -> Option<[u8; 32]> {
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

/// Finds out, beside everything else, which tiers this machine has, and the system that has all of them. `tried` is the
/// one on which the last build found that; there, what is left to do is to get the helper ready.
fn begin_probing(request: &Request, helper: Helper, tried: Option<Digest>) -> JoinHandle<(Support, Option<Digest>)> {
    let workspace = request.workspace.clone();
    std::thread::spawn(move || {
        let system = sandbox::system(&workspace);
        if system.is_some() && system == tried {
            helper.start();
            return (Support::ALL, system);
        }
        let support = sandbox::probe(&helper, &workspace);
        let system = system.filter(|_| support == Support::ALL);
        (support, system)
    })
}

/// The tier of this build, and whether it can show folders of the workspace as they are; beside that, the system that
/// has all tiers.
fn choose_tier(
    request: &Request,
    workspace: &Workspace,
    probing: JoinHandle<(Support, Option<Digest>)>,
) -> Result<((Tier, bool), Option<Digest>), Problem> {
    let configured = workspace.sandbox.minimum.map(|minimum| match minimum {
        SandboxMinimum::Off => Wanted::Off,
        SandboxMinimum::Auto => Wanted::Auto,
        SandboxMinimum::L1 => Wanted::AtLeast(Tier::L1),
        SandboxMinimum::L2 => Wanted::AtLeast(Tier::L2),
    });
    let wanted = request.sandbox.or(configured).unwrap_or(Wanted::Auto);
    if wanted == Wanted::Off {
        return Ok(((Tier::L0, false), None));
    }
    let (support, system) = probing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let tier = support.choose(wanted)?;
    Ok(((tier, tier == Tier::L2 && support.shows), system))
}
