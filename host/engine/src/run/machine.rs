//! What the machine has to spare: memory for actions, and whether it is short of it right now.
//!
//! Only Linux says so, in files; elsewhere there is no bound and no pressure. Does not know what is done about it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::fs;

/// Pressure is looked at no more often than this.
const SAMPLE_EVERY: Duration = Duration::from_millis(250);
/// Share of the last ten seconds, in percent, in which some process waited for memory: more than this is pressure.
const PRESSURE: f64 = 20.0;
/// What is left to the rest of the machine: this part of what is there, and at least so many bytes.
const RESERVE: (u64, u64) = (8, 256 << 20);
/// Longest file that is read, in bytes.
const MAX_BYTES: u64 = 64 << 10;

/// The machine, as its kernel describes it.
#[derive(Debug)]
pub(super) struct Machine {
    /// Where `/` is.
    root: PathBuf,
    /// When pressure was looked at last, and whether there was any.
    sample: Option<(Instant, bool)>,
}

impl Machine {
    /// The machine whose root folder this is.
    pub(super) fn at(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            sample: None,
        }
    }

    /// Bytes that actions may take together: what is free now, for the machine and for this process's control group and
    /// those above it, without the reserve. None when the machine does not say.
    pub(super) fn memory(&self) -> Option<u64> {
        let free = available(&self.read("proc/meminfo")?)?;
        let group = self.read("proc/self/cgroup");
        let group = group.as_deref().and_then(group_path).unwrap_or_default();
        let groups = Path::new(group).ancestors().filter_map(|group| self.group_room(group));
        let free = groups.fold(free, u64::min);
        let (part, least) = RESERVE;
        Some(free.saturating_sub((free / part).max(least)))
    }

    /// Whether the machine is short of memory; never where its kernel does not say.
    pub(super) fn is_pressed(&mut self, now: Instant) -> bool {
        if let Some((then, pressed)) = self.sample
            && now.saturating_duration_since(then) < SAMPLE_EVERY
        {
            return pressed;
        }
        let share = self.read("proc/pressure/memory").and_then(|text| some_avg10(&text));
        let pressed = share.is_some_and(|share| share > PRESSURE);
        self.sample = Some((now, pressed));
        pressed
    }

    /// Bytes that a control group may still take; none where it has no limit.
    fn group_room(&self, group: &Path) -> Option<u64> {
        let folder = Path::new("sys/fs/cgroup").join(group);
        let read = |name: &str| self.read(folder.join(name));
        let limit: u64 = read("memory.max")?.trim().parse().ok()?;
        let current: u64 = read("memory.current")?.trim().parse().ok()?;
        // Files that were read long ago are given up before anything is short.
        let files = read("memory.stat").and_then(|text| number_after(&text, "inactive_file "));
        Some(limit.saturating_sub(current.saturating_sub(files.unwrap_or(0))))
    }

    fn read(&self, path: impl AsRef<Path>) -> Option<String> {
        let bytes = fs::read_bounded(&self.root.join(path), MAX_BYTES).ok()?;
        String::from_utf8(bytes).ok()
    }
}

/// The bytes of `MemAvailable` in `/proc/meminfo`.
fn available(meminfo: &str) -> Option<u64> {
    number_after(meminfo, "MemAvailable:").map(|kibibytes| kibibytes.saturating_mul(1024))
}

/// The path of the version 2 control group in `/proc/self/cgroup`, from the root of all groups.
fn group_path(text: &str) -> Option<&str> {
    let path = text.lines().find_map(|line| line.strip_prefix("0::"))?;
    // A group outside this namespace is shown with `..`: what lies there cannot be seen.
    let path = path.trim_start_matches('/');
    (!path.split('/').any(|part| part == "..")).then_some(path)
}

/// The number that follows a word at the start of a line.
fn number_after(text: &str, word: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(word))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// `some avg10` of a pressure file, in percent.
fn some_avg10(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let value = line.split_whitespace().find_map(|word| word.strip_prefix("avg10="))?;
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// A root folder with these files.
    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dirs(path.parent().expect("a parent")).expect("made");
            fs::write_atomic(&path, text.as_bytes(), fs::Sync::Lazy).expect("written");
        }
        root
    }

    fn memory(files: &[(&str, &str)]) -> Option<u64> {
        Machine::at(root(files).path()).memory()
    }

    const MEMINFO: (&str, &str) = (
        "proc/meminfo",
        "MemTotal:       33554432 kB\nMemFree:         1024 kB\nMemAvailable:   16777216 kB\n",
    );
    const GROUP: (&str, &str) = ("proc/self/cgroup", "1:name=systemd:/x\n0::/build/job\n");

    #[test]
    fn a_part_of_what_is_available_is_left_to_others() {
        assert_eq!(memory(&[MEMINFO]), Some(14 * GIB));
        let small = ("proc/meminfo", "MemAvailable: 524288 kB\n");
        assert_eq!(memory(&[small]), Some(256 << 20));
        let tiny = ("proc/meminfo", "MemAvailable: 1024 kB\n");
        assert_eq!(memory(&[tiny]), Some(0));
    }

    #[test]
    fn a_machine_that_does_not_say_has_no_bound() {
        assert_eq!(memory(&[]), None);
        assert_eq!(
            memory(&[("proc/meminfo", "MemTotal: 1 kB\nMemAvailable: many\n")]),
            None
        );
    }

    #[test]
    fn the_tightest_control_group_counts() {
        let unlimited = ("sys/fs/cgroup/build/job/memory.max", "max\n");
        let limit = ("sys/fs/cgroup/build/memory.max", "8589934592\n");
        let current = ("sys/fs/cgroup/build/memory.current", "3221225472\n");
        let stat = ("sys/fs/cgroup/build/memory.stat", "anon 5\ninactive_file 3221225472\n");
        assert_eq!(memory(&[MEMINFO, GROUP, unlimited]), Some(14 * GIB));
        assert_eq!(
            memory(&[MEMINFO, GROUP, unlimited, limit, current, stat]),
            Some(7 * GIB)
        );
        let full = ("sys/fs/cgroup/build/memory.current", "9589934592\n");
        assert_eq!(memory(&[MEMINFO, GROUP, limit, full]), Some(0));
        let outside = ("proc/self/cgroup", "0::/../build\n");
        assert_eq!(memory(&[MEMINFO, outside, limit, full]), Some(14 * GIB));
    }

    #[test]
    fn pressure_is_what_some_wait_for() {
        let at = |share: &str| {
            let text = format!("some avg10={share} avg60=90.00 avg300=1.00 total=5\nfull avg10=99.00 total=1\n");
            let root = root(&[("proc/pressure/memory", text.as_str())]);
            Machine::at(root.path()).is_pressed(Instant::now())
        };
        assert!(!at("0.00"));
        assert!(!at("20.00"));
        assert!(at("20.01"));
        assert!(!Machine::at(root(&[]).path()).is_pressed(Instant::now()));
    }

    #[test]
    fn pressure_is_looked_at_now_and_then() {
        let calm = ("proc/pressure/memory", "some avg10=0.00 avg60=0.00\n");
        let root = root(&[calm]);
        let mut machine = Machine::at(root.path());
        let start = Instant::now();
        assert!(!machine.is_pressed(start));
        let path = root.path().join(calm.0);
        fs::write_atomic(&path, b"some avg10=80.00 avg60=0.00\n", fs::Sync::Lazy).expect("written");
        assert!(!machine.is_pressed(start + SAMPLE_EVERY / 2), "the sample still counts");
        assert!(machine.is_pressed(start + SAMPLE_EVERY));
    }
}
