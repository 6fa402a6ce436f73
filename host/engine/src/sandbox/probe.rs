//! Which tiers this system gives us, found out by really setting them up, and what to do where it does not.

use std::path::Path;
use std::time::Duration;

use super::run::rehearse;
use super::{Bind, Helper, Limits, SandboxError, Spec, Tier};
use crate::digest::{Digest, Hasher};
use crate::fs;
use crate::path::RelPath;

/// How long setting a sandbox up may take before it counts as impossible.
const PATIENCE: Duration = Duration::from_secs(10);
/// A folder that every system has; it stands in for the tree and the scratch folder, and nothing is written there.
const ANY_FOLDER: &str = "/usr";
/// A folder in it that every system has; it stands in for the place of a folder that is shown.
const ANY_NAME: &str = "bin";

/// Longest text that the kernel is expected to say, in bytes.
const MAX_TEXT: u64 = 64 << 10;
/// Lines of `/proc/self/status` that say what this process may do.
const RIGHTS: [&str; 6] = ["Uid:", "Gid:", "NoNewPrivs:", "Seccomp:", "CapEff:", "CapBnd:"];
/// The namespaces that a sandbox is made in.
const NAMESPACES: [&str; 5] = ["user", "mnt", "pid", "net", "ipc"];
/// Settings below `/proc/sys` that can forbid namespaces.
const SETTINGS: [&str; 3] = [
    "user/max_user_namespaces",
    "kernel/unprivileged_userns_clone",
    "kernel/apparmor_restrict_unprivileged_userns",
];

/// What the user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// As little as farm ever does: [`Tier::L0`].
    Off,
    /// The best that there is.
    Auto,
    /// The best that there is, but a failure when it is less than this.
    AtLeast(Tier),
    /// This one, so that results are the same ones on machines that differ in what they have; a failure when it cannot
    /// be had.
    Exactly(Tier),
}

/// The tiers that can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support {
    /// Whether L2 can show the folder that was asked about, and what lies below it on the same file system, as it is.
    pub shows: bool,
    /// Whether L1 can be had.
    pub l1: Result<(), Unavailable>,
    /// Whether L2 can be had.
    pub l2: Result<(), Unavailable>,
}

/// Why a tier cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// What is missing, as part of a sentence.
    pub reason: String,
    /// What to do about it, if anything can be done.
    pub remedy: Option<String>,
}

/// Digest of what decides on this system which tiers there are and what they can show of `folder`: the boot, the rights
/// and namespaces of this process, the kernel's settings, the folder's device. As long as it is the same, so is the answer
/// of [`probe`]. None where the system does not say.
pub fn system(folder: &Path) -> Option<Digest> {
    let mut hasher = Hasher::new();
    let text = |path: &str| fs::read_bounded(Path::new(path), MAX_TEXT).ok();
    hasher.field(&text("/proc/sys/kernel/random/boot_id")?);
    let status = String::from_utf8(text("/proc/self/status")?).ok()?;
    let rights = status
        .lines()
        .filter(|line| RIGHTS.iter().any(|name| line.starts_with(name)));
    rights.for_each(|line| hasher.field(line.as_bytes()));
    for name in NAMESPACES {
        let stat = fs::stat_followed(&Path::new("/proc/self/ns").join(name)).ok()??;
        hasher.field(&stat.inode.to_le_bytes());
    }
    for name in SETTINGS {
        hasher.field(&text(&format!("/proc/sys/{name}")).unwrap_or_default());
    }
    hasher.field(&fs::stat_followed(folder).ok()??.device.to_le_bytes());
    Some(hasher.finish())
}

/// Tries the tiers by running the helper, the strongest first, and whether `folder` can be shown as it is. Takes a few
/// milliseconds.
pub fn probe(helper: &Helper, folder: &Path) -> Support {
    let all = Spec {
        shown: vec![Bind {
            source: folder.to_path_buf(),
            at: RelPath::parse(ANY_NAME).unwrap_or_default(),
        }],
        ..nothing(Tier::L2)
    };
    if try_spec(helper, &all).is_ok() {
        return Support::ALL;
    }
    let l2 = try_spec(helper, &nothing(Tier::L2));
    let l1 = match &l2 {
        Ok(()) => Ok(()),
        Err(_) => try_spec(helper, &nothing(Tier::L1)),
    };
    Support { shows: false, l1, l2 }
}

impl Support {
    /// All that there can be.
    pub const ALL: Self = Self {
        shows: true,
        l1: Ok(()),
        l2: Ok(()),
    };

    /// The tier to run with. Fails, rather than take less than what was asked for.
    pub fn choose(&self, wanted: Wanted) -> Result<Tier, SandboxError> {
        match wanted {
            Wanted::Off => Ok(Tier::L0),
            Wanted::Auto => Ok(self.best()),
            Wanted::Exactly(tier) => self
                .get(tier)
                .map(|()| tier)
                .map_err(|why| SandboxError::Unavailable { tier, why: why.clone() }),
            Wanted::AtLeast(tier) => self
                .get(tier)
                .map(|()| self.best())
                .map_err(|why| SandboxError::Unavailable { tier, why: why.clone() }),
        }
    }

    /// Whether this tier can be had.
    pub fn get(&self, tier: Tier) -> Result<(), &Unavailable> {
        match tier {
            Tier::L0 => Ok(()),
            Tier::L1 => self.l1.as_ref().copied(),
            Tier::L2 => self.l2.as_ref().copied(),
        }
    }

    fn best(&self) -> Tier {
        let tiers = [Tier::L2, Tier::L1];
        tiers
            .into_iter()
            .find(|tier| self.get(*tier).is_ok())
            .unwrap_or(Tier::L0)
    }
}

fn try_spec(helper: &Helper, spec: &Spec) -> Result<(), Unavailable> {
    match rehearse(helper, spec, PATIENCE) {
        Ok(_) => Ok(()),
        Err(SandboxError::Setup { step, source, .. }) => Err(Unavailable {
            remedy: remedy(&step, source.raw_os_error().unwrap_or_default()),
            reason: format!("{step}: {source}"),
        }),
        Err(error) => Err(Unavailable {
            reason: error.to_string(),
            remedy: None,
        }),
    }
}

/// A run of nothing.
fn nothing(tier: Tier) -> Spec {
    Spec {
        tier,
        program: Path::new(ANY_FOLDER).join("nothing"),
        arguments: Vec::new(),
        environment: Vec::new(),
        tree: ANY_FOLDER.into(),
        directory: RelPath::root(),
        binds: Vec::new(),
        shown: Vec::new(),
        caches: Vec::new(),
        toolchains: Vec::new(),
        network: false,
        sockets: Vec::new(),
        withheld: Vec::new(),
        scratch: ANY_FOLDER.into(),
        limits: Limits {
            timeout: PATIENCE,
            ..Limits::default()
        },
    }
}

#[cfg(not(target_os = "linux"))]
fn remedy(_step: &str, _errno: i32) -> Option<String> {
    None
}

#[cfg(target_os = "linux")]
fn remedy(step: &str, errno: i32) -> Option<String> {
    remedy_for(step, errno, &|setting| super::helper::read_setting(setting))
}

/// The command to type. `setting` reads a file below `/proc/sys`.
#[cfg(target_os = "linux")]
fn remedy_for(step: &str, errno: i32, setting: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let is = |name: &str, value: &str| setting(name).as_deref() == Some(value);
    let text = if step == "landlock" {
        match errno {
            libc::EOPNOTSUPP => "add `landlock` to the `lsm=` boot parameter of the kernel and restart",
            libc::EPERM => "let the container's seccomp profile pass the `landlock_*` system calls",
            _ => "use a kernel from 5.13 on with CONFIG_SECURITY_LANDLOCK=y",
        }
    } else if is("user/max_user_namespaces", "0") {
        "allow user namespaces: `sudo sysctl -w user.max_user_namespaces=15000`"
    } else if is("kernel/unprivileged_userns_clone", "0") {
        "allow user namespaces: `sudo sysctl -w kernel.unprivileged_userns_clone=1`"
    } else if is("kernel/apparmor_restrict_unprivileged_userns", "1") {
        "give farm's binary an AppArmor profile with the rule `userns,`, or allow all: `sudo sysctl -w \
         kernel.apparmor_restrict_unprivileged_userns=0`"
    } else if step == "new namespaces" && errno == libc::EPERM {
        "in a container, start it with `--security-opt seccomp=unconfined`, or ask for less with `--sandbox L1`"
    } else if step.starts_with("mount") || step.starts_with("pivot") {
        "in a container, start it with `--security-opt apparmor=unconfined --security-opt seccomp=unconfined \
         --security-opt systempaths=unconfined`, or ask for less with `--sandbox L1`"
    } else if step == "new namespaces" {
        "use a kernel with CONFIG_USER_NS, CONFIG_PID_NS, CONFIG_NET_NS, CONFIG_IPC_NS and CONFIG_UTS_NS"
    } else {
        return None;
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without_l2() -> Support {
        let why = Unavailable {
            reason: "new namespaces: EPERM".into(),
            remedy: Some("type this".into()),
        };
        Support {
            shows: false,
            l1: Ok(()),
            l2: Err(why),
        }
    }

    #[test]
    fn c26_a_wanted_tier_is_never_silently_lowered() {
        let error = without_l2()
            .choose(Wanted::AtLeast(Tier::L2))
            .expect_err("L2 is not there");
        let problem = crate::error::Problem::from(error);
        assert_eq!(problem.code, "sandbox::unavailable");
        assert_eq!(problem.class, crate::error::Class::Policy);
        assert_eq!(problem.hints, ["type this"]);
    }

    #[test]
    fn auto_takes_the_best_there_is() {
        let support = without_l2();
        assert_eq!(support.choose(Wanted::Auto).ok(), Some(Tier::L1));
        assert_eq!(support.choose(Wanted::AtLeast(Tier::L1)).ok(), Some(Tier::L1));
        assert_eq!(support.choose(Wanted::Off).ok(), Some(Tier::L0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn c26_the_remedy_names_the_setting_that_is_in_the_way() {
        let restricted = |name: &str| (name == "kernel/apparmor_restrict_unprivileged_userns").then(|| "1".to_owned());
        let text = remedy_for("mount private", libc::EACCES, &restricted).expect("a remedy");
        assert!(
            text.contains("kernel.apparmor_restrict_unprivileged_userns=0"),
            "{text}"
        );
        let none = |name: &str| (name == "user/max_user_namespaces").then(|| "0".to_owned());
        let text = remedy_for("new namespaces", libc::ENOSPC, &none).expect("a remedy");
        assert!(text.contains("user.max_user_namespaces"), "{text}");
        let text = remedy_for("landlock", libc::EOPNOTSUPP, &|_| None).expect("a remedy");
        assert!(text.contains("lsm="), "{text}");
    }
}
