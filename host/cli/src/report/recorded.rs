//! Recorded builds, for the tests of the reports: the same stream through each shows that the events say enough.

use std::time::Duration;

use farm_engine::error::{Class, Location, Problem};
use farm_engine::event::{ActionName, ArtifactFacts, Counts, Event, Outcome, Part, Phase, Span, Stream, Timings};
use farm_engine::sandbox::Tier;
use serde_json::json;

/// One action ran, one was restored, one was in place.
pub(super) fn successful() -> Vec<Event> {
    vec![
        started(&["backend", "frontend"]),
        planned("backend", &["compile", "schema"], true),
        output("backend", "compile", "Listing 'src'...\n", true),
        finished("backend", "compile", "byte-compile", Outcome::Cached, 800),
        finished("backend", "schema", "export the OpenAPI schema", Outcome::UpToDate, 400),
        made(
            "backend",
            "python-app",
            Some("dist/backend"),
            json!({"python": "3.12.4", "endpoints": 9}),
        ),
        planned("frontend", &["install", "bundle"], false),
        begun("frontend", "install", "npm ci"),
        finished("frontend", "install", "npm ci", Outcome::Ran, 12_300),
        begun("frontend", "bundle", "vite build"),
        output(
            "frontend",
            "bundle",
            "\x1b[32mbuilt\x1b[0m\x1b]0;owned\x07 in 2s\r\n",
            false,
        ),
        finished("frontend", "bundle", "vite build", Outcome::Ran, 2345),
        made(
            "frontend",
            "web-bundle",
            Some("dist/frontend"),
            json!({"gzip_bytes": 68_100, "chunks": 3}),
        ),
        Event::Notice {
            code: "cache::fault",
            message: "one entry of the cache was damaged and was made anew".to_owned(),
            target: Some("frontend".to_owned()),
            action: None,
        },
        ended(
            true,
            Counts {
                ran: 2,
                cached: 1,
                up_to_date: 1,
                ..Counts::default()
            },
            14_700,
        ),
    ]
}

/// Everything was in place, and an action on demand ran.
pub(super) fn by_name() -> Vec<Event> {
    let said = |stream, text: &str| Event::ActionOutput {
        target: "images".to_owned(),
        action: "push".to_owned(),
        stream,
        text: text.to_owned(),
        replayed: false,
    };
    vec![
        started(&["images"]),
        planned("images", &["assemble"], true),
        output("images", "assemble", "of the build\n", true),
        finished("images", "assemble", "assemble the image", Outcome::UpToDate, 400),
        Event::ActionStarted {
            target: "images".to_owned(),
            action: "push".to_owned(),
            label: "push to the registry".to_owned(),
            on_demand: true,
        },
        said(Stream::Stdout, "pushed \x1b]0;ow"),
        said(Stream::Stderr, "warning: slow\n"),
        said(Stream::Stdout, "ned\x07sha256:1\nno line end"),
        finished("images", "push", "push to the registry", Outcome::Ran, 1200),
        ended(
            true,
            Counts {
                ran: 1,
                up_to_date: 1,
                ..Counts::default()
            },
            1500,
        ),
    ]
}

/// One action failed, and another was not tried.
pub(super) fn failing() -> Vec<Event> {
    let problem = Problem::new("execute::tool-failed", Class::Build, "`npx tsc` ended with exit code 2")
        .target("frontend")
        .action("types")
        .hint("run it by hand in the same sandbox: farm debug .farm/failed/frontend/types");
    vec![
        started(&["frontend"]),
        planned("frontend", &["types", "bundle"], false),
        begun("frontend", "types", "check types"),
        output(
            "frontend",
            "types",
            "src/App.tsx(12,7): error TS2339: Property 'title' ",
            false,
        ),
        output(
            "frontend",
            "types",
            "does not exist.\n\x1b[1A\x1b]52;c;eA==\x07$ sudo password:",
            false,
        ),
        finished("frontend", "types", "check types", Outcome::Failed, 3400),
        Event::ProblemFound { problem },
        finished("frontend", "bundle", "vite build", Outcome::Skipped, 0),
        Event::TargetFinished {
            target: "frontend".to_owned(),
            ok: false,
            artifacts: Vec::new(),
            span: None,
        },
        ended(
            false,
            Counts {
                failed: 1,
                skipped: 1,
                ..Counts::default()
            },
            3500,
        ),
    ]
}

/// Nothing was to be done.
pub(super) fn up_to_date() -> Vec<Event> {
    vec![
        started(&["backend"]),
        planned("backend", &["compile"], true),
        finished("backend", "compile", "byte-compile", Outcome::UpToDate, 800),
        made("backend", "python-app", Some("dist/backend"), json!({})),
        ended(
            true,
            Counts {
                up_to_date: 1,
                ..Counts::default()
            },
            20,
        ),
    ]
}

/// All that has times: three targets in two slots, one of them planned in two rounds.
///
/// ```text
///        0.04                     0.84 1.04       1.54 1.64            2.64
/// slot 1 | api deps                    | api schema    | web types      | measure
/// slot 2 | web install            | site lint, fails    | (both slots)
/// ```
pub(super) fn timed() -> Vec<Event> {
    vec![
        started(&["api", "web", "site"]),
        planned_at("api", &["deps", "schema"], (10, 20)),
        planned_at("web", &["install"], (10, 25)),
        planned_at("site", &["lint", "bundle"], (30, 5)),
        timed_action("web", "install", Outcome::Ran, [40, 40, 840, 1], None),
        timed_action("api", "deps", Outcome::Ran, [40, 40, 1040, 1], None),
        timed_action(
            "api",
            "schema",
            Outcome::Ran,
            [1040, 1040, 1540, 1],
            Some(("api", "deps")),
        ),
        planned_at("web", &["types", "measure"], (1540, 15)),
        timed_action("site", "lint", Outcome::Failed, [40, 840, 1640, 1], None),
        timed_action(
            "web",
            "types",
            Outcome::Ran,
            [1560, 1640, 2640, 2],
            Some(("api", "schema")),
        ),
        timed_action(
            "web",
            "measure",
            Outcome::Cached,
            [2640, 2640, 2690, 1],
            Some(("web", "types")),
        ),
        Event::TargetFinished {
            target: "web".to_owned(),
            ok: true,
            artifacts: Vec::new(),
            span: span((2690, 30)),
        },
        finished("site", "bundle", "make bundle", Outcome::Skipped, 0),
        ended(
            false,
            Counts {
                ran: 4,
                cached: 1,
                failed: 1,
                skipped: 1,
                ..Counts::default()
            },
            2750,
        ),
    ]
}

/// What the engine answers to a mistake in `farm.toml`.
pub(super) fn wrong_request() -> Problem {
    let location = Location {
        file: "farm.toml".to_owned(),
        line: 7,
        column: 1,
    };
    Problem::new("config::unknown-key", Class::Request, "unknown key `biulder`").at(Some(location))
}

fn started(targets: &[&str]) -> Event {
    let targets = targets.iter().map(|target| (*target).to_owned()).collect();
    let (workspace, mode) = ("shop".to_owned(), "production".to_owned());
    Event::BuildStarted {
        workspace,
        targets,
        mode,
        tier: Tier::L2,
        jobs: 2,
    }
}

fn planned(target: &str, actions: &[&str], cached: bool) -> Event {
    let actions = actions.iter().map(|action| (*action).to_owned()).collect();
    Event::TargetPlanned {
        target: target.to_owned(),
        builder: "some-builder".to_owned(),
        actions,
        cached,
        span: None,
    }
}

fn begun(target: &str, action: &str, label: &str) -> Event {
    Event::ActionStarted {
        on_demand: false,
        target: target.to_owned(),
        action: action.to_owned(),
        label: label.to_owned(),
    }
}

fn output(target: &str, action: &str, text: &str, replayed: bool) -> Event {
    let (target, action, text) = (target.to_owned(), action.to_owned(), text.to_owned());
    Event::ActionOutput {
        target,
        action,
        stream: Stream::Stdout,
        text,
        replayed,
    }
}

fn finished(target: &str, action: &str, label: &str, outcome: Outcome, milliseconds: u64) -> Event {
    let has_run = matches!(outcome, Outcome::Ran | Outcome::Failed);
    Event::ActionFinished {
        target: target.to_owned(),
        action: action.to_owned(),
        label: label.to_owned(),
        outcome,
        key: Some("0123456789abcdef".repeat(4)),
        tier: has_run.then_some(Tier::L2),
        duration: Duration::from_millis(milliseconds),
        cpu: has_run.then(|| Duration::from_millis(2 * milliseconds)),
        peak_memory: has_run.then_some(96 << 20),
        fetched: action == "install",
        timings: None,
    }
}

/// A stretch that starts so many milliseconds after the build and is so long.
fn span((start, length): (u64, u64)) -> Option<Span> {
    let (start, duration) = (Duration::from_millis(start), Duration::from_millis(length));
    Some(Span { start, duration })
}

fn planned_at(target: &str, actions: &[&str], times: (u64, u64)) -> Event {
    let mut event = planned(target, actions, false);
    if let Event::TargetPlanned { span: planned, .. } = &mut event {
        *planned = span(times);
    }
    event
}

/// An action that was ready, was started and ended so many milliseconds after the build's start, in so many slots. But
/// for 10 milliseconds at each end it ran.
fn timed_action(
    target: &str,
    action: &str,
    outcome: Outcome,
    [ready, started, ended, slots]: [u64; 4],
    after: Option<(&str, &str)>,
) -> Event {
    let label = format!("make {action}");
    let mut event = finished(target, action, &label, outcome, ended - started - 20);
    let phase = |part, times| span(times).map(|span| Phase { part, span });
    let length = ended - started;
    let phases = [
        phase(Part::Key, (started, 10)),
        phase(Part::Run, (started + 10, length - 20)),
        phase(Part::Collect, (ended - 10, 9)),
    ];
    if let Event::ActionFinished { timings, .. } = &mut event {
        *timings = Some(Timings {
            ready: Duration::from_millis(ready),
            started: Duration::from_millis(started),
            ended: Duration::from_millis(ended),
            slots: usize::try_from(slots).expect("it is small"),
            after: after.map(|(target, action)| ActionName {
                target: target.to_owned(),
                action: action.to_owned(),
            }),
            phases: phases.into_iter().flatten().collect(),
        });
    }
    event
}

fn made(target: &str, kind: &str, path: Option<&str>, metadata: serde_json::Value) -> Event {
    let artifact = ArtifactFacts {
        name: "app".to_owned(),
        kind: kind.to_owned(),
        digest: "fedcba9876543210".repeat(4),
        sha256: "fedcba9876543210".repeat(4),
        files: 14,
        bytes: 212_400,
        path: path.map(str::to_owned),
        metadata,
    };
    Event::TargetFinished {
        target: target.to_owned(),
        ok: true,
        artifacts: vec![artifact],
        span: None,
    }
}

fn ended(ok: bool, counts: Counts, milliseconds: u64) -> Event {
    Event::BuildFinished {
        ok,
        counts,
        components: 1,
        duration: Duration::from_millis(milliseconds),
    }
}
