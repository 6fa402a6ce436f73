//! The builders of a workspace: found, pinned, granted what they want, and described.
//!
//! A description is asked for once for each component and then remembered, so that a build in which nothing changed
//! instantiates none. Does not know what is planned with them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cache::Store;
use crate::config::{self, BuilderEntry, OptionChecker, Workspace};
use crate::digest::Digest;
use crate::error::{Class, Problem};
use crate::graph::TargetId;
use crate::path::RelPath;
use crate::plan::{Description, Permissions};
use crate::plugin::{
    Builder, ComponentBuilder, ComponentFile, Limits, LockEntry, LockFile, PluginHost, Settings, Standing, not_granted,
};
use crate::run::request::Request;

/// A builder that may be used.
#[derive(Debug)]
pub(super) struct OpenBuilder {
    /// Its name in the workspace.
    pub(super) name: String,
    /// Its component's file, from the workspace's root; none for one that comes with farm.
    pub(super) origin: Option<String>,
    /// Digest of its component.
    pub(super) digest: Digest,
    /// The component.
    pub(super) component: Arc<dyn Builder>,
    /// What it says of itself.
    pub(super) description: Description,
    /// The version of `farm:builder` that it is made for.
    pub(super) wit: String,
    /// What the user granted it.
    pub(super) granted: Permissions,
    /// What it may use: what it wants of that.
    pub(super) usable: Permissions,
    /// How its component stands to `farm.lock`; pinned for one that comes with farm.
    pub(super) standing: Standing,
}

/// The builders of a workspace, by name.
#[derive(Debug)]
pub(super) struct Builders {
    host: PluginHost,
    open: BTreeMap<String, Arc<OpenBuilder>>,
    /// Builders that failed when they were asked what they are: a fault of their targets alone.
    failed: BTreeMap<String, Problem>,
    lock: LockFile,
}

/// What is remembered of a component.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    description: Description,
    wit: String,
}

/// Where a workspace's pins are.
pub(super) fn lock_path(workspace: &Workspace) -> PathBuf {
    workspace.root.join("farm.lock")
}

impl Builders {
    /// Opens the builders of these targets, and refuses one that is not what was approved, or wants more than it was
    /// granted. New ones are pinned by [`Self::save_pins`]. The targets' options are not checked yet.
    pub(super) fn open(
        request: &Request,
        workspace: &Workspace,
        selected: &[TargetId],
        store: &Store,
    ) -> Result<Self, Problem> {
        let mut builders = Self::new(request, workspace)?;
        let targets = selected.iter().map(|id| &workspace.targets[id.index()]);
        let names: BTreeSet<&str> = targets.map(|target| target.builder.as_str()).collect();
        for name in names {
            match builders.open_one(request, workspace, store, name) {
                Ok(builder) => {
                    check_trust(&builder, request, workspace)?;
                    builders.open.insert(name.to_owned(), Arc::new(builder));
                }
                Err(problem) if problem.class == Class::Build => {
                    builders.failed.insert(name.to_owned(), problem);
                }
                Err(problem) => return Err(problem),
            }
        }
        Ok(builders)
    }

    /// Checks the options of these targets against the schemas of their builders. A builder whose schema is none fails
    /// its targets.
    pub(super) fn check_options(&mut self, workspace: &Workspace, targets: &[TargetId]) -> Result<(), Problem> {
        let mut checkers = BTreeMap::new();
        for target in targets.iter().map(|id| &workspace.targets[id.index()]) {
            let Some(builder) = self.open.get(&target.builder) else {
                continue;
            };
            let checker = match checkers.entry(target.builder.as_str()) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => match checker(builder) {
                    Ok(checker) => entry.insert(checker),
                    Err(problem) => {
                        self.failed.insert(target.builder.clone(), problem);
                        self.open.remove(&target.builder);
                        continue;
                    }
                },
            };
            checker.check(target)?;
        }
        Ok(())
    }

    /// Pins the builders that are new. Only once it is known that everything asked for is right.
    pub(super) fn save_pins(&self, workspace: &Workspace) -> Result<(), Problem> {
        let mut lock = self.lock.clone();
        let new = self.iter().filter(|builder| builder.standing == Standing::New);
        new.for_each(|builder| pin(&mut lock, builder));
        if lock.builders.is_empty() {
            return Ok(());
        }
        Ok(lock.save(&lock_path(workspace))?)
    }

    fn new(request: &Request, workspace: &Workspace) -> Result<Self, Problem> {
        Ok(Self {
            host: host(request),
            open: BTreeMap::new(),
            failed: BTreeMap::new(),
            lock: LockFile::load(&lock_path(workspace))?,
        })
    }

    /// Opens every builder of the workspace for a look, whatever its standing.
    pub(super) fn open_all(request: &Request, workspace: &Workspace, store: &Store) -> Result<Self, Problem> {
        let mut builders = Self::new(request, workspace)?;
        let builtin = request.host.builtin.iter().map(|(name, _)| name.as_str());
        for name in builtin.chain(workspace.builders.keys().map(String::as_str)) {
            let builder = builders.open_one(request, workspace, store, name)?;
            builders.open.insert(name.to_owned(), Arc::new(builder));
        }
        Ok(builders)
    }

    /// Lets the plans of targets start where their builders say, as far as these are open.
    pub(super) fn set_bases(&self, workspace: &mut Workspace) {
        for target in &mut workspace.targets {
            if let Some(builder) = self.open.get(&target.builder) {
                let at_root = builder.description.starts_at_root();
                target.base = if at_root { RelPath::root() } else { target.root.clone() };
            }
        }
    }

    /// The builder of this name, which a target uses; the problem, where it failed to say what it is.
    pub(super) fn of(&self, name: &str) -> Result<Arc<OpenBuilder>, Problem> {
        match self.failed.get(name) {
            Some(problem) => Err(problem.clone()),
            None => Ok(Arc::clone(
                self.open
                    .get(name)
                    .expect("the builders of all chosen targets were asked"),
            )),
        }
    }

    /// The builder of this name, where a chosen target uses it and it says what it is.
    pub(super) fn get(&self, name: &str) -> Option<&OpenBuilder> {
        self.open.get(name).map(AsRef::as_ref)
    }

    /// All open builders, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = &OpenBuilder> {
        self.open.values().map(AsRef::as_ref)
    }

    /// How many components were instantiated so far.
    pub(super) fn instantiations(&self) -> u64 {
        self.host.instantiations()
    }

    fn open_one(
        &self,
        request: &Request,
        workspace: &Workspace,
        store: &Store,
        name: &str,
    ) -> Result<OpenBuilder, Problem> {
        let (file, entry) = match workspace.builders.get(name) {
            Some(entry) => (self.read(workspace, name, entry)?, Some(entry)),
            None => (builtin(request, name)?, None),
        };
        let digest = file.digest();
        let component = self.host.builder(name, file);
        let Remembered { description, wit } = describe(store, &component, digest).map_err(|problem| match entry {
            Some(entry) => problem.at(Some(entry.component_location.clone())),
            None => problem,
        })?;
        let granted = match entry {
            Some(entry) => granted(entry),
            None => Permissions::wanted(&description.wants),
        };
        let usable = Permissions::wanted(&description.wants).shared_with(&granted);
        let standing = match entry {
            Some(_) => self.lock.check(name, digest, &wit, &description.wants),
            None => Standing::Pinned,
        };
        Ok(OpenBuilder {
            name: name.to_owned(),
            origin: entry.map(|entry| entry.component.to_string()),
            digest,
            component: Arc::new(component),
            description,
            wit,
            granted,
            usable,
            standing,
        })
    }

    fn read(&self, workspace: &Workspace, name: &str, entry: &BuilderEntry) -> Result<ComponentFile, Problem> {
        let path = entry.component.under(&workspace.root);
        ComponentFile::read(name, &path, self.host.limits().component.bytes).map_err(|error| {
            let problem = Problem::from(error).at(Some(entry.component_location.clone()));
            problem.hint("build the component first, or correct its path")
        })
    }
}

/// A builder of somebody else's must be the approved one, with no more wishes than grants.
fn check_trust(builder: &OpenBuilder, request: &Request, workspace: &Workspace) -> Result<(), Problem> {
    let Some(entry) = workspace.builders.get(&builder.name) else {
        return Ok(());
    };
    let located = |problem: Problem| problem.at(Some(entry.location.clone()));
    if builder.standing != Standing::New || request.locked {
        builder
            .standing
            .problem(&builder.name)
            .map_or(Ok(()), |problem| Err(located(problem)))?;
    }
    let missing = not_granted(&builder.name, &builder.description.wants, &builder.granted);
    missing.map_or(Ok(()), |problem| Err(located(problem)))
}

/// Writes a builder's pin into the lock file's content.
pub(super) fn pin(lock: &mut LockFile, builder: &OpenBuilder) {
    let entry = LockEntry {
        component: builder.origin.clone().unwrap_or_default(),
        digest: builder.digest,
        wit: builder.wit.clone(),
        permissions: Permissions::wanted(&builder.description.wants),
    };
    lock.builders.insert(builder.name.clone(), entry);
}

/// What a component says of itself: remembered, or asked.
fn describe(store: &Store, component: &ComponentBuilder, digest: Digest) -> Result<Remembered, Problem> {
    let known = store.document("describe", &digest);
    if let Some(known) = known.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
        return Ok(known);
    }
    let remembered = Remembered {
        wit: component.wit_version()?,
        description: component.describe()?,
    };
    check_properties(&remembered.description)?;
    let bytes = serde_json::to_vec(&remembered).expect("a description is plain data");
    store.put_document("describe", &digest, &bytes)?;
    Ok(remembered)
}

/// A property that farm does not know may mean anything, so it is refused.
fn check_properties(description: &Description) -> Result<(), Problem> {
    let known = |(name, value): &&(String, String)| match name.as_str() {
        Description::PATHS => value == Description::FROM_ROOT,
        name => name == Description::ANSWERS,
    };
    let Some((name, value)) = description.properties.iter().find(|property| !known(property)) else {
        return Ok(());
    };
    let property = format!("{name} = {value}").escape_debug().to_string();
    let message = format!(
        "the builder `{}` describes itself by `{property}`, which this farm does not know",
        description.name
    );
    Err(Problem::new("plugin::property", Class::Build, message)
        .hint("update farm, or take an older version of the builder"))
}

fn granted(entry: &BuilderEntry) -> Permissions {
    let set = |names: &[String]| names.iter().cloned().collect();
    let config::Permissions {
        tools,
        network,
        environment,
        secrets,
        caches,
    } = &entry.permissions;
    Permissions {
        tools: set(tools),
        network: set(network),
        environment: set(environment),
        secrets: set(secrets),
        caches: set(caches),
    }
}

fn checker(builder: &OpenBuilder) -> Result<OptionChecker, Problem> {
    let name = &builder.name;
    let broken = |reason: String| {
        let message = format!("the builder `{name}` describes its options by a schema that is none: {reason}");
        Problem::new("plugin::options-schema", Class::Build, message)
    };
    let schema: serde_json::Value =
        serde_json::from_str(&builder.description.options_schema).map_err(|error| broken(error.to_string()))?;
    OptionChecker::new(name, &schema).map_err(|error| Problem {
        class: Class::Build,
        ..Problem::from(error)
    })
}

fn builtin(request: &Request, name: &str) -> Result<ComponentFile, Problem> {
    let bytes = request
        .host
        .builtin
        .iter()
        .find(|(builtin, _)| builtin == name)
        .map(|(_, bytes)| *bytes);
    let unknown = || {
        Problem::new(
            "plugin::unknown",
            Class::Request,
            format!("there is no builder `{name}`"),
        )
    };
    let bytes = bytes.ok_or_else(unknown)?;
    Ok(ComponentFile::embedded(bytes, Digest::of(bytes)))
}

fn host(request: &Request) -> PluginHost {
    PluginHost::new(Settings {
        compiled: Some(compiled_folder(&request.host.cache_folder)),
        limits: Limits::default(),
    })
}

/// Where compiled components are kept: beside the store, since they never leave this machine.
fn compiled_folder(cache: &Path) -> PathBuf {
    cache.join("compiled")
}
