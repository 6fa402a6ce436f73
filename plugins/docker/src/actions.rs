//! The actions of an image: its layers, the image itself, the files around it, and what is done on demand. Does not read
//! any file.

use farm_sdk::{Action, Dependency, Input, Output, Problem};
use serde::Serialize;

use crate::base::{self, Base, Source};
use crate::container;
use crate::files;
use crate::model::{Context, Layer};
use crate::oci::check::CHECKED;
use crate::oci::config::Settings;
use crate::oci::image::{self, Assembly, COMPONENTS, LAYERS, LAYOUT, METADATA, TAG};
use crate::oci::layer::{self, CONTENT, FACTS, Folders, TAR};
use crate::oci::links::LINKS;
use crate::options::{Engine, Login, Options};
use crate::parts::Part;

/// One artifact as a layer over the base.
pub(crate) fn layer(part: &Part, options: &Options, source: Option<&Source>) -> Result<Action, Problem> {
    let content = layer::Content {
        path: part.path.clone(),
        platform: part.platform.clone(),
        published: part.is_published(),
        not_secret: options
            .not_secret
            .iter()
            .filter(|name| name.starts_with('/'))
            .cloned()
            .collect(),
    };
    let action = Action::step(&part.id, "layer")
        .label(format!("layer of {}", part.from()))
        .parameters(&json(&content)?)
        .input(Input::artifact(CONTENT, &part.target, &part.artifact));
    Ok(over(source, action))
}

/// The folders that the container's user writes to, as a layer.
pub(crate) fn volumes(options: &Options, source: Option<&Source>) -> Result<Action, Problem> {
    let (user, group) = container::user(options.user());
    let folders = Folders {
        paths: options.volumes.clone(),
        user,
        group,
    };
    let action = Action::step(VOLUMES, "folders")
        .label("layer of volumes")
        .parameters(&json(&folders)?);
    Ok(over(source, action))
}

/// The id of the action for the volumes.
pub(crate) const VOLUMES: &str = "layer.volumes";

/// A layer goes to where the base's links lead. What it is made from does not change with another base that has the same.
fn over(source: Option<&Source>, action: Action) -> Action {
    action
        .inputs(source.map(|source| Input::output(LINKS, source.links.clone())))
        .output(Output::file("layer", TAR))
        .output(Output::file("facts", FACTS))
}

/// The image: layers over the base.
pub(crate) fn assemble(
    (base, source): (&Base, Option<&Source>),
    settings: Settings,
    (layers, platforms): (&[Layer], &[String]),
) -> Result<Action, Problem> {
    let of = |platform: &String| image::Image {
        platform: platform.clone(),
        layers: layers
            .iter()
            .filter(|layer| layer.platform.as_ref().is_none_or(|own| own == platform))
            .map(|layer| image::Layer {
                id: layer.id.clone(),
                from: layer.from.clone(),
            })
            .collect(),
    };
    let assembly = Assembly {
        base: source.map(|source| image::BaseImage {
            layout: source.place.clone(),
            name: base.called().map(str::to_owned),
            digest: base.digest().map(str::to_owned),
        }),
        settings,
        images: platforms.iter().map(of).collect(),
    };
    Ok(Action::step("image", "image")
        .label("assemble the image")
        .parameters(&json(&assembly)?)
        .inputs(source.map(|source| source.input.clone()))
        .inputs(source.map(|source| Input::output(CHECKED, source.checked.clone())))
        .inputs(
            layers
                .iter()
                .flat_map(|layer| [part_of(layer, "layer", TAR), part_of(layer, "facts", FACTS)]),
        )
        .output(Output::folder("image", LAYOUT))
        .output(Output::file("metadata", METADATA))
        .output(Output::file("components", COMPONENTS)))
}

fn part_of(layer: &Layer, output: &str, file: &str) -> Input {
    Input::output(
        format!("{LAYERS}/{}/{file}", layer.id),
        farm_sdk::OutputRef::new(&layer.id, output),
    )
}

/// The files around the image: Dockerfiles, Compose, Kubernetes, scripts, and the layers that the Dockerfile adds.
pub(crate) fn files(context: &Context, image: Option<&Action>, products: &[&Dependency]) -> Result<Action, Problem> {
    let layers = context
        .image
        .iter()
        .flat_map(|image| image.layers.iter().chain(&image.volumes));
    let products = products.iter().enumerate().map(|(number, product)| {
        // In the order of the dependencies, whatever their names.
        let place = format!("{}/{number:04}.json", files::PRODUCTS);
        Input::artifact(place, &product.target, &product.name)
    });
    Ok(Action::step("files", "files")
        .label("write the Dockerfile, Compose and Kubernetes files")
        .parameters(&json(context)?)
        .inputs(layers.map(|layer| part_of(layer, "layer", TAR)))
        .inputs(image.map(|image| Input::output(files::METADATA, image.out("metadata"))))
        .inputs(products)
        .inputs(context.templates.as_ref().map(|_| templates(context)))
        .output(Output::folder("deployment", files::DEPLOYMENT))
        .output(Output::file("product", files::PRODUCT)))
}

/// The user's templates, below a folder of their own.
fn templates(context: &Context) -> Input {
    let folder = context.templates.as_deref().unwrap_or_default();
    let own = folder
        .strip_prefix(files::TEMPLATES)
        .unwrap_or(folder)
        .trim_start_matches('/');
    Input::files([format!("{own}/**")]).below(files::TEMPLATES)
}

/// Brings the image into a registry. Where farm could not assemble it, there is nothing to bring, and the missing tool is
/// named to whoever asks.
pub(crate) fn push(reference: &str, login: Option<&Login>, image: Option<&Action>) -> Action {
    let script = format!(
        "set -eu\n{}{}",
        login.map_or(String::new(), |login| login.script(base::host(reference))),
        COPY
    );
    let action = Action::tool("push", "sh")
        .label(format!("push to {reference}"))
        .args(["-c", script.as_str(), "push"])
        .args([
            base::tls(reference, "--dest-tls-verify"),
            format!("oci:image:{TAG}"),
            format!("docker://{reference}"),
        ])
        .on_demand()
        .reaches(["oci"])
        .uses_tools(["skopeo"])
        .inputs(image.map(|image| Input::output("image", image.out("image"))));
    match login {
        Some(login) => action.secret(&login.user).secret(&login.password),
        None => action,
    }
}

/// Copies all platforms; the arguments are the script's.
const COPY: &str = "exec skopeo --insecure-policy --tmpdir \"$TMPDIR\" copy --all \"$1\" \"$2\" \"$3\"\n";

/// Builds the Dockerfile with a container engine for one platform, and calls the image `reference`. `layout` is a local
/// base.
pub(crate) fn engine(
    engine: Engine,
    (reference, platform): (&str, &str),
    layout: Option<(String, Input)>,
    files: &Action,
) -> Action {
    let name = engine.name();
    let (place, base) = layout.unzip();
    let action = match engine {
        Engine::Docker => docker(place).env("PLATFORM", platform),
        Engine::Buildah | Engine::Podman => {
            // These read a layout where it is. For a network of their own they would need iptables and a bridge.
            let base = place.map(|place| ["--build-arg".to_owned(), format!("BASE=oci:{place}")]);
            Action::tool("engine", name)
                .args([
                    "build",
                    "--format",
                    "docker",
                    "--network",
                    "host",
                    "--platform",
                    platform,
                ])
                .args(base.into_iter().flatten())
                .args(["--file", "deployment/Dockerfile", "--tag", reference, "deployment"])
                .pass_env(STORAGE)
                .reaches(["oci"])
                .without_sandbox()
        }
    };
    action
        .label(format!("build the Dockerfile with {name}"))
        .on_demand()
        .input(Input::output("deployment", files.out("deployment")))
        .inputs(base)
}

/// Docker keeps images in a store of its own, and has to be given a local base.
fn docker(place: Option<String>) -> Action {
    let action = Action::tool("engine", "sh")
        .args(["deployment/build.sh", "docker"])
        .uses_tools(["docker"])
        .pass_env(["DOCKER_HOST"])
        .reaches(["docker", "oci"]);
    match place {
        Some(place) => action.uses_tools(["skopeo"]).env("BASE_LAYOUT", place),
        None => action,
    }
}

/// What says where buildah and podman keep images.
const STORAGE: [&str; 3] = ["CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "XDG_RUNTIME_DIR"];

impl Engine {
    /// The program.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Buildah => "buildah",
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }
}

fn json<T: Serialize>(value: &T) -> Result<serde_json::Value, Problem> {
    serde_json::to_value(value).map_err(|error| Problem::new(format!("a step cannot be told its task: {error}")))
}
