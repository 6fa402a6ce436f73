//! Which files of the target's folder an action sees. Does not know what it does with them.

use farm_sdk::{Input, Problem};

use crate::options::Options;

/// What never belongs to an app that runs, nor to what is checked, tested or packed.
pub(crate) const NEVER: &[&str] = &[
    "**/*.egg-info/**",
    "**/*.{db,sqlite,sqlite3}-{journal,shm,wal}",
    "**/*.py[cod]",
    "**/.DS_Store",
    "**/.env",
    "**/.env.*",
    "**/.mypy_cache/**",
    "**/.nox/**",
    "**/.pytest_cache/**",
    "**/.ruff_cache/**",
    "**/.tox/**",
    "**/.venv/**",
    "**/__pycache__/**",
    "**/node_modules/**",
    "**/venv/**",
    ".coverage",
    ".farm/**",
    ".git/**",
    "build/**",
    "dist/**",
    "farm.lock",
    "farm.toml",
    "site-packages/**",
];

/// What only developers need.
const DEVELOPMENT: &[&str] = &[
    "**/*_test.py",
    "**/conftest.py",
    "**/test/**",
    "**/test_*.py",
    "**/tests/**",
    ".gitignore",
    ".python-version",
    ".ruff.toml",
    "pyproject.toml",
    "pytest.ini",
    "requirements*.{in,txt}",
    "ruff.toml",
    "setup.cfg",
    "tox.ini",
    "uv.lock",
    "{build,dev}-requirements*.{in,txt}",
];

/// The files of the app, without what it does not need when it runs: those that `sources` takes, else all.
pub(crate) fn app(options: &Options) -> Result<Input, Problem> {
    let sources = options.sources.iter().flatten();
    let patterns = sources.clone().chain(&options.exclude);
    if let Some(pattern) = patterns.into_iter().find(|pattern| leaves(pattern)) {
        let problem = Problem::new(format!("`{pattern}` leaves the target's folder"));
        return Err(problem.hint("`sources` and `exclude` take patterns below the target's `root`"));
    }
    let exclude = options.exclude.iter().flat_map(|pattern| {
        let pattern = pattern.trim_end_matches('/');
        [pattern.to_owned(), format!("{pattern}/**")]
    });
    let sources = match options.sources {
        Some(_) => Input::files(sources.map(|pattern| pattern.trim_end_matches('/'))),
        None => Input::files(["**"]),
    };
    Ok(sources.except(NEVER.iter().chain(DEVELOPMENT).copied()).except(exclude))
}

/// All files, tests and their data among them.
pub(crate) fn all() -> Input {
    Input::files(["**"]).except(NEVER.iter().copied())
}

/// The code, tests among it, and what tools are set up with.
pub(crate) fn code() -> Input {
    Input::files(["**/*.{ipynb,py,pyi,toml}"]).except(NEVER.iter().copied())
}

/// Whether a path or a pattern leads out of the target's folder.
pub(crate) fn leaves(path: &str) -> bool {
    path.starts_with('/') || path.split('/').any(|part| part == "..")
}
