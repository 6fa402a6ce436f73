//! `pyproject.toml`: how the project's wheel is built. Does not know any back end.

use farm_sdk::{Host, Problem};
use serde::Deserialize;
use toml::{Spanned, Table};

use crate::requirement::Requirement;
use crate::{inside, sources};

pub(crate) const PYPROJECT: &str = "pyproject.toml";

/// What stands for a project that names no build back end, as PEP 517 has it.
const LEGACY_BACKEND: &str = "setuptools.build_meta:__legacy__";

/// How the project's wheel is built.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BuildSystem {
    /// `module` or `module:object`.
    pub(crate) backend: String,
    /// Folders of the project that the back end is found in, where it is one of its own.
    pub(crate) paths: Vec<String>,
    /// The packages that it names.
    pub(crate) requires: Vec<Requirement>,
    /// Where `requires` stands in `pyproject.toml`.
    pub(crate) line: Option<u32>,
    /// What takes the wheel's version from git's history, where something does.
    pub(crate) history: Option<String>,
}

/// Packages that take a version from git's history.
const HISTORY: [&str; 8] = [
    "flit-scm",
    "hatch-vcs",
    "pbr",
    "poetry-dynamic-versioning",
    "setuptools-git-versioning",
    "setuptools-scm",
    "uv-dynamic-versioning",
    "versioningit",
];

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Manifest {
    build_system: Option<Declared>,
    project: Option<Project>,
    #[serde(default)]
    tool: Table,
}

#[derive(Deserialize)]
struct Project {
    version: Option<toml::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Declared {
    requires: Spanned<Vec<String>>,
    build_backend: Option<String>,
    #[serde(default)]
    backend_path: Vec<String>,
}

impl BuildSystem {
    /// Reads what `pyproject.toml` says; a project without it is built by setuptools.
    pub(crate) fn read(host: &dyn Host) -> Result<Self, Problem> {
        let Some(text) = host.read_text(PYPROJECT)? else {
            return if host.is_file("setup.py")? {
                Ok(Self::legacy())
            } else {
                let problem = Problem::new("option `wheel` asks for a wheel, and there is no `pyproject.toml`");
                Err(problem
                    .in_file(PYPROJECT)
                    .hint("describe the project there, with a table `[build-system]`"))
            };
        };
        let manifest: Manifest = toml::from_str(&text).map_err(|error| {
            let problem = Problem::new(format!("`{PYPROJECT}` cannot be read: {}", error.message()));
            let line = line_of(&text, error.span().map_or(0, |span| span.start));
            problem.in_file(PYPROJECT).at_line(line).hint("correct the TOML there")
        })?;
        let system = match manifest.build_system {
            None => Self::legacy(),
            Some(declared) => Self::of(declared, &text)?,
        };
        // A version that is written down is asked of nobody.
        Ok(match manifest.project {
            Some(Project { version: Some(_) }) => system,
            _ => system.with_history(&manifest.tool),
        })
    }

    fn of(declared: Declared, text: &str) -> Result<Self, Problem> {
        let line = line_of(text, declared.requires.span().start);
        if let Some(path) = declared.backend_path.iter().find(|path| sources::leaves(path)) {
            let problem = Problem::new(format!("`{path}` of `backend-path` leaves the project's folder"));
            return Err(problem
                .in_file(PYPROJECT)
                .hint("name a folder below it, as PEP 517 wants it"));
        }
        let requires = declared.requires.get_ref().iter().map(|requirement| {
            Requirement::parse(requirement).map_err(|reason| {
                let problem = Problem::new(format!(
                    "`{requirement}` of `[build-system]` is no requirement: {reason}"
                ));
                let problem = problem.in_file(PYPROJECT).at_line(line);
                problem.hint("write it as PEP 508 has it: `name`, or `name>=1.2,<2`")
            })
        });
        Ok(Self {
            backend: declared.build_backend.unwrap_or_else(|| LEGACY_BACKEND.to_owned()),
            paths: declared.backend_path,
            requires: requires.collect::<Result<_, _>>()?,
            line: Some(line),
            history: None,
        })
    }

    /// Whether the project names this package for building.
    pub(crate) fn names(&self, package: &str) -> bool {
        self.requires.iter().any(|requirement| requirement.name == package)
    }

    fn with_history(mut self, tools: &Table) -> Self {
        let pdm = inside(tools, &["pdm", "version", "source"]).and_then(|source| source.as_str()) == Some("scm");
        let named = HISTORY.into_iter().find(|package| self.names(package));
        self.history = named.or(pdm.then_some("pdm-backend")).map(str::to_owned);
        self
    }

    fn legacy() -> Self {
        Self {
            backend: LEGACY_BACKEND.to_owned(),
            paths: Vec::new(),
            requires: Requirement::parse("setuptools").into_iter().collect(),
            line: None,
            history: None,
        }
    }
}

/// The line of a place in a text, from 1.
fn line_of(text: &str, place: usize) -> u32 {
    let before = text
        .as_bytes()
        .iter()
        .take(place)
        .filter(|byte| **byte == b'\n')
        .count();
    u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
}
