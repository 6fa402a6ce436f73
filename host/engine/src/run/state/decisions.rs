//! Why each action was last anything but up to date, in a file of its own: a build in which nothing has changed neither
//! reads nor writes it.
//!
//! A log: each build adds the decisions of the targets that it decided about, and the last ones of a target count. It is
//! written anew when half of it counts no more. All of it can be lost: then `farm why` says so. Does not know how a
//! reason is found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use crate::digest::Digest;
use crate::run::reason::Reason;

/// What the file starts with; the digits are the version of the format. History: 1, one document; 2, a log.
const MAGIC: &[u8; 16] = b"farm why   0002\n";
/// Bytes before each record: the length of its target's name, the length of the rest, and a digest over both texts.
const HEAD: usize = 4 + 4 + 32;
/// So many bytes that count no more are never worth writing the log anew.
const SPARE: usize = 64 << 10;

/// The last decision about an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::run) struct Decision<'a> {
    /// The action's id.
    pub(in crate::run) action: &'a str,
    /// Its key then.
    pub(in crate::run) key: [u8; 32],
    /// Whether it ran; else its result came from the cache.
    pub(in crate::run) ran: bool,
    /// Why it was not up to date.
    pub(in crate::run) reason: Reason,
    /// The outline of its key, looked at only when it is compared.
    #[serde(borrow, serialize_with = "as_bytes")]
    pub(in crate::run) outline: &'a [u8],
}

/// What is remembered of all targets.
#[derive(Debug, Default)]
pub(in crate::run) struct Decisions<'a> {
    /// The last record of each target, head included, by the target's full name.
    records: BTreeMap<&'a str, &'a [u8]>,
    /// How far the log can be read.
    readable: usize,
    /// How long it is.
    length: usize,
}

/// How the log is brought up to date.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::run) enum Change {
    /// These bytes go behind the others.
    Added(Vec<u8>),
    /// These bytes take the place of all others.
    Anew(Vec<u8>),
}

impl<'a> Decisions<'a> {
    /// Reads a log as far as it goes: what a killed build left half written ends it.
    pub(in crate::run) fn read(log: &'a [u8]) -> Self {
        let mut decisions = Self {
            length: log.len(),
            ..Self::default()
        };
        if !log.starts_with(MAGIC) {
            return decisions;
        }
        decisions.readable = MAGIC.len();
        while let Some((name, record)) = first_record(&log[decisions.readable..]) {
            decisions.records.insert(name, record);
            decisions.readable += record.len();
        }
        decisions
    }

    /// The decisions about a target's actions; none where they are not known.
    pub(in crate::run) fn target(&self, name: &str) -> Vec<Decision<'a>> {
        let decisions = self.records.get(name).and_then(|record| opened(record, name.len()));
        decisions.unwrap_or_default()
    }

    /// What is remembered of an action.
    pub(in crate::run) fn of(&self, target: &str, action: &str) -> Option<Decision<'a>> {
        let mut decisions = self.target(target).into_iter();
        decisions.find(|decision| decision.action == action)
    }

    /// What brings the log up to date with the new decisions of some targets. `is_target` says which names there are.
    pub(in crate::run) fn with(
        &self,
        new: &BTreeMap<&str, Vec<Decision<'_>>>,
        is_target: impl Fn(&str) -> bool,
    ) -> Change {
        let mut added: Vec<u8> = new
            .iter()
            .flat_map(|(name, decisions)| record(name, decisions))
            .collect();
        let kept = || {
            let kept = self.records.iter();
            kept.filter(|(name, _)| is_target(name) && !new.contains_key(*name))
        };
        let counting = kept().map(|(_, record)| record.len()).sum::<usize>() + added.len();
        if self.readable == self.length && self.length > 0 && self.length + added.len() <= 2 * counting + SPARE {
            return Change::Added(added);
        }
        let mut bytes = MAGIC.to_vec();
        kept().for_each(|(_, record)| bytes.extend(*record));
        bytes.append(&mut added);
        Change::Anew(bytes)
    }
}

/// The bytes of a record.
fn record(name: &str, decisions: &[Decision<'_>]) -> Vec<u8> {
    let body = postcard::to_stdvec(decisions).expect("decisions are plain data");
    let length = |length: usize| {
        u32::try_from(length)
            .expect("decisions are far below 4 GiB")
            .to_le_bytes()
    };
    let mut bytes = [length(name.len()), length(body.len())].concat();
    bytes.extend([0; 32]);
    bytes.extend(name.as_bytes());
    bytes.extend(body);
    let digest = Digest::of(&bytes[HEAD..]);
    bytes[8..HEAD].copy_from_slice(digest.as_bytes());
    bytes
}

/// The first record of what is left of a log, with the name of its target.
fn first_record(log: &[u8]) -> Option<(&str, &[u8])> {
    let length = |at: usize| Some(u32::from_le_bytes(log.get(at..at + 4)?.try_into().ok()?) as usize);
    let name_end = HEAD.checked_add(length(0)?)?;
    let record = log.get(..name_end.checked_add(length(4)?)?)?;
    Some((std::str::from_utf8(record.get(HEAD..name_end)?).ok()?, record))
}

/// The decisions in a record; none where it is damaged.
fn opened(record: &[u8], name: usize) -> Option<Vec<Decision<'_>>> {
    let is_whole = record.get(8..HEAD)? == Digest::of(record.get(HEAD..)?).as_bytes();
    let body = record.get(HEAD + name..)?;
    is_whole.then(|| postcard::from_bytes(body).ok())?
}

/// In one piece, where serde would go over a slice byte by byte.
fn as_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(outline: &[u8]) -> Decision<'_> {
        Decision {
            action: "run",
            key: [7; 32],
            ran: true,
            reason: Reason::First,
            outline,
        }
    }

    /// The log after decisions about these targets, each told with an outline.
    fn after(log: &[u8], new: &[(&str, &[u8])]) -> Vec<u8> {
        let new = new.iter().map(|(name, outline)| (*name, vec![decision(outline)]));
        match Decisions::read(log).with(&new.collect(), |_| true) {
            Change::Added(bytes) => [log, &bytes].concat(),
            Change::Anew(bytes) => bytes,
        }
    }

    #[test]
    fn the_last_decision_counts() {
        let log = after(b"", &[("api", b"one"), ("web", b"one")]);
        let log = after(&log, &[("web", b"two")]);
        let decisions = Decisions::read(&log);
        assert_eq!(decisions.of("web", "run"), Some(decision(b"two")));
        assert_eq!(decisions.of("api", "run"), Some(decision(b"one")));
        assert_eq!(decisions.of("web", "other"), None);
        assert_eq!(decisions.of("docs", "run"), None);
    }

    #[test]
    fn what_counts_no_more_is_dropped_in_the_end() {
        let outline = [1; 20 << 10];
        let mut log = after(b"", &[("api", b"one")]);
        for _ in 0..100 {
            log = after(&log, &[("web", &outline)]);
        }
        assert!(log.len() < 2 * outline.len() + SPARE + 1024, "{}", log.len());
        assert_eq!(Decisions::read(&log).of("api", "run"), Some(decision(b"one")));
        let Change::Anew(small) = Decisions::read(&log[..log.len() - 1]).with(&BTreeMap::new(), |name| name == "api")
        else {
            panic!("a log that breaks off is written anew");
        };
        assert_eq!(Decisions::read(&small).of("web", "run"), None);
        assert_eq!(Decisions::read(&small).of("api", "run"), Some(decision(b"one")));
    }

    #[test]
    fn damage_is_nothing_known() {
        let first = after(b"", &[("web", b"one")]);
        let log = after(&first, &[("api", b"two")]);
        for at in 0..log.len() {
            let mut damaged = log.clone();
            damaged[at] ^= 1;
            for bytes in [&damaged, &log[..at]] {
                let decisions = Decisions::read(bytes);
                let (web, api) = (decisions.of("web", "run"), decisions.of("api", "run"));
                assert!(web.is_none() || web == Some(decision(b"one")), "{at}");
                assert!(api.is_none() || api == Some(decision(b"two")), "{at}");
                assert!(web.is_none() || api.is_none(), "{at}");
            }
        }
    }
}
