//! Images and what goes with them, looked at by the tools of others: skopeo, umoci, buildah, a registry, schemas.

mod deploy;
mod deployment;
mod engine;
mod linked;
mod node;
mod nothing;
mod platform;
mod registry;
mod server;
pub(crate) mod tools;
