//! `Cargo.lock`: what is fetched, and from where. Does not fetch.

use std::collections::BTreeSet;

use farm_sdk::Problem;
use farm_sdk::components::{Component, Components};
use serde::Deserialize;
use toml::Value;

/// A `Cargo.lock`.
#[derive(Debug, Deserialize)]
pub(crate) struct Lock {
    #[serde(default)]
    package: Vec<Locked>,
}

#[derive(Debug, Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

/// The source of most packages, which has a name of its own.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

impl Lock {
    /// Reads one.
    pub(crate) fn parse(path: &str, text: &str) -> Result<Self, Problem> {
        toml::from_str(text).map_err(|error| {
            let problem = Problem::new(format!("`{path}` cannot be read: {}", error.message()));
            problem.in_file(path).hint("run `cargo generate-lockfile`")
        })
    }

    /// How many packages are fetched.
    pub(crate) fn count(&self) -> usize {
        self.package.iter().filter(|package| package.source.is_some()).count()
    }

    /// Cargo's settings: everything is taken from where it was fetched to. `@OWN@` stands for farm's own folder.
    pub(crate) fn settings(&self) -> String {
        let sources: BTreeSet<&str> = self
            .package
            .iter()
            .filter_map(|package| package.source.as_deref())
            .collect();
        let replaced: String = sources.into_iter().map(replaced).collect();
        format!("{replaced}[source.farm]\ndirectory = '@OWN@/vendor'\n\n")
    }

    /// What these packages of the workspace need, as components.
    pub(crate) fn components(&self, roots: &[String]) -> Components {
        let mut components = Components::default();
        let own = |package: &&Locked| package.source.is_none() && roots.contains(&package.name);
        let mut open: Vec<&Locked> = self.package.iter().filter(own).collect();
        let mut seen: BTreeSet<(&str, &str)> = open.iter().map(|package| package.key()).collect();
        while let Some(package) = open.pop() {
            let component = package.component();
            for needed in package.dependencies.iter().filter_map(|text| self.find(text)) {
                match (&component, needed.component()) {
                    (Some(from), Some(on)) => components.depends(&from.purl, &on.purl),
                    (None, Some(on)) => components.direct(&on.purl),
                    (_, None) => {}
                }
                if seen.insert(needed.key()) {
                    open.push(needed);
                }
            }
            component.into_iter().for_each(|component| components.add(component));
        }
        components
    }

    /// The package that a dependency names: `name`, `name version`, or those with a source.
    fn find(&self, text: &str) -> Option<&Locked> {
        let mut words = text.split(' ');
        let (name, version) = (words.next()?, words.next());
        let mut named = self.package.iter().filter(|package| package.name == name);
        named.find(|package| version.is_none_or(|version| package.version == version))
    }
}

impl Locked {
    fn key(&self) -> (&str, &str) {
        (&self.name, &self.version)
    }

    fn component(&self) -> Option<Component> {
        self.source.as_ref()?;
        let component = Component::package("cargo", &self.name, &self.version);
        Some(match &self.checksum {
            Some(checksum) => component.hash("SHA-256", checksum.as_str()),
            None => component,
        })
    }
}

/// A source that is found in the folder instead.
fn replaced(source: &str) -> String {
    if source == CRATES_IO {
        return "[source.crates-io]\nreplace-with = \"farm\"\n\n".to_owned();
    }
    let quoted = |text: &str| Value::String(text.to_owned()).to_string();
    let Some(address) = source.strip_prefix("git+") else {
        let registry = source.strip_prefix("registry+").unwrap_or(source);
        let (name, registry) = (quoted(source), quoted(registry));
        return format!("[source.{name}]\nregistry = {registry}\nreplace-with = \"farm\"\n\n");
    };
    let address = address.split('#').next().unwrap_or(address);
    let (place, query) = address.split_once('?').unwrap_or((address, ""));
    let asked: String = query
        .split_once('=')
        .map_or(String::new(), |(kind, value)| format!("{kind} = {}\n", quoted(value)));
    let (name, place) = (quoted(&format!("git+{address}")), quoted(place));
    format!("[source.{name}]\ngit = {place}\n{asked}replace-with = \"farm\"\n\n")
}
