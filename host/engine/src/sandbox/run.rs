//! Runs a tool through the helper: sends the spec, passes the output on as it comes, takes the answer. Does not know
//! how the helper shuts the tool in.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::sync::watch;

use super::server::failed;
use super::wire::{self, HELPER_ARGUMENT, Lent, Mode, Realm, Reply, Request, STOP};
use super::{Finished, Helper, Jobserver, SandboxError, Spec};

/// How much output is read at once, in bytes.
const CHUNK: usize = 64 << 10;
/// Longest answer of the helper, in bytes.
const MAX_REPLY: u64 = 64 << 10;
/// How long output may stay open after the helper has gone: only a process outside the run can hold it then.
const DRAIN: Duration = Duration::from_millis(200);

/// Where a piece of output comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The tool's standard output.
    Stdout,
    /// The tool's standard error.
    Stderr,
}

/// Runs the tool and passes its output on as it comes. When this returns, no process of the run is alive; when the
/// future is dropped, or farm dies, the helper kills them.
///
/// A tool that is to share the build's jobserver finds it in `MAKEFLAGS` and `CARGO_MAKEFLAGS`. When `stop` becomes true,
/// the tool gets SIGTERM, and everything SIGKILL after the
/// grace. A tool that fails is no error; see [`SandboxError`] for what is.
pub async fn run(
    helper: &Helper,
    spec: &Spec,
    jobserver: Option<&Jobserver>,
    output: &mut (dyn FnMut(Stream, &[u8]) + Send),
    stop: watch::Receiver<bool>,
) -> Result<Finished, SandboxError> {
    spec.check()?;
    let connection = helper.connect(Realm::of(spec))?;
    let request = Request {
        mode: Mode::Run,
        spec: spec.clone(),
        jobserver: jobserver.map(|pool| Lent {
            jobs: pool.jobs(),
            ends: None,
        }),
    };
    let request = wire::frame(&request).map_err(failed("talk to"))?;
    let channel = connection.channel;
    channel.set_nonblocking(true).map_err(failed("talk to"))?;
    let sent = match jobserver {
        Some(pool) => wire::send_files(&channel, &request, pool.ends()).map_err(failed("talk to"))?,
        None => 0,
    };
    let channel = tokio::net::UnixStream::from_std(channel).map_err(failed("talk to"))?;
    let (answers, mut orders) = channel.into_split();
    orders.write_all(&request[sent..]).await.map_err(failed("talk to"))?;

    let mut stdout = Some(pipe::Receiver::from_owned_fd(connection.stdout.into()).map_err(failed("talk to"))?);
    let mut stderr = Some(pipe::Receiver::from_owned_fd(connection.stderr.into()).map_err(failed("talk to"))?);
    let (mut out, mut err) = (vec![0; CHUNK], vec![0; CHUNK]);
    let mut reply = Vec::new();
    let mut answers = answers.take(MAX_REPLY);
    let mut answer = std::pin::pin!(answers.read_to_end(&mut reply));
    let mut asked = std::pin::pin!(asked_to_stop(stop));
    let mut stopping = false;
    loop {
        tokio::select! {
            size = read_some(&mut stdout, &mut out) => output(Stream::Stdout, &out[..size]),
            size = read_some(&mut stderr, &mut err) => output(Stream::Stderr, &err[..size]),
            () = &mut asked, if !stopping => {
                stopping = true;
                // A helper that has just finished takes no orders any more, and needs none.
                orders.write_all(&[STOP]).await.ok();
            }
            result = &mut answer => {
                result.map_err(failed("talk to"))?;
                break;
            }
        }
    }
    drain(&mut stdout, &mut |bytes| output(Stream::Stdout, bytes)).await;
    drain(&mut stderr, &mut |bytes| output(Stream::Stderr, bytes)).await;
    let finished = finish(&reply, spec);
    helper.note(&finished);
    let finished = finished?;
    connection.lease.give_back();
    Ok(finished)
}

/// Runs the tool in the terminal of the user, who looks into a kept run by hand. Blocks; Ctrl-C reaches the tool, so
/// the caller has to ignore it meanwhile. The tool reads from the terminal only if stdout or stderr is one.
pub fn run_interactive(helper: &Path, spec: &Spec) -> Result<Finished, SandboxError> {
    spec.check()?;
    let outputs = || (Stdio::inherit(), Stdio::inherit());
    ask(
        helper,
        &Request {
            mode: Mode::Interactive,
            spec: spec.clone(),
            jobserver: None,
        },
        outputs,
        None,
    )
}

/// Sets the sandbox of the spec up and executes nothing in it. The server that this starts is there for the runs.
#[cfg(target_os = "linux")]
pub(super) fn rehearse(helper: &Helper, spec: &Spec, patience: Duration) -> Result<Finished, SandboxError> {
    let connection = helper.connect(Realm::of(spec))?;
    let rehearsed = exchange(connection.channel, &rehearsal(spec), Some(patience))?;
    connection.lease.give_back();
    Ok(rehearsed)
}

/// Sets the sandbox of the spec up and executes nothing in it.
#[cfg(not(target_os = "linux"))]
pub(super) fn rehearse(helper: &Helper, spec: &Spec, patience: Duration) -> Result<Finished, SandboxError> {
    let outputs = || (Stdio::null(), Stdio::null());
    ask(helper.program(), &rehearsal(spec), outputs, Some(patience))
}

fn rehearsal(spec: &Spec) -> Request {
    Request {
        mode: Mode::Probe,
        spec: spec.clone(),
        jobserver: None,
    }
}

/// Sends a request and waits for the answer without a runtime.
fn ask(
    helper: &Path,
    request: &Request,
    outputs: impl Fn() -> (Stdio, Stdio),
    patience: Option<Duration>,
) -> Result<Finished, SandboxError> {
    let (ours, theirs) = UnixStream::pair().map_err(failed("talk to"))?;
    let (stdout, stderr) = outputs();
    let mut child = std::process::Command::new(helper)
        .arg(HELPER_ARGUMENT)
        .env_clear()
        .stdin(OwnedFd::from(theirs))
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .map_err(failed("start"))?;
    let answered = exchange(ours, request, patience);
    child.wait().map_err(failed("wait for"))?;
    answered
}

/// Sends a request over a channel, which is closed in the end, and waits for the answer.
fn exchange(mut channel: UnixStream, request: &Request, patience: Option<Duration>) -> Result<Finished, SandboxError> {
    channel.set_read_timeout(patience).map_err(failed("talk to"))?;
    match wire::send(&mut channel, request).and_then(|()| wire::receive::<Reply>(&mut channel)) {
        Ok(reply) => read_reply(reply, &request.spec),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(SandboxError::Lost),
        Err(source) => Err(SandboxError::Helper {
            doing: "talk to",
            source,
        }),
    }
}

/// Reads some output; never comes back once the stream has ended.
async fn read_some(stream: &mut Option<impl AsyncRead + Unpin>, buffer: &mut [u8]) -> usize {
    if let Some(open) = stream {
        match open.read(buffer).await {
            Ok(0) | Err(_) => *stream = None,
            Ok(size) => return size,
        }
    }
    std::future::pending().await
}

/// Reads what is left, as long as it keeps coming.
async fn drain(stream: &mut Option<impl AsyncRead + Unpin>, output: &mut (dyn FnMut(&[u8]) + Send)) {
    let mut buffer = vec![0; CHUNK];
    while let Some(open) = stream {
        match tokio::time::timeout(DRAIN, open.read(&mut buffer)).await {
            Ok(Ok(size)) if size > 0 => output(&buffer[..size]),
            _ => return,
        }
    }
}

/// Comes back when the build is being stopped; never, when nobody can stop it any more.
async fn asked_to_stop(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn finish(reply: &[u8], spec: &Spec) -> Result<Finished, SandboxError> {
    if reply.is_empty() {
        return Err(SandboxError::Lost);
    }
    read_reply(wire::unframe(reply).map_err(failed("talk to"))?, spec)
}

fn read_reply(reply: Reply, spec: &Spec) -> Result<Finished, SandboxError> {
    match reply {
        Reply::Finished { ending, usage, tool } => Ok(Finished {
            ending,
            tier: spec.tier,
            usage,
            tool,
        }),
        Reply::Fault(fault) => Err(fault.into_error(spec.tier, spec.program.clone())),
    }
}
