//! Wrong input: one located message that says what to do, exit code 2, and nothing written.

use crate::farm_snapshot;
use crate::puppet;
use crate::support::{Ran, Workspace};

/// A workspace of one `command` target with these lines in its table.
fn command(lines: &str) -> Workspace {
    let head = "[workspace]\nname = \"shop\"\n\n[targets.web]\nbuilder = \"command\"\n";
    Workspace::with(&format!("{head}{lines}\n"))
}

/// Builds, and sees that it was refused before anything was written.
fn refused(workspace: &Workspace) -> Ran<'_> {
    let before = listing(workspace);
    let ran = workspace.farm("build");
    assert_eq!(ran.code(), 2, "{}", ran.text());
    assert_eq!(listing(workspace), before, "something was written");
    ran
}

fn listing(workspace: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![workspace.root().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            found.push(path.display().to_string());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn an_unknown_key() {
    let workspace = command("biulder = \"x\"");
    farm_snapshot!(refused(&workspace), @r#"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[config::unknown-key]: unknown key `biulder` in [targets.web]
      --> farm.toml:6:1
       |
     6 | biulder = "x"
       | ^^^^^^^
      hint: did you mean `builder`?
      hint: keys here: builder, root, deps, options
    "#);
}

#[test]
fn an_unknown_builder() {
    let workspace = Workspace::with("[workspace]\nname = \"shop\"\n\n[targets.web]\nbuilder = \"vit\"\n");
    farm_snapshot!(refused(&workspace), @r#"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[config::unknown-builder]: unknown builder `vit`
      --> farm.toml:5:11
       |
     5 | builder = "vit"
       |           ^^^^^
      hint: did you mean `vite`?
      hint: builders: command, docker, go, model, node, python, rust, vite
      hint: a builder of somebody else's needs [builders.vit] with its component
    "#);
}

#[test]
fn invalid_toml() {
    let workspace = command("root = \"apps");
    farm_snapshot!(refused(&workspace), @r#"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[config::syntax]: not valid TOML: text lacks its closing `"` or holds a character that must be escaped
      --> farm.toml:6:13
       |
     6 | root = "apps
    "#);
}

#[test]
fn a_cycle() {
    let target = |name: &str, dep: &str| {
        format!("[targets.{name}]\nbuilder = \"command\"\ndeps = [\"{dep}\"]\noptions = {{ command = \"true\" }}\n")
    };
    let targets = [target("a", "b"), target("b", "c"), target("c", "a")].join("\n");
    let workspace = Workspace::with(&format!("[workspace]\nname = \"shop\"\n\n{targets}"));
    farm_snapshot!(refused(&workspace), @r#"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[graph::cycle]: targets depend on each other in a cycle: a → b → c → a
      --> farm.toml:6:9
       |
     6 | deps = ["b"]
       |         ^^^
      because: `a` depends on `b` at farm.toml:6:9
        because: `b` depends on `c` at farm.toml:11:9
          because: `c` depends on `a` at farm.toml:16:9
      hint: remove one of these dependencies
    "#);
}

#[test]
fn an_unknown_dependency() {
    let workspace = command("deps = [\"wbe\"]\noptions = { command = \"true\" }");
    farm_snapshot!(refused(&workspace), @r#"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[graph::unknown-target]: `web` depends on `wbe`, which is no target
      --> farm.toml:6:9
       |
     6 | deps = ["wbe"]
       |         ^^^^^
      hint: targets: web
    "#);
}

#[test]
fn a_wrong_option_type() {
    let workspace = command("options = { command = \"true\", outputs = \"dist\" }");
    farm_snapshot!(refused(&workspace), @r#"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[config::bad-option]: option `outputs` of `web` must be a list, found the text "dist"
      --> farm.toml:6:41
       |
     6 | options = { command = "true", outputs = "dist" }
       |                                         ^^^^^^
      hint: outputs: The files and folders it writes, from the target's folder. They are put back there from the cache, and dependents get them.
    "#);
}

#[test]
fn an_unknown_option() {
    let workspace = command("\n[targets.web.options]\ncommand = \"true\"\noutput = [\"dist\"]");
    farm_snapshot!(refused(&workspace), @r#"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[config::unknown-option]: unknown option `output` of `web`
      --> farm.toml:9:1
       |
     9 | output = ["dist"]
       | ^^^^^^
      hint: did you mean `outputs`?
      hint: options here: command, inputs, outputs, tools, env, pass-env, secrets, on-demand, network, timeout, weight, jobserver
    "#);
}

#[test]
fn a_missing_option() {
    let workspace = command("options = { inputs = [] }");
    farm_snapshot!(refused(&workspace), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[config::missing-option]: `web` lacks the option `command`
      --> farm.toml:6:1
       |
     6 | options = { inputs = [] }
       | ^^^^^^^
      hint: command: The command line, run by `sh -c` in the target's folder.
    ");
}

#[test]
fn a_tool_that_is_not_there() {
    let workspace = command("options = { command = \"frobnicate --all\", inputs = [] }");
    farm_snapshot!(refused(&workspace), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    building 1 target of shop for production (sandbox [TIER], [JOBS])
    error[builder::missing-tool]: the tool `frobnicate` is not on the PATH
      --> farm.toml:4:10
       |
     4 | [targets.web]
       |          ^^^
      target web
      hint: install `frobnicate`, or correct its name
    ");
}

#[test]
fn a_file_that_is_not_there() {
    let workspace = command("options = { command = \"cat notes.txt\", inputs = [\"notes.txt\"] }");
    farm_snapshot!(refused(&workspace), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    building 1 target of shop for production (sandbox [TIER], [JOBS])
    error[execute::missing-input]: the declared input `notes.txt` does not exist
      --> farm.toml:4:10
       |
     4 | [targets.web]
       |          ^^^
      target web, action run
      hint: create it, or correct the pattern; a pattern without wildcards must match
    ");
}

#[test]
fn a14_an_output_outside_the_targets_folder() {
    let workspace = command("options = { command = \"true\", inputs = [], outputs = [\"../other\"] }");
    farm_snapshot!(refused(&workspace), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    building 1 target of shop for production (sandbox [TIER], [JOBS])
    error[builder::problem]: output `../other` is not a path inside the target's folder
      --> farm.toml:4:10
       |
     4 | [targets.web]
       |          ^^^
      target web
      hint: an output lies below the target's `root`; write it from there, without `..`
    ");
}

#[test]
fn a14_an_output_where_no_build_may_write() {
    for output in [
        "/tmp/x",
        ".",
        "a/../../b",
        ".git/hooks",
        ".farm/state.json",
        "farm.toml",
        "dist",
        "dist/web",
    ] {
        let workspace = command(&format!(
            "options = {{ command = \"true\", inputs = [], outputs = [\"{output}\"] }}"
        ));
        let ran = refused(&workspace);
        let text = ran.text();
        assert!(
            text.contains("farm.toml:") && text.contains(output),
            "located and named: {text}"
        );
    }
}

#[test]
fn a14_two_targets_that_write_one_place() {
    let target = |name: &str, output: &str| {
        format!(
            "[targets.{name}]\nbuilder = \"command\"\noptions = {{ command = \"true\", inputs = [], outputs = [\"{output}\"] }}\n"
        )
    };
    let targets = [target("one", "out"), target("two", "out/sub")].join("\n");
    let workspace = Workspace::with(&format!("[workspace]\nname = \"shop\"\n\n{targets}"));
    farm_snapshot!(refused(&workspace), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    building 2 targets of shop for production (sandbox [TIER], [JOBS])
    error[plan::output-clash]: `out/sub` would be written by `one` and by `two`
      --> farm.toml:8:10
       |
     8 | [targets.two]
       |          ^^^
      target two
      hint: let each target write to a place of its own
    ");
}

#[test]
fn a_target_that_does_not_exist() {
    let workspace = command("options = { command = \"true\" }");
    let ran = workspace.farm("build -t wbe");
    assert!(!workspace.has(".farm"));
    farm_snapshot!(ran, @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[graph::unknown-selection]: there is no target `wbe`
      hint: targets: web
    ");
}

#[test]
fn a_front_end_without_a_lock_file() {
    let workspace =
        Workspace::with("[workspace]\nname = \"shop\"\n\n[targets.web]\nbuilder = \"vite\"\nroot = \"web\"\n");
    workspace.write(
        "web/package.json",
        r#"{ "name": "web", "dependencies": { "vite": "7.0.0" } }"#,
    );
    workspace.write("web/index.html", "<!doctype html>");
    farm_snapshot!(refused(&workspace), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    building 1 target of shop for production (sandbox [TIER], [JOBS])
    error[builder::problem]: there is no `package-lock.json`, which fixes what is installed
      --> web/package-lock.json:1
      target web
      hint: run `npm install --package-lock-only` and commit the file
    ");
}

#[test]
fn a_back_end_without_pins() {
    let workspace =
        Workspace::with("[workspace]\nname = \"shop\"\n\n[targets.api]\nbuilder = \"python\"\nroot = \"api\"\n");
    workspace.write("api/requirements.txt", "fastapi>=0.100\n");
    workspace.write("api/main.py", "app = None\n");
    farm_snapshot!(refused(&workspace), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    building 1 target of shop for production (sandbox [TIER], [JOBS])
    error[builder::problem]: `fastapi>=0.100` is not pinned
      --> api/requirements.txt:1
       |
     1 | fastapi>=0.100
      target api
      hint: write `fastapi==VERSION`; `uv pip compile` or `pip freeze` does it for all
    ");
}

#[test]
fn a_builder_whose_component_is_not_built() {
    let workspace = Workspace::with(
        "[workspace]\nname = \"shop\"\n\n[targets.a]\nbuilder = \"mine\"\n\n[builders.mine]\ncomponent = \"mine.wasm\"\n",
    );
    farm_snapshot!(refused(&workspace), @r#"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[plugin::unreadable]: builder `mine` failed in load: cannot read `[WORKSPACE]/mine.wasm`: No such file or directory (os error 2)
      --> farm.toml:8:13
       |
     8 | component = "mine.wasm"
       |             ^^^^^^^^^^^
      hint: check `component` under [builders.mine] in farm.toml
      hint: build the component first, or correct its path
    "#);
}

#[test]
fn a_builder_that_is_no_component() {
    let workspace = Workspace::with(
        "[workspace]\nname = \"shop\"\n\n[targets.a]\nbuilder = \"mine\"\n\n[builders.mine]\ncomponent = \"mine.wasm\"\n",
    );
    workspace.write("mine.wasm", "not wasm");
    farm_snapshot!(refused(&workspace), @r#"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[plugin::invalid]: builder `mine` failed in load: its file is not a valid component: it is not WebAssembly
      --> farm.toml:8:13
       |
     8 | component = "mine.wasm"
       |             ^^^^^^^^^^^
      hint: build it as a component: `cargo build --release --target wasm32-wasip2`, or `wasm-tools component new`
    "#);
}

#[test]
fn one_wrong_target_keeps_the_others_from_being_half_built() {
    let workspace = Workspace::with(
        r#"
        [workspace]
        name = "shop"
        [targets.good]
        builder = "command"
        options = { command = "echo x > x.txt", inputs = [], outputs = ["x.txt"] }
        [targets.wrong]
        builder = "command"
        options = { command = "true", outputs = ["../other"] }
        "#,
    );
    let text = refused(&workspace).text();
    assert!(text.contains("../other"), "{text}");
}

/// No mistake of the workspace's: another machine has the tool.
#[test]
fn without_a_tool_what_can_do_without_it_is_built() {
    let workspace = Workspace::with(
        r#"
        [workspace]
        name = "shop"
        [targets.good]
        builder = "command"
        options = { command = "echo x > x.txt", inputs = [], outputs = ["x.txt"] }
        [targets.lacking]
        builder = "command"
        options = { command = "frobnicate", inputs = [] }
        [targets.user]
        builder = "command"
        deps = ["lacking"]
        options = { command = "echo y > y.txt", inputs = [], outputs = ["y.txt"] }
        "#,
    );
    for outcome in ["ran", "up_to_date"] {
        let ran = workspace.farm("build --json");
        assert_eq!(
            (ran.code(), &ran.last()["counts"][outcome]),
            (2, &1.into()),
            "{}",
            ran.text()
        );
        assert_eq!(ran.problem_codes(), ["builder::missing-tool"]);
    }
    assert!(workspace.has("x.txt") && !workspace.has("y.txt"));
}

/// The same where it is not a builder that misses it: one message for all that want it.
#[test]
fn a_tool_of_several_targets_that_is_not_there_is_missed_once() {
    let plan = |id: &str| puppet::plan(&[puppet::action(id, "mkdir out"), puppet::reading("next", id)]);
    let targets = [("one", plan("a")), ("two", plan("b"))];
    let workspace = puppet::workspace(&targets, "").variable("PATH", "/nowhere");
    let ran = workspace.farm("build --json");
    let counts = serde_json::json!({ "ran": 0, "cached": 0, "up_to_date": 0, "failed": 2, "skipped": 2 });
    assert_eq!((ran.code(), &ran.last()["counts"]), (2, &counts), "{}", ran.text());
    assert_eq!(ran.problem_codes(), ["execute::missing-tool"]);
    let hint = "without it there is no `two` either";
    assert!(ran.text().contains(hint), "{}", ran.text());
}

#[test]
fn with_json_the_problem_is_data() {
    let workspace = command("options = { command = \"true\", outputs = \"dist\" }");
    let ran = workspace.farm("build --json");
    assert_eq!((ran.code(), ran.last()["ok"].clone()), (2, false.into()));
    let problem = &ran.events_named("problem-found")[0]["problem"];
    assert_eq!(problem["class"], "request");
    assert_eq!(problem["location"]["file"], "farm.toml");
    assert_eq!(problem["location"]["line"], 6);
}

#[test]
fn an_analysis_and_a_limit_that_no_builder_knows() {
    let workspace = command("options = { command = \"true\" }");
    farm_snapshot!(workspace.farm("build --analyze"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[build::unanswered]: `--analyze` is for none of the chosen targets: their builders cannot do that
      hint: leave it out, or choose a target whose builder can, as `vite` can
    ");
    farm_snapshot!(workspace.farm("build --size-limit web=5MB"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[build::unanswered]: `--size-limit` is for `web`, and no chosen target of this name can do that
      hint: leave it out, or choose a target whose builder can, as `vite` can
    ");
    farm_snapshot!(workspace.farm("build --size-limit huge"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error: invalid value 'huge' for '--size-limit <[TARGET[/CHUNK]=]SIZE>': write a size as 5MB, 200kB or 300KiB, alone or behind TARGET= or TARGET/CHUNK=

    For more information, try '--help'.
    ");
}
