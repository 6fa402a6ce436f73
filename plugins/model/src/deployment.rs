//! The step `deployment`: how models are deployed, as the user's file says it, without any secret that is in it. Does not
//! know what providers there are.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use farm_sdk::{Action, Artifact, Host, Input, Output, Plan, Problem, Request};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::options::{Model, Options};
use crate::secrets;

/// What the step is told.
#[derive(Serialize, Deserialize)]
struct Parameters {
    /// The file, from the target's folder.
    file: String,
    /// The artifacts that models of the file may be.
    artifacts: BTreeSet<String>,
    /// Those that the target's options promise and that are not made here.
    left_out: BTreeSet<String>,
}

/// The artifact's metadata.
#[derive(Serialize)]
struct Metadata {
    providers: usize,
    models: usize,
    /// Where something was taken out because it is secret.
    removed: Vec<String>,
    /// Models that are not there, and where routes led to them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<String>,
}

/// The names of a plan's artifacts.
pub(crate) fn made(plan: &Plan) -> BTreeSet<String> {
    plan.artifacts.iter().map(|artifact| artifact.name.clone()).collect()
}

/// Adds the deployment's configuration, if there is one, to a plan with the models; `before` is what earlier rounds made.
pub(crate) fn plan(
    plan: Plan,
    request: &Request<Options>,
    before: &BTreeSet<String>,
    host: &dyn Host,
) -> Result<Plan, Problem> {
    let Some(file) = request.options.deployment.clone() else {
        return Ok(plan);
    };
    if !host.is_file(&file)? {
        let problem = Problem::new(format!("there is no `{file}`")).in_file(file);
        return Err(problem.hint("option `deployment` names a file, from the target's folder"));
    }
    let artifacts = &made(&plan) | before;
    let left_out = &promised(&request.options) - &artifacts;
    let clean = Action::step("deployment", "deployment")
        .label(format!("take the secrets out of {file}"))
        .input(Input::file(&file))
        .parameters(&json!(Parameters {
            file,
            artifacts,
            left_out
        }))
        .output(Output::file("deployment", "deployment.json"))
        .output(Output::file("facts", "facts.json"));
    let artifact = Artifact::new("deployment", "model-deployment", clean.out("deployment"))
        .placed("deployment.json")
        .metadata(clean.out("facts"));
    Ok(plan.action(clean).artifact(artifact))
}

/// The artifacts of all models, were every framework there and every model in its store.
fn promised(options: &Options) -> BTreeSet<String> {
    let of_model = |(name, model): (&String, &Model)| {
        let formats = model.formats().iter();
        formats
            .map(|format| format!("{name}-{}", format.name()))
            .collect::<Vec<_>>()
    };
    options.models.iter().flat_map(of_model).collect()
}

/// Reads the file below `input`, and writes `deployment.json` and `facts.json` below `output`.
pub(crate) fn run(parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
    let Parameters {
        file,
        artifacts,
        left_out,
    } = serde_json::from_str(parameters).map_err(io::Error::from)?;
    let text = fs::read_to_string(input.join(&file))?;
    let mut deployment = parse(&file, &text)?;
    check(&deployment, &(&artifacts | &left_out)).map_err(|problem| problem.in_file(&file))?;
    let left_out = leave_out(&mut deployment, &left_out);
    let removed = secrets::remove(&mut deployment);
    let count = |name: &str| deployment[name].as_object().map_or(0, serde_json::Map::len);
    let metadata = Metadata {
        providers: count("providers"),
        models: count("models"),
        removed,
        left_out,
    };
    fs::write(output.join("deployment.json"), pretty(&deployment)?)?;
    Ok(fs::write(output.join("facts.json"), pretty(&metadata)?)?)
}

/// Without the text of the file, which may hold a secret where the mistake is.
fn parse(file: &str, text: &str) -> Result<Value, Problem> {
    let (value, line) = if Path::new(file).extension().is_some_and(|extension| extension == "json") {
        match serde_json::from_str(text) {
            Ok(value) => (Some(value), 0),
            Err(error) => (None, error.line()),
        }
    } else {
        match toml::from_str(text) {
            Ok(value) => (Some(value), 0),
            Err(error) => (
                None,
                error.span().map_or(1, |span| text[..span.start].lines().count().max(1)),
            ),
        }
    };
    value.filter(Value::is_object).ok_or_else(|| {
        let problem = Problem::new(format!("`{file}` is no table")).in_file(file);
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let problem = if line > 0 { problem.at_line(line) } else { problem };
        problem.hint("it is written in TOML or JSON, as its name says")
    })
}

/// Models must be of providers that are there, artifacts of the target's own, and routes lead to models.
fn check(deployment: &Value, artifacts: &BTreeSet<String>) -> Result<(), Problem> {
    let table = |name: &str| deployment[name].as_object().into_iter().flatten();
    let names = |name: &str| table(name).map(|(name, _)| name.clone()).collect::<BTreeSet<String>>();
    let providers = names("providers");
    for (model, about) in table("models") {
        for (key, known, what) in [
            ("provider", &providers, "provider"),
            ("artifact", artifacts, "artifact of this target"),
        ] {
            if let Some(named) = about[key].as_str().filter(|named| !known.contains(*named)) {
                return Err(unknown(&format!("the model `{model}` names `{named}`"), what, known));
            }
        }
    }
    let models = names("models");
    for (route, to) in table("routing") {
        let many = to.as_array().into_iter().flatten();
        let mut named = many.chain([to]).filter_map(Value::as_str);
        if let Some(named) = named.find(|named| !models.contains(*named)) {
            return Err(unknown(
                &format!("the route `{route}` leads to `{named}`"),
                "model",
                &models,
            ));
        }
    }
    Ok(())
}

/// Takes out models whose artifact is not made, and what of the routes leads to them; says what that was. A route that
/// leads nowhere any more goes as a whole.
fn leave_out(deployment: &mut Value, artifacts: &BTreeSet<String>) -> Vec<String> {
    let mut gone = BTreeSet::new();
    if let Some(models) = deployment.get_mut("models").and_then(Value::as_object_mut) {
        models.retain(|name, about| {
            let stays = !about["artifact"]
                .as_str()
                .is_some_and(|named| artifacts.contains(named));
            stays || !gone.insert(name.clone())
        });
    }
    let mut told: Vec<String> = gone.iter().map(|name| format!("models.{name}")).collect();
    let leads_away = |to: &Value| to.as_str().is_some_and(|name| gone.contains(name));
    if let Some(routes) = deployment.get_mut("routing").and_then(Value::as_object_mut) {
        routes.retain(|route, to| {
            let many = to.as_array().into_iter().flatten().enumerate();
            let lost = many.filter(|(_, one)| leads_away(one));
            let lost: Vec<String> = lost.map(|(place, _)| format!("routing.{route}[{place}]")).collect();
            let is_lost = leads_away(to)
                || to
                    .as_array()
                    .is_some_and(|many| !many.is_empty() && many.len() == lost.len());
            if is_lost {
                told.push(format!("routing.{route}"));
                return false;
            }
            told.extend(lost);
            if let Some(many) = to.as_array_mut() {
                many.retain(|one| !leads_away(one));
            }
            true
        });
    }
    told.sort();
    told
}

fn unknown(what: &str, kind: &str, known: &BTreeSet<String>) -> Problem {
    let problem = Problem::new(format!("{what}, which is no {kind}"));
    let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    problem.hint(if known.is_empty() {
        "there are none".to_owned()
    } else {
        format!("there are {}", known.join(", "))
    })
}

fn pretty<T: Serialize>(value: &T) -> Result<String, Problem> {
    Ok(serde_json::to_string_pretty(value).map_err(io::Error::from)? + "\n")
}
