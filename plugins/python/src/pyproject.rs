//! `pyproject.toml`, and the configuration files of tools. Does not know what the tools do with them.

use farm_pip::canonical;
use farm_sdk::{Host, Problem};
use serde::Deserialize;
use toml::{Spanned, Table, Value};

use crate::sources;

pub(crate) const PYPROJECT: &str = "pyproject.toml";

/// Where ruff looks for its configuration, what it prefers first.
const RUFF: [&str; 3] = [".ruff.toml", "ruff.toml", PYPROJECT];

/// Configuration files that extend each other, at most so many.
const MAX_EXTENDS: usize = 8;

/// What stands for a project that names no build back end, as PEP 517 has it.
const LEGACY_BACKEND: &str = "setuptools.build_meta:__legacy__";

/// How the project's wheel is built.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BuildSystem {
    /// `module` or `module:object`.
    pub(crate) backend: String,
    /// Folders of the project that the back end is found in, where it is one of its own.
    pub(crate) paths: Vec<String>,
    /// Packages that are always needed, by their canonical names.
    pub(crate) requires: Vec<String>,
    /// Where `requires` stands in `pyproject.toml`.
    pub(crate) line: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Manifest {
    build_system: Option<Declared>,
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
        match manifest.build_system {
            None => Ok(Self::legacy()),
            Some(declared) => Self::of(declared, &text),
        }
    }

    fn of(declared: Declared, text: &str) -> Result<Self, Problem> {
        let line = line_of(text, declared.requires.span().start);
        if let Some(path) = declared.backend_path.iter().find(|path| sources::leaves(path)) {
            let problem = Problem::new(format!("`{path}` of `backend-path` leaves the project's folder"));
            return Err(problem
                .in_file(PYPROJECT)
                .hint("name a folder below it, as PEP 517 wants it"));
        }
        // Whether a marker is true here shows when the back end asks for what it needs.
        let requires = declared
            .requires
            .get_ref()
            .iter()
            .filter(|requirement| !requirement.contains(';'));
        Ok(Self {
            backend: declared.build_backend.unwrap_or_else(|| LEGACY_BACKEND.to_owned()),
            paths: declared.backend_path,
            requires: requires.map(|requirement| name_in(requirement)).collect(),
            line: Some(line),
        })
    }

    fn legacy() -> Self {
        Self {
            backend: LEGACY_BACKEND.to_owned(),
            paths: Vec::new(),
            requires: vec!["setuptools".to_owned()],
            line: None,
        }
    }
}

/// The canonical name in a requirement such as `hatchling>=1.25`.
fn name_in(requirement: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let end = requirement.find(|c| !is_name(c)).unwrap_or(requirement.len());
    canonical(&requirement[..end])
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

/// What ruff is told of rules: nothing where the project selects them itself, else these with what the project adds and
/// ignores, which ruff would forget beside a selection. A configuration that cannot be read is left to ruff, which says
/// what is wrong with it.
pub(crate) fn rules(selected: &str, host: &dyn Host) -> Result<Vec<String>, Problem> {
    let mut found = vec!["--select".to_owned(), selected.to_owned()];
    for path in RUFF {
        let Some(text) = host.read_text(path)? else {
            continue;
        };
        let Ok(table) = text.parse::<Table>() else {
            return Ok(Vec::new());
        };
        let settings = if path == PYPROJECT {
            inside(&table, &["tool", "ruff"]).and_then(Value::as_table).cloned()
        } else {
            Some(table)
        };
        if let Some(settings) = settings {
            return Ok(changes(settings, host).map_or_else(Vec::new, |changes| {
                found.extend(changes);
                found
            }));
        }
    }
    Ok(found)
}

/// What these settings, and those that they extend, add to the rules and ignore of them; none where they select rules.
fn changes(mut settings: Table, host: &dyn Host) -> Option<Vec<String>> {
    const CHANGES: [(&str, &str); 3] = [
        ("extend-select", "--extend-select"),
        ("ignore", "--ignore"),
        ("extend-ignore", "--ignore"),
    ];
    let mut found = Vec::new();
    for _ in 0..MAX_EXTENDS {
        // Older configurations have it all at the top.
        let tables = [inside(&settings, &["lint"]).and_then(Value::as_table), Some(&settings)];
        for table in tables.into_iter().flatten() {
            if table.contains_key("select") {
                return None;
            }
            for (name, flag) in CHANGES {
                let rules = table.get(name).and_then(Value::as_array).into_iter().flatten();
                let rules: Vec<&str> = rules.filter_map(Value::as_str).collect();
                if !rules.is_empty() {
                    found.extend([flag.to_owned(), rules.join(",")]);
                }
            }
        }
        let Some(path) = settings.get("extend").and_then(Value::as_str) else {
            return Some(found);
        };
        // What cannot be read here, ruff cannot read either.
        let bytes = host.read(path).ok()?;
        let table = String::from_utf8_lossy(&bytes).parse::<Table>().ok()?;
        settings = match inside(&table, &["tool", "ruff"]).and_then(Value::as_table) {
            Some(inner) => inner.clone(),
            None => table,
        };
    }
    None
}

/// The value at this path of tables.
fn inside<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (last, tables) = path.split_last()?;
    let mut table = table;
    for name in tables {
        table = table.get(*name)?.as_table()?;
    }
    table.get(*last)
}
