//! `farm run`: builds a target and runs an action of it that is no part of the build; or lists such actions. Does not
//! know how anything is built, run or shown.

use std::io::{stderr, stdout};
use std::process::ExitCode;

use farm_engine::error::Problem;
use farm_engine::run::{self, OnDemandRequest, PlannedTarget, Request};
use serde_json::{Value, json};

use super::Invocation;
use super::build::{code, detail, wanted};
use crate::args::{RunArgs, Selection};
use crate::report::{Reports, Screen};
use crate::ui::{FAINT, Output, STRONG, Theme};
use crate::{exit, sanitise, signals};

/// Runs the action that was named, or lists what could be.
pub(super) fn run(args: &RunArgs, invocation: &Invocation) -> Result<ExitCode, Problem> {
    match &args.target {
        Some(target) => Ok(perform(args, target, invocation)),
        None => list(args, invocation),
    }
}

/// Builds and runs, with reports on the way.
fn perform(args: &RunArgs, target: &str, invocation: &Invocation) -> ExitCode {
    let workspace = invocation.workspace();
    let screen = Screen::on(Output::to(stderr()));
    let json = args.json.then(|| Output::to(stdout()));
    let known = workspace.as_deref().ok();
    let detail = detail(args.quiet, args.verbose);
    let mut reports = Reports::open(&invocation.ui, &screen, detail, known, json);
    reports.pass_on(&invocation.ui, &screen, args.json);
    let result = workspace.as_deref().map_err(Problem::clone).and_then(|workspace| {
        let usual = invocation.request(workspace, Some(&selection(args, vec![target.to_owned()])))?;
        let request = Request {
            jobs: args.jobs.map_or(usual.jobs, usize::from),
            locked: args.locked,
            on_demand: Some(OnDemandRequest {
                action: args.action.clone(),
                sandbox: args.sandbox.map(wanted),
            }),
            ..usual
        };
        run::build(&request, &mut reports, || signals::watch(screen.clone()))
    });
    ExitCode::from(match result {
        Ok(summary) => code(&summary),
        Err(problem) => {
            let code = exit::code_of(problem.class);
            reports.give_up(problem);
            code
        }
    })
}

fn selection(args: &RunArgs, targets: Vec<String>) -> Selection {
    Selection {
        targets,
        mode: args.mode.clone(),
        dev: args.dev,
    }
}

/// Lists every action on demand of the workspace.
fn list(args: &RunArgs, invocation: &Invocation) -> Result<ExitCode, Problem> {
    let workspace = invocation.workspace()?;
    let request = invocation.request(&workspace, Some(&selection(args, Vec::new())))?;
    let plans = run::plan(&request)?;
    let ui = &invocation.ui;
    ui.data(&if args.json {
        as_json(&plans).to_string()
    } else {
        as_text(&plans, ui.data_theme)
    });
    Ok(exit::done())
}

/// What can be run: target, action, and what it does.
fn as_text(plans: &[PlannedTarget], theme: Theme) -> String {
    let all = plans
        .iter()
        .flat_map(|plan| plan.plan.on_demand().map(move |action| (plan, action)));
    let rows: Vec<[String; 3]> = all
        .map(|(plan, action)| [&plan.target, &action.id, &action.label].map(|text| sanitise::line(text)))
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (targets, actions) = (width(0), width(1));
    let row = |[target, action, label]: &[String; 3]| {
        let name = theme.paint(STRONG, &format!("{target:<targets$}  {action:<actions$}"));
        format!("{name}  {}", theme.paint(FAINT, label))
    };
    let mut lines: Vec<String> = rows.iter().map(row).collect();
    if lines.is_empty() {
        lines.push("no action of this workspace is on demand".to_owned());
    }
    let partial = plans.iter().filter(|plan| plan.is_partial);
    lines.extend(partial.map(|plan| {
        let target = sanitise::line(&plan.target);
        format!("{target} may have more, once its builder has seen outputs of its build")
    }));
    lines.join("\n")
}

/// One document. The shape is this command's own, so that the engine's types may change.
fn as_json(plans: &[PlannedTarget]) -> Value {
    let all = plans.iter().flat_map(|plan| {
        let actions = plan.plan.on_demand();
        actions.map(|action| json!({"target": plan.target, "action": action.id, "label": action.label}))
    });
    let partial = plans.iter().filter(|plan| plan.is_partial);
    json!({
        "version": 1,
        "actions": all.collect::<Vec<_>>(),
        "incomplete": partial.map(|plan| &plan.target).collect::<Vec<_>>(),
    })
}
