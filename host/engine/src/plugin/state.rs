//! What a store holds for one call: the component's resources, its limits, and the way to its caller.
//!
//! Does not know what the component is asked to do.

use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::desk::Desk;
use super::error::LimitHit;
use super::output::Output;
use super::settings::{CallLimits, MAX_INSTANCES, MAX_MEMORIES, MAX_TABLES};
use super::step_files::StepFiles;

/// What a call may ask its caller for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Every host function: a plan.
    All,
    /// `log` alone, and of a step what concerns its own files: `describe` and `run-step`.
    Log,
}

/// One call's state.
pub(super) struct State {
    /// WASI as far as a call gets it.
    pub wasi: WasiCtx,
    /// Its open resources.
    pub table: ResourceTable,
    /// What it may use.
    pub meter: Meter,
    /// The way to its caller.
    pub desk: Desk,
    /// What it may ask there.
    pub scope: Scope,
    /// A step's folders.
    pub step: Option<StepFiles>,
    /// Its log and its standard streams, bounded together.
    pub output: Output,
    /// Nanoseconds that its monotonic clock shows.
    pub nanoseconds: u64,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// Counts memory and tables of one call against their limits. Memories count together, and so do tables.
pub(super) struct Meter {
    memory: Counter,
    elements: Counter,
}

struct Counter {
    used: u64,
    limit: u64,
}

impl Meter {
    /// A meter at zero.
    pub(super) fn new(limits: &CallLimits) -> Self {
        let counter = |limit| Counter { used: 0, limit };
        Self {
            memory: counter(limits.memory),
            elements: counter(limits.table_elements),
        }
    }
}

impl Counter {
    /// Counts the growth if the limit allows it; else says what was wanted on top.
    fn grow(&mut self, current: usize, desired: usize) -> Result<(), u64> {
        let wanted = desired.saturating_sub(current) as u64;
        match self.used.checked_add(wanted) {
            Some(sum) if sum <= self.limit => {
                self.used = sum;
                Ok(())
            }
            _ => Err(wanted),
        }
    }
}

/// What is over its own declared maximum just does not grow; what is over the host's limit ends the call.
impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let Counter { used, limit } = self.memory;
        let grown = self.memory.grow(current, desired);
        grown.map_err(|wanted| LimitHit::Memory { limit, used, wanted })?;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(error.context("the system has no memory left for it"))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let Counter { used, limit } = self.elements;
        let grown = self.elements.grow(current, desired);
        grown.map_err(|wanted| LimitHit::Table { limit, used, wanted })?;
        Ok(true)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(error.context("the system has no memory left for it"))
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}
