//! `farm publish`, to a folder and to a bucket on this machine.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::puppet::{self, action, plan};
use crate::support::Workspace;
use crate::{farm_snapshot, skip};

/// A workspace with one target that puts two files into `dist/site`.
fn workspace(more: &str) -> Workspace {
    let site = plan(&[action(
        "make",
        "mkdir -p out/pages; echo one > out/index.html; echo two > out/pages/two.txt",
    )]);
    puppet::workspace(&[("site", site)], more)
}

/// The names below a folder, sorted, and the version that is the one folder in it.
fn released(folder: &std::path::Path) -> (String, Vec<String>) {
    let mut versions = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name());
    let version = versions.next().expect("a version").into_string().expect("text");
    assert!(versions.next().is_none(), "one version");
    let mut files = Vec::new();
    let mut open = vec![folder.join(&version)];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder.join(&version)).expect("below");
                files.push(name.to_str().expect("text").to_owned());
            }
        }
    }
    files.sort();
    (version, files)
}

const FILES: [&str; 6] = [
    "SHA256SUMS",
    "manifest.json",
    "site.out.cdx.json",
    "site.provenance.json",
    "site/index.html",
    "site/pages/two.txt",
];

#[test]
fn a_release_in_a_folder_is_complete_and_written_once() {
    let workspace = workspace("[publish]\nto = \"releases\"\n");
    workspace.farm("publish --quiet").success();
    let folder = workspace.root().join("releases");
    let (version, files) = released(&folder);
    assert_eq!(files, FILES);
    let mut check = Command::new("sha256sum");
    check
        .args(["--check", "--quiet", "SHA256SUMS"])
        .current_dir(folder.join(version));
    assert!(check.status().expect("there is a sha256sum").success());
    let changed = || {
        fs::metadata(&folder)
            .and_then(|folder| folder.modified())
            .expect("there")
    };
    let before = changed();
    let again = workspace.farm("publish");
    assert!(again.text().contains("has all 4 files already"), "{}", again.text());
    assert_eq!(released(&folder).1, FILES);
    assert_eq!(changed(), before);
}

#[test]
fn a_version_is_taken_by_its_first_content() {
    let workspace = workspace("");
    workspace.farm("publish --quiet --to releases --as 1.0.0").success();
    let toml = workspace.read("farm.toml");
    workspace.write("farm.toml", &toml.replace("echo two", "echo three"));
    farm_snapshot!(workspace.farm("publish --quiet --to releases --as 1.0.0"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[publish::taken]: `releases` already has the version `1.0.0`, with other content
      hint: a release is written once; publish as another version with --as VERSION
    ");
    workspace.farm("publish --quiet --to releases --as 1.0.1").success();
}

#[test]
fn an_interrupted_publication_has_no_manifest_and_goes_on() {
    let workspace = workspace("");
    let in_the_way = "releases/1.0.0/site/pages/two.txt/x";
    workspace.write(in_the_way, "");
    let stopped = workspace.farm("publish --quiet --to releases --as 1.0.0");
    assert_eq!(stopped.code(), 1, "{}", stopped.text());
    assert!(!workspace.has("releases/1.0.0/manifest.json"));
    assert!(workspace.has("releases/1.0.0/SHA256SUMS"));
    workspace.remove("releases/1.0.0/site/pages/two.txt");
    workspace.farm("publish --quiet --to releases --as 1.0.0").success();
    assert!(workspace.has("releases/1.0.0/manifest.json"));
    assert_eq!(released(&workspace.root().join("releases")).1, FILES);
}

#[test]
fn mistakes_are_told() {
    let workspace = workspace("");
    farm_snapshot!(workspace.farm("publish --quiet"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[publish::no-destination]: there is no destination to publish to
      hint: name one with --to, or as `to` in [publish] of farm.toml: s3://bucket/prefix, or a folder
    ");
    farm_snapshot!(workspace.farm("publish --quiet --to s3://bucket/x"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[publish::no-credentials]: there are no credentials for the bucket
      hint: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN, if yours are temporary)
    ");
    farm_snapshot!(workspace.farm("publish --quiet --to ftp://host/x"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[publish::destination]: `ftp://host/x` is no destination: it does not start with `s3://`
      hint: write s3://bucket/prefix or a folder; `endpoint` in [publish] says where the bucket is served
    ");
    farm_snapshot!(workspace.farm("publish --quiet --to releases --as ../up"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[publish::version]: `../up` is no version: letters, digits, `-`, `_`, `+` and `.`, and no dot at its beginning
      hint: write --as 1.4.0, or leave it out
    ");
}

/// A server that speaks S3, on a free port of this machine. Stopped when dropped.
struct Moto {
    child: Child,
    address: String,
}

impl Moto {
    /// Starts it with a bucket; none where it is not installed.
    fn start() -> Option<Self> {
        let python = PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../target/tools/validators-venv/bin/python"
        ));
        if !python.is_file() {
            return None;
        }
        let mut command = Command::new(python);
        command
            .args(["-m", "moto.server", "-p", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, address) = line.split_once("http://")?;
            Some(address.split_whitespace().next()?.to_owned())
        });
        // A full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        let moto = Self {
            child,
            address: address.expect("it says where it listens"),
        };
        assert!(moto.ask("PUT", "/bucket").starts_with("HTTP/1.1 200"));
        Some(moto)
    }

    fn ask(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        // Whoever shows any signature is let in.
        let signature = "AWS4-HMAC-SHA256 Credential=key/20200101/us-east-1/s3/aws4_request";
        let host = format!("Host: localhost\r\nAuthorization: {signature}\r\nContent-Length: 0\r\nConnection: close");
        write!(stream, "{method} {path} HTTP/1.1\r\n{host}\r\n\r\n").expect("it listens");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A workspace that publishes there.
    fn workspace(&self) -> Workspace {
        let publish = format!(
            "[publish]\nto = \"s3://bucket/shop\"\nendpoint = \"http://{}\"\n",
            self.address
        );
        workspace(&publish)
            .variable("AWS_ACCESS_KEY_ID", "key")
            .variable("AWS_SECRET_ACCESS_KEY", "secret")
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_release_in_a_bucket_is_complete_and_written_once() {
    let Some(moto) = Moto::start() else {
        skip!("the S3 server is not installed: run scripts/setup");
    };
    let workspace = moto.workspace();
    let first = workspace.farm("publish --as 1.0.0");
    assert!(first.text().contains("published 4 files"), "{}", first.text());
    let listed = moto.ask("GET", "/bucket?list-type=2");
    for file in FILES {
        assert!(
            listed.contains(&format!("<Key>shop/1.0.0/{file}</Key>")),
            "{file}: {listed}"
        );
    }
    let page = moto.ask("GET", "/bucket/shop/1.0.0/site/index.html");
    assert!(
        page.ends_with("one\n") && page.to_lowercase().contains("content-type: text/html"),
        "{page}"
    );
    let again = workspace.farm("publish --as 1.0.0");
    assert!(again.text().contains("has all 4 files already"), "{}", again.text());
    // Without its manifest it is not finished: what is there is not sent again.
    assert!(
        moto.ask("DELETE", "/bucket/shop/1.0.0/manifest.json")
            .starts_with("HTTP/1.1 204")
    );
    assert!(
        moto.ask("DELETE", "/bucket/shop/1.0.0/site/index.html")
            .starts_with("HTTP/1.1 204")
    );
    let rest = workspace.farm("publish --as 1.0.0");
    assert!(rest.text().contains("published 1 files"), "{}", rest.text());
    let toml = workspace.read("farm.toml");
    workspace.write("farm.toml", &toml.replace("echo two", "echo three"));
    let taken = workspace.farm("publish --quiet --as 1.0.0");
    assert_eq!(taken.code(), 2, "{}", taken.text());
    workspace.write("farm.toml", &toml.replace("s3://bucket/", "s3://none/"));
    let no_bucket = workspace.farm("publish --quiet");
    assert!(
        no_bucket.code() == 1 && no_bucket.text().contains("NoSuchBucket"),
        "{}",
        no_bucket.text()
    );
}
