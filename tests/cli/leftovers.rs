//! Outputs in the user's tree that no target makes any more: they go, and nobody takes them for sources. What somebody has
//! changed since, stays.

use std::fs;

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
