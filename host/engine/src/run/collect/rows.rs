//! The rows of the state's table: made of notes, sorted, and each path once.

use super::UNKNOWN;
use crate::fs::Stat;
use crate::inputs::{Noted, digest_of_names, names_that_count};
use crate::path::RelPath;
use crate::run::state::{Entry, Row, Seen};

/// A row, and its number in the last table if it is from there.
pub(super) type Numbered<'a> = (Row<'a>, Option<usize>);

/// Rows sorted, each path once. A path of which two things are said has to be looked at again.
pub(super) fn merged(mut rows: Vec<Numbered<'_>>) -> Vec<Numbered<'_>> {
    rows.sort_by_key(|((path, _), _)| *path);
    rows.dedup_by(|((later_path, later), later_old), ((path, entry), old)| {
        let is_same = later_path == path;
        if is_same {
            *entry = both(*entry, *later);
            *old = old.or(*later_old);
        }
        is_same
    });
    rows
}

/// Where each of the last table's rows is now.
pub(super) fn moved(rows: &[Numbered<'_>], count: usize) -> Vec<Option<u32>> {
    let mut moved = vec![None; count];
    for (now, (_, old)) in rows.iter().enumerate() {
        if let Some(place) = old.and_then(|old| moved.get_mut(old)) {
            *place = u32::try_from(now).ok();
        }
    }
    moved
}

/// What stands for two entries of one path, the second one of which is newer.
pub(super) fn both(earlier: Entry, later: Entry) -> Entry {
    match (&earlier.seen, &later.seen) {
        (Seen::Content { digest: before, .. }, Seen::Content { digest: now, .. }) if before == now => later,
        (Seen::Kind(kind), Seen::Content { stat, .. }) if *kind == Some(stat.kind) => later,
        (Seen::Content { stat, .. }, Seen::Kind(kind)) if *kind == Some(stat.kind) => earlier,
        (Seen::Link { .. }, Seen::Kind(_)) => earlier,
        (Seen::Kind(_), Seen::Link { .. }) => later,
        (before, now) if before == now => later,
        _ => UNKNOWN,
    }
}

/// A note, as it is written down.
pub(super) fn entry(path: &RelPath, noted: &Noted, output: &RelPath) -> Entry {
    match noted {
        Noted::Changed => UNKNOWN,
        Noted::Kind(kind) => Entry {
            seen: Seen::Kind(*kind),
            settled: true,
        },
        Noted::File { stat, digest, settled } => Entry {
            seen: Seen::Content {
                stat: *stat,
                digest: *digest,
            },
            settled: *settled,
        },
        Noted::Folder { stat, names, settled } => Entry {
            seen: Seen::Content {
                stat: *stat,
                digest: digest_of_names(&names_that_count(path, names.clone(), output)),
            },
            settled: *settled,
        },
        Noted::Link {
            stat,
            real,
            digest,
            settled,
        } => Entry {
            seen: Seen::Link {
                stat: stat.as_kept(),
                real: real.as_ref().map(Stat::as_kept),
                digest: *digest,
            },
            settled: *settled,
        },
    }
}
