//! `farm plan`: what a build would do, for people or programs. Does not know how a plan is made.

use std::process::ExitCode;

use farm_engine::error::Problem;
use farm_engine::path::RelPath;
use farm_engine::plan::{CheckedAction, CheckedArtifact, CheckedInput, CheckedOutput, CheckedSource, CheckedWork};
use farm_engine::run::{self, PlannedTarget};
use serde_json::{Value, json};

use super::Invocation;
use crate::args::PlanArgs;
use crate::exit;
use crate::sanitise;
use crate::ui::{FAINT, STRONG, Theme};

/// How much of a key people see.
const SHORT_KEY: usize = 12;

/// Plans and prints.
pub(super) fn run(args: &PlanArgs, invocation: &Invocation) -> Result<ExitCode, Problem> {
    let workspace = invocation.workspace()?;
    let request = invocation.request(&workspace, Some(&args.selection))?;
    let plans = run::plan(&request)?;
    let ui = &invocation.ui;
    if args.json {
        ui.data(&as_json(&plans).to_string());
    } else {
        let texts: Vec<String> = plans
            .iter()
            .map(|plan| as_text(plan, args.verbose, ui.data_theme))
            .collect();
        ui.data(texts.join("\n").trim_end());
    }
    Ok(exit::done())
}

/// A target with its actions and artifacts.
fn as_text(plan: &PlannedTarget, with_keys: bool, theme: Theme) -> String {
    let target = theme.paint(STRONG, &sanitise::line(&plan.target));
    let builder = format!("({} in {})", plan.builder, plan.root);
    let mut lines = vec![format!("{target} {}", sanitise::line(&builder))];
    for action in &plan.plan.actions {
        let key = match (plan.keys.get(&action.id), action.on_demand) {
            (Some(facts), _) => facts.key.get(..SHORT_KEY).unwrap_or(&facts.key),
            (None, Some(_)) => "on demand: no part of a build",
            (None, None) => "not known yet",
        };
        let (id, label) = (sanitise::line(&action.id), sanitise::line(&action.label));
        lines.push(format!("  {id}  {label}  {}", theme.paint(FAINT, key)));
        let detail = |(name, value): (&str, String)| format!("    {name:<8} {}", sanitise::line(&value));
        lines.extend(details(action).into_iter().map(detail));
        let known = plan.keys.get(&action.id).filter(|_| with_keys);
        lines.extend(known.into_iter().flat_map(|facts| facts.parts.iter().map(key_line)));
    }
    for artifact in &plan.plan.artifacts {
        let place = artifact
            .place
            .as_ref()
            .map_or("(for other targets)".to_owned(), RelPath::to_string);
        lines.push("  ".to_owned() + &sanitise::line(&format!("-> {} ({}) {place}", artifact.name, artifact.kind)));
    }
    if !plan.waits_for.is_empty() {
        let names = sanitise::line(&plan.waits_for.join(", "));
        lines.push(format!("  planned once all artifacts of these are known: {names}"));
    } else if plan.is_partial {
        lines.push("  and more, once the builder has seen outputs of these".to_owned());
    }
    lines.join("\n") + "\n"
}

/// One part of a key: what goes into the hash, in its order.
pub(super) fn key_line((section, name, value): &(&'static str, String, String)) -> String {
    format!(
        "    key      {}",
        sanitise::line(&format!("{section} {name} = {value}"))
    )
}

/// What there is to know of an action, line by line.
fn details(action: &CheckedAction) -> Vec<(&'static str, String)> {
    let mut details = vec![("runs", command(action).join(" "))];
    details.extend(
        action
            .inputs
            .iter()
            .map(|input| ("reads", format!("{} <- {}", input.at, source(input)))),
    );
    if action.without_ignored {
        details.push(("without", "what git ignores".to_owned()));
    }
    details.extend(action.outputs.iter().map(|output| ("writes", output.path.to_string())));
    if !action.tools.is_empty() {
        details.push(("tools", joined(&action.tools)));
    }
    if let Some(fetch) = &action.fetch {
        let mut network = fetch.from.join(", ");
        if fetch.is_pinned() {
            network.push_str(", pinned by ");
            network.push_str(&joined(&fetch.pinned_by));
        }
        details.push(("network", network));
    }
    if !action.secrets.is_empty() {
        details.push(("secrets", joined(&action.secrets)));
    }
    details
}

/// What an action runs, as it would be typed.
fn command(action: &CheckedAction) -> Vec<String> {
    match &action.work {
        CheckedWork::Tool { tool, arguments, .. } => [tool].into_iter().chain(arguments).cloned().collect(),
        CheckedWork::Step(step) => vec![format!("step:{}", step.name)],
    }
}

/// Where an input comes from.
fn source(input: &CheckedInput) -> String {
    match &input.source {
        CheckedSource::Files { include, exclude, .. } if exclude.is_empty() => include.join(", "),
        CheckedSource::Files { include, exclude, .. } => {
            format!("{} without {}", include.join(", "), exclude.join(", "))
        }
        CheckedSource::Output(output) => format!("{} of action {}", output.output, output.action),
        CheckedSource::Artifact(artifact) => format!("{} of target {}", artifact.name, artifact.target),
        CheckedSource::Content(content) => format!("{} bytes made by the builder", content.len()),
    }
}

/// A list in one line.
fn joined(items: impl IntoIterator<Item = impl ToString>) -> String {
    items
        .into_iter()
        .map(|item| item.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

/// One document. The shape is this command's own, so that the engine's types may change.
fn as_json(plans: &[PlannedTarget]) -> Value {
    json!({"version": 1, "targets": plans.iter().map(target_json).collect::<Vec<_>>()})
}

fn target_json(plan: &PlannedTarget) -> Value {
    let artifact =
        |artifact: &CheckedArtifact| json!({"name": artifact.name, "kind": artifact.kind, "place": artifact.place});
    json!({
        "target": plan.target,
        "builder": plan.builder,
        "root": plan.root.to_string(),
        "complete": !plan.is_partial,
        "waits_for": plan.waits_for,
        "actions": plan.plan.actions.iter().map(|action| action_json(action, plan)).collect::<Vec<_>>(),
        "artifacts": plan.plan.artifacts.iter().map(artifact).collect::<Vec<_>>(),
    })
}

fn action_json(action: &CheckedAction, plan: &PlannedTarget) -> Value {
    let part = |(section, name, value): &(&'static str, String, String)| json!([section, name, value]);
    let input = |input: &CheckedInput| json!({"at": input.at.to_string(), "from": source(input)});
    let output = |output: &CheckedOutput| json!({"name": output.name, "path": output.path, "shape": output.shape});
    json!({
        "id": action.id,
        "label": action.label,
        "key": plan.keys.get(&action.id).map(|facts| &facts.key),
        "key_parts": plan.keys.get(&action.id).map(|facts| facts.parts.iter().map(part).collect::<Vec<_>>()),
        "command": command(action),
        "inputs": action.inputs.iter().map(input).collect::<Vec<_>>(),
        "outputs": action.outputs.iter().map(output).collect::<Vec<_>>(),
        "tools": action.tools,
        "network": action.fetch.as_ref().map(|fetch| &fetch.from),
        "on_demand": action.on_demand.is_some(),
        "secrets": action.secrets,
        "pinned_by": action.fetch.as_ref().map(|fetch| &fetch.pinned_by),
        "caches": action.caches.iter().map(|cache| &cache.name).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use farm_engine::plan::{CheckedFetch, CheckedPlan, FileBase, OnDemand, OutputRef, OutputShape};
    use farm_engine::run::KeyFacts;
    use insta::assert_snapshot;

    use super::*;
    use crate::ui::tests::BARE;

    fn install() -> CheckedAction {
        let include = vec!["package.json".to_owned(), "package-lock.json".to_owned()];
        let files = CheckedSource::Files {
            base: FileBase::Target,
            include,
            exclude: Vec::new(),
        };
        let output = CheckedOutput {
            name: "modules".to_owned(),
            path: RelPath::parse("node_modules").expect("a path"),
            shape: OutputShape::Unpacked,
            required: true,
            in_place: false,
        };
        let arguments = vec!["ci".to_owned(), "--ignore-scripts".to_owned()];
        CheckedAction {
            id: "install".to_owned(),
            label: "npm ci\x1b[2J".to_owned(),
            work: CheckedWork::Tool {
                tool: "npm".to_owned(),
                arguments,
                directory: RelPath::root(),
            },
            inputs: vec![CheckedInput {
                at: RelPath::root(),
                source: files,
            }],
            outputs: vec![output],
            tools: ["node".to_owned(), "npm".to_owned()].into(),
            environment: Vec::new(),
            pass_environment: Vec::new(),
            secrets: Vec::new(),
            fetch: Some(CheckedFetch {
                from: vec!["npm".to_owned()],
                pinned_by: vec![RelPath::parse("package-lock.json").expect("a path")],
            }),
            caches: Vec::new(),
            timeout_seconds: None,
            weight: 1,
            jobserver: false,
            untrusted: false,
            private_caches: Vec::new(),
            checks_limit: false,
            without_ignored: false,
            on_demand: None,
            path_variables: Vec::new(),
            stdout: None,
        }
    }

    fn plan() -> PlannedTarget {
        let artifact = CheckedArtifact {
            name: "bundle".to_owned(),
            kind: "web-bundle".to_owned(),
            from: OutputRef {
                action: "bundle".to_owned(),
                output: "dist".to_owned(),
            },
            place: Some(RelPath::root()),
            metadata: None,
            components: None,
        };
        PlannedTarget {
            target: "frontend".to_owned(),
            builder: "vite".to_owned(),
            root: RelPath::parse("apps/web").expect("a path"),
            plan: CheckedPlan {
                actions: vec![install()],
                artifacts: vec![artifact],
            },
            is_partial: false,
            waits_for: Vec::new(),
            keys: BTreeMap::from([(
                "install".to_owned(),
                KeyFacts {
                    key: "0123456789abcdef".repeat(4),
                    parts: Vec::new(),
                },
            )]),
        }
    }

    #[test]
    fn people_get_every_action_with_what_it_reads_and_writes() {
        assert_snapshot!(as_text(&plan(), false, BARE), @r"
        frontend (vite in apps/web)
          install  npm ci  0123456789ab
            runs     npm ci --ignore-scripts
            reads    . <- package.json, package-lock.json
            writes   node_modules
            tools    node, npm
            network  npm, pinned by package-lock.json
          -> bundle (web-bundle) .
        ");
    }

    #[test]
    fn an_action_on_demand_is_marked_and_has_no_key() {
        let push = CheckedAction {
            id: "push".to_owned(),
            outputs: Vec::new(),
            secrets: vec!["TOKEN".to_owned()],
            fetch: Some(CheckedFetch {
                from: vec!["registry.example:443".to_owned()],
                pinned_by: Vec::new(),
            }),
            on_demand: Some(OnDemand { without_sandbox: false }),
            ..install()
        };
        let mut plan = plan();
        plan.plan.actions = vec![push];
        assert_snapshot!(as_text(&plan, false, BARE), @r"
        frontend (vite in apps/web)
          push  npm ci  on demand: no part of a build
            runs     npm ci --ignore-scripts
            reads    . <- package.json, package-lock.json
            tools    node, npm
            network  registry.example:443
            secrets  TOKEN
          -> bundle (web-bundle) .
        ");
        assert_eq!(as_json(&[plan])["targets"][0]["actions"][0]["on_demand"], true);
    }

    #[test]
    fn verbose_shows_what_is_in_a_key() {
        let mut plan = plan();
        let facts = plan.keys.get_mut("install").expect("the action's key");
        facts.parts = vec![("tool", "npm".to_owned(), "0123".to_owned())];
        assert!(as_text(&plan, true, BARE).contains("\n    key      tool npm = 0123\n"));
        assert!(!as_text(&plan, false, BARE).contains("tool npm = 0123"));
    }

    #[test]
    fn programs_get_a_document_with_whole_keys() {
        let document = as_json(&[plan()]);
        let action = &document["targets"][0]["actions"][0];
        assert_eq!(document["version"], 1);
        assert_eq!(action["command"], json!(["npm", "ci", "--ignore-scripts"]));
        assert_eq!(action["key"].as_str().map(str::len), Some(64));
        assert_eq!(action["outputs"][0]["shape"], "unpacked");
    }
}
