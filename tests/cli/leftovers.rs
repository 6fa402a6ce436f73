//! Outputs in the user's tree that no target makes any more: they go, and nobody takes them for sources. What somebody has
//! changed since, stays.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::support::{Workspace, counted};

/// A target that sees all texts of its folder, and puts its own beside them.
const JOINED: &str = r#"
[workspace]
name = "leftovers"

[targets.join]
builder = "command"
options = { command = "cat *.txt > joined.out.txt", inputs = ["*.txt"], outputs = ["joined.out.txt"] }
"#;

fn joined() -> Workspace {
    let workspace = Workspace::with(JOINED);
    workspace.write("a.txt", "a\n");
    assert_eq!(workspace.build(), counted(1, 0, 0));
    workspace
}

fn nothing_to_do(workspace: &Workspace) {
    let ran = workspace.farm("build --json");
    let last = ran.last();
    assert_eq!(
        (&last["counts"]["ran"], &last["components"]),
        (&0.into(), &0.into()),
        "{}",
        ran.text()
    );
}

fn renamed() -> String {
    JOINED.replace("joined.out.txt", "all.out.txt")
}

#[test]
fn an_output_that_is_renamed_leaves_nothing_behind_that_could_be_an_input() {
    let workspace = joined();
    workspace.write("farm.toml", &renamed());
    let said = workspace.farm("build").text();
    let told = "warning[artifact::removed]: `joined.out.txt`, which no target makes any more, was removed\n";
    assert!(said.contains(told), "{said}");
    assert!(!workspace.has("joined.out.txt"));
    assert_eq!(workspace.read("all.out.txt"), "a\n");
    nothing_to_do(&workspace);
}

#[test]
fn what_was_changed_since_is_the_users_and_a_source() {
    let workspace = joined();
    workspace.write("joined.out.txt", "mine\n");
    workspace.write("farm.toml", &renamed());
    assert_eq!(workspace.build(), counted(1, 0, 0));
    assert_eq!(workspace.read("joined.out.txt"), "mine\n");
    assert_eq!(workspace.read("all.out.txt"), "a\nmine\n");
    nothing_to_do(&workspace);
    // It is in the way when the target writes there again, and is not lost.
    workspace.write("farm.toml", JOINED);
    workspace.build();
    assert_eq!(workspace.read("joined.out.txt"), "a\n");
    assert_eq!(workspace.read(".farm/aside/joined.out.txt"), "mine\n");
}

#[test]
fn the_outputs_of_a_target_that_is_no_more_go_with_it() {
    let workspace = Workspace::with(&format!(
        "{JOINED}\n[targets.gen]\nbuilder = \"command\"\nroot = \"g\"\noptions = {{ command = \"mkdir -p made/deep && echo 1 > made/deep/one && echo 2 > two\", inputs = [], outputs = [\"made\", \"two\"] }}\n"
    ));
    workspace.write("a.txt", "a\n");
    workspace.write("g/own.txt", "own\n");
    assert_eq!(workspace.build(), counted(2, 0, 0));
    workspace.write("g/made/mine", "mine\n");
    workspace.write("farm.toml", JOINED);
    workspace.build();
    assert!(!workspace.has("g/made/deep") && !workspace.has("g/two"));
    assert_eq!(workspace.read("g/made/mine"), "mine\n");
    assert_eq!(workspace.read("g/own.txt"), "own\n");
    nothing_to_do(&workspace);
}

#[test]
fn an_output_that_moves_to_another_target_stays() {
    let swapped = |one: &str, two: &str| {
        let target = |name: &str, place: &str| {
            format!(
                "[targets.{name}]\nbuilder = \"command\"\noptions = {{ command = \"echo {name} > {place}\", inputs = [], outputs = [\"{place}\"] }}\n"
            )
        };
        format!(
            "[workspace]\nname = \"swap\"\n{}{}",
            target("one", one),
            target("two", two)
        )
    };
    let workspace = Workspace::with(&swapped("x", "y"));
    assert_eq!(workspace.build(), counted(2, 0, 0));
    workspace.write("farm.toml", &swapped("y", "x"));
    assert_eq!(workspace.build(), counted(2, 0, 0));
    assert_eq!(
        (workspace.read("x"), workspace.read("y")),
        ("two\n".to_owned(), "one\n".to_owned())
    );
    nothing_to_do(&workspace);
}

#[test]
fn an_old_output_is_remembered_until_its_target_is_built_well() {
    let both = |config: &str| {
        format!("{config}\n[targets.other]\nbuilder = \"command\"\noptions = {{ command = \"true\" }}\n")
    };
    let workspace = joined();
    // It fails, then another one is built alone, and only then it is built where it writes elsewhere.
    workspace.write("farm.toml", &both(&renamed().replace("cat *", "false && cat *")));
    assert_eq!(workspace.farm("build").code(), 1);
    workspace.write("farm.toml", &both(&JOINED.replace("joined.out.txt", "third.out.txt")));
    assert_eq!(workspace.farm("build -t other").code(), 0);
    assert_eq!(workspace.farm("build").code(), 0);
    let texts = fs::read_dir(workspace.root()).expect("a folder").filter_map(|entry| {
        let name = entry.expect("an entry").file_name().into_string().expect("text");
        name.ends_with(".txt").then_some(name)
    });
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    assert_eq!(texts, ["a.txt", "third.out.txt"]);
    assert_eq!(workspace.read("third.out.txt"), "a\n");
}

#[test]
fn a_dependant_that_names_an_old_output_is_told_that_it_is_not_there() {
    let user = "\n[targets.use]\nbuilder = \"command\"\ndeps = [\"join\"]\noptions = { command = \"cat joined.out.txt > use.md\", inputs = [\"joined.out.txt\"], outputs = [\"use.md\"] }\n";
    let workspace = Workspace::with(&format!("{JOINED}{user}"));
    workspace.write("a.txt", "a\n");
    assert_eq!(workspace.build(), counted(2, 0, 0));
    workspace.write("farm.toml", &format!("{}{user}", renamed()));
    let said = workspace.farm("build");
    assert_eq!(said.code(), 2);
    assert!(
        said.text()
            .contains("the declared input `joined.out.txt` does not exist"),
        "{}",
        said.text()
    );
    // Nothing was built, so nothing was removed either.
    assert!(workspace.has("joined.out.txt"));
}

#[test]
fn the_same_bytes_in_another_file_are_not_farms() {
    let workspace = joined();
    // As when a commit is checked out that has the file.
    let text = workspace.read("joined.out.txt");
    workspace.remove("joined.out.txt");
    workspace.write("other", "keeps the inode from being used again\n");
    workspace.write("joined.out.txt", &text);
    workspace.write("farm.toml", &renamed());
    workspace.build();
    assert_eq!(workspace.read("joined.out.txt"), text);
    assert_eq!(workspace.read("all.out.txt"), "a\na\n");
}

#[test]
fn who_was_made_from_what_is_removed_is_made_again_in_the_same_build() {
    let config = |more: &str| {
        format!(
            "[workspace]\nname = \"w\"\n[targets.all]\nbuilder = \"command\"\noptions = {{ command = \"cat sub/*.txt > all\", inputs = [\"sub/*.txt\"], outputs = [\"all\"] }}\n{more}"
        )
    };
    let made = "[targets.gen]\nbuilder = \"command\"\noptions = { command = \"echo g > sub/g.txt\", inputs = [\"sub/a.txt\"], outputs = [\"sub/g.txt\"] }\n";
    let workspace = Workspace::with(&config(made));
    workspace.write("sub/a.txt", "a\n");
    // Nobody says that `all` reads what `gen` makes: two builds, and it has.
    workspace.build();
    let text = workspace.farm("build").text();
    let told = "it reads `sub/g.txt`, which `gen` makes and it does not depend on: add `gen` to its `deps`";
    assert!(text.contains(told), "{text}");
    assert_eq!(workspace.read("all"), "a\ng\n");
    workspace.write("farm.toml", &config(""));
    workspace.build();
    assert_eq!(workspace.read("all"), "a\n");
    nothing_to_do(&workspace);
}

#[test]
fn a_plan_shows_the_key_that_the_build_will_have() {
    let workspace = joined();
    workspace.write("farm.toml", &renamed());
    let plan: Value = serde_json::from_str(&workspace.farm("plan --json").success()).expect("JSON");
    let planned = plan.to_string();
    let built = workspace.farm("build --json").events_named("action-finished");
    let key = built[0]["key"].as_str().expect("a key").to_owned();
    assert!(planned.contains(&key), "{key} is not in {planned}");
}

#[test]
fn a_target_that_makes_links_has_nothing_to_do_either() {
    let workspace = Workspace::with(
        "[workspace]\nname = \"links\"\n[targets.l]\nbuilder = \"command\"\noptions = { command = \"mkdir o && echo x > o/x && ln -s x o/y\", inputs = [], outputs = [\"o\"] }\n",
    );
    assert_eq!(workspace.build(), counted(1, 0, 0));
    // A link as young as that is looked at once more.
    workspace.build();
    nothing_to_do(&workspace);
    workspace.write("farm.toml", "[workspace]\nname = \"links\"\n");
    workspace.build();
    assert!(!workspace.has("o"));
}

/// A build in the background, and its events so far.
fn background(workspace: &Workspace, words: &[&str]) -> (Child, impl Iterator<Item = Value>) {
    let words = ["build", "--json", "--sandbox", "off"].iter().chain(words);
    let mut command = workspace.command(words);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let events = lines.map(|line| serde_json::from_str(&line.expect("text")).expect("JSON"));
    (child, events)
}

#[test]
fn what_a_killed_build_has_put_in_place_is_known_to_be_farms() {
    let slow = "[targets.slow]\nbuilder = \"command\"\ndeps = [\"join\"]\noptions = { command = \"sleep 600\", inputs = [] }\n";
    let workspace = joined();
    workspace.write("farm.toml", &format!("{}{slow}", renamed()));
    let (mut child, mut events) = background(&workspace, &[]);
    assert!(events.any(|event| event["event"] == "action-started" && event["target"] == "slow"));
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert!(workspace.has("all.out.txt"));
    // The state does not name that file. It is no source, and not the user's.
    workspace.write("farm.toml", &JOINED.replace("joined.out.txt", "third.out.txt"));
    assert_eq!(workspace.build(), counted(1, 0, 0));
    assert_eq!(workspace.read("third.out.txt"), "a\n");
    assert!(!workspace.has("all.out.txt") && !workspace.has(".farm/aside") && !workspace.has(".farm/placing"));
    nothing_to_do(&workspace);
}

#[test]
fn a_build_that_waited_for_another_one_begins_anew() {
    let workspace = Workspace::new();
    let gate = workspace.outside().join("gate");
    let config = |output: &str| {
        format!(
            "[workspace]\nname = \"two\"\n[targets.a]\nbuilder = \"command\"\noptions = {{ command = \"until test -e {}; do sleep 0.01; done; cat *.txt > {output}\", inputs = [\"*.txt\"], outputs = [\"{output}\"] }}\n[targets.b]\nbuilder = \"command\"\noptions = {{ command = \"echo b > b\", inputs = [], outputs = [\"b\"] }}\n",
            gate.display()
        )
    };
    workspace.write("s.txt", "s\n");
    workspace.write("farm.toml", &config("1.txt"));
    let (mut first, mut events) = background(&workspace, &["-t", "a"]);
    assert!(events.any(|event| event["event"] == "action-started"));
    let (mut second, mut waiting) = background(&workspace, &["-t", "b"]);
    assert!(waiting.any(|event| event["code"] == "build::waiting"));
    fs::write(&gate, "").expect("written");
    let last = |events: &mut dyn Iterator<Item = Value>| events.last().expect("an end");
    assert_eq!(last(&mut events)["ok"], true);
    let end = last(&mut waiting);
    assert_eq!((&end["ok"], &end["counts"]["ran"]), (&true.into(), &1.into()));
    assert!(first.wait().expect("it ends").success() && second.wait().expect("it ends").success());
    // Nothing of what the first one left is forgotten.
    let build = |workspace: &Workspace| {
        workspace
            .ran(&mut workspace.command(["build", "--json", "--sandbox", "off"]))
            .counted()
    };
    assert_eq!(build(&workspace), counted(0, 0, 2));
    workspace.write("farm.toml", &config("2.txt"));
    build(&workspace);
    assert!(!workspace.has("1.txt"));
    assert_eq!(workspace.read("2.txt"), "s\n");
}

#[test]
fn an_output_that_a_renamed_target_makes_is_remembered_while_that_fails() {
    let config = |name: &str, output: &str, fails: &str| {
        format!(
            "[workspace]\nname = \"w\"\n[targets.{name}]\nbuilder = \"command\"\noptions = {{ command = \"cat *.txt > {output}{fails}\", inputs = [\"*.txt\"], outputs = [\"{output}\"] }}\n"
        )
    };
    let workspace = Workspace::with(&config("old", "1.txt", ""));
    workspace.write("s.txt", "s\n");
    workspace.build();
    workspace.write("farm.toml", &config("new", "1.txt", "; false"));
    assert_eq!(workspace.farm("build").code(), 1);
    workspace.write("farm.toml", &config("new", "2.txt", ""));
    workspace.build();
    assert!(!workspace.has("1.txt"));
    assert_eq!(workspace.read("2.txt"), "s\n");
}
