//! The file of the option `plugins`: Vite plugins with their options, for apps that need no configuration in JavaScript.
//! Does not know what a plugin does.

use farm_npm::{parse, plain};
use farm_sdk::{Host, Problem};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::package::Package;

/// A plugin, as farm's Vite configuration file loads it.
#[derive(Debug, Serialize)]
pub(crate) struct Plugin {
    /// The package that it comes from, or a file of it.
    package: String,
    /// Which export of it makes the plugin.
    export: String,
    /// What that gets.
    options: Option<Value>,
}

/// The two ways to name one.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Named {
    Package(String),
    Plugin(Written),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    package: String,
    export: Option<String>,
    options: Option<Value>,
}

/// The plugins of the file, in its order.
pub(crate) fn read(path: Option<&str>, package: &Package, host: &dyn Host) -> Result<Vec<Plugin>, Problem> {
    let Some(path) = path else {
        return Ok(Vec::new());
    };
    let Some(text) = host.read_text(path)? else {
        let problem = Problem::new(format!("option `plugins` names `{path}`, which does not exist"));
        return Err(problem.hint("create it, or take the option out"));
    };
    let entries: Vec<Value> = parse(path, &plain(&text))?;
    entries.into_iter().map(|entry| plugin(path, entry, package)).collect()
}

fn plugin(path: &str, entry: Value, package: &Package) -> Result<Plugin, Problem> {
    let problem = |message: String| Problem::new(message).in_file(path);
    let written = match serde_json::from_value(entry.clone()) {
        Ok(Named::Package(package)) => Written {
            package,
            export: None,
            options: None,
        },
        Ok(Named::Plugin(written)) => written,
        Err(_) => {
            let hint = r#"write the package's name, or { "package": …, "export": …, "options": … }"#;
            return Err(problem(format!("`{path}` has an entry that names no plugin: {entry}")).hint(hint));
        }
    };
    let name = package_of(&written.package);
    if !package.has(name) {
        let message = format!("`{path}` names `{name}`, which `package.json` does not have");
        return Err(problem(message).hint(format!("correct the name, or run `npm install -D {name}`")));
    }
    Ok(Plugin {
        package: written.package,
        export: written.export.unwrap_or_else(|| "default".to_owned()),
        options: written.options,
    })
}

/// `@scope/name/file` comes from the package `@scope/name`.
fn package_of(path: &str) -> &str {
    let parts = if path.starts_with('@') { 2 } else { 1 };
    let end = path.match_indices('/').nth(parts - 1).map_or(path.len(), |(at, _)| at);
    &path[..end]
}
