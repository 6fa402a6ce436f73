//! The target's options. `options.schema.json` and the handbook tell their meaning to the user.

use std::collections::BTreeMap;

use farm_pip::Settings;
use serde::{Deserialize, Serialize};

/// The target's options.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    #[serde(default)]
    pub(crate) build_from_source: bool,
    pub(crate) deployment: Option<String>,
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
    #[serde(default)]
    pub(crate) models: BTreeMap<String, Model>,
    #[serde(default = "ollama")]
    pub(crate) ollama_store: String,
    #[serde(default = "python3")]
    pub(crate) python: String,
    pub(crate) requirements: Option<String>,
    #[serde(default = "modules")]
    pub(crate) sources: Vec<String>,
}

/// One model.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Model {
    pub(crate) framework: Framework,
    /// What it is: `module:attribute`, a file, a folder, or a name in an Ollama store.
    pub(crate) source: String,
    /// The commit of a model of a Hugging Face hub, which `source` names then.
    pub(crate) revision: Option<String>,
    /// A file with the weights of a PyTorch module.
    pub(crate) checkpoint: Option<String>,
    /// What the user says that it is exported to; empty for what the framework is usually exported to.
    #[serde(default)]
    pub(crate) formats: Vec<Format>,
    /// Inputs on which the export must agree with the original: `module:attribute`, or a file.
    pub(crate) samples: Option<String>,
    #[serde(default = "small")]
    pub(crate) tolerance: f64,
    pub(crate) opset: Option<u32>,
    pub(crate) int8: Option<Int8>,
}

/// What a model was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Framework {
    HuggingFace,
    Ollama,
    Pytorch,
    ScikitLearn,
    Tensorflow,
}

/// What a model is exported to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    Gguf,
    Onnx,
    Tflite,
    Torchscript,
}

/// The version of a model with weights of eight bits.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Int8 {
    #[serde(default)]
    pub(crate) mode: Mode,
    /// Inputs that the ranges of values are taken from, for the mode `static`; the samples without it.
    pub(crate) calibration: Option<String>,
    #[serde(default = "coarse")]
    pub(crate) tolerance: f64,
}

/// When the ranges of values between the layers are found out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mode {
    /// While the model runs.
    #[default]
    Dynamic,
    /// When it is exported, from samples.
    Static,
}

impl Options {
    /// What they say of the packages.
    pub(crate) fn packages(&self) -> Settings<'_> {
        Settings {
            python: &self.python,
            requirements: self.requirements.as_deref(),
            build_from_source: self.build_from_source,
            bytecode: true,
        }
    }
}

impl Model {
    /// What it is exported to.
    pub(crate) fn formats(&self) -> &[Format] {
        match self.formats.as_slice() {
            [] => &self.framework.formats()[..1],
            formats => formats,
        }
    }
}

impl Format {
    /// As users write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gguf => "gguf",
            Self::Onnx => "onnx",
            Self::Tflite => "tflite",
            Self::Torchscript => "torchscript",
        }
    }
}

fn ollama() -> String {
    "ollama".to_owned()
}

fn python3() -> String {
    "python3".to_owned()
}

fn modules() -> Vec<String> {
    vec!["**/*.py".to_owned()]
}

const fn small() -> f64 {
    1e-4
}

const fn coarse() -> f64 {
    0.05
}
