//! The builder without farm: its plans against a folder in memory, its step on real files.

use std::fs;
use std::path::Path;

use farm_sdk::testing::{Folder, check_options, plan, show};
use farm_sdk::{Builder, Problem, Work};
use handbook::Handbook;
use serde_json::json;

fn folder() -> Folder {
    Folder::new()
        .file("docs/index.md", "# Start")
        .file("docs/a/guide.md", "text")
        .tools(["python3"])
}

#[test]
fn schema_and_type_agree() {
    check_options::<Handbook>(&json!({ "title": "T" }));
}

#[test]
fn pages_are_rendered_by_a_step() {
    let plan = plan::<Handbook>(&folder(), &json!({ "title": "T" })).expect("sound");
    assert_eq!(plan.actions.len(), 1);
    assert_eq!(plan.actions[0].label, "render 2 pages");
    let Work::Step { name, parameters } = &plan.actions[0].work else {
        panic!("no tool is needed")
    };
    assert_eq!(
        (name.as_str(), parameters.as_str()),
        ("render", r#"{"title":"T","pages":"docs"}"#)
    );
}

#[test]
fn examples_are_run_by_python() {
    let answer = plan::<Handbook>(&folder(), &json!({ "title": "T", "examples": true }));
    assert!(show(&answer).contains("\"-m\",\n            \"doctest\",\n            \"docs/a/guide.md\""));
}

#[test]
fn what_is_missing_is_told() {
    let without_pages = plan::<Handbook>(&Folder::new(), &json!({ "title": "T" })).expect_err("a mistake");
    assert_eq!(without_pages.message, "there are no pages in `docs`");
    let bare = Folder::new().file("docs/index.md", "");
    let without_python = plan::<Handbook>(&bare, &json!({ "title": "T", "examples": true })).expect_err("a mistake");
    assert_eq!(
        without_python.hint.as_deref(),
        Some("install Python, or set `examples = false`")
    );
}

fn rendered(pages: &[(&str, &str)], check: impl FnOnce(&Path)) -> Result<(), Problem> {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    for (path, content) in pages {
        let path = input.join("docs").join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    fs::create_dir_all(&output).expect("a folder");
    Handbook::run_step("render", r#"{ "title": "A & B", "pages": "docs" }"#, &input, &output)?;
    check(&output);
    Ok(())
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("a file")
}

#[test]
fn links_lead_to_html_and_pictures_come_along() {
    let pages = [
        ("index.md", "# Start\n[g](a/guide.md#two-words)\n![p](p.svg)"),
        ("a/guide.md", "## Two words"),
        ("p.svg", "<svg/>"),
    ];
    let done = rendered(&pages, |output| {
        let index = text(&output.join("site/index.html"));
        assert!(index.contains("<title>Start · A &amp; B</title>"));
        assert!(index.contains("<a href=\"a/guide.html#two-words\">g</a>"));
        let guide = text(&output.join("site/a/guide.html"));
        assert!(guide.contains("<h2 id=\"two-words\">"));
        assert!(guide.contains("<a href=\"../index.html\">Start</a>"));
        assert_eq!(text(&output.join("site/p.svg")), "<svg/>");
        assert_eq!(
            text(&output.join("metadata.json")),
            "{\n  \"pages\": 2,\n  \"words\": 5,\n  \"files\": 1\n}\n"
        );
    });
    assert_eq!(done, Ok(()));
}

#[test]
fn without_a_start_page_there_is_a_list() {
    let done = rendered(&[("guide.md", "# Guide")], |output| {
        assert!(text(&output.join("site/index.html")).contains("<a href=\"guide.html\">Guide</a>"));
    });
    assert_eq!(done, Ok(()));
}

#[test]
fn a_link_that_leads_nowhere_is_told_with_its_line() {
    let problem = rendered(&[("a/guide.md", "# Guide\n\nsee [x](../b.md)")], |_| {}).expect_err("a mistake");
    assert_eq!(problem.message, "the link to `../b.md` leads nowhere");
    assert_eq!(
        (problem.file.as_deref(), problem.line),
        (Some("docs/a/guide.md"), Some(3))
    );
}
