//! Platforms as images and artifacts name them (`linux/arm/v7`), and the variables by which go knows them. Does not know
//! which of them this go can build for.

use farm_sdk::{Action, Problem};

/// A platform in the notation of the OCI.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Platform(String);

/// The variable that a variant of an architecture sets.
const VARIANTS: [(&str, &str); 2] = [("arm", "GOARM"), ("amd64", "GOAMD64")];

impl Platform {
    /// What the user wrote: `os/architecture`, with a variant or without.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let platform = Self(text.to_owned());
        let mut parts = text.split('/');
        let sound = |part: Option<&str>| part.is_some_and(|part| !part.is_empty());
        let is_whole = sound(parts.next()) && sound(parts.next());
        let fits = parts.next().is_none() || platform.variant().is_some();
        if is_whole && fits && parts.next().is_none() {
            return Ok(platform);
        }
        let problem = Problem::new(format!(
            "option `platforms` names `{text}`, which is no platform of go's"
        ));
        Err(problem.hint(
            "write `os/architecture` as `go tool dist list` does, or with a variant: `linux/arm/v7`, `linux/amd64/v3`",
        ))
    }

    /// The machine that the build runs on, as farm names it: `linux-x86_64`.
    pub(crate) fn of_machine(name: &str) -> Self {
        let (os, architecture) = name.split_once('-').unwrap_or((name, ""));
        let os = if os == "macos" { "darwin" } else { os };
        let architecture = match architecture {
            "x86_64" => "amd64",
            "x86" => "386",
            "aarch64" => "arm64",
            "powerpc64" => "ppc64",
            "loongarch64" => "loong64",
            other => other,
        };
        Self(format!("{os}/{architecture}"))
    }

    /// As images and metadata name it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// As a part of names and paths: `linux-arm-v7`.
    pub(crate) fn slug(&self) -> String {
        self.0.replace('/', "-")
    }

    /// What go adds to the name of a program there.
    pub(crate) fn suffix(&self) -> &'static str {
        if self.0.starts_with("windows/") { ".exe" } else { "" }
    }

    /// Lets go build for it.
    pub(crate) fn apply(&self, action: Action) -> Action {
        let (os, rest) = self.0.split_once('/').unwrap_or((&self.0, ""));
        let architecture = rest.split('/').next().unwrap_or(rest);
        let action = action.env("GOOS", os).env("GOARCH", architecture);
        match self.variant() {
            Some((variable, value)) => action.env(variable, value),
            None => action,
        }
    }

    /// The variant's variable and its value there.
    fn variant(&self) -> Option<(&'static str, &str)> {
        let mut parts = self.0.split('/').skip(1);
        let (architecture, variant) = (parts.next()?, parts.next()?);
        let (_, variable) = VARIANTS.iter().find(|(name, _)| *name == architecture)?;
        let value = match architecture {
            "arm" => variant
                .strip_prefix('v')
                .filter(|level| matches!(*level, "5" | "6" | "7")),
            _ => Some(variant).filter(|level| matches!(*level, "v1" | "v2" | "v3" | "v4")),
        };
        Some((variable, value?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(text: &str) -> Option<Vec<(String, String)>> {
        let platform = Platform::parse(text).ok()?;
        Some(platform.apply(Action::tool("build", "go")).environment)
    }

    #[test]
    fn a_platform_sets_the_variables_of_go() {
        let owned = |list: &[(&str, &str)]| {
            let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            Some(list.iter().map(pair).collect::<Vec<_>>())
        };
        assert_eq!(
            variables("linux/arm64"),
            owned(&[("GOOS", "linux"), ("GOARCH", "arm64")])
        );
        let arm = [("GOOS", "linux"), ("GOARCH", "arm"), ("GOARM", "7")];
        assert_eq!(variables("linux/arm/v7"), owned(&arm));
        let amd64 = [("GOOS", "linux"), ("GOARCH", "amd64"), ("GOAMD64", "v3")];
        assert_eq!(variables("linux/amd64/v3"), owned(&amd64));
        for odd in [
            "linux",
            "linux/",
            "/amd64",
            "linux/arm/7",
            "linux/arm64/v8",
            "linux/amd64/v3/x",
            "linux/riscv64/v1",
            "",
        ] {
            assert_eq!(variables(odd), None, "{odd}");
        }
    }

    #[test]
    fn the_machine_is_a_platform() {
        let of = |name| Platform::of_machine(name).0;
        assert_eq!(of("linux-x86_64"), "linux/amd64");
        assert_eq!(of("macos-aarch64"), "darwin/arm64");
        assert_eq!(of("linux-riscv64"), "linux/riscv64");
    }
}
