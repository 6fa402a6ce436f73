//! A model's options, checked against the target's folder and the pinned packages. Does not plan.

use farm_pip::{Facts, Lock};
use farm_sdk::{Dependency, EntryKind, Host, Input, Problem};

use crate::options::{Format, Framework, Mode, Model};

/// A model whose options make sense.
#[derive(Debug)]
pub(crate) struct Checked<'a> {
    pub(crate) name: &'a str,
    pub(crate) options: &'a Model,
    /// What it is exported to.
    pub(crate) formats: &'a [Format],
    /// What other targets make for this one.
    dependencies: &'a [Dependency],
}

/// Where something comes from that a model's options name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// An attribute of a module.
    Attribute {
        /// The module, with dots.
        module: &'a str,
    },
    /// A file or folder of the target's own.
    Path(&'a str),
    /// What another target makes, or something in it: `deps/TARGET/ARTIFACT`.
    Made(&'a str),
}

impl<'a> Place<'a> {
    /// Reads `module:attribute`, or a path.
    pub(crate) fn of(text: &'a str) -> Self {
        match text.split_once(':') {
            Some((module, _)) => Self::Attribute { module },
            None if text.starts_with("deps/") => Self::Made(text.trim_end_matches('/')),
            None => Self::Path(text.trim_end_matches('/')),
        }
    }
}

impl<'a> Checked<'a> {
    /// Checks one model's options.
    pub(crate) fn read(
        name: &'a str,
        options: &'a Model,
        dependencies: &'a [Dependency],
        host: &dyn Host,
    ) -> Result<Self, Problem> {
        let framework = options.framework;
        let checked = Self {
            name,
            options,
            formats: options.formats(),
            dependencies,
        };
        checked.check_formats()?;
        checked.check_words()?;
        checked.check_revision()?;
        if framework != Framework::Ollama {
            checked.check_places(host)?;
        }
        Ok(checked)
    }

    fn check_formats(&self) -> Result<(), Problem> {
        let framework = self.options.framework;
        let Some(format) = self.formats.iter().find(|format| !framework.formats().contains(format)) else {
            return Ok(());
        };
        let (name, title) = (self.name, framework.title());
        let problem = Problem::new(format!(
            "`{name}` is a model of {title}, which is not exported to `{}`",
            format.name()
        ));
        let possible: Vec<String> = framework
            .formats()
            .iter()
            .map(|format| format!("`{}`", format.name()))
            .collect();
        Err(problem.hint(format!("`formats` may have {}", possible.join(" and "))))
    }

    /// Options that mean nothing for this model.
    fn check_words(&self) -> Result<(), Problem> {
        let (name, options) = (self.name, self.options);
        let is_ollama = options.framework == Framework::Ollama;
        let quantised = |format: &Format| matches!(format, Format::Onnx | Format::Tflite);
        let calibration = options.int8.as_ref().filter(|int8| int8.calibration.is_some());
        let mistakes = [
            (
                options.checkpoint.is_some() && options.framework != Framework::Pytorch,
                "checkpoint",
                "is for models of PyTorch: name the file in `source`",
            ),
            (
                options.revision.is_some() && options.framework != Framework::HuggingFace,
                "revision",
                "is for models of a Hugging Face hub",
            ),
            (
                options.opset.is_some() && !self.formats.contains(&Format::Onnx),
                "opset",
                "is for the format `onnx`",
            ),
            (
                options.int8.is_some() && !self.formats.iter().any(quantised),
                "int8",
                "is for the formats `onnx` and `tflite`",
            ),
            (
                calibration.is_some_and(|int8| int8.mode == Mode::Dynamic),
                "calibration",
                "is for `mode = \"static\"`",
            ),
            (
                is_ollama && options.samples.is_some(),
                "samples",
                "is for models that are exported: this one is copied",
            ),
        ];
        match mistakes.into_iter().find(|(wrong, ..)| *wrong) {
            Some((_, option, reason)) => {
                let problem = Problem::new(format!("`{name}` has the option `{option}`, which {reason}"));
                Err(problem.hint("take it out"))
            }
            None => Ok(()),
        }
    }

    fn check_places(&self, host: &dyn Host) -> Result<(), Problem> {
        let options = self.options;
        let is_folder = options.framework == Framework::HuggingFace;
        if is_folder && self.revision().is_none() && matches!(Place::of(&options.source), Place::Attribute { .. }) {
            let problem = Problem::new(format!(
                "`source` of `{}` is `{}`, which is no folder",
                self.name, options.source
            ));
            return Err(problem.hint(
                "name the folder that the model was saved to, from the target's folder, or a model of the hub and its `revision`",
            ));
        }
        if options.samples.is_none() && options.framework != Framework::HuggingFace {
            let problem = Problem::new(format!("`{}` has no samples to check its export with", self.name));
            return Err(problem.hint(
                "`samples` is `module:attribute` with inputs of the model, or a file (`.npz`, `.npy`, `.json`)",
            ));
        }
        for (option, text) in self.named() {
            self.check_place(option, text, host)?;
        }
        Ok(())
    }

    fn check_place(&self, option: &str, text: &str, host: &dyn Host) -> Result<(), Problem> {
        let missing = |path: String, hint: &str| {
            let problem = Problem::new(format!(
                "`{option}` of `{}` is `{text}`, and there is no `{path}`",
                self.name
            ));
            Err(problem.in_file(path).hint(hint))
        };
        match Place::of(text) {
            Place::Path(path) if host.look(path)?.is_none() => {
                let is_folder = option == "source" && self.options.framework == Framework::HuggingFace;
                let hint = if is_folder {
                    "write a path from the target's folder; for a model of a hub, say its `revision` as well"
                } else {
                    "write `module:attribute`, or a path from the target's folder"
                };
                missing(path.to_owned(), hint)
            }
            Place::Path(_) => Ok(()),
            Place::Made(path) if self.maker(path).is_none() => {
                let problem = Problem::new(format!(
                    "`{option}` of `{}` is `{text}`, and no dependency makes that",
                    self.name
                ));
                Err(problem.hint("write `deps/TARGET/ARTIFACT`, and the target among `deps`"))
            }
            Place::Made(_) => Ok(()),
            Place::Attribute { module } => {
                let path = module.replace('.', "/");
                for folder in ["", "src/"] {
                    let path = format!("{folder}{path}");
                    if host.is_file(&format!("{path}.py"))? || host.look(&path)? == Some(EntryKind::Folder) {
                        return Ok(());
                    }
                }
                missing(
                    format!("{path}.py"),
                    "write `module:attribute`, with a module below the target's folder or its `src`",
                )
            }
        }
    }

    /// The options that name a place, and what they name.
    fn named(&self) -> impl Iterator<Item = (&'static str, &'a str)> {
        let options = self.options;
        let calibration = options.int8.as_ref().and_then(|int8| int8.calibration.as_deref());
        let named = [
            (
                "source",
                Some(options.source.as_str()).filter(|_| self.revision().is_none()),
            ),
            ("checkpoint", options.checkpoint.as_deref()),
            ("samples", options.samples.as_deref()),
            ("calibration", calibration),
        ];
        named.into_iter().filter_map(|(option, text)| Some((option, text?)))
    }

    /// The dependency that makes what lies at a path.
    fn maker(&self, path: &str) -> Option<&'a Dependency> {
        let makes = |dependency: &&Dependency| {
            let rest = path.strip_prefix(&place(dependency));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.dependencies.iter().find(makes)
    }

    /// The files and folders of the target that it names.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &'a str> {
        self.named().filter_map(|(_, text)| match Place::of(text) {
            Place::Path(path) => Some(path),
            Place::Attribute { .. } | Place::Made(_) => None,
        })
    }

    /// What it needs of other targets, each once.
    pub(crate) fn made(&self) -> Vec<Input> {
        let mut inputs: Vec<Input> = Vec::new();
        for (_, text) in self.named() {
            let Place::Made(path) = Place::of(text) else { continue };
            let made = self.maker(path);
            let made = made.map(|made| Input::artifact(place(made), &made.target, &made.name));
            inputs.extend(made.filter(|made| !inputs.contains(made)));
        }
        inputs
    }

    /// Whether modules of the target may be needed: by an attribute that is named, or by what was pickled.
    pub(crate) fn needs_modules(&self) -> bool {
        let holds_code = matches!(self.options.framework, Framework::Pytorch | Framework::ScikitLearn);
        holds_code
            || self
                .named()
                .any(|(_, text)| matches!(Place::of(text), Place::Attribute { .. }))
    }

    /// Whether its framework is pinned.
    pub(crate) fn has_framework(&self, lock: &Lock) -> bool {
        let packages = self.options.framework.packages();
        packages.iter().all(|names| names.iter().any(|name| lock.has(name)))
    }

    /// Why its framework, or what its export takes beside it, cannot be used on this platform; none where all can be.
    pub(crate) fn lacks(&self, lock: &Lock, facts: &Facts) -> Option<String> {
        let framework = self.options.framework;
        let tools = self.formats.iter().flat_map(|format| framework.tools(*format));
        let tools = tools.map(std::slice::from_ref);
        let packages = framework.packages().iter().copied().chain(tools);
        let lacking = packages.filter(|names| !names.iter().any(|name| facts.is_usable(name)));
        let name = lacking.flatten().find(|name| lock.has(name))?;
        Some(match facts.lacking(name) {
            Some(why) => format!("`{name}` {why}"),
            None => format!("`{name}` is pinned, and a marker leaves it out on this platform"),
        })
    }

    /// The first package beside the framework that its export needs, and that is not pinned.
    pub(crate) fn missing_tool(&self, lock: &Lock) -> Option<&'static str> {
        let framework = self.options.framework;
        let mut tools = self.formats.iter().flat_map(|format| framework.tools(*format));
        tools.find(|tool| !lock.has(tool)).copied()
    }
}

/// Where an artifact of a dependency appears.
fn place(dependency: &Dependency) -> String {
    format!("deps/{}/{}", dependency.target.replace(':', "/"), dependency.name)
}
