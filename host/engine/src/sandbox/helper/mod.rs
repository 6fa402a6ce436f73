//! `farm __sandbox`: a process with one thread that shuts one tool in, stays beside it, and outlives everything that
//! the tool has started; or a server ([`server`]) that forks such a process for each run.
//!
//! Does not know farm's state: all it gets is a request on its channel. It allocates and forks freely, which only a
//! process with one thread may do.

use std::io;
use std::os::unix::net::UnixStream;

use rustix::fd::OwnedFd;
use rustix::fs::{Mode as FileMode, OFlags};
use rustix::io::Errno;
use rustix::process::{Signal, WaitOptions};

use super::wire::{self, Mode, Realm, Reply, Request, SERVER_ARGUMENT};
use super::{Fault, FaultKind, Tier};

mod cgroup;
mod files;
mod killing;
mod landlock;
mod limits;
mod local;
mod mounts;
mod namespaces;
mod overlay;
mod privileges;
mod seccomp;
mod server;
mod supervise;
mod sys;
mod system;
mod tool;

use cgroup::Group;

/// What `farm __sandbox` does. Has to be the first thing in `main`: no thread may run yet, and no file be open but the
/// standard ones. Returns the exit code; the answer itself goes through the channel.
pub fn helper_main() -> i32 {
    let Ok(channel) = take_channel() else { return 2 };
    if std::env::args_os()
        .nth(2)
        .is_some_and(|second| second == SERVER_ARGUMENT)
    {
        return server::run(channel);
    }
    be_helper(UnixStream::from(channel), enter)
}

/// Takes the request of one run, carries it out and answers; returns the exit code. `enter` goes where the run has to
/// take place.
fn be_helper(mut channel: UnixStream, enter: impl FnOnce(Realm) -> Result<Option<Group>, Fault>) -> i32 {
    let Ok(request) = wire::receive_request(&mut channel) else {
        return 2;
    };
    let entered = enter(Realm::of(&request.spec));
    let served = entered.and_then(|group| serve(&channel, &request, group.as_ref()));
    let Some(reply) = served.unwrap_or_else(|fault| Some(Reply::Fault(fault))) else {
        return 1;
    };
    i32::from(wire::send(&mut channel, &reply).is_err())
}

/// Goes where runs of this realm take place. Of root, whom nothing else may bound, that includes a control group.
fn enter(realm: Realm) -> Result<Option<Group>, Fault> {
    let unbounded = realm == Realm::Host || !namespaces::has_own_pid_max();
    let needed = unbounded && rustix::process::geteuid().is_root();
    let group = if needed { Group::settle() } else { None };
    namespaces::enter(realm)?;
    Ok(group)
}

/// Reads a setting of the kernel, named as a path below `/proc/sys`.
pub(super) fn read_setting(name: &str) -> Option<String> {
    files::read(format!("/proc/sys/{name}"), 4096)
        .ok()
        .map(|text| text.trim().to_owned())
}

/// Takes the socket off stdin and shuts every other file that was inherited, so that the tool cannot inherit it.
fn take_channel() -> io::Result<OwnedFd> {
    sys::close_inherited()?;
    let channel = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, FileMode::empty())?;
    rustix::stdio::dup2_stdin(null)?;
    Ok(channel)
}

/// Carries the request out. Nothing, when farm has died and nobody waits for an answer.
fn serve(channel: &UnixStream, request: &Request, group: Option<&Group>) -> Result<Option<Reply>, Fault> {
    if let Some(group) = group {
        group.bound(request.spec.limits.processes).at("control group")?;
    }
    rustix::process::umask(FileMode::from_raw_mode(0o022));
    match request.mode {
        Mode::Interactive => take_terminal(),
        Mode::Run | Mode::Probe => drop(rustix::process::setsid()),
    }
    match request.spec.tier {
        Tier::L0 | Tier::L1 => local::run(channel, request),
        Tier::L2 => namespaces::run(channel, request),
    }
}

/// The terminal's output file is also its input file; stdin itself carries the request.
fn take_terminal() {
    let (stdout, stderr) = (rustix::stdio::stdout(), rustix::stdio::stderr());
    if let Some(terminal) = [stdout, stderr].into_iter().find(|file| rustix::termios::isatty(file)) {
        rustix::stdio::dup2_stdin(terminal).ok();
    }
}

/// Names the step in which something failed.
trait At<T> {
    fn at(self, step: impl Into<String>) -> Result<T, Fault>;
}

impl<T, E: Into<io::Error>> At<T> for Result<T, E> {
    fn at(self, step: impl Into<String>) -> Result<T, Fault> {
        self.map_err(|error| Fault {
            kind: FaultKind::Setup,
            step: step.into(),
            errno: error.into().raw_os_error().unwrap_or(libc::EIO),
        })
    }
}

/// Waits for this child, however often it is interrupted.
fn wait_for(child: rustix::process::Pid) {
    while matches!(
        rustix::process::waitpid(Some(child), WaitOptions::empty()),
        Err(Errno::INTR)
    ) {}
}

/// Sends a signal to a process that may be gone already.
fn signal(process: rustix::process::Pid, signal: Signal) {
    rustix::process::kill_process(process, signal).ok();
}
