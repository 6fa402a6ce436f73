//! Why each action was last anything but up to date, in a file of its own: a build in which nothing has changed neither
//! reads nor writes it.
//!
//! A digest guards it, as it does the state. All of it can be lost: then `farm why` says so. Does not know how a reason
//! is found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use crate::digest::Digest;
use crate::run::reason::Reason;

/// What the file starts with; the digits are the version of the format. History: 1, the first.
const MAGIC: &[u8; 16] = b"farm why   0001\n";
/// Bytes of [`MAGIC`] and of the digest behind it.
const HEAD: usize = 16 + 32;

/// What is remembered of all targets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::run) struct Decisions<'a> {
    /// The decisions of each target, by its full name.
    #[serde(borrow)]
    pub(in crate::run) targets: BTreeMap<&'a str, Vec<Decision<'a>>>,
}

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

impl<'a> Decisions<'a> {
    /// Takes the bytes of a file; none where they are not what [`Self::encode`] gave.
    pub(in crate::run) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let is_whole = bytes.get(..16)? == MAGIC && bytes.get(16..HEAD)? == Digest::of(bytes.get(HEAD..)?).as_bytes();
        let body = is_whole.then(|| &bytes[HEAD..])?;
        postcard::from_bytes(body).ok()
    }

    /// The bytes of the file.
    pub(in crate::run) fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([0; 32]);
        let mut bytes = postcard::to_extend(self, bytes).expect("decisions are plain data");
        let digest = Digest::of(&bytes[HEAD..]);
        bytes[16..HEAD].copy_from_slice(digest.as_bytes());
        bytes
    }

    /// What is remembered of an action.
    pub(in crate::run) fn of(&self, target: &str, action: &str) -> Option<&Decision<'a>> {
        let decisions = self.targets.get(target)?;
        decisions.iter().find(|decision| decision.action == action)
    }
}

/// In one piece, where serde would go over a slice byte by byte.
fn as_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_come_back_and_damage_is_seen() {
        let decision = Decision {
            action: "run",
            key: [7; 32],
            ran: true,
            reason: Reason::First,
            outline: b"outline",
        };
        let decisions = Decisions {
            targets: BTreeMap::from([("web", vec![decision.clone()])]),
        };
        let bytes = decisions.encode();
        let back = Decisions::decode(&bytes).expect("they were just written");
        assert_eq!(back.of("web", "run"), Some(&decision));
        assert_eq!(back.of("web", "other"), None);
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(Decisions::decode(&damaged).is_none(), "{at}");
            assert!(Decisions::decode(&bytes[..at]).is_none(), "{at}");
        }
    }
}
