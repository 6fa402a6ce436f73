//! What templates see, and what targets tell each other of their containers. Does not know how it is rendered; the
//! variables are documented in `host/docs/builders.md`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::options::Development;
use crate::resources::Resources;
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
    /// By service, the containers of a target that only deploys that get its address. One that is not here is for all.
    pub(crate) used_by: BTreeMap<String, Vec<String>>,
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
    /// Its image: as its registry knows it, with the digest; else with a tag that is the beginning of the digest.
    pub(crate) image: String,
    /// Where its image is pushed to, and under which digest; none where it is in no registry.
    pub(crate) pushed: Option<Pushed>,
    /// The folder of its target, from the output folder: `image` in it is the image, `deployment` the Dockerfile.
    pub(crate) folder: String,
    /// Whether farm assembled its image; else an engine has to build it.
    pub(crate) assembled: bool,
    /// Variables with fixed values, the addresses of services among them.
    pub(crate) env: BTreeMap<String, String>,
    /// Variables with secrets in their values, each written `$(NAME)`, as Kubernetes has it.
    pub(crate) urls: BTreeMap<String, String>,
    /// Variables whose values are secret.
    pub(crate) secrets: Vec<String>,
    pub(crate) ports: Vec<u16>,
    /// The ports that Compose offers on the machine.
    pub(crate) published: Vec<Published>,
    pub(crate) volumes: Vec<Volume>,
    pub(crate) user: u64,
    pub(crate) group: u64,
    pub(crate) health: Option<Health>,
    pub(crate) replicas: u32,
    #[serde(default)]
    pub(crate) resources: Resources,
    /// The services that it waits for.
    pub(crate) needs: Vec<String>,
}

/// An image in a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pushed {
    /// `HOST/NAME:TAG`, and the same without the tag.
    pub(crate) reference: String,
    pub(crate) name: String,
    /// None where farm did not assemble it.
    pub(crate) digest: Option<String>,
    /// Whether the registry speaks TLS: one on this machine does not.
    pub(crate) tls: bool,
}

/// A port of a container, and the machine's where Compose offers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Published {
    pub(crate) port: u16,
    pub(crate) host: u16,
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
