//! Where a target's packages are pinned: `uv.lock`, or a requirements file. Does not install.

use std::collections::BTreeSet;

use farm_sdk::{Host, Problem};

use crate::Settings;
use crate::requirements::{Requirements, canonical};

/// The file that pins the packages.
#[derive(Debug)]
pub enum Lock {
    /// `uv.lock` beside `pyproject.toml`.
    Uv {
        /// How many packages it names, those for development included.
        count: usize,
        /// Their names.
        names: BTreeSet<String>,
    },
    /// A requirements file with at least one package.
    Requirements {
        /// Its path from the target's folder.
        path: String,
        /// What it says.
        content: Requirements,
        /// Whether uv installs it; pip otherwise.
        by_uv: bool,
    },
    /// A requirements file that names nothing.
    Nothing,
}

pub(crate) const UV_LOCK: &str = "uv.lock";
const REQUIREMENTS: &str = "requirements.txt";

impl Lock {
    /// Finds and checks the file.
    ///
    /// # Errors
    /// There is no Python, no such file, or one that does not pin everything.
    pub fn read(settings: &Settings<'_>, host: &dyn Host) -> Result<Self, Problem> {
        check_python(settings.python, host)?;
        if let Some(path) = settings.requirements {
            return Self::read_requirements(path, host)?.ok_or_else(|| {
                let problem = Problem::new(format!("there is no `{path}`")).in_file(path);
                problem.hint("option `requirements` names the pinned requirements, from the target's folder")
            });
        }
        match host.read_text(UV_LOCK)? {
            Some(text) => Self::read_uv(&text, host),
            None => Self::read_requirements(REQUIREMENTS, host)?.ok_or_else(|| missing(host)),
        }
    }

    fn read_uv(text: &str, host: &dyn Host) -> Result<Self, Problem> {
        if !host.is_file("pyproject.toml")? {
            let problem = Problem::new("there is a `uv.lock` without a `pyproject.toml`").in_file("pyproject.toml");
            return Err(problem.hint("commit both, or set the option `requirements`"));
        }
        if !host.has_tool("uv")? {
            let problem = Problem::new("`uv.lock` needs the tool `uv`, which is not on the PATH").in_file(UV_LOCK);
            return Err(problem.hint(
                "install uv (`pip install uv`), or write `requirements.txt` with `uv export` and name it in the option `requirements`",
            ));
        }
        // The project itself is one of the packages.
        let count = text
            .lines()
            .filter(|line| line.trim() == "[[package]]")
            .count()
            .saturating_sub(1);
        if count == 0 {
            return Ok(Self::Nothing);
        }
        let names = text
            .lines()
            .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
        let names = names.map(canonical).collect();
        Ok(Self::Uv { count, names })
    }

    /// Whether a package is among what is pinned, under its name in lower case, with `-` between its parts.
    #[must_use]
    pub fn pins(&self, name: &str) -> bool {
        match self {
            Self::Uv { names, .. } => names.contains(name),
            Self::Requirements { content, .. } => content.names().contains(name),
            Self::Nothing => false,
        }
    }

    fn read_requirements(path: &str, host: &dyn Host) -> Result<Option<Self>, Problem> {
        let Some(text) = host.read_text(path)? else {
            return Ok(None);
        };
        let content = Requirements::parse(path, &text)?;
        if content.count() == 0 {
            return Ok(Some(Self::Nothing));
        }
        Ok(Some(Self::Requirements {
            path: path.to_owned(),
            content,
            by_uv: host.has_tool("uv")?,
        }))
    }
}

/// Finds the Python that is named.
///
/// # Errors
/// It is not on the PATH, or is none that builders may ask for.
pub fn check_python(python: &str, host: &dyn Host) -> Result<(), Problem> {
    // Tools beside those that the description names cannot be asked for.
    let found = host.has_tool(python).map_err(|error| {
        let problem = Problem::new(error.message);
        problem.hint("option `python` takes `python`, `python3`, or `python3.9` to `python3.15`")
    })?;
    if found {
        return Ok(());
    }
    let problem = Problem::new(format!("the tool `{python}` is not on the PATH"));
    Err(problem.hint("install Python 3.9 or later, or name another with the option `python`"))
}

fn missing(host: &dyn Host) -> Problem {
    let problem = Problem::new("there is neither `uv.lock` nor `requirements.txt`, which fix what is installed");
    let has_manifest = host.is_file("pyproject.toml").unwrap_or(false);
    problem.in_file(REQUIREMENTS).hint(if has_manifest {
        "run `uv lock` and commit `uv.lock`, or `uv pip compile pyproject.toml -o requirements.txt`"
    } else {
        "write `requirements.txt` with `pip freeze`; an empty one if the app needs no packages"
    })
}
