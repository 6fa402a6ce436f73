//! What this program reads of its environment, once: the engine never does.
//!
//! Does not know what the variables are used for beyond farm's own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use farm_engine::error::{Class, Problem};

/// The variables that are text. Others cannot be handed to a tool by name and value, so they are left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads the process's own.
    pub(crate) fn read() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(text).collect())
    }

    /// The value of a variable that is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All of them.
    pub(crate) fn variables(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Where the cache lies: `FARM_CACHE_DIR`, else the platform's cache folder.
    pub(crate) fn cache_folder(&self) -> Result<PathBuf, Problem> {
        if let Some(folder) = self.get("FARM_CACHE_DIR") {
            return std::path::absolute(folder).map_err(|error| {
                Problem::new(
                    "cache::no-folder",
                    Class::Request,
                    "FARM_CACHE_DIR is not a usable path",
                )
                .because(&error)
            });
        }
        let below_home = if cfg!(target_os = "macos") {
            "Library/Caches"
        } else {
            ".cache"
        };
        let absolute = |name| self.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        absolute("XDG_CACHE_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(below_home)))
            .map(|folder| folder.join("farm"))
            .ok_or_else(no_cache_folder)
    }

    /// Whether the locale promises that the terminal shows more than ASCII.
    pub(crate) fn is_unicode(&self) -> bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| self.get(name));
        locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        })
    }

    /// Whether this is a CI run, where nobody watches a live display.
    pub(crate) fn is_ci(&self) -> bool {
        self.get("CI").is_some_and(|value| value != "false" && value != "0")
    }
}

/// Neither farm's own variable nor a home is set.
fn no_cache_folder() -> Problem {
    Problem::new(
        "cache::no-folder",
        Class::Request,
        "there is no folder for the cache: HOME is not set",
    )
    .hint("set FARM_CACHE_DIR to a folder of yours")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment(
            variables
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn the_cache_folder_is_the_first_that_is_named() {
        let all = [("FARM_CACHE_DIR", "/c"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")];
        let folder = |variables: &[(&str, &str)]| environment(variables).cache_folder().expect("one is named");
        assert_eq!(folder(&all), PathBuf::from("/c"));
        assert_eq!(folder(&all[1..]), PathBuf::from("/x/farm"));
        let of_home = folder(&[("XDG_CACHE_HOME", "relative"), ("HOME", "/h")]);
        assert!(of_home.starts_with("/h") && of_home.ends_with("farm"), "{of_home:?}");
        assert_eq!(
            environment(&[]).cache_folder().expect_err("none is named").code,
            "cache::no-folder"
        );
    }

    #[test]
    fn the_most_specific_locale_decides() {
        assert!(environment(&[("LANG", "en_GB.UTF-8")]).is_unicode());
        assert!(!environment(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]).is_unicode());
        assert!(!environment(&[]).is_unicode());
    }
}
