//! The presets of `optimize`: how much is done to make a bundle small. Does not know how Vite is told.

use serde::Deserialize;
use serde_json::{Value, json};

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Preset {
    /// Nothing: quick to build, and easy to read in the browser.
    None,
    /// Scripts and styles are minified.
    Minimal,
    /// And all else that changes nothing for visitors.
    Standard,
    /// And what supposes something of the browsers and of the code.
    Aggressive,
}

impl Preset {
    /// The preset of a target that names none.
    pub(crate) fn of_mode(mode: &str) -> Self {
        if mode == "development" {
            Self::None
        } else {
            Self::Standard
        }
    }

    /// Vite's `build.minify`, by which it minifies styles as well; null leaves the choice of the minifier to Vite.
    pub(crate) fn minify(self, has_terser: bool) -> Value {
        match self {
            Self::None => json!(false),
            Self::Aggressive if has_terser => json!("terser"),
            Self::Minimal | Self::Standard | Self::Aggressive => Value::Null,
        }
    }

    /// Vite's `build.target`; null leaves it to Vite, which takes browsers of the last years.
    pub(crate) fn target(self) -> Value {
        match self {
            Self::None | Self::Aggressive => json!("esnext"),
            Self::Minimal | Self::Standard => Value::Null,
        }
    }

    /// Further settings below Vite's `build`.
    pub(crate) fn build(self) -> Value {
        match self {
            Self::None | Self::Minimal | Self::Standard => json!({}),
            Self::Aggressive => json!({
                "modulePreload": { "polyfill": false },
                "terserOptions": { "compress": { "passes": 2 } },
            }),
        }
    }

    /// The bundler's `treeshake`; null leaves it to the bundler.
    pub(crate) fn treeshake(self) -> Value {
        match self {
            Self::None | Self::Minimal | Self::Standard => Value::Null,
            Self::Aggressive => json!({ "propertyReadSideEffects": false, "unknownGlobalSideEffects": false }),
        }
    }

    /// Whether images are made smaller, without loss.
    pub(crate) fn images(self) -> bool {
        matches!(self, Self::Standard | Self::Aggressive)
    }

    /// Whether code of packages that several parts of the app load is kept in one chunk `vendor`.
    pub(crate) fn shares_vendor(self) -> bool {
        self == Self::Aggressive
    }
}
