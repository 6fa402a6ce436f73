//! What farm and its helper say to each other over one socket: a request, then single bytes; a reply at the end.
//!
//! Nothing is seen in an argument list. A helper of its own has the socket as its stdin; a process that the server forked
//! for the run was sent it. It is the lifeline too: when farm dies, however it dies, the helper reads the end of it and
//! kills everything.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Ending, Fault, Spec, Tier, Usage};

/// The first argument with which farm's binary becomes the helper.
pub const HELPER_ARGUMENT: &str = "__sandbox";
/// The second argument with which the helper becomes a server that forks a process for each run.
#[cfg(target_os = "linux")]
pub(super) const SERVER_ARGUMENT: &str = "server";
/// How many files connect a run to farm: its channel, its standard output and its standard error, in this order.
pub(super) const FILES: usize = 3;
/// Where a run takes place: what a server has entered once, before all of its runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Realm {
    /// Among the processes of the host: L0 and L1.
    Host,
    /// In namespaces without a network: L2.
    Closed,
    /// In namespaces with the host's network: fetches at L2.
    Networked,
}

impl Realm {
    /// Where this run has to take place.
    pub(super) fn of(spec: &Spec) -> Self {
        match (spec.tier, spec.network) {
            (Tier::L0 | Tier::L1, _) => Self::Host,
            (Tier::L2, false) => Self::Closed,
            (Tier::L2, true) => Self::Networked,
        }
    }

    /// The byte with which farm asks a server for a run there.
    #[cfg(target_os = "linux")]
    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Host => b'H',
            Self::Closed => b'C',
            Self::Networked => b'N',
        }
    }

    /// The one that this byte stands for.
    #[cfg(target_os = "linux")]
    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        [Self::Host, Self::Closed, Self::Networked]
            .into_iter()
            .find(|realm| realm.byte() == byte)
    }
}

/// The byte that tells the helper to end the tool.
pub(super) const STOP: u8 = b'S';
/// Longest message, in bytes.
const MAX_MESSAGE: u32 = 16 << 20;

/// What the helper shall do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) mode: Mode,
    pub(super) spec: Spec,
    /// The ends of a jobserver's pipe, and how many jobs it is for.
    pub(super) jobserver: Option<Lent>,
}

/// A jobserver that is lent to a tool.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Lent {
    /// How many jobs the build runs at once.
    pub(super) jobs: usize,
    /// The ends of its pipe, to read and to write. They travel beside the message.
    #[serde(skip)]
    pub(super) ends: Option<[OwnedFd; 2]>,
}

/// How the tool is wired to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Mode {
    /// No stdin, no terminal.
    Run,
    /// In the terminal of the user, for a kept run that is looked into by hand.
    Interactive,
    /// Everything is set up, nothing is executed.
    Probe,
}

/// What the helper answers, when no process of the run is left.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Finished {
        ending: Ending,
        usage: Usage,
        /// From the tool's start to its end.
        tool: Duration,
    },
    Fault(Fault),
}

/// A message with its length before it.
pub(super) fn frame(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).ok().filter(|length| *length <= MAX_MESSAGE);
    let length = length.ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
    Ok([&length.to_le_bytes()[..], &body].concat())
}

/// The message of a frame that was received as a whole.
pub(super) fn unframe<T: DeserializeOwned>(frame: &[u8]) -> io::Result<T> {
    receive(&mut &*frame)
}

/// Sends one message.
pub(super) fn send(channel: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    channel.write_all(&frame(message)?)
}

/// Sends the start of a frame, and two files with it. Returns how many bytes are sent.
pub(super) fn send_files(channel: &UnixStream, frame: &[u8], files: [BorrowedFd<'_>; 2]) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    beside.push(SendAncillaryMessage::ScmRights(&files));
    Ok(sendmsg(
        channel,
        &[IoSlice::new(frame)],
        &mut beside,
        SendFlags::empty(),
    )?)
}

/// Receives a request, with the files that it needs.
#[cfg(target_os = "linux")]
pub(super) fn receive_request(channel: &mut UnixStream) -> io::Result<Request> {
    let mut length = [0; 4];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let part = &mut [IoSliceMut::new(&mut length)];
    let received = recvmsg(&*channel, part, &mut beside, RecvFlags::CMSG_CLOEXEC)?;
    let files = beside.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => Some(files),
        _ => None,
    });
    let files: Vec<OwnedFd> = files.flatten().collect();
    if received.bytes == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    channel.read_exact(&mut length[received.bytes..])?;
    let mut request: Request = receive_body(channel, length)?;
    if let Some(lent) = &mut request.jobserver {
        let ends = files.try_into().map_err(|_| io::ErrorKind::InvalidData)?;
        lent.ends = Some(ends);
    }
    Ok(request)
}

/// Receives one message.
pub(super) fn receive<T: DeserializeOwned>(channel: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    channel.read_exact(&mut length)?;
    receive_body(channel, length)
}

fn receive_body<T: DeserializeOwned>(channel: &mut impl Read, length: [u8; 4]) -> io::Result<T> {
    let length = u32::from_le_bytes(length);
    if length > MAX_MESSAGE {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut body = Vec::new();
    channel.take(u64::from(length)).read_to_end(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}
