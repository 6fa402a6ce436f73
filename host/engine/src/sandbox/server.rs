//! The handle on the sandbox's helper: who starts a run asks it, and gets the three files that connect the run to farm.
//!
//! On Linux the helper stays as a server that forks a process for each run: no run pays for starting a program of farm's
//! size or for entering namespaces, and farm itself, which has many threads, forks nothing. A server has one run at a
//! time, so there are as many as runs at once; one that died is replaced. Elsewhere the helper is executed for each run.
//! Does not know what is run.

use std::io::{self, PipeReader};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::SandboxError;
use super::wire::Realm;

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
    servers: std::sync::Mutex<linux::Servers>,
}

/// A run that waits for its request.
pub(super) struct Connection {
    /// Requests and orders go there, the answer comes from there.
    pub(super) channel: UnixStream,
    /// What the tool writes to its standard output.
    pub(super) stdout: PipeReader,
    /// What it writes to its standard error.
    pub(super) stderr: PipeReader,
    /// What has to be given back when no process of the run is left.
    pub(super) lease: Lease,
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
                servers: std::sync::Mutex::default(),
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
        drop(self.start_server());
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
    pub(super) fn connect(&self, realm: Realm) -> Result<Connection, SandboxError> {
        let (channel, theirs) = UnixStream::pair().map_err(failed("talk to"))?;
        let (stdout, out) = io::pipe().map_err(failed("talk to"))?;
        let (stderr, err) = io::pipe().map_err(failed("talk to"))?;
        let lease = self.hand_over(realm, [theirs.into(), out.into(), err.into()])?;
        Ok(Connection {
            channel,
            stdout,
            stderr,
            lease,
        })
    }
}

#[cfg(target_os = "linux")]
mod linux {
    //! The servers of this build, as farm sees them.

    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::{AsFd as _, OwnedFd};
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command, Stdio};
    use std::sync::{MutexGuard, PoisonError};

    use rustix::io::Errno;
    use rustix::net::{
        AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, sendmsg,
        socketpair,
    };

    use super::{Helper, SandboxError, failed};
    use crate::sandbox::wire::{FILES, HELPER_ARGUMENT, Realm, SERVER_ARGUMENT};

    /// The servers that no run has.
    #[derive(Debug, Default)]
    pub(super) struct Servers {
        /// They wait for a run in a realm; those that had none yet, in any.
        idle: Vec<(Option<Realm>, Server)>,
        /// They end.
        retired: Vec<Server>,
    }

    /// A running server. Dropping it waits until it has ended.
    #[derive(Debug)]
    struct Server {
        /// Taken when it is to end: the server does when nobody can ask it any more.
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
        fn send(&self, realm: Realm, files: &[OwnedFd; FILES]) -> Result<bool, SandboxError> {
            let Some(socket) = &self.socket else { return Ok(false) };
            let files = files.each_ref().map(OwnedFd::as_fd);
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FILES))];
            let mut rights = SendAncillaryBuffer::new(&mut space);
            assert!(
                rights.push(SendAncillaryMessage::ScmRights(&files)),
                "there is room for just these files"
            );
            let byte = [realm.byte()];
            loop {
                match sendmsg(socket, &[io::IoSlice::new(&byte)], &mut rights, SendFlags::NOSIGNAL) {
                    Ok(_) => return Ok(true),
                    Err(Errno::INTR) => {}
                    Err(Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN) => return Ok(false),
                    Err(error) => return Err(failed("talk to")(error.into())),
                }
            }
        }
    }

    /// The server of one run, which has no other meanwhile.
    pub(in crate::sandbox) struct Lease {
        helper: Helper,
        realm: Realm,
        server: Option<Server>,
    }

    impl Lease {
        /// No process of the run is left: the server is there for the next one.
        pub(in crate::sandbox) fn give_back(mut self) {
            let server = self.server.take().map(|server| (Some(self.realm), server));
            self.helper.servers().idle.extend(server);
        }
    }

    impl Drop for Lease {
        /// The run was given up, and its processes may be there for a while yet.
        fn drop(&mut self) {
            if let Some(mut server) = self.server.take() {
                drop(server.socket.take());
                self.helper.servers().retired.push(server);
            }
        }
    }

    impl Helper {
        /// Gives a run's files to a server that has no other run, to a new one if need be.
        pub(super) fn hand_over(&self, realm: Realm, files: [OwnedFd; FILES]) -> Result<Lease, SandboxError> {
            let lease = |server| Lease {
                helper: self.clone(),
                realm,
                server: Some(server),
            };
            while let Some(server) = self.take_idle(realm) {
                if server.send(realm, &files)? {
                    return Ok(lease(server));
                }
            }
            let server = Server::start(self)?;
            match server.send(realm, &files)? {
                true => Ok(lease(server)),
                false => Err(SandboxError::Lost),
            }
        }

        /// Starts a server for a later run.
        pub(super) fn start_server(&self) -> Result<(), SandboxError> {
            let server = Server::start(self)?;
            self.servers().idle.push((None, server));
            Ok(())
        }

        fn take_idle(&self, realm: Realm) -> Option<Server> {
            let idle = &mut self.servers().idle;
            let find = |wanted| idle.iter().rposition(|(other, _)| *other == wanted);
            let at = find(Some(realm)).or_else(|| find(None))?;
            Some(idle.swap_remove(at).1)
        }

        fn servers(&self) -> MutexGuard<'_, Servers> {
            self.shared.servers.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}

#[cfg(target_os = "linux")]
pub(super) use linux::Lease;

/// Nothing: every run has a helper of its own.
#[cfg(not(target_os = "linux"))]
pub(super) struct Lease;

#[cfg(not(target_os = "linux"))]
impl Lease {
    /// There is nothing to give back.
    pub(super) fn give_back(self) {}
}

#[cfg(not(target_os = "linux"))]
impl Helper {
    /// Executes the helper for one run. It lives until it has killed the rest, which it does when it sees its channel
    /// closed; the runtime reaps it.
    fn hand_over(
        &self,
        _: Realm,
        [channel, stdout, stderr]: [std::os::fd::OwnedFd; super::wire::FILES],
    ) -> Result<Lease, SandboxError> {
        let child = tokio::process::Command::new(self.program())
            .arg(super::wire::HELPER_ARGUMENT)
            .env_clear()
            .stdin(channel)
            .stdout(stdout)
            .stderr(stderr)
            .spawn();
        child.map(|_| Lease).map_err(failed("start"))
    }
}

/// Says what was tried when the system refused.
pub(super) fn failed(doing: &'static str) -> impl Fn(io::Error) -> SandboxError {
    move |source| SandboxError::Helper { doing, source }
}
