//! The built-in builders: components that the build script compiled, and listed. Does not know what they do.

/// Name and component of each.
pub(crate) fn builders() -> Vec<(String, &'static [u8])> {
    let builders = include!(concat!(env!("OUT_DIR"), "/builders.rs"));
    builders.map(|(name, component)| (name.to_owned(), component)).into()
}
