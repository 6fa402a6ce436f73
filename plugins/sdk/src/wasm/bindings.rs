//! The bindings of `wit/builder.wit`, generated here and nowhere else.

wit_bindgen::generate!({
    path: "../../wit",
    world: "plugin",
    pub_export_macro: true,
    default_bindings_module: "farm_sdk::wasm::bindings",
});
