//! The tools that the build of a wheel may start: compilers, where it needs any, and what the option `build-tools` names.
//! Does not know how a back end calls them.

use std::collections::BTreeSet;

use farm_sdk::{Action, Host, Problem};

use crate::options::Options;
use crate::pyproject::BuildSystem;
use crate::sources;

/// Compilers for C and C++, those that Python takes by itself on Linux first.
const COMPILERS: [(&str, &str); 2] = [("gcc", "g++"), ("clang", "clang++")];

/// What has to be compiled by one of them.
const COMPILED: &[&str] = &["**/*.{c,cc,cpp,cxx,pyx}"];

/// Packages that compile Rust.
const FOR_RUST: [&str; 2] = ["maturin", "setuptools-rust"];
const RUST: [&str; 2] = ["cargo", "rustc"];

/// What the build of one wheel may start.
#[derive(Debug, Default)]
pub(crate) struct Compilers {
    /// For C, and for C++ where there is one.
    c: Option<(&'static str, Option<&'static str>)>,
    more: Vec<String>,
}

impl Compilers {
    /// Those that this wheel needs and that are on the PATH. That a compiler for C is not there is left to the back end,
    /// which may do without.
    pub(crate) fn find(system: &BuildSystem, options: &Options, host: &dyn Host) -> Result<Self, Problem> {
        let mut more = options.build_tools.clone();
        for tool in &more {
            if !host.has_tool(tool)? {
                let problem = Problem::new(format!("option `build-tools` names `{tool}`, which is not on the PATH"));
                return Err(problem.hint("install it, or leave it out"));
            }
        }
        let package = FOR_RUST.into_iter().find(|package| system.names(package));
        for tool in RUST {
            match package {
                Some(_) if host.has_tool(tool)? => more.push(tool.to_owned()),
                Some(package) => {
                    let problem = Problem::new(format!("`{package}` compiles Rust, and `{tool}` is not on the PATH"));
                    return Err(problem.hint("install Rust with rustup"));
                }
                None => {}
            }
        }
        let is_compiled = package.is_some() || !host.glob(COMPILED, sources::NEVER)?.is_empty();
        let c = if is_compiled { for_c(options, host)? } else { None };
        Ok(Self { c, more })
    }

    /// Lets an action start them.
    pub(crate) fn apply(&self, action: Action) -> Action {
        let c = self.c.iter().flat_map(|(c, cxx)| [Some(*c), *cxx]).flatten();
        let tools: BTreeSet<&str> = self.more.iter().map(String::as_str).chain(c).collect();
        let action = action.uses_tools(tools);
        // No registry is reached: with this, cargo says so at once.
        let action = match self.more.iter().any(|tool| tool == "cargo") {
            true => action.env("CARGO_NET_OFFLINE", "true"),
            false => action,
        };
        let Some((c, cxx)) = self.c else { return action };
        let action = action.env("CC", c);
        match cxx {
            Some(cxx) => action.env("CXX", cxx),
            None => action,
        }
    }
}

/// The first compiler on the PATH, one that is named before all others.
fn for_c(options: &Options, host: &dyn Host) -> Result<Option<(&'static str, Option<&'static str>)>, Problem> {
    let is_named = |tool: &str| options.build_tools.iter().any(|named| named == tool);
    let mut compilers = COMPILERS;
    compilers.sort_by_key(|(c, cxx)| !(is_named(c) || is_named(cxx)));
    for (c, cxx) in compilers {
        if host.has_tool(c)? {
            return Ok(Some((c, host.has_tool(cxx)?.then_some(cxx))));
        }
    }
    Ok(None)
}
