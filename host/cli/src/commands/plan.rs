//! `farm plan`: what a build would do, for people or programs. Does not know how a plan is made.

use std::process::ExitCode;

use farm_engine::error::Problem;
use farm_engine::plan::{Action, Input, InputSource, Output, Work};
use serde_json::{Value, json};

use super::Invocation;
use crate::args::PlanArgs;
use crate::engine_edge::{self, TargetPlan};
use crate::exit;
use crate::sanitise;
use crate::ui::{FAINT, STRONG, Theme};

/// How much of a key people see.
const SHORT_KEY: usize = 12;

/// Plans and prints.
pub(super) fn run(args: &PlanArgs, invocation: &Invocation) -> Result<ExitCode, Problem> {
    let workspace = invocation.workspace()?;
    let request = invocation.request(&workspace, Some(&args.selection))?;
    let plans = engine_edge::plan(&request)?;
    let ui = &invocation.ui;
    if args.json {
        ui.data(&as_json(&plans).to_string());
    } else {
        let texts: Vec<String> = plans.iter().map(|plan| as_text(plan, ui.data_theme)).collect();
        ui.data(texts.join("\n").trim_end());
    }
    Ok(exit::done())
}

/// A target with its actions and artifacts.
fn as_text(plan: &TargetPlan, theme: Theme) -> String {
    let target = theme.paint(STRONG, &sanitise::line(&plan.target));
    let builder = format!("({} in {})", plan.builder, place(&plan.root));
    let mut lines = vec![format!("{target} {}", sanitise::line(&builder))];
    for action in &plan.plan.actions {
        let key = plan
            .keys
            .get(&action.id)
            .map_or("not known yet", |key| key.get(..SHORT_KEY).unwrap_or(key));
        let (id, label) = (sanitise::line(&action.id), sanitise::line(&action.label));
        lines.push(format!("  {id}  {label}  {}", theme.paint(FAINT, key)));
        let detail = |(name, value): (&str, String)| format!("    {name:<8} {}", sanitise::line(&value));
        lines.extend(details(action).into_iter().map(detail));
    }
    for artifact in &plan.plan.artifacts {
        let place = artifact.place.as_deref().map_or("(for other targets)", place);
        lines.push("  ".to_owned() + &sanitise::line(&format!("-> {} ({}) {place}", artifact.name, artifact.kind)));
    }
    if plan.plan.next.is_some() {
        lines.push("  and more, once the builder has seen outputs of these".to_owned());
    }
    lines.join("\n") + "\n"
}

/// What there is to know of an action, line by line.
fn details(action: &Action) -> Vec<(&'static str, String)> {
    let mut details = vec![("runs", command(action).join(" "))];
    details.extend(
        action
            .inputs
            .iter()
            .map(|input| ("reads", format!("{} <- {}", place(&input.at), source(input)))),
    );
    details.extend(action.outputs.iter().map(|output| ("writes", output.path.clone())));
    if !action.tools.is_empty() {
        details.push(("tools", action.tools.join(", ")));
    }
    if let Some(fetch) = &action.network {
        details.push((
            "network",
            format!("{}, pinned by {}", fetch.from.join(", "), fetch.pinned_by.join(", ")),
        ));
    }
    details
}

/// What an action runs, as it would be typed.
fn command(action: &Action) -> Vec<String> {
    match &action.work {
        Work::Tool(run) => [run.tool.clone()]
            .into_iter()
            .chain(run.arguments.iter().cloned())
            .collect(),
        Work::Step(step) => vec![format!("step:{}", step.name)],
    }
}

/// Where an input comes from.
fn source(input: &Input) -> String {
    match &input.source {
        InputSource::Files(set) if set.exclude.is_empty() => set.include.join(", "),
        InputSource::Files(set) => format!("{} without {}", set.include.join(", "), set.exclude.join(", ")),
        InputSource::Output(output) => format!("{} of action {}", output.output, output.action),
        InputSource::Artifact(artifact) => format!("{} of target {}", artifact.name, artifact.target),
        InputSource::Content(content) => format!("{} bytes made by the builder", content.len()),
    }
}

/// A path, or a word for the folder itself.
fn place(path: &str) -> &str {
    if path.is_empty() { "." } else { path }
}

/// One document. The shape is this command's own, so that the engine's types may change.
fn as_json(plans: &[TargetPlan]) -> Value {
    json!({"version": 1, "targets": plans.iter().map(target_json).collect::<Vec<_>>()})
}

fn target_json(plan: &TargetPlan) -> Value {
    let artifact = |artifact: &farm_engine::plan::Artifact| json!({"name": artifact.name, "kind": artifact.kind, "place": artifact.place});
    json!({
        "target": plan.target,
        "builder": plan.builder,
        "root": plan.root,
        "complete": plan.plan.next.is_none(),
        "actions": plan.plan.actions.iter().map(|action| action_json(action, plan)).collect::<Vec<_>>(),
        "artifacts": plan.plan.artifacts.iter().map(artifact).collect::<Vec<_>>(),
    })
}

fn action_json(action: &Action, plan: &TargetPlan) -> Value {
    let input = |input: &Input| json!({"at": input.at, "from": source(input)});
    let output = |output: &Output| json!({"name": output.name, "path": output.path, "shape": output.shape});
    json!({
        "id": action.id,
        "label": action.label,
        "key": plan.keys.get(&action.id),
        "command": command(action),
        "inputs": action.inputs.iter().map(input).collect::<Vec<_>>(),
        "outputs": action.outputs.iter().map(output).collect::<Vec<_>>(),
        "tools": action.tools,
        "network": action.network.as_ref().map(|fetch| &fetch.from),
        "pinned_by": action.network.as_ref().map(|fetch| &fetch.pinned_by),
        "caches": action.caches.iter().map(|cache| &cache.name).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use farm_engine::plan::{Artifact, Fetch, FileBase, FileSet, OutputRef, OutputShape, Plan, ToolRun};
    use insta::assert_snapshot;

    use super::*;
    use crate::ui::tests::BARE;

    fn install() -> Action {
        let include = vec!["package.json".to_owned(), "package-lock.json".to_owned()];
        let files = FileSet {
            base: FileBase::Target,
            include,
            exclude: Vec::new(),
        };
        let output = Output {
            name: "modules".to_owned(),
            path: "node_modules".to_owned(),
            shape: OutputShape::Unpacked,
            required: true,
            in_place: false,
        };
        let arguments = vec!["ci".to_owned(), "--ignore-scripts".to_owned()];
        Action {
            id: "install".to_owned(),
            label: "npm ci\x1b[2J".to_owned(),
            work: Work::Tool(ToolRun {
                tool: "npm".to_owned(),
                arguments,
                directory: String::new(),
            }),
            inputs: vec![Input {
                at: String::new(),
                source: InputSource::Files(files),
            }],
            outputs: vec![output],
            tools: vec!["node".to_owned()],
            environment: Vec::new(),
            pass_environment: Vec::new(),
            secrets: Vec::new(),
            network: Some(Fetch {
                from: vec!["npm".to_owned()],
                pinned_by: vec!["package-lock.json".to_owned()],
            }),
            caches: Vec::new(),
            timeout_seconds: None,
            properties: Vec::new(),
        }
    }

    fn plan() -> TargetPlan {
        let artifact = Artifact {
            name: "bundle".to_owned(),
            kind: "web-bundle".to_owned(),
            from: OutputRef {
                action: "bundle".to_owned(),
                output: "dist".to_owned(),
            },
            place: Some(".".to_owned()),
            metadata: None,
            properties: Vec::new(),
        };
        TargetPlan {
            target: "frontend".to_owned(),
            builder: "vite".to_owned(),
            root: "apps/web".to_owned(),
            plan: Plan {
                actions: vec![install()],
                artifacts: vec![artifact],
                ..Plan::default()
            },
            keys: BTreeMap::from([("install".to_owned(), "0123456789abcdef".repeat(4))]),
        }
    }

    #[test]
    fn people_get_every_action_with_what_it_reads_and_writes() {
        assert_snapshot!(as_text(&plan(), BARE), @r"
        frontend (vite in apps/web)
          install  npm ci  0123456789ab
            runs     npm ci --ignore-scripts
            reads    . <- package.json, package-lock.json
            writes   node_modules
            tools    node
            network  npm, pinned by package-lock.json
          -> bundle (web-bundle) .
        ");
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
