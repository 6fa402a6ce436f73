//! `tsconfig.json` and what it is built upon. Does not know what the compiler does with it.

use std::collections::BTreeSet;

use farm_sdk::{Host, Problem};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::json::{parse, plain};
use crate::resolve;

/// One configuration file, by itself.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    files: Option<Vec<String>>,
    include: Option<Vec<String>>,
    /// Other projects that it refers to.
    #[serde(default)]
    pub references: Vec<Reference>,
    extends: Option<Value>,
    #[serde(default)]
    compiler_options: Map<String, Value>,
}

/// Another project.
#[derive(Debug, Deserialize)]
pub struct Reference {
    /// Its folder or configuration file.
    pub path: String,
}

/// What a configuration says together with those that it is built upon, as far as these are files of the workspace.
#[derive(Debug, Default)]
pub struct Merged {
    /// All files it was read from, from where paths start.
    pub read: BTreeSet<String>,
    options: Map<String, Value>,
}

impl Config {
    /// Reads one; none where there is none.
    ///
    /// # Errors
    /// It is not JSON with comments, or says something of another type.
    pub fn read(host: &dyn Host, path: &str) -> Result<Option<Self>, Problem> {
        let text = host.read_text(path)?;
        text.map(|text| parse(path, &plain(&text))).transpose()
    }

    /// Whether it has no sources of its own and only gathers others.
    #[must_use]
    pub fn is_solution(&self) -> bool {
        self.files.as_ref().is_some_and(Vec::is_empty) && self.include.is_none()
    }

    /// What it is built upon, in its own words: later ones win.
    #[must_use]
    pub fn extended(&self) -> Vec<&str> {
        match &self.extends {
            Some(Value::String(base)) => vec![base],
            Some(Value::Array(bases)) => bases.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// Options whose value is a path, and that builders ask for.
const PATHS: [&str; 3] = ["declarationDir", "outDir", "rootDir"];

impl Merged {
    /// Reads a configuration and those below it. Those of packages are left out: they are not there yet.
    ///
    /// # Errors
    /// One cannot be read, or is not there.
    pub fn read(host: &dyn Host, path: &str) -> Result<Self, Problem> {
        let mut merged = Self::default();
        merged.add(host, path, path)?;
        Ok(merged)
    }

    /// A path that an option names, from where paths start.
    #[must_use]
    pub fn path(&self, option: &str) -> Option<&str> {
        self.options.get(option)?.as_str()
    }

    /// Whether an option is on.
    #[must_use]
    pub fn is_on(&self, option: &str) -> bool {
        self.options.get(option).and_then(Value::as_bool).unwrap_or(false)
    }

    fn add(&mut self, host: &dyn Host, path: &str, start: &str) -> Result<(), Problem> {
        if !self.read.insert(path.to_owned()) {
            return Ok(());
        }
        let Some(config) = Config::read(host, path)? else {
            let missing = Problem::new(format!("there is no `{path}`")).in_file(path);
            return Err(missing.hint("create it, or correct the `extends` that names it"));
        };
        for base in config.extended().into_iter().filter(|base| base.starts_with('.')) {
            let outside = || {
                let message = format!("`{path}` extends `{base}`, outside of the workspace");
                Problem::new(message)
                    .in_file(path)
                    .hint("put it below the folder of farm.toml")
            };
            let base = resolve(path, base).ok_or_else(outside)?;
            self.add(host, &with_extension(&base), start)?;
        }
        for (name, value) in config.compiler_options {
            self.options.insert(name.clone(), placed(&name, value, path, start));
        }
        Ok(())
    }
}

/// A path counts from the file that names it; `${configDir}` is the folder of the one that was asked for.
fn placed(name: &str, value: Value, path: &str, start: &str) -> Value {
    let Some(text) = value.as_str().filter(|_| PATHS.contains(&name)) else {
        return value;
    };
    let place = match text.strip_prefix("${configDir}") {
        Some(rest) => resolve(start, rest.trim_start_matches('/')),
        None => resolve(path, text),
    };
    place.map_or(Value::Null, Value::String)
}

/// A base may be named without its ending.
#[must_use]
pub fn with_extension(path: &str) -> String {
    if path.to_ascii_lowercase().ends_with(".json") {
        path.to_owned()
    } else {
        format!("{path}.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_sdk::testing::Folder;

    #[test]
    fn later_files_win_and_paths_count_from_their_own() {
        let folder = Folder::new()
            .file(
                "base.json",
                r#"{ "compilerOptions": { "outDir": "out", "composite": true, "rootDir": "${configDir}/src" } }"#,
            )
            .file(
                "web/more.json",
                r#"{ "extends": "../base", "compilerOptions": { "outDir": "./build" } }"#,
            )
            .file(
                "web/tsconfig.json",
                r#"{ "extends": ["@tsconfig/node20/tsconfig.json", "./more.json"] }"#,
            );
        let merged = Merged::read(&folder, "web/tsconfig.json").expect("they can be read");
        assert_eq!(merged.path("outDir"), Some("web/build"));
        assert_eq!(merged.path("rootDir"), Some("web/src"));
        assert!(merged.is_on("composite") && !merged.is_on("strict"));
        assert_eq!(merged.read.len(), 3);
    }

    #[test]
    fn a_missing_base_and_one_outside_are_named() {
        let folder = Folder::new().file("tsconfig.json", r#"{ "extends": "../base" }"#);
        let problem = Merged::read(&folder, "tsconfig.json").expect_err("outside");
        assert_eq!(
            problem.message,
            "`tsconfig.json` extends `../base`, outside of the workspace"
        );
        let folder = Folder::new().file("tsconfig.json", r#"{ "extends": "./base" }"#);
        let problem = Merged::read(&folder, "tsconfig.json").expect_err("missing");
        assert_eq!(problem.message, "there is no `base.json`");
    }
}
