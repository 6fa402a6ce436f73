//! What runs beside what: order, weights, and the jobserver that tools share with farm. Counted from inside the commands,
//! by the files of those that run at the same time; never by the clock.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::puppet;
use crate::skip;
use crate::support::{Ran, Workspace, counted};

/// The jobs of a jobserver test.
const JOBS: u64 = 2;

/// Tries `$1` times how many jobs run at once, this one among them: each has a folder in `running` while it runs.
const COUNT: &str = "\
running=$1 name=$2
mkdir $running/$name
for try in 1 2 3 4 5 6 7 8 9 10; do ls $running | wc -l >> $running.counts; done
rmdir $running/$name
";

/// Two rules that need each other at the same time, and ten that count. Without a jobserver, the first two would wait
/// for ever, since make alone runs one at a time.
const MAKEFILE: &str = "\
RULES = $(foreach n,1 2 3 4 5 6 7 8 9 10,count-$(n))
all: left right $(RULES)
left:
\t@echo hello > meeting
right:
\t@cat meeting > met
count-%:
\t@sh count.sh running $*
";

fn has_make() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join("make").exists())
}

/// A workspace with one target that runs make.
fn making() -> Workspace {
    let workspace = Workspace::with(
        r#"
        [workspace]
        name = "making"

        [targets.run]
        builder = "command"
        options = { command = "mkfifo meeting && mkdir running && make all", inputs = ["Makefile", "count.sh"], outputs = ["running.counts", "met"], tools = ["cat"], timeout = 60, jobserver = true }
        "#,
    );
    workspace.write("Makefile", MAKEFILE);
    workspace.write("count.sh", COUNT);
    workspace
}

/// The most that ran at once, as it was counted.
fn most(counts: &str) -> u64 {
    let counts = counts.lines().map(|line| line.trim().parse().expect("a number"));
    counts.max().expect("something was counted")
}

/// The start of each action, in order.
fn started(ran: &Ran<'_>) -> Vec<String> {
    let events = ran.events_named("action-started").into_iter();
    events
        .map(|event| event["target"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn make_takes_its_jobs_from_the_builds_slots() {
    if !has_make() {
        skip!("make is not on the PATH");
    }
    for tier in ["off", "L1", "L2"] {
        let workspace = making();
        let jobs = JOBS.to_string();
        let ran = workspace.ran(&mut workspace.command_at(tier, ["build", "--json", "--jobs", &jobs]));
        assert_eq!(ran.code(), 0, "{tier}: {}", ran.text());
        assert_eq!(workspace.read("met"), "hello\n", "{tier}: two rules ran at once");
        let counts = workspace.read("running.counts");
        assert_eq!(counts.lines().count(), 100);
        assert!(most(&counts) <= JOBS, "{tier}: {} at once", most(&counts));
        let said = ran.events_named("action-output");
        assert!(
            said.is_empty(),
            "{tier}: make found nothing to complain about: {}",
            ran.text()
        );
    }
}

#[test]
fn a_jobserver_is_in_no_key() {
    if !has_make() {
        skip!("make is not on the PATH");
    }
    let workspace = making();
    workspace.farm("build --json --jobs 2").success();
    assert_eq!(workspace.farm("build --json --jobs 5").counted(), counted(0, 0, 1));
    let text = workspace
        .read("farm.toml")
        .replace(", jobserver = true", ", weight = 3");
    workspace.write("farm.toml", &text);
    assert_eq!(workspace.build(), counted(0, 0, 1));
}

/// A target whose command counts in a folder that all targets see, for a build without a sandbox.
fn counting(name: &str, shared: &Path, options: &str) -> String {
    let command = format!("sh count.sh {} {name}", shared.display());
    format!(
        "[targets.{name}]\nbuilder = \"command\"\noptions = {{ command = \"{command}\", inputs = [\"count.sh\"], \
         {options} }}\n"
    )
}

/// The same for each rule of a Makefile.
fn making_beside(name: &str, shared: &Path) -> String {
    let command = format!("make SHARED={} NAME={name}", shared.display());
    format!(
        "[targets.make-{name}]\nbuilder = \"command\"\noptions = {{ command = \"{command}\", inputs = \
         [\"Makefile\", \"count.sh\"], timeout = 60, jobserver = true }}\n"
    )
}

#[test]
fn tools_with_a_jobserver_and_farm_share_one_pool() {
    if !has_make() {
        skip!("make is not on the PATH");
    }
    let workspace = Workspace::new();
    let shared = workspace.beside("running");
    fs::create_dir(&shared).expect("made");
    let targets = ["a", "b", "c", "d"];
    let counts = targets.map(|name| counting(name, &shared, "timeout = 60")).concat();
    let makes = targets.map(|name| making_beside(name, &shared)).concat();
    let text = format!("[workspace]\nname = \"shared\"\n{counts}{makes}");
    workspace.write("farm.toml", &text);
    workspace.write("count.sh", COUNT);
    let rules = "all: $(foreach n,1 2 3 4 5 6,count-$(n))\ncount-%:\n\t@sh count.sh $(SHARED) $(NAME)-$*\n";
    workspace.write("Makefile", rules);
    let ran = workspace.ran(&mut workspace.command_at("off", ["build", "--json", "--jobs", "3"]));
    assert_eq!(ran.counted(), counted(8, 0, 0));
    let counts = fs::read_to_string(workspace.beside("running.counts")).expect("counts");
    assert_eq!(counts.lines().count(), 4 * 10 + 4 * 6 * 10);
    assert!(most(&counts) <= 3, "{} at once", most(&counts));
}

#[test]
fn heavy_actions_take_turns() {
    let workspace = Workspace::new();
    let shared = workspace.beside("running");
    fs::create_dir(&shared).expect("made");
    let targets = ["a", "b", "c", "d", "e"].map(|name| counting(name, &shared, "weight = 3"));
    workspace.write(
        "farm.toml",
        &format!("[workspace]\nname = \"heavy\"\n{}", targets.concat()),
    );
    workspace.write("count.sh", COUNT);
    let ran = workspace.ran(&mut workspace.command_at("off", ["build", "--json", "--jobs", "5"]));
    assert_eq!(ran.counted(), counted(5, 0, 0));
    let counts = fs::read_to_string(workspace.beside("running.counts")).expect("counts");
    assert_eq!(most(&counts), 1);
}

#[test]
fn the_longest_chain_is_started_first() {
    let workspace = Workspace::with(
        r#"
        [workspace]
        name = "chain"

        [targets.alone]
        builder = "command"
        options = { command = "echo alone" }

        [targets.first]
        builder = "command"
        options = { command = "echo first" }

        [targets.second]
        builder = "command"
        deps = ["first"]
        options = { command = "echo second" }

        [targets.third]
        builder = "command"
        deps = ["second"]
        options = { command = "echo third" }
        "#,
    );
    let ran = workspace.farm("build --json --jobs 1");
    let order = started(&ran);
    assert_eq!(order[..2], ["first", "second"], "{}", ran.text());
    assert_eq!(order.len(), 4);
}

#[test]
fn what_took_long_is_started_first_the_next_time() {
    let workspace = Workspace::with(
        r#"
        [workspace]
        name = "learning"

        [targets.first]
        builder = "command"
        options = { command = "echo first" }

        [targets.second]
        builder = "command"
        deps = ["first"]
        options = { command = "echo second" }

        [targets.slow]
        builder = "command"
        options = { command = "i=0; while [ $i -lt 400000 ]; do i=$((i + 1)); done" }
        "#,
    );
    let build = || started(&workspace.farm("build --json --no-cache --jobs 1"));
    assert_eq!(
        build(),
        ["first", "second", "slow"],
        "a chain of two is longer than one"
    );
    assert_eq!(build(), ["slow", "first", "second"], "and so is the one that took long");
}

#[test]
fn events_tell_what_a_run_used() {
    let workspace = Workspace::with(
        r#"
        [workspace]
        name = "usage"

        [targets.good]
        builder = "command"
        options = { command = "echo x > out.txt", outputs = ["out.txt"] }

        [targets.bad]
        builder = "command"
        options = { command = "false" }
        "#,
    );
    let finished = |ran: &Ran<'_>, target: &str| {
        let events = ran.events_named("action-finished").into_iter();
        let mut of_target = events.filter(|event| event["target"] == target);
        of_target.next().expect("it ended")
    };
    let ran = workspace.farm("build --json --keep-going");
    let (good, bad) = (finished(&ran, "good"), finished(&ran, "bad"));
    assert!(good["cpu_seconds"].is_f64(), "{good}");
    assert!(
        good["peak_memory"].as_u64().is_some_and(|bytes| bytes > 100_000),
        "{good}"
    );
    assert!(bad["cpu_seconds"].is_null() && bad["peak_memory"].is_null(), "{bad}");
    let again = finished(&workspace.farm("build --json --keep-going"), "good");
    assert_eq!(again["outcome"], "up_to_date");
    for field in ["cpu_seconds", "peak_memory"] {
        assert_eq!(
            again[field], good[field],
            "{field} is that of the run that made the result"
        );
    }
}

/// An image that holds a program whose tests failed, say: it was made before they did.
#[test]
fn what_a_failed_target_went_into_is_not_put_in_place() {
    let failing = puppet::plan(&[puppet::action("make", "mkdir out; echo v1 > out/made"), {
        let mut test = puppet::reading("test", "make");
        test["work"]["Tool"]["arguments"] = json!(["-c", "mkdir out; exit 3"]);
        test
    }]);
    let mut pack = puppet::action("pack", "cp -r in out");
    pack["inputs"] = json!([{ "at": "in", "source": { "Artifact": { "target": "program", "name": "out" } } }]);
    let workspace = puppet::workspace(&[("program", failing), ("image", puppet::plan(&[pack]))], "");
    let text = workspace.read("farm.toml");
    workspace.write(
        "farm.toml",
        &text.replace("[targets.image]", "[targets.image]\ndeps = [\"program\"]"),
    );
    let ran = workspace.farm("build --json --keep-going");
    let counts = json!({ "ran": 2, "cached": 0, "up_to_date": 0, "failed": 1, "skipped": 0 });
    assert_eq!((ran.code(), &ran.last()["counts"]), (1, &counts), "{}", ran.text());
    assert!(
        !workspace.has("dist/image") && !workspace.has("dist/program"),
        "nothing of it is a result"
    );
    let ended = ran.events_named("target-finished").into_iter();
    let ended: Vec<_> = ended
        .map(|event| (event["target"].clone(), event["ok"].clone()))
        .collect();
    assert_eq!(
        ended,
        [("program".into(), false.into()), ("image".into(), false.into())]
    );
}
