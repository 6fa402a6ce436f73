//! Bounds the number of processes by a control group, for root, whom RLIMIT_NPROC does not bind. Best effort: where the
//! control groups are not ours to write there is no such group, and `host/docs/sandbox.md` says so.

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags};

use super::files;

/// A control group of its own for one run, empty at first.
pub(super) struct Group {
    parent: OwnedFd,
    folder: OwnedFd,
    name: String,
}

impl Group {
    /// Makes a group with at most this number of processes and threads.
    pub(super) fn make(processes: u64) -> Option<Self> {
        let name = format!("farm-{}", rustix::process::getpid());
        for parent in candidates(&files::read("/proc/self/cgroup", 64 << 10).ok()?) {
            let Ok(parent) = files::open_folder(parent) else {
                continue;
            };
            if rustix::fs::mkdirat(&parent, &name, Mode::from_raw_mode(0o755)).is_err() {
                continue;
            }
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let folder = rustix::fs::openat(&parent, &name, flags, Mode::empty()).ok()?;
            let group = Self {
                parent,
                folder,
                name: name.clone(),
            };
            if group.write("pids.max", &processes.to_string()).is_some() {
                return Some(group);
            }
            group.remove();
        }
        None
    }

    /// Moves this process into the group.
    pub(super) fn enter(&self) -> Option<()> {
        self.write("cgroup.procs", "0")
    }

    /// Removes the group, which has to be empty.
    pub(super) fn remove(self) {
        rustix::fs::unlinkat(&self.parent, &self.name, AtFlags::REMOVEDIR).ok();
    }

    fn write(&self, name: &str, text: &str) -> Option<()> {
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.folder, name, flags, Mode::empty()).ok()?;
        files::write_all(file, text.as_bytes()).ok()
    }
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
