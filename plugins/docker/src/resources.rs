//! What Kubernetes keeps free for a container, and how much memory it may take. Does not know what runs in it.

use farm_sdk::Problem;
use serde::{Deserialize, Serialize};

use crate::options::Options;

/// As Kubernetes writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Resources {
    pub(crate) cpu: String,
    pub(crate) memory: String,
    pub(crate) memory_limit: String,
}

impl Default for Resources {
    fn default() -> Self {
        Self {
            cpu: "100m".to_owned(),
            memory: "128Mi".to_owned(),
            memory_limit: "512Mi".to_owned(),
        }
    }
}

/// What the options say, and else the usual.
pub(crate) fn read(options: &Options) -> Result<Resources, Problem> {
    let usual = Resources::default();
    let Some(wanted) = &options.resources else {
        return Ok(usual);
    };
    let memory = wanted.memory.clone().unwrap_or(usual.memory);
    let memory_limit = match &wanted.memory_limit {
        Some(limit) if bytes(limit) < bytes(&memory) => {
            let problem = Problem::new(format!(
                "option `resources` keeps {memory} of memory free, and lets the container take {limit}"
            ));
            return Err(problem.hint("write a `memory-limit` that is not below `memory`"));
        }
        Some(limit) => limit.clone(),
        None if bytes(&usual.memory_limit) < bytes(&memory) => memory.clone(),
        None => usual.memory_limit,
    };
    Ok(Resources {
        cpu: wanted.cpu.clone().unwrap_or(usual.cpu),
        memory,
        memory_limit,
    })
}

/// The size of `512Mi`; the schema has seen to the form.
fn bytes(quantity: &str) -> u128 {
    let (number, unit) = quantity.split_at(quantity.len().saturating_sub(2));
    let power = ["Ki", "Mi", "Gi", "Ti"].iter().position(|name| *name == unit);
    let shift = 10 * (power.unwrap_or_default() + 1);
    number
        .parse::<u64>()
        .map_or(u128::MAX, |number| u128::from(number) << shift)
}
