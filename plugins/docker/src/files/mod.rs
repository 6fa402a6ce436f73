//! The step `files`: what an image is built, run and deployed with, rendered from templates. Does not know options.

mod product;
mod render;
mod templates;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use farm_sdk::Problem;
use serde::{Deserialize, Serialize};

use crate::model::{Container, Context, Image, Layer, Product};
use crate::names;
use crate::oci::image::LAYERS;
use crate::oci::layer::TAR;
use crate::options::Development;
use crate::services::Backing;

pub(crate) use templates::find as find_templates;

/// What the step reads, below its input.
pub(crate) const METADATA: &str = "image.json";
pub(crate) const PRODUCTS: &str = "products";
pub(crate) const TEMPLATES: &str = "templates";
/// What it writes, below its output.
pub(crate) const DEPLOYMENT: &str = "deployment";
pub(crate) const PRODUCT: &str = "product.json";
/// How many digits of a digest make a tag.
const DIGITS: usize = 12;

/// What every template sees.
#[derive(Debug, Serialize)]
struct Variables<'a> {
    target: &'a str,
    /// What the whole is called in Compose and Kubernetes.
    product: String,
    mode: &'a str,
    /// The way from the files' folder to the output folder, which holds the images.
    output: String,
    /// How this target's image is made.
    image: Option<&'a Image>,
    /// This target's container.
    container: Option<&'a Container>,
    /// All containers of the product.
    containers: &'a [Container],
    /// All services that they use.
    services: &'a [Backing],
    /// The names of all secrets.
    secrets: BTreeSet<&'a str>,
    development: &'a Development,
}

/// The digest in the image's metadata.
#[derive(Deserialize)]
struct Assembled {
    digest: String,
}

/// Writes the files, and what other targets are told of this one's containers.
pub(crate) fn run(mut context: Context, input: &Path, output: &Path) -> Result<(), Problem> {
    pin(&mut context, input)?;
    let product = product::of(&mut context, input)?;
    let folder = output.join(DEPLOYMENT);
    let templates = templates::read(&context, input)?;
    for (name, text) in render::all(&templates, &variables(&context, &product))? {
        let place = folder.join(&name);
        fs::create_dir_all(place.parent().unwrap_or(&folder))?;
        fs::write(place, &text)?;
        if text.starts_with("#!") {
            farm_sdk::make_executable(output, &Path::new(DEPLOYMENT).join(name))?;
        }
    }
    copy_layers(&context, input, &folder)?;
    let product = serde_json::to_vec(&product).map_err(std::io::Error::from)?;
    Ok(fs::write(output.join(PRODUCT), product)?)
}

/// An image that farm assembled is named by its digest, so that what runs is what was built: in a registry by the digest
/// itself, else by a tag that is the beginning of it.
fn pin(context: &mut Context, input: &Path) -> Result<(), Problem> {
    let path = input.join(METADATA);
    let (Some(image), true) = (&mut context.image, path.is_file()) else {
        return Ok(());
    };
    let Assembled { digest } = parse(&fs::read(path)?)?;
    if let Some(container) = &mut context.container {
        container.assembled = true;
        container.image = match &mut container.pushed {
            Some(pushed) => {
                pushed.digest = Some(digest.clone());
                format!("{}@{digest}", pushed.reference)
            }
            None => {
                let hex = digest.trim_start_matches("sha256:");
                format!("{}:{}", container.name, hex.get(..DIGITS).unwrap_or(hex))
            }
        };
    }
    image.digest = Some(digest);
    Ok(())
}

fn variables<'a>(context: &'a Context, product: &'a Product) -> Variables<'a> {
    let of_containers = product.containers.iter().flat_map(|container| &container.secrets);
    let of_services = product.services.iter().flat_map(|service| service.secrets.values());
    Variables {
        target: &context.target,
        product: names::of_target(&context.target),
        mode: &context.mode,
        output: "../".repeat(context.target.split(':').count()) + "..",
        image: context.image.as_ref(),
        container: context.container.as_ref(),
        containers: &product.containers,
        services: &product.services,
        secrets: of_containers.chain(of_services).map(String::as_str).collect(),
        development: &context.development,
    }
}

/// Puts the layers beside the Dockerfile, which is complete by that.
fn copy_layers(context: &Context, input: &Path, folder: &Path) -> Result<(), Problem> {
    let Some(image) = &context.image else {
        return Ok(());
    };
    let layers: Vec<&Layer> = image.layers.iter().chain(&image.volumes).collect();
    if !layers.is_empty() {
        fs::create_dir_all(folder.join(LAYERS))?;
    }
    for layer in layers {
        fs::copy(input.join(LAYERS).join(&layer.id).join(TAR), folder.join(&layer.file))?;
    }
    Ok(())
}

fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| Problem::new(format!("a dependency's facts cannot be read: {error}")))
}
