//! The two kinds of targets: one that makes an image, and one that only deploys those of others. Does not know how an
//! action does its work.

use farm_sdk::{Action, Artifact, Dependency, Host, Plan, Problem, Request};

use crate::advice::{self, Missing};
use crate::base::{Base, Source};
use crate::model::{Container, Context, Image, Layer};
use crate::oci::config::Settings;
use crate::options::{Development, Options};
use crate::parts::{self, Part};
use crate::services::{self, Backing};
use crate::{actions, container, names, places, platform};

/// What other targets' containers are told of in.
const CONTAINER: &str = "container-service";

/// Whether the target makes an image: it has a base, or something to put into one.
pub(crate) fn is_image(request: &Request<Options>) -> bool {
    let deployed = [CONTAINER, "deployment", "oci-image"];
    let is_content = |dependency: &Dependency| !deployed.contains(&dependency.kind.as_str());
    request.options.base.is_some() || request.dependencies.iter().any(is_content)
}

/// The plan of a target that makes an image.
pub(crate) fn image(request: &Request<Options>, templates: Option<String>, host: &dyn Host) -> Result<Plan, Problem> {
    let (options, name) = (&request.options, name(request));
    let platforms = platforms(request);
    check(options)?;
    let base = Base::read(options, &request.dependencies, host)?;
    let machine = platform::of_machine(&request.platform);
    let parts = parts::find(options, &request.dependencies, &platforms, &machine)?;
    places::check_parts(options, &parts)?;
    let settings = container::settings(options, &parts)?;
    let services = services::read(options);
    let own = container::container(options, &parts, (&request.target, &name), &services)?;
    let described = describe(options, (&parts, &base), &settings, (&name, &platforms));
    let layers = layers(&described);
    let missing = Missing::look(options, &base, host)?;
    missing.tell(host);
    advice::tell(request, (&parts, &base), (&platforms, &here(request)), host);
    let source = base.source(&platforms, options).filter(|_| !missing.base);
    let plan = with_layers(options, &parts, source.as_ref())?;
    let assembled = if missing.base {
        None
    } else {
        Some(actions::assemble(
            (&base, source.as_ref()),
            settings,
            (&layers, &platforms),
        )?)
    };
    let reference = described.reference.clone();
    let context = context(request, templates, Some((described, own)), services);
    let files = actions::files(&context, assembled.as_ref(), &products(request))?;
    let layout = source.as_ref().filter(|_| base.is_local());
    let layout = layout.map(|source| (source.place_for_tool(&base, &request.root), source.input.clone()));
    let built = platform_of_engine(&platforms, &here(request));
    let engine = options
        .engine
        .map(|engine| actions::engine(engine, (&reference, &built), layout, &files));
    let push = options.push.as_ref();
    let push = push.map(|reference| actions::push(reference, options.push_login.as_ref(), assembled.as_ref()));
    let plan = with_image(plan, source, assembled);
    Ok(with_files(plan, files).actions(engine).actions(push))
}

fn with_layers(options: &Options, parts: &[Part], source: Option<&Source>) -> Result<Plan, Problem> {
    let mut plan = Plan::new();
    for part in parts {
        plan = plan.action(actions::layer(part, options, source)?);
    }
    if !options.volumes.is_empty() {
        plan = plan.action(actions::volumes(options, source)?);
    }
    Ok(plan)
}

/// Refuses options that mean nothing, or would be without effect.
fn check(options: &Options) -> Result<(), Problem> {
    places::check(options)?;
    container::check(options)?;
    let is_fetched = options.base.as_ref().is_some_and(|base| base.contains('@'));
    if options.base_login.is_some() && !is_fetched {
        let problem = Problem::new("option `base-login` says who fetches the base, and nothing is fetched");
        return Err(problem.hint("name in `base` an image of a registry, or leave the login out"));
    }
    if options.base.is_none() && !options.packages.is_empty() {
        let problem = Problem::new("option `packages` installs with the base's apt or apk, and there is no `base`");
        return Err(problem.hint("name a base, or leave the packages out"));
    }
    if options.push.is_none() && options.push_login.is_some() {
        let problem = Problem::new("option `push-login` says who pushes, and nothing is pushed");
        return Err(problem.hint("name in `push` where the image goes, or leave the login out"));
    }
    match services::used_by(options).keys().next() {
        None => Ok(()),
        Some(service) => {
            let problem = Problem::new(format!(
                "`used-by` of the service `{service}` is for targets that only deploy, and this one makes an image"
            ));
            Err(problem.hint("leave it out: the service is used by this target's own container"))
        }
    }
}

/// The plan of a target that deploys the images of others.
pub(crate) fn deployment(request: &Request<Options>, templates: Option<String>) -> Result<Plan, Problem> {
    let products = products(request);
    let services = services::read(&request.options);
    if products.is_empty() && services.is_empty() {
        let problem = Problem::new("there is nothing to put into an image, and nothing to deploy");
        return Err(problem.hint("name targets in `deps`: those that make an app, a bundle or a program, or images"));
    }
    let idle = request.options.of_images();
    if !idle.is_empty() {
        let problem = Problem::new(format!(
            "these options are about an image, and this target only deploys those of others: {}",
            idle.join(", ")
        ));
        return Err(problem.hint(
            "move them to the targets that make the images, or name in `deps` what this one is to put into an image",
        ));
    }
    let context = context(request, templates, None, services);
    Ok(with_files(Plan::new(), actions::files(&context, None, &products)?))
}

fn with_image(plan: Plan, source: Option<Source>, assembled: Option<Action>) -> Plan {
    let Some(assembled) = assembled else {
        return plan;
    };
    let artifact = Artifact::new("image", "oci-image", assembled.out("image"))
        .placed("image")
        .metadata(assembled.out("metadata"))
        .components(assembled.out("components"));
    let fetches = source.into_iter().flat_map(|source| source.actions);
    plan.actions(fetches).action(assembled).artifact(artifact)
}

fn with_files(plan: Plan, files: Action) -> Plan {
    let deployment = Artifact::new("deployment", "deployment", files.out("deployment")).placed("deployment");
    let container = Artifact::new("container", CONTAINER, files.out("product"));
    plan.action(files).artifact(deployment).artifact(container)
}

/// The containers of other targets; a base is none.
fn products(request: &Request<Options>) -> Vec<&Dependency> {
    let base = request.options.base.as_deref().unwrap_or_default();
    let is_base = |dependency: &Dependency| base.starts_with(&format!("deps/{}/", dependency.target));
    let products = request.dependencies_of_kind(CONTAINER);
    products.filter(|dependency| !is_base(dependency)).collect()
}

fn context(
    request: &Request<Options>,
    templates: Option<String>,
    own: Option<(Image, Container)>,
    services: Vec<Backing>,
) -> Context {
    let (image, container) = own.unzip();
    Context {
        target: request.target.clone(),
        mode: request.mode.clone(),
        image,
        container,
        services,
        used_by: services::used_by(&request.options),
        development: development(request),
        templates,
    }
}

/// With its folders of sources from the workspace's root.
fn development(request: &Request<Options>) -> Development {
    let mut development = request.options.development.clone();
    let from_root = |path: &String| match path.strip_prefix("//") {
        Some(path) => path.to_owned(),
        None if request.root.is_empty() => path.clone(),
        None => format!("{}/{path}", request.root),
    };
    let mounts = development.mounts.iter();
    development.mounts = mounts
        .map(|(source, place)| (from_root(source), place.clone()))
        .collect();
    development
}

/// The image as the templates see it.
fn describe(
    options: &Options,
    (parts, base): (&[Part], &Base),
    settings: &Settings,
    (name, platforms): (&str, &[String]),
) -> Image {
    let volumes = (!options.volumes.is_empty()).then(|| Layer {
        id: actions::VOLUMES.to_owned(),
        stage: "volumes".to_owned(),
        name: "volumes".to_owned(),
        file: "layers/volumes.tar.gz".to_owned(),
        from: format!("folders of user {}", options.user()),
        path: options.volumes.join(", "),
        kind: "volumes".to_owned(),
        platform: None,
    });
    Image {
        reference: container::reference(options, name),
        pushed: options.push.is_some(),
        digest: None,
        base: base.reference(),
        base_is_local: base.is_local(),
        layers: layers_of(parts, platforms.len() > 1),
        volumes,
        packages: options.packages.clone(),
        user: options.user().to_owned(),
        directory: settings.directory.clone(),
        entrypoint: settings.entrypoint.clone(),
        command: settings.command.clone(),
        env: settings.environment.clone(),
        labels: settings.labels.clone(),
        platforms: platforms.to_vec(),
    }
}

/// The layers of artifacts. `of_several`: whether there is an image for another platform, too.
fn layers_of(parts: &[Part], of_several: bool) -> Vec<Layer> {
    let mut names: Vec<((&str, &str), String)> = Vec::new();
    let mut layers = Vec::new();
    for part in parts {
        // A program for several platforms has one name; another artifact never has it, too.
        let key = (part.target.as_str(), part.name.as_str());
        let known = names
            .iter()
            .find(|(other, _)| *other == key)
            .map(|(_, name)| name.clone());
        let name = known.unwrap_or_else(|| {
            let name = stage(&format!("{}-{}", part.target, part.name));
            let is_taken = names.iter().any(|(_, other)| *other == name);
            if is_taken {
                format!("{name}-{}", names.len())
            } else {
                name
            }
        });
        names.push((key, name.clone()));
        let platform = part.platform.as_ref().filter(|_| of_several);
        layers.push(layer(part, name, platform));
    }
    layers
}

fn layer(part: &Part, name: String, platform: Option<&String>) -> Layer {
    let stage = platform.map_or_else(
        || name.clone(),
        |platform| format!("{name}-{}", platform.replace('/', "-")),
    );
    Layer {
        id: part.id.clone(),
        file: format!("layers/{stage}.tar.gz"),
        stage,
        name,
        from: part.from(),
        path: part.path.clone(),
        kind: part.kind.clone(),
        platform: part.platform.clone(),
    }
}

/// A name for a stage of a Dockerfile, which starts with a letter. A member's target has a colon in its name.
fn stage(text: &str) -> String {
    let name = text.replace(':', "-");
    if name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name
    } else {
        format!("layer-{name}")
    }
}

/// All layers of the image, the volumes' above the artifacts'.
fn layers(image: &Image) -> Vec<Layer> {
    image.layers.iter().chain(&image.volumes).cloned().collect()
}

/// The service's name.
fn name(request: &Request<Options>) -> String {
    let usual = || names::of_target(&request.target);
    request.options.name.clone().unwrap_or_else(usual)
}

fn platforms(request: &Request<Options>) -> Vec<String> {
    match request.options.platforms.is_empty() {
        true => vec![here(request)],
        false => request.options.platforms.clone(),
    }
}

/// What an engine builds an image for: this machine, where there is an image for it.
fn platform_of_engine(platforms: &[String], here: &str) -> String {
    let own = platforms.iter().find(|platform| *platform == here);
    own.or(platforms.first()).cloned().unwrap_or_else(|| here.to_owned())
}

/// The platform of images that this machine runs.
fn here(request: &Request<Options>) -> String {
    platform::of_images(&request.platform)
}
