//! Tests of the engine through its public functions, without a process.

mod config;
mod graph;
mod tidy;
