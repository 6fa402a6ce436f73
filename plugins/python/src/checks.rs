//! The actions that check the code and run its tests in each build. They make nothing: no artifact holds what they find.
//! Does not know what the code does.

use farm_pip::{Installed, Lock, Use, steady};
use farm_sdk::{Action, EntryKind, Host, Input, Problem};

use crate::{Target, ruff, sources};

/// The script that starts a program of a package.
const PROGRAM: &str = "farm_program.py";

/// How many workers run the tests where pytest-xdist is pinned, and nothing else is said.
const WORKERS: u32 = 4;

/// All that checks are made from.
#[derive(Debug)]
struct Checks<'a> {
    target: &'a Target<'a>,
    /// What is pinned for developers.
    pinned: Lock,
    /// The same, installed.
    packages: Option<Installed>,
}

/// Those that the options ask for, with what they need installed before.
pub(crate) fn actions(target: &Target<'_>, host: &dyn Host) -> Result<Vec<Action>, Problem> {
    let options = target.options;
    if !(options.lint || options.test) {
        return Ok(Vec::new());
    }
    let (settings, named) = (options.packages(), options.dev_requirements.as_deref());
    let pinned = target.pinned.read_development(named, &settings, host)?;
    let packages = farm_pip::install(Use::Development, &pinned, &settings, target.packages.as_ref());
    let checks = Checks {
        target,
        pinned,
        packages,
    };
    let lint = options.lint.then(|| checks.lint(host)).transpose()?;
    let test = options.test.then(|| checks.test(host)).transpose()?;
    let actions: Vec<Action> = lint.into_iter().chain(test).collect();
    let are_read = |packages: &Installed| actions.iter().any(|action| action.inputs.contains(&packages.input()));
    let packages = checks.packages.filter(are_read);
    let installs = packages.into_iter().flat_map(|packages| packages.actions);
    Ok(installs.chain(actions).collect())
}

impl Checks<'_> {
    /// Ruff, as it is pinned; where it is not, the one on the PATH.
    fn lint(&self, host: &dyn Host) -> Result<Action, Problem> {
        let packages = self.packages.as_ref().filter(|_| self.pinned.has("ruff"));
        let lint = match packages {
            Some(packages) => self.pinned_ruff(packages),
            None if host.has_tool("ruff")? => Action::tool("lint", "ruff").args(["check"]),
            None => return Err(no_ruff()),
        };
        // What is found is told, never mended, whatever the project's configuration says.
        let lint = lint
            .label("check the imports")
            .args(["--output-format", "concise", "--no-fix", "--no-fix-only", "--no-cache"])
            .args(["."])
            .inputs(ruff::inputs(host)?);
        Ok(steady(lint))
    }

    /// The program that the package brings along, which lies beside the sources and is none.
    fn pinned_ruff(&self, packages: &Installed) -> Action {
        let folder = packages.folder();
        Action::tool("lint", self.target.options.python.as_str())
            .args(["-S", PROGRAM, &format!("{folder}/bin/ruff"), "check"])
            .args(["--extend-exclude", &format!("{folder},{PROGRAM}")])
            .input(packages.input())
            .input(Input::content(PROGRAM, include_str!("scripts/farm_program.py")))
    }

    /// Pytest, over all files of the target.
    fn test(&self, host: &dyn Host) -> Result<Action, Problem> {
        if !self.has("pytest") {
            return Err(not_pinned(
                "option `test` asks for `pytest`, which is not pinned",
                "pytest",
            ));
        }
        let (options, workers) = (self.target.options, self.workers()?);
        let packages: Vec<&Installed> = self.target.packages.iter().chain(&self.packages).collect();
        let test = Action::tool("test", options.python.as_str())
            .label("test")
            .args(["-S", "farm_pytest.py"])
            .args(module_folders(host)?.into_iter().flat_map(|folder| ["--path", folder]))
            .args(packages.iter().flat_map(|packages| ["--packages", packages.folder()]))
            .args(["--workers", &workers.to_string(), "--"])
            .args(options.test_args.iter().map(String::as_str))
            .input(sources::all())
            .inputs(packages.iter().map(|packages| packages.input()))
            .input(Input::content("farm_pytest.py", include_str!("scripts/farm_pytest.py")));
        let test = steady(test);
        Ok(if workers > 1 { test.weight(workers) } else { test })
    }

    /// How many processes run the tests. The action weighs as much, so that as few others run beside it.
    fn workers(&self) -> Result<u32, Problem> {
        match (self.target.options.test_workers, self.has("pytest-xdist")) {
            (Some(workers), false) if workers > 1 => {
                let message = format!("{workers} `test-workers` need `pytest-xdist`, which is not pinned");
                Err(not_pinned(&message, "pytest-xdist"))
            }
            (Some(workers), _) => Ok(workers),
            (None, true) => Ok(WORKERS),
            (None, false) => Ok(1),
        }
    }

    fn has(&self, package: &str) -> bool {
        self.pinned.has(package) || self.target.pinned.has(package)
    }
}

/// The folders that modules are imported from: the target's own, and `src` where that is no package itself.
pub(crate) fn module_folders(host: &dyn Host) -> Result<Vec<&'static str>, Problem> {
    let has_src = host.look("src")? == Some(EntryKind::Folder) && !host.is_file("src/__init__.py")?;
    Ok(if has_src { vec![".", "src"] } else { vec!["."] })
}

fn no_ruff() -> Problem {
    let message = "option `lint` asks for `ruff`, which is neither pinned for development nor on the PATH";
    not_pinned(message, "ruff")
}

fn not_pinned(message: &str, package: &str) -> Problem {
    Problem::new(message).hint(format!(
        "add `{package}` to the group `dev` of pyproject.toml and run `uv lock`, or pin it in `dev-requirements.txt`"
    ))
}
