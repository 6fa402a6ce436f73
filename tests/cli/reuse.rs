//! What is used again: private trees and files, with nothing of one action there for the next one; and results, as soon as
//! they are there.

use std::fmt::Write as _;

use crate::shop::product::Build;
use crate::support::Workspace;

/// What actions do to all that they can write to, before they end well.
const SOIL: [&str; 7] = [
    "touch -d 1999-01-01 empty.txt . sub; chattr +SdA in.txt empty.txt sub . 2>&1 || true",
    "mkdir $HOME/../left-beside; mkdir -p ../../../left-beside; chgrp 1 empty.txt 2>&1 || true",
    "echo soil > junk; mkdir -p deep/er; echo soil > $HOME/left; mkdir $TMPDIR/left",
    "echo soil > ../beside; mkdir ../empty",
    "chmod 600 in.txt; ln in.txt twin; echo much longer than any other file > in.txt",
    "chmod 700 ..",
    "rm in.txt; ln -s /etc/passwd in.txt",
];
/// What the last action can see.
const LOOK: &str = "find ../.. -path ../../pkg/z/deps -prune -o ! -name out -print | sort > out; stat -c '%a %h' in.txt >> out; \
                    stat -c %a .. >> out; cat in.txt >> out; find $HOME $TMPDIR -mindepth 1 | wc -l >> out; \
                    find $HOME/.. ../../.. -maxdepth 1 -name 'left*' | wc -l >> out; \
                    find . -name deps -prune -o ! -newermt 2020-01-01 -print >> out; \
                    (lsattr -d . sub in.txt empty.txt 2>/dev/null || true) | grep -c '[SdA].* ' >> out || true";

/// Targets side by side, each after the one before; the last one looks.
fn workspace() -> Workspace {
    let mut text = "[workspace]\nname = \"reuse\"\n".to_owned();
    let mut before = String::new();
    let soils = SOIL
        .iter()
        .enumerate()
        .map(|(number, soil)| (format!("s{number}"), *soil));
    for (name, command) in soils.chain([("z".to_owned(), LOOK)]) {
        let command = if name == "z" {
            LOOK.to_owned()
        } else {
            format!("{command}; echo done > out")
        };
        writeln!(
            text,
            "[targets.{name}]\nbuilder = \"command\"\nroot = \"pkg/{name}\"\ndeps = [{before}]\n\
             options = {{ command = \"\"\"{command}\"\"\", inputs = [\"in.txt\", \"empty.txt\", \"sub/in.txt\"], outputs = [\"out\"] }}"
        )
        .expect("a text takes all");
        before = format!("\"{name}\"");
    }
    let workspace = Workspace::with(&text);
    for number in 0..SOIL.len() {
        workspace.write(&format!("pkg/s{number}/in.txt"), "a file of another one\n");
        workspace.write(&format!("pkg/s{number}/empty.txt"), "");
        workspace.write(&format!("pkg/s{number}/sub/in.txt"), "another one, too\n");
    }
    workspace.write("pkg/z/in.txt", "mine\n");
    workspace.write("pkg/z/empty.txt", "");
    workspace.write("pkg/z/sub/in.txt", "my own\n");
    workspace
}

#[test]
fn what_an_action_leaves_is_not_there_for_the_next() {
    for tier in ["L0", "L1", "L2"] {
        let workspace = workspace();
        let tier_option = if tier == "L0" { "off" } else { tier };
        workspace
            .ran(&mut workspace.command_at(tier_option, ["build"]))
            .success();
        let expected = "../..\n../../pkg\n../../pkg/z\n../../pkg/z/empty.txt\n../../pkg/z/in.txt\n../../pkg/z/sub\n\
                        ../../pkg/z/sub/in.txt\n644 1\n755\nmine\n0\n0\n0\n";
        assert_eq!(workspace.read("pkg/z/out"), expected, "{tier}");
    }
}

#[test]
fn of_two_actions_with_one_key_one_runs() {
    let options = r#"{ command = "cat in.txt", inputs = ["in.txt"] }"#;
    let target = |name: &str| format!("[targets.{name}]\nbuilder = \"command\"\noptions = {options}\n");
    let text = format!("[workspace]\nname = \"twins\"\n{}{}", target("one"), target("two"));
    let outcomes = |workspace: &Workspace, options: &str| {
        let build = Build::of(&workspace.farm(&format!("build --json --jobs 2 {options}")));
        assert!(build.ok(), "{}", build.text());
        (build.count("ran"), build.count("cached"))
    };
    let workspace = Workspace::with(&text);
    workspace.write("in.txt", "once\n");
    assert_eq!(outcomes(&workspace, ""), (1, 1));
    assert_eq!(outcomes(&workspace, "--no-cache"), (2, 0), "each for itself");
}

#[test]
fn an_action_that_failed_is_not_tried_again_for_another_target() {
    let options = r#"{ command = "cat in.txt; exit 7", inputs = ["in.txt"] }"#;
    let target = |name: &str| format!("[targets.{name}]\nbuilder = \"command\"\noptions = {options}\n");
    let text = format!("[workspace]\nname = \"twins\"\n{}{}", target("one"), target("two"));
    let workspace = Workspace::with(&text);
    workspace.write("in.txt", "once\n");
    let ran = workspace.farm("build --json --jobs 2 --keep-going");
    assert_eq!(ran.code(), 1, "{}", ran.text());
    assert_eq!(ran.problem_codes(), ["execute::tool-failed"]);
    let build = Build::of(&ran);
    assert_eq!((build.count("failed"), build.count("skipped")), (1, 1));
}

#[test]
fn what_the_cache_lost_is_made_anew_where_all_else_is_taken_over() {
    let text = "[workspace]\nname = \"lost\"\n[targets.copy]\nbuilder = \"command\"\n\
                options = { command = \"cp in.txt out.txt\", inputs = [\"in.txt\"], outputs = [\"out.txt\"] }\n";
    let workspace = Workspace::with(text);
    workspace.write("in.txt", "text\n");
    workspace.farm("build").success();
    // Of the same size: only their digests tell that they are not what was stored.
    for shard in std::fs::read_dir(workspace.cache().join("v1/blobs")).expect("blobs") {
        for blob in std::fs::read_dir(shard.expect("a shard").path()).expect("a shard") {
            let path = blob.expect("a blob").path();
            let bytes: Vec<u8> = std::fs::read(&path)
                .expect("a blob")
                .iter()
                .map(|byte| byte ^ 1)
                .collect();
            std::fs::remove_file(&path).expect("removed");
            std::fs::write(&path, bytes).expect("written");
        }
    }
    std::fs::remove_file(workspace.root().join("out.txt")).expect("removed");
    let ran = workspace.farm("build --json");
    let build = Build::of(&ran);
    assert!(build.ok(), "{}", build.text());
    assert_eq!(
        (ran.code(), build.actions("copy", "ran").len()),
        (0, 1),
        "{}",
        build.text()
    );
    assert_eq!(workspace.read("out.txt"), "text\n");
    assert_eq!(Build::of(&workspace.farm("build --json")).count("up_to_date"), 1);
}
