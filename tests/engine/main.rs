//! Tests of the engine that start no process: a list of modules, one a part of the engine.

mod config;
mod disk;
mod graph;
mod plugin;
mod restore;
mod store;
mod tidy;
