//! Adds a builder of somebody else's to `farm.toml`.
//!
//! The table is written behind what is there, so comments and order of the user's own text stay. Does not pin.

use std::path::Path;

use crate::error::{Class, Problem};
use crate::fs::{self, Sync};
use crate::path::RelPath;
use crate::plan::Permissions;
use crate::plugin::{Builder, ComponentFile, Limits, PluginHost, Settings};
use crate::run::request::Request;
use crate::run::shared;

/// Largest `farm.toml` that is written to, in bytes.
const MAX_CONFIG: u64 = 8 << 20;

/// Writes `[builders.NAME]` with the component's path, and every permission that it wants.
pub(super) fn add(request: &Request, name: &str, component: &Path) -> Result<(), Problem> {
    let workspace = shared::load(request)?;
    let is_taken = workspace.builders.contains_key(name) || request.host.builtin.iter().any(|(own, _)| own == name);
    if is_taken {
        let problem = Problem::new(
            "plugin::taken",
            Class::Request,
            format!("there is a builder `{name}` already"),
        );
        return Err(problem.hint(format!("to accept a changed component, run `farm plugin trust {name}`")));
    }
    let path = path_in(&workspace.root, component)?;
    let host = PluginHost::new(Settings {
        compiled: None,
        limits: Limits::default(),
    });
    let file = ComponentFile::read(name, component, host.limits().component.bytes)?;
    let description = host.builder(name, file).describe()?;
    let table = table(name, &path, &Permissions::wanted(&description.wants));
    let config = workspace.root.join("farm.toml");
    let mut text = fs::read_bounded(&config, MAX_CONFIG).map_err(|error| unwritable(&error))?;
    text.extend_from_slice(table.as_bytes());
    fs::write_atomic(&config, &text, Sync::Lazy).map_err(|error| unwritable(&error))
}

/// The component's path from the workspace's root.
fn path_in(root: &Path, component: &Path) -> Result<RelPath, Problem> {
    let outside = || {
        let message = format!("`{}` does not lie in the workspace", component.display());
        let hint = "copy the component into the workspace, where it is built or versioned with it";
        Problem::new("plugin::outside", Class::Request, message).hint(hint)
    };
    let real = fs::canonicalize(component).map_err(|error| outside().because(&error))?;
    let below = real.strip_prefix(root).map_err(|_| outside())?;
    RelPath::parse(below.to_str().ok_or_else(outside)?).map_err(|_| outside())
}

fn table(name: &str, component: &RelPath, wants: &Permissions) -> String {
    let mut lines = vec![
        String::new(),
        format!("[builders.{name}]"),
        format!("component = {:?}", component.as_str()),
    ];
    let wanted: Vec<_> = wants
        .kinds()
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .collect();
    if !wanted.is_empty() {
        lines.push(format!("[builders.{name}.permissions]"));
    }
    for (kind, names) in wanted {
        let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
        lines.push(format!("{kind} = [{}]", names.join(", ")));
    }
    lines.join("\n") + "\n"
}

fn unwritable(error: &crate::error::PathError) -> Problem {
    Problem::new(
        "plugin::config",
        Class::Request,
        "the builder cannot be added to farm.toml",
    )
    .because(error)
}
