//! The target's options. `options.schema.json` tells their meaning to the user.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The target's options.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    pub(crate) base: Option<String>,
    pub(crate) base_login: Option<Login>,
    pub(crate) base_made_by: Option<String>,
    pub(crate) command: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) development: Development,
    pub(crate) directory: Option<String>,
    pub(crate) engine: Option<Engine>,
    pub(crate) entrypoint: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) health: Option<Health>,
    #[serde(default)]
    pub(crate) host_ports: BTreeMap<String, HostPort>,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) not_secret: Vec<String>,
    #[serde(default)]
    pub(crate) packages: Vec<String>,
    #[serde(default)]
    pub(crate) paths: BTreeMap<String, Path>,
    #[serde(default)]
    pub(crate) platforms: Vec<String>,
    #[serde(default)]
    pub(crate) ports: Vec<u16>,
    pub(crate) push: Option<String>,
    pub(crate) push_login: Option<Login>,
    pub(crate) replicas: Option<u32>,
    pub(crate) resources: Option<Resources>,
    #[serde(default)]
    pub(crate) secrets: Vec<String>,
    #[serde(default)]
    pub(crate) services: BTreeMap<Service, Wanted>,
    pub(crate) templates: Option<String>,
    pub(crate) user: Option<String>,
    #[serde(default)]
    pub(crate) volumes: Vec<String>,
}

/// Not root, and nobody whom a distribution knows.
const NOBODY: &str = "65532:65532";

impl Options {
    /// Who the container runs as.
    pub(crate) fn user(&self) -> &str {
        self.user.as_deref().unwrap_or(NOBODY)
    }

    /// Options that are about an image, as far as they are set: all but `services` and `templates`.
    pub(crate) fn of_images(&self) -> Vec<&'static str> {
        let all = [
            ("base-login", self.base_login.is_some()),
            ("base-made-by", self.base_made_by.is_some()),
            ("command", self.command.is_some()),
            ("development", self.development != Development::default()),
            ("directory", self.directory.is_some()),
            ("engine", self.engine.is_some()),
            ("entrypoint", self.entrypoint.is_some()),
            ("env", !self.env.is_empty()),
            ("health", self.health.is_some()),
            ("host-ports", !self.host_ports.is_empty()),
            ("labels", !self.labels.is_empty()),
            ("name", self.name.is_some()),
            ("not-secret", !self.not_secret.is_empty()),
            ("packages", !self.packages.is_empty()),
            ("paths", !self.paths.is_empty()),
            ("platforms", !self.platforms.is_empty()),
            ("ports", !self.ports.is_empty()),
            ("push", self.push.is_some()),
            ("push-login", self.push_login.is_some()),
            ("replicas", self.replicas.is_some()),
            ("resources", self.resources.is_some()),
            ("secrets", !self.secrets.is_empty()),
            ("user", self.user.is_some()),
            ("volumes", !self.volumes.is_empty()),
        ];
        all.into_iter()
            .filter(|(_, is_set)| *is_set)
            .map(|(name, _)| name)
            .collect()
    }
}

/// The port of the machine under which Compose offers one of the container's; `false` for none.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(crate) enum HostPort {
    At(u16),
    #[expect(dead_code, reason = "the schema lets `false` through alone")]
    None(bool),
}

/// Where an artifact goes in the image; `false` leaves it out.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Path {
    To(String),
    #[expect(dead_code, reason = "the schema lets `false` through alone")]
    Out(bool),
}

/// A container engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Engine {
    Buildah,
    Docker,
    Podman,
}

/// How a container shows that it works.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Health {
    pub(crate) path: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) command: Option<Vec<String>>,
    #[serde(default = "ten")]
    pub(crate) interval: u64,
    #[serde(default = "three")]
    pub(crate) timeout: u64,
    #[serde(default = "sixty")]
    pub(crate) start: u64,
}

/// What only `Dockerfile.dev` and `compose.dev.yaml` have.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Development {
    #[serde(default)]
    pub(crate) command: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) mounts: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) packages: Vec<String>,
}

/// The secrets with which a registry is asked to let in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// What Kubernetes keeps free for a container, and how much memory it may take.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Resources {
    pub(crate) cpu: Option<String>,
    pub(crate) memory: Option<String>,
    pub(crate) memory_limit: Option<String>,
}

/// A service that the product uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Service {
    Mongodb,
    Ollama,
    Postgres,
    Redis,
}

/// How a service is wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Wanted {
    pub(crate) image: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) storage: Option<String>,
    /// The containers of a product that get its address; all where none is named.
    #[serde(default)]
    pub(crate) used_by: Vec<String>,
}

const fn three() -> u64 {
    3
}

const fn ten() -> u64 {
    10
}

const fn sixty() -> u64 {
    60
}
