//! The check of plans: each case is a plan that differs in one thing from one that is fine.

use std::time::{Duration, Instant};

use farm_engine::path::RelPath;
use farm_engine::plan::{
    Action, Artifact, ArtifactHandle, ArtifactRef, CacheMount, CheckedPlan, Continuation, Fetch, Input, InputSource,
    MAX_ACTIONS, Output, OutputRef, OutputShape, Permissions, Plan, PlanError, Rules, StepRun, ToolRun, Work, check,
};

/// An action that runs `cat` and leaves `out/ID`.
pub(super) fn action(id: &str) -> Action {
    Action {
        id: id.to_owned(),
        label: String::new(),
        work: Work::Tool(ToolRun {
            tool: "cat".to_owned(),
            arguments: Vec::new(),
            directory: String::new(),
        }),
        inputs: Vec::new(),
        outputs: vec![output(&format!("out/{id}"))],
        tools: Vec::new(),
        environment: Vec::new(),
        pass_environment: Vec::new(),
        secrets: Vec::new(),
        network: None,
        caches: Vec::new(),
        timeout_seconds: None,
        properties: Vec::new(),
    }
}

pub(super) fn output(path: &str) -> Output {
    Output {
        name: "out".to_owned(),
        path: path.to_owned(),
        shape: OutputShape::Any,
        required: true,
        in_place: true,
    }
}

fn reference(action: &str) -> OutputRef {
    OutputRef {
        action: action.to_owned(),
        output: "out".to_owned(),
    }
}

fn reads(id: &str, other: &str) -> Action {
    let input = Input {
        at: "in".to_owned(),
        source: InputSource::Output(reference(other)),
    };
    Action {
        inputs: vec![input],
        ..action(id)
    }
}

pub(super) fn step(id: &str) -> Action {
    let run = StepRun {
        name: "measure".to_owned(),
        parameters: "{}".to_owned(),
    };
    Action {
        work: Work::Step(run),
        ..action(id)
    }
}

fn artifact(name: &str, from: &str) -> Artifact {
    Artifact {
        name: name.to_owned(),
        kind: "files".to_owned(),
        from: reference(from),
        place: Some(String::new()),
        metadata: None,
        properties: Vec::new(),
    }
}

pub(super) fn plan(actions: Vec<Action>) -> Plan {
    Plan {
        actions,
        ..Plan::default()
    }
}

/// Checks against a builder that may use `cat`, the network for `npm`, and one of each other kind.
pub(super) fn checked(plan: &Plan) -> Result<CheckedPlan, PlanError> {
    let set = |name: &str| std::iter::once(name.to_owned()).collect();
    let granted = Permissions {
        tools: set("cat"),
        network: set("npm"),
        environment: set("TZ"),
        secrets: set("TOKEN"),
        caches: set("cache"),
    };
    checked_with(plan, &granted)
}

/// Checks against a builder that may use this.
pub(super) fn checked_with(plan: &Plan, granted: &Permissions) -> Result<CheckedPlan, PlanError> {
    let rules = Rules {
        granted,
        dependencies: &[ArtifactHandle {
            target: "web".to_owned(),
            name: "dist".to_owned(),
            kind: "files".to_owned(),
        }],
        folder: &RelPath::parse("apps/api").expect("a path"),
        base: &RelPath::parse("apps/api").expect("a path"),
        output_folder: &RelPath::parse("dist").expect("a path"),
    };
    check(&CheckedPlan::default(), plan, &rules)
}

/// What is said to a plan of this one action, which was fine before `change`.
#[track_caller]
pub(super) fn refused(change: impl FnOnce(&mut Action)) -> String {
    let mut changed = action("run");
    checked(&plan(vec![changed.clone()])).expect("fine before the change");
    change(&mut changed);
    let said = checked(&plan(vec![changed])).expect_err("it was accepted").to_string();
    assert!(said.len() < 1000, "a bounded message: {} bytes", said.len());
    said
}

fn tool(action: &mut Action, tool: &str, arguments: &[&str]) {
    action.work = Work::Tool(ToolRun {
        tool: tool.to_owned(),
        arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
        directory: String::new(),
    });
}

#[test]
fn a_plan_that_is_fine_is_taken_as_it_is() {
    let mut plan = plan(vec![reads("second", "first"), action("first"), step("third")]);
    plan.artifacts = vec![artifact("dist", "second")];
    let checked = checked(&plan).expect("fine");
    let ids: Vec<&str> = checked.actions.iter().map(|action| action.id.as_str()).collect();
    assert_eq!(ids, ["second", "first", "third"], "in the builder's order");
    assert_eq!(checked.artifacts[0].name, "dist");
}

#[test]
fn a13_a_tool_that_was_not_granted_is_refused() {
    let said = refused(|action| tool(action, "sh", &["-c", "rm -rf /"]));
    assert_eq!(said, "action `run` uses the tool `sh`, which the builder may not use");
    let said = refused(|action| action.tools.push("node".to_owned()));
    assert_eq!(said, "action `run` uses the tool `node`, which the builder may not use");
}

#[test]
fn a13_a_tool_is_a_name_and_never_a_path() {
    for name in [
        "../cat", "/bin/cat", "bin/cat", "./cat", "..", ".", "", "-cat", "c\0at", "cat ", "*",
    ] {
        let said = refused(|action| tool(action, name, &[]));
        assert!(said.contains("the tool"), "{name:?}: {said}");
    }
}

#[test]
fn a13_any_tool_means_any_name_and_still_no_path() {
    let granted = Permissions {
        tools: std::iter::once("*".to_owned()).collect(),
        ..Permissions::default()
    };
    let rules = Rules {
        granted: &granted,
        dependencies: &[],
        folder: &RelPath::root(),
        base: &RelPath::root(),
        output_folder: &RelPath::parse("dist").expect("a path"),
    };
    for (name, is_fine) in [("sh", true), ("/bin/sh", false), ("../sh", false), ("*", false)] {
        let mut action = action("run");
        tool(&mut action, name, &[]);
        let answer = check(&CheckedPlan::default(), &plan(vec![action]), &rules);
        assert_eq!(answer.is_ok(), is_fine, "{name}: {answer:?}");
    }
}

#[test]
fn a13_what_is_only_wanted_or_only_granted_may_not_be_used() {
    let of = |tools: &[&str]| Permissions {
        tools: tools.iter().map(|&name| name.to_owned()).collect(),
        ..Permissions::default()
    };
    assert_eq!(of(&["cat", "sh"]).shared_with(&of(&["cat", "node"])), of(&["cat"]));
    assert_eq!(of(&["cat"]).shared_with(&of(&["*"])), of(&["cat"]));
    assert_eq!(of(&["*"]).shared_with(&of(&["cat"])), of(&["cat"]));
}

#[test]
fn a14_what_is_put_back_lies_in_the_targets_folder_wherever_paths_start() {
    let rules = Rules {
        granted: &Permissions {
            tools: std::iter::once("cat".to_owned()).collect(),
            ..Permissions::default()
        },
        dependencies: &[],
        folder: &RelPath::parse("apps/api").expect("a path"),
        base: &RelPath::root(),
        output_folder: &RelPath::parse("dist").expect("a path"),
    };
    for (path, in_place, is_fine) in [
        ("apps/api/types.ts", true, true),
        ("apps/web/types.ts", true, false),
        ("types.ts", true, false),
        ("node_modules", false, true),
    ] {
        let mut action = action("run");
        action.outputs = vec![Output {
            in_place,
            ..output(path)
        }];
        let answer = check(&CheckedPlan::default(), &plan(vec![action]), &rules);
        assert_eq!(answer.is_ok(), is_fine, "{path}: {answer:?}");
    }
}

#[test]
fn a14_an_output_lies_in_its_own_part_of_the_targets_folder() {
    for path in [
        "",
        ".",
        "..",
        "../other",
        "a/../..",
        "/etc/passwd",
        "a//b",
        "a/./b",
        "a/",
        "./a",
        "a\0b",
        "a\\b",
        ".git/hooks/pre-commit",
        ".git",
        ".GIT/hooks",
        "sub/.git/config",
        ".farm/x",
        ".farm",
        "farm.toml",
        "sub/farm.toml",
        "Farm.toml",
    ] {
        let said = refused(|action| action.outputs[0].path = path.to_owned());
        assert!(said.contains("declares the output"), "{path:?}: {said}");
    }
    let long = "a/".repeat(3000) + "b";
    refused(|action| action.outputs[0].path = long);
}

#[test]
fn a14_no_output_is_put_into_farms_own_folder() {
    let granted = Permissions {
        tools: std::iter::once("cat".to_owned()).collect(),
        ..Permissions::default()
    };
    let rules = Rules {
        granted: &granted,
        dependencies: &[],
        folder: &RelPath::root(),
        base: &RelPath::root(),
        output_folder: &RelPath::parse("build/dist").expect("a path"),
    };
    for path in ["build/dist", "build/dist/web", "build"] {
        let mut action = action("run");
        action.outputs[0].path = path.to_owned();
        let said = check(&CheckedPlan::default(), &plan(vec![action]), &rules).expect_err(path);
        assert!(said.to_string().contains("own output folder"), "{said}");
    }
}

#[test]
fn a14_two_outputs_of_a_target_do_not_meet() {
    for (first, second) in [("out", "out"), ("out", "out/sub"), ("a/b/c", "a/b")] {
        let (mut one, mut two) = (action("one"), action("two"));
        one.outputs[0].path = first.to_owned();
        two.outputs[0].path = second.to_owned();
        let said = checked(&plan(vec![one, two])).expect_err("they overlap").to_string();
        assert!(said.contains("overlaps the output"), "{said}");
    }
    // Names that merely begin alike are different places.
    let (mut one, mut two) = (action("one"), action("two"));
    one.outputs[0].path = "out".to_owned();
    two.outputs[0].path = "out-two".to_owned();
    checked(&plan(vec![one, two])).expect("fine");
}

#[test]
fn a16_a_cycle_is_named_in_full() {
    let actions = vec![reads("a", "b"), reads("b", "c"), reads("c", "a"), action("d")];
    let said = checked(&plan(actions)).expect_err("a cycle").to_string();
    assert_eq!(said, "actions wait for each other: a -> b -> c -> a");
    let said = checked(&plan(vec![reads("a", "a")])).expect_err("a cycle").to_string();
    assert_eq!(said, "actions wait for each other: a -> a");
}

#[test]
fn a16_the_longest_cycle_and_the_longest_chain_are_quick() {
    let id = |number: usize| format!("a{number:05}");
    let mut chain: Vec<Action> = (1..MAX_ACTIONS).map(|at| reads(&id(at), &id(at - 1))).collect();
    chain.push(action(&id(0)));
    let start = Instant::now();
    checked(&plan(chain.clone())).expect("a chain is fine");
    chain.pop();
    chain.push(reads(&id(0), &id(MAX_ACTIONS - 1)));
    let error = checked(&plan(chain)).expect_err("a cycle");
    assert!(matches!(&error, PlanError::Cycle(ids) if ids.len() == MAX_ACTIONS + 1));
    assert!(
        error.to_string().len() < 1000,
        "a bounded message: {}",
        error.to_string().len()
    );
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn a16_a_million_actions_are_refused_before_any_is_looked_at() {
    let actions = vec![action("same"); 1_000_000];
    let plan = plan(actions);
    let start = Instant::now();
    let error = checked(&plan).expect_err("too many");
    assert_eq!(
        error.to_string(),
        "the plan's list of actions has 1000000, the limit is 10000"
    );
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn a16_rounds_count_together() {
    let first = checked(&plan((0..MAX_ACTIONS).map(|at| action(&format!("a{at}"))).collect())).expect("fine");
    let rules = Rules {
        granted: &Permissions::default(),
        dependencies: &[],
        folder: &RelPath::root(),
        base: &RelPath::root(),
        output_folder: &RelPath::root(),
    };
    let error = check(&first, &plan(vec![action("one-more")]), &rules).expect_err("too many");
    assert!(matches!(error, PlanError::TooMany { count: 10_001, .. }), "{error}");
}

#[test]
fn a16_a_name_is_there_once() {
    let said = checked(&plan(vec![action("a"), action("a")]))
        .expect_err("twice")
        .to_string();
    assert_eq!(said, "action `a` is there twice");
    let mut twice = plan(vec![action("a")]);
    twice.artifacts = vec![artifact("x", "a"), artifact("x", "a")];
    assert_eq!(
        checked(&twice).expect_err("twice").to_string(),
        "artifact `x` is there twice"
    );
    let said = refused(|action| action.outputs.push(output("elsewhere")));
    assert_eq!(said, "output `out` is there twice");
    let said = refused(|action| action.environment = vec![property("A"), property("A")]);
    assert_eq!(said, "variable `A` is there twice");
}

fn property(name: &str) -> (String, String) {
    (name.to_owned(), "1".to_owned())
}

#[test]
fn a16_a_name_of_a_megabyte_is_refused_and_not_repeated() {
    let huge = "a".repeat(1 << 20);
    let changes: [fn(&mut Action, String); 8] = [
        |action, name| action.id = name,
        |action, name| action.outputs[0].name = name,
        |action, name| action.outputs[0].path = name,
        |action, name| action.tools = vec![name],
        |action, name| action.secrets = vec![name],
        |action, name| action.environment = vec![(name, String::new())],
        |action, name| action.properties = vec![(name, String::new())],
        |action, name| action.inputs = reads("x", &name).inputs,
    ];
    for change in changes {
        refused(|action| change(action, huge.clone()));
    }
}

#[test]
fn a16_a_name_has_plain_letters() {
    for name in ["", "A", "a b", "a/b", "..", ".a", "ä", "a\n"] {
        let said = refused(|action| action.id = name.to_owned());
        assert!(said.starts_with("action id `"), "{name:?}: {said}");
        assert!(!said.contains('\n'), "no raw line end in a message: {said}");
    }
}

#[test]
fn a_label_is_one_line_of_bounded_length() {
    let mut labelled = action("run");
    labelled.label = "two\nlines\x1b[31m ".repeat(1000);
    let label = checked(&plan(vec![labelled])).expect("fine").actions[0].label.clone();
    assert!(label.len() <= 200 && !label.contains(char::is_control), "{label:?}");
}

#[test]
fn what_this_farm_does_not_know_is_refused() {
    let said = refused(|action| action.properties = vec![property("retries")]);
    assert_eq!(
        said,
        "action `run` sets `retries`, which this farm does not know; the builder may need a newer one"
    );
    let said = refused(|action| action.properties = vec![property("weight"), property("retries")]);
    assert!(said.contains("sets `retries`"), "{said}");
    let mut strange = plan(vec![action("a")]);
    strange.properties = vec![property("x")];
    assert!(matches!(checked(&strange), Err(PlanError::Unknown { .. })));
    let mut strange = plan(vec![action("a")]);
    strange.artifacts = vec![Artifact {
        properties: vec![property("x")],
        ..artifact("dist", "a")
    }];
    assert!(matches!(checked(&strange), Err(PlanError::Unknown { .. })));
}

#[test]
fn the_packages_of_an_artifact_are_an_output_of_its_target() {
    let with = |value: &str| {
        let mut plan = plan(vec![action("a")]);
        plan.artifacts = vec![Artifact {
            properties: vec![("components".to_owned(), value.to_owned())],
            ..artifact("dist", "a")
        }];
        checked(&plan)
    };
    assert_eq!(
        with("a/out").expect("fine").artifacts[0].components,
        Some(reference("a"))
    );
    let said = with("a").expect_err("no output").to_string();
    assert_eq!(
        said,
        "artifact `dist` sets `components`, which is the output of an action: `ACTION/OUTPUT`"
    );
    let said = with("b/out").expect_err("no such action").to_string();
    assert_eq!(
        said,
        "artifact `dist` refers to the output `out` of action `b`, which does not exist"
    );
}

/// The properties of an action's, as they are when it is checked.
pub(super) fn with_properties(properties: &[(&str, &str)]) -> Action {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Action {
        properties: properties.iter().map(owned).collect(),
        ..action("run")
    }
}

#[test]
fn an_action_may_say_how_it_shares_the_machine() {
    let shares = |properties: &[(&str, &str)]| {
        let action = checked(&plan(vec![with_properties(properties)])).expect("fine").actions[0].clone();
        (action.weight, action.jobserver)
    };
    assert_eq!(shares(&[]), (1, false));
    assert_eq!(shares(&[("weight", "4")]), (4, false));
    assert_eq!(shares(&[("weight", "4294967295")]), (u32::MAX, false));
    assert_eq!(shares(&[("jobserver", "make")]), (1, true));
}

#[test]
fn an_action_may_say_that_its_tool_runs_what_nobody_here_wrote() {
    let untrusted = |properties: &[(&str, &str)]| {
        let plan = checked(&plan(vec![with_properties(properties)])).expect("fine");
        plan.actions[0].untrusted
    };
    assert_eq!((untrusted(&[]), untrusted(&[("untrusted", "true")])), (false, true));
    let said = refused(|action| action.properties = with_properties(&[("untrusted", "yes")]).properties);
    assert_eq!(said, "action `run` sets `untrusted`, which is `true` or is not there");
    let said = refused(|action| {
        *action = with_properties(&[("untrusted", "true")]);
        action.work = step("x").work;
    });
    assert_eq!(
        said,
        "action `run` sets `untrusted`, which is for tools: a step sees nothing but its inputs"
    );
}

#[test]
fn an_action_may_have_caches_for_itself() {
    let with = |names: &str| {
        let mut action = with_properties(&[("private-caches", names)]);
        action.caches = vec![CacheMount {
            name: "cache".to_owned(),
            variable: "CACHE".to_owned(),
        }];
        action
    };
    let plan = checked(&plan(vec![with("cache")])).expect("fine");
    assert_eq!(plan.actions[0].private_caches, ["cache"]);
    for wrong in ["", "other", "cache other", "cache  cache"] {
        let said = refused(|action| *action = with(wrong));
        assert_eq!(
            said, "action `run` sets `private-caches`, which names a cache that is none of its own",
            "{wrong:?}"
        );
    }
}

#[test]
fn an_action_may_do_without_what_git_ignores() {
    let ignores = |value: &str| with_properties(&[("ignore-files", value)]);
    assert!(checked(&plan(vec![ignores("git")])).expect("fine").actions[0].without_ignored);
    assert_eq!(
        refused(|action| *action = ignores("docker")),
        "action `run` sets `ignore-files`, which is `git` or is not there"
    );
}

#[test]
fn a_step_that_leaves_nothing_may_check_a_limit() {
    let checks = |value: &str| with_properties(&[("checks", value)]).properties;
    let check = Action {
        outputs: Vec::new(),
        properties: checks("limit"),
        ..step("run")
    };
    assert!(checked(&plan(vec![check])).expect("fine").actions[0].checks_limit);
    let leaves = Action {
        properties: checks("limit"),
        ..step("run")
    };
    let tool = Action {
        outputs: Vec::new(),
        ..with_properties(&[("checks", "limit")])
    };
    let other = Action {
        outputs: Vec::new(),
        properties: checks("size"),
        ..step("run")
    };
    for wrong in [leaves, tool, other] {
        let said = refused(|action| *action = wrong.clone());
        assert_eq!(
            said,
            "action `run` sets `checks`, which is `limit`, for a step without outputs"
        );
    }
}

#[test]
fn a_weight_is_a_whole_number_from_one_on() {
    for weight in ["", "0", "-1", "+1", "1.5", " 1", "1 ", "many", "4294967296", "٣"] {
        let said = refused(|action| action.properties = with_properties(&[("weight", weight)]).properties);
        assert_eq!(
            said, "action `run` sets `weight`, which is a whole number from 1 on",
            "{weight:?}"
        );
    }
    let twice = [("weight", "1"), ("weight", "2")];
    let said = refused(|action| action.properties = with_properties(&twice).properties);
    assert_eq!(said, "property `weight` is there twice");
}

#[test]
fn a_jobserver_is_for_a_tool_that_has_no_other() {
    let jobserver = || with_properties(&[("jobserver", "make")]).properties;
    let said = refused(|action| action.properties = with_properties(&[("jobserver", "yes")]).properties);
    assert_eq!(said, "action `run` sets `jobserver`, which is `make` or is not there");
    let said = refused(|action| action.properties = [jobserver(), vec![property("weight")]].concat());
    assert_eq!(
        said,
        "action `run` sets `jobserver`, which takes no `weight` beside it: with a jobserver, a tool takes cores as it \
         needs them"
    );
    for name in ["MAKEFLAGS", "GNUMAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS"] {
        let said = refused(|action| {
            action.properties = jobserver();
            action.environment = vec![property(name)];
        });
        assert_eq!(
            said,
            format!("action `run` sets `{name}`, which farm sets itself for a tool with a jobserver")
        );
    }
    let said = refused(|action| {
        *action = Action {
            properties: jobserver(),
            ..step("run")
        }
    });
    assert_eq!(
        said,
        "action `run` sets `jobserver`, which is for tools: a step starts no process"
    );
}

#[test]
fn standard_output_goes_to_a_file_that_is_declared() {
    let to = |action: &mut Action, name: &str, shape| {
        action.properties = with_properties(&[("stdout", name)]).properties;
        action.outputs[0].shape = shape;
    };
    let mut sound = action("run");
    to(&mut sound, "out", OutputShape::File);
    let sound = checked(&plan(vec![sound])).expect("sound").actions.remove(0);
    assert_eq!(sound.stdout, RelPath::parse("out/run").ok());
    for (name, shape) in [("other", OutputShape::File), ("out", OutputShape::Folder)] {
        let said = refused(|action| to(action, name, shape));
        assert_eq!(
            said,
            "action `run` sets `stdout`, which names no output of it that is a file"
        );
    }
    let said = refused(|action| {
        *action = step("run");
        to(action, "out", OutputShape::File);
    });
    assert_eq!(
        said,
        "action `run` sets `stdout`, which is for tools: a step writes its outputs itself"
    );
}

#[test]
fn a_variable_with_a_path_names_something_in_the_tree() {
    let with = |action: &mut Action, name: &str, value: &str| {
        action.properties = with_properties(&[("path-variables", name)]).properties;
        action.environment = vec![("CACHE".to_owned(), value.to_owned()), property("CI")];
    };
    let mut sound = action("run");
    with(&mut sound, "CACHE", "farm/cache");
    let sound = checked(&plan(vec![sound])).expect("sound").actions.remove(0);
    let at = RelPath::parse("farm/cache").expect("a path");
    assert_eq!(sound.path_variables, [("CACHE".to_owned(), at)]);
    assert_eq!(sound.environment, [property("CI")]);
    for name in ["OTHER", ""] {
        let said = refused(|action| with(action, name, "a"));
        assert_eq!(
            said,
            "action `run` sets `path-variables`, which names a variable that is not in its environment"
        );
    }
    let said = refused(|action| with(action, "CACHE", "../outside"));
    assert!(said.starts_with("a variable of action `run`: "), "{said}");
}

#[test]
fn a_reference_leads_to_something() {
    let said = refused(|action| action.inputs = reads("x", "nobody").inputs);
    assert_eq!(
        said,
        "action `run` refers to the output `out` of action `nobody`, which does not exist"
    );
    let said = refused(|action| {
        let source = InputSource::Artifact(ArtifactRef {
            target: "web".to_owned(),
            name: "other".to_owned(),
        });
        action.inputs = vec![Input {
            at: "in".to_owned(),
            source,
        }];
    });
    assert_eq!(
        said,
        "action `run` refers to the artifact `other` of `web`, which does not exist"
    );
    let mut dangling = plan(vec![action("a")]);
    dangling.artifacts = vec![artifact("dist", "b")];
    assert!(matches!(checked(&dangling), Err(PlanError::Dangling { .. })));
    dangling.artifacts = vec![Artifact {
        metadata: Some(reference("b")),
        ..artifact("dist", "a")
    }];
    assert!(matches!(checked(&dangling), Err(PlanError::Dangling { .. })));
    let mut waiting = plan(vec![action("a")]);
    waiting.next = Some(Continuation {
        needs: vec![reference("b")],
        state: Vec::new(),
    });
    assert!(matches!(checked(&waiting), Err(PlanError::Dangling { .. })));
}

#[test]
fn an_input_has_a_place_inside_the_tree() {
    for at in ["..", "/etc", "a/../../b", "a//b"] {
        let said = refused(|action| {
            action.inputs = vec![Input {
                at: at.to_owned(),
                source: InputSource::Content(b"x".to_vec()),
            }];
        });
        assert!(said.starts_with("an input of action `run`"), "{at}: {said}");
    }
    let said = refused(|action| {
        tool(action, "cat", &[]);
        let Work::Tool(run) = &mut action.work else { return };
        run.directory = "../..".to_owned();
    });
    assert!(said.starts_with("the directory of action `run`"), "{said}");
}

#[test]
fn permissions_are_needed_for_everything_outside() {
    let fetch = |from: &str| {
        Some(Fetch {
            from: vec![from.to_owned()],
            pinned_by: vec!["lock".to_owned()],
        })
    };
    type Change = Box<dyn FnOnce(&mut Action)>;
    let cases: [(&str, Change); 4] = [
        (
            "the network for `pypi`",
            Box::new(move |action| action.network = fetch("pypi")),
        ),
        (
            "the variable `USER`",
            Box::new(|action| action.pass_environment = vec!["USER".to_owned()]),
        ),
        (
            "the secret `KEY`",
            Box::new(|action| action.secrets = vec!["KEY".to_owned()]),
        ),
        (
            "the tool cache `other`",
            Box::new(|action| {
                action.caches = vec![CacheMount {
                    name: "other".to_owned(),
                    variable: "CACHE".to_owned(),
                }];
            }),
        ),
    ];
    for (what, change) in cases {
        let expected = format!("action `run` uses {what}, which the builder may not use");
        assert_eq!(refused(change), expected);
    }
}

#[test]
fn a_fetch_names_what_pins_it() {
    for (from, pins) in [(vec!["npm".to_owned()], vec![]), (vec![], vec!["lock".to_owned()])] {
        let said = refused(|action| action.network = Some(Fetch { from, pinned_by: pins }));
        assert_eq!(
            said,
            "action `run` asks for the network without a lock file that pins what it fetches"
        );
    }
}

#[test]
fn farms_own_variables_are_not_a_builders() {
    for name in [
        "PATH",
        "HOME",
        "TMPDIR",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "LD_AUDIT",
        "",
        "A=B",
        "A\0",
        "Ä",
    ] {
        let said = refused(|action| action.environment = vec![property(name)]);
        assert!(said.starts_with("action `run` sets `"), "{name:?}: {said}");
    }
    let said = refused(|action| action.environment = vec![("A".to_owned(), "a\0b".to_owned())]);
    assert!(said.contains("NUL"), "{said}");
    let said = refused(|action| tool(action, "cat", &["a\0b"]));
    assert!(said.contains("NUL"), "{said}");
    let said = refused(|action| {
        action.caches = vec![CacheMount {
            name: "cache".to_owned(),
            variable: "PATH".to_owned(),
        }];
    });
    assert!(said.contains("farm sets itself"), "{said}");
}

#[test]
fn a_step_has_no_world_around_it() {
    let changes: [fn(&mut Action); 5] = [
        |action| action.tools = vec!["cat".to_owned()],
        |action| action.environment = vec![property("A")],
        |action| action.secrets = vec!["TOKEN".to_owned()],
        |action| {
            action.network = Some(Fetch {
                from: vec!["npm".to_owned()],
                pinned_by: vec!["lock".to_owned()],
            });
        },
        |action| {
            action.caches = vec![CacheMount {
                name: "cache".to_owned(),
                variable: "CACHE".to_owned(),
            }];
        },
    ];
    for change in changes {
        let said = refused(|action| {
            *action = step("run");
            change(action);
        });
        assert!(said.contains("a step has no tools"), "{said}");
    }
    let said = refused(|action| {
        *action = step("run");
        action.pass_environment = vec!["TZ".to_owned()];
    });
    assert!(said.contains("a step has no tools"), "{said}");
}
