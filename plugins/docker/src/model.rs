//! What templates see, and what targets tell each other of their containers. Does not know how it is rendered; the
//! variables are documented in `host/docs/builders.md`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::options::Development;
use crate::services::Backing;

/// What the step `files` is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Context {
    pub(crate) target: String,
    pub(crate) mode: String,
    /// The image that the target makes, and its container; none for a target that only deploys others.
    pub(crate) image: Option<Image>,
    pub(crate) container: Option<Container>,
    /// Services of this target's own.
    pub(crate) services: Vec<Backing>,
    pub(crate) development: Development,
    /// Where the user's templates are, below the step's input.
    pub(crate) templates: Option<String>,
}

/// How an image is made.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Image {
    /// What it is called: where it is pushed to, or its name on this machine.
    pub(crate) reference: String,
    /// Whether there is a registry for it.
    pub(crate) pushed: bool,
    /// The digest of what farm assembled.
    pub(crate) digest: Option<String>,
    /// What a Dockerfile starts from, and whether an engine has to be given it first.
    pub(crate) base: String,
    pub(crate) base_is_local: bool,
    pub(crate) layers: Vec<Layer>,
    /// The layer of the folders that the user may write to.
    pub(crate) volumes: Option<Layer>,
    pub(crate) packages: Vec<String>,
    pub(crate) user: String,
    pub(crate) directory: Option<String>,
    pub(crate) entrypoint: Option<Vec<String>>,
    pub(crate) command: Option<Vec<String>>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) platforms: Vec<String>,
}

/// A layer, as a Dockerfile adds it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Layer {
    /// Its action, and its folder below the step's input.
    pub(crate) id: String,
    /// A name for a stage; those of a program for several platforms differ in their end, and share the name before it.
    pub(crate) stage: String,
    pub(crate) name: String,
    /// The archive, from the Dockerfile's folder.
    pub(crate) file: String,
    /// What it is.
    pub(crate) from: String,
    pub(crate) path: String,
    pub(crate) kind: String,
    /// The only platform that it is for.
    pub(crate) platform: Option<String>,
}

/// A container of the product.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Container {
    pub(crate) name: String,
    /// Its image, with the digest where it is in a registry.
    pub(crate) image: String,
    /// Variables with fixed values, the addresses of services among them.
    pub(crate) env: BTreeMap<String, String>,
    /// Variables whose values are secret.
    pub(crate) secrets: Vec<String>,
    pub(crate) ports: Vec<u16>,
    pub(crate) volumes: Vec<Volume>,
    pub(crate) user: u64,
    pub(crate) group: u64,
    pub(crate) health: Option<Health>,
    pub(crate) replicas: u32,
    /// The services that it waits for.
    pub(crate) needs: Vec<String>,
}

/// A folder that outlives a container.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Volume {
    pub(crate) name: String,
    pub(crate) path: String,
}

/// How a container shows that it works; times in seconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Health {
    /// What answers over HTTP.
    pub(crate) path: Option<String>,
    pub(crate) port: Option<u16>,
    /// A command that ends with 0.
    pub(crate) command: Option<Vec<String>>,
    pub(crate) interval: u64,
    pub(crate) timeout: u64,
    pub(crate) start: u64,
    pub(crate) retries: u32,
}

/// What a target tells those that deploy it: the artifact of kind `container-service`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Product {
    pub(crate) containers: Vec<Container>,
    pub(crate) services: Vec<Backing>,
}
