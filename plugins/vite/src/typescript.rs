//! The TypeScript configurations of an app: which ones are checked, and which they are built upon.

use std::collections::BTreeSet;

use farm_npm::tsconfig::{Config, with_extension};
use farm_npm::{join, resolve};
use farm_sdk::{Host, Problem};

/// What the configurations of an app say.
#[derive(Debug, Default)]
pub(crate) struct Configurations {
    /// The files to check, each by itself.
    pub(crate) checked: Vec<String>,
    /// Files outside of the target's folder that they extend, from the workspace's root.
    pub(crate) outside: BTreeSet<String>,
}

impl Configurations {
    /// Reads `tsconfig.json` and those that it refers to. `root` is the target's folder in the workspace.
    pub(crate) fn read(host: &dyn Host, root: &str) -> Result<Self, Problem> {
        let mut found = Self::default();
        let mut waiting = vec!["tsconfig.json".to_owned()];
        let mut seen = BTreeSet::new();
        while let Some(path) = waiting.pop() {
            if !seen.insert(path.clone()) {
                continue;
            }
            let Some(file) = Config::read(host, &path)? else {
                continue;
            };
            for reference in file.references.iter().rev() {
                waiting.push(referred(host, &path, &reference.path)?);
            }
            for base in file.extended() {
                found.note_base(root, &path, base);
            }
            if !file.is_solution() {
                found.checked.push(path);
            }
        }
        Ok(found)
    }

    /// A base outside of the target's folder must be an input; inside, the sources contain it.
    fn note_base(&mut self, root: &str, from: &str, base: &str) {
        if base.starts_with('.') && resolve(from, base).is_none() {
            self.outside
                .extend(resolve(&join(root, from), base).map(|path| with_extension(&path)));
        }
    }
}

fn referred(host: &dyn Host, from: &str, path: &str) -> Result<String, Problem> {
    let outside = || {
        let problem =
            Problem::new(format!("`{from}` refers to `{path}`, outside of the target's folder")).in_file(from);
        problem.hint("check that project in a target of its own, or set `typecheck = false`")
    };
    let path = resolve(from, path).ok_or_else(outside)?;
    match host.look(&path)? {
        Some(farm_sdk::EntryKind::Folder) => Ok(format!("{path}/tsconfig.json")),
        Some(_) => Ok(path),
        None => {
            let problem = Problem::new(format!("`{from}` refers to `{path}`, which does not exist")).in_file(from);
            Err(problem.hint("create that file, or take the reference out"))
        }
    }
}
