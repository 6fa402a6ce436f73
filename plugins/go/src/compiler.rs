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
    /// The one that the option `cgo` needs, without which no package can be compiled.
    pub(crate) fn for_cgo(host: &dyn Host) -> Result<Self, Problem> {
        Self::find(host)?.ok_or_else(|| {
            let problem = Problem::new("option `cgo` needs a C compiler, and neither `gcc` nor `clang` is on the PATH");
            problem.hint("install one of them, or leave `cgo` out")
        })
    }

    /// The one that the option `race` needs. Where there is none, it is said once, and the tests alone fail for want of it.
    pub(crate) fn for_race(host: &dyn Host) -> Result<Self, Problem> {
        if let Some(found) = Self::find(host)? {
            return Ok(found);
        }
        host.warn(
            "option `race` needs a C compiler, and neither `gcc` nor `clang` is on the PATH: no test runs, and everything \
             else is built; install one of them, or leave `race` out",
        );
        let [(c, _), ..] = COMPILERS;
        Ok(Self {
            c,
            cxx: None,
            pkg_config: None,
        })
    }

    /// The first one on the PATH.
    fn find(host: &dyn Host) -> Result<Option<Self>, Problem> {
        let there = |tool: &'static str| host.has_tool(tool).map(|found| found.then_some(tool));
        for (c, cxx) in COMPILERS {
            if there(c)?.is_some() {
                return Ok(Some(Self {
                    c,
                    cxx: there(cxx)?,
                    pkg_config: there(PKG_CONFIG)?,
                }));
            }
        }
        Ok(None)
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
