//! Publishes files as a release: to a folder, or to a bucket that speaks S3.
//!
//! A release is `DESTINATION/VERSION/…` and is written once. First its list of checksums claims the version; then come
//! the files that are not there yet; the index comes last, so a release without one is not finished, and publishing again
//! finishes it. Does not know how the files were built, what the index says, or where settings stand.

mod error;
mod folder;
mod release;
mod s3;
mod sigv4;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use cap_std::fs::File;

pub use error::PublishError;
pub use folder::FolderStore;
pub use release::{Release, Sum};
pub use s3::{Credentials, S3Settings, S3Store};

/// The list of checksums, as `sha256sum` writes it.
pub const SUMS: &str = "SHA256SUMS";
/// How many files are sent at once.
const WORKERS: usize = 8;

/// Where releases go. Names are paths below the destination.
pub trait Store: Sync {
    /// The whole of a small file; none where there is none.
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, PublishError>;

    /// Whether this very file is there.
    fn has(&self, name: &str, sum: &Sum) -> Result<bool, PublishError>;

    /// Puts a file there, in the place of another one.
    fn put(&self, name: &str, sum: &Sum, file: File) -> Result<(), PublishError>;

    /// Puts a small file there if there is none; false where there is one.
    fn put_new(&self, name: &str, bytes: &[u8]) -> Result<bool, PublishError>;

    /// The destination, as users write it.
    fn place(&self) -> &str;
}

/// What came of publishing.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Files that were sent.
    pub sent: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Files that were there already.
    pub present: usize,
}

/// Publishes a release under its version.
///
/// # Errors
/// The version is taken by other content, or a file cannot be read or sent: then there is no index, and publishing again
/// goes on where this one stopped.
pub fn publish(release: &Release, store: &dyn Store) -> Result<Published, PublishError> {
    let name = |file: &str| format!("{}/{file}", release.version());
    let sums = release.sums();
    let claim = name(SUMS);
    let claimed = match store.get(&claim)? {
        Some(claimed) => Some(claimed),
        None if store.put_new(&claim, sums.as_bytes())? => None,
        None => store.get(&claim)?,
    };
    if claimed.is_some_and(|claimed| claimed != sums.as_bytes()) {
        return Err(PublishError::Taken {
            version: release.version().to_owned(),
            place: store.place().to_owned(),
        });
    }
    if store.get(&name(release.index_name()))?.is_some() {
        let present = release.files().len();
        return Ok(Published {
            present,
            ..Published::default()
        });
    }
    let published = send_files(release, store, &name)?;
    store.put_new(&name(release.index_name()), release.index())?;
    Ok(published)
}

/// Sends the files that are not there, some at once; the first one that cannot be sent ends it.
fn send_files(
    release: &Release,
    store: &dyn Store,
    name: &(dyn Fn(&str) -> String + Sync),
) -> Result<Published, PublishError> {
    let next = AtomicUsize::new(0);
    let state = Mutex::new(Ok(Published::default()));
    let locked = || state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let work = || {
        while let Some(sum) = release.files().get(next.fetch_add(1, Ordering::Relaxed)) {
            let sent = send(release, store, &name(&sum.path), sum);
            let mut state = locked();
            match (&mut *state, sent) {
                (Err(_), _) => return,
                (Ok(published), Ok(true)) => {
                    published.sent += 1;
                    published.bytes += sum.size;
                }
                (Ok(published), Ok(false)) => published.present += 1,
                (Ok(_), Err(error)) => *state = Err(error),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..WORKERS.min(release.files().len()) {
            scope.spawn(work);
        }
    });
    state.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Sends a file, unless it is there.
fn send(release: &Release, store: &dyn Store, name: &str, sum: &Sum) -> Result<bool, PublishError> {
    if store.has(name, sum)? {
        return Ok(false);
    }
    store.put(name, sum, release.open_file(sum)?)?;
    Ok(true)
}
