//! Tests of the real program: each runs `farm` in a folder of its own and compares all that users see.

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/guests.rs"]
mod guests;

mod bad_input;
mod counts;
mod debug;
mod described;
mod disk;
mod example;
mod golang;
mod handbook;
mod hostile;
mod images;
mod incremental;
mod interrupt;
mod kill;
mod leftovers;
mod models;
mod node;
mod on_demand;
mod pages;
mod plans;
mod presets;
mod profile;
mod publish;
mod puppet;
mod python;
mod random;
mod reuse;
mod rust;
mod sandbox;
mod scale;
mod scheduling;
mod shapes;
mod shared;
mod shop;
mod shown;
mod tools;
mod usage;
mod web;
mod why;
