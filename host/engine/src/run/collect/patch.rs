//! The last state with what this build has changed of it: most builds see no path that the last one did not, and then
//! nothing of the table has to be sorted or numbered again.
//!
//! Says nothing else than a state that is made anew, but that paths which nobody names any more stay in the table.

use std::collections::BTreeMap;

use super::{Build, Kept, Numbers, Seeing, last_look, numbers_of, rows};
use crate::run::check;
use crate::run::recall::Last;
use crate::run::state::{Entry, Seen};

/// The bytes of the state; none where the last one has no place for something.
pub(super) fn state<'a>(build: &Build<'a>, seen: &Seeing<'a>) -> Option<Vec<u8>> {
    let last = build
        .last
        .filter(|last| last.same_config && is_same_order(build, seen, last))?;
    let tools = &last.records.tools;
    let tool_numbers: BTreeMap<(&str, &str), u32> = tools.iter().map(|tool| (tool.name, tool.root)).zip(0..).collect();
    for (name, root) in new_runs(seen).flat_map(|run| &run.inputs.tools) {
        let number = tool_numbers.get(&(name.as_str(), root.as_str()))?;
        if build.tool(name, root) != tools[*number as usize] {
            return None;
        }
    }
    let lately = last_look::lately_seen(build);
    let changed = changed(last, seen, &lately)?;
    let find = |path: &str| last.view.find(path);
    let mut config = last.records.config.clone();
    config.extend(numbers_of(lately.iter().map(|(path, _)| path.as_str()), &find));
    config.sort_unstable();
    config.dedup();
    let numbers = Numbers {
        find: &find,
        config,
        old: None,
        offered: build.offered(),
        tools: tool_numbers,
        targets: seen.order.iter().copied().zip(0..).collect(),
    };
    let records = build.records(seen, &numbers, tools.clone());
    let changed = changed.iter().map(|(number, entry)| (*number, entry));
    last.view.with_entries(changed, &records.encode())
}

/// Whether the records of the last state are of the same targets in the same order.
fn is_same_order(build: &Build<'_>, seen: &Seeing<'_>, last: &Last<'_>) -> bool {
    let now = seen.order.iter().map(|id| build.opened.target(*id).name.as_str());
    now.eq(last.records.targets.iter().map(|target| target.name))
}

fn new_runs<'s, 'a>(seen: &'s Seeing<'a>) -> impl Iterator<Item = &'a super::TargetRun> + use<'s, 'a> {
    seen.kept.iter().filter_map(|kept| match kept {
        Kept::New(run) => Some(*run),
        _ => None,
    })
}

/// What is seen now at paths of the last table, by number; none where there are others.
fn changed(last: &Last<'_>, seen: &Seeing<'_>, lately: &[(String, Entry)]) -> Option<BTreeMap<usize, Entry>> {
    let mut is_kept = vec![false; last.view.entry_count()];
    for kept in &seen.kept {
        if let Kept::Old(record) = kept {
            check::mark(&mut is_kept, &record.inputs);
            check::mark(&mut is_kept, &record.outputs);
        }
    }
    let mut changed = BTreeMap::new();
    let mut is_named = is_kept.clone();
    check::mark(&mut is_named, &last.records.config);
    for (number, stat, settled) in last.found.fresh.iter().filter(|(number, ..)| is_named[*number]) {
        let mut entry = last.view.entry(*number);
        if let Seen::Content { stat: before, .. } = &mut entry.seen {
            *before = *stat;
            entry.settled = *settled;
        }
        changed.insert(*number, entry);
    }
    let noted = seen.noted.iter().map(|(path, entry)| (path.as_str(), entry));
    let lately = lately.iter().map(|(path, entry)| (path.as_str(), entry));
    for (path, entry) in noted.chain(lately) {
        let number = last.view.find(path)?;
        let before = changed.get(&number).copied();
        let before = before.or_else(|| is_kept[number].then(|| last.view.entry(number)));
        changed.insert(number, before.map_or(*entry, |before| rows::both(before, *entry)));
    }
    Some(changed)
}
