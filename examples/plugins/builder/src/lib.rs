//! The builder `handbook`: a folder of Markdown pages becomes a small site, and the examples in it are run.
//!
//! It shows all that a builder does: `plan` looks at the target's folder and answers with actions; one of them is a
//! native tool that farm runs in its sandbox, the other is a step that runs in here.

mod page;
mod site;

use std::path::Path;

use farm_sdk::{Action, Artifact, Builder, Description, Host, Input, Output, Plan, Problem, Request};
use serde::Deserialize;
use serde_json::json;

/// The builder.
#[derive(Debug)]
pub struct Handbook;

/// The target's options. The schema beside this file says the same to the user, and farm checks against it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    title: String,
    #[serde(default = "docs")]
    pages: String,
    #[serde(default)]
    examples: bool,
}

impl Builder for Handbook {
    type Options = Options;

    fn describe() -> Description {
        let schema = include_str!("options.schema.json");
        Description::new(
            "handbook",
            env!("CARGO_PKG_VERSION"),
            "Markdown pages as a site",
            schema,
        )
        .wants_tool("python3")
    }

    fn plan(request: &Request<Options>, host: &dyn Host) -> Result<Plan, Problem> {
        let options = &request.options;
        let pages = host.glob(&[&format!("{}/**/*.md", options.pages)], &[])?;
        if pages.is_empty() {
            let problem = Problem::new(format!("there are no pages in `{}`", options.pages));
            return Err(problem.hint("write `index.md` there, or name the folder with the option `pages`"));
        }
        let examples = options.examples.then(|| run_examples(&pages, host)).transpose()?;
        let render = render(options, pages.len());
        let site = Artifact::new("site", "web-site", render.out("site"))
            .placed("")
            .metadata(render.out("metadata"));
        Ok(Plan::new().actions(examples).action(render).artifact(site))
    }

    fn run_step(name: &str, parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
        match name {
            "render" => site::render(parameters, input, output),
            _ => Err(Problem::new(format!("this builder has no step `{name}`"))),
        }
    }
}

farm_sdk::export!(Handbook);

/// A native tool: Python reads each page and runs what follows `>>>`.
fn run_examples(pages: &[String], host: &dyn Host) -> Result<Action, Problem> {
    if !host.has_tool("python3")? {
        let problem = Problem::new("the examples need the tool `python3`, which is not on the PATH");
        return Err(problem.hint("install Python, or set `examples = false`"));
    }
    Ok(Action::tool("examples", "python3")
        .label("run the examples")
        .args(["-m", "doctest"])
        .args(pages)
        .input(Input::files(pages)))
}

/// A step: farm calls `run_step` of this component with the pages below its folder of inputs.
fn render(options: &Options, count: usize) -> Action {
    Action::step("render", "render")
        .label(format!("render {count} pages"))
        .parameters(&json!({ "title": options.title, "pages": options.pages }))
        .input(Input::files([format!("{}/**", options.pages)]))
        .output(Output::folder("site", "site"))
        .output(Output::file("metadata", "metadata.json"))
}

fn docs() -> String {
    "docs".to_owned()
}
