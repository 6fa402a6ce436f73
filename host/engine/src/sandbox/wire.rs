//! What farm and its helper say to each other over one socket: a request, then single bytes; a reply at the end.
//!
//! Nothing is seen in an argument list. A helper of its own has the socket as its stdin; a process that the server forked
//! for the run was sent it. It is the lifeline too: when farm dies, however it dies, the helper reads the end of it and
//! kills everything.

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Ending, Fault, Spec, Usage};

/// The first argument with which farm's binary becomes the helper.
pub const HELPER_ARGUMENT: &str = "__sandbox";
/// The second argument with which the helper becomes a server that forks a process for each run.
#[cfg(target_os = "linux")]
pub(super) const SERVER_ARGUMENT: &str = "server";
/// How many files connect a run to farm: its channel, its standard output and its standard error, in this order.
pub(super) const FILES: usize = 3;
/// The byte that tells the helper to end the tool.
pub(super) const STOP: u8 = b'S';
/// Longest message, in bytes.
const MAX_MESSAGE: u32 = 16 << 20;

/// What the helper shall do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) mode: Mode,
    pub(super) spec: Spec,
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
    Finished { ending: Ending, usage: Usage },
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

/// Receives one message.
pub(super) fn receive<T: DeserializeOwned>(channel: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    channel.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > MAX_MESSAGE {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut body = Vec::new();
    channel.take(u64::from(length)).read_to_end(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}
