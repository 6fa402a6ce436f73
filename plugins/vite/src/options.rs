//! The target's options, and what they mean in each mode. `options.schema.json` tells their meaning to the user.

use std::collections::BTreeMap;

use farm_sdk::Problem;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::limit::Limits;
use crate::optimize::Preset;
use crate::size::Size;

/// The target's options.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    #[serde(default)]
    pub(crate) analyze: bool,
    pub(crate) base: Option<String>,
    #[serde(default)]
    pub(crate) chunks: BTreeMap<String, Vec<String>>,
    pub(crate) config: Option<String>,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
    images: Option<bool>,
    #[serde(default)]
    pub(crate) install_scripts: bool,
    minify: Option<bool>,
    optimize: Option<Preset>,
    pub(crate) plugins: Option<String>,
    size_limit: Option<SizeLimit>,
    /// `true`, `false`, `"hidden"` or `"inline"`: handed to Vite as it is.
    sourcemap: Option<Value>,
    #[serde(default)]
    pub(crate) test: Test,
    #[serde(default = "yes")]
    pub(crate) typecheck: bool,
    #[serde(default = "types_dir")]
    types_dir: String,
    pub(crate) version: Option<String>,
}

/// A limit of the whole bundle, or several limits.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum SizeLimit {
    Total(Size),
    Several(Limits),
}

/// How the app is tested in each build.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Test {
    /// Not at all.
    #[default]
    None,
    /// By Vitest.
    Vitest,
}

impl Options {
    /// Vite's `build.sourcemap`: nothing to download in production; in between, maps for those who read the errors.
    pub(crate) fn sourcemap(&self, mode: &str) -> Value {
        self.sourcemap.clone().unwrap_or_else(|| match mode {
            "production" => json!(false),
            "development" => json!(true),
            _ => json!("hidden"),
        })
    }

    /// Vite's `build.minify`; null leaves the choice of the minifier to Vite.
    pub(crate) fn minify(&self, mode: &str, has_terser: bool) -> Value {
        match self.minify {
            Some(false) => json!(false),
            Some(true) if self.preset(mode) == Preset::None => Value::Null,
            Some(true) | None => self.preset(mode).minify(has_terser),
        }
    }

    /// How much is done to make the bundle small.
    pub(crate) fn preset(&self, mode: &str) -> Preset {
        self.optimize.unwrap_or_else(|| Preset::of_mode(mode))
    }

    /// Whether the bundle's images are worked on.
    pub(crate) fn images(&self, mode: &str) -> bool {
        self.images.unwrap_or_else(|| self.preset(mode).images())
    }

    /// How big the bundle may get.
    pub(crate) fn limits(&self) -> Option<Limits> {
        match self.size_limit.as_ref()? {
            SizeLimit::Total(total) => Some(Limits::of_total(*total)),
            SizeLimit::Several(limits) => Some(limits.clone()),
        }
    }

    /// The folder of the generated types, without a slash at its end.
    pub(crate) fn types_dir(&self) -> Result<&str, Problem> {
        let folder = self.types_dir.trim_end_matches('/');
        if folder.split('/').any(|part| matches!(part, "" | "." | "..")) {
            let problem = Problem::new(format!(
                "option `types-dir` is no folder of the target: `{}`",
                self.types_dir
            ));
            return Err(problem.hint("name a folder below the target's `root`, such as `src/api`"));
        }
        Ok(folder)
    }
}

const fn yes() -> bool {
    true
}

fn types_dir() -> String {
    "src/api".to_owned()
}
