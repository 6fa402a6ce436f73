//! Which imports a builder may have, and which export it must have.
//!
//! Works on names alone and before anything is instantiated. Does not know function types: the linker compares those.

use super::error::Fault;

/// The interface that a builder exports.
pub(super) const EXPORT: &str = "farm:builder/builder@0.1.0";
/// The released version of the package that this host links.
pub(super) const VERSION: &str = "0.1.0";
/// Interfaces of `farm:builder` that a component may import: the host's functions, and the types that they share.
const OWN: [&str; 2] = ["host", "types"];
/// WASI packages that a language's runtime wants, in any 0.2 release.
const WASI: [&str; 5] = ["cli", "clocks", "filesystem", "io", "random"];

/// An import that is not given to builders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The import's name, cut to a length that can be shown.
    pub import: String,
    /// Why.
    pub reason: String,
}

/// Names of a component's imports and exports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Interface {
    /// What it imports.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
}

impl Interface {
    /// The version of `farm:builder` that the component was built for; none where it is no builder.
    pub(super) fn wit_version(&self) -> Option<&str> {
        self.exports
            .iter()
            .find_map(|name| name.strip_prefix("farm:builder/builder@"))
    }

    /// Refuses a component that asks for more than builders get, or that is no builder.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let refused: Vec<Refused> = self
            .imports
            .iter()
            .filter_map(|name| {
                Some(Refused {
                    reason: refusal(name)?,
                    import: shown(name),
                })
            })
            .collect();
        if !refused.is_empty() {
            return Err(Fault::Imports(refused));
        }
        if !self.exports.iter().any(|name| name == EXPORT) {
            let found = self.exports.iter().take(20).map(|name| shown(name)).collect();
            return Err(Fault::Exports { found });
        }
        Ok(())
    }
}

/// Why this import is refused; none when it is given.
fn refusal(name: &str) -> Option<String> {
    let Some((package, interface, version)) = split(name) else {
        return Some("unknown: builders import interfaces of `farm:builder` and `wasi` only".to_owned());
    };
    match package.split_once(':') {
        Some(("farm", "builder")) => own_refusal(interface, version),
        Some(("wasi", package)) => wasi_refusal(package, version),
        _ => Some("unknown: builders import interfaces of `farm:builder` and `wasi` only".to_owned()),
    }
}

fn own_refusal(interface: &str, version: &str) -> Option<String> {
    if version != VERSION {
        let age = if release(version) > release(VERSION) {
            "newer than"
        } else {
            "not one of"
        };
        return Some(format!("{age} this farm ({VERSION})"));
    }
    (!OWN.contains(&interface)).then(|| format!("unknown: `farm:builder@{VERSION}` has no such interface to import"))
}

fn wasi_refusal(package: &str, version: &str) -> Option<String> {
    match package {
        "sockets" | "http" | "tls" => return Some("not granted: builders have no network".to_owned()),
        _ if !WASI.contains(&package) => return Some("not granted: builders have no use for it".to_owned()),
        _ => {}
    }
    match release(version) {
        Some((0, 2, _)) => None,
        _ => Some("another WASI release: this farm has 0.2".to_owned()),
    }
}

/// Package, interface and version of `package/interface@version`.
fn split(name: &str) -> Option<(&str, &str, &str)> {
    let (path, version) = name.split_once('@')?;
    let (package, interface) = path.split_once('/')?;
    Some((package, interface, version))
}

/// The three numbers of a released version.
fn release(version: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = version.split('.').map(|number| number.parse().ok());
    let release = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(release)
}

fn shown(name: &str) -> String {
    name.chars().take(120).filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a09_every_import_is_given_or_refused_by_name() {
        for given in [
            "farm:builder/host@0.1.0",
            "farm:builder/types@0.1.0",
            "wasi:cli/environment@0.2.0",
            "wasi:io/streams@0.2.12",
            "wasi:random/insecure-seed@0.2.99",
        ] {
            assert_eq!(refusal(given), None, "{given}");
        }
        for (refused, reason) in [
            ("farm:builder/host@0.2.0", "newer than this farm (0.1.0)"),
            ("farm:builder/host@0.0.9", "not one of this farm (0.1.0)"),
            ("farm:builder/secrets@0.1.0", "no such interface"),
            ("wasi:sockets/tcp@0.2.3", "no network"),
            ("wasi:http/outgoing-handler@0.2.0", "no network"),
            ("wasi:clocks/wall-clock@0.3.0", "another WASI release"),
            ("wasi:clocks/wall-clock@0.2.0-rc", "another WASI release"),
            ("wasi:keyvalue/store@0.2.0", "no use for it"),
            ("evil:thing/x@1.0.0", "unknown"),
            ("read", "unknown"),
        ] {
            let told = refusal(refused).unwrap_or_default();
            assert!(told.contains(reason), "{refused}: {told}");
        }
    }

    #[test]
    fn a23_a_version_that_is_none_is_no_builder() {
        for export in [
            "farm:builder/builder@65535.0.0",
            "farm:builder/builder@0.1.0-rc",
            "farm:builder/builder",
        ] {
            let interface = Interface {
                imports: Vec::new(),
                exports: vec![export.to_owned()],
            };
            assert!(matches!(interface.check(), Err(Fault::Exports { found }) if found == [export]));
        }
    }
}
