//! The end of what people read: what was made, and how much was done for it. Does not know single actions.

use std::collections::BTreeSet;
use std::time::Duration;

use farm_engine::event::{ArtifactFacts, Counts, Outcome};
use serde_json::Value;

use super::{Detail, format};
use crate::sanitise;
use crate::ui::{ERROR, FAINT, GOOD, PLAIN, STRONG, Theme, WARNING};

/// More facts of an artifact than these are left to the manifest.
const MAX_FACTS: usize = 7;
/// The names of the two sizes of what a builder has made smaller.
const BEFORE: &str = "before_bytes";
const AFTER: &str = "after_bytes";
/// Longest text among them.
const MAX_FACT: usize = 40;

/// Gathers what the last lines need.
#[derive(Debug, Default)]
pub(super) struct Summary {
    worked: BTreeSet<String>,
    made: Vec<(String, ArtifactFacts)>,
    /// Whether an action ran that is no part of the build.
    by_name: bool,
}

impl Summary {
    /// Remembers the targets for which something was done.
    pub(super) fn action_finished(&mut self, target: &str, outcome: Outcome) {
        if matches!(outcome, Outcome::Ran | Outcome::Cached) {
            self.worked.insert(target.to_owned());
        }
    }

    /// Remembers that the build is done, and an action on demand runs.
    pub(super) const fn run_by_name(&mut self) {
        self.by_name = true;
    }

    /// Remembers what a target made. Of targets that were in place already, and of artifacts for other targets only,
    /// nothing is said but to those who want all.
    pub(super) fn target_finished(&mut self, target: &str, artifacts: &[ArtifactFacts], detail: Detail) {
        let is_verbose = detail == Detail::Verbose;
        if is_verbose || self.worked.contains(target) {
            let shown = artifacts
                .iter()
                .filter(|artifact| is_verbose || artifact.path.is_some());
            self.made
                .extend(shown.map(|artifact| (target.to_owned(), artifact.clone())));
        }
    }

    /// The last lines; none where a wrong request kept everything from being tried.
    pub(super) fn render(&self, theme: Theme, ok: bool, counts: Counts, duration: Duration) -> Option<String> {
        if !ok && counts == Counts::default() {
            return None;
        }
        let rows = self.made.iter().map(|(target, artifact)| row(target, artifact));
        let failure = if self.by_name { "not done:" } else { "not built:" };
        Some(table(theme, rows.collect()) + &result(theme, (ok, failure), counts, duration))
    }
}

/// `3 ran, 5 cached, 0 failed in 4.2 s`.
fn result(theme: Theme, (ok, failure): (bool, &str), counts: Counts, duration: Duration) -> String {
    let Counts {
        ran,
        cached,
        up_to_date,
        failed,
        skipped,
    } = counts;
    let time = format::seconds(duration);
    if ok && ran + cached + failed + skipped == 0 {
        let actions = format::counted(up_to_date, "action");
        return format!(
            "{} ({actions}) in {time}",
            theme.paint(GOOD, "everything is up to date")
        );
    }
    let mut parts = vec![theme.paint(STRONG, &format!("{ran} ran")), format!("{cached} cached")];
    if up_to_date > 0 {
        parts.push(format!("{up_to_date} up to date"));
    }
    parts.push(theme.paint(if failed > 0 { ERROR } else { PLAIN }, &format!("{failed} failed")));
    if skipped > 0 {
        parts.push(theme.paint(WARNING, &format!("{skipped} skipped")));
    }
    let head = if ok {
        String::new()
    } else {
        theme.paint(ERROR, failure) + " "
    };
    format!("{head}{} in {time}", parts.join(", "))
}

/// An artifact's cells.
fn row(target: &str, artifact: &ArtifactFacts) -> [String; 6] {
    [
        sanitise::line(target),
        sanitise::line(&artifact.kind),
        sanitise::line(artifact.path.as_deref().unwrap_or("(for other targets)")),
        format::counted(artifact.files, "file"),
        format::bytes(artifact.bytes),
        facts(&artifact.metadata),
    ]
}

/// The rows below each other, with an empty line before and after; nothing for none.
fn table(theme: Theme, rows: Vec<[String; 6]>) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut text = String::new();
    for [target, kind, path, files, size, facts] in &rows {
        let target = theme.paint(STRONG, &format!("{target:<0$}", widths[0]));
        let facts = theme.paint(FAINT, facts);
        let [_, k, p, f, s, _] = widths;
        let line = format!("  {target}  {kind:<k$}  {path:<p$}  {files:>f$}  {size:>s$}  {facts}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    if text.is_empty() { text } else { format!("\n{text}\n") }
}

/// What the builder says of an artifact: `gzip 68.1 kB, 3 chunks, images 41.0 kB → 30.2 kB, python 3.12`. Single values
/// only, of the object and of objects in it; lists are left to the manifest.
fn facts(metadata: &Value) -> String {
    let mut facts = Vec::new();
    for (name, value) in metadata.as_object().into_iter().flatten() {
        match value {
            Value::Object(inner) if inner.contains_key(BEFORE) => facts.extend(change(name, value)),
            Value::Object(inner) => {
                facts.extend(
                    inner
                        .iter()
                        .filter_map(|(inner, value)| fact(&format!("{name} {inner}"), value)),
                );
            }
            value => facts.extend(fact(name, value)),
        }
    }
    facts.truncate(MAX_FACTS);
    facts.join(", ")
}

/// What got smaller or bigger: `images 41.0 kB → 30.2 kB`; nothing where there was nothing.
fn change(name: &str, value: &Value) -> Option<String> {
    let (before, after) = (value[BEFORE].as_u64()?, value[AFTER].as_u64()?);
    let name = sanitise::line(name).replace(['_', '-'], " ");
    (before > 0).then(|| format!("{name} {} → {}", format::bytes(before), format::bytes(after)))
}

/// One value with its name.
fn fact(name: &str, value: &Value) -> Option<String> {
    let name = sanitise::line(name).replace(['_', '-'], " ");
    let is_size = name
        .split(' ')
        .any(|word| matches!(word, "bytes" | "raw" | "gzip" | "brotli" | "size"));
    let short = name.replace(" bytes", "").replace("bytes ", "");
    match value {
        Value::Number(number) if is_size => Some(format!("{short} {}", format::bytes(number.as_u64()?))),
        Value::Number(number) => Some(format!("{number} {name}")),
        Value::String(text) => {
            let text = sanitise::line(text);
            (!text.is_empty() && text.chars().count() <= MAX_FACT).then(|| format!("{name} {text}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ui::tests::BARE;

    #[test]
    fn facts_are_single_values_with_sizes_as_sizes() {
        let metadata = json!({
            "raw_bytes": 212_400, "gzip": 68_100, "chunks": 3, "python": "3.12.4",
            "files": ["a", "b"], "sizes": {"brotli": 59_000},
        });
        assert_eq!(
            facts(&metadata),
            "raw 212.4 kB, gzip 68.1 kB, 3 chunks, python 3.12.4, sizes brotli 59.0 kB"
        );
        assert_eq!(facts(&Value::Null), "");
        let images =
            json!({"images": {"count": 3, "before_bytes": 41_000, "after_bytes": 30_200, "smaller": []}, "raw": 5});
        assert_eq!(facts(&images), "images 41.0 kB → 30.2 kB, raw 5 B");
        assert_eq!(
            facts(&json!({"images": {"count": 0, "before_bytes": 0, "after_bytes": 0}})),
            ""
        );
    }

    #[test]
    fn b26_facts_of_a_hostile_builder_stay_short_and_clean() {
        let metadata = json!({"\x1b[2Jname\n": "\x1b]0;x\x07value", "long": "x".repeat(5000), "gzip": -1});
        assert_eq!(facts(&metadata), "name value");
        let many: serde_json::Map<String, Value> = (0..100).map(|n| (format!("n{n}"), n.into())).collect();
        assert_eq!(facts(&Value::Object(many)).matches(',').count(), MAX_FACTS - 1);
    }

    #[test]
    fn the_result_counts_what_happened() {
        let text = |ok, counts| result(BARE, (ok, "not built:"), counts, Duration::from_millis(4200));
        let counts = Counts {
            ran: 3,
            cached: 5,
            ..Counts::default()
        };
        assert_eq!(text(true, counts), "3 ran, 5 cached, 0 failed in 4.2 s");
        let failed = Counts {
            failed: 1,
            skipped: 2,
            up_to_date: 1,
            ..counts
        };
        assert_eq!(
            text(false, failed),
            "not built: 3 ran, 5 cached, 1 up to date, 1 failed, 2 skipped in 4.2 s"
        );
        let nothing = Counts {
            up_to_date: 12,
            ..Counts::default()
        };
        assert_eq!(text(true, nothing), "everything is up to date (12 actions) in 4.2 s");
    }
}
