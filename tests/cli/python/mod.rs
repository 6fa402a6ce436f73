//! The builder `python` beyond the shop: its example, which is checked, tested, packed and migrated, and wheels by other
//! build back ends.

mod backends;
mod checks;
mod made;
mod migrate;

use crate::example::Example;

/// The example, built once for all tests.
static STOCK: Example = Example::new("python");
