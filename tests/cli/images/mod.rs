//! Images and what goes with them, looked at by the tools of others: skopeo, umoci, buildah, a registry, schemas.

mod deploy;
mod deployment;
mod engine;
mod nothing;
mod platform;
mod registry;
pub(crate) mod tools;
