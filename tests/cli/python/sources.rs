//! Which files are part of an app: what git ignores is not, unless somebody says so.

use crate::shop::files::Files;
use crate::shop::product::Build;
use crate::support::Workspace;

const FARM_TOML: &str = "[workspace]\nname = \"shelves\"\n\n[targets.api]\nbuilder = \"python\"\nroot = \"api\"\n";

fn workspace() -> Workspace {
    let workspace = Workspace::with(FARM_TOML);
    workspace.write(".gitignore", "*.db\n/api/local/\n");
    workspace.write("api/.gitignore", "!seed.db\n");
    workspace.write("api/requirements.txt", "");
    for file in [
        "main.py",
        "seed.db",
        "notes.db",
        "cities.sqlite",
        "cities.sqlite-wal",
        "local/plan.txt",
        "data/cache.db",
    ] {
        workspace.write(&format!("api/{file}"), "x = 1\n");
    }
    workspace
}

fn build(workspace: &Workspace) -> Build {
    let build = Build::of(&workspace.farm("build --json"));
    assert!(build.ok(), "{}", build.text());
    build
}

/// The files of the app, without byte code.
fn app(workspace: &Workspace) -> Vec<String> {
    let files = Files::below(&workspace.root().join("dist/api"), &["__pycache__"]);
    files.paths().collect()
}

#[test]
fn what_git_ignores_is_no_part_of_an_app() {
    let workspace = workspace();
    build(&workspace);
    assert_eq!(app(&workspace), ["cities.sqlite", "main.py", "seed.db"]);
}

#[test]
fn a_database_that_the_app_writes_here_builds_nothing_again() {
    let workspace = workspace();
    build(&workspace);
    workspace.write("api/notes.db", "another note\n");
    workspace.write("api/local/more.txt", "another plan\n");
    assert_eq!(build(&workspace).count("ran"), 0);
    workspace.write("api/seed.db", "another seed\n");
    assert!(build(&workspace).actions("api", "ran").contains(&"app"));
}

#[test]
fn other_rules_make_another_app() {
    let workspace = workspace();
    build(&workspace);
    for (path, rules, expected) in [
        ("api/.gitignore", "", &["cities.sqlite", "main.py"][..]),
        (
            ".gitignore",
            "*.sqlite\n",
            &["data/cache.db", "local/plan.txt", "main.py", "notes.db", "seed.db"],
        ),
        (
            "api/data/.gitignore",
            "*\n",
            &["local/plan.txt", "main.py", "notes.db", "seed.db"],
        ),
    ] {
        workspace.write(path, rules);
        build(&workspace);
        assert_eq!(app(&workspace), expected, "{path}");
        assert_eq!(build(&workspace).count("ran"), 0, "{path}");
    }
}

#[test]
fn sources_that_are_named_are_there_whatever_git_ignores() {
    let workspace = workspace();
    workspace.write(
        "farm.toml",
        &format!("{FARM_TOML}options = {{ sources = [\"*.py\", \"*.db\"] }}\n"),
    );
    build(&workspace);
    assert_eq!(app(&workspace), ["main.py", "notes.db", "seed.db"]);
}
