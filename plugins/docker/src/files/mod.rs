//! The step `files`: what an image is built, run and deployed with, rendered from templates. Does not know options.

mod render;
mod templates;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use farm_sdk::Problem;
use serde::{Deserialize, Serialize};

use crate::model::{Container, Context, Image, Layer, Product};
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

/// What every template sees.
#[derive(Debug, Serialize)]
struct Variables<'a> {
    target: &'a str,
    mode: &'a str,
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
    let own = Product {
        containers: context.container.iter().cloned().collect(),
        services: std::mem::take(&mut context.services),
    };
    let product = with_others(own, input)?;
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

/// An image in a registry is named with its digest, so that what runs is what was built.
fn pin(context: &mut Context, input: &Path) -> Result<(), Problem> {
    let path = input.join(METADATA);
    let (Some(image), true) = (&mut context.image, path.is_file()) else {
        return Ok(());
    };
    let assembled: Assembled = parse(&fs::read(path)?)?;
    if let (Some(container), true) = (&mut context.container, image.pushed) {
        container.image = format!("{}@{}", image.reference, assembled.digest);
    }
    image.digest = Some(assembled.digest);
    Ok(())
}

/// With the containers and services of other targets. Two may use one service, if they mean the same.
fn with_others(mut product: Product, input: &Path) -> Result<Product, Problem> {
    for file in files_of(&input.join(PRODUCTS))? {
        let other: Product = parse(&fs::read(file)?)?;
        for container in other.containers {
            add(&mut product.containers, container, |container| &container.name)?;
        }
        for service in other.services {
            add(&mut product.services, service, |service| &service.name)?;
        }
    }
    let is_service = |container: &&Container| product.services.iter().any(|service| service.name == container.name);
    match product.containers.iter().find(is_service) {
        Some(container) => Err(twice(&container.name)),
        None => Ok(product),
    }
}

/// The files of a folder in the order of their names; none where there is no folder.
fn files_of(folder: &Path) -> Result<Vec<std::path::PathBuf>, Problem> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut files = entries.collect::<std::io::Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

fn add<T: Serialize>(list: &mut Vec<T>, added: T, name: impl Fn(&T) -> &String) -> Result<(), Problem> {
    let text = |value: &T| serde_json::to_string(value).map_err(std::io::Error::from);
    match list.iter().find(|other| name(other) == name(&added)) {
        None => list.push(added),
        Some(other) if text(other)? == text(&added)? => {}
        Some(_) => return Err(twice(name(&added))),
    }
    Ok(())
}

fn twice(name: &str) -> Problem {
    let problem = Problem::new(format!("two different services of the product have the name `{name}`"));
    problem.hint("give one of the targets another `name`, or write the service the same in both")
}

fn variables<'a>(context: &'a Context, product: &'a Product) -> Variables<'a> {
    let of_containers = product.containers.iter().flat_map(|container| &container.secrets);
    let of_services = product.services.iter().flat_map(|service| service.secrets.values());
    Variables {
        target: &context.target,
        mode: &context.mode,
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
