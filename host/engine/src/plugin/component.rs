//! A component as a [`Builder`]: loaded at its first call, once for the process, and called afresh each time.
//!
//! Does not know what its answers mean.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::digest::Digest;
use crate::fs;
use crate::plan::{
    AccessError, AccessErrorKind, Description, EntryKind, Level, Plan, PlanRequest, SeenFile, Source, StepRun,
};

use super::bindings::PluginPre;
use super::call::{Failure, Frame};
use super::error::{Fault, Phase, PluginError};
use super::host::PluginHost;
use super::host_calls::refuse;
use super::inspect::inspect;
use super::interface::Interface;
use super::machine::Machine;
use super::settings::CallLimits;
use super::state::{Scope, State};
use super::wasi::Folders;
use super::{Builder, PlanFailure};

/// A component's bytes, and their digest.
#[derive(Clone)]
pub struct ComponentFile {
    pub(super) bytes: Cow<'static, [u8]>,
    pub(super) digest: Digest,
}

impl ComponentFile {
    /// A component that is part of the program, with the digest that the build took of it.
    pub const fn embedded(bytes: &'static [u8], digest: Digest) -> Self {
        Self {
            bytes: Cow::Borrowed(bytes),
            digest,
        }
    }

    /// A component from elsewhere.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self {
            digest: Digest::of(&bytes),
            bytes: Cow::Owned(bytes),
        }
    }

    /// Reads a component's file; one of more than `limit` bytes is refused unread.
    pub fn read(builder: &str, path: &Path, limit: u64) -> Result<Self, PluginError> {
        let bytes = fs::read_bounded(path, limit).map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            let fault = Fault::Unreadable(format!("{error}{}", cause.unwrap_or_default()));
            load_error(builder, fault)
        })?;
        Ok(Self::from_bytes(bytes))
    }

    /// The digest of its bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// A component under the name of a builder.
pub struct ComponentBuilder {
    name: String,
    file: ComponentFile,
    host: PluginHost,
    loaded: Mutex<Option<Result<Arc<Loaded>, Fault>>>,
}

impl fmt::Debug for ComponentBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ComponentBuilder({} {:?})", self.name, self.file.digest)
    }
}

/// A component, compiled and linked, and the engine that it belongs to.
pub(super) struct Loaded {
    /// The engine.
    pub machine: Arc<Machine>,
    /// The component, linked.
    pub component: PluginPre<State>,
}

impl ComponentBuilder {
    pub(super) fn new(host: PluginHost, name: String, file: ComponentFile) -> Self {
        Self {
            name,
            file,
            host,
            loaded: Mutex::new(None),
        }
    }

    /// The version of the WIT package that it was built for, read from its bytes; nothing is compiled for it.
    pub fn wit_version(&self) -> Result<String, PluginError> {
        let interface = self.interface().map_err(|fault| load_error(&self.name, fault))?;
        Ok(interface.wit_version().unwrap_or_default().to_owned())
    }

    /// Compiles it now, so that the first call is not the slow one.
    pub fn load(&self) -> Result<(), PluginError> {
        self.loaded().map(drop).map_err(|fault| load_error(&self.name, fault))
    }

    fn interface(&self) -> Result<Interface, Fault> {
        let interface = inspect(&self.file.bytes, &self.host.limits().component)?;
        interface.check()?;
        Ok(interface)
    }

    /// The component; the first caller loads it, and the others wait for that. A fault is final.
    fn loaded(&self) -> Result<Arc<Loaded>, Fault> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded
            .get_or_insert_with(|| self.host.load(&self.file).map(Arc::new))
            .clone()
    }

    fn call<T>(
        &self,
        call: &Call<'_>,
        source: &mut dyn Source,
        work: impl AsyncFnOnce(&super::bindings::Plugin, &mut wasmtime::Store<State>) -> wasmtime::Result<T>,
    ) -> Result<T, PluginError> {
        let loaded = self.loaded().map_err(|fault| load_error(&self.name, fault))?;
        let frame = Frame {
            machine: &loaded.machine,
            component: &loaded.component,
            seed: self.file.digest,
            limits: call.limits,
            scope: call.scope,
            folders: call.folders,
        };
        self.host.count_instance();
        frame
            .run(source, work)
            .map_err(|failure| self.error(call.phase, failure))
    }

    fn error(&self, phase: Phase, failure: Failure) -> PluginError {
        PluginError {
            builder: self.name.clone(),
            phase,
            fault: failure.fault,
            frames: failure.frames,
            said: failure.said,
        }
    }
}

/// What sets one kind of call apart from the others.
struct Call<'a> {
    phase: Phase,
    limits: &'a CallLimits,
    scope: Scope,
    folders: Option<Folders<'a>>,
}

impl Builder for ComponentBuilder {
    fn name(&self) -> &str {
        &self.name
    }

    fn digest(&self) -> Digest {
        self.file.digest
    }

    fn describe(&self) -> Result<Description, PluginError> {
        let call = Call {
            phase: Phase::Describe,
            limits: &self.host.limits().describe,
            scope: Scope::Log,
            folders: None,
        };
        let description = self.call(&call, &mut LogAlone(&mut |_, _| {}), async |plugin, store| {
            plugin.farm_builder_builder().call_describe(store).await
        })?;
        Ok(description.into())
    }

    fn plan(&self, request: &PlanRequest, source: &mut dyn Source) -> Result<Plan, PlanFailure> {
        let request = request.into();
        let call = self.plan_call(Phase::Plan);
        let plan = self.call(&call, source, async |plugin, store| {
            plugin.farm_builder_builder().call_plan(store, &request).await
        })?;
        plan.map(Into::into)
            .map_err(|problem| PlanFailure::Problem(problem.into()))
    }

    fn continue_plan(
        &self,
        request: &PlanRequest,
        state: &[u8],
        seen: &[SeenFile],
        source: &mut dyn Source,
    ) -> Result<Plan, PlanFailure> {
        let request = request.into();
        let seen: Vec<_> = seen.iter().map(Into::into).collect();
        let call = self.plan_call(Phase::ContinuePlan);
        let plan = self.call(&call, source, async |plugin, store| {
            let builder = plugin.farm_builder_builder();
            builder.call_continue_plan(store, &request, state, &seen).await
        })?;
        plan.map(Into::into)
            .map_err(|problem| PlanFailure::Problem(problem.into()))
    }

    fn run_step(
        &self,
        step: &StepRun,
        input: &Path,
        output: &Path,
        log: &mut dyn FnMut(Level, &str),
    ) -> Result<(), PlanFailure> {
        let step = step.into();
        let call = Call {
            phase: Phase::RunStep,
            limits: &self.host.limits().step,
            scope: Scope::Log,
            folders: Some(Folders { input, output }),
        };
        let done = self.call(&call, &mut LogAlone(log), async |plugin, store| {
            plugin.farm_builder_builder().call_run_step(store, &step).await
        })?;
        done.map_err(|problem| PlanFailure::Problem(problem.into()))
    }
}

impl ComponentBuilder {
    fn plan_call(&self, phase: Phase) -> Call<'_> {
        Call {
            phase,
            limits: &self.host.limits().plan,
            scope: Scope::All,
            folders: None,
        }
    }
}

fn load_error(builder: &str, fault: Fault) -> PluginError {
    PluginError {
        builder: builder.to_owned(),
        phase: Phase::Load,
        fault,
        frames: Vec::new(),
        said: String::new(),
    }
}

/// Hears the log and answers nothing else.
struct LogAlone<'a>(&'a mut dyn FnMut(Level, &str));

impl LogAlone<'_> {
    fn denied<T>() -> Result<T, AccessError> {
        refuse(AccessErrorKind::Denied, "only a plan may ask for this")
    }
}

impl Source for LogAlone<'_> {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, AccessError> {
        Self::denied()
    }

    fn look(&mut self, _: &str) -> Result<Option<EntryKind>, AccessError> {
        Self::denied()
    }

    fn glob(&mut self, _: &[String], _: &[String]) -> Result<Vec<String>, AccessError> {
        Self::denied()
    }

    fn has_tool(&mut self, _: &str) -> Result<bool, AccessError> {
        Self::denied()
    }

    fn log(&mut self, level: Level, message: &str) {
        (self.0)(level, message);
    }
}
