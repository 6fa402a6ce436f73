//! The example in a folder of its own. One build from nothing is made for all tests; the others start from its cache.
//! Does not know what is tested.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use crate::shop::files::Files;
use crate::shop::product::{Build, copy_example, networked, own_folder};
use crate::support::Workspace;

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

/// The build that everything else is compared with.
pub(crate) struct First {
    /// The cache that it filled.
    pub(crate) cache: PathBuf,
    /// What it said.
    pub(crate) build: Build,
    /// What it made.
    pub(crate) files: Files,
}

/// The first build of the example in this test run, with an empty cache.
pub(crate) fn first() -> &'static First {
    static FIRST: OnceLock<First> = OnceLock::new();
    FIRST.get_or_init(|| {
        let cache = own_folder("golang").join("cache");
        let links = Links::at(networked(Workspace::new()).sharing(&cache));
        let build = links.build("");
        assert!(build.ok(), "the first build failed: {}", build.text());
        let files = links.made();
        First { cache, build, files }
    })
}

/// A copy of the example's sources.
pub(crate) struct Links(pub(crate) Workspace);

impl Links {
    fn at(workspace: Workspace) -> Self {
        copy_example("go", &workspace);
        Self(workspace)
    }

    /// With an empty cache, in a folder whose name has a space.
    pub(crate) fn alone() -> Self {
        Self::at(networked(Workspace::below("another checkout/of/links")))
    }

    /// With the first build's cache, and everything built.
    pub(crate) fn built() -> Self {
        let links = Self::at(networked(Workspace::new()).sharing(&first().cache));
        let build = links.build("");
        assert_eq!(build.count("ran"), 0, "{}", build.text());
        links
    }

    /// Runs `farm build --json` with these options.
    pub(crate) fn build(&self, options: &str) -> Build {
        Build::of(&self.0.farm(&format!("build --json {options}")))
    }

    /// A path in it.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.root().join(path)
    }

    /// Puts another text in place of the first occurrence of one.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.0.read(path);
        assert!(text.contains(from), "{path} has no `{from}` any more");
        self.0.write(path, &text.replacen(from, to, 1));
    }

    /// The output folder, without how long things took.
    pub(crate) fn made(&self) -> Files {
        Files::below(&self.path("dist"), &[]).without_lines("manifest.json", "\"duration_ms\"")
    }
}

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
