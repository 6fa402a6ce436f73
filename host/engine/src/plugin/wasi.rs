//! WASI 0.2 as far as a builder gets it: fixed clocks, seeded randomness, no environment, and no files but a step's own.
//!
//! Each interface is linked by itself; `wasi:sockets` and `wasi:http` never are. Does not know what is called.

use std::path::Path;

use wasmtime::component::{HasData, HasSelf, Linker, Resource, ResourceTable};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock::{self, Instant};
use wasmtime_wasi::p2::bindings::clocks::wall_clock::{self, Datetime};
use wasmtime_wasi::p2::bindings::{cli, filesystem, random};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView as _};
use wasmtime_wasi::{Deterministic, FsPerms, WasiCtx};
use wasmtime_wasi_io::bindings::wasi::io;

use crate::digest::Digest;

use super::output::{Output, Stream};
use super::settings::MAX_RANDOM;
use super::state::State;
use super::wasi_files;

/// Nanoseconds by which the monotonic clock advances at each look, so that a loop that waits for it ends.
const CLOCK_STEP: u64 = 1_000;
/// Bytes of randomness, repeated after their end.
const RANDOM_BYTES: usize = 4096;

/// The folders of a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Folders<'a> {
    /// `/in`: read-only.
    pub input: &'a Path,
    /// `/out`.
    pub output: &'a Path,
}

/// What a call gets. Its randomness depends on the seed alone: it is not secret, and no two calls differ by it.
pub(super) fn context(seed: &Digest, output: &Output, folders: Option<Folders<'_>>) -> wasmtime::Result<WasiCtx> {
    let mut builder = WasiCtx::builder();
    builder
        .allow_blocking_current_thread(true)
        .secure_random(randomness(seed, "secure"))
        .insecure_random(randomness(seed, "insecure"))
        .insecure_random_seed(u128::from_le_bytes(first_bytes(seed)))
        .max_random_size(MAX_RANDOM);
    match folders {
        None => {
            builder.stderr(output.stream(Stream::Unheard));
        }
        Some(Folders { input, output: out }) => {
            builder
                .stdout(output.stream(Stream::Out))
                .stderr(output.stream(Stream::Err))
                .preopened_dir(input, "/in", FsPerms::ReadOnly)?
                .preopened_dir(out, "/out", FsPerms::ReadWrite)?;
        }
    }
    Ok(builder.build())
}

/// Links the interfaces that a language's runtime wants.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    io::error::add_to_linker::<State, Table>(linker, |state| &mut state.table)?;
    io::poll::add_to_linker::<State, Table>(linker, |state| &mut state.table)?;
    io::streams::add_to_linker::<State, Table>(linker, |state| &mut state.table)?;
    wall_clock::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    monotonic_clock::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    random::random::add_to_linker::<State, WasiRandom>(linker, State::random)?;
    random::insecure::add_to_linker::<State, WasiRandom>(linker, State::random)?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(linker, State::random)?;
    filesystem::types::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    filesystem::preopens::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    wasi_files::override_in(linker)?;
    link_cli(linker)
}

fn link_cli(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    cli::environment::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::exit::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(linker, State::cli)
}

/// `wasi:io` needs the table alone.
struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

fn randomness(seed: &Digest, purpose: &str) -> Deterministic {
    let mut bytes = vec![0; RANDOM_BYTES];
    let mut hasher = blake3::Hasher::new_keyed(seed.as_bytes());
    hasher.update(purpose.as_bytes()).finalize_xof().fill(&mut bytes);
    Deterministic::new(bytes)
}

fn first_bytes(seed: &Digest) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&seed.as_bytes()[..16]);
    bytes
}

/// It is always the start of 1970.
impl wall_clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<Datetime> {
        Ok(wasi_files::EPOCH)
    }

    fn resolution(&mut self) -> wasmtime::Result<Datetime> {
        Ok(Datetime {
            seconds: 1,
            nanoseconds: 0,
        })
    }
}

/// Time passes by being looked at, and by being waited for: a wait is over at once, so that a component can hold no
/// thread of the host's by sleeping.
impl monotonic_clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<Instant> {
        self.nanoseconds = self.nanoseconds.saturating_add(CLOCK_STEP);
        Ok(self.nanoseconds)
    }

    fn resolution(&mut self) -> wasmtime::Result<Instant> {
        Ok(CLOCK_STEP)
    }

    fn subscribe_instant(&mut self, when: Instant) -> wasmtime::Result<Resource<DynPollable>> {
        self.nanoseconds = self.nanoseconds.max(when);
        let over = self.table.push(Over)?;
        subscribe(&mut self.table, over)
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.subscribe_instant(self.nanoseconds.saturating_add(duration))
    }
}

/// A wait that is over.
struct Over;

#[async_trait]
impl Pollable for Over {
    async fn ready(&mut self) {}
}
