//! The example service: whether it can be built, and its server when it was. Does not know what is tested.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use crate::example::Example;

/// Whether there is a go that can build the example.
pub(crate) fn has_go() -> bool {
    static HAS_GO: OnceLock<bool> = OnceLock::new();
    *HAS_GO.get_or_init(|| {
        let mut go = Command::new("go");
        let output = go.args(["env", "GOVERSION"]).env("GOTOOLCHAIN", "local").output();
        output.is_ok_and(|output| minor(&String::from_utf8_lossy(&output.stdout)) >= Some(24))
    })
}

/// The 24 of `go1.24.3`.
fn minor(version: &str) -> Option<u32> {
    let rest = version.trim().strip_prefix("go1.")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The example service.
pub(crate) static LINKS: Example = Example::new("go");

/// The built server, on a free port of this machine. Stopped when dropped.
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts it, and waits until it says where it listens.
    pub(crate) fn start(program: &Path) -> Self {
        let mut command = Command::new(program);
        command
            .args(["-listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("it was built");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let first = lines.next().and_then(Result::ok).unwrap_or_default();
        // A full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        let address = first.split_once("listening at ").map(|(_, address)| address.to_owned());
        let server = Self {
            child,
            address: address.unwrap_or_default(),
        };
        assert!(!server.address.is_empty(), "the server did not start: {first}");
        server
    }

    /// Where it answers.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Status line, headers and body of a page.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .expect("a socket");
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: links\r\nConnection: close\r\n\r\n"
        )
        .expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}

/// The kind of processor that an ELF file is for.
pub(crate) fn machine(program: &Path) -> u16 {
    let bytes = fs::read(program).unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    assert_eq!(&bytes[..4], b"\x7fELF", "{}", program.display());
    u16::from_le_bytes([bytes[18], bytes[19]])
}
