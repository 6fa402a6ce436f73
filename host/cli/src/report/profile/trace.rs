//! The profile as a trace in Chrome's format: a track for each slot, with what ran in it and the parts of that, tracks
//! for what was done for targets beside the slots, and counts. Does not know where it is written.

use std::time::Duration;

use farm_engine::event::Phase;
use serde_json::{Map, Value, json};

use super::lanes::Lanes;
use super::{Action, Record, Stretch, path};

/// The group of tracks that are slots; the order in which groups are shown is that of their numbers.
const SLOTS: u32 = 1;
/// The group of tracks for targets.
const TARGETS: u32 = 2;

/// The trace.
pub(super) fn of(record: &Record) -> Value {
    let mut events = vec![named("process_name", SLOTS, 0, "slots")];
    events.extend([named("process_name", TARGETS, 0, "targets")]);
    actions(record, &mut events);
    targets(record, &mut events);
    counts(record, &mut events);
    json!({
        "displayTimeUnit": "ms",
        "otherData": { "workspace": record.workspace, "slots": record.slots, "seconds": record.duration.as_secs_f64() },
        "traceEvents": events,
    })
}

fn actions(record: &Record, events: &mut Vec<Value>) {
    let critical = path::find(record);
    let is_critical = |action: &Action| critical.steps.iter().any(|step| std::ptr::eq(step.action, action));
    let mut lanes = Lanes::default();
    let mut actions: Vec<&Action> = record.actions.iter().collect();
    actions.sort_by_key(|action| action.timings.started);
    for action in actions {
        let times = &action.timings;
        let track = (SLOTS, lanes.take(times.started, times.ended, times.slots) + 1);
        let name = format!("{} {}", action.name.target, action.label);
        let mut facts = facts(action);
        facts.insert("critical".to_owned(), is_critical(action).into());
        events.push(complete(
            (&name, "action"),
            track,
            (times.started, action.took()),
            facts,
        ));
        events.extend(times.phases.iter().map(|phase| part(phase, track)));
    }
    events.extend(
        (1..=lanes.count().max(record.slots)).map(|lane| named("thread_name", SLOTS, lane, &format!("slot {lane}"))),
    );
}

/// What is known of an action beside its times.
fn facts(action: &Action) -> Map<String, Value> {
    let after = action.timings.after.as_ref();
    let Value::Object(facts) = json!({
        "target": action.name.target,
        "action": action.name.action,
        "outcome": action.outcome,
        "key": action.key,
        "tier": action.tier,
        "fetched": action.fetched,
        "cpu_seconds": action.cpu.map(|cpu| cpu.as_secs_f64()),
        "peak_memory": action.peak_memory,
        "slots": action.timings.slots,
        "waited_seconds": action.waited().as_secs_f64(),
        "after": after.map(|after| format!("{} {}", after.target, after.action)),
    }) else {
        unreachable!("an object is one");
    };
    facts
}

fn part(phase: &Phase, track: (u32, usize)) -> Value {
    let name = json!(phase.part);
    let name = name.as_str().unwrap_or_default();
    complete(
        (name, "part"),
        track,
        (phase.span.start, phase.span.duration),
        Map::new(),
    )
}

fn targets(record: &Record, events: &mut Vec<Value>) {
    let mut lanes = Lanes::default();
    let plans = record.plans.iter().map(|stretch| ("plan", stretch));
    let finishes = record.finishes.iter().map(|stretch| ("finish", stretch));
    let mut all: Vec<(&str, &Stretch)> = plans.chain(finishes).collect();
    all.sort_by_key(|(_, stretch)| stretch.span.start);
    for (what, Stretch { target, span }) in all {
        let track = (TARGETS, lanes.take(span.start, span.end(), 1) + 1);
        let facts = Map::from_iter([("target".to_owned(), target.as_str().into())]);
        events.push(complete(
            (&format!("{what} {target}"), what),
            track,
            (span.start, span.duration),
            facts,
        ));
    }
    events.extend((1..=lanes.count()).map(|lane| named("thread_name", TARGETS, lane, &format!("targets {lane}"))));
}

/// How many slots were taken, and how many actions waited for one, whenever that changed.
fn counts(record: &Record, events: &mut Vec<Value>) {
    let mut changes: Vec<(Duration, i64, i64)> = Vec::new();
    for action in &record.actions {
        let times = &action.timings;
        let slots = i64::try_from(times.slots).unwrap_or(i64::MAX);
        changes.extend([
            (times.ready, 0, 1),
            (times.started, slots, -1),
            (times.ended, -slots, 0),
        ]);
    }
    changes.sort_by_key(|(at, ..)| *at);
    let (mut taken, mut waiting) = (0, 0);
    for together in changes.chunk_by(|one, other| one.0 == other.0) {
        for (_, slots, ready) in together {
            taken += slots;
            waiting += ready;
        }
        let at = microseconds(together[0].0);
        events.push(json!({"ph": "C", "name": "slots taken", "pid": SLOTS, "ts": at, "args": {"slots": taken}}));
        events
            .push(json!({"ph": "C", "name": "waiting for room", "pid": SLOTS, "ts": at, "args": {"actions": waiting}}));
    }
}

/// A stretch of time on a track, with its name and kind.
fn complete(
    (name, kind): (&str, &str),
    (group, track): (u32, usize),
    (start, duration): (Duration, Duration),
    facts: Map<String, Value>,
) -> Value {
    json!({
        "ph": "X", "name": name, "cat": kind, "pid": group, "tid": track,
        "ts": microseconds(start), "dur": microseconds(duration), "args": facts,
    })
}

/// The name of a track, or of a group of them.
fn named(what: &str, group: u32, track: usize, name: &str) -> Value {
    json!({"ph": "M", "name": what, "pid": group, "tid": track, "args": {"name": name}})
}

/// The unit of the format, with the nanoseconds as a fraction.
fn microseconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e3
}
