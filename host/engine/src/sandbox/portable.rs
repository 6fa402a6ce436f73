//! `farm __sandbox` on Unix systems other than Linux: L0 alone, without the kernel's help to find every process.
//!
//! A tool's process group is killed as a whole; a process that left it is not found, and use is not measured. Does not
//! know the other tiers: it refuses them.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode as FileMode, OFlags, mkdirat, openat, symlinkat};
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process_group, setrlimit};

use super::wire::{self, Mode, Reply, Request, STOP};
use super::{Ending, Fault, FaultKind, Limits, Spec, Tier, Usage};

/// How often the tool is looked at.
const TICK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 10_000_000,
};

/// What `farm __sandbox` does. Has to be the first thing in `main`. Returns the exit code; the answer itself goes through
/// the socket on stdin.
pub fn helper_main() -> i32 {
    let Ok(channel) = io::stdin().as_fd().try_clone_to_owned() else {
        return 2;
    };
    let mut channel = UnixStream::from(channel);
    let Ok(request) = wire::receive::<Request>(&mut channel) else {
        return 2;
    };
    let Some(reply) = serve(&channel, &request).unwrap_or_else(|fault| Some(Reply::Fault(fault))) else {
        return 1;
    };
    i32::from(wire::send(&mut channel, &reply).is_err())
}

fn serve(channel: &UnixStream, request: &Request) -> Result<Option<Reply>, Fault> {
    if request.spec.tier != Tier::L0 {
        return Err(setup("this tier, which only Linux has,")(Errno::NOSYS.into()));
    }
    if request.mode == Mode::Probe {
        return Ok(Some(finished(Ending::Exited(0), Duration::ZERO)));
    }
    furnish(&request.spec).map_err(setup("furnish the tree"))?;
    limit(&request.spec.limits).map_err(setup("resource limits"))?;
    let started = Instant::now();
    let mut tool = start(request).map_err(|error| fault(FaultKind::Program, "execute", &error))?;
    let ending = watch(channel, &request.spec.limits, &mut tool);
    let spent = started.elapsed();
    tell(&tool, Signal::KILL);
    tool.wait().ok();
    let ending = ending.map_err(setup("watch the tool"))?;
    Ok(ending.map(|ending| finished(ending, spent)))
}

fn start(request: &Request) -> io::Result<Child> {
    let spec = &request.spec;
    let mut command = Command::new(&spec.program);
    command
        .args(&spec.arguments)
        .current_dir(spec.directory.under(&spec.tree))
        .env_clear();
    command.envs(spec.environment.iter().map(|(name, value)| (name, value)));
    command.envs(spec.caches.iter().map(|cache| (&cache.variable, &cache.source)));
    command.envs(spec.paths.iter().map(|(name, path)| (name, path.under(&spec.tree))));
    if let Some(file) = spec.stdout.as_ref().filter(|_| request.mode == Mode::Run) {
        command.stdout(empty_file(&file.under(&spec.tree))?);
    }
    command
        .env("HOME", spec.scratch.join("home"))
        .env("TMPDIR", spec.scratch.join("tmp"));
    if request.mode == Mode::Run {
        command.process_group(0);
    }
    command.stdin(Stdio::null()).spawn()
}

/// Makes the folders that the environment names, and the links that stand for mounts.
fn furnish(spec: &Spec) -> io::Result<()> {
    make_folder(&spec.scratch.join("home"))?;
    make_folder(&spec.scratch.join("tmp"))?;
    for bind in &spec.binds {
        let mut folder = spec.tree.clone();
        for part in bind.at.parent().unwrap_or_default().parts() {
            folder.push(part);
            make_folder(&folder)?;
        }
        symlinkat(&bind.source, CWD, bind.at.under(&spec.tree))?;
    }
    Ok(())
}

/// An empty file, to write to.
fn empty_file(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::WRONLY | OFlags::CLOEXEC;
    Ok(openat(CWD, path, flags, FileMode::from_raw_mode(0o644))?)
}

/// Makes a folder, unless it is there; a link in its place is an error.
fn make_folder(path: &Path) -> io::Result<()> {
    match mkdirat(CWD, path, FileMode::from_raw_mode(0o755)) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) if rustix::fs::lstat(path)?.st_mode & 0o170_000 == 0o040_000 => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Lowers the limits of this process, which the tool inherits.
fn limit(limits: &Limits) -> io::Result<()> {
    let wanted = [
        (Resource::Core, Some(0)),
        (Resource::Fsize, Some(limits.file_size)),
        (Resource::Nofile, Some(limits.open_files)),
        (Resource::Cpu, limits.cpu_seconds),
    ];
    for (resource, value) in wanted {
        let Some(value) = value else { continue };
        let value = Some(getrlimit(resource).maximum.map_or(value, |maximum| maximum.min(value)));
        setrlimit(
            resource,
            Rlimit {
                current: value,
                maximum: value,
            },
        )?;
    }
    Ok(())
}

/// Watches until the tool has ended or its grace is over; nothing, when farm has died.
fn watch(channel: &UnixStream, limits: &Limits, tool: &mut Child) -> io::Result<Option<Ending>> {
    let (mut start, mut allowed, mut told) = (Instant::now(), limits.timeout, None);
    loop {
        if let Some(status) = tool.try_wait()? {
            return Ok(Some(told.unwrap_or_else(|| ending(status))));
        }
        let reason = match order(channel)? {
            Some(0) => return Ok(None),
            Some(_) => Some(Ending::Stopped),
            None if start.elapsed() >= allowed => Some(told.unwrap_or(Ending::TimedOut)),
            None => None,
        };
        match (told, reason) {
            (Some(_), Some(_)) if start.elapsed() >= allowed => return Ok(told),
            (None, Some(_)) => {
                tell(tool, Signal::TERM);
                (start, allowed, told) = (Instant::now(), limits.grace, reason);
            }
            _ => {}
        }
    }
}

/// Waits a tick for an order: its byte, or 0 when there is nobody any more to give one.
fn order(channel: &UnixStream) -> io::Result<Option<u8>> {
    match poll(&mut [PollFd::new(channel, PollFlags::IN)], Some(&TICK)) {
        Ok(0) | Err(Errno::INTR) => return Ok(None),
        Ok(_) => {}
        Err(error) => return Err(error.into()),
    }
    let mut order = [0];
    let size = rustix::io::read(channel, &mut order)?;
    Ok(if size == 0 {
        Some(0)
    } else {
        Some(order[0]).filter(|order| *order == STOP)
    })
}

/// Sends a signal to the tool's process group.
fn tell(tool: &Child, signal: Signal) {
    if let Some(group) = i32::try_from(tool.id()).ok().and_then(Pid::from_raw) {
        kill_process_group(group, signal).ok();
    }
}

fn ending(status: ExitStatus) -> Ending {
    match status.code() {
        Some(code) => Ending::Exited(code),
        None => Ending::Signaled(status.signal().unwrap_or_default()),
    }
}

fn finished(ending: Ending, tool: Duration) -> Reply {
    Reply::Finished {
        ending,
        usage: Usage::default(),
        tool,
    }
}

fn setup(step: &'static str) -> impl Fn(io::Error) -> Fault {
    move |error| fault(FaultKind::Setup, step, &error)
}

fn fault(kind: FaultKind, step: &str, error: &io::Error) -> Fault {
    Fault {
        kind,
        step: step.to_owned(),
        errno: error.raw_os_error().unwrap_or(5),
    }
}
