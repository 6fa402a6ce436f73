//! The package managers: which one a lock file is of, and which packages it calls a workspace.

use std::collections::BTreeSet;

use farm_npm::{Manifest, join};
use farm_sdk::{Host, Problem};
use serde::{Deserialize, Serialize};

/// A package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Manager {
    /// npm.
    Npm,
    /// pnpm.
    Pnpm,
    /// Yarn 1.
    Yarn,
    /// Yarn from 2 on.
    YarnBerry,
}

/// The lock files, in the order in which they are looked for.
const LOCKS: [(&str, &str); 3] = [
    ("npm", "package-lock.json"),
    ("pnpm", "pnpm-lock.yaml"),
    ("yarn", "yarn.lock"),
];

impl Manager {
    /// Its name on the PATH.
    pub(crate) const fn tool(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn | Self::YarnBerry => "yarn",
        }
    }

    /// Its lock file.
    pub(crate) const fn lock(self) -> &'static str {
        match self {
            Self::Npm => "package-lock.json",
            Self::Pnpm => "pnpm-lock.yaml",
            Self::Yarn | Self::YarnBerry => "yarn.lock",
        }
    }

    /// Where it is said which folders are packages of the workspace.
    pub(crate) const fn workspaces(self) -> &'static str {
        match self {
            Self::Pnpm => "pnpm-workspace.yaml",
            _ => "package.json",
        }
    }

    /// What the script that installs calls it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::YarnBerry => "yarn-berry",
            other => other.tool(),
        }
    }

    /// Files beside the lock file that may change what is installed.
    pub(crate) const fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Npm => &[".npmrc"],
            Self::Pnpm => &[".npmrc", ".pnpmfile.cjs", "pnpm-workspace.yaml", "patches"],
            Self::Yarn => &[".npmrc", ".yarnrc"],
            Self::YarnBerry => &[".yarnrc.yml", ".yarn/patches", ".yarn/plugins", ".yarn/releases"],
        }
    }

    /// Folders of the workspace's packages, for those managers whose lock file has to be read for them in no other way.
    pub(crate) fn members(self, host: &dyn Host, top: &str, lock: &str) -> Result<BTreeSet<String>, Problem> {
        if self == Self::Pnpm {
            let folders = importers(lock).filter(|folder| *folder != ".");
            return Ok(folders.map(|folder| join(top, folder)).collect());
        }
        let manifest = Manifest::read(host, &join(top, "package.json"))?.unwrap_or_default();
        let patterns = manifest.workspaces.iter().flat_map(|workspaces| workspaces.patterns());
        let (taken, left): (Vec<&String>, Vec<_>) = patterns.partition(|pattern| !pattern.starts_with('!'));
        let files = |pattern: &str| {
            let plain = pattern.trim_start_matches(['!', '.', '/']).trim_end_matches('/');
            join(top, &format!("{plain}/package.json"))
        };
        let [taken, left] = [taken, left].map(|list| list.iter().map(|text| files(text)).collect::<Vec<_>>());
        // A folder named in full that is not there is the manager's to complain of.
        let is_wild = |text: &String| text.contains(['*', '?', '[', '{']);
        let mut found: Vec<String> = Vec::new();
        for file in taken.iter().filter(|file| !is_wild(file)) {
            found.extend(host.is_file(file)?.then(|| file.clone()));
        }
        let wild: Vec<&str> = taken.iter().filter(|text| is_wild(text)).map(String::as_str).collect();
        let left: Vec<&str> = left.iter().map(String::as_str).collect();
        found.extend(host.glob(&wild, &left)?);
        let folder = |file: String| file.strip_suffix("/package.json").map(str::to_owned);
        Ok(found.into_iter().filter_map(folder).collect())
    }
}

/// The nearest lock file, in a folder or above it: its folder, and whose it is.
pub(crate) fn find_lock(host: &dyn Host, folder: &str) -> Result<Option<(String, Manager)>, Problem> {
    let mut at = Some(folder);
    while let Some(here) = at {
        let mut locks = Vec::new();
        for (tool, lock) in LOCKS {
            if host.is_file(&join(here, lock))? {
                locks.push((tool, lock));
            }
        }
        if let Some(lock) = choose(host, here, &locks)? {
            return Ok(Some((here.to_owned(), manager(host, here, lock)?)));
        }
        at = match here.rsplit_once('/') {
            Some((above, _)) => Some(above),
            None => (!here.is_empty()).then_some(""),
        };
    }
    Ok(None)
}

/// The one lock file of a folder; of several, the one of the manager that `package.json` names.
fn choose<'a>(host: &dyn Host, folder: &str, locks: &[(&'a str, &'a str)]) -> Result<Option<&'a str>, Problem> {
    let path = join(folder, "package.json");
    let named = Manifest::read(host, &path)?.and_then(|manifest| manifest.package_manager);
    let named = named.as_deref().map(|text| text.split('@').next().unwrap_or(text));
    if let (Some(named), false) = (named, locks.is_empty()) {
        let chosen = locks.iter().find(|(tool, _)| *tool == named);
        let (_, lock) = chosen.ok_or_else(|| {
            let message = format!("`packageManager` names {named}, and the lock file is `{}`", locks[0].1);
            Problem::new(message)
                .in_file(&path)
                .hint(format!("correct it, or run `{named} install`"))
        })?;
        return Ok(Some(lock));
    }
    match locks {
        [] => Ok(None),
        [(_, lock)] => Ok(Some(lock)),
        [(_, first), (_, second), ..] => {
            let message = format!("there are two lock files, `{first}` and `{second}`");
            let problem = Problem::new(message).in_file(join(folder, second));
            Err(problem.hint("remove the one that is not kept up, or name the package manager in `packageManager`"))
        }
    }
}

fn manager(host: &dyn Host, folder: &str, lock: &str) -> Result<Manager, Problem> {
    Ok(match lock {
        "pnpm-lock.yaml" => Manager::Pnpm,
        "yarn.lock" => {
            let text = host.read_text(&join(folder, lock))?.unwrap_or_default();
            let is_berry = text.lines().any(|line| line.starts_with("__metadata:"));
            if is_berry { Manager::YarnBerry } else { Manager::Yarn }
        }
        _ => Manager::Npm,
    })
}

/// The folders that pnpm's lock file has a section for: the keys below `importers:`.
fn importers(lock: &str) -> impl Iterator<Item = &str> {
    let section = lock.lines().skip_while(|line| line.trim_end() != "importers:").skip(1);
    let section = section.take_while(|line| line.is_empty() || line.starts_with(' '));
    section.filter_map(|line| {
        let key = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '))?;
        let (key, _) = key.rsplit_once(':')?;
        Some(key.trim_matches(['\'', '"']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pnpm_names_its_packages() {
        let lock = "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    devDependencies:\n      a:\n        version: 1.0.0\n\n  \
                    packages/a:\n    dependencies: {}\n\n  '@x/b': {}\n\npackages:\n\n  a@1.0.0:\n";
        assert_eq!(importers(lock).collect::<Vec<_>>(), [".", "packages/a", "@x/b"]);
    }
}
