//! What a step sees of its files beside their contents: sorted folders and fixed times.
//!
//! These functions stand before those of `wasmtime-wasi`, which would show the disk's own order and the times at which
//! the host made its copies; a step's result must depend on neither.

use std::collections::VecDeque;
use std::future::Future;

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemView as _};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorStat, DirectoryEntry, ErrorCode, HostDescriptor as _, PathFlags,
};

use super::state::State;

/// The version under which `wasmtime-wasi` links its interfaces; a component may ask for any other of 0.2.
const INTERFACE: &str = "wasi:filesystem/types@0.2.12";
/// All times that a component sees.
pub(super) const EPOCH: Datetime = Datetime {
    seconds: 0,
    nanoseconds: 0,
};

/// An open folder: the entries that were not read yet, sorted by bytes.
struct Listing(VecDeque<DirectoryEntry>);

/// What a host function answers: a result of WASI's, or a trap.
type Answer<T> = wasmtime::Result<(Result<T, ErrorCode>,)>;
/// A host function at work.
type Pending<'a, T> = Box<dyn Future<Output = Answer<T>> + Send + 'a>;

/// Puts these functions in the place of those that are linked already.
pub(super) fn override_in(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(INTERFACE)?;
    types.func_wrap_async("[method]descriptor.stat", |store, params| stat(store, params))?;
    types.func_wrap_async("[method]descriptor.stat-at", |store, params| stat_at(store, params))?;
    types.func_wrap_async("[method]descriptor.read-directory", |store, params| {
        read_directory(store, params)
    })?;
    types.resource(
        "directory-entry-stream",
        ResourceType::host::<Listing>(),
        |mut store, index| {
            let listing = Resource::<Listing>::new_own(index);
            drop(store.data_mut().table.delete(listing)?);
            Ok(())
        },
    )?;
    types.func_wrap(
        "[method]directory-entry-stream.read-directory-entry",
        |mut store: StoreContextMut<'_, State>, (listing,): (Resource<Listing>,)| -> Answer<Option<DirectoryEntry>> {
            Ok((Ok(store.data_mut().table.get_mut(&listing)?.0.pop_front()),))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

fn stat(mut store: StoreContextMut<'_, State>, (file,): (Resource<Descriptor>,)) -> Pending<'_, DescriptorStat> {
    Box::new(async move {
        let stat = store.data_mut().filesystem().stat(file).await;
        answer(stat.map(timeless))
    })
}

fn stat_at(
    mut store: StoreContextMut<'_, State>,
    (folder, flags, path): (Resource<Descriptor>, PathFlags, String),
) -> Pending<'_, DescriptorStat> {
    Box::new(async move {
        let stat = store.data_mut().filesystem().stat_at(folder, flags, path).await;
        answer(stat.map(timeless))
    })
}

fn read_directory(
    mut store: StoreContextMut<'_, State>,
    (folder,): (Resource<Descriptor>,),
) -> Pending<'_, Resource<Listing>> {
    Box::new(async move {
        let state = store.data_mut();
        let entries = match state.filesystem().read_directory(folder).await {
            Ok(stream) => state.table.delete(stream)?.into_iter().collect::<FsResult<Vec<_>>>(),
            Err(error) => Err(error),
        };
        match answer(entries)? {
            (Ok(mut entries),) => {
                entries.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
                Ok((Ok(state.table.push(Listing(entries.into()))?),))
            }
            (Err(code),) => Ok((Err(code),)),
        }
    })
}

fn timeless(mut stat: DescriptorStat) -> DescriptorStat {
    stat.link_count = 1;
    stat.data_access_timestamp = Some(EPOCH);
    stat.data_modification_timestamp = Some(EPOCH);
    stat.status_change_timestamp = Some(EPOCH);
    stat
}

fn answer<T>(result: FsResult<T>) -> Answer<T> {
    match result {
        Ok(value) => Ok((Ok(value),)),
        Err(error) => Ok((Err(error.downcast()?),)),
    }
}
