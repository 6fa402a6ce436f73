//! From the SDK's words to those of the contract, and back.

use super::bindings::farm::builder::types as wit;
use crate::{
    Action, Artifact, Base, Dependency, Description, Fetch, Files, Input, Output, OutputRef, Plan, Problem, SeenFile,
    Shape, Source, Want, Work,
};

pub(super) fn description(description: Description) -> wit::Description {
    let paths = description
        .paths_from_workspace
        .then(|| ("paths", "workspace".to_owned()));
    let answers = (!description.answers.is_empty()).then(|| ("answers", description.answers.join(" ")));
    let properties = paths.into_iter().chain(answers);
    wit::Description {
        properties: properties.map(|(name, value)| (name.to_owned(), value)).collect(),
        name: description.name,
        version: description.version,
        summary: description.summary,
        options_schema: description.options_schema,
        wants: description.wants.into_iter().map(want).collect(),
    }
}

pub(super) fn dependency(handle: wit::ArtifactHandle) -> Dependency {
    Dependency {
        target: handle.target,
        name: handle.name,
        kind: handle.kind,
    }
}

pub(super) fn seen_file(seen: wit::SeenFile) -> SeenFile {
    let output = OutputRef {
        action: seen.output.action,
        output: seen.output.output,
    };
    SeenFile {
        output,
        path: seen.path,
        content: seen.content,
    }
}

pub(super) fn problem(problem: Problem) -> wit::Problem {
    wit::Problem {
        message: problem.message,
        file: problem.file,
        line: problem.line,
        hint: problem.hint,
    }
}

pub(super) fn plan(plan: Plan) -> wit::Plan {
    wit::Plan {
        actions: plan.actions.into_iter().map(action).collect(),
        artifacts: plan.artifacts.into_iter().map(artifact).collect(),
        next: plan.next.map(|next| wit::Continuation {
            needs: next.needs.into_iter().map(output_ref).collect(),
            state: next.state,
        }),
        properties: Vec::new(),
    }
}

fn want(want: Want) -> wit::Want {
    match want {
        Want::Tool(name) => wit::Want::Tool(name),
        Want::Network(purpose) => wit::Want::Network(purpose),
        Want::Environment(name) => wit::Want::Environment(name),
        Want::Secret(name) => wit::Want::Secret(name),
        Want::ToolCache(name) => wit::Want::ToolCache(name),
    }
}

fn action(action: Action) -> wit::Action {
    let weight = action.weight.map(|weight| ("weight".to_owned(), weight.to_string()));
    let jobserver = action.jobserver.then(|| ("jobserver".to_owned(), "make".to_owned()));
    let untrusted = action.untrusted.then(|| ("untrusted".to_owned(), "true".to_owned()));
    let caches = &action.private_caches;
    let caches = (!caches.is_empty()).then(|| ("private-caches".to_owned(), caches.join(" ")));
    let on_demand = action.on_demand.then(|| ("on-demand".to_owned(), "true".to_owned()));
    let sandbox = action.without_sandbox.then(|| ("sandbox".to_owned(), "off".to_owned()));
    let checks = action.checks_limit.then(|| ("checks".to_owned(), "limit".to_owned()));
    let ignored = action
        .without_ignored
        .then(|| ("ignore-files".to_owned(), "git".to_owned()));
    let names: Vec<&str> = action.path_variables.iter().map(|(name, _)| name.as_str()).collect();
    let paths = (!names.is_empty()).then(|| ("path-variables".to_owned(), names.join(" ")));
    let stdout = action.stdout.map(|output| ("stdout".to_owned(), output));
    let properties = [
        weight, jobserver, untrusted, caches, on_demand, sandbox, checks, ignored, paths, stdout,
    ];
    let properties = properties.into_iter().flatten().collect();
    wit::Action {
        id: action.id,
        label: action.label,
        work: work(action.work),
        inputs: action.inputs.into_iter().map(input).collect(),
        outputs: action.outputs.into_iter().map(output).collect(),
        tools: action.tools,
        environment: action.environment.into_iter().chain(action.path_variables).collect(),
        pass_environment: action.pass_environment,
        secrets: action.secrets,
        network: action
            .network
            .map(|Fetch { from, pinned_by }| wit::Fetch { from, pinned_by }),
        caches: action
            .caches
            .into_iter()
            .map(|(name, variable)| wit::CacheMount { name, variable })
            .collect(),
        timeout_seconds: action.timeout_seconds,
        properties,
    }
}

fn work(work: Work) -> wit::Work {
    match work {
        Work::Tool {
            tool,
            arguments,
            directory,
        } => wit::Work::Tool(wit::ToolRun {
            tool,
            arguments,
            directory,
        }),
        Work::Step { name, parameters } => wit::Work::Step(wit::StepRun { name, parameters }),
    }
}

fn input(input: Input) -> wit::Input {
    let source = match input.source {
        Source::Files(Files { base, include, exclude }) => wit::InputSource::Files(wit::FileSet {
            base: file_base(base),
            include,
            exclude,
        }),
        Source::Output(output) => wit::InputSource::Output(output_ref(output)),
        Source::Artifact { target, name } => wit::InputSource::Artifact(wit::ArtifactRef { target, name }),
        Source::Content(content) => wit::InputSource::Content(content),
    };
    wit::Input { at: input.at, source }
}

const fn file_base(base: Base) -> wit::FileBase {
    match base {
        Base::Target => wit::FileBase::Target,
        Base::Workspace => wit::FileBase::Workspace,
    }
}

fn output(output: Output) -> wit::Output {
    let shape = match output.shape {
        Shape::File => wit::OutputShape::File,
        Shape::Folder => wit::OutputShape::Folder,
        Shape::Any => wit::OutputShape::Any,
        Shape::Unpacked => wit::OutputShape::Unpacked,
    };
    wit::Output {
        name: output.name,
        path: output.path,
        shape,
        required: output.required,
        in_place: output.in_place,
    }
}

fn output_ref(output: OutputRef) -> wit::OutputRef {
    wit::OutputRef {
        action: output.action,
        output: output.output,
    }
}

fn artifact(artifact: Artifact) -> wit::Artifact {
    let components = artifact
        .components
        .map(|output| ("components".to_owned(), format!("{}/{}", output.action, output.output)));
    wit::Artifact {
        name: artifact.name,
        kind: artifact.kind,
        from: output_ref(artifact.from),
        place: artifact.place,
        metadata: artifact.metadata.map(output_ref),
        properties: components.into_iter().collect(),
    }
}
