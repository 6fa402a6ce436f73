//! The C compiler that cgo and the race detector need. Does not know what is compiled.

use farm_sdk::{Action, Host, Problem};

/// A C compiler, and what there is beside it.
#[derive(Debug)]
pub(crate) struct Compiler {
    c: &'static str,
    /// For C++.
    cxx: Option<&'static str>,
    /// For `#cgo pkg-config`.
    pkg_config: Option<&'static str>,
}

/// Compilers for C and C++, those that go takes by itself on Linux first.
const COMPILERS: [(&str, &str); 2] = [("gcc", "g++"), ("clang", "clang++")];
const PKG_CONFIG: &str = "pkg-config";

/// All tools that this file may ask for.
pub(crate) const TOOLS: [&str; 5] = ["gcc", "g++", "clang", "clang++", PKG_CONFIG];

impl Compiler {
    /// The first one on the PATH; the option that needs it is named where there is none.
    pub(crate) fn find(host: &dyn Host, option: &str) -> Result<Self, Problem> {
        let there = |tool: &'static str| host.has_tool(tool).map(|found| found.then_some(tool));
        for (c, cxx) in COMPILERS {
            if there(c)?.is_some() {
                return Ok(Self {
                    c,
                    cxx: there(cxx)?,
                    pkg_config: there(PKG_CONFIG)?,
                });
            }
        }
        let message = format!("option `{option}` needs a C compiler, and neither `gcc` nor `clang` is on the PATH");
        Err(Problem::new(message).hint(format!("install one of them, or leave `{option}` out")))
    }

    /// Lets go use it.
    pub(crate) fn apply(&self, action: Action) -> Action {
        let action = action
            .uses_tools([self.c])
            .uses_tools(self.cxx)
            .uses_tools(self.pkg_config);
        let action = action.env("CGO_ENABLED", "1").env("CC", self.c);
        match self.cxx {
            Some(cxx) => action.env("CXX", cxx),
            None => action,
        }
    }
}
