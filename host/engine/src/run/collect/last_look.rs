//! What has to be looked at once more at the end of a build: folders that farm itself has written to, and the files
//! that the configuration was read from.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::{Build, UNKNOWN};
use crate::digest::Digest;
use crate::fs;
use crate::inputs::{Noted, digest_of_names, is_settled, names_that_count};
use crate::path::RelPath;
use crate::run::describe::MANIFEST;
use crate::run::job;
use crate::run::state::{Entry, Seen};

/// Folders that a target looked through and then put its own outputs into: the same as before but for those, they are
/// noted as they are now.
pub(super) fn renoted(build: &Build<'_>) -> BTreeMap<RelPath, Noted> {
    let executor = &build.opened.executor;
    let mut renoted = BTreeMap::new();
    for run in build.runs.iter().filter(|run| !run.is_recalled) {
        let base = &build.opened.target(run.id).base;
        let mut own: Vec<RelPath> = job::own_places(&run.plan, base).collect();
        // What it made before, and is gone since.
        let before = build
            .last
            .and_then(|last| last.record(build.opened.target(run.id).name.as_str()));
        let before = before
            .into_iter()
            .flat_map(|record| record.actions.iter().flat_map(|action| &action.in_place));
        own.extend(before.filter_map(|(_, path)| RelPath::parse(path).ok()));
        let touched = own.iter().filter_map(RelPath::parent);
        for folder in touched.filter(|folder| run.inputs.paths.contains_key(folder)) {
            let Some(Noted::Folder { names, .. }) = executor.files.noted(&folder) else {
                continue;
            };
            let is_own = |listed: &fs::Listed| {
                let name = listed.name.to_str();
                own.iter()
                    .any(|own| own.parent().as_ref() == Some(&folder) && own.file_name() == name)
            };
            let Ok(now) = fs::Folder::open(&folder.under(executor.files.root())) else {
                continue;
            };
            let read_at = SystemTime::now();
            let (Ok(stat), Ok(listed)) = (now.own_stat(), now.list()) else {
                continue;
            };
            let listed = names_that_count(&folder, listed, build.output());
            let others = |names: &[fs::Listed]| names.iter().filter(|name| !is_own(name)).cloned().collect::<Vec<_>>();
            if others(&names) == others(&listed) {
                let settled = is_settled(&stat, read_at);
                renoted.insert(
                    folder,
                    Noted::Folder {
                        stat,
                        names: listed,
                        settled,
                    },
                );
            }
        }
    }
    renoted
}

/// Everything that the configuration was read from, the pins and components of builders among it, and the manifest.
pub(super) fn config(build: &Build<'_>) -> Vec<(String, Entry)> {
    let opened = build.opened;
    let looked = &opened.workspace.looked;
    let content = |stat: &Option<fs::Stat>, digest| {
        stat.map_or(UNKNOWN, |stat| Entry {
            seen: Seen::Content { stat, digest },
            settled: is_settled(&stat, build.started),
        })
    };
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for (path, kind) in &looked.kinds {
        let seen = Seen::Kind(*kind);
        entries.insert(path.clone(), Entry { seen, settled: true });
    }
    for (path, stat, digest) in &looked.files {
        entries.insert(path.to_string(), content(stat, *digest));
    }
    for (path, stat, names) in &looked.folders {
        let names = names_that_count(path, names.clone(), build.output());
        entries.insert(path.to_string(), content(stat, digest_of_names(&names)));
    }
    entries.extend(lately_seen(build));
    let before = build.last.filter(|last| last.same_config);
    for (last, number) in before
        .iter()
        .flat_map(|last| last.records.config.iter().map(move |number| (last, *number)))
    {
        // The components of builders that this build had no need of.
        let number = number as usize;
        entries
            .entry(last.view.path(number))
            .or_insert_with(|| last.view.entry(number));
    }
    entries.into_iter().collect()
}

/// Of that, what was not looked at together with the configuration: the components of this build's builders, and what a
/// build writes itself, the pins of builders and the manifest.
pub(super) fn lately_seen(build: &Build<'_>) -> Vec<(String, Entry)> {
    let builders = build.opened.builders.iter();
    let components = builders.filter_map(|builder| Some((builder.origin.clone()?, builder.digest)));
    let component = |(path, digest): (String, Digest)| {
        let now = present(build, &path)
            .filter(|entry| matches!(entry.seen, Seen::Content { digest: now, .. } if now == digest));
        (path, now.unwrap_or(UNKNOWN))
    };
    let manifest = RelPath::parse(MANIFEST).unwrap_or_default();
    let manifest = build.output().join(&manifest);
    let absent = Entry {
        seen: Seen::Kind(None),
        settled: true,
    };
    let written = ["farm.lock", manifest.as_str()];
    let written = written.map(|path| (path.to_owned(), present(build, path).unwrap_or(absent)));
    components.map(component).chain(written).collect()
}

/// A file of farm's own in the workspace, as it is now; none where there is none.
fn present(build: &Build<'_>, path: &str) -> Option<Entry> {
    let place = build.opened.workspace.root.join(path);
    let read_at = SystemTime::now();
    let stat = fs::stat(&place).ok().flatten()?;
    let digest = fs::digest(&place).ok()?;
    Some(Entry {
        seen: Seen::Content { stat, digest },
        settled: is_settled(&stat, read_at),
    })
}
