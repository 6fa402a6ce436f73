//! The builder `python` beyond the shop: its example, which is checked, tested, packed and migrated, wheels by other
//! build back ends, and what is part of an app.

mod backends;
mod checks;
mod history;
mod made;
mod migrate;
mod native;
mod sources;

use crate::example::Example;

/// The example, built once for all tests.
static STOCK: Example = Example::new("python");
