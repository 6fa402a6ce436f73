//! Ruff's configuration, as far as farm has a say in it: what is checked where the project selects no rules itself. It says
//! so in a configuration file, not in an argument, which would go before the project's own configurations in folders
//! below.

use farm_sdk::{Host, Input, Problem};
use toml::{Table, Value};

use crate::pyproject::PYPROJECT;
use crate::{inside, sources};

/// What is checked where nothing else is selected: imports that are not used, and their order.
const RULES: [&str; 2] = ["F401", "I"];

/// Where ruff looks for its configuration, what it prefers first.
const FILES: [&str; 3] = [FIRST, "ruff.toml", PYPROJECT];
const FIRST: &str = ".ruff.toml";

/// Where the project's own [`FIRST`] is put, if farm writes that.
const MOVED: &str = "farm_ruff.toml";

/// Configuration files that extend each other, at most so many.
const MAX_EXTENDS: usize = 8;

/// The code with ruff's configuration: the project's own, extended by farm's rules where it selects none. What cannot be
/// read is left to ruff, which says what is wrong with it.
pub(crate) fn inputs(host: &dyn Host) -> Result<Vec<Input>, Problem> {
    for path in FILES {
        let Some(text) = host.read_text(path)? else {
            continue;
        };
        let Ok(table) = text.parse::<Table>() else {
            return Ok(vec![sources::code()]);
        };
        let settings = match (path, inside(&table, &["tool", "ruff"])) {
            (PYPROJECT, settings) => settings.and_then(Value::as_table).cloned(),
            _ => Some(table),
        };
        if let Some(settings) = settings {
            return Ok(match changes(settings, host) {
                None => vec![sources::code()],
                Some(rules) => extended(rules, path, text),
            });
        }
    }
    let rules = selection(Table::new());
    Ok(vec![sources::code(), Input::content(FIRST, written(rules, None))])
}

/// The code, and a configuration that extends the project's own, which is this text at this path.
fn extended(rules: Table, path: &str, text: String) -> Vec<Input> {
    if path != FIRST {
        return vec![sources::code(), Input::content(FIRST, written(rules, Some(path)))];
    }
    vec![
        sources::code().except([FIRST]),
        Input::content(MOVED, text),
        Input::content(FIRST, written(rules, Some(MOVED))),
    ]
}

fn written(rules: Table, extends: Option<&str>) -> String {
    let extends = extends.map(|path| ("extend".to_owned(), Value::from(path)));
    let lint = ("lint".to_owned(), Value::from(rules));
    extends.into_iter().chain([lint]).collect::<Table>().to_string()
}

/// Farm's rules beside what else is said of rules.
fn selection(mut rules: Table) -> Table {
    rules.insert("select".to_owned(), Value::from(RULES.to_vec()));
    rules
}

/// Farm's rules with what these settings, and those that they extend, add to the rules and ignore of them, which ruff
/// would forget beside a selection; none where they select rules.
fn changes(mut settings: Table, host: &dyn Host) -> Option<Table> {
    const CHANGES: [(&str, &str); 3] = [
        ("extend-select", "extend-select"),
        ("ignore", "ignore"),
        ("extend-ignore", "ignore"),
    ];
    let mut found = Table::new();
    for _ in 0..MAX_EXTENDS {
        // Older configurations have it all at the top.
        let tables = [inside(&settings, &["lint"]).and_then(Value::as_table), Some(&settings)];
        for table in tables.into_iter().flatten() {
            if table.contains_key("select") {
                return None;
            }
            for (name, into) in CHANGES {
                let rules = table.get(name).and_then(Value::as_array).into_iter().flatten();
                for rule in rules {
                    let list = found.entry(into).or_insert_with(|| Value::Array(Vec::new()));
                    list.as_array_mut()?.push(rule.clone());
                }
            }
        }
        let Some(path) = settings.get("extend").and_then(Value::as_str) else {
            return Some(selection(found));
        };
        // What cannot be read here, ruff cannot read either.
        let bytes = host.read(path).ok()?;
        let table = String::from_utf8_lossy(&bytes).parse::<Table>().ok()?;
        settings = match inside(&table, &["tool", "ruff"]).and_then(Value::as_table) {
            Some(inner) => inner.clone(),
            None => table,
        };
    }
    None
}
