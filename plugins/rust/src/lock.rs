//! `Cargo.lock`: what is fetched, and from where. Does not fetch.

use std::collections::BTreeSet;

use farm_sdk::Problem;
use farm_sdk::components::{Component, Components, Scope};
use serde::Deserialize;
use toml::Value;

use crate::tree::{self, Node};

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

    /// What programs are made of, as components: the packages of the tree `linked` are part of them, those that `used` has
    /// beside these (build scripts, macros, and what these need) were only there when they were compiled.
    pub(crate) fn components(&self, linked: &str, used: &str) -> Components {
        let linked = tree::nodes(linked);
        let parts: BTreeSet<(&str, &str)> = linked.iter().map(|node| (node.name, node.version)).collect();
        let mut components = Components::default();
        for nodes in [&linked, &tree::nodes(used)] {
            let found: Vec<Option<Component>> = nodes.iter().map(|node| self.component(node)).collect();
            for (node, component) in nodes.iter().zip(&found) {
                let Some(component) = component else { continue };
                match node.parent.and_then(|parent| found[parent].as_ref()) {
                    Some(from) => components.depends(&from.purl, &component.purl),
                    None => components.direct(&component.purl),
                }
                let is_part = parts.contains(&(node.name, node.version));
                components.add(Component {
                    scope: (!is_part).then_some(Scope::Excluded),
                    ..component.clone()
                });
            }
        }
        components
    }

    /// A package of a tree, if it was fetched.
    fn component(&self, node: &Node<'_>) -> Option<Component> {
        let mut named = self.package.iter().filter(|package| package.name == node.name);
        named.find(|package| package.version == node.version)?.component()
    }
}

impl Locked {
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
