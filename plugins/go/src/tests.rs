//! The actions that test: one compiles the test programs, with what go keeps for all workspaces; the next one runs them,
//! and sees nothing of that. Does not read any file.

use farm_sdk::{Action, Input, Output};

use crate::actions::{Go, WEIGHT};
use crate::compiler::Compiler;
use crate::trust;

/// Where the script lies in the tree, and what it leaves there.
const SCRIPT: &str = "farm/test.sh";
const PROGRAMS: &str = "farm/tests";

impl Go<'_> {
    /// `go test` on this machine, in two actions; with the race detector by the compiler `race`.
    pub(crate) fn test(&self, race: Option<&Compiler>) -> [Action; 2] {
        let compile = self.compile_tests(race);
        let run = self.run_tests(race, &compile);
        [compile, run]
    }

    /// All that `go test` does but running tests. Go promises that compiling runs no code of packages; where options or
    /// variables could make it do so, nothing that others use is there.
    fn compile_tests(&self, race: Option<&Compiler>) -> Action {
        let (options, compiler) = (&self.request.options, race.or(self.compiler.as_ref()));
        let compile = Action::tool("compile-tests", "sh")
            .label("compile tests")
            .weight(WEIGHT)
            .uses_tools(["go"])
            .args([SCRIPT, "compile"])
            .args(self.selection())
            // A test that has to run does: what go remembers of its results is known by the times of files. And what was
            // compiled for the programs serves the tests, too.
            .args(["-trimpath", "-count=1"])
            .args(options.vet.then_some("-vet=off"))
            .args(race.map(|_| "-race"))
            .args(self.patterns())
            // Behind the packages a flag may be one of the test's own.
            .args(options.test_flags.iter().cloned())
            .inputs(self.project.sources(options))
            .input(script())
            .output(Output::folder("tests", PROGRAMS));
        let compile = self.with_options(self.alone(compile, compiler));
        if trust::steers_test_compiler(&options.test_flags) {
            return compile;
        }
        self.with_cache(compile, compiler.is_some())
    }

    /// Runs the programs where `go test` would. go itself is there for tests that build something.
    fn run_tests(&self, race: Option<&Compiler>, compile: &Action) -> Action {
        let options = &self.request.options;
        let run = Action::tool("test", "sh")
            .label("test")
            .weight(WEIGHT)
            .uses_tools(["go"])
            .args([SCRIPT, "run", options.tests_at_once()])
            .inputs(self.project.sources(options))
            .input(script())
            .input(Input::output(PROGRAMS, compile.out("tests")));
        let run = self.alone(run, race.or(self.compiler.as_ref()));
        options.env().fold(run, |run, (name, value)| run.env(name, value))
    }
}

fn script() -> Input {
    Input::content(SCRIPT, include_str!("scripts/test.sh"))
}
