//! The builder `model` with the real frameworks: the example, exports that are wrong, checkpoints that mean harm, and an
//! Ollama store.

mod deep;
mod example;
mod failing;
mod files;
mod hub;
mod lacking;
mod ollama;
pub(crate) mod product;
mod vision;

/// Ends a test where the frameworks are not to be had.
macro_rules! needs_frameworks {
    () => {
        if let Some(reason) = $crate::models::product::missing() {
            $crate::skip!("{reason}");
        }
    };
}
use needs_frameworks;
