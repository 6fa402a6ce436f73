//! Stays beside the tool: waits for its end, for the clock, for farm's orders and for farm's death. Does not know how
//! the rest of its processes are killed afterwards; that depends on the tier.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};

use super::super::wire::STOP;
use super::super::{Ending, Limits};
use super::{signal, sys};

/// Everything the supervisor looks at.
pub(super) struct Watch<'a> {
    /// The socket to farm.
    pub(super) channel: &'a UnixStream,
    /// A pipe whose other end is held by the process that has to survive us.
    pub(super) parent: Option<BorrowedFd<'a>>,
    /// From [`sys::signal_file`]; holds SIGCHLD.
    pub(super) signals: &'a OwnedFd,
    /// The tool.
    pub(super) tool: Pid,
    /// Its limits; only the two times are looked at.
    pub(super) limits: &'a Limits,
}

/// How watching ended. Processes of the tool may be alive in all cases.
pub(super) enum Watched {
    /// The tool has ended, or its grace has.
    Ended(Ending),
    /// Nobody waits for the tool any more.
    Abandoned,
}

/// Watches until the tool has ended, its grace is over, or nobody wants it any more.
pub(super) fn watch(watch: &Watch<'_>) -> io::Result<Watched> {
    let mut clock = Clock::start(watch.limits);
    loop {
        if let Some(status) = reap(watch.tool)? {
            return Ok(Watched::Ended(clock.told.unwrap_or_else(|| ending(status))));
        }
        match clock.left() {
            Some(left) => match news(watch, left)? {
                News::None => {}
                News::Stop => clock.tell(watch, Ending::Stopped),
                News::Abandoned => return Ok(Watched::Abandoned),
            },
            None => match clock.told {
                Some(told) => return Ok(Watched::Ended(told)),
                None => clock.tell(watch, Ending::TimedOut),
            },
        }
    }
}

/// The tool's time: first its timeout, then, once it was told to end, its grace.
struct Clock {
    start: Instant,
    allowed: Duration,
    grace: Duration,
    told: Option<Ending>,
}

impl Clock {
    fn start(limits: &Limits) -> Self {
        Self {
            start: Instant::now(),
            allowed: limits.timeout,
            grace: limits.grace,
            told: None,
        }
    }

    /// Nothing, when the time is over.
    fn left(&self) -> Option<Duration> {
        self.allowed
            .checked_sub(self.start.elapsed())
            .filter(|left| !left.is_zero())
    }

    /// Tells the tool, and whoever shares its process group, to end. Only the first reason counts.
    fn tell(&mut self, watch: &Watch<'_>, reason: Ending) {
        if self.told.is_some() {
            return;
        }
        *self = Self {
            start: Instant::now(),
            allowed: self.grace,
            grace: self.grace,
            told: Some(reason),
        };
        if rustix::process::kill_process_group(watch.tool, Signal::TERM).is_err() {
            signal(watch.tool, Signal::TERM);
        }
    }
}

enum News {
    None,
    Stop,
    Abandoned,
}

/// Waits for something to happen, for so long at most.
fn news(watch: &Watch<'_>, patience: Duration) -> io::Result<News> {
    let mut files = vec![
        PollFd::new(watch.channel, PollFlags::IN),
        PollFd::new(watch.signals, PollFlags::IN),
    ];
    files.extend(
        watch
            .parent
            .as_ref()
            .map(|parent| PollFd::new(parent, PollFlags::empty())),
    );
    // A second more or less does not matter for a timeout, but an overflow would.
    let patience = patience.min(Duration::from_secs(3600));
    let timeout = Timespec {
        tv_sec: patience.as_secs().cast_signed(),
        tv_nsec: patience.subsec_nanos().into(),
    };
    match rustix::event::poll(&mut files, Some(&timeout)) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let happened: Vec<bool> = files.iter().map(|file| !file.revents().is_empty()).collect();
    if happened.get(2) == Some(&true) || (happened[1] && told_to_go(watch.signals)) {
        return Ok(News::Abandoned);
    }
    Ok(if happened[0] {
        read_order(watch.channel)
    } else {
        News::None
    })
}

/// Empties the signals; whether one of them wants this process to end.
fn told_to_go(signals: &OwnedFd) -> bool {
    let mut go = false;
    while let Some(number) = sys::next_signal(signals) {
        go |= matches!(number, libc::SIGTERM | libc::SIGHUP);
    }
    go
}

fn read_order(channel: &UnixStream) -> News {
    let mut order = [0];
    match rustix::io::read(channel.as_fd(), &mut order) {
        Ok(1) if order[0] == STOP => News::Stop,
        Ok(1) | Err(Errno::INTR | Errno::AGAIN) => News::None,
        _ => News::Abandoned,
    }
}

/// Reaps whatever has ended; the tool's own status, if it was among them.
fn reap(tool: Pid) -> io::Result<Option<WaitStatus>> {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == tool => return Ok(Some(status)),
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
}

fn ending(status: WaitStatus) -> Ending {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => Ending::Signaled(signal.unwrap_or_default()),
    }
}
