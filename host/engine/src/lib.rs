//! farm's engine: the whole build, without a terminal.
//!
//! The modules stand in the order in which a build passes through them; arrows go down this list only (a test holds
//! the table). The engine never prints, and never reads the process environment or the home folder: the request
//! carries what was read.

pub mod digest;
pub mod error;
pub mod event;
pub mod fs;
pub mod path;

pub mod artifact;
pub mod cache;
pub mod config;
pub mod execute;
pub mod graph;
pub mod inputs;
pub mod key;
pub mod plan;
pub mod plugin;
pub mod run;
pub mod sandbox;
pub mod schedule;
