//! What a workspace is made of, after all of it was checked.
//!
//! Plain data: does not know TOML, and of the disk only the paths. It is serialised for farm itself alone (see `kept`).

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::json::Places;
use crate::digest::Digest;
use crate::error::Location;
use crate::fs::{Kind, Listed, Stat};
use crate::path::RelPath;

/// The root `farm.toml` and its members'.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Workspace {
    /// The folder of the root `farm.toml`, links resolved.
    pub root: PathBuf,
    /// `name` in `[workspace]`.
    pub name: String,
    /// Folder for artifacts, below the root.
    pub output: RelPath,
    /// All targets: the root's in the order of its file, then each member's.
    pub targets: Vec<Target>,
    /// The members, in the order of `members` and within a glob by name.
    pub members: Vec<Member>,
    /// The builders that are not built in, by name.
    pub builders: BTreeMap<String, BuilderEntry>,
    /// `[cache]`.
    pub cache: CacheSettings,
    /// `[sandbox]`.
    pub sandbox: SandboxSettings,
    /// What is written about artifacts.
    pub describe: DescribeSettings,
    /// `[publish]`.
    pub publish: PublishSettings,
    /// All that was looked at to read it.
    pub looked: Looked,
}

/// What the configuration was read from: as long as all of it stays the same, so does the configuration. Paths count
/// from the workspace's root.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Looked {
    /// Each `farm.toml`: its path, what the system said of it before it was read, and the digest of its bytes.
    pub files: Vec<(RelPath, Option<Stat>, Digest)>,
    /// Folders whose names were read, and what the system said of them before.
    pub folders: Vec<(RelPath, Option<Stat>, Vec<Listed>)>,
    /// Other paths, and what was found there, links followed.
    pub kinds: Vec<(String, Option<Kind>)>,
}

/// One builder applied to one folder, with options.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Target {
    /// Full name.
    pub name: TargetName,
    /// Name of its builder: a built-in one or one of [`Workspace::builders`].
    pub builder: String,
    /// Its folder, from the workspace's root. It was there, and inside the workspace, when the file was read.
    pub root: RelPath,
    /// Where the paths of its plan start: its folder; the workspace's root once it is known that its builder counts
    /// from there.
    pub base: RelPath,
    /// What it depends on, as written.
    pub deps: Vec<Dep>,
    /// The options as JSON, in the file's order; not yet checked against the builder's schema (see
    /// [`check_options`](super::check_options)).
    #[serde(with = "super::kept::json")]
    pub options: Map<String, Value>,
    /// What is asked of it on the command line, as properties of its builder's request; nothing before its builder is
    /// known.
    pub asked: Vec<(String, String)>,
    /// Where its table is named.
    pub location: Location,
    /// Where `builder` has its value.
    pub builder_location: Location,
    /// Where each option stands.
    pub(super) places: Places,
}

impl Target {
    /// Where the option at this JSON pointer (`/inputs/0`) has its value; the nearest one around it where the pointer
    /// leads nowhere, and the target's own table in the end.
    pub fn option_location(&self, pointer: &str) -> Location {
        let place = self.places.find(&self.options, pointer).map(|place| place.value);
        place.map_or_else(|| self.location.clone(), |spot| self.locate(spot))
    }

    /// Where the key of the option at this JSON pointer stands.
    pub(super) fn option_key_location(&self, pointer: &str) -> Location {
        let place = self.places.find(&self.options, pointer).map(|place| place.key);
        place.map_or_else(|| self.location.clone(), |spot| self.locate(spot))
    }

    fn locate(&self, (line, column): (u32, u32)) -> Location {
        Location {
            file: self.location.file.clone(),
            line,
            column,
        }
    }
}

/// Full name of a target: `frontend`, or `billing:build` for a member's.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TargetName(String);

impl TargetName {
    /// The name of a member's target, or of a root target where there is no member. Both parts were checked.
    pub(super) fn new(member: Option<&str>, name: &str) -> Self {
        Self(member.map_or_else(|| name.to_owned(), |member| format!("{member}:{name}")))
    }

    /// The full name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its member; none for a root target.
    pub fn member(&self) -> Option<&str> {
        self.0.split_once(':').map(|(member, _)| member)
    }

    /// The name without the member.
    pub fn local(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(_, local)| local)
    }

    /// Its folder below the output folder: `frontend`, or `billing/build`.
    pub fn folder(&self) -> RelPath {
        RelPath::parse(&self.0.replace(':', "/")).expect("both parts of a checked name are parts of a path")
    }
}

impl fmt::Display for TargetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TargetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// A name that stands in `deps` or `depends`, not yet resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dep {
    /// As written: `name`, `member:name`, `:name` or `^name`.
    pub text: String,
    /// Where.
    pub location: Location,
}

/// A folder with a `farm.toml` of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Member {
    /// The folder's name.
    pub name: String,
    /// The folder, from the workspace's root.
    pub folder: RelPath,
    /// `depends` in `[member]`: names of other members.
    pub depends: Vec<Dep>,
}

/// A builder of somebody else's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BuilderEntry {
    /// The component's file, from the workspace's root. Whether it is there is not known.
    pub component: RelPath,
    /// What the user grants it.
    pub permissions: Permissions,
    /// Where its table is named.
    pub location: Location,
    /// Where `component` has its value.
    pub component_location: Location,
}

/// What a builder of somebody else's may use; each list mirrors a case of `want` in the WIT world.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Tools by name; `*` stands for any.
    pub tools: Vec<String>,
    /// Package registries by name, or `host:port`.
    pub network: Vec<String>,
    /// Variables of the user's environment.
    pub environment: Vec<String>,
    /// Secrets by name.
    pub secrets: Vec<String>,
    /// Persistent tool caches by name.
    pub caches: Vec<String>,
}

/// `[cache]`; what is not set is the store's own default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheSettings {
    /// Largest size of the store, in bytes.
    pub max_bytes: Option<u64>,
    /// How long an unused result is kept.
    pub max_age: Option<Duration>,
}

/// What is written about artifacts, beside the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeSettings {
    /// The SBOM of each.
    pub sbom: bool,
    /// The provenance of each target.
    pub provenance: bool,
}

/// `[publish]`: where artifacts are published; the command line goes before it. Nothing of it is a secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishSettings {
    /// `s3://bucket/prefix`, or a folder.
    pub to: Option<String>,
    /// Where the bucket is served, if not by AWS.
    pub endpoint: Option<String>,
    /// The bucket's region.
    pub region: Option<String>,
}

/// `[sandbox]`; the command line goes before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxSettings {
    /// The weakest sandbox that will do.
    pub minimum: Option<SandboxMinimum>,
    /// Time limit of an action that names none.
    pub timeout: Option<Duration>,
}

/// The weakest sandbox that will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SandboxMinimum {
    /// No more than a staged tree.
    Off,
    /// The strongest that this machine has.
    Auto,
    /// At least Landlock and seccomp.
    L1,
    /// Namespaces too.
    L2,
}
