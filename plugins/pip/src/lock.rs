//! Where packages are pinned: `uv.lock`, or a requirements file; those of the app, and those that only developers need.
//! Does not install.

use std::collections::{BTreeMap, BTreeSet};

use farm_sdk::{Host, Problem};

use crate::Settings;
use crate::requirements::Requirements;
use crate::uv_lock::{UvLock, Versions};

/// The packages of one use, and the file that pins them.
#[derive(Debug)]
pub enum Lock {
    /// `uv.lock` beside `pyproject.toml`.
    Uv {
        /// The dependency groups that are taken; those of the project itself where there are none.
        groups: Vec<String>,
        /// The packages by their names, each with its versions.
        versions: BTreeMap<String, BTreeSet<String>>,
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
    /// No packages.
    Nothing,
}

pub(crate) const UV_LOCK: &str = "uv.lock";
const REQUIREMENTS: &str = "requirements.txt";
/// Where the packages for developers are looked for, if the option `dev-requirements` does not say it.
const DEV_REQUIREMENTS: [&str; 2] = ["dev-requirements.txt", "requirements-dev.txt"];
/// The same for what builds the wheel.
const BUILD_REQUIREMENTS: &str = "build-requirements.txt";
/// The group of `uv.lock` that is for building wheels.
const BUILD_GROUP: &str = "build";

impl Lock {
    /// Finds and checks the packages of the app.
    ///
    /// # Errors
    /// There is no Python, no such file, or one that does not pin everything.
    pub fn read(settings: &Settings<'_>, host: &dyn Host) -> Result<Self, Problem> {
        Self::find(settings, host)?.ok_or_else(|| missing(host))
    }

    /// The same, for who can do without: none where no file pins anything.
    ///
    /// # Errors
    /// There is no Python, the file that is named is not there, or one does not pin everything.
    pub fn find(settings: &Settings<'_>, host: &dyn Host) -> Result<Option<Self>, Problem> {
        check_python(settings.python, host)?;
        if let Some(path) = settings.requirements {
            return Self::read_named("requirements", path, host).map(Some);
        }
        match Self::uv(settings, host)? {
            Some(lock) => Ok(Some(Self::of_uv(Vec::new(), lock.production()))),
            None => Self::read_requirements(REQUIREMENTS, host),
        }
    }

    /// Finds and checks the packages that only developers need, beside those of the app; `named` is where they are pinned,
    /// if the user says it.
    ///
    /// # Errors
    /// What is named is not there, a file does not pin everything, or not as the app's does.
    pub fn read_development(
        &self,
        named: Option<&str>,
        settings: &Settings<'_>,
        host: &dyn Host,
    ) -> Result<Self, Problem> {
        if let Some(path) = named {
            return Self::read_named("dev-requirements", path, host)?.beside(self);
        }
        if let Some(lock) = Self::uv(settings, host)? {
            return Ok(Self::of_groups(&lock, |group| group != BUILD_GROUP));
        }
        for path in DEV_REQUIREMENTS {
            if let Some(found) = Self::read_requirements(path, host)? {
                return found.beside(self);
            }
        }
        Ok(Self::Nothing)
    }

    /// Finds and checks the packages that build a wheel. They run in an environment of their own, so they may differ from
    /// those of the app.
    ///
    /// # Errors
    /// What is named is not there, or a file does not pin everything.
    pub fn read_build(named: Option<&str>, settings: &Settings<'_>, host: &dyn Host) -> Result<Self, Problem> {
        if let Some(path) = named {
            return Self::read_named("build-requirements", path, host);
        }
        if let Some(lock) = Self::uv(settings, host)? {
            let group = Self::of_groups(&lock, |group| group == BUILD_GROUP);
            if group.count() > 0 {
                return Ok(group);
            }
        }
        Ok(Self::read_requirements(BUILD_REQUIREMENTS, host)?.unwrap_or(Self::Nothing))
    }

    /// How many packages it names.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Uv { versions, .. } => versions.len(),
            Self::Requirements { content, .. } => content.count(),
            Self::Nothing => 0,
        }
    }

    /// Whether it pins a package, by its canonical name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::Uv { versions, .. } => versions.contains_key(name),
            Self::Requirements { content, .. } => content.versions(name).next().is_some(),
            Self::Nothing => false,
        }
    }

    /// The versions that a package is pinned to, one for each platform where they differ.
    #[must_use]
    pub fn versions(&self, name: &str) -> Vec<&str> {
        match self {
            Self::Uv { versions, .. } => versions.get(name).into_iter().flatten().map(String::as_str).collect(),
            Self::Requirements { content, .. } => content.versions(name).collect(),
            Self::Nothing => Vec::new(),
        }
    }

    fn of_uv(groups: Vec<String>, versions: Versions) -> Self {
        if versions.is_empty() {
            return Self::Nothing;
        }
        Self::Uv { groups, versions }
    }

    fn of_groups(lock: &UvLock, is_wanted: impl Fn(&str) -> bool) -> Self {
        let groups: Vec<String> = lock.groups().into_iter().filter(|group| is_wanted(group)).collect();
        let versions = lock.of_groups(&groups);
        Self::of_uv(groups, versions)
    }

    /// `uv.lock`, if the app's packages are those that it pins.
    fn uv(settings: &Settings<'_>, host: &dyn Host) -> Result<Option<UvLock>, Problem> {
        match settings.requirements {
            Some(_) => Ok(None),
            None => read_uv(host),
        }
    }

    fn read_named(option: &str, path: &str, host: &dyn Host) -> Result<Self, Problem> {
        Self::read_requirements(path, host)?.ok_or_else(|| {
            let problem = Problem::new(format!("there is no `{path}`")).in_file(path);
            problem.hint(format!(
                "option `{option}` names the pinned requirements, from the target's folder"
            ))
        })
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

    /// Refuses another version of a package of the app: what was checked would not be what runs.
    fn beside(self, production: &Self) -> Result<Self, Problem> {
        let (
            Self::Requirements { path, content, .. },
            Self::Requirements {
                path: other,
                content: needed,
                ..
            },
        ) = (&self, production)
        else {
            return Ok(self);
        };
        match content.other_version(needed) {
            None => Ok(self),
            Some((name, version, line)) => {
                let problem = Problem::new(format!(
                    "`{name}` is pinned to {version}, and to another version in `{other}`"
                ));
                Err(problem.in_file(path).at_line(line).hint(format!(
                    "leave it out here, or write this file with `uv pip compile -c {other}`"
                )))
            }
        }
    }
}

/// Reads `uv.lock`, if it is there; what is needed to use it must be there, too.
fn read_uv(host: &dyn Host) -> Result<Option<UvLock>, Problem> {
    let Some(text) = host.read_text(UV_LOCK)? else {
        return Ok(None);
    };
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
    UvLock::parse(&text).map(Some)
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
