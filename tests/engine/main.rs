//! Tests of the engine that start no process: a list of modules, one a part of the engine.

#[path = "../support/guests.rs"]
mod guests;

mod config;
mod disk;
mod graph;
mod key;
mod plan;
mod plugin;
mod restore;
mod rustup;
mod store;
mod tidy;
