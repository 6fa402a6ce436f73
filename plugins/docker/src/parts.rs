//! What becomes part of an image: which artifacts of the dependencies, where, and for which platform. Does not know what
//! is in them.

use farm_sdk::{Dependency, Problem};

use crate::options::{Options, Path};
use crate::platform;

/// An artifact that becomes a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The id of the action that makes the layer, and the layer's name.
    pub(crate) id: String,
    pub(crate) target: String,
    pub(crate) artifact: String,
    /// The artifact's name, without the platform that it is for.
    pub(crate) name: String,
    pub(crate) kind: String,
    /// Where it is in the image: a folder's files below this path, a file at it.
    pub(crate) path: String,
    /// The only platform that it is for.
    pub(crate) platform: Option<String>,
}

/// Kinds of a single program for one platform.
const BINARIES: [&str; 2] = ["go-binary", "rust-binary"];
/// Kinds of what a public registry gives to everybody.
const PUBLISHED: [&str; 2] = ["node-modules", "python-packages"];
/// Kinds that are about a product and no part of it.
const NEVER: [&str; 7] = [
    "bundle-analysis",
    "container-service",
    "deployment",
    // These packages are among the `node-modules`, too.
    "node-workspace",
    "oci-image",
    "openapi-schema",
    "python-wheel",
];
/// The longest name that an action may have.
const MAX_ID: usize = 64;

impl Part {
    /// What it is, for a history, a comment or a report.
    pub(crate) fn from(&self) -> String {
        format!("{}/{} at {}", self.target, self.artifact, self.path)
    }

    pub(crate) fn is_binary(&self) -> bool {
        BINARIES.contains(&self.kind.as_str())
    }

    /// Whether there is nothing in it but what a registry gives to everybody.
    pub(crate) fn is_published(&self) -> bool {
        PUBLISHED.contains(&self.kind.as_str())
    }

    pub(crate) fn is_for(&self, platform: &str) -> bool {
        self.platform.as_deref().is_none_or(|own| own == platform)
    }
}

/// The parts of the images for these platforms. `machine` is the platform of a binary that names none.
pub(crate) fn find(
    options: &Options,
    dependencies: &[Dependency],
    platforms: &[String],
    machine: &str,
) -> Result<Vec<Part>, Problem> {
    check_names(options, dependencies)?;
    let base = options.base.as_deref().unwrap_or_default();
    let mut parts = Vec::new();
    for dependency in dependencies.iter().filter(|dependency| name(dependency) != base) {
        let Some(path) = place(options, dependency, dependencies) else {
            continue;
        };
        let platform = is_binary(dependency).then(|| platform_of(dependency, machine));
        if platform.as_ref().is_some_and(|platform| !platforms.contains(platform)) {
            continue;
        }
        parts.push(Part {
            id: id(dependency, parts.len()),
            target: dependency.target.clone(),
            artifact: dependency.name.clone(),
            name: if is_binary(dependency) {
                program(dependency)
            } else {
                &dependency.name
            }
            .to_owned(),
            kind: dependency.kind.clone(),
            path,
            platform,
        });
    }
    for platform in platforms {
        check_places(&parts, platform)?;
        check_programs(options, dependencies, (platform, machine))?;
    }
    Ok(parts)
}

/// An artifact as the options name it.
fn name(dependency: &Dependency) -> String {
    format!("deps/{}/{}", dependency.target, dependency.name)
}

/// The path that the user gives it, or the one that artifacts of its kind have.
fn place(options: &Options, dependency: &Dependency, all: &[Dependency]) -> Option<String> {
    match options.paths.get(&name(dependency)) {
        Some(Path::To(path)) => Some(if path == "/" {
            path.clone()
        } else {
            path.trim_end_matches('/').to_owned()
        }),
        Some(Path::Out(_)) => None,
        None if is_for_building(dependency, all) => None,
        None => usual_place(dependency),
    }
}

/// The packages of a front end make its bundle, and nobody needs them when it is served.
fn is_for_building(dependency: &Dependency, all: &[Dependency]) -> bool {
    let is_run = |other: &Dependency| other.kind == "node-package" && other.target == dependency.target;
    dependency.kind == "node-modules" && !all.iter().any(is_run)
}

fn usual_place(dependency: &Dependency) -> Option<String> {
    let name = dependency.name.as_str();
    match dependency.kind.as_str() {
        kind if NEVER.contains(&kind) => None,
        "node-package" | "python-app" => Some("/app".to_owned()),
        "node-modules" => Some("/app/node_modules".to_owned()),
        "python-packages" => Some("/app/site-packages".to_owned()),
        "web-bundle" => Some("/srv/www".to_owned()),
        kind if BINARIES.contains(&kind) => Some(format!("/usr/local/bin/{}", program(dependency))),
        _ => Some(format!("/app/{name}")),
    }
}

fn is_binary(dependency: &Dependency) -> bool {
    BINARIES.contains(&dependency.kind.as_str())
}

/// What a binary runs on: as its name says, where it was made for several platforms, else as this machine.
fn platform_of(dependency: &Dependency, machine: &str) -> String {
    platform::split(&dependency.name)
        .1
        .unwrap_or_else(|| machine.to_owned())
}

fn program(dependency: &Dependency) -> &str {
    platform::split(&dependency.name).0
}

fn id(dependency: &Dependency, number: usize) -> String {
    let id = format!("layer.{}.{}", dependency.target.replace(':', "."), dependency.name);
    if id.len() <= MAX_ID {
        id
    } else {
        format!("layer.{number}")
    }
}

/// An option that names what no dependency makes would be without effect.
fn check_names(options: &Options, dependencies: &[Dependency]) -> Result<(), Problem> {
    let known: Vec<String> = dependencies.iter().map(name).collect();
    match options.paths.keys().find(|named| !known.contains(named)) {
        None => Ok(()),
        Some(named) => {
            let problem = Problem::new(format!("option `paths` names `{named}`, which no dependency makes"));
            Err(problem.hint(format!("the dependencies make {}", known.join(", "))))
        }
    }
}

/// Each place of an image is for one artifact.
fn check_places(parts: &[Part], platform: &str) -> Result<(), Problem> {
    let own: Vec<&Part> = parts.iter().filter(|part| part.is_for(platform)).collect();
    for (number, part) in own.iter().enumerate() {
        if let Some(other) = own[..number].iter().find(|other| other.path == part.path) {
            let [a, b] = [other, part].map(|part| format!("`deps/{}/{}`", part.target, part.artifact));
            let problem = Problem::new(format!("{a} and {b} would both be at `{}`", part.path));
            return Err(problem.hint("say in the option `paths` where one of them goes, or `false` to leave it out"));
        }
    }
    Ok(())
}

/// A target that makes programs makes one for each platform that there is an image for: one for another would not start.
fn check_programs(
    options: &Options,
    dependencies: &[Dependency],
    (platform, machine): (&str, &str),
) -> Result<(), Problem> {
    let wanted = |dependency: &&Dependency| is_binary(dependency) && place(options, dependency, dependencies).is_some();
    for dependency in dependencies.iter().filter(wanted) {
        let same = dependencies.iter().filter(|other| other.target == dependency.target);
        let made: Vec<String> = same.filter(wanted).map(|other| platform_of(other, machine)).collect();
        if !made.iter().any(|made| made == platform) {
            let problem = Problem::new(format!(
                "`{}` makes no program for {platform}, but for {}",
                dependency.target,
                made.join(", ")
            ));
            return Err(problem.hint(
                "let it make one for each platform of the image; the option `platforms` says which these are, and \
                 `false` in `paths` leaves a program out",
            ));
        }
    }
    Ok(())
}
