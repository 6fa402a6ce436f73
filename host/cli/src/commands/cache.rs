//! `farm cache`. Needs no workspace: the cache belongs to the user. Does not know how it is laid out.

use std::path::Path;
use std::process::ExitCode;

use farm_engine::error::Problem;
use serde_json::{Map, Value, json};

use super::Invocation;
use crate::args::CacheCommand;
use crate::cache::{self, CacheStatus};
use crate::exit;
use crate::report::bytes;

/// Runs the verb.
pub(super) fn run(command: &CacheCommand, invocation: &Invocation) -> Result<ExitCode, Problem> {
    let folder = invocation.environment.cache_folder()?;
    match command {
        CacheCommand::Status { json } => {
            let status = cache::cache_status(&folder)?;
            let text = if *json {
                as_json(&folder, &status).to_string()
            } else {
                as_text(&folder, &status)
            };
            invocation.ui.data(&text);
        }
        CacheCommand::Clean => {
            let freed = cache::cache_clean(&folder)?;
            let (entries, size) = (freed.entries, bytes(freed.bytes));
            invocation
                .ui
                .message(&format!("deleted {entries} entries ({size}) from {}", folder.display()));
        }
    }
    Ok(exit::done())
}

/// One document.
fn as_json(folder: &Path, status: &CacheStatus) -> Value {
    let part = |(name, bytes): &(&str, u64)| (name.replace(' ', "_"), Value::from(*bytes));
    json!({
        "version": 1,
        "folder": folder.to_string_lossy(),
        "results": status.results,
        "bytes": total(status),
        "bytes_by_part": status.parts.iter().map(part).collect::<Map<_, _>>(),
        "max_bytes": status.max_bytes,
        "max_age_seconds": status.max_age.as_secs(),
    })
}

/// A table.
fn as_text(folder: &Path, status: &CacheStatus) -> String {
    let width = status
        .parts
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or(0)
        .max(5);
    let row = |name: &str, size| format!("  {name:<width$}  {:>10}", bytes(size));
    let mut lines = vec![format!("{} ({} results)", folder.display(), status.results)];
    lines.extend(status.parts.iter().map(|(name, size)| row(name, *size)));
    let (limit, days) = (bytes(status.max_bytes), status.max_age.as_secs() / 86_400);
    lines.push(format!(
        "{} of {limit}; unused entries stay {days} days",
        row("total", total(status))
    ));
    lines.join("\n")
}

/// Bytes of all parts.
fn total(status: &CacheStatus) -> u64 {
    status.parts.iter().map(|(_, bytes)| bytes).sum()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use insta::assert_snapshot;

    use super::*;

    fn status() -> CacheStatus {
        CacheStatus {
            results: 48,
            parts: vec![("blobs", 48_100_000), ("unpacked trees", 210_000_000)],
            max_bytes: 5_000_000_000,
            max_age: Duration::from_secs(7 * 86_400),
        }
    }

    #[test]
    fn people_get_a_table() {
        assert_snapshot!(as_text(Path::new("/home/me/.cache/farm"), &status()), @r"
        /home/me/.cache/farm (48 results)
          blobs              48.1 MB
          unpacked trees    210.0 MB
          total             258.1 MB of 5.0 GB; unused entries stay 7 days
        ");
    }

    #[test]
    fn programs_get_a_document() {
        assert_snapshot!(as_json(Path::new("/home/me/.cache/farm"), &status()), @r#"{"version":1,"folder":"/home/me/.cache/farm","results":48,"bytes":258100000,"bytes_by_part":{"blobs":48100000,"unpacked_trees":210000000},"max_bytes":5000000000,"max_age_seconds":604800}"#);
    }
}
