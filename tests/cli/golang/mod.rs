//! The builder `go` with the real go: the example service, and small modules at every tier.

mod example;
mod failing;
mod modules;
mod poison;
pub(crate) mod product;
pub(crate) mod proxy;
mod small;
mod tested;

/// Ends a test where there is no go.
macro_rules! needs_go {
    () => {
        if !$crate::golang::product::has_go() {
            $crate::skip!("there is no Go 1.24 or later on the PATH; scripts/setup installs it");
        }
    };
}
pub(crate) use needs_go;
