//! Translates between the bindings' types and the engine's own words, field by field.
//!
//! Does not judge: what a builder answers is checked by `crate::plan`.

use crate::plan;

use super::bindings::farm::builder::{host, types};

fn all<A, B: From<A>>(items: Vec<A>) -> Vec<B> {
    items.into_iter().map(Into::into).collect()
}

// What builders answer.

impl From<types::Description> for plan::Description {
    fn from(from: types::Description) -> Self {
        Self {
            name: from.name,
            version: from.version,
            summary: from.summary,
            options_schema: from.options_schema,
            wants: all(from.wants),
            properties: from.properties,
        }
    }
}

impl From<types::Want> for plan::Want {
    fn from(from: types::Want) -> Self {
        match from {
            types::Want::Tool(name) => Self::Tool(name),
            types::Want::Network(purpose) => Self::Network(purpose),
            types::Want::Environment(name) => Self::Environment(name),
            types::Want::Secret(name) => Self::Secret(name),
            types::Want::ToolCache(name) => Self::ToolCache(name),
        }
    }
}

impl From<types::Plan> for plan::Plan {
    fn from(from: types::Plan) -> Self {
        Self {
            actions: all(from.actions),
            artifacts: all(from.artifacts),
            next: from.next.map(Into::into),
            properties: from.properties,
        }
    }
}

impl From<types::Continuation> for plan::Continuation {
    fn from(from: types::Continuation) -> Self {
        Self {
            needs: all(from.needs),
            state: from.state,
        }
    }
}

impl From<types::Action> for plan::Action {
    fn from(from: types::Action) -> Self {
        Self {
            id: from.id,
            label: from.label,
            work: from.work.into(),
            inputs: all(from.inputs),
            outputs: all(from.outputs),
            tools: from.tools,
            environment: from.environment,
            pass_environment: from.pass_environment,
            secrets: from.secrets,
            network: from.network.map(Into::into),
            caches: all(from.caches),
            timeout_seconds: from.timeout_seconds,
            properties: from.properties,
        }
    }
}

impl From<types::Work> for plan::Work {
    fn from(from: types::Work) -> Self {
        match from {
            types::Work::Tool(types::ToolRun {
                tool,
                arguments,
                directory,
            }) => Self::Tool(plan::ToolRun {
                tool,
                arguments,
                directory,
            }),
            types::Work::Step(types::StepRun { name, parameters }) => Self::Step(plan::StepRun { name, parameters }),
        }
    }
}

impl From<types::Input> for plan::Input {
    fn from(from: types::Input) -> Self {
        Self {
            at: from.at,
            source: from.source.into(),
        }
    }
}

impl From<types::InputSource> for plan::InputSource {
    fn from(from: types::InputSource) -> Self {
        match from {
            types::InputSource::Files(set) => Self::Files(set.into()),
            types::InputSource::Output(output) => Self::Output(output.into()),
            types::InputSource::Artifact(types::ArtifactRef { target, name }) => {
                Self::Artifact(plan::ArtifactRef { target, name })
            }
            types::InputSource::Content(bytes) => Self::Content(bytes),
        }
    }
}

impl From<types::FileSet> for plan::FileSet {
    fn from(from: types::FileSet) -> Self {
        Self {
            base: match from.base {
                types::FileBase::Target => plan::FileBase::Target,
                types::FileBase::Workspace => plan::FileBase::Workspace,
            },
            include: from.include,
            exclude: from.exclude,
        }
    }
}

impl From<types::OutputRef> for plan::OutputRef {
    fn from(from: types::OutputRef) -> Self {
        Self {
            action: from.action,
            output: from.output,
        }
    }
}

impl From<types::Output> for plan::Output {
    fn from(from: types::Output) -> Self {
        Self {
            name: from.name,
            path: from.path,
            shape: match from.shape {
                types::OutputShape::File => plan::OutputShape::File,
                types::OutputShape::Folder => plan::OutputShape::Folder,
                types::OutputShape::Any => plan::OutputShape::Any,
                types::OutputShape::Unpacked => plan::OutputShape::Unpacked,
            },
            required: from.required,
            in_place: from.in_place,
        }
    }
}

impl From<types::Fetch> for plan::Fetch {
    fn from(from: types::Fetch) -> Self {
        Self {
            from: from.from,
            pinned_by: from.pinned_by,
        }
    }
}

impl From<types::CacheMount> for plan::CacheMount {
    fn from(from: types::CacheMount) -> Self {
        Self {
            name: from.name,
            variable: from.variable,
        }
    }
}

impl From<types::Artifact> for plan::Artifact {
    fn from(from: types::Artifact) -> Self {
        Self {
            name: from.name,
            kind: from.kind,
            from: from.from.into(),
            place: from.place,
            metadata: from.metadata.map(Into::into),
            properties: from.properties,
        }
    }
}

impl From<types::Problem> for plan::BuilderProblem {
    fn from(from: types::Problem) -> Self {
        Self {
            message: from.message,
            file: from.file,
            line: from.line,
            hint: from.hint,
        }
    }
}

impl From<host::Level> for plan::Level {
    fn from(from: host::Level) -> Self {
        match from {
            host::Level::Debug => Self::Debug,
            host::Level::Info => Self::Info,
            host::Level::Warn => Self::Warn,
        }
    }
}

// What builders are told.

impl From<&plan::PlanRequest> for types::PlanRequest {
    fn from(from: &plan::PlanRequest) -> Self {
        Self {
            target: from.target.clone(),
            root: from.root.clone(),
            mode: from.mode.clone(),
            options: from.options.clone(),
            dependencies: from.dependencies.iter().map(Into::into).collect(),
            platform: from.platform.clone(),
            properties: from.properties.clone(),
        }
    }
}

impl From<&plan::ArtifactHandle> for types::ArtifactHandle {
    fn from(from: &plan::ArtifactHandle) -> Self {
        Self {
            target: from.target.clone(),
            name: from.name.clone(),
            kind: from.kind.clone(),
        }
    }
}

impl From<&plan::SeenFile> for types::SeenFile {
    fn from(from: &plan::SeenFile) -> Self {
        Self {
            output: types::OutputRef {
                action: from.output.action.clone(),
                output: from.output.output.clone(),
            },
            path: from.path.clone(),
            content: from.content.clone(),
        }
    }
}

impl From<&plan::StepRun> for types::StepRun {
    fn from(from: &plan::StepRun) -> Self {
        Self {
            name: from.name.clone(),
            parameters: from.parameters.clone(),
        }
    }
}

impl From<plan::EntryKind> for host::EntryKind {
    fn from(from: plan::EntryKind) -> Self {
        match from {
            plan::EntryKind::File => Self::File,
            plan::EntryKind::Folder => Self::Folder,
            plan::EntryKind::Other => Self::Other,
        }
    }
}

impl From<plan::AccessError> for host::AccessError {
    fn from(from: plan::AccessError) -> Self {
        Self {
            kind: match from.kind {
                plan::AccessErrorKind::NotFound => host::AccessErrorKind::NotFound,
                plan::AccessErrorKind::NotAFile => host::AccessErrorKind::NotAFile,
                plan::AccessErrorKind::InvalidPath => host::AccessErrorKind::InvalidPath,
                plan::AccessErrorKind::Denied => host::AccessErrorKind::Denied,
                plan::AccessErrorKind::TooLarge => host::AccessErrorKind::TooLarge,
                plan::AccessErrorKind::Failed => host::AccessErrorKind::Failed,
            },
            message: from.message,
        }
    }
}
