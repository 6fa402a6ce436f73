//! The server: one process for the whole build, which forks another for each run. Does not know what is run: the new
//! process reads that from its own channel.
//!
//! No file of one run reaches another: the server closes its own copies as soon as it has forked, and the new process
//! keeps nothing but the three that it was sent.

use std::io;
use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use super::super::wire::FILES;
use super::{be_helper, sys};

/// Forks a process for each run that is asked for on this socket, until it is closed; then waits until the last of them
/// has ended, and returns the exit code.
pub(super) fn run(socket: OwnedFd) -> i32 {
    // So the kernel reaps them, and nothing has to be woken up for it.
    if sys::ignore_children().is_err() {
        return 2;
    }
    loop {
        match receive(&socket) {
            Ok(Some(files)) => match sys::fork() {
                Ok(None) => sys::exit_now(be_run(socket, files)),
                // Without a process the run's channel closes, and farm knows that the run is lost.
                Ok(Some(_)) | Err(_) => drop(files),
            },
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

/// The files of the next run; none when nobody can ask for one any more.
fn receive(socket: &OwnedFd) -> io::Result<Option<[OwnedFd; FILES]>> {
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
    files
        .try_into()
        .map(Some)
        .map_err(|_| io::ErrorKind::InvalidData.into())
}

/// What the new process does: it becomes the helper of one run. Returns the exit code.
fn be_run(socket: OwnedFd, [channel, stdout, stderr]: [OwnedFd; FILES]) -> i32 {
    drop(socket);
    let wired = sys::expect_children()
        .and_then(|()| Ok(rustix::stdio::dup2_stdout(&stdout)?))
        .and_then(|()| Ok(rustix::stdio::dup2_stderr(&stderr)?));
    drop((stdout, stderr));
    match wired {
        Ok(()) => be_helper(UnixStream::from(channel)),
        Err(_) => 2,
    }
}
