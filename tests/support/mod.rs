//! A workspace to run the real program in, shut off from the machine: a temporary folder with a cache of its own, and an
//! environment of the few variables that tools cannot do without; and how a test says that it cannot run here. Does not
//! know what the tests are about.

#![allow(dead_code, reason = "two test binaries share this, and each uses its part")]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A temporary workspace with its own cache.
pub(crate) struct Workspace {
    folder: TempDir,
    root: PathBuf,
    cache: PathBuf,
    variables: Vec<(OsString, OsString)>,
}

impl Workspace {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self::below("workspace")
    }

    /// An empty folder with this name.
    pub(crate) fn below(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let own = folder.path().canonicalize().expect("it is there");
        let root = own.join(name);
        fs::create_dir_all(&root).expect("made");
        Self {
            folder,
            root,
            cache: own.join("cache"),
            variables: Vec::new(),
        }
    }

    /// With a cache that others use, too.
    pub(crate) fn sharing(mut self, cache: &Path) -> Self {
        self.cache = cache.to_owned();
        self
    }

    /// With one more variable for the program.
    pub(crate) fn variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables
            .push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// With this `farm.toml`.
    pub(crate) fn with(farm_toml: &str) -> Self {
        let workspace = Self::new();
        workspace.write("farm.toml", farm_toml);
        workspace
    }

    /// The workspace's folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The cache's folder.
    pub(crate) fn cache(&self) -> PathBuf {
        self.cache.clone()
    }

    /// A folder for what belongs to the test and not into the workspace.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and makes its folders.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("made");
        fs::write(&path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }

    /// The program, ready to start: no variable reaches it but PATH and what is set here.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_farm"));
        command.args(arguments).current_dir(&self.root).env_clear();
        command.env("PATH", std::env::var_os("PATH").expect("tests need a PATH"));
        command
            .env("HOME", self.folder.path())
            .env("FARM_CACHE_DIR", self.cache());
        command
            .env("NO_COLOR", "1")
            .env("LC_ALL", "C")
            .stdin(std::process::Stdio::null());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs `farm` with these words to its end.
    pub(crate) fn farm(&self, line: &str) -> Ran<'_> {
        let output = self
            .command(line.split_whitespace())
            .output()
            .expect("the program starts");
        Ran {
            output,
            workspace: self,
        }
    }
}

/// What a run left.
#[must_use = "compare it with `farm_snapshot!`, or ask for success"]
pub(crate) struct Ran<'a> {
    output: Output,
    workspace: &'a Workspace,
}

impl Ran<'_> {
    /// Standard output, of a run that succeeded.
    pub(crate) fn success(self) -> String {
        assert!(self.output.status.success(), "{}", self.text());
        text_of(&self.output.stdout)
    }

    /// The exit code.
    pub(crate) fn code(&self) -> i32 {
        self.output.status.code().expect("it was not killed")
    }

    /// Standard output as JSON lines.
    pub(crate) fn events(&self) -> Vec<serde_json::Value> {
        let text = text_of(&self.output.stdout);
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("not JSON: {error}: {line}"));
        text.lines().map(parse).collect()
    }

    /// Exit code and both streams, with the temporary folder's name taken out.
    pub(crate) fn text(&self) -> String {
        let (out, err) = (text_of(&self.output.stdout), text_of(&self.output.stderr));
        let text = format!(
            "exit code: {}\n----- stdout -----\n{out}----- stderr -----\n{err}",
            self.code()
        );
        let folder = self.workspace.root.parent().expect("it has one");
        text.replace(&self.workspace.root.display().to_string(), "[WORKSPACE]")
            .replace(&folder.display().to_string(), "[TEMP]")
    }
}

/// Output is text.
fn text_of(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("farm writes UTF-8")
}

/// Ends the test, which cannot run on this machine, and says why; fails where nothing may be skipped.
#[macro_export]
macro_rules! skip {
    ($($reason:tt)+) => {{
        fn here() {}
        $crate::support::report_skipped(std::any::type_name_of_val(&here), &format!($($reason)+));
        return;
    }};
}

/// Tells of a skipped test, past the test harness, which hides what a test that passes prints.
pub(crate) fn report_skipped(place: &str, reason: &str) {
    let name = place.trim_end_matches("::here");
    assert!(
        std::env::var_os("FARM_REQUIRE_ALL").is_none_or(|value| value.is_empty()),
        "{name} cannot run, and FARM_REQUIRE_ALL lets nothing be skipped: {reason}"
    );
    writeln!(std::io::stderr(), "skipped: {name}: {reason}").expect("standard error is open");
}

/// Compares exit code and both streams with an inline snapshot; times, digests and sizes are taken out.
#[macro_export]
macro_rules! farm_snapshot {
    ($ran:expr, @$expected:literal) => {{
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(r"\b(\d+ min )?\d+(\.\d+)? s\b", "[TIME]");
        settings.add_filter(r"\b[0-9a-f]{12,64}\b", "[DIGEST]");
        settings.add_filter(r"\b\d+(\.\d+)? (B|kB|MB)\b", "[SIZE]");
        settings.bind(|| insta::assert_snapshot!($ran.text(), @$expected));
    }};
}
