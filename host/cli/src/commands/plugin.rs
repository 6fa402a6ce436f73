//! `farm plugin`: the builders of a workspace, and who may do what. Does not know how a component is checked.

use std::path::Path;
use std::process::ExitCode;

use farm_engine::error::Problem;
use farm_engine::plan::Want;
use farm_engine::run::{self, BuilderFacts};
use serde_json::{Value, json};

use super::Invocation;
use crate::args::PluginCommand;
use crate::exit;
use crate::sanitise;
use crate::ui::{FAINT, STRONG, Theme, WARNING};

/// How much of a digest people see.
const SHORT_DIGEST: usize = 16;

/// Runs the verb.
pub(super) fn run(command: &PluginCommand, invocation: &Invocation) -> Result<ExitCode, Problem> {
    let request = invocation.request(&invocation.workspace()?, None)?;
    let ui = &invocation.ui;
    match command {
        PluginCommand::List { json } => {
            let plugins = run::builders(&request)?;
            ui.data(&if *json {
                as_json(&plugins).to_string()
            } else {
                as_text(&plugins, ui.data_theme)
            });
        }
        PluginCommand::Add { name, path } => {
            let path = from_here(invocation, path)?;
            let added = run::add_builder(&request, name, &path)?;
            ui.message(&format!(
                "added to farm.toml, and pinned in farm.lock:\n{}",
                one(&added, ui.theme)
            ));
        }
        PluginCommand::Trust { name } => {
            let trusted = run::trust_builder(&request, name)?;
            ui.message(&format!("pinned in farm.lock:\n{}", one(&trusted, ui.theme)));
        }
    }
    Ok(exit::done())
}

/// A path that was typed, seen from where it was typed or from `-C`.
fn from_here(invocation: &Invocation, path: &Path) -> Result<std::path::PathBuf, Problem> {
    let path = invocation
        .directory
        .as_deref()
        .map_or_else(|| path.to_path_buf(), |folder| folder.join(path));
    std::path::absolute(&path).map_err(|error| {
        let message = format!("`{}` is not a usable path", path.display());
        Problem::new("cli::no-file", farm_engine::error::Class::Request, message).because(&error)
    })
}

/// All builders.
fn as_text(plugins: &[BuilderFacts], theme: Theme) -> String {
    let texts: Vec<String> = plugins.iter().map(|plugin| one(plugin, theme)).collect();
    texts.join("\n")
}

/// A builder, and below it what it asks for.
fn one(plugin: &BuilderFacts, theme: Theme) -> String {
    let name = theme.paint(STRONG, &sanitise::line(&plugin.name));
    let digest = plugin.digest.get(..SHORT_DIGEST).unwrap_or(&plugin.digest);
    let facts = format!(
        "{}, {}, digest {digest}, farm:builder {}",
        plugin.version,
        origin(plugin),
        plugin.wit
    );
    let warning = if plugin.pinned { "" } else { "not the one in farm.lock" };
    let heading = format!("{name}  {}  {}", sanitise::line(&facts), theme.paint(WARNING, warning));
    let mut lines = vec![heading];
    for (want, is_granted) in &plugin.wants {
        let (kind, what) = words(want);
        let mark = if *is_granted {
            theme.paint(FAINT, "granted")
        } else {
            theme.paint(WARNING, "not granted")
        };
        lines.push(format!("  {kind:<11} {}  {mark}", sanitise::line(what)));
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

/// Where a builder comes from.
fn origin(plugin: &BuilderFacts) -> &str {
    plugin.component.as_deref().unwrap_or("built-in")
}

/// A permission's kind and what it is for.
fn words(want: &Want) -> (&'static str, &str) {
    match want {
        Want::Tool(name) => ("tool", name),
        Want::Network(purpose) => ("network", purpose),
        Want::Environment(name) => ("environment", name),
        Want::Secret(name) => ("secret", name),
        Want::ToolCache(name) => ("tool cache", name),
    }
}

/// One document.
fn as_json(plugins: &[BuilderFacts]) -> Value {
    let want = |(want, is_granted): &(Want, bool)| {
        let (kind, what) = words(want);
        json!({"kind": kind.replace(' ', "-"), "name": what, "granted": is_granted})
    };
    let plugin = |plugin: &BuilderFacts| {
        json!({
            "name": plugin.name,
            "version": plugin.version,
            "origin": origin(plugin),
            "digest": plugin.digest,
            "wit": plugin.wit,
            "trusted": plugin.pinned,
            "wants": plugin.wants.iter().map(want).collect::<Vec<_>>(),
        })
    };
    json!({"version": 1, "builders": plugins.iter().map(plugin).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::ui::tests::BARE;

    fn plugins() -> Vec<BuilderFacts> {
        let plugin = |name: &str, component: Option<&str>, wants, pinned| BuilderFacts {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            summary: String::new(),
            component: component.map(str::to_owned),
            digest: "0123456789abcdef".repeat(4),
            wit: "0.1.0".to_owned(),
            wants,
            pinned,
        };
        let tool = |name: &str| Want::Tool(name.to_owned());
        let mine = vec![(tool("sass"), true), (Want::Network("\x1b[2Jnpm".to_owned()), false)];
        vec![
            plugin("vite", None, vec![(tool("node"), true)], true),
            plugin("sass", Some("tools/sass.wasm"), mine, false),
        ]
    }

    #[test]
    fn people_see_what_is_granted_and_what_is_not() {
        assert_snapshot!(as_text(&plugins(), BARE), @r"
        vite  0.1.0, built-in, digest 0123456789abcdef, farm:builder 0.1.0
          tool        node  granted
        sass  0.1.0, tools/sass.wasm, digest 0123456789abcdef, farm:builder 0.1.0  not the one in farm.lock
          tool        sass  granted
          network     npm  not granted
        ");
    }

    #[test]
    fn programs_get_a_document_with_whole_digests() {
        let document = as_json(&plugins());
        assert_eq!(document["builders"][0]["digest"].as_str().map(str::len), Some(64));
        assert_eq!(document["builders"][1]["wants"][1]["granted"], false);
    }
}
