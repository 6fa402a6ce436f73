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
        self.write_bytes(path, text.as_bytes());
    }

    /// The same for content that is no text.
    pub(crate) fn write_bytes(&self, path: &str, bytes: &[u8]) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("made");
        fs::write(&path, bytes).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }

    /// The text of a file.
    pub(crate) fn read(&self, path: &str) -> String {
        let path = self.root.join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
    }

    /// Removes a file or a folder.
    pub(crate) fn remove(&self, path: &str) {
        let path = self.root.join(path);
        let removed = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.unwrap_or_else(|error| panic!("cannot remove {}: {error}", path.display()));
    }

    /// Whether something is there, a link that leads nowhere included.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.root.join(path).symlink_metadata().is_ok()
    }

    /// A folder outside the workspace that tests may put things in.
    pub(crate) fn outside(&self) -> &Path {
        self.folder.path()
    }

    /// The command lines of all processes that work in this workspace's folders, or name them in their command.
    pub(crate) fn processes(&self) -> Vec<String> {
        self.process_ids()
            .into_iter()
            .map(command_line)
            .filter(|line| !line.is_empty())
            .collect()
    }

    /// The ids of those processes.
    pub(crate) fn process_ids(&self) -> Vec<i32> {
        let here = self.folder.path().canonicalize().expect("it is there");
        let name = here.display().to_string();
        let is_ours = |id: &i32| {
            let links = ["cwd", "root"].map(|link| fs::read_link(format!("/proc/{id}/{link}")));
            let works_here = links.into_iter().flatten().any(|link| link.starts_with(&here));
            works_here || command_line(*id).contains(&name)
        };
        let entries = fs::read_dir("/proc").expect("a proc").flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter(is_ours).collect()
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

    /// The same in this very tier: `off`, `L1` or `L2`. A build takes the strongest tier there is, so for `L1` the
    /// program runs where namespaces are not to be had.
    pub(crate) fn command_at<const N: usize>(&self, tier: &str, arguments: [&str; N]) -> Command {
        let sandbox = ["--sandbox", tier];
        let farm = self.command(arguments.iter().chain(&sandbox));
        if tier != "L1" {
            return farm;
        }
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-current-user", "--keep-caps", "sh", "-c"]);
        command.arg("echo 0 > /proc/sys/user/max_user_namespaces && exec \"$@\"");
        command.arg("sh").arg(farm.get_program()).args(farm.get_args());
        command.current_dir(&self.root).env_clear();
        command.envs(farm.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.stdin(std::process::Stdio::null());
        command
    }

    /// Runs `farm` with these words to its end.
    pub(crate) fn farm(&self, line: &str) -> Ran<'_> {
        self.ran(&mut self.command(line.split_whitespace()))
    }

    /// Runs a command that was made by [`Self::command`] to its end.
    pub(crate) fn ran(&self, command: &mut Command) -> Ran<'_> {
        let output = command.output().expect("the program starts");
        Ran {
            output,
            workspace: self,
        }
    }

    /// Builds everything, which has to succeed.
    pub(crate) fn build(&self) -> Counted {
        self.farm("build --json").counted()
    }
}

/// The command line of a process; empty when it has ended.
fn command_line(id: i32) -> String {
    let bytes = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

/// How the actions of a successful build ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) ran: u64,
    pub(crate) cached: u64,
    pub(crate) up_to_date: u64,
}

/// So many ran, came from the cache, and were up to date.
pub(crate) const fn counted(ran: u64, cached: u64, up_to_date: u64) -> Counted {
    Counted {
        ran,
        cached,
        up_to_date,
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

    /// How the actions ended, of a build with `--json` that succeeded.
    pub(crate) fn counted(self) -> Counted {
        assert!(self.output.status.success(), "{}", self.text());
        let last = self.last();
        assert_eq!(last["ok"], true, "{}", self.text());
        let count = |name: &str| last["counts"][name].as_u64().expect("a number");
        counted(count("ran"), count("cached"), count("up_to_date"))
    }

    /// The last event, `build-finished`.
    pub(crate) fn last(&self) -> serde_json::Value {
        let last = self
            .events()
            .pop()
            .unwrap_or_else(|| panic!("no events: {}", self.text()));
        assert_eq!(last["event"], "build-finished", "{}", self.text());
        last
    }

    /// The events of this name.
    pub(crate) fn events_named(&self, name: &str) -> Vec<serde_json::Value> {
        self.events()
            .into_iter()
            .filter(|event| event["event"] == name)
            .collect()
    }

    /// The problems that were told, by code.
    pub(crate) fn problem_codes(&self) -> Vec<String> {
        let problems = self.events_named("problem-found").into_iter();
        let code = |event: serde_json::Value| event["problem"]["code"].as_str().expect("a code").to_owned();
        problems.map(code).collect()
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

/// Compares exit code and both streams with an inline snapshot; times, digests, sizes and what depends on the machine are
/// taken out.
#[macro_export]
macro_rules! farm_snapshot {
    ($ran:expr, @$expected:literal) => {
        $crate::support::snapshot_settings().bind(|| insta::assert_snapshot!($ran.text(), @$expected))
    };
    ($ran:expr, $name:literal) => {
        $crate::support::snapshot_settings().bind(|| insta::assert_snapshot!($name, $ran.text()))
    };
}

/// What differs from run to run, as a word for what it is.
pub(crate) fn snapshot_settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\(sandbox L[012], \d+ jobs?\)", "(sandbox [TIER], [JOBS])");
    settings.add_filter(r"\b(\d+ min )?\d+(\.\d+)? s\b", "[TIME]");
    settings.add_filter(r"\b[0-9a-f]{12,64}\b", "[DIGEST]");
    settings.add_filter(r"\b\d+(\.\d+)? (B|kB|MB)\b", "[SIZE]");
    settings
}
