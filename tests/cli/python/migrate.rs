//! The example's database, which is migrated on demand and by no build.

use std::process::Command;

use super::STOCK;
use crate::example::Copy;

/// The built example, whose database is this file beside it.
fn with_database() -> (Copy, std::path::PathBuf) {
    let stock = STOCK.built();
    let file = stock.0.beside("stock.db");
    let address = format!("sqlite:///{}", file.display());
    (Copy(stock.0.variable("DATABASE_URL", address)), file)
}

/// What the built app says of the database.
fn run(stock: &Copy, file: &std::path::Path, arguments: &[&str]) -> String {
    let output = Command::new("python3")
        .args(["-B", "-m", "stock"])
        .args(arguments)
        .current_dir(stock.0.root().join("dist/stock"))
        .env("PYTHONPATH", "src:site-packages")
        .env("DATABASE_URL", format!("sqlite:///{}", file.display()))
        .output()
        .expect("there is a python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_database_is_migrated_when_it_is_asked_for_and_by_no_build() {
    let (stock, file) = with_database();
    assert!(stock.build("").ok() && !file.exists(), "a build has migrated");
    let ran = stock.0.farm("run stock migrate --sandbox off");
    let text = ran.text();
    assert_eq!(ran.code(), 0, "{text}");
    assert!(text.contains("0002 (head)") && !text.contains("stock.db"), "{text}");
    assert_eq!(
        run(&stock, &file, &["Antigua", "250", "2026-06-01"]),
        "Antigua: 250 g, the oldest of 2026-06-01\n"
    );
    stock.0.farm("run stock migrate --sandbox off").success();
    assert_eq!(run(&stock, &file, &[]), "Antigua: 250 g, the oldest of 2026-06-01\n");
    let build = stock.build("");
    assert_eq!(build.count("ran"), 0, "nothing of it is in the state: {}", build.text());
}

#[test]
fn in_the_sandbox_a_migration_finds_all_that_it_needs() {
    let stock = Copy(STOCK.built().0.variable("DATABASE_URL", "sqlite://"));
    let ran = stock.0.farm("run stock migrate");
    let text = ran.text();
    assert_eq!(ran.code(), 0, "{text}");
    assert!(text.contains("the database is at:"), "{text}");
}

#[test]
fn a_migration_is_never_up_to_date() {
    let (stock, file) = with_database();
    stock.0.farm("run stock migrate --sandbox off").success();
    std::fs::remove_file(&file).expect("it was made");
    stock.0.farm("run stock migrate --sandbox off").success();
    assert!(file.is_file());
}

#[test]
fn a_migration_that_fails_says_so_in_its_own_words() {
    let (stock, _) = with_database();
    stock.edit(
        "migrations/versions/0002_roasts.py",
        "down_revision = \"0001\"",
        "down_revision = \"0000\"",
    );
    stock.edit("farm.toml", "test = true\n", "");
    let ran = stock.0.farm("run stock migrate --sandbox off");
    let text = ran.text();
    assert_eq!(ran.code(), 1, "{text}");
    assert!(text.contains("0000") && text.contains("execute::tool-failed"), "{text}");
}

#[test]
fn without_an_address_nothing_is_migrated() {
    let ran = STOCK.built().0.farm("run stock migrate --sandbox off").text();
    assert!(
        ran.contains("execute::missing-secret") && ran.contains("DATABASE_URL"),
        "{ran}"
    );
}
