//! The same work on many items, on all cores.
//!
//! For short bursts of file work. Knows no queue and no async.

use std::panic;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// More threads than this only wait for the disk.
const MAX_THREADS: usize = 16;
/// Below this many items a thread costs more than it saves.
const ITEMS_PER_THREAD: usize = 32;
/// How many pieces each thread gets, so that one slow piece does not hold up the rest.
const PIECES_PER_THREAD: usize = 8;

/// What `work` makes of each item, in the items' order.
pub fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    spread(items, items.len() / ITEMS_PER_THREAD, work)
}

/// As [`map`], for items each of which is work enough for a thread.
pub fn map_big<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    spread(items, items.len(), work)
}

/// As [`map`], on so many threads if there are as many cores.
fn spread<T: Sync, R: Send>(items: &[T], wanted: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = if wanted < 2 { wanted } else { wanted.min(cores()) };
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let pieces: Vec<&[T]> = items
        .chunks(items.len().div_ceil(threads * PIECES_PER_THREAD))
        .collect();
    let next = AtomicUsize::new(0);
    let take_pieces = || {
        let mut done = Vec::new();
        while let Some((index, piece)) = take(&pieces, &next) {
            done.push((index, piece.iter().map(&work).collect::<Vec<R>>()));
        }
        done
    };
    let mut done = on_threads(threads, &take_pieces);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().flat_map(|(_, results)| results).collect()
}

/// How many threads there may be. Asking the system means reading several of its files.
fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS))
}

/// As [`map`], for work that can fail: the first error in the items' order.
pub fn try_map<T: Sync, R: Send, E: Send>(items: &[T], work: impl Fn(&T) -> Result<R, E> + Sync) -> Result<Vec<R>, E> {
    map(items, work).into_iter().collect()
}

/// The next piece that nobody has taken.
fn take<'a, T>(pieces: &[&'a [T]], next: &AtomicUsize) -> Option<(usize, &'a [T])> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    pieces.get(index).map(|piece| (index, *piece))
}

/// Runs the same on several threads, this one among them; a thread that cannot be had is done without.
fn on_threads<R: Send>(threads: usize, work: &(impl Fn() -> Vec<R> + Sync)) -> Vec<R> {
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let mut results = work();
        for other in others {
            results.extend(other.join().unwrap_or_else(|panic| panic::resume_unwind(panic)));
        }
        results
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept() {
        let items: Vec<u32> = (0..10_000).collect();
        assert_eq!(
            map(&items, |item| item * 2),
            items.iter().map(|item| item * 2).collect::<Vec<_>>()
        );
        assert_eq!(map_big(&items[..3], |item| item * 2), [0, 2, 4]);
        assert_eq!(
            try_map(&items, |item| if *item < 9_000 { Ok(()) } else { Err(*item) }),
            Err(9_000)
        );
    }
}
