//! From the options to the container: what it starts, what it is told, how it shows that it works. Does not know layers.

use std::collections::BTreeMap;

use farm_sdk::Problem;

use crate::model::{Container, Health, Volume};
use crate::oci::config::{Healthcheck, Settings};
use crate::oci::image::TAG;
use crate::options::{self, Options};
use crate::parts::Part;
use crate::services::{Address, Backing};

/// How often a check may fail.
const RETRIES: u32 = 3;

/// What the image sets.
pub(crate) fn settings(options: &Options, parts: &[Part]) -> Result<Settings, Problem> {
    let entrypoint = options.entrypoint.clone().or_else(|| only_program(parts));
    if entrypoint.is_none() && options.base.is_none() {
        let problem = Problem::new("nothing says what the container starts");
        return Err(problem.hint("say it in the option `entrypoint`, or name a `base` that does"));
    }
    let health = health(options, parts)?.and_then(|health| {
        let test = std::iter::once("CMD".to_owned()).chain(health.command?).collect();
        Some(Healthcheck {
            test,
            interval: health.interval,
            timeout: health.timeout,
            start: health.start,
            retries: health.retries,
        })
    });
    Ok(Settings {
        user: Some(options.user.clone()),
        directory: options
            .directory
            .clone()
            .or_else(|| folder(parts, &["python-app", "node-package"])),
        entrypoint,
        command: options.command.clone(),
        environment: environment(options, parts),
        ports: options.ports.clone(),
        volumes: options.volumes.clone(),
        labels: options.labels.clone(),
        health,
    })
}

/// The container, as Compose and Kubernetes run it.
pub(crate) fn container(
    options: &Options,
    parts: &[Part],
    name: &str,
    (services, address): (&[Backing], &Address),
) -> Result<Container, Problem> {
    let (user, group) = user(&options.user);
    let env = address.env.iter().chain(&options.env);
    let mut secrets: Vec<String> = options.secrets.iter().chain(&address.secrets).cloned().collect();
    secrets.sort_unstable();
    secrets.dedup();
    Ok(Container {
        name: name.to_owned(),
        image: reference(options, name),
        env: env.map(|(name, value)| (name.clone(), value.clone())).collect(),
        secrets,
        ports: options.ports.clone(),
        volumes: options.volumes.iter().map(|path| volume(name, path)).collect(),
        user,
        group,
        health: health(options, parts)?,
        replicas: options.replicas,
        needs: services.iter().map(|service| service.name.clone()).collect(),
    })
}

/// What the image is called.
pub(crate) fn reference(options: &Options, name: &str) -> String {
    options.push.clone().unwrap_or_else(|| format!("{name}:{TAG}"))
}

/// The user and the group; the schema has seen to it that they are numbers.
pub(crate) fn user(text: &str) -> (u64, u64) {
    let (user, group) = text.split_once(':').unwrap_or((text, text));
    let number = |text: &str| text.parse().unwrap_or(u64::from(u32::MAX));
    (number(user), number(group))
}

fn only_program(parts: &[Part]) -> Option<Vec<String>> {
    let mut programs: Vec<&str> = parts
        .iter()
        .filter(|part| part.is_binary())
        .map(|part| part.path.as_str())
        .collect();
    programs.dedup();
    match programs[..] {
        [program] => Some(vec![program.to_owned()]),
        _ => None,
    }
}

/// Where the first artifact of one of these kinds is.
fn folder(parts: &[Part], kinds: &[&str]) -> Option<String> {
    let found = parts.iter().find(|part| kinds.contains(&part.kind.as_str()));
    found.map(|part| part.path.clone())
}

/// The user's variables over those that make the artifacts find each other.
fn environment(options: &Options, parts: &[Part]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    if folder(parts, &["python-app"]).is_some() {
        all.extend([("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONUNBUFFERED", "1")].map(owned));
    }
    if let Some(packages) = folder(parts, &["python-packages"]) {
        all.extend([("PYTHONPATH", packages.as_str())].map(owned));
    }
    if folder(parts, &["node-package"]).is_some() {
        all.extend([("NODE_ENV", "production")].map(owned));
    }
    all.extend(options.env.clone());
    all
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// The health check, with a command for engines that know nothing else.
fn health(options: &Options, parts: &[Part]) -> Result<Option<Health>, Problem> {
    let Some(wanted) = &options.health else {
        return Ok(None);
    };
    let port = wanted.port.or_else(|| options.ports.first().copied());
    if wanted.path.is_some() && port.is_none() {
        let problem = Problem::new("option `health` has a `path` and no port to ask for it");
        return Err(problem.hint("name the container's port in `ports`"));
    }
    Ok(Some(Health {
        path: wanted.path.clone(),
        port,
        command: wanted.command.clone().or_else(|| asking(wanted, port, parts)),
        interval: wanted.interval,
        timeout: wanted.timeout,
        start: wanted.start,
        retries: RETRIES,
    }))
}

/// A command that asks for a path over HTTP, by the language that is in the image anyway.
fn asking(wanted: &options::Health, port: Option<u16>, parts: &[Part]) -> Option<Vec<String>> {
    let (path, port, timeout) = (wanted.path.as_ref()?, port?, wanted.timeout);
    let url = format!("http://127.0.0.1:{port}{path}");
    let words = if folder(parts, &["python-app"]).is_some() {
        let code = format!("import urllib.request as r; r.urlopen('{url}', timeout={timeout})");
        ["python3".to_owned(), "-c".to_owned(), code]
    } else if folder(parts, &["node-package"]).is_some() {
        let code = format!("fetch('{url}').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))");
        ["node".to_owned(), "-e".to_owned(), code]
    } else {
        return None;
    };
    Some(words.into())
}

/// A volume's name, from its path: letters, digits and `-` alone.
fn volume(container: &str, path: &str) -> Volume {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let name: String = path.trim_matches('/').chars().map(plain).collect();
    Volume {
        name: format!("{container}-{name}"),
        path: path.to_owned(),
    }
}
