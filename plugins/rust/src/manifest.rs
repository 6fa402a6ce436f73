//! `Cargo.toml`: what a package says of itself, and where its parts lie. Does not know its neighbours.

use std::collections::{BTreeMap, BTreeSet};

use farm_sdk::{Host, Problem};
use serde::Deserialize;
use toml::Value;

/// A `Cargo.toml`, as far as the builder needs it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Manifest {
    pub(crate) package: Option<Package>,
    pub(crate) workspace: Option<Workspace>,
    lib: Option<Part>,
    #[serde(default)]
    bin: Vec<Part>,
    #[serde(default)]
    test: Vec<Part>,
    #[serde(default)]
    bench: Vec<Part>,
    #[serde(default)]
    example: Vec<Part>,
    #[serde(default)]
    features: BTreeMap<String, Vec<String>>,
    /// Everything: dependencies stand in many tables.
    #[serde(skip)]
    all: Option<Value>,
}

/// What it says of the package.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    autobins: Option<bool>,
    build: Option<Value>,
}

/// What it says of a workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    #[serde(default)]
    pub(crate) members: Vec<String>,
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
}

/// A library, a program, a test, …
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Part {
    name: Option<String>,
    path: Option<String>,
    #[serde(default)]
    required_features: Vec<String>,
}

impl Manifest {
    /// Reads one; none where there is none.
    pub(crate) fn read(host: &dyn Host, path: &str) -> Result<Option<Self>, Problem> {
        let Some(text) = host.read_text(path)? else {
            return Ok(None);
        };
        let wrong = |error: &toml::de::Error| {
            let before = &text[..error.span().map_or(0, |span| span.start).min(text.len())];
            let line = u32::try_from(before.matches('\n').count())
                .unwrap_or(u32::MAX)
                .saturating_add(1);
            let problem = Problem::new(format!("`{path}` cannot be read: {}", error.message()));
            problem.in_file(path).at_line(line).hint("correct the TOML there")
        };
        let mut manifest: Self = toml::from_str(&text).map_err(|error| wrong(&error))?;
        manifest.all = Some(toml::from_str(&text).map_err(|error| wrong(&error))?);
        Ok(Some(manifest))
    }

    /// Folders of the packages that it names by their path, with the names of those that the workspace knows the path of.
    pub(crate) fn neighbours(&self) -> Neighbours {
        let mut found = Neighbours::default();
        if let Some(all) = &self.all {
            found.look_into(all);
        }
        found
    }

    /// The programs of the package, by name, with these features: those it names, and those that lie where cargo looks.
    /// `files` are the package's, from its folder.
    pub(crate) fn programs(&self, files: &[String], features: &[String], default_features: bool) -> Vec<String> {
        let Some(package) = &self.package else {
            return Vec::new();
        };
        let on = self.features_on(&package.name, features, default_features);
        let is_on = |part: &&Part| part.required_features.iter().all(|feature| on.contains(feature));
        let all = self.bin.iter().filter_map(|part| part.name.clone());
        let all: Vec<String> = all.collect();
        let named = self.bin.iter().filter(is_on).filter_map(|part| part.name.clone());
        let mut programs: Vec<String> = named.collect();
        if package.autobins != Some(false) {
            let taken = |path: &str| self.bin.iter().any(|part| part.path.as_deref() == Some(path));
            let lying = files
                .iter()
                .filter(|file| !taken(file))
                .filter_map(|file| program_at(file, &package.name));
            programs.extend(lying.filter(|name| !all.contains(name)));
        }
        programs.sort();
        programs.dedup();
        programs
    }

    /// The features that are on, with those that they turn on. Words for features of other packages (`dep/feature`) are
    /// among them as they are written.
    fn features_on(&self, package: &str, features: &[String], default_features: bool) -> BTreeSet<String> {
        let asked = features
            .iter()
            .flat_map(|words| words.split([',', ' ']).filter(|word| !word.is_empty()));
        let default = default_features.then_some("default");
        let mut open: Vec<String> = asked.chain(default).map(str::to_owned).collect();
        let mut on = BTreeSet::new();
        while let Some(feature) = open.pop() {
            match feature.split_once('/') {
                Some((own, inner)) if own == package => open.push(inner.to_owned()),
                // A package that is optional is turned on with its feature, unless by `name?/feature`.
                Some((other, _)) if !other.ends_with('?') => open.push(other.to_owned()),
                _ => {}
            }
            open.extend(
                self.features
                    .get(&feature)
                    .into_iter()
                    .flatten()
                    .filter(|next| !on.contains(*next))
                    .cloned(),
            );
            on.insert(feature);
        }
        on
    }

    /// Whether a library, a program or a build script of the package lies in this folder.
    pub(crate) fn builds_from(&self, folder: &str) -> bool {
        let paths = self.lib.iter().chain(&self.bin).filter_map(|part| part.path.as_deref());
        let mut paths = paths.chain(self.build_script());
        paths.any(|path| path.trim_start_matches("./").starts_with(folder))
    }

    fn build_script(&self) -> Option<&str> {
        self.package
            .as_ref()
            .and_then(|package| package.build.as_ref()?.as_str())
    }

    /// The files without which cargo would refuse the manifest, where they are among `files`.
    pub(crate) fn parts(&self, files: &[String]) -> Vec<String> {
        let script = self.build_script();
        let lib = self.lib.iter().filter_map(|lib| lib.path.clone());
        let mut named: Vec<String> = script.map(str::to_owned).into_iter().chain(lib).collect();
        for (folder, parts) in [
            ("src/bin", &self.bin),
            ("tests", &self.test),
            ("benches", &self.bench),
            ("examples", &self.example),
        ] {
            named.extend(parts.iter().flat_map(|part| places(folder, part)));
        }
        let usual = |file: &&String| ["src/lib.rs", "src/main.rs", "build.rs"].contains(&file.as_str());
        let is_named = |file: &&String| named.contains(file) || usual(file) || file.starts_with("src/bin/");
        files.iter().filter(is_named).cloned().collect()
    }
}

/// Where a part may lie.
fn places(folder: &str, part: &Part) -> Vec<String> {
    match (&part.path, &part.name) {
        (Some(path), _) => vec![path.clone()],
        (None, Some(name)) => vec![format!("{folder}/{name}.rs"), format!("{folder}/{name}/main.rs")],
        (None, None) => Vec::new(),
    }
}

/// The name of the program in a file, by the places where cargo looks.
fn program_at(file: &str, package: &str) -> Option<String> {
    if file == "src/main.rs" {
        return Some(package.to_owned());
    }
    let below = file.strip_prefix("src/bin/")?;
    let name = below.strip_suffix("/main.rs").or_else(|| below.strip_suffix(".rs"))?;
    (!name.contains('/')).then(|| name.to_owned())
}

/// Packages that lie beside each other.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    /// Paths as they are written: from the folder of the file.
    pub(crate) paths: Vec<String>,
    /// Names whose paths the workspace says.
    pub(crate) named: Vec<String>,
}

impl Neighbours {
    /// Dependencies stand in `dependencies`, `dev-dependencies`, `build-dependencies`, for each target, in `patch`.
    fn look_into(&mut self, value: &Value) {
        let Some(table) = value.as_table() else { return };
        for (name, value) in table {
            if name.ends_with("dependencies") {
                self.take(value);
            } else if name == "patch" {
                value
                    .as_table()
                    .into_iter()
                    .flatten()
                    .for_each(|(_, registry)| self.take(registry));
            } else if name == "target"
                || (value.is_table() && !["package", "features", "lints"].contains(&name.as_str()))
            {
                self.look_into(value);
            }
        }
    }

    fn take(&mut self, dependencies: &Value) {
        for (name, dependency) in dependencies.as_table().into_iter().flatten() {
            if let Some(path) = dependency.get("path").and_then(Value::as_str) {
                self.paths.push(path.to_owned());
            } else if dependency.get("workspace").and_then(Value::as_bool) == Some(true) {
                self.named.push(name.clone());
            }
        }
    }
}

/// The paths that the workspace says, by name.
pub(crate) fn workspace_paths(manifest: &Manifest) -> BTreeMap<String, String> {
    let all = manifest.all.as_ref();
    let dependencies = all.and_then(|all| all.get("workspace")?.get("dependencies")?.as_table());
    let path = |value: &Value| Some(value.get("path")?.as_str()?.to_owned());
    let known = dependencies.into_iter().flatten();
    known
        .filter_map(|(name, value)| Some((name.clone(), path(value)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(features: &[&str], default_features: bool) -> Vec<String> {
        let manifest: Manifest = toml::from_str(
            "[package]\nname = \"app\"\n[features]\ndefault = [\"full\"]\nfull = [\"dep:x\", \"tls\"]\n\
             tls = [\"y?/tls\", \"z/tls\", \"full\"]\nextra = []\n",
        )
        .expect("a manifest");
        let features: Vec<String> = features.iter().map(|feature| (*feature).to_owned()).collect();
        manifest
            .features_on("app", &features, default_features)
            .into_iter()
            .collect()
    }

    #[test]
    fn features_turn_others_on() {
        assert_eq!(
            on(&[], true),
            ["default", "dep:x", "full", "tls", "y?/tls", "z", "z/tls"]
        );
        assert_eq!(
            on(&["app/extra, other/thing"], false),
            ["app/extra", "extra", "other", "other/thing"]
        );
        assert!(on(&[], false).is_empty());
    }
}
