//! What runs again after a change, and what does not: counted from outside, with the builder `command`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use crate::support::{Counted, Workspace, counted};

/// `strip` drops comments, `use` reads what is left: a change that `strip` swallows must stop there.
const CHAIN: &str = r#"
[workspace]
name = "chain"

[targets.strip]
builder = "command"
root = "src"
options = { command = "mkdir -p out && grep -v '^#' main.txt > out/main.txt", inputs = ["*.txt"], outputs = ["out"] }

[targets.use]
builder = "command"
root = "use"
deps = ["strip"]
options = { command = "cat deps/strip/out/main.txt > result.txt", inputs = [], outputs = ["result.txt"] }
"#;

/// The chain, built once.
fn chain() -> Workspace {
    let workspace = Workspace::with(CHAIN);
    workspace.write("src/main.txt", "# comment\ncode\n");
    workspace.write("use/.keep", "");
    assert_eq!(workspace.build(), counted(2, 0, 0));
    assert_eq!(workspace.read("use/result.txt"), "code\n");
    assert_eq!(workspace.build(), counted(0, 0, 2));
    workspace
}

#[test]
fn nothing_changed_runs_nothing_and_instantiates_no_component() {
    let workspace = chain();
    let last = workspace.farm("build --json").last();
    assert_eq!(last["components"], 0);
}

#[test]
fn a_comment_stops_where_it_makes_no_difference() {
    let workspace = chain();
    workspace.write("src/main.txt", "# another comment\ncode\n");
    assert_eq!(workspace.build(), counted(1, 0, 1));
    workspace.write("src/main.txt", "# another comment\nother code\n");
    assert_eq!(workspace.build(), counted(2, 0, 0));
    assert_eq!(workspace.read("use/result.txt"), "other code\n");
}

#[test]
fn a_change_taken_back_comes_from_the_cache() {
    let workspace = chain();
    workspace.write("src/main.txt", "other\n");
    assert_eq!(workspace.build(), counted(2, 0, 0));
    workspace.write("src/main.txt", "# comment\ncode\n");
    assert_eq!(workspace.build(), counted(0, 2, 0));
    assert_eq!(workspace.read("use/result.txt"), "code\n");
    assert_eq!(workspace.build(), counted(0, 0, 2));
}

#[test]
fn a_new_time_alone_is_no_change() {
    let workspace = chain();
    let file = fs::File::options()
        .append(true)
        .open(workspace.root().join("src/main.txt"))
        .expect("open");
    file.set_modified(SystemTime::now() - Duration::from_secs(3600))
        .expect("set");
    assert_eq!(workspace.build(), counted(0, 0, 2));
}

#[test]
fn an_edit_of_the_same_size_and_time_is_a_change() {
    let workspace = chain();
    let path = workspace.root().join("src/main.txt");
    for (at, text) in ["# comment\nCODE\n", "# comment\nc0de\n", "# comment\nc1de\n"]
        .iter()
        .enumerate()
    {
        let time = fs::metadata(&path)
            .and_then(|data| data.modified())
            .expect("it is there");
        workspace.write("src/main.txt", text);
        fs::File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(time))
            .expect("set");
        assert_eq!(workspace.build(), counted(2, 0, 0), "edit {at}");
        assert_eq!(workspace.read("use/result.txt"), text.replace("# comment\n", ""));
    }
}

#[test]
fn files_added_renamed_and_deleted_are_seen() {
    let workspace = Workspace::with(
        r#"
        [workspace]
        name = "list"
        [targets.list]
        builder = "command"
        options = { command = "ls src > list.txt", inputs = ["src/**"], outputs = ["list.txt"] }
        "#,
    );
    workspace.write("src/a", "");
    assert_eq!(workspace.build(), counted(1, 0, 0));
    workspace.write("src/b", "");
    assert_eq!(workspace.build(), counted(1, 0, 0), "added");
    assert_eq!(workspace.read("list.txt"), "a\nb\n");
    workspace.remove("src/a");
    workspace.write("src/c", "");
    assert_eq!(workspace.build(), counted(1, 0, 0), "renamed, with the same content");
    assert_eq!(workspace.read("list.txt"), "b\nc\n");
    workspace.remove("src/c");
    assert_eq!(workspace.build(), counted(1, 0, 0), "deleted");
    assert_eq!(workspace.read("list.txt"), "b\n");
    workspace.write("other.txt", "");
    assert_eq!(workspace.build(), counted(0, 0, 1), "not an input");
    fs::set_permissions(workspace.root().join("src/b"), fs::Permissions::from_mode(0o755)).expect("set");
    assert_eq!(workspace.build(), counted(1, 0, 0), "made executable");
}

#[test]
fn only_variables_that_are_handed_on_count() {
    let workspace = Workspace::with(
        r#"
        [workspace]
        name = "variables"
        [targets.say]
        builder = "command"
        options = { command = "echo \"$STAGE ${OTHER-unset}\" > said.txt", inputs = [], outputs = ["said.txt"], pass-env = ["STAGE"] }
        "#,
    );
    let build = |variables: &[(&str, &str)]| -> Counted {
        workspace
            .ran(workspace.command(["build", "--json"]).envs(variables.iter().copied()))
            .counted()
    };
    assert_eq!(build(&[("STAGE", "one")]), counted(1, 0, 0));
    assert_eq!(workspace.read("said.txt"), "one unset\n");
    assert_eq!(build(&[("STAGE", "one"), ("OTHER", "x")]), counted(0, 0, 1));
    assert_eq!(build(&[("STAGE", "two")]), counted(1, 0, 0));
    assert_eq!(build(&[("STAGE", "")]), counted(1, 0, 0), "set to nothing");
    assert_eq!(build(&[]), counted(1, 0, 0), "not set");
    assert_eq!(build(&[("STAGE", "one")]), counted(0, 1, 0));
}

#[test]
fn a_changed_tool_runs_again_what_it_made() {
    let workspace = Workspace::with(
        r#"
        [workspace]
        name = "tools"
        [targets.greet]
        builder = "command"
        options = { command = "greet > said.txt", inputs = [], outputs = ["said.txt"] }
        "#,
    );
    let bin = workspace.outside().join("bin");
    fs::create_dir(&bin).expect("made");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a PATH"));
    let install = |word: &str| {
        let tool = bin.join("greet");
        fs::write(&tool, format!("#!/bin/sh\necho {word}\n")).expect("written");
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).expect("set");
    };
    let build = || {
        workspace
            .ran(workspace.command(["build", "--json"]).env("PATH", &path))
            .counted()
    };
    install("hello");
    assert_eq!(build(), counted(1, 0, 0));
    assert_eq!(build(), counted(0, 0, 1));
    install("salut");
    assert_eq!(build(), counted(1, 0, 0));
    assert_eq!(workspace.read("said.txt"), "salut\n");
    install("hello");
    assert_eq!(build(), counted(0, 1, 0), "the old tool, the old result");
    assert_eq!(workspace.read("said.txt"), "hello\n");
}

#[test]
fn inputs_from_the_workspaces_root_count() {
    let workspace = Workspace::with(
        r#"
        [workspace]
        name = "shared"
        [targets.copy]
        builder = "command"
        root = "apps/web"
        options = { command = "cat ../../shared/a.txt own.txt > both.txt", inputs = ["own.txt", "//shared/*.txt"], outputs = ["both.txt"] }
        "#,
    );
    workspace.write("apps/web/own.txt", "own\n");
    workspace.write("shared/a.txt", "one\n");
    assert_eq!(workspace.build(), counted(1, 0, 0));
    workspace.write("shared/a.txt", "two\n");
    assert_eq!(workspace.build(), counted(1, 0, 0));
    assert_eq!(workspace.read("apps/web/both.txt"), "two\nown\n");
    workspace.write("shared/note.md", "not named\n");
    assert_eq!(workspace.build(), counted(0, 0, 1));
}

/// `billing` depends on `core`; both have `build` and `test`, and the root packs what they built.
fn members() -> Workspace {
    let workspace = Workspace::with(
        r#"
        [workspace]
        name = "services"
        members = ["services/*"]
        [targets.pack]
        builder = "command"
        deps = ["core:build", "billing:build"]
        options = { command = "cat deps/core/build/lib deps/billing/build/lib > pack.txt", inputs = [], outputs = ["pack.txt"] }
        "#,
    );
    let build = |command: &str, deps: &str| {
        format!(
            r#"
            [targets.build]
            builder = "command"
            deps = [{deps}]
            options = {{ command = "{command} > lib", inputs = ["src.txt"], outputs = ["lib"] }}
            [targets.test]
            builder = "command"
            deps = [":build"]
            options = {{ command = "grep -q . deps/$NAME/build/lib", env = {{ NAME = "NAMED" }}, inputs = [] }}
            "#
        )
    };
    let core = build("cat src.txt", "").replace("NAMED", "core");
    let billing = build("cat src.txt deps/core/build/lib", r#""^build""#).replace("NAMED", "billing");
    workspace.write("services/core/farm.toml", &core);
    workspace.write(
        "services/billing/farm.toml",
        &format!("[member]\ndepends = [\"core\"]\n{billing}"),
    );
    workspace.write("services/core/src.txt", "core\n");
    workspace.write("services/billing/src.txt", "billing\n");
    workspace
}

#[test]
fn members_depend_on_each_other_by_qualified_names() {
    let workspace = members();
    assert_eq!(workspace.build(), counted(5, 0, 0));
    assert_eq!(workspace.read("pack.txt"), "core\nbilling\ncore\n");
    workspace.write("services/billing/src.txt", "billing 2\n");
    assert_eq!(workspace.build(), counted(3, 0, 2), "core is left alone");
    workspace.write("services/core/src.txt", "core 2\n");
    assert_eq!(workspace.build(), counted(5, 0, 0));
    assert_eq!(workspace.read("pack.txt"), "core 2\nbilling 2\ncore 2\n");
}

#[test]
fn a_selection_takes_names_and_patterns_with_what_they_need() {
    let workspace = members();
    let targets = |line: &str| -> Vec<String> {
        let ran = workspace.farm(line);
        let started = ran.events_named("build-started").remove(0);
        let mut names: Vec<String> = serde_json::from_value(started["targets"].clone()).expect("names");
        names.sort();
        names
    };
    assert_eq!(targets("build --json -t core:build"), ["core:build"]);
    assert_eq!(
        targets("build --json -t billing:build"),
        ["billing:build", "core:build"]
    );
    let tests = ["billing:build", "billing:test", "core:build", "core:test"];
    assert_eq!(targets("build --json -t *:test"), tests);
    assert_eq!(targets("build --json -t core:*"), ["core:build", "core:test"]);
    assert_eq!(
        targets("build --json -t core:build -t core:test"),
        ["core:build", "core:test"]
    );
}

#[test]
fn a_target_whose_options_changed_is_built_alone_beside_one_of_another_builder() {
    let toml = |word: &str| {
        format!(
            "[workspace]\nname = \"two\"\n[targets.say]\nbuilder = \"command\"\nroot = \"say\"\n\
             options = {{ command = \"echo {word} > out\", outputs = [\"out\"] }}\n\
             [targets.app]\nbuilder = \"python\"\nroot = \"app\"\n"
        )
    };
    let workspace = Workspace::with(&toml("one"));
    workspace.write("say/in", "");
    workspace.write("app/main.py", "print()\n");
    for word in ["one", "two"] {
        workspace.write("farm.toml", &toml(word));
        workspace.farm("build -t say").success();
        assert_eq!(workspace.read("say/out"), format!("{word}\n"));
    }
}

#[test]
fn outputs_that_were_deleted_or_changed_return() {
    let workspace = chain();
    workspace.remove("src/out");
    assert_eq!(workspace.build(), counted(0, 1, 1));
    assert_eq!(workspace.read("src/out/main.txt"), "code\n");
    workspace.write("use/result.txt", "spoilt\n");
    assert_eq!(workspace.build(), counted(0, 1, 1));
    assert_eq!(workspace.read("use/result.txt"), "code\n");
    workspace.write("src/out/stale.txt", "no action wrote this\n");
    assert_eq!(workspace.build(), counted(0, 1, 1));
    assert!(
        !workspace.has("src/out/stale.txt"),
        "an output folder holds what its action left"
    );
}

#[test]
fn a_second_checkout_takes_everything_from_the_cache() {
    let (first, second) = (chain(), Workspace::with(CHAIN));
    second.write("src/main.txt", "# comment\ncode\n");
    second.write("use/.keep", "");
    let mut build = second.command(["build", "--json"]);
    build.env("FARM_CACHE_DIR", first.cache());
    assert_eq!(second.ran(&mut build).counted(), counted(0, 2, 0));
    assert_eq!(second.read("use/result.txt"), "code\n");
}

#[test]
fn without_the_cache_everything_runs_and_nothing_is_kept() {
    let workspace = chain();
    assert_eq!(workspace.farm("build --json --no-cache").counted(), counted(2, 0, 0));
    workspace.write("src/main.txt", "new\n");
    assert_eq!(workspace.farm("build --json --no-cache").counted(), counted(2, 0, 0));
    assert_eq!(workspace.build(), counted(0, 0, 2), "what was built lies in place");
    workspace.remove("src/out");
    workspace.remove("use/result.txt");
    assert_eq!(workspace.build(), counted(2, 0, 0), "no result was kept");
}

#[test]
fn a_cleared_cache_is_empty() {
    let workspace = chain();
    assert_eq!(workspace.farm("build --json --clear-cache").counted(), counted(2, 0, 0));
    assert_eq!(workspace.build(), counted(0, 0, 2));
}

#[test]
fn a_wrong_request_does_not_clear_the_cache() {
    let workspace = chain();
    let ran = workspace.farm("build --json --clear-cache -t nobody");
    assert_eq!(ran.code(), 2);
    assert_eq!(workspace.build(), counted(0, 0, 2));
}

#[test]
fn without_the_state_file_everything_is_found_in_the_cache() {
    let workspace = chain();
    workspace.remove(".farm");
    assert_eq!(workspace.build(), counted(0, 2, 0));
    let state = workspace.root().join(".farm/state");
    let whole = fs::read(&state).expect("the state");
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let damages = [
        Vec::new(),
        b"no state".to_vec(),
        whole[..whole.len() / 2].to_vec(),
        [&whole[..], b"more"].concat(),
        flipped(3),
        flipped(20),
        flipped(whole.len() / 2),
        flipped(whole.len() - 1),
    ];
    for (number, damage) in damages.iter().enumerate() {
        fs::write(&state, damage).expect("written");
        assert_eq!(workspace.build(), counted(0, 2, 0), "damage {number}");
    }
    assert_eq!(workspace.build(), counted(0, 0, 2));
}

#[test]
fn files_of_the_users_own_in_an_output_folder_are_moved_aside_not_lost() {
    let workspace = Workspace::with(
        "[workspace]\nname = \"mine\"\n\n[targets.gen]\nbuilder = \"command\"\nroot = \"app\"\noptions = { command = \"mkdir -p out && echo made > out/made.txt\", inputs = [], outputs = [\"out\"] }\n",
    );
    workspace.write("app/out/mine.txt", "by hand\n");
    let said = workspace.farm("build").text();
    assert!(said.contains("artifact::moved-aside"), "{said}");
    assert!(!workspace.root().join("app/out/mine.txt").exists());
    assert_eq!(workspace.read(".farm/aside/app/out/mine.txt"), "by hand\n");
    let said = workspace.farm("build").text();
    assert!(!said.contains("artifact::moved-aside"), "{said}");
    assert_eq!(workspace.read("app/out/made.txt"), "made\n");
}

#[test]
fn files_moved_aside_may_be_in_each_others_way() {
    let workspace = Workspace::with(
        "[workspace]\nname = \"mine\"\n\n[targets.gen]\nbuilder = \"command\"\noptions = { command = \"mkdir -p out && echo made > out/made.txt\", inputs = [], outputs = [\"out\"] }\n",
    );
    let outside = workspace.beside("outside");
    fs::create_dir(&outside).expect("made");
    workspace.write("out/made.txt", "a file\n");
    workspace.farm("build").success();
    assert_eq!(workspace.read(".farm/aside/out/made.txt"), "a file\n");
    workspace.remove("out/made.txt");
    workspace.write("out/made.txt/inner.txt", "below a folder of its name\n");
    workspace.farm("build").success();
    assert_eq!(
        workspace.read(".farm/aside/out/made.txt/inner.txt"),
        "below a folder of its name\n"
    );
    std::os::unix::fs::symlink(&outside, workspace.root().join("out/link")).expect("linked");
    workspace.farm("build").success();
    workspace.write("out/link/inner.txt", "below a folder where a link was\n");
    workspace.farm("build").success();
    assert!(!outside.join("inner.txt").exists(), "nothing goes through a link");
    assert_eq!(
        workspace.read(".farm/aside/out/link/inner.txt"),
        "below a folder where a link was\n"
    );
    assert_eq!(workspace.read("out/made.txt"), "made\n");
}

#[test]
fn what_a_dependency_writes_into_the_tree_is_there_before_patterns_take_it() {
    let workspace = Workspace::with(
        r#"
[workspace]
name = "codegen"

[targets.gen]
builder = "command"
root = "app"
options = { command = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; mkdir -p gen && cat version.txt > gen/version.txt", inputs = ["version.txt"], outputs = ["gen"] }

[targets.other]
builder = "command"
root = "other"
options = { command = "echo other > out.txt", inputs = [], outputs = ["out.txt"] }

[targets.use]
builder = "command"
root = "app"
deps = ["gen", "other"]
options = { command = "cat gen/version.txt > used.txt", inputs = ["gen/**", "deps/other"], outputs = ["used.txt"] }
"#,
    );
    workspace.write("other/.keep", "");
    for version in ["1\n", "2\n"] {
        workspace.write("app/version.txt", version);
        workspace.farm("build").success();
        assert_eq!(workspace.read("app/used.txt"), version);
        assert_eq!(workspace.farm("build --json").last()["counts"]["ran"], 0);
    }
}

#[test]
fn a_dependency_that_was_built_alone_since_is_a_change() {
    let workspace = chain();
    workspace.write("src/main.txt", "new\n");
    assert_eq!(workspace.farm("build --json -t strip").counted(), counted(1, 0, 0));
    assert_eq!(
        workspace.build(),
        counted(1, 0, 1),
        "`use` was built with the one before"
    );
    assert_eq!(workspace.read("use/result.txt"), "new\n");
}

/// A target that writes there, in a workspace where these files and links of the user's are.
fn in_the_way(output: &str, command: &str) -> Workspace {
    Workspace::with(&format!(
        "[workspace]\nname = \"way\"\n[targets.w]\nbuilder = \"command\"\noptions = {{ command = \"{command}\", inputs = [], outputs = [\"{output}\"] }}\n"
    ))
}

#[test]
fn files_of_the_users_are_not_lost_beside_names_that_farm_cannot_write_down() {
    for odd in ["odd\\name", "a:b", "dot.", " space "] {
        let workspace = in_the_way("o", "mkdir o && echo x > o/x");
        workspace.write("o/mine.txt", "mine\n");
        fs::write(workspace.root().join("o").join(odd), "odd\n").expect("written");
        let text = workspace.farm("build").text();
        assert!(text.contains("was moved to `.farm/aside`"), "{odd:?}: {text}");
        assert_eq!(workspace.read(".farm/aside/o/mine.txt"), "mine\n", "{odd:?}");
        assert_eq!(workspace.read("o/x"), "x\n");
    }
}

#[test]
fn a_file_or_a_link_of_the_users_where_a_folder_has_to_be_is_moved_aside() {
    let workspace = in_the_way("gen/a.txt", "mkdir -p gen && echo x > gen/a.txt");
    workspace.write("gen", "mine\n");
    assert_eq!(workspace.build(), counted(1, 0, 0));
    assert_eq!(workspace.read(".farm/aside/gen"), "mine\n");
    let workspace = in_the_way("gen/a.txt", "mkdir -p gen && echo x > gen/a.txt");
    workspace.write("real/keep", "kept\n");
    std::os::unix::fs::symlink("real", workspace.root().join("gen")).expect("linked");
    assert_eq!(workspace.build(), counted(1, 0, 0));
    assert!(workspace.root().join(".farm/aside/gen").is_symlink());
    assert_eq!(workspace.read("real/keep"), "kept\n");
    // A link at the place of the output itself.
    let workspace = in_the_way("a.txt", "echo x > a.txt");
    std::os::unix::fs::symlink("elsewhere", workspace.root().join("a.txt")).expect("linked");
    assert_eq!(workspace.build(), counted(1, 0, 0));
    assert!(workspace.root().join(".farm/aside/a.txt").is_symlink());
}

#[test]
fn what_was_moved_aside_before_is_not_lost() {
    let workspace = in_the_way("o", "mkdir o && echo x > o/x");
    for text in ["one\n", "two\n", "three\n"] {
        workspace.write("o/mine", text);
        workspace.build();
    }
    let aside = |name: &str| workspace.read(&format!(".farm/aside/o/{name}"));
    assert_eq!(
        (aside("mine"), aside("mine.1"), aside("mine.2")),
        ("one\n".into(), "two\n".into(), "three\n".into())
    );
}
