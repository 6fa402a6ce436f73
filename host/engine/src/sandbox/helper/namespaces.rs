//! L2: new namespaces, and the first process in them, which builds the root, watches the tool, and by whose death the
//! kernel kills everything. Does not know what the root holds; see [`super::mounts`].

use std::io;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Signal, WaitOptions};
use rustix::thread::UnshareFlags;

use super::super::wire::{self, Realm, Reply, Request};
use super::super::{Fault, Limits};
use super::supervise::{Watch, Watched, watch};
use super::{At, files, mounts, sys, system, tool, wait_for};

/// Longest answer of the first process, in bytes.
const MAX_ANSWER: usize = 64 << 10;
/// The name of every machine, inside.
const HOST: &[u8] = b"farm";
/// The kernel refuses to set `pid_max` lower.
const LEAST_PID_MAX: u64 = 301;

/// Runs the tool in namespaces of its own, below those that this process is in. When this returns, they are empty.
pub(super) fn run(channel: &UnixStream, request: &Request) -> Result<Option<Reply>, Fault> {
    // Ctrl-C in the terminal is for the tool. Any other signal ends this process, and so the first one inside.
    sys::block_signals(&[libc::SIGINT, libc::SIGQUIT]).at("signals")?;
    isolate()?;
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).at("pipe")?;
    let Some(first) = sys::fork().at("fork")? else {
        drop(reader);
        be_first(channel, request, &writer);
    };
    drop(writer);
    let answer = files::read_all(&reader, MAX_ANSWER).at("pipe");
    // The kernel lets the first process go only when all the others in its namespace are gone.
    wait_for(first);
    Ok(wire::unframe(&answer?).ok())
}

/// Whether a process namespace has a limit of its own: since 6.14.
pub(super) fn has_own_pid_max() -> bool {
    let system = rustix::system::uname();
    let release = system.release().to_str().unwrap_or_default();
    let mut numbers = release.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
    (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default()) >= (6, 14)
}

/// Goes into the namespaces in which nothing of a run can stay: a server does it once for all of its runs.
///
/// A tool can set nothing in them: it has no capability, and nothing but a user's own limits and a host name that nobody
/// can change is in those two. What a network namespace could keep is seen to by [`renew`].
pub(super) fn enter(realm: Realm) -> Result<(), Fault> {
    let network = match realm {
        Realm::Host => return Ok(()),
        Realm::Closed => UnshareFlags::NEWNET,
        Realm::Networked => UnshareFlags::empty(),
    };
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    if user.is_root() {
        rustix::thread::set_thread_groups(&[]).ok();
    }
    sys::unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWUTS | network).at("new namespaces")?;
    files::write("/proc/self/setgroups", "deny").at("map the user")?;
    files::write("/proc/self/uid_map", &format!("{} {} 1", system::USER, user.as_raw())).at("map the user")?;
    files::write("/proc/self/gid_map", &format!("{} {} 1", system::USER, group.as_raw())).at("map the user")?;
    rustix::system::sethostname(HOST).at("host name")?;
    match realm {
        Realm::Closed => sys::raise_loopback().at("loopback interface"),
        Realm::Host | Realm::Networked => Ok(()),
    }
}

/// Goes into another network namespace if a run has sent anything in this one: the remains of a connection outlive its
/// processes, and keep its port.
pub(super) fn renew(realm: Realm) -> Result<(), Fault> {
    if realm != Realm::Closed || is_silent() {
        return Ok(());
    }
    sys::unshare(UnshareFlags::NEWNET).at("new namespaces")?;
    sys::raise_loopback().at("loopback interface")
}

/// Whether no packet was ever sent in this network namespace, which has nothing but the loopback interface.
fn is_silent() -> bool {
    let interfaces = files::read("/proc/self/net/dev", MAX_ANSWER).unwrap_or_default();
    let mut counts = interfaces.lines().filter_map(|line| line.trim().strip_prefix("lo:"));
    counts
        .next()
        .is_some_and(|counts| counts.split_whitespace().all(|count| count == "0"))
}

/// Goes into the namespaces that are each run's own; children will, where it concerns processes.
fn isolate() -> Result<(), Fault> {
    sys::unshare(UnshareFlags::NEWNS | UnshareFlags::NEWPID | UnshareFlags::NEWIPC).at("new namespaces")?;
    // Old kernels have no such namespace; nothing but a view depends on it.
    sys::unshare(UnshareFlags::NEWCGROUP).ok();
    Ok(())
}

/// What the first process in the namespaces does. When it ends, so does everything in them.
fn be_first(channel: &UnixStream, request: &Request, answer: &OwnedFd) -> ! {
    let reply = watch_inside(channel, request, answer);
    let reply = reply.unwrap_or_else(|fault| Some(Reply::Fault(fault)));
    if let Some(frame) = reply.and_then(|reply| wire::frame(&reply).ok()) {
        files::write_all(answer, &frame).ok();
    }
    sys::exit_now(0)
}

fn watch_inside(channel: &UnixStream, request: &Request, answer: &OwnedFd) -> Result<Option<Reply>, Fault> {
    let spec = &request.spec;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).at("death signal")?;
    // Nothing but this: a blocked signal would reach the first process even from inside.
    let signals = sys::signal_file(&[libc::SIGCHLD]).at("signals")?;
    mounts::build(spec, || bound_processes(&spec.limits))?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).at("dumpable")?;
    let tool = tool::spawn(request)?;
    let started = Instant::now();
    let watched = Watch {
        channel,
        parent: Some(answer.as_fd()),
        signals: &signals,
        tool,
        limits: &spec.limits,
    };
    match watch(&watched).at("watch the tool")? {
        Watched::Abandoned => Ok(None),
        Watched::Ended(ending) => {
            let tool = started.elapsed();
            kill_all().at("kill the rest")?;
            Ok(Some(Reply::Finished {
                ending,
                usage: sys::children_usage(),
                tool,
            }))
        }
    }
}

/// The process namespace's own limit, which binds root too. Kernels before 6.14 have none: there it is the whole
/// machine's, which is not ours to set, and they refuse it.
fn bound_processes(limits: &Limits) {
    // One number is used up by the first process.
    let most = limits.processes.saturating_add(1).max(LEAST_PID_MAX);
    if has_own_pid_max() {
        files::write("/proc/sys/kernel/pid_max", &most.to_string()).ok();
    }
}

/// Kills everything in the process namespace but this process, and waits for it.
fn kill_all() -> io::Result<()> {
    loop {
        sys::kill_everything();
        loop {
            match rustix::process::wait(WaitOptions::empty()) {
                Ok(_) => {}
                Err(Errno::CHILD) => return Ok(()),
                Err(Errno::INTR) => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
}
