//! The built-in builders: components that the build script compiled. Does not know what they do.

/// Name and component of each.
pub(crate) fn builders() -> Vec<(String, &'static [u8])> {
    let builders: [(&str, &'static [u8]); 4] = [
        ("command", include_bytes!(concat!(env!("OUT_DIR"), "/command.wasm"))),
        ("docker", include_bytes!(concat!(env!("OUT_DIR"), "/docker.wasm"))),
        ("python", include_bytes!(concat!(env!("OUT_DIR"), "/python.wasm"))),
        ("vite", include_bytes!(concat!(env!("OUT_DIR"), "/vite.wasm"))),
    ];
    builders.map(|(name, component)| (name.to_owned(), component)).into()
}
