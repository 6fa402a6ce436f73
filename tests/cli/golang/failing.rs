//! Builds of the example that fail: what is said, and what stays.

use super::needs_go;
use super::product::LINKS;
use crate::example::Copy;

/// The build fails with code 1; what it printed, and whether the programs were left as they were.
fn failed(links: &Copy) -> (String, bool) {
    let server = links.path("dist/links/server");
    let before = std::fs::read(&server).expect("it was built");
    let ran = links.0.farm("build --target links");
    assert_eq!(ran.code(), 1, "{}", ran.text());
    (ran.text(), std::fs::read(&server).expect("it stays") == before)
}

fn assert_in_order(text: &str, words: &[&str]) {
    let mut rest = text;
    for word in words {
        let (_, after) = rest
            .split_once(word)
            .unwrap_or_else(|| panic!("`{word}` is missing: {text}"));
        rest = after;
    }
}

#[test]
fn what_vet_finds_fails_the_build() {
    needs_go!();
    let links = LINKS.built();
    links.edit(
        "cmd/server/main.go",
        "fmt.Println(version)",
        "fmt.Printf(\"%d\\n\", version)",
    );
    let (text, same) = failed(&links);
    assert_in_order(
        &text,
        &[
            "cmd/server/main.go:",
            "Printf format %d has arg version",
            "error[execute::tool-failed]",
            "farm debug",
        ],
    );
    assert!(same, "a program that failed its check was put in place: {text}");
}

#[test]
fn a_failed_test_fails_the_build() {
    needs_go!();
    let links = LINKS.built();
    links.edit("internal/links/links.go", "const idLength = 7", "const idLength = 9");
    links.edit(
        "internal/links/links_test.go",
        "len(all) != 1",
        "len(all) != 1 || len(first.ID) != 7",
    );
    let (text, same) = failed(&links);
    assert_in_order(
        &text,
        &[
            "--- FAIL: TestTheSameURLHasTheSameLink",
            "FAIL",
            "error[execute::tool-failed]",
        ],
    );
    assert!(same, "a program that failed its tests was put in place: {text}");
}

#[test]
fn what_does_not_compile_is_told_by_the_compiler() {
    needs_go!();
    let links = LINKS.built();
    links.edit("cmd/linkctl/main.go", "fmt.Println(short)", "fmt.Println(shrot)");
    let (text, _) = failed(&links);
    assert_in_order(
        &text,
        &[
            "cmd/linkctl/main.go:",
            "undefined: shrot",
            "error[execute::tool-failed]",
        ],
    );
}

#[test]
fn a_lock_file_that_does_not_fit_is_told_before_anything_runs() {
    needs_go!();
    let links = LINKS.built();
    links.edit("go.mod", "golang.org/x/time v0.11.0", "golang.org/x/time v0.10.0");
    let build = links.build("");
    assert_eq!((build.code, build.count("ran")), (2, 0), "{}", build.text());
    let problem = build.problems()[0].to_string();
    assert!(
        problem.contains("`go.sum` does not fix `golang.org/x/time v0.10.0`"),
        "{problem}"
    );
}
