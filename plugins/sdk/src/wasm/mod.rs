//! The component's side of the contract: turns calls of farm into calls of a [`Builder`]. Public for
//! [`crate::export!`] alone.

#[expect(missing_docs, reason = "generated; documented in wit/builder.wit")]
#[allow(clippy::all, clippy::allow_attributes_without_reason, reason = "generated")]
pub mod bindings;
pub(crate) mod files;
mod host;
mod wire;

use std::marker::PhantomData;
use std::path::Path;

use bindings::exports::farm::builder::builder::Guest;
use bindings::farm::builder::types;

use crate::{Builder, Problem, Request};
use host::Farm;

/// The component that a builder becomes.
#[derive(Debug)]
pub struct Exported<B>(PhantomData<B>);

impl<B: Builder + 'static> Guest for Exported<B> {
    fn describe() -> types::Description {
        wire::description(B::describe())
    }

    fn plan(request: types::PlanRequest) -> Result<types::Plan, types::Problem> {
        let answer = read_request::<B>(request).and_then(|request| B::plan(&request, &Farm));
        answer.map(wire::plan).map_err(wire::problem)
    }

    fn continue_plan(
        request: types::PlanRequest,
        state: Vec<u8>,
        seen: Vec<types::SeenFile>,
    ) -> Result<types::Plan, types::Problem> {
        let seen: Vec<_> = seen.into_iter().map(wire::seen_file).collect();
        let answer = read_request::<B>(request).and_then(|request| B::continue_plan(&request, &Farm, &state, &seen));
        answer.map(wire::plan).map_err(wire::problem)
    }

    fn run_step(step: types::StepRun) -> Result<(), types::Problem> {
        B::run_step(&step.name, &step.parameters, Path::new("/in"), Path::new("/out")).map_err(wire::problem)
    }
}

fn read_request<B: Builder>(request: types::PlanRequest) -> Result<Request<B::Options>, Problem> {
    let options = crate::builder::read_options(&request.options)?;
    Ok(Request {
        target: request.target,
        root: request.root,
        mode: request.mode,
        options,
        dependencies: request.dependencies.into_iter().map(wire::dependency).collect(),
        platform: request.platform,
        asked: request.properties,
    })
}
