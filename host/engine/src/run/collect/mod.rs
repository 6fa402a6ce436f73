//! Collects what the next build shall know: what each target of this build was made from and what came of it, beside
//! what is still known of the others.
//!
//! Does not know how the next build uses it.

mod last_look;
mod parts;
mod patch;
mod rows;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use crate::digest::Digest;
use crate::fs;
use crate::graph::TargetId;
use crate::path::RelPath;
use crate::run::check;
use crate::run::describe::Made;
use crate::run::job::{self, TargetRun};
use crate::run::recall::Last;
use crate::run::request::Request;
use crate::run::shared::Opened;
use crate::run::state::{Dep, Entry, OutsideRecord, Records, Row, Seen, TargetRecord, ToolRecord, encode, split};
use parts::{action_record, artifact_record, offers};

/// How many ways of choosing targets are remembered.
const SELECTIONS: usize = 8;
/// Has to be looked at again.
const UNKNOWN: Entry = Entry {
    seen: Seen::Unknown,
    settled: false,
};

/// All that the state is made of.
#[derive(Clone, Copy)]
pub(super) struct Build<'a> {
    /// The workspace.
    pub(super) opened: &'a Opened,
    /// What was asked for.
    pub(super) request: &'a Request,
    /// What the last build left.
    pub(super) last: Option<&'a Last<'a>>,
    /// The targets of this build.
    pub(super) runs: &'a [TargetRun],
    /// What is there of them.
    pub(super) made: &'a Made,
    /// Digest of the configuration as it is kept for the next build.
    pub(super) kept_config: Option<Digest>,
    /// When it started.
    pub(super) started: SystemTime,
}

/// Where a target's record comes from.
#[derive(Clone, Copy)]
enum Kept<'a> {
    /// It was built just now.
    New(&'a TargetRun),
    /// It is what it was in the last records.
    Old(&'a TargetRecord<'a>),
    /// It was built once, as the last records say, but the configuration says something else of it now.
    Outdated(&'a TargetRecord<'a>),
    /// Nothing is known of it.
    Nothing,
}

/// The tools that are used, by name and by the folder that they were looked for from.
type Tools<'a> = BTreeMap<(&'a str, &'a str), ToolRecord<'a>>;

/// The bytes of the state file. Where this build saw no path, target or tool that the last state does not have, they are
/// that state's, with what is new put in its place.
pub(super) fn state(build: Build<'_>) -> Vec<u8> {
    let order = build.opened.graph.select(&[]).unwrap_or_default();
    let placed: Vec<RelPath> = build.opened.executor.placed.ours().into_iter().collect();
    let seen = Seeing {
        kept: build.kept(&order),
        noted: build.noted(),
        placed: &placed,
        order,
    };
    patch::state(&build, &seen).unwrap_or_else(|| whole(&build, &seen))
}

/// What this build has seen, and whose records there are.
struct Seeing<'a> {
    /// All targets, dependencies first.
    order: Vec<TargetId>,
    /// Where the record of each comes from.
    kept: Vec<Kept<'a>>,
    /// What was seen at the paths of new records, and where old outputs were put back.
    noted: Vec<(&'a RelPath, Entry)>,
    /// The files that farm has put into the user's tree.
    placed: &'a [RelPath],
}

/// A state that is made anew.
fn whole<'a>(build: &Build<'a>, seen: &Seeing<'a>) -> Vec<u8> {
    let mut found = build.old_rows(&seen.kept);
    let noted = seen.noted.iter();
    found.extend(noted.map(|(path, entry)| ((split(path.as_str()), *entry), None)));
    let config = last_look::config(build);
    found.extend(config.iter().map(|(path, entry)| ((split(path), *entry), None)));
    let found = rows::merged(found);
    let old = rows::moved(&found, build.last.map_or(0, |last| last.view.entry_count()));
    let rows: Vec<Row<'_>> = found.into_iter().map(|(row, _)| row).collect();
    let tools = build.tools(&seen.kept);
    let find = |path: &str| rows.binary_search_by_key(&split(path), |row| row.0).ok();
    let numbers = Numbers {
        find: &find,
        config: numbers_of(config.iter().map(|(path, _)| path.as_str()), &find),
        old: Some(old),
        offered: build.offered(),
        tools: tools.keys().copied().zip(0..).collect(),
        targets: seen.order.iter().copied().zip(0..).collect(),
    };
    let records = build.records(seen, &numbers, tools.into_values().collect());
    encode(&rows, &records.encode())
}

/// Places of paths, tools and targets in their tables.
struct Numbers<'n, 'a> {
    /// The place of a path in the table.
    find: &'n dyn Fn(&str) -> Option<usize>,
    /// The places of what the configuration was read from.
    config: Vec<u32>,
    /// Where each path of the last table is now, none where it is no more; nothing where all are where they were.
    old: Option<Vec<Option<u32>>>,
    /// What the targets of this build offer to others.
    offered: BTreeMap<TargetId, [u8; 32]>,
    tools: BTreeMap<(&'a str, &'a str), u32>,
    targets: BTreeMap<TargetId, u32>,
}

/// The places of paths, as `find` knows them.
fn numbers_of<'p>(paths: impl Iterator<Item = &'p str>, find: &dyn Fn(&str) -> Option<usize>) -> Vec<u32> {
    paths
        .filter_map(find)
        .filter_map(|number| u32::try_from(number).ok())
        .collect()
}

/// Where paths of the last table are now.
fn renumbered(numbers: &[u32], now: &[Option<u32>]) -> Vec<u32> {
    let now = |number: &u32| now.get(*number as usize).copied().flatten();
    numbers.iter().filter_map(now).collect()
}

impl<'a> Build<'a> {
    fn output(&self) -> &'a RelPath {
        &self.opened.workspace.output
    }

    /// The system on which the sandbox was tried, as long as nothing has gone wrong with it.
    fn tried(&self) -> Option<[u8; 32]> {
        let is_refused = self.opened.executor.settings.helper.is_refused();
        let tried = self.opened.tried.filter(|_| !is_refused);
        tried.map(|system| *system.as_bytes())
    }

    /// Where each target's record comes from.
    fn kept(&self, order: &[TargetId]) -> Vec<Kept<'a>> {
        let runs: BTreeMap<TargetId, &TargetRun> = self.runs.iter().map(|run| (run.id, run)).collect();
        let old = |id: TargetId, is_recalled: bool| {
            let last = self.last?;
            let record = last.record(self.opened.target(id).name.as_str())?;
            let is_same = is_recalled || last.same_config || Some(record.definition) == self.opened.definition(id);
            Some(if is_same {
                Kept::Old(record)
            } else {
                Kept::Outdated(record)
            })
        };
        let kept = order.iter().map(|id| match runs.get(id) {
            Some(run) if !run.is_recalled => Kept::New(run),
            run => old(*id, run.is_some()).unwrap_or(Kept::Nothing),
        });
        kept.collect()
    }

    /// The paths of old records, with the stats that they have now.
    fn old_rows(&self, kept: &[Kept<'a>]) -> Vec<rows::Numbered<'a>> {
        let Some(last) = self.last else { return Vec::new() };
        let mut wanted = vec![false; last.view.entry_count()];
        for kept in kept {
            if let Kept::Old(record) = kept {
                check::mark(&mut wanted, &record.inputs);
                check::mark(&mut wanted, &record.outputs);
            }
            check::mark(&mut wanted, &self.left_behind(*kept));
        }
        let fresh: BTreeMap<usize, (fs::Stat, bool)> = last
            .found
            .fresh
            .iter()
            .map(|(number, stat, settled)| (*number, (*stat, *settled)))
            .collect();
        let mut rows = Vec::with_capacity(wanted.len());
        for folder in (0..last.view.folder_count()).map(|number| last.view.folder(number)) {
            for number in (folder.first..folder.first + folder.count).filter(|number| wanted[*number]) {
                let mut entry = last.view.entry(number);
                if let (Seen::Content { stat, .. }, Some((now, settled))) = (&mut entry.seen, fresh.get(&number)) {
                    *stat = *now;
                    entry.settled = *settled;
                }
                rows.push((((folder.path, last.view.name(number)), entry), Some(number)));
            }
        }
        rows
    }

    /// What earlier builds of a target have left in the user's tree that its record is no longer about, by place in the last
    /// table: a later build of it will keep or remove it.
    fn left_behind(&self, kept: Kept<'a>) -> Vec<u32> {
        let Some(last) = self.last else { return Vec::new() };
        let is_there = |path: &RelPath| fs::exists(&path.under(&self.opened.workspace.root));
        let path_of = |number: u32| RelPath::parse(&last.view.path(number as usize)).unwrap_or_default();
        let left = |record: &TargetRecord<'_>| {
            let is_output_moved = last.records.output != self.output().as_str();
            let mut left = record.outputs.clone();
            if is_output_moved {
                left.extend(last.documents(record));
            }
            left.into_iter()
        };
        match kept {
            Kept::Outdated(record) => left(record).filter(|number| is_there(&path_of(*number))).collect(),
            Kept::New(run) if !run.is_whole() => {
                let target = self.opened.target(run.id);
                let own: BTreeSet<RelPath> = job::own_places(&run.plan, &target.base).collect();
                let (name, names) = (target.name.as_str(), self.names());
                let records = last.records.targets.iter();
                let own_left = records.clone().filter(|record| record.name == name).flat_map(left);
                // What it makes now may be what one made that is no more.
                let gone = records.filter(|record| !names.contains(record.name)).flat_map(left);
                let taken_over = gone.filter(|number| path_of(*number).is_within(&own));
                let left = own_left.chain(taken_over).filter(|number| {
                    let path = path_of(*number);
                    !run.outputs.paths.contains_key(&path) && is_there(&path)
                });
                left.collect()
            }
            Kept::New(_) | Kept::Old(_) | Kept::Nothing => Vec::new(),
        }
    }

    /// The full names of all targets.
    fn names(&self) -> BTreeSet<&'a str> {
        let targets = self.opened.workspace.targets.iter();
        targets.map(|target| target.name.as_str()).collect()
    }

    /// As [`Self::left_behind`], by place in this table.
    fn left_behind_now(&self, kept: Kept<'a>, numbers: &Numbers<'_, 'a>) -> Vec<u32> {
        let left = self.left_behind(kept);
        match &numbers.old {
            Some(now) => renumbered(&left, now),
            None => left,
        }
    }

    /// The paths of new records, and those where old outputs were put back, with what this build saw there.
    fn noted(&self) -> Vec<(&'a RelPath, Entry)> {
        let renoted = last_look::renoted(self);
        let runs = self.runs.iter();
        let paths = runs.flat_map(|run| run.inputs.paths.keys().chain(run.outputs.paths.keys()));
        let files = &self.opened.executor.files;
        let noted = |path: &RelPath| renoted.get(path).cloned().or_else(|| files.noted(path));
        let entry = |path| noted(path).map_or(UNKNOWN, |noted| rows::entry(path, &noted, self.output()));
        paths.map(|path| (path, entry(path))).collect()
    }

    /// The records, with these tools.
    fn records(&self, seen: &Seeing<'a>, numbers: &Numbers<'_, 'a>, tools: Vec<ToolRecord<'a>>) -> Records<'a> {
        let targets = seen.order.iter().zip(&seen.kept);
        Records {
            workspace: &self.opened.workspace.name,
            output: self.output().as_str(),
            tier: self.opened.executor.settings.tier,
            config: numbers.config.clone(),
            tried: self.tried(),
            kept_config: self.kept_config.map(|digest| *digest.as_bytes()),
            targets: targets.map(|(id, kept)| self.record(*id, *kept, numbers)).collect(),
            selections: self.selections(numbers),
            tools,
            placed: seen.placed.iter().map(RelPath::as_str).collect(),
        }
    }

    fn tools(&self, kept: &[Kept<'a>]) -> Tools<'a> {
        let mut tools = Tools::new();
        for kept in kept {
            match kept {
                Kept::Outdated(_) | Kept::Nothing => {}
                Kept::New(run) => {
                    for (name, root) in &run.inputs.tools {
                        let record = || self.tool(name, root);
                        tools.entry((name.as_str(), root.as_str())).or_insert_with(record);
                    }
                }
                Kept::Old(record) => {
                    let known = self.last.map_or(&[][..], |last| &last.records.tools);
                    for tool in record.tools.iter().filter_map(|tool| known.get(*tool as usize)) {
                        tools.entry((tool.name, tool.root)).or_insert_with(|| tool.clone());
                    }
                }
            }
        }
        tools
    }

    fn tool(&self, name: &'a str, root: &'a RelPath) -> ToolRecord<'a> {
        let seen = self.opened.executor.tools.looked_at(name, root);
        let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
        let record = |seen: &crate::inputs::Outside| OutsideRecord {
            path: Cow::Owned(text(&seen.path)),
            stat: seen.stat,
            real: seen.real.as_deref().map(|real| Cow::Owned(text(real))),
            listed: seen.listed,
            // A path that is no text cannot be looked up again.
            settled: seen.settled && seen.path.to_str().is_some(),
        };
        ToolRecord {
            name,
            root: root.as_str(),
            seen: seen.iter().map(record).collect(),
        }
    }

    fn record(&self, id: TargetId, kept: Kept<'a>, numbers: &Numbers<'_, 'a>) -> TargetRecord<'a> {
        let target = self.opened.target(id);
        match (kept, &numbers.old) {
            (Kept::Old(record), None) => record.clone(),
            (Kept::Old(record), Some(now)) => TargetRecord {
                deps: self.deps(id, kept, numbers),
                inputs: renumbered(&record.inputs, now),
                outputs: renumbered(&record.outputs, now),
                tools: self.renumbered_tools(&record.tools, numbers),
                ..record.clone()
            },
            (Kept::Nothing, _) => TargetRecord {
                name: target.name.as_str(),
                builder: &target.builder,
                deps: self.deps(id, kept, numbers),
                ..TargetRecord::default()
            },
            (Kept::Outdated(record), _) => TargetRecord {
                deps: self.deps(id, kept, numbers),
                is_whole: false,
                good: record.last_good(),
                inputs: Vec::new(),
                outputs: self.left_behind_now(kept, numbers),
                tools: Vec::new(),
                ..record.clone()
            },
            (Kept::New(run), _) => self.new_record(id, run, numbers),
        }
    }

    /// The record of a target that was built just now.
    fn new_record(&self, id: TargetId, run: &'a TargetRun, numbers: &Numbers<'_, 'a>) -> TargetRecord<'a> {
        let target = self.opened.target(id);
        let made = self.made.get(target.name.as_str());
        let before = self.last.and_then(|last| last.record(target.name.as_str()));
        let mut outputs = numbers_of(run.outputs.paths.keys().map(RelPath::as_str), numbers.find);
        outputs.extend(self.left_behind_now(Kept::New(run), numbers));
        TargetRecord {
            name: target.name.as_str(),
            builder: &target.builder,
            builder_version: made.map_or("", |made| &made.builder_version),
            component: made.map_or([0; 32], |made| *made.component.as_bytes()),
            sources: made.map_or([0; 32], |made| *made.sources.as_bytes()),
            deps: self.deps(id, Kept::New(run), numbers),
            offers: offers(run),
            is_whole: run.is_whole(),
            surroundings: *self.opened.surroundings.as_bytes(),
            definition: self.opened.definition(id).unwrap_or_default(),
            inputs: numbers_of(run.inputs.paths.keys().map(RelPath::as_str), numbers.find),
            outputs,
            tools: run
                .inputs
                .tools
                .iter()
                .filter_map(|(name, root)| numbers.tools.get(&(name.as_str(), root.as_str())).copied())
                .collect(),
            variables: run.inputs.variables.iter().map(|name| self.variable(name)).collect(),
            actions: run
                .plan
                .actions
                .iter()
                .filter_map(|action| action_record(run, action, &target.base))
                .collect(),
            good: match before {
                Some(before) if !run.is_whole() => before.last_good(),
                _ => Vec::new(),
            },
            artifacts: run
                .plan
                .artifacts
                .iter()
                .filter_map(|artifact| artifact_record(artifact, made?))
                .collect(),
        }
    }

    /// What a target depends on, with what that offered when the target was built.
    fn deps(&self, id: TargetId, kept: Kept<'a>, numbers: &Numbers<'_, 'a>) -> Vec<Dep> {
        let offered = |dep: TargetId| match kept {
            Kept::New(_) => numbers.offered.get(&dep).copied(),
            Kept::Old(record) => {
                let old = &self.last?.records.targets;
                let name = self.opened.target(dep).name.as_str();
                let mut deps = record.deps.iter();
                deps.find(|dep| old.get(dep.target as usize).is_some_and(|old| old.name == name))
                    .map(|dep| dep.offered)
            }
            Kept::Outdated(_) | Kept::Nothing => None,
        };
        let deps = self.opened.graph.deps_of(id).into_iter();
        deps.filter_map(|dep| {
            Some(Dep {
                target: *numbers.targets.get(&dep)?,
                offered: offered(dep).unwrap_or_default(),
            })
        })
        .collect()
    }

    /// What each target of this build offers.
    fn offered(&self) -> BTreeMap<TargetId, [u8; 32]> {
        let offered = |run: &TargetRun| {
            let name = self.opened.target(run.id).name.as_str();
            let recalled = self.last.filter(|_| run.is_recalled);
            let record = recalled.and_then(|last| last.record(name));
            (run.id, record.map_or_else(|| offers(run), |record| record.offers))
        };
        self.runs.iter().map(offered).collect()
    }

    fn variable(&self, name: &'a str) -> (&'a str, Option<[u8; 32]>) {
        let value = self.request.host.environment.get(name);
        (name, value.map(|value| *Digest::of(value.as_bytes()).as_bytes()))
    }

    fn renumbered_tools(&self, old: &[u32], numbers: &Numbers<'_, '_>) -> Vec<u32> {
        let known = self.last.map_or(&[][..], |last| &last.records.tools);
        let tools = old.iter().filter_map(|tool| known.get(*tool as usize));
        tools
            .filter_map(|tool| numbers.tools.get(&(tool.name, tool.root)).copied())
            .collect()
    }

    /// This build's way of choosing targets first, then those before it, as long as the configuration is the same.
    fn selections(&self, numbers: &Numbers<'_, '_>) -> Vec<(Vec<&'a str>, Vec<u32>)> {
        let typed: Vec<&str> = self.request.targets.iter().map(String::as_str).collect();
        let chosen = self
            .opened
            .selected
            .iter()
            .filter_map(|id| numbers.targets.get(id).copied());
        let mut selections = vec![(typed.clone(), chosen.collect())];
        let before = self.last.filter(|last| last.same_config);
        let before = before.map_or(&[][..], |last| &last.records.selections);
        selections.extend(before.iter().filter(|(before, _)| *before != typed).cloned());
        selections.truncate(SELECTIONS);
        selections
    }
}
