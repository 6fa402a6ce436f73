//! The engine, tested without a process of its own: a list of modules, one a topic.

mod plugin;
