//! The server: a process that stays for the whole build, and forks another for each of its runs. Does not know what is
//! run: the new process reads that from its own channel.
//!
//! No file of one run reaches another: the server closes its own copies as soon as it has forked, and the new process
//! keeps nothing but the three that it was sent. The namespaces in which nothing of a run can stay are entered once, by
//! the server itself; see [`namespaces`].

use std::io;
use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use super::super::Fault;
use super::super::wire::{FILES, Realm};
use super::cgroup::Group;
use super::{be_helper, enter, namespaces, sys};

/// Forks a process for each run that is asked for on this socket, until it is closed; then waits until the last of them
/// has ended, and returns the exit code.
pub(super) fn run(socket: OwnedFd) -> i32 {
    // So the kernel reaps them, and nothing has to be woken up for it.
    if sys::ignore_children().is_err() {
        return 2;
    }
    let mut ground = Ground::default();
    loop {
        match receive(&socket) {
            Ok(Some((realm, files))) => {
                let entered = ground.enter(realm);
                match sys::fork() {
                    Ok(None) => sys::exit_now(be_run(socket, files, entered.map(|()| ground.group))),
                    // Without a process the run's channel closes, and farm knows that the run is lost.
                    Ok(Some(_)) | Err(_) => drop(files),
                }
            }
            Ok(None) => break,
            Err(_) => return 2,
        }
    }
    drop(socket);
    while !matches!(
        rustix::process::wait(rustix::process::WaitOptions::empty()),
        Err(Errno::CHILD)
    ) {}
    0
}

/// What the server has entered, or why it cannot; all its runs are in one realm.
#[derive(Default)]
struct Ground {
    entered: Option<Result<(), Fault>>,
    /// The control group that this process and all its runs are in.
    group: Option<Group>,
}

impl Ground {
    /// Enters the realm before the first run, and makes it as good as new before each later one.
    fn enter(&mut self, realm: Realm) -> Result<(), Fault> {
        match &self.entered {
            Some(Ok(())) => namespaces::renew(realm),
            Some(fault) => fault.clone(),
            None => {
                let entered = enter(realm).map(|group| self.group = group);
                self.entered.insert(entered).clone()
            }
        }
    }
}

/// The realm and the files of the next run; none when nobody can ask for one any more.
fn receive(socket: &OwnedFd) -> io::Result<Option<(Realm, [OwnedFd; FILES])>> {
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FILES))];
    let mut rights = RecvAncillaryBuffer::new(&mut space);
    loop {
        let received = recvmsg(
            socket,
            &mut [io::IoSliceMut::new(&mut byte)],
            &mut rights,
            RecvFlags::CMSG_CLOEXEC,
        );
        match received {
            Ok(message) if message.bytes == 0 => return Ok(None),
            Ok(_) => break,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let files = rights.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => files.collect(),
        _ => Vec::new(),
    });
    let files: Vec<OwnedFd> = files.collect();
    let run = Realm::from_byte(byte[0]).zip(files.try_into().ok());
    run.map(Some).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// What the new process does: it becomes the helper of one run. Returns the exit code.
fn be_run(socket: OwnedFd, [channel, stdout, stderr]: [OwnedFd; FILES], entered: Result<Option<Group>, Fault>) -> i32 {
    drop(socket);
    let wired = sys::expect_children()
        .and_then(|()| Ok(rustix::stdio::dup2_stdout(&stdout)?))
        .and_then(|()| Ok(rustix::stdio::dup2_stderr(&stderr)?));
    drop((stdout, stderr));
    match wired {
        Ok(()) => be_helper(UnixStream::from(channel), |_| entered),
        Err(_) => 2,
    }
}
