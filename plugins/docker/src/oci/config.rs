//! An image's configuration: the base's, and what the image sets over it. Does not know layers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What an image sets. What is not set stays as the base has it.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) user: Option<String>,
    pub(crate) directory: Option<String>,
    pub(crate) entrypoint: Option<Vec<String>>,
    pub(crate) command: Option<Vec<String>>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) ports: Vec<u16>,
    pub(crate) volumes: Vec<String>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) health: Option<Healthcheck>,
}

/// A health check as Docker reads it; times in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Healthcheck {
    pub(crate) test: Vec<String>,
    pub(crate) interval: u64,
    pub(crate) timeout: u64,
    pub(crate) start: u64,
    pub(crate) retries: u32,
}

impl Settings {
    /// The field `config` of an image over this one.
    pub(super) fn over(&self, base: Option<&Value>) -> Value {
        let mut config = base.and_then(Value::as_object).cloned().unwrap_or_default();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                config.insert(name.to_owned(), value);
            }
        };
        set("User", self.user.as_ref().map(|user| json!(user)));
        set("WorkingDir", self.directory.as_ref().map(|path| json!(path)));
        set("Healthcheck", self.health.as_ref().map(healthcheck));
        if self.entrypoint.is_some() {
            // What the base gives its own entry point means nothing to another.
            config.remove("Cmd");
        }
        let mut set = |name: &str, words: Option<&Vec<String>>| {
            if let Some(words) = words {
                config.insert(name.to_owned(), json!(words));
            }
        };
        set("Entrypoint", self.entrypoint.as_ref());
        set("Cmd", self.command.as_ref());
        add(
            &mut config,
            "ExposedPorts",
            self.ports.iter().map(|port| (format!("{port}/tcp"), json!({}))),
        );
        add(
            &mut config,
            "Volumes",
            self.volumes.iter().map(|path| (path.clone(), json!({}))),
        );
        add(
            &mut config,
            "Labels",
            self.labels.iter().map(|(name, value)| (name.clone(), json!(value))),
        );
        self.add_environment(&mut config);
        Value::Object(config)
    }

    /// Replaces variables of the base, and adds the others behind them.
    fn add_environment(&self, config: &mut Map<String, Value>) {
        let is_replaced = |line: &Value| {
            let name = line.as_str().and_then(|line| line.split('=').next());
            name.is_some_and(|name| self.environment.contains_key(name))
        };
        let old = config.get("Env").and_then(Value::as_array).cloned().unwrap_or_default();
        let kept = old.into_iter().filter(|line| !is_replaced(line));
        let own = self
            .environment
            .iter()
            .map(|(name, value)| json!(format!("{name}={value}")));
        let lines: Vec<Value> = kept.chain(own).collect();
        if !lines.is_empty() {
            config.insert("Env".to_owned(), lines.into());
        }
    }
}

/// Adds to a table of the configuration, and sorts it.
fn add(config: &mut Map<String, Value>, name: &str, entries: impl Iterator<Item = (String, Value)>) {
    let old = config.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let all: BTreeMap<String, Value> = old.into_iter().chain(entries).collect();
    if !all.is_empty() {
        config.insert(name.to_owned(), Value::Object(all.into_iter().collect()));
    }
}

fn healthcheck(health: &Healthcheck) -> Value {
    let nanoseconds = |seconds: u64| seconds.saturating_mul(1_000_000_000);
    json!({
        "Test": health.test,
        "Interval": nanoseconds(health.interval),
        "Timeout": nanoseconds(health.timeout),
        "StartPeriod": nanoseconds(health.start),
        "Retries": health.retries,
    })
}
