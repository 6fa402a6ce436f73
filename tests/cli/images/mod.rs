//! Images and what goes with them, looked at by the tools of others: skopeo, umoci, buildah, a registry, schemas.

mod deployment;
mod nothing;
mod platform;
mod registry;
mod tools;
