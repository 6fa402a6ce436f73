//! The bindings to `wit/builder.wit`: the one place on the host's side where they are generated.
//!
//! Host functions are asynchronous so that a call can wait, between two turns of [`super::desk::drive`], for an answer
//! that only its caller can give. Does not know the engine's own words: [`super::convert`] translates.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "plugin",
    imports: { default: async },
    exports: { default: async },
});
