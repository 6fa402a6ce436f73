//! The actions that test a package in each build. Does not know what the tests do.

use farm_sdk::{Action, Host, OutputRef, Problem};

use crate::options::{Compiler, Test};
use crate::{Code, Parts};

/// Tests in TypeScript, which are compiled first.
const TYPED: [&str; 2] = [
    "**/*.{spec,test}.{cts,mts,ts,tsx}",
    "**/__tests__/**/*.{cts,mts,ts,tsx}",
];

/// Runs the tests beside the compiled package, as the options say.
pub(crate) fn test(parts: &Parts<'_>, code: &Code, host: &dyn Host) -> Result<Vec<Action>, Problem> {
    match parts.sources.options.test {
        Test::None => Ok(Vec::new()),
        Test::Script => {
            check_script(parts)?;
            let test = Action::tool("test", "npm")
                .args(["run", "--silent", "test"])
                .uses_tools(["node"]);
            Ok(vec![beside(parts, test, &code.outputs)])
        }
        Test::Node => {
            let test = Action::tool("test", "node").args(["--test"]);
            let typed = typed(parts, host)?;
            if typed.is_empty() {
                return Ok(vec![beside(parts, test, &code.outputs)]);
            }
            let compile = parts
                .setup
                .compile(parts.sources.project, "compile-tests", parts.inputs(true));
            let compile = compile.label("compile the tests");
            let test = beside(parts, test.args(typed), &[compile.out("compiled")]);
            Ok(vec![compile, test])
        }
    }
}

fn beside(parts: &Parts<'_>, test: Action, compiled: &[OutputRef]) -> Action {
    let project = parts.sources.project;
    test.label("test")
        .in_folder(project.folder.as_str())
        .input(parts.sources.all())
        .inputs(parts.setup.compiled(project, compiled))
        .inputs(parts.modules())
}

fn check_script(parts: &Parts<'_>) -> Result<(), Problem> {
    let project = parts.sources.project;
    if project.manifest.scripts.contains_key("test") {
        return Ok(());
    }
    let problem = Problem::new("option `test` asks for the script `test`, which `package.json` does not have");
    Err(problem
        .in_file(project.at("package.json"))
        .hint("add it to `scripts`, or set `test = \"node\"`"))
}

/// What the tests that have to be compiled are called then.
fn typed(parts: &Parts<'_>, host: &dyn Host) -> Result<Vec<String>, Problem> {
    if parts.setup.compiler == Compiler::None {
        return Ok(Vec::new());
    }
    let project = parts.sources.project;
    let found = host.glob(
        &TYPED.map(|pattern| project.at(pattern)).each_ref().map(String::as_str),
        &[&project.at(&format!("{}/**", parts.setup.out))],
    )?;
    let compiled = found.iter().map(|path| {
        let own = path[project.folder.len()..].trim_start_matches('/');
        parts.setup.target_of(own).ok_or_else(|| {
            let message = format!("the test `{own}` lies outside of the compiler's `rootDir`, or there is none");
            let problem = Problem::new(message).in_file(path);
            problem.hint("set `rootDir` to a folder that holds sources and tests, or `test = \"script\"`")
        })
    });
    compiled.collect()
}
