//! What is in an unpacked image, started in a root of its own. Does not know what is tested.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::tools::run;

/// What an unpacked image starts, on a free port of loopback.
pub(super) struct Server {
    child: Child,
    pub(super) address: String,
}

/// A command that has another root, as the user of an image and in one of its folders. Only root can do so.
pub(super) fn inside(root: &Path, folder: &str) -> Command {
    let mut command = Command::new("unshare");
    command.arg("--root").arg(root).arg("--wd").arg(folder);
    command.args(["--setgid", "65532", "--setuid", "65532", "--"]);
    command
}

/// What umoci has made of an image's configuration: the words to start, the folder, and the variables.
pub(super) struct Process {
    pub(super) words: Vec<String>,
    pub(super) folder: String,
    pub(super) env: Vec<(String, String)>,
}

impl Process {
    pub(super) fn of(bundle: &Path) -> Self {
        let config = std::fs::read_to_string(bundle.join("config.json")).expect("umoci wrote it");
        let config: Value = serde_json::from_str(&config).expect("JSON");
        let process = &config["process"];
        let pair = |line: &String| {
            let (name, value) = line.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        Self {
            words: words(&process["args"]),
            folder: process["cwd"].as_str().expect("a folder").to_owned(),
            env: words(&process["env"]).iter().filter_map(pair).collect(),
        }
    }
}

impl Server {
    /// The image's own arguments come first, then `args`; the program says where it listens after `marker`.
    pub(super) fn start(bundle: &Path, args: &[&str], env: &[(&str, &str)], marker: &str) -> Self {
        let process = Process::of(bundle);
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let mut command = inside(&bundle.join("rootfs"), &process.folder);
        command.args(&process.words).args(args);
        command.env_clear().envs(process.env).envs(env.iter().copied());
        command
            .stdin(Stdio::null())
            .stdout(writer.try_clone().expect("a pipe"))
            .stderr(writer);
        let child = command.spawn().expect("there is an unshare");
        // It holds the ends that are written to.
        drop(command);
        let mut lines = BufReader::new(reader).lines();
        let mut said = String::new();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            said += &line;
            let (_, address) = line.split_once(marker)?;
            address.split_whitespace().next().map(str::to_owned)
        });
        std::thread::spawn(move || lines.for_each(drop));
        let address = address.unwrap_or_else(|| panic!("it did not start: {said}"));
        Self { child, address }
    }

    /// The back end, with the front end.
    pub(super) fn notes(bundle: &Path, env: &[(&str, &str)]) -> Self {
        let on_loopback = ["--host", "127.0.0.1", "--port", "0"];
        Self::start(bundle, &on_loopback, env, "running on http://")
    }

    /// The service that publishes the board of this back end.
    pub(super) fn feed(bundle: &Path, notes: &Self) -> Self {
        let url = format!("http://{}", notes.address);
        let on_loopback = ["-listen", "127.0.0.1:0"];
        Self::start(bundle, &on_loopback, &[("NOTES_URL", url.as_str())], "listening at ")
    }

    pub(super) fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.0\r\n\r\n"))
    }

    pub(super) fn post(&self, path: &str, body: &str) -> String {
        let length = body.len();
        self.ask(&format!(
            "POST {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.write_all(request.as_bytes()).expect("it listens");
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

fn words(list: &Value) -> Vec<String> {
    let list = list.as_array().cloned().unwrap_or_default();
    list.iter()
        .filter_map(|word| word.as_str().map(str::to_owned))
        .collect()
}

/// Whether this is root.
pub(super) fn is_root() -> bool {
    run(Command::new("id").arg("-u")).trim() == "0"
}
