//! The wasmtime engine and its linkers: what components are compiled with, and what they are given.
//!
//! One linker for each released version of the WIT package; today there is one. Does not know any component.

use std::num::NonZeroUsize;

use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Engine};

use super::bindings::{Plugin, PluginPre};
use super::error::Fault;
use super::settings::MAX_STACK;
use super::state::State;
use super::ticker::Ticker;
use super::wasi;

/// Stack that a component and the host functions above it share, in bytes.
const FIBER_STACK: usize = 2 << 20;
/// Frames that a trap remembers.
const MAX_FRAMES: usize = 16;

/// An engine, ready to compile and to link.
pub(super) struct Machine {
    /// Compiles and runs.
    pub engine: Engine,
    /// Makes the engine's deadlines come.
    pub ticker: Ticker,
    linker: Linker<State>,
}

impl Machine {
    /// A new engine; a process needs one.
    pub(super) fn new() -> Result<Self, Fault> {
        Self::build().map_err(|error| Fault::Host(format!("the WebAssembly engine cannot start: {error:#}")))
    }

    fn build() -> wasmtime::Result<Self> {
        let engine = Engine::new(&config())?;
        let mut linker = Linker::new(&engine);
        Plugin::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
        wasi::link(&mut linker)?;
        Ok(Self {
            engine,
            ticker: Ticker::default(),
            linker,
        })
    }

    /// Links a component whose imports were checked by name; function types are compared here.
    pub(super) fn link(&self, component: &Component) -> Result<PluginPre<State>, Fault> {
        let linked = self.linker.instantiate_pre(component).and_then(PluginPre::new);
        linked.map_err(|error| Fault::Mismatch(format!("{error:#}")))
    }
}

/// Deterministic, interruptible, and without the proposals that no builder needs.
fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .concurrency_support(false)
        .epoch_interruption(true)
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_stack_switching(false)
        .max_wasm_stack(MAX_STACK)
        .async_stack_size(FIBER_STACK)
        .wasm_backtrace_max_frames(NonZeroUsize::new(MAX_FRAMES));
    if address_space_is_limited() {
        config
            .memory_reservation(0)
            .memory_reservation_for_growth(1 << 20)
            .memory_guard_size(64 << 10);
    }
    config
}

/// Whether the system limits how much address space this process may reserve (`ulimit -v`). wasmtime's memories
/// reserve 4 GiB each, which is fast and costs no memory, but does not fit then.
fn address_space_is_limited() -> bool {
    rustix::process::getrlimit(rustix::process::Resource::As)
        .current
        .is_some()
}
