//! The target's options, and what they mean in each mode. `options.schema.json` tells their meaning to the user.

use std::collections::{BTreeMap, BTreeSet};

use farm_sdk::Problem;
use serde::Deserialize;

use crate::platform::Platform;
use crate::trust;

/// The target's options.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    #[serde(default)]
    pub(crate) cgo: bool,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
    #[serde(default)]
    ldflags: String,
    pub(crate) name: Option<String>,
    pub(crate) packages: Option<Vec<String>>,
    #[serde(default)]
    platforms: Vec<String>,
    #[serde(default)]
    pub(crate) race: bool,
    strip: Option<bool>,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    test: Option<bool>,
    #[serde(default)]
    pub(crate) test_flags: Vec<String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    pub(crate) version: Option<String>,
    #[serde(default = "yes")]
    pub(crate) vet: bool,
}

/// Variables that this builder sets itself.
const OWN_VARIABLES: [&str; 18] = [
    "CC",
    "CGO_ENABLED",
    "CXX",
    "GO111MODULE",
    "GOAMD64",
    "GOARCH",
    "GOARM",
    "GOCACHE",
    "GOCACHEPROG",
    "GOENV",
    "GOFLAGS",
    "GOMODCACHE",
    "GOOS",
    "GOPATH",
    "GOPROXY",
    "GOROOT",
    "GOTOOLCHAIN",
    "GOWORK",
];

/// Flags of `go test` that have no place where tests are compiled and run apart, and nothing that they write is kept.
const NO_TEST_FLAGS: [&str; 16] = [
    "C",
    "artifacts",
    "blockprofile",
    "c",
    "coverprofile",
    "cpuprofile",
    "exec",
    "fuzz",
    "json",
    "memprofile",
    "mutexprofile",
    "n",
    "o",
    "outputdir",
    "toolexec",
    "trace",
];

impl Options {
    /// Refuses what the schema cannot.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        if let Some(name) = self.env.keys().find(|name| OWN_VARIABLES.contains(&name.as_str())) {
            let problem = Problem::new(format!("option `env` sets `{name}`, which the builder sets itself"));
            return Err(problem.hint("leave it out; `platforms`, `tags` and `cgo` are options of their own"));
        }
        let leaves = |pattern: &&String| pattern.starts_with('/') || pattern.split('/').any(|part| part == "..");
        if let Some(pattern) = self.packages.iter().flatten().chain(&self.exclude).find(leaves) {
            let problem = Problem::new(format!("`{pattern}` leaves the target's folder"));
            return Err(problem.hint("`packages` and `exclude` take patterns below the target's `root`"));
        }
        if let Some(flag) = trust::of_go(&self.test_flags).find(|flag| NO_TEST_FLAGS.contains(flag)) {
            let problem = Problem::new(format!(
                "option `test-flags` has `-{flag}`, for which there is no place"
            ));
            return Err(problem.hint("leave it out: tests are compiled and run apart, and what they write is not kept"));
        }
        if self.cgo && !self.platforms.is_empty() {
            let problem = Problem::new("options `cgo` and `platforms` are both set");
            return Err(problem.hint("a C compiler builds for the machine that it runs on: leave one of them out"));
        }
        self.linker_flags("").map(drop)
    }

    /// What to build for: the platforms, or the machine's own alone.
    pub(crate) fn platforms(&self) -> Result<BTreeSet<Platform>, Problem> {
        self.platforms.iter().map(|text| Platform::parse(text)).collect()
    }

    /// Switches go's index of packages off: its build cache knows everything else by content, and that by the times of
    /// files.
    pub(crate) fn godebug(&self) -> String {
        const NO_INDEX: &str = "goindex=0";
        match self.env.get(GODEBUG) {
            Some(own) => format!("{own},{NO_INDEX}"),
            None => NO_INDEX.to_owned(),
        }
    }

    /// What else the user sets for tests.
    pub(crate) fn env(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        pairs.filter(|(name, _)| *name != GODEBUG)
    }

    /// What of it is for every run of go.
    pub(crate) fn env_of_go(&self) -> impl Iterator<Item = (&str, &str)> {
        self.env().filter(|(name, _)| trust::is_of_go(name))
    }

    /// How many test programs run at the same time: as `-p` of `go test`; `0` for as many as there are processors.
    pub(crate) fn tests_at_once(&self) -> &str {
        let flags = self.test_flags.iter().map(|flag| flag.trim_start_matches('-'));
        let mut counts = flags.filter_map(|flag| flag.strip_prefix("p="));
        counts
            .next_back()
            .filter(|count| count.parse::<u32>().is_ok())
            .unwrap_or("0")
    }

    /// The user's own flags for the linker.
    pub(crate) fn ldflags(&self) -> &str {
        &self.ldflags
    }

    /// Whether the tests run.
    pub(crate) fn test(&self, mode: &str) -> bool {
        self.test.unwrap_or(mode != "development")
    }

    /// The value of `-ldflags`: farm's flags and then the user's.
    pub(crate) fn linker_flags(&self, mode: &str) -> Result<String, Problem> {
        let strip = self.strip.unwrap_or(mode != "development");
        let mut flags: Vec<String> = strip.then(|| "-s -w".to_owned()).into_iter().collect();
        let version = self.version.as_ref().filter(|_| !self.variables.contains_key(VERSION));
        let version = version.map(|version| (VERSION, version.as_str()));
        let variables = self
            .variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in version.into_iter().chain(variables) {
            flags.push(quoted(&format!("-X={name}={value}")).ok_or_else(|| unquotable(name))?);
        }
        flags.extend(Some(self.ldflags.clone()).filter(|own| !own.is_empty()));
        Ok(flags.join(" "))
    }
}

const GODEBUG: &str = "GODEBUG";

/// The variable that the option `version` sets.
const VERSION: &str = "main.version";

/// A flag as one word of `-ldflags`, which knows both quotes and no way to write one inside itself.
fn quoted(flag: &str) -> Option<String> {
    let plain = |c: char| !c.is_whitespace() && c != '\'' && c != '"';
    if flag.chars().all(plain) {
        return Some(flag.to_owned());
    }
    let quote = ['\'', '"'].into_iter().find(|quote| !flag.contains(*quote))?;
    Some(format!("{quote}{flag}{quote}"))
}

fn unquotable(name: &str) -> Problem {
    let problem = Problem::new(format!("the value of the variable `{name}` holds both kinds of quotes"));
    problem.hint("go's `-ldflags` cannot carry it; embed a file with `//go:embed` instead")
}

const fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(options: serde_json::Value, mode: &str) -> Result<String, String> {
        let options: Options = serde_json::from_value(options).expect("options");
        options.linker_flags(mode).map_err(|problem| problem.message)
    }

    #[test]
    fn linker_flags_are_words_that_go_reads_back() {
        let options = serde_json::json!({
            "version": "1.2.0", "variables": { "main.name": "a b", "example.com/x.quote": "it's" }, "ldflags": "-v",
        });
        let expected = "-s -w -X=main.version=1.2.0 \"-X=example.com/x.quote=it's\" '-X=main.name=a b' -v";
        assert_eq!(flags(options, "production").as_deref(), Ok(expected));
        assert_eq!(flags(serde_json::json!({}), "development").as_deref(), Ok(""));
        assert_eq!(
            flags(serde_json::json!({ "strip": false }), "production").as_deref(),
            Ok("")
        );
        let own = serde_json::json!({ "version": "1", "variables": { "main.version": "2" } });
        assert_eq!(flags(own, "development").as_deref(), Ok("-X=main.version=2"));
        let both = serde_json::json!({ "version": "'\"" });
        assert_eq!(
            flags(both, "production"),
            Err("the value of the variable `main.version` holds both kinds of quotes".to_owned())
        );
    }
}
