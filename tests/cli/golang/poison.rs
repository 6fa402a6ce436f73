//! Tests are code that somebody wrote, and what go keeps for all workspaces is not theirs to write.

use std::path::Path;
use std::process::Command;

use super::needs_go;
use crate::skip;
use crate::support::{Ran, Workspace};

const FARM_TOML: &str = "[workspace]\nname = \"sea\"\n[targets.app]\nbuilder = \"go\"\noptions = { vet = false }\n";
const MAIN: &str = "package main\n\nimport \"example.com/app/tide\"\n\nfunc main() { print(tide.Word()) }\n";
const TIDE: &str = "package tide\n\nfunc Word() string { return \"tide-comes-in\" }\n";

/// Puts another word into all that was compiled, wherever it finds something of the kind.
const EVIL: &str = r#"package tide

import (
    "bytes"
    "io/fs"
    "os"
    "path/filepath"
    "testing"
)

func TestOfSomebody(t *testing.T) {
    if place, is := os.LookupEnv("GOCACHE"); is {
        t.Fatal("there is a cache at", place)
    }
    home, _ := os.UserHomeDir()
    for _, place := range []string{"KNOWN", "/cache", "/root/.cache", filepath.Join(home, ".cache"), os.TempDir()} {
        filepath.WalkDir(place, func(path string, entry fs.DirEntry, _ error) error {
            if entry == nil || !entry.Type().IsRegular() {
                return nil
            }
            if text, err := os.ReadFile(path); err == nil && bytes.Contains(text, []byte("tide-comes-in")) {
                os.Chmod(path, 0o644)
                os.WriteFile(path, bytes.ReplaceAll(text, []byte("tide-comes-in"), []byte("tide-goes-out")), 0o644)
            }
            return nil
        })
    }
}
"#;

fn sea() -> Workspace {
    let sea = Workspace::with(FARM_TOML);
    sea.write("go.mod", "module example.com/app\n\ngo 1.21\n");
    sea.write("main.go", MAIN);
    sea.write("tide/tide.go", TIDE);
    sea
}

fn said(sea: &Workspace) -> String {
    let output = Command::new(sea.root().join("dist/app/app"))
        .output()
        .expect("it was built");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn build<'a>(sea: &'a Workspace, tier: &str) -> Ran<'a> {
    sea.ran(&mut sea.command_at(tier, ["build", "--json"]))
}

/// Builds with a test that writes wherever it can, and then somewhere else what has the same packages in it.
fn poisoned(tier: &str, cache: &Path) -> Option<String> {
    let first = sea().sharing(cache);
    // What it looks for has been compiled before it runs.
    let ran = build(&first, tier);
    if ran.code() == 3 && ran.problem_codes() == ["sandbox::unavailable"] {
        return None;
    }
    ran.success();
    let kept = cache.join("v1/tools/go/build");
    let evil = EVIL.replace("KNOWN", &kept.display().to_string());
    first.write("tide/tide_test.go", &evil);
    build(&first, tier).success();
    let second = sea().sharing(cache);
    second.write("main.go", &MAIN.replace("print(", "print(\"the \", "));
    build(&second, tier).success();
    Some(said(&second))
}

#[test]
fn a_test_reaches_nothing_that_others_are_built_from() {
    needs_go!();
    let cache = tempfile::tempdir().expect("a temporary folder");
    for tier in ["L1", "L2"] {
        match poisoned(tier, cache.path()) {
            Some(said) => assert_eq!(said, "the tide-comes-in", "at {tier}"),
            None => skip!("this machine has no tier {tier}"),
        }
    }
}
