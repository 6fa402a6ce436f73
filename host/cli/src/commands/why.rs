//! `farm why`: what made the actions of a target run, and what would make them run now, for people or programs. Does not
//! know how that is found out.

use std::process::ExitCode;

use anstyle::Style;
use farm_engine::error::Problem;
use farm_engine::key::Change;
use farm_engine::run::{self, ActionWhy, Difference, Differences, LastDecision, Now, Reason, Subject, TargetWhy};
use serde_json::{Value, json};

use super::Invocation;
use super::build::wanted;
use super::plan::key_line;
use crate::args::{Selection, WhyArgs};
use crate::exit;
use crate::sanitise;
use crate::ui::{FAINT, GOOD, STRONG, Theme, WARNING};

/// How many differences people see at once.
const SHORT: usize = 3;
/// Width of the column of what would be done.
const STATE: usize = 10;

/// Looks and prints.
pub(super) fn run(args: &WhyArgs, invocation: &Invocation) -> Result<ExitCode, Problem> {
    let workspace = invocation.workspace()?;
    let selection = Selection {
        targets: vec![args.target.clone()],
        mode: args.mode.clone(),
        dev: args.dev,
    };
    let mut request = invocation.request(&workspace, Some(&selection))?;
    request.sandbox = args.sandbox.map(wanted);
    let targets = run::why(&request, args.verbose)?;
    let ui = &invocation.ui;
    if args.json {
        ui.data(&as_json(&targets).to_string());
    } else {
        let texts: Vec<String> = targets
            .iter()
            .map(|target| as_text(target, args.verbose, ui.data_theme))
            .collect();
        ui.data(texts.join("\n").trim_end());
    }
    Ok(exit::done())
}

/// A target with its actions.
fn as_text(target: &TargetWhy, verbose: bool, theme: Theme) -> String {
    let mut lines = vec![theme.paint(STRONG, &sanitise::line(&target.target))];
    let width = target.actions.iter().map(|action| action.id.chars().count()).max();
    let words = Words {
        builder: &target.builder,
        shown: if verbose { usize::MAX } else { SHORT },
    };
    for action in &target.actions {
        let told = words.action(action);
        let id = format!(
            "{:width$}",
            sanitise::line(&action.id),
            width = width.unwrap_or_default()
        );
        let (state, style) = state(&action.now);
        let state = theme.paint(style, state) + &" ".repeat(STATE.saturating_sub(state.len()));
        let mut told = told.iter().map(|text| sanitise::line(text));
        let first = told.next().unwrap_or_default();
        lines.push(format!("  {id}  {state}  {first}").trim_end().to_owned());
        let indent = " ".repeat(id.chars().count() + STATE + 6);
        lines.extend(told.map(|text| format!("{indent}{}", theme.paint(FAINT, &text))));
        lines.extend(action.key.iter().flat_map(|key| key.parts.iter().map(key_line)));
    }
    if target.is_partial {
        lines.push("  and more, once the builder has seen outputs of these".to_owned());
    }
    lines.join("\n") + "\n"
}

/// What the next build would do, in a word or two.
const fn state(now: &Now) -> (&'static str, Style) {
    match now {
        Now::UpToDate => ("up to date", GOOD),
        Now::Cached(_) => ("from cache", GOOD),
        Now::Runs(_) => ("would run", WARNING),
        Now::After { .. } => ("may run", WARNING),
    }
}

/// How reasons are put.
struct Words<'a> {
    /// The name of the target's builder.
    builder: &'a str,
    /// How many differences are shown.
    shown: usize,
}

impl Words<'_> {
    /// What is said of an action: what the next build would do comes first.
    fn action(&self, action: &ActionWhy) -> Vec<String> {
        let because = |reason: &Reason| format!("because: {}", self.reason(reason));
        let last = action.last.as_ref().map(|last| self.last(last));
        match &action.now {
            Now::UpToDate => vec![last.unwrap_or_else(|| "why it ran last is not recorded".to_owned())],
            Now::Cached(reason) | Now::Runs(reason) => [because(reason)].into_iter().chain(last).collect(),
            Now::After { target, action } => {
                let after = format!("after: action {action} of {target}, if that makes something else");
                [after].into_iter().chain(last).collect()
            }
        }
    }

    fn last(&self, last: &LastDecision) -> String {
        let what = if last.ran { "ran" } else { "came from the cache" };
        format!("{what} last because: {}", self.reason(&last.reason))
    }

    fn reason(&self, reason: &Reason) -> String {
        match reason {
            Reason::First => "it was never built here".to_owned(),
            Reason::Changed(differences) => self.differences(differences),
            Reason::NotInCache => "its result was not in the cache".to_owned(),
            Reason::CacheOff => "--no-cache".to_owned(),
            Reason::OutputsGone => "its outputs are not in place".to_owned(),
            Reason::NotRecorded => "what it was made from was not recorded".to_owned(),
        }
    }

    fn differences(&self, differences: &Differences) -> String {
        let shown = differences.first.iter().take(self.shown);
        let mut texts: Vec<String> = shown.map(|difference| self.difference(difference)).collect();
        let more = differences.first.len().saturating_sub(self.shown) as u64 + differences.more;
        if more > 0 {
            texts.push(format!("and {more} more"));
        }
        texts.join(", ")
    }

    fn difference(&self, difference: &Difference) -> String {
        let (name, item) = (&difference.name, difference.item.as_deref().unwrap_or_default());
        let thing = match difference.subject {
            Subject::File => format!("file {name}"),
            Subject::WrittenFile => format!("file {name}, which is made for the action,"),
            Subject::Dependency => format!("dependency {name}: artifact {item}"),
            Subject::Action => format!("action {name}: output {item}"),
            Subject::Argument => format!("argument {name}"),
            Subject::Arguments => "arguments".to_owned(),
            Subject::Command => "command".to_owned(),
            Subject::Variable => format!("variable {name}"),
            Subject::Secret => format!("secret {name}"),
            Subject::Tool => format!("tool {name}"),
            Subject::ToolVersion => format!("tool {name}: version"),
            Subject::ToolCache => format!("tool cache {name}"),
            Subject::Network => "network".to_owned(),
            Subject::Output => format!("output {name}"),
            Subject::Builder => format!("builder {}", self.builder),
            Subject::Folder => "the target's folder".to_owned(),
            Subject::Sandbox => "sandbox tier".to_owned(),
            Subject::Platform => "platform".to_owned(),
            Subject::BaseSystem => "base system".to_owned(),
            Subject::KeyFormat => "the form of farm's keys".to_owned(),
        };
        let change = match difference.change {
            Change::Added => "added",
            Change::Removed => "removed",
            Change::Changed => "changed",
            Change::MadeExecutable => "made executable",
            Change::MadePlain => "made not executable",
        };
        format!("{thing} {change}")
    }
}

/// One document. The shape is this command's own, so that the engine's types may change.
fn as_json(targets: &[TargetWhy]) -> Value {
    let target = |target: &TargetWhy| {
        json!({
            "target": target.target,
            "builder": target.builder,
            "complete": !target.is_partial,
            "actions": target.actions.iter().map(action_json).collect::<Vec<_>>(),
        })
    };
    json!({"version": 1, "targets": targets.iter().map(target).collect::<Vec<_>>()})
}

fn action_json(action: &ActionWhy) -> Value {
    let last = action.last.as_ref().map(|last| {
        let outcome = if last.ran { "ran" } else { "cached" };
        json!({"outcome": outcome, "because": reason_json(&last.reason)})
    });
    let now = match &action.now {
        Now::UpToDate => json!({"outcome": "up_to_date"}),
        Now::Cached(reason) => json!({"outcome": "cached", "because": reason_json(reason)}),
        Now::Runs(reason) => json!({"outcome": "runs", "because": reason_json(reason)}),
        Now::After { target, action } => json!({"outcome": "open", "after": {"target": target, "action": action}}),
    };
    let mut value = json!({"id": action.id, "label": action.label, "last": last, "now": now});
    if let Some(key) = &action.key {
        value["key"] = json!(key.key);
        value["key_parts"] = json!(key.parts);
    }
    value
}

fn reason_json(reason: &Reason) -> Value {
    let (name, differences) = match reason {
        Reason::First => ("never-built", None),
        Reason::Changed(differences) => ("changed", Some(differences)),
        Reason::NotInCache => ("not-in-cache", None),
        Reason::CacheOff => ("no-cache", None),
        Reason::OutputsGone => ("outputs-gone", None),
        Reason::NotRecorded => ("not-recorded", None),
    };
    let Some(differences) = differences else {
        return json!({"reason": name});
    };
    let difference = |difference: &Difference| {
        json!({
            "what": difference.subject,
            "name": difference.name,
            "item": difference.item,
            "change": difference.change,
        })
    };
    json!({
        "reason": name,
        "differences": differences.first.iter().map(difference).collect::<Vec<_>>(),
        "more": differences.more,
    })
}
