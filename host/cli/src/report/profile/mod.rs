//! Where a build's time went: gathers the times that events carry, writes them as a trace, and tells the gist.
//!
//! Does not measure anything.

mod lanes;
mod path;
mod place;
mod summary;
mod trace;

use std::time::Duration;

use farm_engine::error::Problem;
use farm_engine::event::{ActionName, Counts, Event, Outcome, Span, Timings};
use farm_engine::sandbox::Tier;

pub(crate) use self::place::Place;
use super::Report;
use crate::ui::Theme;

/// The profile of one build.
pub(super) struct Profile {
    place: Place,
    record: Record,
}

/// What is known of a build's time.
#[derive(Debug, Default)]
struct Record {
    /// The workspace's name; none where the build did not begin.
    workspace: Option<String>,
    /// How many slots there were.
    slots: usize,
    /// The actions that the schedule handed out, as they were told.
    actions: Vec<Action>,
    /// Each round of planning a target.
    plans: Vec<Stretch>,
    /// The targets whose artifacts were put in place.
    finishes: Vec<Stretch>,
    /// How all actions ended.
    counts: Counts,
    /// From the request to the end.
    duration: Duration,
}

/// An action that was handed out.
#[derive(Debug)]
struct Action {
    name: ActionName,
    label: String,
    outcome: Outcome,
    key: Option<String>,
    tier: Option<Tier>,
    /// Of this build: none for one that did not run, and where it was not measured.
    cpu: Option<Duration>,
    peak_memory: Option<u64>,
    fetched: bool,
    timings: Timings,
}

/// Time that was spent on a target, beside the slots.
#[derive(Debug)]
struct Stretch {
    target: String,
    span: Span,
}

impl Profile {
    /// Of a build that has not begun, to be written there.
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            record: Record::default(),
        }
    }

    /// Writes the trace. Nothing is written of a build that did not begin.
    pub(super) fn write(&self) -> Result<(), Problem> {
        if self.record.workspace.is_none() {
            return Ok(());
        }
        self.place.write(trace::of(&self.record).to_string().as_bytes())
    }

    /// The gist for people; none of a build that did not begin.
    pub(super) fn text(&self, theme: Theme) -> Option<String> {
        self.record.workspace.as_ref()?;
        let place = self.place.shown();
        Some(
            summary::of(&self.record, theme) + &format!("\n\ntrace: {place} (for chrome://tracing or ui.perfetto.dev)"),
        )
    }
}

impl Report for Profile {
    fn tell(&mut self, event: &Event) {
        let record = &mut self.record;
        match event {
            Event::BuildStarted { workspace, jobs, .. } => {
                record.workspace = Some(workspace.clone());
                record.slots = *jobs;
            }
            Event::TargetPlanned { target, span, .. } => record.plans.extend(stretch(target, *span)),
            Event::TargetFinished { target, span, .. } => record.finishes.extend(stretch(target, *span)),
            Event::ActionFinished { .. } => record.actions.extend(action(event)),
            Event::BuildFinished { counts, duration, .. } => {
                record.counts = *counts;
                record.duration = *duration;
            }
            _ => {}
        }
    }
}

fn stretch(target: &str, span: Option<Span>) -> Option<Stretch> {
    let target = target.to_owned();
    span.map(|span| Stretch { target, span })
}

/// The action of an end that was told; none if it was never handed out.
fn action(event: &Event) -> Option<Action> {
    let Event::ActionFinished {
        target,
        action,
        label,
        outcome,
        key,
        tier,
        duration: _,
        cpu,
        peak_memory,
        fetched,
        timings,
    } = event
    else {
        return None;
    };
    // What a result from the cache took was taken in another build.
    let is_new = matches!(outcome, Outcome::Ran | Outcome::Failed);
    Some(Action {
        name: ActionName {
            target: target.clone(),
            action: action.clone(),
        },
        label: label.clone(),
        outcome: *outcome,
        key: key.clone(),
        tier: *tier,
        cpu: cpu.filter(|_| is_new),
        peak_memory: peak_memory.filter(|_| is_new),
        fetched: *fetched,
        timings: timings.clone()?,
    })
}

impl Action {
    /// How long it held its slots.
    fn took(&self) -> Duration {
        self.timings.ended.saturating_sub(self.timings.started)
    }

    /// How long it could have been started, had there been room.
    fn waited(&self) -> Duration {
        self.timings.started.saturating_sub(self.timings.ready)
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::recorded;
    use super::*;
    use crate::ui::tests::BARE;

    fn profile(events: &[Event]) -> Profile {
        let mut profile = Profile::new(Place::usual(std::path::Path::new("nowhere")).expect("nothing is there"));
        events.iter().for_each(|event| profile.tell(event));
        profile
    }

    #[test]
    fn the_critical_path_goes_back_over_what_was_waited_for_last() {
        let profile = profile(&recorded::timed());
        let path = path::find(&profile.record);
        let names = path.steps.iter().map(|step| step.action.label.as_str());
        assert_eq!(
            names.collect::<Vec<_>>(),
            ["make deps", "make schema", "make types", "make measure"]
        );
        let planning = path.steps.iter().map(|step| step.planning().as_millis());
        assert_eq!(planning.collect::<Vec<_>>(), [40, 0, 20, 0]);
        assert_eq!((path.took().as_millis(), path.waited().as_millis()), (2550, 80));
        assert_eq!(path.finish.expect("it ended last").target, "web");
    }

    #[test]
    fn an_action_that_was_done_twice_is_meant_as_it_was_done_before() {
        let mut profile = profile(&recorded::timed());
        let again = |action: &Action| {
            let timings = Timings {
                started: Duration::from_secs(8),
                ended: Duration::from_secs(9),
                ..action.timings.clone()
            };
            let (name, label) = (action.name.clone(), "again".to_owned());
            Action {
                name,
                label,
                timings,
                key: None,
                ..*action
            }
        };
        let schema = profile
            .record
            .actions
            .iter()
            .position(|action| action.name.action == "schema");
        let again = again(&profile.record.actions[schema.expect("it is there")]);
        profile.record.actions.insert(0, again);
        let path = path::find(&profile.record);
        assert_eq!(
            path.finish.map(|finish| &finish.target),
            None,
            "the second time ended last"
        );
        let labels = |path: &path::Path<'_>| {
            path.steps
                .iter()
                .map(|step| step.action.label.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(labels(&path), ["make deps", "again"]);
        profile.record.actions[0].timings.ended = Duration::from_secs(2);
        assert_eq!(
            labels(&path::find(&profile.record)),
            ["make deps", "make schema", "make types", "make measure"]
        );
    }

    #[test]
    fn the_gist_says_what_took_the_time() {
        let text = profile(&recorded::timed()).text(BARE).expect("it began");
        assert_snapshot!(text, @r"
        critical path: 4 actions of 2.55 s, which waited 80 ms for room
              start       took     waited
             0.0 ms      40 ms             open and plan
              40 ms     1.00 s     0.0 ms  api  make deps
             1.04 s     500 ms     0.0 ms  api  make schema
             1.54 s      20 ms             plan on
             1.64 s     1.00 s      80 ms  web  make types
             2.64 s      50 ms     0.0 ms  web  make measure (cached)
             2.69 s      30 ms             web  put artifacts in place

        time in slots: 2.75 s of 2 slots, 5.50 s together
              70 ms      1.3 %             hash inputs, make keys
             5.01 s     91.1 %             run
              63 ms      1.1 %             collect outputs
             7.0 ms      0.1 %             between these
             350 ms      6.4 %             idle

        beside the slots
              10 ms                        open the workspace
              65 ms                        plan (4 rounds)
              30 ms                        put artifacts in place (1 target)

        waiting for room: 880 ms in all, most of it site  make lint (failed) (800 ms)

        longest actions
               took        cpu     memory
             1.00 s     1.96 s   100.7 MB  api  make deps
             1.00 s     1.96 s   100.7 MB  web  make types
             800 ms     1.56 s   100.7 MB  web  make install
             800 ms     1.56 s   100.7 MB  site  make lint (failed)
             500 ms     960 ms   100.7 MB  api  make schema
              50 ms                        web  make measure (cached)

        trace: .farm/profile.json (for chrome://tracing or ui.perfetto.dev)
        ");
    }

    #[test]
    fn of_a_build_without_changes_there_is_little_to_say() {
        let text = profile(&recorded::up_to_date()).text(BARE).expect("it began");
        assert_snapshot!(text, @r"
        nothing ran: the results of 1 action were known from the last build; all took 20 ms

        trace: .farm/profile.json (for chrome://tracing or ui.perfetto.dev)
        ");
    }

    #[test]
    fn a_build_that_ended_before_its_first_action_says_how_far_it_came() {
        let events = recorded::timed();
        let text = profile(&[events[0].clone(), events[1].clone()])
            .text(BARE)
            .expect("it began");
        assert_snapshot!(text, @r"
        nothing ran; all took 0.0 ms

        beside the slots
              10 ms                        open the workspace
              20 ms                        plan (1 round)

        trace: .farm/profile.json (for chrome://tracing or ui.perfetto.dev)
        ");
    }

    #[test]
    fn a_build_that_did_not_begin_has_no_profile() {
        let problem = Event::ProblemFound {
            problem: recorded::wrong_request(),
        };
        let profile = profile(&[problem]);
        assert_eq!(profile.text(BARE), None);
        profile.write().expect("nothing is written");
        assert!(!std::path::Path::new("nowhere").exists());
    }

    #[test]
    fn the_trace_has_a_track_for_each_slot() {
        let trace = trace::of(&profile(&recorded::timed()).record);
        let events = trace["traceEvents"].as_array().expect("a list");
        let lines: Vec<String> = events.iter().map(line).collect();
        assert_snapshot!(lines.join("\n"), @r#"
        1/0 process_name "slots"
        2/0 process_name "targets"
        1/1 web make install 40000.0+800000.0
        1/1 key 40000.0+10000.0
        1/1 run 50000.0+780000.0
        1/1 collect 830000.0+9000.0
        1/2 api make deps 40000.0+1000000.0
        1/2 key 40000.0+10000.0
        1/2 run 50000.0+980000.0
        1/2 collect 1030000.0+9000.0
        1/1 site make lint 840000.0+800000.0
        1/1 key 840000.0+10000.0
        1/1 run 850000.0+780000.0
        1/1 collect 1630000.0+9000.0
        1/2 api make schema 1040000.0+500000.0
        1/2 key 1040000.0+10000.0
        1/2 run 1050000.0+480000.0
        1/2 collect 1530000.0+9000.0
        1/1 web make types 1640000.0+1000000.0
        1/1 key 1640000.0+10000.0
        1/1 run 1650000.0+980000.0
        1/1 collect 2630000.0+9000.0
        1/1 web make measure 2640000.0+50000.0
        1/1 key 2640000.0+10000.0
        1/1 run 2650000.0+30000.0
        1/1 collect 2680000.0+9000.0
        1/1 thread_name "slot 1"
        1/2 thread_name "slot 2"
        2/1 plan api 10000.0+20000.0
        2/2 plan web 10000.0+25000.0
        2/1 plan site 30000.0+5000.0
        2/1 plan web 1540000.0+15000.0
        2/1 finish web 2690000.0+30000.0
        2/1 thread_name "targets 1"
        2/2 thread_name "targets 2"
        40000.0 slots taken {"slots":2}
        40000.0 waiting for room {"actions":1}
        840000.0 slots taken {"slots":2}
        840000.0 waiting for room {"actions":0}
        1040000.0 slots taken {"slots":2}
        1040000.0 waiting for room {"actions":0}
        1540000.0 slots taken {"slots":1}
        1540000.0 waiting for room {"actions":0}
        1560000.0 slots taken {"slots":1}
        1560000.0 waiting for room {"actions":1}
        1640000.0 slots taken {"slots":2}
        1640000.0 waiting for room {"actions":0}
        2640000.0 slots taken {"slots":1}
        2640000.0 waiting for room {"actions":0}
        2690000.0 slots taken {"slots":0}
        2690000.0 waiting for room {"actions":0}
        "#);
        let types = events.iter().find(|event| event["name"] == "web make types");
        assert_snapshot!(types.expect("it is there")["args"], @r#"{"target":"web","action":"types","outcome":"ran","key":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","tier":"L2","fetched":false,"cpu_seconds":1.96,"peak_memory":100663296,"slots":2,"waited_seconds":0.08,"after":"api schema","critical":true}"#);
    }

    /// An event in short.
    fn line(event: &serde_json::Value) -> String {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let place = format!("{}/{}", event["pid"], event["tid"]);
        match text("ph").as_str() {
            "X" => format!("{place} {} {}+{}", text("name"), event["ts"], event["dur"]),
            "C" => format!("{} {} {}", event["ts"], text("name"), event["args"]),
            _ => format!("{place} {} {}", text("name"), event["args"]["name"]),
        }
    }
}
