//! A proxy for Go modules, or a registry of packages, on loopback: it serves what it was given, and notes what it is asked
//! for. Does not know what is tested.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// The proxy; it ends with the test.
pub(crate) struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    has_ended: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Serves files by their paths.
    pub(crate) fn start(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self::serving(Served { files, login: None })
    }

    /// Serves files to whoever has this login, as the header `Authorization` has it.
    pub(crate) fn for_login(files: BTreeMap<String, Vec<u8>>, login: &str) -> Self {
        let login = Some(format!("Authorization: {login}"));
        Self::serving(Served { files, login })
    }

    fn serving(served: Served) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (asked, has_ended) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let (notes, ends, served) = (Arc::clone(&asked), Arc::clone(&has_ended), Arc::new(served));
        let server = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let (notes, served) = (Arc::clone(&notes), Arc::clone(&served));
                // One that says nothing holds up no other.
                std::thread::spawn(move || serve(stream, &served, &notes));
            }
        });
        Self {
            address,
            asked,
            has_ended,
            server: Some(server),
        }
    }

    /// What `GOPROXY` is set to.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked for since the last time, sorted.
    pub(crate) fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut *self.asked.lock().expect("nobody panics with it"));
        asked.sort();
        asked
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::SeqCst);
        if let (Ok(_), Some(server)) = (TcpStream::connect(self.address), self.server.take()) {
            server.join().unwrap_or_default();
        }
    }
}

/// What it serves, and to whom.
struct Served {
    files: BTreeMap<String, Vec<u8>>,
    /// A line of the head, without which nothing is served.
    login: Option<String>,
}

fn serve(stream: TcpStream, served: &Served, notes: &Mutex<Vec<String>>) {
    if let Some((path, head)) = asked_for(&stream) {
        let is_let_in = served.login.as_ref().is_none_or(|login| head.contains(login));
        let file = served.files.get(&path);
        notes.lock().expect("nobody panics with it").push(path);
        let (status, body) = match file {
            _ if !is_let_in => ("401 Unauthorized", &b"who are you"[..]),
            Some(body) => ("200 OK", body.as_slice()),
            None => ("404 Not Found", &b"not found"[..]),
        };
        // Who has gone needs no answer.
        answer(stream, status, body).unwrap_or_default();
    }
}

/// The path of a request, without the escapes that clients make of `!` and of the `/` in a name; and the rest of its head.
fn asked_for(stream: &TcpStream) -> Option<(String, Vec<String>)> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next()?;
    let head = lines.take_while(|line| !line.is_empty()).map(as_header).collect();
    let path = first.split(' ').nth(1)?.replace("%21", "!").replace("%2f", "/");
    Some((path, head))
}

/// A line of a head; the names of headers are in any case.
fn as_header(line: String) -> String {
    match line.split_once(": ") {
        Some((name, value)) if name.eq_ignore_ascii_case("authorization") => format!("Authorization: {value}"),
        _ => line,
    }
}

fn answer(mut stream: TcpStream, status: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(body)
}

/// A module with one package, which has this text.
pub(crate) struct Module {
    pub(crate) path: &'static str,
    pub(crate) version: &'static str,
    pub(crate) manifest: String,
    pub(crate) source: String,
}

impl Module {
    /// The paths of its three files on a proxy: `info`, `mod`, `zip`.
    pub(crate) fn places(&self) -> [String; 3] {
        let escape = |c: char| match c {
            'A'..='Z' => format!("!{}", c.to_ascii_lowercase()),
            c => c.to_string(),
        };
        let path: String = self.path.chars().map(escape).collect();
        ["info", "mod", "zip"].map(|kind| format!("/{path}/@v/{}.{kind}", self.version))
    }

    /// Its files, as a proxy serves them.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let info = format!(
            "{{\"Version\":\"{}\",\"Time\":\"2024-02-03T04:05:06Z\",\"Origin\":{{\"VCS\":\"git\"}}}}",
            self.version
        );
        let contents = [info.into_bytes(), self.manifest.clone().into_bytes(), self.zip()];
        self.places().into_iter().zip(contents).collect()
    }

    /// The module as a zip file.
    pub(crate) fn zip(&self) -> Vec<u8> {
        let file = |name: &str, text: &str| (format!("{}@{}/{name}", self.path, self.version), text.to_owned());
        zip(&[file("go.mod", &self.manifest), file("module.go", &self.source)])
    }
}

/// A zip file of texts that are stored as they are.
fn zip(files: &[(String, String)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let (at, size) = (small(bytes.len()), small(text.len()).to_le_bytes());
        // Version 2.0, no flags, stored, on the first day of 1980.
        let mut about = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        about.extend(checksum(text.as_bytes()).to_le_bytes());
        about.extend(size.iter().chain(&size));
        about.extend(small(name.len()).to_le_bytes());
        bytes.extend(
            b"PK\x03\x04"
                .iter()
                .chain(&about)
                .chain(name.as_bytes())
                .chain(text.as_bytes()),
        );
        directory.extend(b"PK\x01\x02\x14\x00".iter().chain(&about));
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes().iter().chain(name.as_bytes()));
    }
    let (at, size, count) = (
        small(bytes.len()),
        small(directory.len()),
        small(files.len()).to_le_bytes(),
    );
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0".iter().chain(&count[..2]).chain(&count[..2]));
    bytes.extend(size.to_le_bytes().iter().chain(&at.to_le_bytes()).chain(&[0, 0]));
    bytes
}

fn small(number: usize) -> u32 {
    u32::try_from(number).expect("a small file")
}

/// CRC-32, as zip files have it.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !bytes
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}
