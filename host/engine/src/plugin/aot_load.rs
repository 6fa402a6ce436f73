//! The one place that trusts bytes to be machine code.
//!
//! Knows nothing of where they were kept: [`super::aot`] hands over only what it verified.

use wasmtime::Engine;
use wasmtime::component::Component;

use super::aot::Verified;

/// Makes the component of its compiled form. A form of another wasmtime or for another engine is an error.
#[expect(unsafe_code, reason = "wasmtime cannot check machine code; the MAC does")]
pub(super) fn load(engine: &Engine, verified: Verified<'_>) -> wasmtime::Result<Component> {
    // SAFETY: `deserialize` wants the unmodified output of `Component::serialize`, of any version. A `Verified` is made
    // only of a buffer whose keyed MAC was right; the key lies in a folder that this user alone can read and write, and
    // only `aot::Compiled::save` makes MACs under it, of nothing but that output. wasmtime reads the same buffer that was
    // verified, which nobody else can change.
    unsafe { Component::deserialize(engine, verified.bytes()) }
}
