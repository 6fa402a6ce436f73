//! The step `image`: layers over a base, as an OCI image layout. Does not know how the layers were made.

use std::fs;
use std::path::Path;

use farm_sdk::Problem;
use farm_sdk::components::{Component, Components};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::base::Base;
use super::config::Settings;
use super::layer::{FACTS, Facts, TAR};
use super::{
    CONFIG, Descriptor, EPOCH_TEXT, INDEX, Index, MANIFEST, Manifest, Platform, blob, check, read_json, to_json,
};

/// The layers' folders, below the step's input.
pub(crate) const LAYERS: &str = "layers";
/// The layout, below the step's output.
pub(crate) const LAYOUT: &str = "image";
/// Facts about the image, beside the layout.
pub(crate) const METADATA: &str = "image.json";
/// What it is built on, for its SBOM.
pub(crate) const COMPONENTS: &str = "components.json";
/// The name of a base's image in a layout, and of the image itself.
pub(crate) const TAG: &str = "latest";

/// What the step is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Assembly {
    /// None for an image from nothing.
    pub(crate) base: Option<BaseImage>,
    pub(crate) settings: Settings,
    pub(crate) images: Vec<Image>,
}

/// What the image is built on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BaseImage {
    /// Where its layout is, below the step's input.
    pub(crate) layout: String,
    /// What its component is called in the SBOM; none where it is an artifact, which is there by itself.
    pub(crate) name: Option<String>,
    /// The digest that it is pinned by; without one, that of each image in it that was taken.
    pub(crate) digest: Option<String>,
}

/// The image of one platform.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Image {
    pub(crate) platform: String,
    pub(crate) layers: Vec<Layer>,
}

/// A layer, the lowest first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Layer {
    /// Its folder below `layers`.
    pub(crate) id: String,
    /// What it is, for the image's history.
    pub(crate) from: String,
}

/// The artifact's metadata.
#[derive(Debug, Serialize)]
struct Metadata {
    digest: String,
    bytes: u64,
    platform: String,
    layers: Vec<Measured>,
}

#[derive(Debug, Serialize)]
struct Measured {
    digest: String,
    bytes: u64,
    from: String,
}

/// Writes the layout and the metadata.
pub(crate) fn run(assembly: &Assembly, input: &Path, output: &Path) -> Result<(), Problem> {
    let layout = output.join(LAYOUT);
    fs::create_dir_all(layout.join("blobs/sha256"))?;
    let mut measured = Vec::new();
    let mut manifests = Vec::new();
    let mut components = Components::default();
    for image in &assembly.images {
        let place = Place { input, layout: &layout };
        let base = place.base(assembly, image)?;
        if let (Some(base), Some(named)) = (&base, &assembly.base) {
            list(&mut components, named, &base.digest);
        }
        manifests.push(place.write(assembly, image, base.as_ref(), &mut measured)?);
    }
    components.write(&output.join(COMPONENTS))?;
    let mut image = top(&layout, manifests)?;
    let metadata = Metadata {
        digest: image.digest.clone(),
        bytes: measured.iter().map(|layer| layer.bytes).sum(),
        platform: platforms(assembly),
        layers: measured,
    };
    image.annotations = [("org.opencontainers.image.ref.name".to_owned(), TAG.to_owned())].into();
    fs::write(layout.join("index.json"), to_json(&index(vec![image]))?)?;
    fs::write(
        layout.join("oci-layout"),
        to_json(&json!({ "imageLayoutVersion": "1.0.0" }))?,
    )?;
    Ok(fs::write(output.join(METADATA), to_json(&metadata)?)?)
}

/// Where the parts of an image are, and where it goes.
struct Place<'a> {
    input: &'a Path,
    layout: &'a Path,
}

impl Place<'_> {
    /// What the image of one platform is built on.
    fn base(&self, assembly: &Assembly, image: &Image) -> Result<Option<Base>, Problem> {
        let platform = Platform::parse(&image.platform)?;
        let base = assembly.base.as_ref();
        base.map(|base| Base::open(&self.input.join(&base.layout), &platform))
            .transpose()
    }

    /// Writes the image of one platform; its manifest.
    fn write(
        &self,
        assembly: &Assembly,
        image: &Image,
        base: Option<&Base>,
        measured: &mut Vec<Measured>,
    ) -> Result<Descriptor, Problem> {
        let platform = Platform::parse(&image.platform)?;
        let mut layers = Vec::new();
        if let Some(base) = base {
            base.copy_layers(self.layout, &check::read(self.input)?)?;
            layers.extend(base.layers.iter().cloned());
            base.layers
                .iter()
                .for_each(|layer| measure(measured, layer, "the base"));
        }
        let mut facts = Vec::new();
        for layer in &image.layers {
            let folder = self.input.join(LAYERS).join(&layer.id);
            let read: Facts = read_json(&folder.join(FACTS))?;
            let descriptor = read.descriptor();
            blob::copy(&folder.join(TAR), self.layout, &descriptor)?;
            measure(measured, &descriptor, &layer.from);
            layers.push(descriptor);
            facts.push((read, layer));
        }
        check_places(&facts)?;
        let config = config(base, &assembly.settings, &platform, &facts);
        let config = blob::write(self.layout, CONFIG, &to_json(&config)?)?;
        let manifest = Manifest {
            schema_version: 2,
            media_type: MANIFEST.to_owned(),
            config,
            layers,
        };
        let mut descriptor = blob::write(self.layout, MANIFEST, &to_json(&manifest)?)?;
        descriptor.platform = Some(platform);
        Ok(descriptor)
    }
}

/// Refuses an artifact below another that is a single file: one of them would be gone.
fn check_places(layers: &[(Facts, &Layer)]) -> Result<(), Problem> {
    for (file, layer) in layers.iter().filter(|(facts, _)| facts.is_file) {
        let above: Vec<String> = file.places.iter().map(|place| format!("{place}/")).collect();
        let is_below = |place: &String| above.iter().any(|above| place.starts_with(above));
        let Some((_, other)) = layers.iter().find(|(facts, _)| facts.places.iter().any(is_below)) else {
            continue;
        };
        let problem = Problem::new(format!(
            "`{}` is a single file, and `{}` would be below it",
            layer.from, other.from
        ));
        return Err(problem.hint("say in the option `paths` where else one of them goes"));
    }
    Ok(())
}

/// Lists the base, of whose packages nothing is known.
fn list(components: &mut Components, base: &BaseImage, taken: &str) {
    let Some(name) = &base.name else {
        return;
    };
    let image = Component::image(name, base.digest.as_deref().unwrap_or(taken));
    components.incomplete(&image.bom_ref);
    components.add(image);
}

/// A blob that several images have counts once.
fn measure(measured: &mut Vec<Measured>, layer: &Descriptor, from: &str) {
    if measured.iter().all(|other| other.digest != layer.digest) {
        measured.push(Measured {
            digest: layer.digest.clone(),
            bytes: layer.size,
            from: from.to_owned(),
        });
    }
}

/// What a layout's index names: the image, or the index of its platforms.
fn top(layout: &Path, mut manifests: Vec<Descriptor>) -> Result<Descriptor, Problem> {
    if manifests.len() == 1 {
        return Ok(manifests.swap_remove(0));
    }
    blob::write(layout, INDEX, &to_json(&index(manifests))?)
}

fn index(manifests: Vec<Descriptor>) -> Index {
    Index {
        schema_version: 2,
        media_type: INDEX.to_owned(),
        manifests,
    }
}

fn platforms(assembly: &Assembly) -> String {
    let names: Vec<&str> = assembly.images.iter().map(|image| image.platform.as_str()).collect();
    names.join(", ")
}

/// The image's configuration: the base's, with the own settings, layers and history.
fn config(base: Option<&Base>, settings: &Settings, platform: &Platform, layers: &[(Facts, &Layer)]) -> Value {
    let mut config = base.map(|base| base.config.clone()).unwrap_or_default();
    let inner = settings.over(config.get("config"));
    let own_ids = layers.iter().map(|(facts, _)| json!(facts.diff_id));
    let diff_ids: Vec<Value> = base
        .map(Base::diff_ids)
        .unwrap_or_default()
        .into_iter()
        .chain(own_ids)
        .collect();
    let own_history = layers.iter().map(|(_, layer)| entry(&layer.from));
    let history: Vec<Value> = history(&config).into_iter().chain(own_history).collect();
    // Of the machine that made the base.
    for name in ["container", "container_config", "docker_version", "id", "parent"] {
        config.remove(name);
    }
    config.insert("created".to_owned(), json!(EPOCH_TEXT));
    config.insert("architecture".to_owned(), json!(platform.architecture));
    config.insert("os".to_owned(), json!(platform.os));
    if let Some(variant) = &platform.variant {
        config.insert("variant".to_owned(), json!(variant));
    }
    config.insert("config".to_owned(), inner);
    config.insert("rootfs".to_owned(), json!({ "type": "layers", "diff_ids": diff_ids }));
    config.insert("history".to_owned(), json!(history));
    sorted(config)
}

fn history(config: &Map<String, Value>) -> Vec<Value> {
    let list = config.get("history").and_then(Value::as_array);
    list.cloned().unwrap_or_default()
}

fn entry(from: &str) -> Value {
    json!({ "created": EPOCH_TEXT, "created_by": format!("farm: {from}") })
}

/// One order of fields, whatever the base had.
fn sorted(config: Map<String, Value>) -> Value {
    let mut entries: Vec<(String, Value)> = config.into_iter().collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Object(entries.into_iter().collect())
}
