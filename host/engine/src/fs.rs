//! The only place that calls `std::fs`: file operations that know their path.

pub mod measure;
pub mod private;
