//! The builder `docker`: container images of what the dependencies make, and the files to build and run them with.
//!
//! Actions: `layer.*` (a layer for each artifact), `image` (an OCI layout of them over the base), `files` (Dockerfiles,
//! Compose, Kubernetes, scripts), for a base `base-check`, and for one in a registry `base-lock` and `base`; on demand
//! `push` and `engine`.
//! Artifacts: `image` of kind `oci-image`, `deployment` of kind `deployment`, `container` of kind `container-service` for
//! targets that deploy several. Does not know what the artifacts do.

mod actions;
mod advice;
mod base;
mod container;
mod files;
mod model;
mod names;
mod oci;
mod options;
mod parts;
mod places;
mod platform;
mod resources;
mod secret;
mod services;
mod target;

use std::path::Path;

use farm_sdk::{Builder, Description, Host, Plan, Problem, Request};
use serde::de::DeserializeOwned;

pub use crate::options::Options;

/// The builder.
#[derive(Debug)]
pub struct Docker;

impl Builder for Docker {
    type Options = Options;

    fn describe() -> Description {
        let schema = include_str!("options.schema.json");
        Description::new(
            "docker",
            env!("CARGO_PKG_VERSION"),
            "container images and deployment files",
            schema,
        )
        .wants_tool("buildah")
        .wants_tool("docker")
        .wants_tool("podman")
        .wants_tool("sh")
        .wants_tool("skopeo")
        .wants_network("docker")
        .wants_network("oci")
        .wants_environment("CONTAINERS_CONF")
        .wants_environment("CONTAINERS_STORAGE_CONF")
        .wants_environment("DOCKER_HOST")
        .wants_environment("XDG_RUNTIME_DIR")
        .wants_secret("*")
    }

    fn plan(request: &Request<Options>, host: &dyn Host) -> Result<Plan, Problem> {
        secret::check(&request.options)?;
        let templates = files::find_templates(request.options.templates.as_deref(), host)?;
        if target::is_image(request) {
            target::image(request, templates, host)
        } else {
            target::deployment(request, templates)
        }
    }

    fn run_step(name: &str, parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
        match name {
            "base-check" => oci::check::run(&read(parameters)?, input, output),
            "base-lock" => base::write_lock(&read::<base::Lock>(parameters)?, output),
            "files" => files::run(read(parameters)?, input, output),
            "folders" => oci::layer::run_folders(&read(parameters)?, input, output),
            "image" => oci::image::run(&read(parameters)?, input, output),
            "layer" => oci::layer::run(&read(parameters)?, input, output),
            _ => Err(Problem::new(format!("this builder has no step `{name}`"))),
        }
    }
}

farm_sdk::export!(Docker);

/// What a step is told by this builder's own plan.
fn read<T: DeserializeOwned>(parameters: &str) -> Result<T, Problem> {
    serde_json::from_str(parameters).map_err(|error| Problem::new(format!("a step was told nonsense: {error}")))
}
