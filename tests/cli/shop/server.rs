//! What was built as a running server, on a free port of this machine. Stopped when dropped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// A started server that answers.
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts what lies in `dist`, as the shop's README says.
    pub(crate) fn start(dist: &Path) -> Self {
        Self::backend(&dist.join("backend"), ("SHOP_STATIC", &dist.join("frontend")))
    }

    /// Starts a back end, which finds the folder with its pages in a variable; `-B`, since nobody but farm writes there.
    pub(crate) fn backend(folder: &Path, (variable, pages): (&str, &Path)) -> Self {
        let mut command = Command::new("python3");
        command
            .args(["-B", "-m", "uvicorn", "src.main:app", "--port", "0", "--no-access-log"])
            .current_dir(folder)
            .env("PYTHONPATH", "site-packages")
            .env(variable, pages);
        Self::that_says(command, "running on http://")
    }

    /// Serves the files of a folder, as the README of an application does.
    pub(crate) fn files(folder: &Path) -> Self {
        let mut command = Command::new("python3");
        command
            .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"])
            .arg(folder);
        Self::that_says(command, "(http://")
    }

    /// Starts a server that says where it listens, behind this marker.
    fn that_says(mut command: Command, marker: &str) -> Self {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        command
            .stdin(Stdio::null())
            .stdout(writer.try_clone().expect("a pipe"))
            .stderr(writer);
        let child = command.spawn().expect("there is a python3");
        // It holds the ends that are written to.
        drop(command);
        let mut lines = BufReader::new(reader).lines();
        let mut said = String::new();
        // Of the two, one comes: the line that says where it listens, or the end.
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            said += &line;
            let (_, address) = line.split_once(marker)?;
            Some(address.split([' ', '/']).next()?.to_owned())
        });
        // A full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        let server = Self {
            child,
            address: address.unwrap_or_default(),
        };
        assert!(!server.address.is_empty(), "the server did not start: {said}");
        server
    }

    /// Where it answers.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Status line and body of a page.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n").expect("it listens");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}
