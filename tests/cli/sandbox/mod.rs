//! What a hostile or careless tool can do inside the sandbox, tried with real tools. Each case has its id from the list
//! of adversarial cases in its name, and runs at each tier that has to hold it.

pub(crate) mod cell;
mod ending;
mod files;
mod network;
mod processes;
mod server;
mod surroundings;
