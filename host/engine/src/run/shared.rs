//! What all jobs of one build share, and how a workspace is opened for a build.
//!
//! Does not know the order of the work.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::cache::{Store, StoreLimits};
use crate::config::{self, SandboxMinimum, Target, Workspace};
use crate::error::Problem;
use crate::execute::{Executor, Identities, Placed, Settings, Trash};
use crate::graph::{self, TargetGraph, TargetId};
use crate::inputs::{Files, Tools};
use crate::path::RelPath;
use crate::run::builders::Builders;
use crate::run::request::Request;
use crate::run::state::{Places, State};
use crate::sandbox::{self, Helper, Limits, Tier, Wanted};

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
    /// The keys of the last build.
    pub(super) last_keys: BTreeMap<String, BTreeMap<String, String>>,
    /// Executes actions.
    pub(super) executor: Arc<Executor>,
}

/// Reads the configuration, opens the store, and checks builders and options. Writes nothing into the workspace.
pub(super) fn open(request: &Request) -> Result<Opened, Problem> {
    let workspace = load(request)?;
    let graph = graph::build(&workspace)?;
    let selected = graph.select(&request.targets)?;
    let (tier, shows) = choose_tier(request, &workspace)?;
    let store = open_store(request, &workspace)?;
    if request.clear_cache {
        store.clean()?;
    }
    let builders = Builders::open(request, &workspace, &selected, &store)?;
    let places = Places::of(&workspace.root);
    let State {
        files, keys, placed, ..
    } = places.load();
    let environment = request.host.environment.clone();
    let executor = Executor {
        settings: Settings {
            tier,
            shows,
            helper: Helper::new(request.host.helper.clone()),
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
        files: Arc::new(Files::new(workspace.root.clone(), workspace.output.clone(), files)),
        tools: Tools::new(workspace.root.clone(), environment),
        store,
        placed: Placed::new(placed, places.aside()),
        identities: Identities::default(),
        trash: Trash::default(),
    };
    let executor = Arc::new(executor);
    Ok(Opened {
        workspace,
        graph,
        selected,
        builders,
        places,
        last_keys: keys,
        executor,
    })
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

/// The tier of this build, and whether it can show folders of the workspace as they are.
fn choose_tier(request: &Request, workspace: &Workspace) -> Result<(Tier, bool), Problem> {
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
    let support = sandbox::probe(&request.host.helper, &workspace.root);
    let tier = support.choose(wanted)?;
    Ok((tier, tier == Tier::L2 && support.shows))
}
