//! Models of an Ollama store: a GGUF with its Modelfile, or, where the store lacks the model, a script that pulls it. Does
//! not know what is in a GGUF: the script that copies it reads that.

use std::fs;
use std::path::Path;

use farm_pip::{check_python, steady};
use farm_sdk::{Action, Artifact, Host, Input, Output, Plan, Problem, make_executable};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::actions::spec;
use crate::checked::Checked;
use crate::options::Options;

/// A model as Ollama names it.
#[derive(Debug, PartialEq, Eq)]
struct Name<'a> {
    /// `library`, where nobody else is named.
    owner: &'a str,
    model: &'a str,
    tag: &'a str,
}

/// What Ollama wrote down of a model.
#[derive(Deserialize)]
struct Manifest {
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    media_type: String,
    digest: String,
}

/// A layer's file, as the script is told.
#[derive(Serialize)]
struct Blob {
    kind: String,
    path: String,
    sha256: String,
}

/// What the step `pull` is told.
#[derive(Serialize, Deserialize)]
struct Pull {
    source: String,
}

impl<'a> Name<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (path, tag) = text.split_once(':').unwrap_or((text, "latest"));
        let (owner, model) = path.split_once('/').unwrap_or(("library", path));
        let is_plain = |part: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.chars().all(plain)
        };
        [owner, model, tag]
            .into_iter()
            .all(is_plain)
            .then_some(Self { owner, model, tag })
    }
}

/// Adds a model of the store to the plan.
pub(crate) fn plan(plan: Plan, model: &Checked<'_>, options: &Options, host: &dyn Host) -> Result<Plan, Problem> {
    let source = model.options.source.as_str();
    let Some(name) = Name::read(source) else {
        let problem = Problem::new(format!(
            "`source` of `{}` is `{source}`, which is no name of a model",
            model.name
        ));
        return Err(problem.hint("write it as for `ollama pull`, without a host: `llama3.2:1b`"));
    };
    let store = options.ollama_store.trim_end_matches('/');
    match blobs(&name, store, host)? {
        Some(blobs) => {
            check_python(&options.python, host)?;
            Ok(copied(plan, model, options, &blobs))
        }
        None => {
            host.warn(&format!(
                "the Ollama store `{store}` does not have `{source}`, so `{}` is a script that pulls it",
                model.name
            ));
            Ok(pulled(plan, model))
        }
    }
}

/// The files of a model; none where the store lacks the model, or one of them.
fn blobs(name: &Name<'_>, store: &str, host: &dyn Host) -> Result<Option<Vec<Blob>>, Problem> {
    let Name { owner, model, tag } = name;
    let pattern = format!("{store}/manifests/*/{owner}/{model}/{tag}");
    let found = host.glob(&[&pattern], &[])?;
    let path = match found.as_slice() {
        [] => return Ok(None),
        [path] => path,
        [first, ..] => {
            let problem =
                Problem::new(format!("the Ollama store has `{model}:{tag}` from several places")).in_file(first);
            return Err(problem.hint("remove all but one from the store"));
        }
    };
    let unreadable = |why: String| {
        let problem = Problem::new(format!("this is no manifest of Ollama's: {why}")).in_file(path);
        problem.hint("pull the model again")
    };
    let text = host.read_text(path)?.unwrap_or_default();
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    let mut blobs = Vec::new();
    for layer in manifest.layers {
        let sha256 = layer.digest.strip_prefix("sha256:").filter(|hex| is_sha256(hex));
        let sha256 = sha256.ok_or_else(|| unreadable(format!("`{}` is no SHA-256", layer.digest)))?;
        let path = format!("{store}/blobs/sha256-{sha256}");
        if !host.is_file(&path)? {
            return Ok(None);
        }
        let kind = layer.media_type.rsplit('.').next().unwrap_or_default().to_owned();
        let sha256 = sha256.to_owned();
        blobs.push(Blob { kind, path, sha256 });
    }
    if blobs.iter().all(|blob| blob.kind != "model") {
        return Err(unreadable("it names no model".to_owned()));
    }
    Ok(Some(blobs))
}

fn is_sha256(hex: &str) -> bool {
    hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn copied(plan: Plan, model: &Checked<'_>, options: &Options, blobs: &[Blob]) -> Plan {
    let told = json!({ "name": model.name, "source": model.options.source, "blobs": blobs });
    let copy = Action::tool(format!("copy-{}", model.name), options.python.as_str())
        .label(format!("copy {} out of the Ollama store", model.options.source))
        .args(["-S", "farm/farm_ollama.py", "farm/model.json", "farm/copied"])
        .input(spec(&told))
        .input(Input::files(blobs.iter().map(|blob| blob.path.as_str())))
        .input(Input::content(
            "farm/farm_ollama.py",
            include_str!("scripts/farm_ollama.py"),
        ))
        .output(Output::folder("gguf", "farm/copied/gguf"))
        .output(Output::file("gguf.facts", "farm/copied/gguf.json"))
        .untrusted();
    let artifact = Artifact::new(format!("{}-gguf", model.name), "gguf-model", copy.out("gguf"))
        .placed(model.name)
        .metadata(copy.out("gguf.facts"));
    plan.action(steady(copy)).artifact(artifact)
}

fn pulled(plan: Plan, model: &Checked<'_>) -> Plan {
    let source = model.options.source.clone();
    let pull = Action::step(format!("pull-{}", model.name), "pull")
        .label(format!("a script that pulls {source}"))
        .parameters(&json!(Pull { source }))
        .output(Output::folder("pull", "pull"));
    let artifact = Artifact::new(format!("{}-pull", model.name), "ollama-pull", pull.out("pull")).placed(model.name);
    plan.action(pull).artifact(artifact)
}

/// The step `pull`: writes the script, and a Modelfile that starts from what it pulls.
pub(crate) fn run(parameters: &str, output: &Path) -> Result<(), Problem> {
    let Pull { source } = serde_json::from_str(parameters).map_err(|error| Problem::new(error.to_string()))?;
    let folder = output.join("pull");
    fs::create_dir_all(&folder)?;
    let script = format!(
        "#!/bin/sh\n# Pulls a model into the Ollama store that OLLAMA_MODELS names. In the folder that `ollama-store` of the\n\
         # target names, farm finds it in the next build, and makes a GGUF with its Modelfile of it.\n\
         set -eu\nexec ollama pull '{source}'\n"
    );
    fs::write(folder.join("pull.sh"), script)?;
    fs::write(folder.join("Modelfile"), format!("FROM {source}\n"))?;
    Ok(make_executable(output, Path::new("pull/pull.sh"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_as_for_ollama_pull() {
        let name = |owner, model, tag| Some(Name { owner, model, tag });
        assert_eq!(Name::read("llama3.2:1b"), name("library", "llama3.2", "1b"));
        assert_eq!(Name::read("llama3.2"), name("library", "llama3.2", "latest"));
        assert_eq!(Name::read("harbour/pilot:v2"), name("harbour", "pilot", "v2"));
        for wrong in ["", "host/owner/model", "a b", "x:'", "*", "../x:y", "x:"] {
            assert_eq!(Name::read(wrong), None, "{wrong}");
        }
    }
}
