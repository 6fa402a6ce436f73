//! A base image in a layout: which of its images, and what is in it. Does not know where the layout comes from.

use std::collections::BTreeSet;
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use farm_sdk::Problem;
use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;
use serde_json::{Map, Value};

use super::links::Tree;
use super::{Descriptor, Index, LAYER, Manifest, Platform, blob, read_json};

/// How deep indexes may lie in each other.
const MAX_DEPTH: usize = 4;
/// How compressed layers begin.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// One image of a layout.
pub(super) struct Base {
    layout: PathBuf,
    /// The digest of its manifest.
    pub(super) digest: String,
    /// Its configuration, with all that is in it.
    pub(super) config: Map<String, Value>,
    /// Its layers, the lowest first.
    pub(super) layers: Vec<Descriptor>,
}

impl Base {
    /// The layout's image for a platform.
    pub(super) fn open(layout: &Path, platform: &Platform) -> Result<Self, Problem> {
        let index: Index = read_json(&layout.join("index.json"))
            .map_err(|problem| Problem::new(format!("the base is no OCI layout: {}", problem.message)))?;
        let mut found = Vec::new();
        manifests(layout, &index, &mut found, MAX_DEPTH)?;
        let mut images = Vec::new();
        for descriptor in &found {
            if descriptor.platform.as_ref().is_none_or(|own| platform.takes(own)) {
                images.push(Self::read(layout, descriptor)?);
            }
        }
        images.retain(|image| image.platform().is_some_and(|own| platform.takes(&own)));
        match images.len() {
            1 => Ok(images.swap_remove(0)),
            0 => Err(Problem::new(format!("the base has no image for {platform}"))
                .hint("take a base for this platform, or name others in the option `platforms`")),
            count => Err(Problem::new(format!("the base has {count} images for {platform}"))
                .hint("a base is a layout with one image for each platform")),
        }
    }

    fn read(layout: &Path, descriptor: &Descriptor) -> Result<Self, Problem> {
        let manifest: Manifest = parse(&blob::read(layout, descriptor)?, "manifest")?;
        let config: Map<String, Value> = parse(&blob::read(layout, &manifest.config)?, "configuration")?;
        let base = Self {
            layout: layout.to_owned(),
            digest: descriptor.digest.clone(),
            config,
            layers: manifest.layers.into_iter().map(as_oci).collect(),
        };
        let (layers, diff_ids) = (base.layers.len(), base.diff_ids().len());
        if layers == diff_ids {
            return Ok(base);
        }
        Err(Problem::new(format!(
            "the base has {layers} layers and tells of {diff_ids}"
        )))
    }

    /// The digests of its layers without compression.
    pub(super) fn diff_ids(&self) -> Vec<Value> {
        let list = self
            .config
            .get("rootfs")
            .and_then(|rootfs| rootfs["diff_ids"].as_array());
        list.cloned().unwrap_or_default()
    }

    /// Makes sure that a layer is what its digest says.
    pub(super) fn check(&self, layer: &Descriptor) -> Result<(), Problem> {
        blob::check(&self.layout.join(layer.path()?), layer)
    }

    /// Its file system, without what is in the files.
    pub(super) fn tree(&self) -> Result<Tree, Problem> {
        let mut tree = Tree::default();
        for layer in &self.layers {
            let read = |error| {
                let problem = Problem::new(format!(
                    "the layer {} of the base cannot be read: {error}",
                    layer.digest
                ));
                problem.hint("a layer is an archive of tar, plain or compressed by gzip or zstd")
            };
            let archive = archive(&self.layout.join(layer.path()?))?;
            tree.add_layer(archive).map_err(read)?;
        }
        Ok(tree)
    }

    /// Copies its layers into another layout. Those that were not `checked` yet are.
    pub(super) fn copy_layers(&self, layout: &Path, checked: &BTreeSet<String>) -> Result<(), Problem> {
        for layer in &self.layers {
            if !checked.contains(&layer.digest) {
                self.check(layer)?;
            }
            blob::copy(&self.layout.join(layer.path()?), layout, layer)?;
        }
        Ok(())
    }

    fn platform(&self) -> Option<Platform> {
        let text = |name: &str| self.config.get(name)?.as_str().map(str::to_owned);
        Some(Platform {
            architecture: text("architecture")?,
            os: text("os")?,
            variant: text("variant"),
        })
    }
}

/// What is in a layer, by its first bytes: media types of bases are not always true.
fn archive(layer: &Path) -> Result<Box<dyn Read>, Problem> {
    let mut file = blob::open(layer)?;
    let start = file.fill_buf()?;
    if start.starts_with(&GZIP) {
        return Ok(Box::new(MultiGzDecoder::new(file)));
    }
    if start.starts_with(&ZSTD) {
        let decoder = StreamingDecoder::new(file);
        let decoder = decoder.map_err(|error| Problem::new(format!("a layer of the base cannot be read: {error}")))?;
        return Ok(Box::new(decoder));
    }
    Ok(Box::new(file))
}

/// All manifests of an index and of those in it. What is no image (an attestation, say) is passed over.
fn manifests(layout: &Path, index: &Index, found: &mut Vec<Descriptor>, depth: usize) -> Result<(), Problem> {
    for descriptor in &index.manifests {
        match descriptor.media_type.as_str() {
            super::INDEX | "application/vnd.docker.distribution.manifest.list.v2+json" if depth > 0 => {
                let inner: Index = parse(&blob::read(layout, descriptor)?, "index")?;
                manifests(layout, &inner, found, depth - 1)?;
            }
            super::MANIFEST | "application/vnd.docker.distribution.manifest.v2+json"
                if !found.iter().any(|other| other.digest == descriptor.digest) =>
            {
                found.push(descriptor.clone());
            }
            _ => {}
        }
    }
    Ok(())
}

/// A layer as OCI names it; Docker's layers have the same bytes.
fn as_oci(layer: Descriptor) -> Descriptor {
    let media_type = match layer.media_type.as_str() {
        "application/vnd.docker.image.rootfs.diff.tar.gzip" => LAYER,
        "application/vnd.docker.image.rootfs.diff.tar" => "application/vnd.oci.image.layer.v1.tar",
        other => other,
    };
    Descriptor::new(media_type, layer.digest, layer.size)
}

fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| Problem::new(format!("the base's {what} cannot be read: {error}")))
}
