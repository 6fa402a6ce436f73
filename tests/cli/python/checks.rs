//! What the checks of the example find: a build fails with their words, and nobody's sources are changed.

use super::STOCK;
use crate::example::Copy;
use crate::shop::files::Files;

const SHELF: &str = "src/stock/shelf.py";

/// An import that nothing uses.
fn with_unused_import() -> Copy {
    let stock = STOCK.built();
    stock.edit(
        SHELF,
        "from datetime import date",
        "import os\nfrom datetime import date",
    );
    stock
}

/// The build fails with code 1, leaves what was made and all sources as they were, and says this.
fn failed(stock: &Copy) -> String {
    let before = stock.files();
    let ran = stock.0.farm("build");
    let text = ran.text();
    assert_eq!(ran.code(), 1, "{text}");
    stock.files().assert_same(&before);
    text
}

#[track_caller]
fn assert_says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is missing: {text}");
    }
}

#[test]
fn an_import_that_is_not_used_fails_the_build_at_its_line() {
    let text = failed(&with_unused_import());
    assert_says(
        &text,
        &[
            "src/stock/shelf.py:3:8: F401",
            "`os` imported but unused",
            "error[execute::tool-failed]",
        ],
    );
}

#[test]
fn imports_in_another_order_fail_the_build_at_their_line() {
    let stock = STOCK.built();
    stock.edit(
        "migrations/env.py",
        "from alembic import context\nfrom sqlalchemy import create_engine",
        "from sqlalchemy import create_engine\nfrom alembic import context",
    );
    assert_says(
        &failed(&stock),
        &["migrations/env.py:3:1: I001", "un-sorted or un-formatted"],
    );
}

#[test]
fn rules_that_the_project_selects_take_the_place_of_farms() {
    let stock = with_unused_import();
    stock.0.write(
        "ruff.toml",
        "fix = true\nfix-only = true\nlint.select = [\"E741\", \"F401\"]\nlint.ignore = [\"F401\"]\n",
    );
    assert!(stock.build("").ok(), "`F401` is ignored, and `I` not selected");
    stock.edit(SHELF, "    roasts = []", "    l = []\n    roasts = l");
    let text = failed(&stock);
    assert_says(&text, &["src/stock/shelf.py:26:5: E741"]);
    assert!(!text.contains("F401"), "{text}");
    // What can be mended is told all the same, and not mended.
    stock
        .0
        .write("ruff.toml", "fix = true\nfix-only = true\nlint.select = [\"F401\"]\n");
    assert_says(&failed(&stock), &["src/stock/shelf.py:3:8: F401"]);
}

#[test]
fn a_project_that_only_ignores_a_rule_of_farms_is_heard() {
    let stock = with_unused_import();
    stock.0.write("ruff.toml", "lint.ignore = [\"F401\"]\n");
    let build = stock.build("");
    assert!(build.ok(), "{}", build.text());
}

#[test]
fn a_configuration_in_a_folder_is_the_one_for_that_folder() {
    let stock = with_unused_import();
    stock.0.write("src/stock/ruff.toml", "lint.select = [\"E741\"]\n");
    assert!(stock.build("").ok(), "`F401` is not selected there");
    // Everywhere else, farm's rules stay.
    stock.edit("tests/conftest.py", "import ", "import os\nimport ");
    let text = failed(&stock);
    assert_says(&text, &["tests/conftest.py:", "F401"]);
    assert!(!text.contains(SHELF), "{text}");
}

#[test]
fn a_configuration_of_the_projects_is_extended_wherever_it_stands() {
    for path in ["pyproject.toml", "ruff.toml", ".ruff.toml"] {
        let stock = with_unused_import();
        let (table, text) = match path {
            "pyproject.toml" => ("tool.ruff.", stock.0.read(path)),
            _ => ("", String::new()),
        };
        stock.0.write(
            path,
            &format!("{text}\n[{table}lint.per-file-ignores]\n\"src/stock/shelf.py\" = [\"F401\"]\n"),
        );
        let build = stock.build("");
        assert!(build.ok(), "{path}: {}", build.text());
        stock.edit("src/stock/models.py", "from ", "import os\nfrom ");
        assert_says(&failed(&stock), &["src/stock/models.py:", "F401"]);
    }
}

#[test]
fn a_failing_test_fails_the_build_with_the_words_of_pytest() {
    let stock = STOCK.built();
    stock.edit(SHELF, "order_by(Bag.roasted, Bag.id)", "order_by(Bag.id)");
    let text = failed(&stock);
    assert_says(
        &text,
        &[
            "4/4 workers",
            "assert shelf.take(session, \"Yirgacheffe\", 200) == [MAY]",
            "FAILED tests/test_shelf.py::test_the_oldest_roast_is_taken_first",
            "1 failed, 7 passed",
            "error[execute::tool-failed]",
        ],
    );
}

#[test]
fn tests_that_are_not_there_are_no_success() {
    let stock = STOCK.built();
    stock.edit(
        "farm.toml",
        "test = true",
        "test = true\ntest-args = [\"-k\", \"nothing_of_this_name\"]",
    );
    assert_says(&failed(&stock), &["no tests were found"]);
}

#[test]
fn a_test_reaches_nothing_that_is_made() {
    let stock = STOCK.built();
    let made = |stock: &Copy| Files::below(&stock.0.root().join("dist/stock"), &[]);
    let before = made(&stock);
    stock.edit(
        "tests/test_shelf.py",
        "300 g of Antigua, and there are",
        "g of Antigua, and there are",
    );
    let build = stock.build("");
    assert!(build.ok(), "{}", build.text());
    // The back end alone knows what belongs into a wheel, so it is asked; the wheel is the same.
    assert_eq!(build.actions("stock", "ran"), ["build-needs", "lint", "test", "wheel"]);
    made(&stock).assert_same(&before);
}
