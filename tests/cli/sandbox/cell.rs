//! One run in a sandbox of its own, and what came of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use farm_engine::path::RelPath;
use farm_engine::sandbox::{Ending, Finished, Helper, Limits, SandboxError, Spec, Stream, Tier, run};
use tempfile::TempDir;
use tokio::sync::watch;

/// The tiers that shut a tool in.
pub(crate) const SHUT: [Tier; 2] = [Tier::L1, Tier::L2];
pub(crate) const ALL: [Tier; 3] = [Tier::L0, Tier::L1, Tier::L2];

/// A folder with a tree and a scratch folder, and the spec that a test bends to its needs.
pub(crate) struct Cell {
    folder: TempDir,
    pub(crate) spec: Spec,
}

/// How a run ended and what it printed.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) finished: Finished,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn helper() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_farm"))
}

impl Cell {
    pub(crate) fn new(tier: Tier) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (tree, scratch) = (folder.path().join("tree"), folder.path().join("scratch"));
        for folder in [&tree, &scratch] {
            std::fs::create_dir(folder).expect("a new folder");
        }
        let limits = Limits {
            timeout: Duration::from_secs(60),
            ..Limits::default()
        };
        let spec = Spec {
            tier,
            program: "/bin/sh".into(),
            arguments: Vec::new(),
            environment: vec![("PATH".into(), "/usr/bin:/bin".into())],
            tree,
            directory: RelPath::root(),
            paths: Vec::new(),
            stdout: None,
            binds: Vec::new(),
            shown: Vec::new(),
            caches: Vec::new(),
            toolchains: Vec::new(),
            network: false,
            sockets: Vec::new(),
            withheld: Vec::new(),
            scratch,
            limits,
        };
        Self { folder, spec }
    }

    /// A path of the host, which is private to this cell and outside its tree.
    pub(crate) fn outside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The tree, as the host sees it.
    pub(crate) fn tree(&self, name: &str) -> PathBuf {
        self.spec.tree.join(name)
    }

    /// Runs a script of the shell.
    pub(crate) fn shell(&self, script: &str) -> Outcome {
        self.script("/bin/sh", "script.sh", script)
    }

    /// Runs a script of the system's Python, whose prelude has [`PRELUDE`]'s words.
    pub(crate) fn python(&self, script: &str) -> Outcome {
        self.script("/usr/bin/python3", "script.py", &format!("{PRELUDE}\n{script}"))
    }

    fn script(&self, program: &str, name: &str, text: &str) -> Outcome {
        std::fs::write(self.tree(name), text).expect("the tree is writable");
        let mut spec = self.spec.clone();
        spec.program = program.into();
        spec.arguments = vec![spec.tree_inside().join(name).to_string_lossy().into_owned()];
        run_spec(&spec).expect("the sandbox can be set up")
    }
}

/// `attempt(f)` prints `ok` or the name of the error that `f` ends with.
const PRELUDE: &str = "
import ctypes, errno, os, socket, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
def attempt(f):
    try:
        f()
        print('ok')
    except OSError as e:
        print(errno.errorcode.get(e.errno, e.errno))
def call(*arguments):
    if libc.syscall(*arguments) == -1:
        raise OSError(ctypes.get_errno(), 'syscall')
";

/// Runs a spec and collects the output.
pub(crate) fn run_spec(spec: &Spec) -> Result<Outcome, SandboxError> {
    let (_sender, stop) = watch::channel(false);
    run_until(spec, stop, &mut |_, _| {})
}

/// Runs a spec that may be stopped; `heard` gets the output as it comes.
pub(crate) fn run_until(
    spec: &Spec,
    stop: watch::Receiver<bool>,
    heard: &mut (dyn FnMut(Stream, &[u8]) + Send),
) -> Result<Outcome, SandboxError> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut output = |stream: Stream, bytes: &[u8]| {
        heard(stream, bytes);
        match stream {
            Stream::Stdout => stdout.extend_from_slice(bytes),
            Stream::Stderr => stderr.extend_from_slice(bytes),
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    // The program of the test that kills farm, or the one under test.
    let program = std::env::var_os("FARM_TEST_HELPER").map_or_else(|| helper().to_owned(), PathBuf::from);
    let finished = runtime.block_on(run(&Helper::new(program), spec, None, &mut output, stop))?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Outcome {
        finished,
        stdout: text(stdout),
        stderr: text(stderr),
    })
}

impl Outcome {
    /// The lines of stdout, of a run that has to have gone well.
    pub(crate) fn lines(&self) -> Vec<&str> {
        assert_eq!(self.finished.ending, Ending::Exited(0), "{self:?}");
        self.stdout.lines().collect()
    }

    /// Fails unless every line of stdout is one of these.
    pub(crate) fn only(&self, allowed: &[&str]) {
        let lines = self.lines();
        assert!(
            !lines.is_empty() && lines.iter().all(|line| allowed.contains(line)),
            "{allowed:?} {self:?}"
        );
    }
}

/// The control group of this process, if it can have groups below it in which processes are counted.
pub(crate) fn groups() -> Option<PathBuf> {
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let (_, path) = own.lines().find_map(|line| line.split_once(":pids:"))?;
    let folder = PathBuf::from(format!("/sys/fs/cgroup/pids{path}"));
    let probe = folder.join(format!("farm-test-{}", std::process::id()));
    let made = std::fs::create_dir(&probe).and_then(|()| std::fs::remove_dir(&probe));
    made.is_ok().then_some(folder)
}

/// Whether a process with this word in its arguments is alive on the host.
pub(crate) fn is_alive(word: &str) -> bool {
    let found = Command::new("pgrep")
        .args(["-f", "--", word])
        .output()
        .expect("pgrep is there");
    found.status.success()
}

/// A word that no other process carries, for [`is_alive`]: a number of seconds that can be slept.
pub(crate) fn seconds() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("9{:07}{number:02}", std::process::id())
}

/// Waits for something that happens soon, and fails if it does not.
pub(crate) fn eventually(what: &str, mut happens: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !happens() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what} did not happen");
        std::thread::yield_now();
    }
}
