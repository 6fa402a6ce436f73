//! Kills every descendant of this process, where no process namespace does it: at L0 and L1. Does not know why.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rustix::fs::{Dir, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions};

use super::{files, signal};

/// How long to wait before looking again for what a kill has not ended yet.
const PAUSE: Duration = Duration::from_millis(2);

/// Kills and reaps until this process has no child left. It has to be a subreaper: then whatever lost its parent is
/// its child, and having no child means that no descendant is left.
///
/// A process that is stopped cannot fork, so stopping all until none is new, and only then killing them, ends even
/// those that fork as fast as they can.
pub(super) fn kill_descendants() {
    while has_children() {
        let mut stopped = BTreeSet::new();
        loop {
            let fresh: Vec<i32> = descendants().difference(&stopped).copied().collect();
            if fresh.is_empty() {
                break;
            }
            send_all(&fresh, Signal::STOP);
            stopped.extend(fresh);
        }
        send_all(&stopped, Signal::KILL);
        std::thread::sleep(PAUSE);
    }
}

/// Reaps what has ended; whether a child is left.
fn has_children() -> bool {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

fn send_all<'a>(processes: impl IntoIterator<Item = &'a i32>, number: Signal) {
    for process in processes.into_iter().filter_map(|process| Pid::from_raw(*process)) {
        signal(process, number);
    }
}

/// All living processes below this one.
fn descendants() -> BTreeSet<i32> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for (process, parent) in living() {
        children.entry(parent).or_default().push(process);
    }
    let mut found = BTreeSet::new();
    let mut open = vec![rustix::process::getpid().as_raw_nonzero().get()];
    while let Some(parent) = open.pop() {
        let below = children.remove(&parent).unwrap_or_default();
        found.extend(&below);
        open.extend(below);
    }
    found
}

/// Every living process of the system with its parent.
fn living() -> Vec<(i32, i32)> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(folder) = rustix::fs::open("/proc", flags, Mode::empty()).and_then(Dir::new) else {
        return Vec::new();
    };
    let names = folder.filter_map(|entry| entry.ok()?.file_name().to_str().ok()?.parse().ok());
    names
        .filter_map(|process: i32| Some((process, parent(process)?)))
        .collect()
}

/// The parent of a process that is not dead yet.
fn parent(process: i32) -> Option<i32> {
    let stat = files::read_bytes(format!("/proc/{process}/stat"), 4096).ok()?;
    // The name in brackets may hold anything, brackets included.
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let mut fields = std::str::from_utf8(&stat[end + 1..]).ok()?.split_ascii_whitespace();
    let state = fields.next()?;
    fields.next()?.parse().ok().filter(|_| !matches!(state, "Z" | "X"))
}
