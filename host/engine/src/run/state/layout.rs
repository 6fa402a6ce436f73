//! The state file's bytes: a table of paths with what was last seen there, which is looked at without being parsed, and
//! behind it the records of the targets.
//!
//! All numbers are little-endian. Paths are grouped by their folders, both sorted by bytes, so that whoever
//! checks them opens each folder once and whoever looks one up needs no table in memory. Does not know what a target is.

use std::cmp::Ordering;
use std::sync::Arc;

use super::seal;
use crate::digest::Digest;
use crate::fs::{Kind, Stat};

/// What the file starts with; the digits are the version of the format. History: 1, JSON; 2, this; 3, sealed in pieces,
/// with the digest of the configuration and the packages of artifacts; 4, with what describes targets and artifacts; 5, with
/// the last good build of targets that are not good now.
pub(super) const MAGIC: &seal::Magic = b"farm state 0005\n";
/// Bytes of what every sealed file starts with, and of the five lengths behind that.
const HEAD: usize = seal::HEAD + LENGTHS * 8;
const LENGTHS: usize = 5;
/// Bytes of one path's entry.
const ENTRY: usize = 96;
/// Bytes of one folder's entry.
const FOLDER: usize = 16;
/// Bytes of what is known of a file behind a link.
const REAL: usize = 56;
/// Bytes of what the system says of a path.
const STAT: usize = 45;
/// What marks an entry of content.
const CONTENT: u8 = 2;

/// What was seen at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::run) enum Seen {
    /// It has to be looked at again, whatever is there.
    Unknown,
    /// No more than its kind, links followed; none where nothing was there.
    Kind(Option<Kind>),
    /// A file with these bytes, or a folder with these names.
    Content {
        /// What the system said of it.
        stat: Stat,
        /// Digest of the bytes or of the names.
        digest: Digest,
    },
    /// A link.
    Link {
        /// What the system said of it.
        stat: Stat,
        /// What the system said of what it leads to; none where that is nothing.
        real: Option<Stat>,
        /// Digest of the bytes that it leads to, where they were read.
        digest: Option<Digest>,
    },
}

/// What was seen at a path, and how far that can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::run) struct Entry {
    /// What.
    pub(in crate::run) seen: Seen,
    /// Whether every later change shows in the stats.
    pub(in crate::run) settled: bool,
}

/// A state file in memory.
#[derive(Debug, Clone)]
pub(in crate::run) struct View {
    bytes: Arc<Vec<u8>>,
    /// Where each section starts; the last one ends with the file.
    folders: usize,
    entries: usize,
    reals: usize,
    strings: usize,
    records: usize,
    folder_count: usize,
    entry_count: usize,
}

/// A folder and the entries in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::run) struct FolderView<'a> {
    /// From the workspace's root; empty for the root itself.
    pub(in crate::run) path: &'a str,
    /// Number of its first entry.
    pub(in crate::run) first: usize,
    /// How many it has.
    pub(in crate::run) count: usize,
}

impl View {
    /// Takes the bytes of a sealed file; none where they are not what [`encode`] gave.
    pub(super) fn new(bytes: Vec<u8>) -> Option<Self> {
        if bytes.len() < HEAD {
            return None;
        }
        let length = |at: usize| usize::try_from(u64_at(&bytes, seal::HEAD + at * 8)).ok();
        let (folder_count, entry_count) = (length(0)?, length(1)?);
        let entries = HEAD.checked_add(folder_count.checked_mul(FOLDER)?)?;
        let reals = entries.checked_add(entry_count.checked_mul(ENTRY)?)?;
        let strings = reals.checked_add(length(2)?.checked_mul(REAL)?)?;
        let records = strings.checked_add(length(3)?)?;
        (records.checked_add(length(4)?)? == bytes.len()).then_some(Self {
            folders: HEAD,
            entries,
            reals,
            strings,
            records,
            folder_count,
            entry_count,
            bytes: Arc::new(bytes),
        })
    }

    /// How many folders there are.
    pub(in crate::run) const fn folder_count(&self) -> usize {
        self.folder_count
    }

    /// How many paths there are.
    pub(in crate::run) const fn entry_count(&self) -> usize {
        self.entry_count
    }

    /// A folder, by its number.
    pub(in crate::run) fn folder(&self, number: usize) -> FolderView<'_> {
        let at = self.folders + number * FOLDER;
        FolderView {
            path: self.text(u32_at(&self.bytes, at), u32_at(&self.bytes, at + 4)),
            first: u32_at(&self.bytes, at + 8) as usize,
            count: u32_at(&self.bytes, at + 12) as usize,
        }
    }

    /// The name of an entry in its folder.
    pub(in crate::run) fn name(&self, number: usize) -> &str {
        let at = self.entries + number * ENTRY;
        self.text(u32_at(&self.bytes, at), u32_at(&self.bytes, at + 4))
    }

    /// The path of an entry.
    pub(in crate::run) fn path(&self, number: usize) -> String {
        let in_order = |at: usize| {
            let folder = self.folder(at);
            if number < folder.first {
                Ordering::Greater
            } else if number < folder.first + folder.count {
                Ordering::Equal
            } else {
                Ordering::Less
            }
        };
        let folder = search(self.folder_count, in_order).map_or("", |at| self.folder(at).path);
        match (folder, self.name(number)) {
            ("", name) => name.to_owned(),
            (folder, name) => format!("{folder}/{name}"),
        }
    }

    /// An entry, by its number.
    pub(in crate::run) fn entry(&self, number: usize) -> Entry {
        let at = self.entries + number * ENTRY;
        let entry = &self.bytes[at..at + ENTRY];
        let (code, detail) = (entry[8], entry[9]);
        let digest = || Digest::from_bytes(entry[64..96].try_into().expect("32 bytes"));
        let stat = || stat_at(entry, 16);
        let seen = match code {
            1 => Seen::Kind(kind_of(detail)),
            CONTENT => Seen::Content {
                stat: stat(),
                digest: digest(),
            },
            3 => Seen::Link {
                stat: stat(),
                real: self.real(u32_at(entry, 12)),
                digest: (detail == 1).then(digest),
            },
            _ => Seen::Unknown,
        };
        Entry {
            seen,
            settled: entry[10] == 1,
        }
    }

    /// Number of the entry of a path.
    pub(in crate::run) fn find(&self, path: &str) -> Option<usize> {
        let (folder, name) = split(path);
        let folder = self.folder(search(self.folder_count, |at| self.folder(at).path.cmp(folder))?);
        search(folder.count, |at| self.name(folder.first + at).cmp(name)).map(|at| folder.first + at)
    }

    /// What stands behind the table.
    pub(in crate::run) fn records(&self) -> &[u8] {
        &self.bytes[self.records..]
    }

    /// Whether an entry is of the content of a file or a folder.
    pub(in crate::run) fn is_content(&self, number: usize) -> bool {
        self.bytes[self.entries + number * ENTRY + 8] == CONTENT
    }

    /// Whether an entry is of content that shows no trace of a change, if this is what the system says of it now.
    pub(in crate::run) fn is_unchanged(&self, number: usize, now: &Stat) -> bool {
        let at = self.entries + number * ENTRY;
        let entry = &self.bytes[at..at + ENTRY];
        let mut stat = [0; STAT];
        write_stat(&mut stat, now);
        entry[8] == CONTENT && entry[10] == 1 && entry[16..16 + STAT] == stat
    }

    /// The whole file with new stats for some entries, whose content is still the same.
    pub(in crate::run) fn with_stats(&self, fresh: &[(usize, Stat, bool)]) -> Vec<u8> {
        let mut bytes = self.bytes.to_vec();
        for (number, stat, settled) in fresh {
            let at = self.entries + number * ENTRY;
            write_stat(&mut bytes[at + 16..at + 16 + STAT], stat);
            bytes[at + 10] = u8::from(*settled);
        }
        seal::seal(bytes)
    }

    /// The whole file with other records and something else seen at some paths, by number; none where that takes more
    /// than these places, as a link may.
    pub(in crate::run) fn with_entries<'e>(
        &self,
        changed: impl Iterator<Item = (usize, &'e Entry)>,
        records: &[u8],
    ) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.records + records.len());
        bytes.extend(&self.bytes[..self.records]);
        for (number, entry) in changed.filter(|(number, entry)| self.entry(*number) != **entry) {
            let at = self.entries + number * ENTRY;
            let (mut place, mut reals) = (Vec::with_capacity(ENTRY), Vec::new());
            put_entry(&mut place, &mut reals, entry);
            if !reals.is_empty() {
                return None;
            }
            bytes[at + 8..at + ENTRY].copy_from_slice(&place);
        }
        let length = seal::HEAD + (LENGTHS - 1) * 8;
        bytes[length..length + 8].copy_from_slice(&(records.len() as u64).to_le_bytes());
        bytes.extend(records);
        Some(seal::seal(bytes))
    }

    fn real(&self, number: u32) -> Option<Stat> {
        let at = self.reals + (number.checked_sub(1)? as usize) * REAL;
        (at + REAL <= self.strings).then(|| stat_at(&self.bytes, at))
    }

    fn text(&self, start: u32, length: u32) -> &str {
        let start = self.strings + start as usize;
        let bytes = self.bytes.get(start..start + length as usize).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

/// A path as its folder and its name there, and what was seen.
pub(in crate::run) type Row<'a> = ((&'a str, &'a str), Entry);

/// The bytes of a state: what was seen at each path, sorted and each once, and the records.
pub(in crate::run) fn encode(rows: &[Row<'_>], records: &[u8]) -> Vec<u8> {
    let (mut folders, mut entries, mut reals, mut strings) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut last: Option<&str> = None;
    for (number, ((folder, name), entry)) in rows.iter().enumerate() {
        if last != Some(*folder) {
            last = Some(folder);
            put_text(&mut folders, &mut strings, folder);
            folders.extend(to_u32(number).to_le_bytes());
            folders.extend(0_u32.to_le_bytes());
        }
        let count = folders.len() - 4;
        let in_folder = u32_at(&folders, count) + 1;
        folders[count..].copy_from_slice(&in_folder.to_le_bytes());
        put_text(&mut entries, &mut strings, name);
        put_entry(&mut entries, &mut reals, entry);
    }
    let lengths = [
        folders.len() / FOLDER,
        entries.len() / ENTRY,
        reals.len() / REAL,
        strings.len(),
        records.len(),
    ];
    let mut bytes = seal::start(MAGIC);
    bytes.reserve(HEAD + folders.len() + entries.len() + reals.len() + strings.len() + records.len());
    lengths
        .iter()
        .for_each(|length| bytes.extend((*length as u64).to_le_bytes()));
    for section in [&folders, &entries, &reals, &strings] {
        bytes.extend(section);
    }
    bytes.extend(records);
    seal::seal(bytes)
}

/// A path as its folder and its name there. The root is its own folder's nameless entry.
pub(in crate::run) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn put_text(section: &mut Vec<u8>, strings: &mut Vec<u8>, text: &str) {
    section.extend(to_u32(strings.len()).to_le_bytes());
    section.extend(to_u32(text.len()).to_le_bytes());
    strings.extend(text.as_bytes());
}

/// Everything of an entry behind its name.
fn put_entry(entries: &mut Vec<u8>, reals: &mut Vec<u8>, entry: &Entry) {
    let mut bytes = [0; ENTRY - 8];
    bytes[2] = u8::from(entry.settled);
    match &entry.seen {
        Seen::Unknown => {}
        Seen::Kind(kind) => {
            bytes[0] = 1;
            bytes[1] = code_of(*kind);
        }
        Seen::Content { stat, digest } => {
            bytes[0] = CONTENT;
            write_stat(&mut bytes[8..8 + STAT], stat);
            bytes[56..].copy_from_slice(digest.as_bytes());
        }
        Seen::Link { stat, real, digest } => {
            bytes[0] = 3;
            write_stat(&mut bytes[8..8 + STAT], stat);
            if let Some(real) = real {
                let mut place = [0; REAL];
                write_stat(&mut place, real);
                reals.extend(place);
                bytes[4..8].copy_from_slice(&to_u32(reals.len() / REAL).to_le_bytes());
            }
            if let Some(digest) = digest {
                bytes[1] = 1;
                bytes[56..].copy_from_slice(digest.as_bytes());
            }
        }
    }
    entries.extend(bytes);
}

/// Size, times, inode, device, then mode and kind; how many names a file has and whose it is matter to nobody here.
fn write_stat(bytes: &mut [u8], stat: &Stat) {
    bytes[0..8].copy_from_slice(&stat.size.to_le_bytes());
    bytes[8..16].copy_from_slice(&stat.mtime_ns.to_le_bytes());
    bytes[16..24].copy_from_slice(&stat.ctime_ns.to_le_bytes());
    bytes[24..32].copy_from_slice(&stat.inode.to_le_bytes());
    bytes[32..40].copy_from_slice(&stat.device.to_le_bytes());
    bytes[40..44].copy_from_slice(&stat.mode.to_le_bytes());
    bytes[44] = code_of(Some(stat.kind));
}

fn stat_at(bytes: &[u8], at: usize) -> Stat {
    Stat {
        kind: kind_of(bytes[at + 44]).unwrap_or(Kind::Other),
        size: u64_at(bytes, at),
        mtime_ns: u64_at(bytes, at + 8).cast_signed(),
        ctime_ns: u64_at(bytes, at + 16).cast_signed(),
        inode: u64_at(bytes, at + 24),
        device: u64_at(bytes, at + 32),
        mode: u32_at(bytes, at + 40),
        links: 0,
        owner: 0,
    }
}

const fn code_of(kind: Option<Kind>) -> u8 {
    match kind {
        None => 0,
        Some(Kind::File) => 1,
        Some(Kind::Folder) => 2,
        Some(Kind::Link) => 3,
        Some(Kind::Other) => 4,
    }
}

const fn kind_of(code: u8) -> Option<Kind> {
    match code {
        0 => None,
        1 => Some(Kind::File),
        2 => Some(Kind::Folder),
        3 => Some(Kind::Link),
        _ => Some(Kind::Other),
    }
}

/// Binary search over numbers.
fn search(count: usize, compare: impl Fn(usize) -> Ordering) -> Option<usize> {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = usize::midpoint(low, high);
        match compare(middle) {
            Ordering::Equal => return Some(middle),
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
        }
    }
    None
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).expect("a state has fewer than four billion entries and bytes of names")
}
