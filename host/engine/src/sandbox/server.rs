//! The handle on the sandbox's helper: who starts a run asks it, and gets the three files that connect the run to farm.
//!
//! On Linux the helper is executed once, at the first run, and stays as a server that forks a process for each run: no
//! run pays for starting a program of farm's size, and farm itself, which has many threads, forks nothing. One that
//! died is replaced. Elsewhere the helper is executed for each run. Does not know what is run.

use std::io::{self, PipeReader};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::SandboxError;

/// The helper of one build; all its copies are the same one. When the last is dropped, no process of it is left.
#[derive(Debug, Clone)]
pub struct Helper {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    program: PathBuf,
    /// Whether a sandbox could not be set up.
    is_refused: AtomicBool,
    #[cfg(target_os = "linux")]
    server: std::sync::Mutex<Option<Arc<linux::Server>>>,
}

/// A run that waits for its request.
pub(super) struct Connection {
    /// Requests and orders go there, the answer comes from there.
    pub(super) channel: UnixStream,
    /// What the tool writes to its standard output.
    pub(super) stdout: PipeReader,
    /// What it writes to its standard error.
    pub(super) stderr: PipeReader,
}

impl Helper {
    /// The helper that is this program, which does [`super::helper_main`] when it is called with
    /// [`super::HELPER_ARGUMENT`]. Starts nothing yet.
    pub fn new(program: PathBuf) -> Self {
        Self {
            shared: Arc::new(Shared {
                program,
                is_refused: AtomicBool::new(false),
                #[cfg(target_os = "linux")]
                server: std::sync::Mutex::default(),
            }),
        }
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.shared.program
    }

    /// Gets ready for the first run, which does so itself where this fails.
    pub fn start(&self) {
        #[cfg(target_os = "linux")]
        drop(self.server_but(None));
    }

    /// Whether a sandbox that was asked for could not be set up.
    pub fn is_refused(&self) -> bool {
        self.shared.is_refused.load(Ordering::Relaxed)
    }

    /// Notes how setting a sandbox up ended.
    pub(super) fn note<T>(&self, ended: &Result<T, SandboxError>) {
        if matches!(ended, Err(SandboxError::Setup { .. })) {
            self.shared.is_refused.store(true, Ordering::Relaxed);
        }
    }

    /// Starts the process of one run. It ends by itself when its channel is closed.
    pub(super) fn connect(&self) -> Result<Connection, SandboxError> {
        let (channel, theirs) = UnixStream::pair().map_err(failed("talk to"))?;
        let (stdout, out) = io::pipe().map_err(failed("talk to"))?;
        let (stderr, err) = io::pipe().map_err(failed("talk to"))?;
        self.hand_over([theirs.into(), out.into(), err.into()])?;
        Ok(Connection {
            channel,
            stdout,
            stderr,
        })
    }
}

#[cfg(target_os = "linux")]
mod linux {
    //! The server of this build, as farm sees it.

    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::{AsFd as _, OwnedFd};
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command, Stdio};
    use std::sync::{Arc, PoisonError};

    use rustix::io::Errno;
    use rustix::net::{
        AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, sendmsg,
        socketpair,
    };

    use super::{Helper, SandboxError, failed};
    use crate::sandbox::wire::{FILES, HELPER_ARGUMENT, SERVER_ARGUMENT};

    /// A running server. Dropping it waits until it has ended.
    #[derive(Debug)]
    pub(super) struct Server {
        /// Taken when it is dropped: the server ends when nobody can ask it any more.
        socket: Option<OwnedFd>,
        process: Child,
    }

    impl Drop for Server {
        fn drop(&mut self) {
            drop(self.socket.take());
            drop(self.process.wait());
        }
    }

    impl Server {
        fn start(helper: &Helper) -> Result<Self, SandboxError> {
            let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
                .map_err(|error| failed("talk to")(error.into()))?;
            let process = Command::new(helper.program())
                .args([HELPER_ARGUMENT, SERVER_ARGUMENT])
                .env_clear()
                .stdin(theirs)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                // Ctrl-C in the terminal is farm's to act on.
                .process_group(0)
                .spawn()
                .map_err(failed("start"))?;
            Ok(Self {
                socket: Some(ours),
                process,
            })
        }

        /// Sends the files of one run; false if the server has died.
        fn send(&self, files: &[OwnedFd; FILES]) -> Result<bool, SandboxError> {
            let Some(socket) = &self.socket else { return Ok(false) };
            let files = files.each_ref().map(OwnedFd::as_fd);
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FILES))];
            let mut rights = SendAncillaryBuffer::new(&mut space);
            assert!(
                rights.push(SendAncillaryMessage::ScmRights(&files)),
                "there is room for just these files"
            );
            loop {
                match sendmsg(socket, &[io::IoSlice::new(b"R")], &mut rights, SendFlags::NOSIGNAL) {
                    Ok(_) => return Ok(true),
                    Err(Errno::INTR) => {}
                    Err(Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN) => return Ok(false),
                    Err(error) => return Err(failed("talk to")(error.into())),
                }
            }
        }
    }

    impl Helper {
        /// Gives a run's files to the server, to a new one if need be.
        pub(super) fn hand_over(&self, files: [OwnedFd; FILES]) -> Result<(), SandboxError> {
            let mut dead = None;
            loop {
                let server = self.server_but(dead.as_ref())?;
                if server.send(&files)? {
                    return Ok(());
                }
                if dead.is_some() {
                    return Err(SandboxError::Lost);
                }
                dead = Some(server);
            }
        }

        /// The server, which is started if there is none but that one.
        pub(super) fn server_but(&self, dead: Option<&Arc<Server>>) -> Result<Arc<Server>, SandboxError> {
            let mut server = self.shared.server.lock().unwrap_or_else(PoisonError::into_inner);
            match &*server {
                Some(running) if !dead.is_some_and(|dead| Arc::ptr_eq(dead, running)) => Ok(Arc::clone(running)),
                _ => {
                    let started = Arc::new(Server::start(self)?);
                    *server = Some(Arc::clone(&started));
                    Ok(started)
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Helper {
    /// Executes the helper for one run. It lives until it has killed the rest, which it does when it sees its channel
    /// closed; the runtime reaps it.
    fn hand_over(
        &self,
        [channel, stdout, stderr]: [std::os::fd::OwnedFd; super::wire::FILES],
    ) -> Result<(), SandboxError> {
        let child = tokio::process::Command::new(self.program())
            .arg(super::wire::HELPER_ARGUMENT)
            .env_clear()
            .stdin(channel)
            .stdout(stdout)
            .stderr(stderr)
            .spawn();
        child.map(drop).map_err(failed("start"))
    }
}

/// Says what was tried when the system refused.
pub(super) fn failed(doing: &'static str) -> impl Fn(io::Error) -> SandboxError {
    move |source| SandboxError::Helper { doing, source }
}
