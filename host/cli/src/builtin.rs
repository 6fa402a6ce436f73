//! The built-in builders: components that the build script compiled. Does not know what they do.

/// Name and component of each.
pub(crate) fn builders() -> Vec<(String, &'static [u8])> {
    let builders: [(&str, &'static [u8]); 8] = [
        ("command", include_bytes!(concat!(env!("OUT_DIR"), "/command.wasm"))),
        ("docker", include_bytes!(concat!(env!("OUT_DIR"), "/docker.wasm"))),
        ("go", include_bytes!(concat!(env!("OUT_DIR"), "/go.wasm"))),
        ("model", include_bytes!(concat!(env!("OUT_DIR"), "/model.wasm"))),
        ("node", include_bytes!(concat!(env!("OUT_DIR"), "/node.wasm"))),
        ("python", include_bytes!(concat!(env!("OUT_DIR"), "/python.wasm"))),
        ("rust", include_bytes!(concat!(env!("OUT_DIR"), "/rust.wasm"))),
        ("vite", include_bytes!(concat!(env!("OUT_DIR"), "/vite.wasm"))),
    ];
    builders.map(|(name, component)| (name.to_owned(), component)).into()
}
