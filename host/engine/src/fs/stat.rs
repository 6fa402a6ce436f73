//! What the system says of a file, without opening it.

use serde::{Deserialize, Serialize};

/// What kind of thing has a name in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, a socket, a device.
    Other,
}

impl Kind {
    /// From the system's own type.
    pub(super) fn from_system(kind: rustix::fs::FileType) -> Self {
        match kind {
            rustix::fs::FileType::RegularFile => Self::File,
            rustix::fs::FileType::Directory => Self::Folder,
            rustix::fs::FileType::Symlink => Self::Link,
            _ => Self::Other,
        }
    }
}

/// What the system says of a file; of a link itself, never of what it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stat {
    /// What it is.
    pub kind: Kind,
    /// Length in bytes.
    pub size: u64,
    /// Last change of the content, in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Last change of the content or of what is said here, in nanoseconds since 1970.
    pub ctime_ns: i64,
    /// Number of the file within its device.
    pub inode: u64,
    /// Number of the device.
    pub device: u64,
    /// Permission bits, setuid, setgid and sticky included.
    pub mode: u32,
    /// How many names the file has.
    pub links: u64,
    /// Number of the user it belongs to.
    pub owner: u32,
}

impl Stat {
    /// From the system's own record.
    #[expect(clippy::unnecessary_cast, reason = "the widths of the fields differ between systems")]
    pub(super) fn from_system(stat: &rustix::fs::Stat) -> Self {
        let nanoseconds = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Self {
            kind: Kind::from_system(rustix::fs::FileType::from_raw_mode(stat.st_mode)),
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mtime_ns: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            ctime_ns: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
            inode: stat.st_ino as u64,
            device: stat.st_dev as u64,
            mode: (stat.st_mode as u32) & 0o7777,
            links: stat.st_nlink as u64,
            owner: stat.st_uid,
        }
    }

    /// The same without what is not kept from one build to the next: how many names a file has, and whose it is.
    pub const fn as_kept(&self) -> Self {
        Self {
            links: 0,
            owner: 0,
            ..*self
        }
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.kind == Kind::File
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.kind == Kind::Folder
    }

    /// Whether nothing speaks for a change between the two: equal kind, size, times, inode and device.
    pub fn is_unchanged_since(&self, earlier: &Self) -> bool {
        let facts = |stat: &Self| {
            (
                stat.kind,
                stat.size,
                stat.mtime_ns,
                stat.ctime_ns,
                stat.inode,
                stat.device,
            )
        };
        facts(self) == facts(earlier)
    }
}
