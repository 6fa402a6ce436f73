//! Tests of the real program: each runs `farm` in a folder of its own and compares all that users see.

#[path = "../support/mod.rs"]
mod support;

mod debug;
mod handbook;
mod interrupt;
mod sandbox;
mod shop;
mod usage;
