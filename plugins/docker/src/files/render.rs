//! Renders templates: Jinja, with filters for the forms that the files have. Does not know which templates there are.

use std::collections::BTreeMap;
use std::error::Error as _;

use farm_sdk::Problem;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};
use serde::Serialize;

use super::templates::{self, ENDING};
use crate::oci::blob;

/// Before the names of farm's own templates, for those that include or extend them.
const OWN: &str = "farm/";
/// How many instructions a template may take: those of farm's own take some thousand for each container.
const FUEL: u64 = 20_000_000;
/// How many causes of an error are told.
const MAX_CAUSES: usize = 4;

/// All files, by name. One that would hold nothing but white space is left out.
pub(super) fn all(
    templates: &BTreeMap<String, String>,
    variables: &impl Serialize,
) -> Result<Vec<(String, String)>, Problem> {
    let environment = environment(templates)?;
    let variables = Value::from(Serde(variables));
    let mut files = Vec::new();
    for name in templates.keys() {
        let rendered = environment
            .get_template(name)
            .and_then(|template| template.render(variables.clone()));
        let text = rendered.map_err(|error| problem(name, &error))?;
        if !text.trim().is_empty() {
            files.push((name.trim_end_matches(ENDING).to_owned(), text));
        }
    }
    Ok(files)
}

fn environment(templates: &BTreeMap<String, String>) -> Result<Environment<'_>, Problem> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_syntax(lines());
    environment.add_filter("json", json);
    environment.add_filter("compose", compose);
    environment.add_filter("compose_url", compose_url);
    environment.add_filter("dockerfile", dockerfile);
    environment.add_filter("sha256", |value: &Value| blob::sha256(value.to_string().as_bytes()));
    environment.add_filter("shell", shell);
    for (name, text) in templates::own(true).chain(templates::SHARED) {
        let added = environment.add_template_owned(format!("{OWN}{name}"), text);
        added.map_err(|error| problem(name, &error))?;
    }
    for (name, text) in templates {
        let added = environment.add_template(name, text);
        added.map_err(|error| problem(name, &error))?;
    }
    Ok(environment)
}

/// A line that holds a block alone leaves nothing behind.
fn lines() -> SyntaxConfig {
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    syntax.build().unwrap_or_default()
}

/// A value as JSON, which is YAML and an array of a Dockerfile, too.
fn json(value: &Value) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}

/// The same for a Compose file, which would put variables in the place of `$NAME`.
fn compose(value: &Value) -> Result<String, Error> {
    Ok(json(value)?.replace('$', "$$"))
}

/// A value with references to secrets, as Kubernetes writes them (`$(NAME)`), for a Compose file.
fn compose_url(value: &Value) -> Result<String, Error> {
    let text = compose(value)?;
    let mut parts = text.split("$$(");
    let first = parts.next().unwrap_or_default().to_owned();
    Ok(parts.fold(first, |text, part| match part.split_once(')') {
        Some((name, rest)) => format!("{text}${{{name}:?is a secret that the environment must hold}}{rest}"),
        None => format!("{text}$$({part}"),
    }))
}

/// A word of a Dockerfile, where `$NAME` would be a variable. It knows no other sign by a backslash, and holds all but line
/// breaks as they are.
fn dockerfile(value: &Value) -> String {
    let quoted = value.to_string().chars().fold(String::new(), |text, c| match c {
        '"' | '\\' | '$' => format!("{text}\\{c}"),
        c => format!("{text}{c}"),
    });
    format!("\"{quoted}\"")
}

/// A word as a shell takes it for one.
fn shell(value: &Value) -> String {
    let word = value.to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word;
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn problem(name: &str, error: &Error) -> Problem {
    let name = error.name().unwrap_or(name);
    let line = error.line().map_or(String::new(), |line| format!(", line {line}"));
    Problem::new(format!("the template `{name}`{line}: {}", causes(error)))
        .hint("the page of farm's builders lists what templates see")
}

/// What is wrong, and in a template that another one includes, why.
fn causes(error: &Error) -> String {
    let mut all = vec![what(error)];
    let mut next = error.source();
    while let Some(inner) = next.and_then(|inner| inner.downcast_ref::<Error>()) {
        next = inner.source();
        let place = inner.name().zip(inner.line());
        let place = place.map_or(String::new(), |(name, line)| format!("`{name}`, line {line}: "));
        all.push(format!("{place}{}", what(inner)));
    }
    // Of templates that include each other, the last cause says it, and those before say the same again and again.
    let left_out = all.len().saturating_sub(MAX_CAUSES);
    all.drain(1..=left_out.min(all.len() - 1)).for_each(drop);
    all.join(": ")
}

fn what(error: &Error) -> String {
    match error.kind() {
        ErrorKind::OutOfFuel => format!("it is not done after {FUEL} instructions; does one of its loops ever end?"),
        kind => error.detail().map_or_else(|| kind.to_string(), str::to_owned),
    }
}
