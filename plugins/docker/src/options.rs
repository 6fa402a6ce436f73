//! The target's options. `options.schema.json` tells their meaning to the user.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The target's options.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    pub(crate) base: Option<String>,
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
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) name: Option<String>,
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
    #[serde(default = "one")]
    pub(crate) replicas: u32,
    #[serde(default)]
    pub(crate) secrets: Vec<String>,
    #[serde(default)]
    pub(crate) services: BTreeMap<Service, Wanted>,
    pub(crate) templates: Option<String>,
    #[serde(default = "nobody")]
    pub(crate) user: String,
    #[serde(default)]
    pub(crate) volumes: Vec<String>,
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
    #[serde(default = "ten")]
    pub(crate) start: u64,
}

/// What only `Dockerfile.dev` and `compose.dev.yaml` have.
#[derive(Debug, Default, Clone, Deserialize, Serialize)]
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
}

const fn one() -> u32 {
    1
}

const fn three() -> u64 {
    3
}

const fn ten() -> u64 {
    10
}

/// Not root, and nobody whom a distribution knows.
fn nobody() -> String {
    "65532:65532".to_owned()
}
