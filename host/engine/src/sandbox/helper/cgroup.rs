//! Bounds the number of processes by a control group, for root, whom RLIMIT_NPROC does not bind. Best effort: where the
//! control groups are not ours to write there is no such group, and `host/docs/sandbox.md` says so.
//!
//! A process is born in its parent's group at no cost, but to move one waits until every processor has come by in the
//! kernel: 7 to 15 ms. So the helper itself lives in the group, a server for all of its runs, and its former self, which
//! stays outside, does nothing but remove the group in the end.

use std::io;

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::Pid;

use super::{files, sys, wait_for};

/// How many processes of farm's own are in the group beside those of a tool: the server, the helper of the run, and the
/// first process in its namespaces.
const OURS: u64 = 3;

/// The control group that this process is in, and with it all that it forks from now on.
pub(super) struct Group {
    folder: OwnedFd,
}

impl Group {
    /// Goes on in a new process that has a control group of its own; where there is none to be had, goes on as it is. The
    /// old process keeps no file, waits for the new one, and removes the group.
    pub(super) fn settle() -> Option<Self> {
        let (place, group) = make()?;
        match sys::fork() {
            Ok(None) => group.write("cgroup.procs", "0").is_ok().then_some(group),
            Ok(Some(inner)) => guard(inner, &place),
            Err(_) => {
                remove(&place).ok();
                None
            }
        }
    }

    /// Lets a tool have at most this number of processes and threads.
    pub(super) fn bound(&self, processes: u64) -> io::Result<()> {
        self.write("pids.max", &processes.saturating_add(OURS).to_string())
    }

    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.folder, name, flags, Mode::empty())?;
        files::write_all(file, text.as_bytes())
    }
}

/// Makes an empty group in which processes can be counted, and says where it is.
fn make() -> Option<(String, Group)> {
    let own = files::read("/proc/self/cgroup", 64 << 10).ok()?;
    candidates(&own).into_iter().find_map(|parent| {
        let place = format!("{parent}/farm-{}", rustix::process::getpid());
        // One of this name is left by a process that was killed, and had this number before.
        if make_folder(&place) == Err(Errno::EXIST) {
            remove(&place).and_then(|()| make_folder(&place)).ok()?;
        }
        let group = Group {
            folder: files::open_folder(&place).ok()?,
        };
        match group.write("pids.max", "max") {
            Ok(()) => Some((place, group)),
            Err(_) => {
                remove(&place).ok();
                None
            }
        }
    })
}

fn make_folder(place: &str) -> Result<(), Errno> {
    rustix::fs::mkdirat(CWD, place, Mode::from_raw_mode(0o755))
}

/// Removes a group, which has to be empty.
fn remove(place: &str) -> Result<(), Errno> {
    rustix::fs::unlinkat(CWD, place, AtFlags::REMOVEDIR)
}

/// Waits until the process in the group has ended, removes the group, and ends.
fn guard(inner: Pid, place: &str) -> ! {
    // What ends the inner one is its channel, which must have no other holder; the terminal's signals are for the tool.
    sys::block_signals(&[libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP]).ok();
    sys::close_inherited().ok();
    wait_for(inner);
    remove(place).ok();
    sys::exit_now(0)
}

/// The folders of our own groups that may know `pids`: version 1's, then version 2's.
fn candidates(groups: &str) -> Vec<String> {
    let of = |line: &str| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let mount = match controllers {
            "" => "/sys/fs/cgroup",
            names if names.split(',').any(|name| name == "pids") => "/sys/fs/cgroup/pids",
            _ => return None,
        };
        Some(format!("{mount}{path}"))
    };
    groups.lines().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_control_groups_are_found() {
        let groups = "9:name=systemd:/a\n4:pids:/box\n0::/user.slice/x\n";
        assert_eq!(
            candidates(groups),
            ["/sys/fs/cgroup/pids/box", "/sys/fs/cgroup/user.slice/x"]
        );
    }
}
