//! The two kinds of targets: one that makes an image, and one that only deploys those of others. Does not know how an
//! action does its work.

use farm_sdk::{Action, Artifact, Dependency, Host, Plan, Problem, Request};

use crate::base::{Base, Source};
use crate::model::{Container, Context, Image, Layer};
use crate::oci::config::Settings;
use crate::options::{Development, Options};
use crate::parts::{self, Part};
use crate::services::{self, Backing};
use crate::{actions, container};

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
    if options.base.is_none() && !options.packages.is_empty() {
        let problem = Problem::new("option `packages` installs with the base's apt or apk, and there is no `base`");
        return Err(problem.hint("name a base, or leave the packages out"));
    }
    let base = Base::read(options.base.as_deref(), &request.dependencies, host)?;
    let parts = parts::find(options, &request.dependencies, &platforms, here(request))?;
    let settings = container::settings(options, &parts)?;
    let (services, address) = services::read(options);
    let own = container::container(options, &parts, &name, (&services, &address))?;
    let described = describe(options, (&parts, &base), &settings, &own, &platforms);
    let layers = layers(&described);
    let missing = Missing::look(options, &base, host)?;
    missing.tell(host);
    let mut plan = Plan::new();
    for part in &parts {
        plan = plan.action(actions::layer(part)?);
    }
    if !options.volumes.is_empty() {
        plan = plan.action(actions::volumes(options)?);
    }
    let source = base.source(&platforms).filter(|_| !missing.base);
    let assembled = if missing.base {
        None
    } else {
        Some(actions::assemble(source.as_ref(), settings, (&layers, &platforms))?)
    };
    let context = context(request, templates, Some((described, own)), services);
    let files = actions::files(&context, assembled.as_ref(), &products(request))?;
    let layout = source.as_ref().filter(|_| base.is_local());
    let layout = layout.map(|source| (source.place_for_tool(&base, &request.root), source.input.clone()));
    let engine = options.engine.map(|engine| actions::engine(engine, layout, &files));
    let login = options.push_login.as_ref();
    let push = options.push.as_ref().zip(assembled.as_ref());
    let push = push.map(|(reference, image)| actions::push(reference, login, image));
    let plan = with_image(plan, source, assembled);
    Ok(with_files(plan, files).actions(engine).actions(push))
}

/// The plan of a target that deploys the images of others.
pub(crate) fn deployment(request: &Request<Options>, templates: Option<String>) -> Result<Plan, Problem> {
    let products = products(request);
    let (services, _) = services::read(&request.options);
    if products.is_empty() && services.is_empty() {
        let problem = Problem::new("there is nothing to put into an image, and nothing to deploy");
        return Err(problem.hint("name targets in `deps`: those that make an app, a bundle or a program, or images"));
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
        .metadata(assembled.out("metadata"));
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
    own: &Container,
    platforms: &[String],
) -> Image {
    let volumes = (!options.volumes.is_empty()).then(|| Layer {
        id: actions::VOLUMES.to_owned(),
        stage: "volumes".to_owned(),
        name: "volumes".to_owned(),
        file: "layers/volumes.tar.gz".to_owned(),
        from: format!("folders of user {}", options.user),
        path: options.volumes.join(", "),
        kind: "volumes".to_owned(),
        platform: None,
    });
    Image {
        reference: own.image.clone(),
        pushed: options.push.is_some(),
        digest: None,
        base: base.reference(),
        base_is_local: base.is_local(),
        layers: parts.iter().map(|part| layer(part, platforms.len() > 1)).collect(),
        volumes,
        packages: options.packages.clone(),
        user: options.user.clone(),
        directory: settings.directory.clone(),
        entrypoint: settings.entrypoint.clone(),
        command: settings.command.clone(),
        env: settings.environment.clone(),
        labels: settings.labels.clone(),
        platforms: platforms.to_vec(),
    }
}

/// `of_several`: whether there is an image for another platform, too.
fn layer(part: &Part, of_several: bool) -> Layer {
    let name = format!("{}-{}", part.target.replace(':', "-"), part.name);
    let platform = part.platform.as_ref().filter(|_| of_several);
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

/// All layers of the image, the volumes' above the artifacts'.
fn layers(image: &Image) -> Vec<Layer> {
    image.layers.iter().chain(&image.volumes).cloned().collect()
}

/// The service's name: letters, digits and `-` alone, as Kubernetes wants it.
fn name(request: &Request<Options>) -> String {
    let usual = || request.target.replace([':', '_', '.'], "-");
    request.options.name.clone().unwrap_or_else(usual)
}

fn platforms(request: &Request<Options>) -> Vec<String> {
    match request.options.platforms.is_empty() {
        true => vec![here(request).to_owned()],
        false => request.options.platforms.clone(),
    }
}

/// The platform of images that this machine runs.
fn here(request: &Request<Options>) -> &'static str {
    if request.platform.ends_with("aarch64") {
        "linux/arm64"
    } else {
        "linux/amd64"
    }
}

/// What the machine lacks, and what the target does without it.
struct Missing {
    /// Whether the base cannot be fetched.
    base: bool,
    said: Vec<String>,
}

impl Missing {
    fn look(options: &Options, base: &Base, host: &dyn Host) -> Result<Self, Problem> {
        let mut missing = Self {
            base: false,
            said: Vec::new(),
        };
        if !host.has_tool("skopeo")? {
            missing.base = matches!(base, Base::Registry(_));
            if missing.base {
                let said = "skopeo is not on PATH: the base is not fetched and no image is assembled";
                missing.said.push(said.to_owned());
            } else if options.push.is_some() {
                missing
                    .said
                    .push("skopeo is not on PATH: the image is not pushed".to_owned());
            }
        }
        if let Some(engine) = options.engine
            && !host.has_tool(engine.name())?
        {
            let said = format!(
                "{} is not on PATH: the Dockerfile is written and not built",
                engine.name()
            );
            missing.said.push(said);
        }
        Ok(missing)
    }

    /// One message for all of it.
    fn tell(&self, host: &dyn Host) {
        if !self.said.is_empty() {
            host.warn(&format!("{}; everything else is made", self.said.join("; ")));
        }
    }
}
