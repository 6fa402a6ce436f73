//! One call of a component: a fresh store, a fresh instance, its limits, and what its end means.
//!
//! Whatever happens in a call ends there: a trap, a limit or a panic is that call's error, and the next call starts
//! anew. Does not know what is called.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use wasmtime::component::ResourceTable;
use wasmtime::{Store, Trap, UpdateDeadline, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::digest::Digest;
use crate::fs::measure;
use crate::plan::Source;

use super::bindings::{Plugin, PluginPre};
use super::desk::{Desk, drive};
use super::error::{Fault, LimitHit};
use super::host_calls::hand_over;
use super::machine::Machine;
use super::output::Output;
use super::settings::{CallLimits, MAX_RESOURCES, MAX_STACK};
use super::state::{Meter, Scope, State};
use super::step_files::StepFiles;
use super::ticker::Ticker;
use super::wasi::{self, Folders};

/// How often the size of a step's output is looked at, in ticks.
const MEASURE_TICKS: u64 = 25;
/// How much longer than its limit a call may wait for the system before it is given up.
const GRACE: Duration = Duration::from_secs(5);
/// Longest text of a trap, in characters.
const MAX_TRAP: usize = 600;

/// What a call runs with.
pub(super) struct Frame<'a> {
    /// The engine.
    pub machine: &'a Machine,
    /// The component, linked.
    pub component: &'a PluginPre<State>,
    /// What its randomness depends on.
    pub seed: Digest,
    /// What it may use.
    pub limits: &'a CallLimits,
    /// What it may ask.
    pub scope: Scope,
    /// A step's folders.
    pub folders: Option<Folders<'a>>,
}

/// Why a call has no answer.
#[derive(Debug)]
pub(super) struct Failure {
    /// What happened.
    pub fault: Fault,
    /// Where in the component.
    pub frames: Vec<String>,
    /// What it said last.
    pub said: String,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            frames: Vec::new(),
            said: String::new(),
        }
    }
}

impl Frame<'_> {
    /// Makes a fresh instance and lets `work` call it; its questions and its log go to `source`.
    pub(super) fn run<T>(
        &self,
        source: &mut dyn Source,
        work: impl AsyncFnOnce(&Plugin, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Result<T, Failure> {
        let (desk, output) = (Desk::default(), Output::new(self.limits));
        let mut store = self.store(&desk, &output)?;
        let ticking = self.machine.ticker.start(&self.machine.engine);
        let _ticking = ticking.map_err(|error| Fault::Host(format!("no thread for its deadline: {error}")))?;
        let call = async {
            let plugin = self.component.instantiate_async(&mut store).await?;
            work(&plugin, &mut store).await
        };
        let until = Instant::now() + self.limits.time + GRACE;
        let driven = catch_unwind(AssertUnwindSafe(|| {
            let answer = drive(call, &desk, source, until);
            hand_over(output.finish(), source);
            answer
        }));
        let answer = match driven {
            Ok(Some(answer)) => answer.map_err(|error| self.failure(&error, &output))?,
            Ok(None) => {
                return Err(Fault::Limit(LimitHit::Time {
                    limit: self.limits.time,
                })
                .into());
            }
            Err(panic) => return Err(Fault::HostPanic(panic_text(panic.as_ref())).into()),
        };
        if let Some(folders) = &self.folders {
            self.measure(folders.output).map_err(Fault::Limit)?;
        }
        Ok(answer)
    }

    fn store(&self, desk: &Desk, output: &Output) -> Result<Store<State>, Fault> {
        let wasi = wasi::context(&self.seed, output, self.folders);
        let wasi = wasi.map_err(|error| Fault::Host(format!("cannot open the step's folders: {error:#}")))?;
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        let state = State {
            wasi,
            table,
            meter: Meter::new(self.limits),
            desk: desk.clone(),
            scope: self.scope,
            step: self.folders.map(|folders| StepFiles {
                input: folders.input.to_path_buf(),
                output: folders.output.to_path_buf(),
            }),
            output: output.clone(),
            nanoseconds: 0,
        };
        let mut store = Store::new(&self.machine.engine, state);
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(self.limits.answer);
        self.set_deadline(&mut store);
        Ok(store)
    }

    /// Ends the call at its time limit, and on the way looks whether a step's output is still small enough.
    fn set_deadline(&self, store: &mut Store<State>) {
        let mut left = Ticker::ticks(self.limits.time);
        let mut next = left;
        let output = self.folders.map(|folders| folders.output.to_path_buf());
        if output.is_some() {
            next = next.min(MEASURE_TICKS);
        }
        let limits = self.limits.clone();
        store.set_epoch_deadline(next);
        store.epoch_deadline_callback(move |_| {
            left -= next;
            if left == 0 {
                return Err(LimitHit::Time { limit: limits.time }.into());
            }
            if let Some(output) = &output {
                within(output, limits.output)?;
            }
            next = next.min(left);
            Ok(UpdateDeadline::Continue(next))
        });
    }

    fn measure(&self, output: &Path) -> Result<(), LimitHit> {
        within(output, self.limits.output)
    }

    /// What the end of a call means.
    fn failure(&self, error: &wasmtime::Error, output: &Output) -> Failure {
        let frames = error
            .downcast_ref::<WasmBacktrace>()
            .map(|trace| trace.frames().iter().map(frame_text).collect())
            .unwrap_or_default();
        Failure {
            fault: self.fault(error),
            frames,
            said: output.tail(),
        }
    }

    fn fault(&self, error: &wasmtime::Error) -> Fault {
        if let Some(hit) = error.chain().find_map(|cause| cause.downcast_ref::<LimitHit>()) {
            return Fault::Limit(hit.clone());
        }
        if let Some(I32Exit(status)) = error.downcast_ref::<I32Exit>() {
            return Fault::Trap(format!("it ended itself with exit code {status}"));
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::StackOverflow) => {
                return Fault::Limit(LimitHit::Stack {
                    limit: MAX_STACK as u64,
                });
            }
            Some(Trap::Interrupt) => {
                return Fault::Limit(LimitHit::Time {
                    limit: self.limits.time,
                });
            }
            _ => {}
        }
        let text: String = error.root_cause().to_string().chars().take(MAX_TRAP).collect();
        // Two limits whose errors wasmtime keeps to itself; the tests notice when it words them in another way.
        if text.contains("fuel allocated for hostcalls") {
            return Fault::Limit(LimitHit::Answer {
                limit: self.limits.answer as u64,
            });
        }
        match text.strip_prefix("resource limit exceeded: ") {
            Some(parts) => Fault::Limit(LimitHit::Parts(parts.to_owned())),
            None => Fault::Trap(text),
        }
    }
}

fn within(output: &Path, limit: u64) -> Result<(), LimitHit> {
    let used = measure::bytes_below(output, limit);
    if used > limit {
        return Err(LimitHit::Output { limit, used });
    }
    Ok(())
}

fn frame_text(frame: &wasmtime::FrameInfo) -> String {
    let name = frame.func_name().map(str::to_owned);
    let mut text = name.unwrap_or_else(|| format!("function {}", frame.func_index()));
    text.truncate(text.floor_char_boundary(200));
    text
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without a message").to_owned()
}
