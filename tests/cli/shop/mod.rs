//! The example shop, built for real: what farm promises its users, shown on a product of two languages.

mod again;
mod change;
pub(crate) mod files;
mod first;
pub(crate) mod product;
mod seal;
pub(crate) mod serve;
pub(crate) mod server;
mod verbs;
