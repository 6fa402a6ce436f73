//! What is in the store, and what of it has to go. Decides on facts alone; removes nothing itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::{Store, results};
use crate::digest::Digest;
use crate::error::PathError;
use crate::fs::{self, Kind};

/// Something that has a last use: a result, a document, a tool cache.
#[derive(Debug, Default)]
pub(super) struct Item {
    pub(super) path: PathBuf,
    pub(super) last_use_ns: i64,
    pub(super) bytes: u64,
    /// What it keeps alive.
    pub(super) names: BTreeSet<Named>,
}

/// Something that is kept for as long as an item names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    Blob(Digest),
    Tree(Digest),
}

/// The files of something that is named.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) paths: Vec<PathBuf>,
    pub(super) bytes: u64,
    pub(super) changed_ns: i64,
}

/// All that is in a store.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    pub(super) items: Vec<Item>,
    pub(super) held: BTreeMap<Named, Held>,
    /// Files that no version of farm has put there.
    pub(super) strange: Vec<PathBuf>,
}

/// By what to decide.
#[derive(Debug)]
pub(super) struct Policy<'a> {
    /// Items used before this go.
    pub(super) oldest_ns: i64,
    /// What nothing names and has changed before this goes.
    pub(super) lease_ns: i64,
    pub(super) max_bytes: u64,
    pub(super) target_bytes: u64,
    /// Blobs that stay in any case.
    pub(super) fresh: &'a BTreeSet<Digest>,
}

/// What has to go, in this order.
#[derive(Debug, Default)]
pub(super) struct Cut {
    pub(super) items: Vec<usize>,
    pub(super) held: Vec<Named>,
    pub(super) bytes: u64,
}

impl Inventory {
    /// Reads the store's folders.
    pub(super) fn read(store: &Store) -> Result<Self, PathError> {
        let mut inventory = Self::default();
        inventory.read_results(store)?;
        inventory.read_documents(store)?;
        inventory.read_tools(store)?;
        inventory.read_blobs(store)?;
        inventory.read_unpacked(store)?;
        Ok(inventory)
    }

    /// The sum of everything.
    pub(super) fn bytes(&self) -> u64 {
        let items = self.items.iter().map(|item| item.bytes);
        items.chain(self.held.values().map(|held| held.bytes)).sum()
    }

    /// What has to go: what nobody names, what is too old, and the longest unused until the rest is small enough.
    pub(super) fn cut(&self, policy: &Policy<'_>) -> Cut {
        let mut users: BTreeMap<Named, usize> = self.held.keys().map(|named| (*named, 0)).collect();
        for named in self.items.iter().flat_map(|item| &item.names) {
            users.entry(*named).and_modify(|count| *count += 1);
        }
        let mut cut = Cut::default();
        for (named, _) in users.iter().filter(|(_, count)| **count == 0) {
            if self.held[named].changed_ns < policy.lease_ns {
                self.drop_held(*named, policy, &mut cut);
            }
        }
        let mut by_use: Vec<usize> = (0..self.items.len()).collect();
        by_use.sort_by_key(|index| (self.items[*index].last_use_ns, &self.items[*index].path));
        let total = self.bytes();
        let (old, young): (Vec<usize>, Vec<usize>) = by_use
            .into_iter()
            .partition(|index| self.items[*index].last_use_ns < policy.oldest_ns);
        old.into_iter()
            .for_each(|index| self.drop_item(index, policy, &mut users, &mut cut));
        if total - cut.bytes > policy.max_bytes {
            for index in young {
                if total - cut.bytes <= policy.target_bytes {
                    break;
                }
                self.drop_item(index, policy, &mut users, &mut cut);
            }
        }
        cut
    }

    /// An item goes, and with it what it was the last one to name.
    fn drop_item(&self, index: usize, policy: &Policy<'_>, users: &mut BTreeMap<Named, usize>, cut: &mut Cut) {
        let item = &self.items[index];
        cut.items.push(index);
        cut.bytes += item.bytes;
        for named in &item.names {
            if let Some(count) = users.get_mut(named) {
                *count -= 1;
                if *count == 0 {
                    self.drop_held(*named, policy, cut);
                }
            }
        }
    }

    fn drop_held(&self, named: Named, policy: &Policy<'_>, cut: &mut Cut) {
        if matches!(named, Named::Blob(digest) if policy.fresh.contains(&digest)) {
            return;
        }
        cut.held.push(named);
        cut.bytes += self.held[&named].bytes;
    }

    fn read_results(&mut self, store: &Store) -> Result<(), PathError> {
        for (path, digest) in self.sharded(store.layout.results())? {
            let Some(mut item) = item(path)? else { continue };
            let bytes = fs::read_bounded(&item.path, super::entry::MAX_ENTRY_BYTES).unwrap_or_default();
            // One that cannot be read names nothing and is of no use to anybody.
            match results::parse_result(&digest, &bytes) {
                Some(result) => {
                    item.names
                        .extend(result.blobs().into_iter().map(|(digest, _)| Named::Blob(digest)));
                    item.names.extend(result.unpacked().map(|(tree, _)| Named::Tree(*tree)));
                    self.items.push(item);
                }
                None => self.strange.push(item.path),
            }
        }
        Ok(())
    }

    fn read_documents(&mut self, store: &Store) -> Result<(), PathError> {
        for kind in folders(store.layout.documents())? {
            for (path, _) in self.sharded(kind)? {
                self.items.extend(item(path)?);
            }
        }
        Ok(())
    }

    fn read_tools(&mut self, store: &Store) -> Result<(), PathError> {
        for builder in folders(store.layout.tools())? {
            for path in folders(builder)? {
                let bytes = fs::measure(&path).bytes;
                self.items.extend(item(path)?.map(|item| Item { bytes, ..item }));
            }
        }
        Ok(())
    }

    fn read_blobs(&mut self, store: &Store) -> Result<(), PathError> {
        for (path, digest) in self.sharded(store.layout.blobs())? {
            if let Some(stat) = fs::stat(&path)? {
                let held = Held {
                    paths: vec![path],
                    bytes: stat.size,
                    changed_ns: stat.mtime_ns.max(stat.ctime_ns),
                };
                self.held.insert(Named::Blob(digest), held);
            }
        }
        Ok(())
    }

    /// Folders `<tree>` and records `<tree>.<name>.json`.
    fn read_unpacked(&mut self, store: &Store) -> Result<(), PathError> {
        let root = store.layout.unpacked_root();
        for listed in fs::read_dir(&root)? {
            let path = root.join(&listed.name);
            let text = listed.name.to_string_lossy();
            let (digest, rest) = text.split_once('.').unwrap_or((&text, ""));
            let (Ok(digest), Some(stat)) = (digest.parse::<Digest>(), fs::stat(&path)?) else {
                self.strange.push(path);
                continue;
            };
            let held = self.held.entry(Named::Tree(digest)).or_default();
            held.changed_ns = held.changed_ns.max(stat.ctime_ns);
            held.paths.push(path);
            if let Some(name) = rest.strip_suffix(".json") {
                held.bytes += stat.size + store.recorded_bytes(&digest, name);
            }
        }
        Ok(())
    }

    /// The files `<folder>/ab/<digest>`.
    fn sharded(&mut self, folder: PathBuf) -> Result<Vec<(PathBuf, Digest)>, PathError> {
        let mut files = Vec::new();
        for shard in folders(folder)? {
            for listed in fs::read_dir(&shard)? {
                let path = shard.join(&listed.name);
                match listed.name.to_string_lossy().parse() {
                    Ok(digest) if listed.kind == Kind::File => files.push((path, digest)),
                    _ => self.strange.push(path),
                }
            }
        }
        Ok(files)
    }
}

fn folders(path: PathBuf) -> Result<Vec<PathBuf>, PathError> {
    let listed = fs::read_dir(&path)?.into_iter();
    let folders = listed.filter(|listed| listed.kind == Kind::Folder);
    Ok(folders.map(|listed| path.join(listed.name)).collect())
}

fn item(path: PathBuf) -> Result<Option<Item>, PathError> {
    Ok(fs::stat(&path)?.map(|stat| Item {
        last_use_ns: stat.mtime_ns,
        bytes: if stat.is_file() { stat.size } else { 0 },
        names: BTreeSet::new(),
        path,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(number: u8) -> Named {
        Named::Blob(Digest::from_bytes([number; 32]))
    }

    /// Items of 1 byte that were used at 1, 2, 3 …, each naming the given blobs of 100 bytes.
    fn inventory(items: &[&[u8]], unnamed: &[u8]) -> Inventory {
        let mut inventory = Inventory::default();
        for (index, names) in items.iter().enumerate() {
            inventory.items.push(Item {
                path: PathBuf::from(index.to_string()),
                last_use_ns: index as i64 + 1,
                bytes: 1,
                names: names.iter().map(|number| blob(*number)).collect(),
            });
        }
        for number in items.iter().copied().flatten().chain(unnamed) {
            let held = Held {
                bytes: 100,
                ..Held::default()
            };
            inventory.held.insert(blob(*number), held);
        }
        inventory
    }

    fn policy(fresh: &BTreeSet<Digest>) -> Policy<'_> {
        Policy {
            oldest_ns: 0,
            lease_ns: 10,
            max_bytes: 10_000,
            target_bytes: 8_000,
            fresh,
        }
    }

    #[test]
    fn longest_unused_go_first_until_the_target_is_met() {
        let inventory = inventory(&[&[1], &[2], &[3], &[4]], &[]);
        let cut = inventory.cut(&Policy {
            max_bytes: 400,
            target_bytes: 250,
            ..policy(&BTreeSet::new())
        });
        assert_eq!(
            (cut.items, cut.held, cut.bytes),
            (vec![0, 1], vec![blob(1), blob(2)], 202)
        );
    }

    #[test]
    fn below_the_limit_nothing_goes() {
        let inventory = inventory(&[&[1], &[2]], &[]);
        assert_eq!(inventory.cut(&policy(&BTreeSet::new())).bytes, 0);
    }

    #[test]
    fn what_another_result_names_stays() {
        let inventory = inventory(&[&[1, 2], &[2]], &[]);
        let cut = inventory.cut(&Policy {
            oldest_ns: 2,
            ..policy(&BTreeSet::new())
        });
        assert_eq!((cut.items, cut.held), (vec![0], vec![blob(1)]));
    }

    #[test]
    fn what_nothing_names_goes_after_its_lease_unless_this_process_needs_it() {
        let mut inventory = inventory(&[], &[1, 2, 3]);
        inventory.held.get_mut(&blob(2)).expect("a blob of the test").changed_ns = 11;
        let fresh = BTreeSet::from([Digest::from_bytes([3; 32])]);
        assert_eq!(inventory.cut(&policy(&fresh)).held, vec![blob(1)]);
    }
}
