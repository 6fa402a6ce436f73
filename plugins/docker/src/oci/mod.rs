//! OCI images as files: layers, configurations, manifests and layouts. Does not know options, templates or engines.
//!
//! The few types of the specification are here and not taken from a crate: a base image's configuration has to be kept
//! with whatever fields it has (`Healthcheck`, for one, is Docker's and not OCI's), and those of a crate drop them.

mod base;
pub(crate) mod blob;
pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod image;
pub(crate) mod layer;
pub(crate) mod links;
mod private;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use farm_sdk::Problem;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Media types that are written.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// What stands for «now» in everything built: 1980-01-01, the day that `SOURCE_DATE_EPOCH` names in farm's actions.
const EPOCH: u64 = 315_532_800;
const EPOCH_TEXT: &str = "1980-01-01T00:00:00Z";

/// A reference to a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    media_type: String,
    digest: String,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<Platform>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

impl Descriptor {
    fn new(media_type: &str, digest: String, size: u64) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest,
            size,
            platform: None,
            annotations: BTreeMap::new(),
        }
    }

    /// The blob's place in a layout. A digest is a part of a path, so nothing but hexadecimal digits is let through.
    fn path(&self) -> Result<String, Problem> {
        let hex = self.digest.strip_prefix("sha256:").unwrap_or_default();
        if hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(format!("blobs/sha256/{hex}"));
        }
        Err(Problem::new(format!("`{}` is not a SHA-256 digest", self.digest)))
    }
}

/// Where an image runs, as OCI writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Platform {
    architecture: String,
    os: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
}

impl Platform {
    /// Of `linux/amd64` or `linux/arm/v7`.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let mut parts = text.split('/');
        let (os, architecture, variant) = (parts.next(), parts.next(), parts.next());
        match (os, architecture, parts.next()) {
            (Some(os), Some(architecture), None) => Ok(Self {
                architecture: architecture.to_owned(),
                os: os.to_owned(),
                variant: variant.map(str::to_owned),
            }),
            _ => Err(Problem::new(format!("`{text}` is not a platform")).hint("write `linux/amd64`")),
        }
    }

    /// Whether an image for `other` runs here. A variant that only one of them names does not part them.
    fn takes(&self, other: &Self) -> bool {
        let variants = self.variant.as_ref().zip(other.variant.as_ref());
        self.os == other.os && self.architecture == other.architecture && variants.is_none_or(|(a, b)| a == b)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|variant| write!(f, "/{variant}"))
    }
}

/// What an image consists of.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u32,
    #[serde(default)]
    media_type: String,
    config: Descriptor,
    layers: Vec<Descriptor>,
}

/// A list of images: of a layout, or of one image's platforms.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Index {
    schema_version: u32,
    #[serde(default)]
    media_type: String,
    manifests: Vec<Descriptor>,
}

/// Reads a JSON document.
fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Problem> {
    let bytes = std::fs::read(path)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Problem::new(format!("`{name}` is not what it should be: {error}"))
    })
}

/// JSON without white space: what is hashed has one form.
fn to_json<T: Serialize>(value: &T) -> Result<Vec<u8>, Problem> {
    Ok(serde_json::to_vec(value).map_err(std::io::Error::from)?)
}
