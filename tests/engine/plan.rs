//! Plans: what may not be answered, and when a remembered plan still holds.

mod check;
mod on_demand;
mod record;
