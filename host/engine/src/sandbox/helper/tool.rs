//! The last steps of a process on its way to being the tool. Does not know who watches it.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal};

use super::super::spec::{CACHE_INSIDE, HOME_INSIDE, SCRATCH_FOLDERS, TEMPORARY_INSIDE};
use super::super::wire::{Mode, Request};
use super::super::{Fault, FaultKind, Spec, Tier};
use super::{At, files, landlock, limits, privileges, seccomp, sys, wait_for};

/// Longest description of a fault, in bytes.
const MAX_FAULT: usize = 64 << 10;

/// `HOME` at L0 and L1, below the scratch folder.
pub(super) const HOME: &str = SCRATCH_FOLDERS[0];
/// `TMPDIR` at L0 and L1, below the scratch folder.
pub(super) const TEMPORARY: &str = SCRATCH_FOLDERS[1];

/// The numbers under which a tool finds the ends of a jobserver's pipe: above all that the helper opens, and that
/// scripts use.
const JOBSERVER: [i32; 2] = [100, 101];

/// Forks, and lets the child become the tool. Returns when it is one.
pub(super) fn spawn(request: &Request) -> Result<Pid, Fault> {
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).at("pipe")?;
    let Some(child) = sys::fork().at("fork")? else {
        let fault = match prepare(request) {
            Ok(()) => become_tool(request),
            Err(fault) => Some(fault),
        };
        let text = fault
            .and_then(|fault| serde_json::to_vec(&fault).ok())
            .unwrap_or_default();
        files::write_all(&writer, &text).ok();
        sys::exit_now(0);
    };
    drop(writer);
    let text = files::read_all(&reader, MAX_FAULT).at("pipe")?;
    if text.is_empty() {
        return Ok(child);
    }
    wait_for(child);
    Err(serde_json::from_slice(&text)
        .map_err(io::Error::from)
        .at("pipe")
        .unwrap_or_else(|fault| fault))
}

/// Shuts this process in, as far as the tier says.
fn prepare(request: &Request) -> Result<(), Fault> {
    let spec = &request.spec;
    if request.mode != Mode::Interactive {
        rustix::process::setsid().at("session")?;
    }
    if spec.tier != Tier::L2 {
        // The helper has one thread, so this is its own death. In a process namespace, the first process' death does it.
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).at("death signal")?;
    }
    limits::apply(&spec.limits, spec.tier)?;
    let directory = spec.directory.under(spec.tree_inside());
    rustix::process::chdir(&directory).at(format!("enter {}", directory.display()))?;
    // Somebody who runs it by hand wants to see it.
    if let Some(file) = spec.stdout.as_ref().filter(|_| request.mode == Mode::Run) {
        files::write_stdout_to(spec.tree_inside(), Path::new(file.as_str())).at("open the file for standard output")?;
    }
    if spec.tier != Tier::L0 {
        privileges::drop_all()?;
        rustix::thread::set_no_new_privs(true).at("no_new_privs")?;
        landlock::restrict(spec)?;
        seccomp::restrict(spec)?;
    }
    sys::close_on_execution().at("close files")?;
    let ends = request.jobserver.iter().flat_map(|lent| lent.ends.iter().flatten());
    let mut ends = ends.zip(JOBSERVER);
    ends.try_for_each(|(end, number)| sys::hand_on(end, number))
        .at("hand the jobserver on")
}

/// Executes the program; returns only without having done so. A rehearsal ends here, without a fault.
fn become_tool(request: &Request) -> Option<Fault> {
    if request.mode == Mode::Probe {
        return None;
    }
    let error = execute(request).err().unwrap_or_else(io::Error::last_os_error);
    Some(Fault {
        kind: FaultKind::Program,
        step: "execute".to_owned(),
        errno: error.raw_os_error().unwrap_or(libc::EINVAL),
    })
}

fn execute(request: &Request) -> io::Result<()> {
    let spec = &request.spec;
    let program = CString::new(spec.program.as_os_str().as_bytes())?;
    let mut arguments = vec![program.clone()];
    for argument in &spec.arguments {
        arguments.push(CString::new(argument.as_bytes())?);
    }
    let mut environment = Vec::new();
    for (name, value) in environment_of(request) {
        environment.push(CString::new([name.as_bytes(), b"=", &value].concat())?);
    }
    Err(sys::execute(&program, &arguments, &environment))
}

/// What the spec says, except for what the sandbox sets itself, and that.
fn environment_of(request: &Request) -> Vec<(String, Vec<u8>)> {
    let spec = &request.spec;
    let own = own_variables(spec).into_iter();
    let own = own.map(|(name, path)| (name, path.into_os_string().into_vec()));
    let own: Vec<_> = own.chain(jobserver_variables(request)).collect();
    let is_own = |name: &str| own.iter().any(|(own, _)| own == name);
    let given = spec.environment.iter().filter(|(name, _)| !is_own(name));
    let given: Vec<_> = given
        .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
        .collect();
    given.into_iter().chain(own).collect()
}

/// Where a tool looks for a jobserver: make in the one, cargo first in the other.
fn jobserver_variables(request: &Request) -> Vec<(String, Vec<u8>)> {
    let Some(lent) = &request.jobserver else {
        return Vec::new();
    };
    let [reader, writer] = JOBSERVER;
    let (jobs, ends) = (lent.jobs, format!("{reader},{writer}"));
    let make = format!("-j{jobs} --jobserver-auth={ends}");
    let cargo = format!("-j --jobserver-fds={ends} --jobserver-auth={ends}");
    [("MAKEFLAGS", make), ("CARGO_MAKEFLAGS", cargo)]
        .map(|(name, value)| (name.to_owned(), value.into_bytes()))
        .into()
}

fn own_variables(spec: &Spec) -> Vec<(String, PathBuf)> {
    let inside = spec.tier == Tier::L2;
    let (home, temporary) = match inside {
        true => (HOME_INSIDE.into(), TEMPORARY_INSIDE.into()),
        false => (spec.scratch.join(HOME), spec.scratch.join(TEMPORARY)),
    };
    let cache = |name: &str, source: &PathBuf| {
        if inside {
            PathBuf::from(CACHE_INSIDE).join(name)
        } else {
            source.clone()
        }
    };
    let caches = spec
        .caches
        .iter()
        .map(|folder| (folder.variable.clone(), cache(&folder.name, &folder.source)));
    let paths = spec
        .paths
        .iter()
        .map(|(name, path)| (name.clone(), path.under(spec.tree_inside())));
    caches
        .chain(paths)
        .chain([("HOME".to_owned(), home), ("TMPDIR".to_owned(), temporary)])
        .collect()
}
