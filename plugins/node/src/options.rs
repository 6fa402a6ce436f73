//! The target's options. `options.schema.json` tells their meaning to the user.

use farm_sdk::Problem;
use serde::Deserialize;

/// The target's options.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    pub(crate) bundle_dependencies: Option<bool>,
    pub(crate) compiler: Option<Compiler>,
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
    pub(crate) files: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) install_scripts: bool,
    out_dir: Option<String>,
    #[serde(default)]
    pub(crate) test: Test,
    #[serde(default = "tsconfig")]
    tsconfig: String,
    #[serde(default = "yes")]
    pub(crate) typecheck: bool,
}

/// What compiles the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Compiler {
    /// The TypeScript compiler.
    Tsc,
    /// SWC.
    Swc,
    /// Nothing: they run as they are.
    None,
}

/// How the package is tested.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Test {
    /// Not in a build.
    #[default]
    None,
    /// By Node's own runner.
    Node,
    /// By the script `test`.
    Script,
}

impl Options {
    /// The folder that the option names for what is compiled, from the target's folder.
    pub(crate) fn out_dir(&self) -> Result<Option<&str>, Problem> {
        let folder = self.out_dir.as_deref();
        folder.map(|folder| below("out-dir", folder, "dist")).transpose()
    }

    /// The TypeScript configuration, from the target's folder.
    pub(crate) fn tsconfig(&self) -> Result<&str, Problem> {
        below("tsconfig", &self.tsconfig, "tsconfig.build.json")
    }
}

/// A path of an option, which stays below the target's folder.
fn below<'a>(option: &str, path: &'a str, example: &str) -> Result<&'a str, Problem> {
    let plain = path.trim_start_matches("./").trim_end_matches('/');
    if plain.split('/').any(|part| matches!(part, "" | "." | "..")) {
        let problem = Problem::new(format!(
            "option `{option}` is no path below the target's folder: `{path}`"
        ));
        return Err(problem.hint(format!("name one below the target's `root`, such as `{example}`")));
    }
    Ok(plain)
}

fn tsconfig() -> String {
    "tsconfig.json".to_owned()
}

const fn yes() -> bool {
    true
}
