//! The step `count`: what an app consists of. Does not know Python.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use farm_sdk::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Deserialize)]
struct Python {
    python: String,
}

#[derive(Default, Deserialize)]
struct Dependencies {
    dependencies: usize,
}

/// The artifact's metadata. Endpoints and models are there when there is a schema.
#[derive(Serialize)]
struct Metadata {
    python: String,
    dependencies: usize,
    files: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoints: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<usize>,
}

/// Models that FastAPI adds by itself, to tell about requests it refused.
const OWN_MODELS: [&str; 2] = ["HTTPValidationError", "ValidationError"];

/// Reads `app/`, `python.json`, and if there `dependencies.json` and `openapi.json`, below `input`; writes
/// `metadata.json` below `output`.
pub(crate) fn run(input: &Path, output: &Path) -> Result<(), Problem> {
    let python: Python = read(&input.join("python.json"))?.ok_or_else(|| Problem::new("there is no `python.json`"))?;
    let dependencies: Dependencies = read(&input.join("dependencies.json"))?.unwrap_or_default();
    let schema: Option<Value> = read(&input.join("openapi.json"))?;
    let metadata = Metadata {
        python: python.python,
        dependencies: dependencies.dependencies,
        files: count_sources(&input.join("app"))?,
        endpoints: schema.as_ref().map(count_endpoints),
        models: schema.as_ref().map(count_models),
    };
    let json = serde_json::to_string_pretty(&metadata).map_err(io::Error::from)?;
    Ok(fs::write(output.join("metadata.json"), json + "\n")?)
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, Problem> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).map_err(io::Error::from)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Files of the app, its byte code left out.
fn count_sources(folder: &Path) -> io::Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            count += 1;
        } else if entry.file_name() != "__pycache__" {
            count += count_sources(&entry.path())?;
        }
    }
    Ok(count)
}

fn count_endpoints(schema: &Value) -> usize {
    const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let paths = schema["paths"].as_object().into_iter().flat_map(|paths| paths.values());
    paths
        .flat_map(Value::as_object)
        .flat_map(|path| path.keys())
        .filter(|key| METHODS.contains(&key.as_str()))
        .count()
}

fn count_models(schema: &Value) -> usize {
    let models = schema["components"]["schemas"].as_object();
    let names: BTreeSet<&str> = models
        .into_iter()
        .flat_map(|models| models.keys().map(String::as_str))
        .collect();
    names.iter().filter(|name| !OWN_MODELS.contains(name)).count()
}
