//! Tests of the engine that start no process: a list of modules, one a part of the engine.

mod config;
mod graph;
mod plugin;
mod tidy;
