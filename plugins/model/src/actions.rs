//! The actions of a model: export by its own framework, and the check of what came out. Does not read any file.

use farm_pip::{Installed, steady};
use farm_sdk::{Action, Input, Output, OutputRef};
use serde_json::{Value, json};

use crate::checked::Checked;
use crate::options::{Format, Framework, Options};

/// What is never needed for an export.
const NEVER: &[&str] = &[
    "**/.venv/**",
    "**/__pycache__/**",
    "**/node_modules/**",
    "**/test_*.py",
    "**/tests/**",
    "**/venv/**",
    ".farm/**",
    ".git/**",
    "dist/**",
    "site-packages/**",
];

/// Frameworks that ask nobody, tell little, use no graphics card and add in the same order on every machine.
const QUIET: &[(&str, &str)] = &[
    ("CUDA_VISIBLE_DEVICES", ""),
    ("HF_HUB_OFFLINE", "1"),
    ("MKL_NUM_THREADS", "1"),
    ("OMP_NUM_THREADS", "1"),
    ("OPENBLAS_NUM_THREADS", "1"),
    ("TF_CPP_MIN_LOG_LEVEL", "3"),
    ("TF_ENABLE_ONEDNN_OPTS", "0"),
    ("TOKENIZERS_PARALLELISM", "false"),
];

/// farm's own scripts, beside what an action reads.
const SCRIPTS: &[(&str, &str)] = &[
    ("farm_check.py", include_str!("scripts/farm_check.py")),
    ("farm_compare.py", include_str!("scripts/farm_compare.py")),
    ("farm_export.py", include_str!("scripts/farm_export.py")),
    ("farm_hugging_face.py", include_str!("scripts/farm_hugging_face.py")),
    ("farm_onnx.py", include_str!("scripts/farm_onnx.py")),
    ("farm_pytorch.py", include_str!("scripts/farm_pytorch.py")),
    ("farm_samples.py", include_str!("scripts/farm_samples.py")),
    ("farm_scikit_learn.py", include_str!("scripts/farm_scikit_learn.py")),
    ("farm_tensorflow.py", include_str!("scripts/farm_tensorflow.py")),
    ("farm_tflite.py", include_str!("scripts/farm_tflite.py")),
    ("farm_torchscript.py", include_str!("scripts/farm_torchscript.py")),
];

/// Loads the model, writes its exports, and what it answers to the samples itself. Whatever a checkpoint does when it is
/// loaded, it does here.
pub(crate) fn export(model: &Checked<'_>, options: &Options, packages: &Installed, hub: Option<OutputRef>) -> Action {
    let formats: Vec<&str> = model.formats.iter().map(|format| format.name()).collect();
    let framework = model.options.framework;
    python(format!("export-{}", model.name), options, packages)
        .label(format!(
            "export {} from {} to {}",
            model.name,
            framework.title(),
            formats.join(" and ")
        ))
        .args(["-S", "farm/farm_export.py", "farm/model.json", "farm/exported"])
        .input(spec(&told(model)))
        .inputs(model.needs_modules().then(|| modules(options)))
        .inputs(model.paths().map(Input::file))
        .inputs(model.made())
        .inputs(hub.map(|fetched| Input::output(model.fetched_to(), fetched)))
        .inputs(scripts(&["farm_export.py", "farm_onnx.py", "farm_samples.py"]))
        .inputs(scripts(exporters(framework)))
        .output(Output::folder("exported", "farm/exported"))
        .untrusted()
}

/// The files that modules of models may need.
fn modules(options: &Options) -> Input {
    let excluded = options.exclude.iter().flat_map(|pattern| {
        let pattern = pattern.trim_end_matches('/');
        [pattern.to_owned(), format!("{pattern}/**")]
    });
    Input::files(options.sources.iter().map(|pattern| pattern.trim_end_matches('/')))
        .except(NEVER.iter().copied())
        .except(excluded)
}

/// What the exporter is told: nothing that the check alone needs, so that another tolerance exports nothing again.
fn told(model: &Checked<'_>) -> Value {
    let options = model.options;
    let int8 = options.int8.as_ref();
    let fetched = model.fetched_to();
    let mode = int8
        .filter(|_| options.framework == Framework::Tensorflow)
        .map(|int8| int8.mode);
    json!({
        "name": model.name,
        "framework": options.framework,
        "source": if model.revision().is_some() { &fetched } else { &options.source },
        "checkpoint": options.checkpoint,
        "formats": model.formats,
        "samples": options.samples,
        "calibration": int8.and_then(|int8| int8.calibration.as_ref()),
        "opset": options.opset,
        "int8": mode,
    })
}

/// Makes the versions of eight bits, and runs every export on the samples: one that does not agree with the original
/// ends here.
pub(crate) fn check(model: &Checked<'_>, options: &Options, packages: &Installed, export: &Action) -> Action {
    let int8 = model.options.int8.as_ref();
    let int8 = int8.map(|int8| json!({ "mode": int8.mode, "tolerance": int8.tolerance }));
    let told = json!({
        "name": model.name,
        "formats": model.formats,
        "tolerance": model.options.tolerance,
        "int8": int8,
    });
    let runners = model.formats.iter().map(|format| match format {
        Format::Torchscript => "farm_torchscript.py",
        Format::Tflite => "farm_tflite.py",
        Format::Onnx | Format::Gguf => "farm_onnx.py",
    });
    let runners: Vec<&str> = runners.collect();
    let check = python(format!("check-{}", model.name), options, packages)
        .label(format!("check {} against the original", model.name))
        .args([
            "-S",
            "farm/farm_check.py",
            "farm/model.json",
            "farm/exported",
            "farm/checked",
        ])
        .input(spec(&told))
        .input(Input::output("farm/exported", export.out("exported")))
        .inputs(scripts(&["farm_check.py", "farm_compare.py", "farm_samples.py"]))
        .inputs(scripts(&runners))
        .untrusted();
    model.formats.iter().fold(check, |check, format| {
        let name = format.name();
        check
            .output(Output::folder(name, format!("farm/checked/{name}")))
            .output(Output::file(
                format!("{name}.facts"),
                format!("farm/checked/{name}.json"),
            ))
    })
}

/// The scripts of a framework.
const fn exporters(framework: Framework) -> &'static [&'static str] {
    match framework {
        Framework::HuggingFace => &["farm_hugging_face.py", "farm_pytorch.py"],
        Framework::Pytorch => &["farm_pytorch.py"],
        Framework::ScikitLearn => &["farm_scikit_learn.py"],
        Framework::Tensorflow => &["farm_tensorflow.py"],
        Framework::Ollama => &[],
    }
}

fn python(id: String, options: &Options, packages: &Installed) -> Action {
    let action = Action::tool(id, options.python.as_str()).input(packages.input());
    let quiet = QUIET
        .iter()
        .fold(action, |action, (name, value)| action.env(*name, *value));
    steady(quiet)
}

/// What a script is told, as a file.
pub(crate) fn spec(told: &Value) -> Input {
    Input::content("farm/model.json", format!("{told:#}\n"))
}

fn scripts(names: &[&str]) -> Vec<Input> {
    let scripts = SCRIPTS.iter().filter(|(name, _)| names.contains(name));
    let scripts = scripts.map(|(name, text)| Input::content(format!("farm/{name}"), *text));
    scripts.collect()
}
