//! From the options to the container: what it starts, what it is told, how it shows that it works. Does not know layers.

use std::collections::BTreeMap;

use farm_sdk::Problem;

use crate::base;
use crate::model::{Container, Health, Published, Pushed, Volume};
use crate::names::{self, MAX_LABEL};
use crate::oci::config::{Healthcheck, Settings};
use crate::oci::image::TAG;
use crate::options::{self, HostPort, Options};
use crate::parts::Part;
use crate::resources;
use crate::services::Backing;

/// How often a check may fail.
const RETRIES: u32 = 3;
/// The greatest number of a user that Kubernetes takes.
const MAX_ID: u64 = 2_147_483_647;
/// The longest name of an image that registries take.
const MAX_NAME: usize = 255;

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
        user: Some(options.user().to_owned()),
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

/// The container, as Compose and Kubernetes run it. `target` is the target's name.
pub(crate) fn container(
    options: &Options,
    parts: &[Part],
    (target, name): (&str, &str),
    services: &[Backing],
) -> Result<Container, Problem> {
    let (user, group) = user(options.user());
    let mut secrets = options.secrets.clone();
    secrets.sort_unstable();
    let fixed = options.env.iter().filter(|(name, _)| !secrets.contains(name));
    let mut container = Container {
        name: name.to_owned(),
        image: reference(options, name),
        pushed: options.push.as_deref().map(pushed),
        folder: target.replace(':', "/"),
        assembled: false,
        env: fixed.map(|(name, value)| (name.clone(), value.clone())).collect(),
        urls: BTreeMap::new(),
        secrets,
        ports: options.ports.clone(),
        published: published(options)?,
        volumes: volumes(name, &options.volumes),
        user,
        group,
        health: health(options, parts)?,
        replicas: replicas(options)?,
        resources: resources::read(options)?,
        needs: Vec::new(),
    };
    services.iter().for_each(|service| container.uses(service));
    Ok(container)
}

/// What the image is called where an engine builds it.
pub(crate) fn reference(options: &Options, name: &str) -> String {
    options.push.clone().unwrap_or_else(|| format!("{name}:{TAG}"))
}

/// Where an image is pushed to. What stands behind the last colon is the tag, as the schema has seen to.
fn pushed(reference: &str) -> Pushed {
    let name = reference.rsplit_once(':').map_or(reference, |(name, _)| name);
    Pushed {
        reference: reference.to_owned(),
        name: name.to_owned(),
        digest: None,
        tls: !base::is_loopback(reference),
    }
}

/// The ports that Compose offers on the machine.
fn published(options: &Options) -> Result<Vec<Published>, Problem> {
    let is_port = |name: &&String| name.parse().is_ok_and(|port| options.ports.contains(&port));
    if let Some(name) = options.host_ports.keys().find(|name| !is_port(name)) {
        let problem = Problem::new(format!("option `host-ports` names {name}, which is none of `ports`"));
        return Err(problem.hint("name a port on which the container listens"));
    }
    let host = |port: u16| match options.host_ports.get(&port.to_string()) {
        Some(HostPort::At(host)) => Some(*host),
        Some(HostPort::None(_)) => None,
        None => Some(port),
    };
    let published = options.ports.iter().filter_map(|&port| {
        Some(Published {
            port,
            host: host(port)?,
        })
    });
    Ok(published.collect())
}

/// One container at a time can mount a volume.
fn replicas(options: &Options) -> Result<u32, Problem> {
    let replicas = options.replicas.unwrap_or(1);
    if replicas <= 1 || options.volumes.is_empty() {
        return Ok(replicas);
    }
    let problem = Problem::new(format!(
        "option `replicas` asks for {replicas} containers, and the folders of `volumes` can be mounted by one"
    ));
    Err(problem.hint(
        "run one, or keep the data in one of the `services`; a template `kubernetes.yaml.j2` of your own can say more",
    ))
}

/// Refuses a user that no system has, a registry that none can be, and variables that a Dockerfile cannot hold.
pub(crate) fn check(options: &Options) -> Result<(), Problem> {
    let (user, group) = user(options.user());
    if user.max(group) > MAX_ID {
        let problem = Problem::new(format!("option `user` names `{}`, which is none", options.user()));
        return Err(problem.hint(format!("the numbers of users and groups end at {MAX_ID}")));
    }
    if let Some(reference) = &options.push
        && !is_reference(reference)
    {
        let problem = Problem::new(format!(
            "option `push` names `{reference}`, which is no place in a registry"
        ));
        return Err(problem.hint(
            "write `HOST[:PORT]/NAME:TAG`, with a port up to 65535, and a name of lower-case letters and digits with \
             single `.`, `_`, `-` or `/` between them",
        ));
    }
    let texts = [
        ("env", &options.env),
        ("development.env", &options.development.env),
        ("labels", &options.labels),
    ];
    for (option, (name, value)) in texts
        .iter()
        .flat_map(|(option, all)| all.iter().map(move |one| (option, one)))
    {
        let is_odd = |c: char| c.is_control() && c != '\t';
        if name.chars().chain(value.chars()).any(is_odd) {
            let problem = Problem::new(format!(
                "option `{option}` gives `{}` a line break or another control character, which a Dockerfile cannot hold",
                name.escape_debug()
            ));
            return Err(
                problem.hint("keep the text in a file that is put into the image, and its path in the variable")
            );
        }
    }
    Ok(())
}

/// Whether registries take it: what stands behind the last colon is the tag, as the schema has seen to.
fn is_reference(reference: &str) -> bool {
    let name = reference.rsplit_once(':').map_or(reference, |(name, _)| name);
    let Some((host, path)) = name.split_once('/') else {
        return false;
    };
    let (host, port) = host.split_once(':').unwrap_or((host, "443"));
    let is_host = host
        .split('.')
        .all(|part| !part.is_empty() && !part.starts_with('-') && !part.ends_with('-'));
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    is_host && is_port && path.len() <= MAX_NAME && path.split('/').all(names::is_repository)
}

/// The user and the group; the schema has seen to it that they are numbers.
pub(crate) fn user(text: &str) -> (u64, u64) {
    let (user, group) = text.split_once(':').unwrap_or((text, text));
    let number = |text: &str| text.parse().unwrap_or(u64::MAX);
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

/// Whether something among the artifacts can ask for a path over HTTP.
pub(crate) fn asks(parts: &[Part]) -> bool {
    folder(parts, &["python-app", "node-package"]).is_some()
}

/// A command that asks for a path over HTTP, by the language that is in the image anyway.
fn asking(wanted: &options::Health, port: Option<u16>, parts: &[Part]) -> Option<Vec<String>> {
    let (path, port, timeout) = (wanted.path.as_ref()?, port?, wanted.timeout);
    let url = format!("http://127.0.0.1:{port}{}", encoded(path));
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

/// A path of a URL, with what is none of its signs written as `%27`: so it stays one in the quotes of any language, too.
fn encoded(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&()*+,;=:@/?%".contains(&byte);
    let encode = |byte: u8| match byte {
        plain if is_plain(plain) => char::from(plain).to_string(),
        other => format!("%{other:02X}"),
    };
    path.bytes().map(encode).collect()
}

/// Names for volumes, from their paths: letters, digits and `-` alone, no longer than a label of Kubernetes.
fn volumes(container: &str, paths: &[String]) -> Vec<Volume> {
    let wanted: Vec<String> = paths
        .iter()
        .map(|path| format!("{container}-{}", names::plain(path)))
        .collect();
    let is_own = |name: &String| name.len() <= MAX_LABEL && wanted.iter().filter(|other| *other == name).count() == 1;
    let named = paths.iter().zip(&wanted).map(|(path, name)| Volume {
        name: if is_own(name) {
            name.clone()
        } else {
            names::with_digest(name, path, MAX_LABEL)
        },
        path: path.clone(),
    });
    named.collect()
}
