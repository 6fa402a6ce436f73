//! Tests of the engine through its public functions, without a process.

mod disk;
mod restore;
mod store;
