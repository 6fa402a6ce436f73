//! The example service: what is built, what is built again, and that the same bytes come out anywhere.

use std::process::Command;

use serde_json::{Value, json};

use super::needs_go;
use super::product::{LINKS, Server, machine};

/// The numbers of processors in ELF files.
const X86_64: u16 = 62;
const AARCH64: u16 = 183;

#[test]
fn the_service_answers() {
    needs_go!();
    let links = LINKS.built();
    let server = Server::start(&links.path("dist/links/server"));
    let health = server.get("/healthz");
    assert!(
        health.starts_with("HTTP/1.1 200") && health.contains("\"version\":\"1.0.0\""),
        "{health}"
    );
    let mut linkctl = Command::new(links.path("dist/links/linkctl"));
    let added = linkctl
        .args(["-server", &server.url(), "https://example.com/tides"])
        .output()
        .expect("it starts");
    let short = String::from_utf8_lossy(&added.stdout).trim().to_owned();
    assert!(added.status.success() && short.starts_with(&server.url()), "{added:?}");
    let followed = server.get(short.strip_prefix(&server.url()).expect("a path"));
    assert!(followed.contains("Location: https://example.com/tides"), "{followed}");
    let page = server.get("/");
    assert!(
        page.contains("https://example.com/tides"),
        "the page is embedded: {page}"
    );
}

#[test]
fn every_platform_has_a_program_of_its_own() {
    needs_go!();
    let links = LINKS.built();
    assert_eq!(machine(&links.path("dist/release/linux-amd64/server")), X86_64);
    assert_eq!(machine(&links.path("dist/release/linux-arm64/server")), AARCH64);
    let artifact = LINKS.first().build.artifact("release", "server-linux-arm64");
    assert_eq!(
        (&artifact["kind"], &artifact["metadata"]["platform"]),
        (&json!("go-binary"), &json!("linux/arm64"))
    );
}

#[test]
fn a_program_says_what_is_in_it() {
    needs_go!();
    let links = LINKS.built();
    let metadata = &LINKS.first().build.artifact("links", "server")["metadata"];
    let size = std::fs::metadata(links.path("dist/links/server"))
        .expect("it was built")
        .len();
    assert_eq!(
        (&metadata["bytes"], &metadata["version"]),
        (&json!(size), &json!("1.0.0"))
    );
    assert_eq!(metadata["package"], "example.com/links/cmd/server");
    assert!(
        metadata["go"].as_str().is_some_and(|version| version.starts_with("1.")),
        "{metadata}"
    );
    let modules = metadata["modules"].as_array().expect("a list").iter();
    let modules: Vec<&Value> = modules.map(|module| &module["path"]).collect();
    assert_eq!(modules, ["github.com/go-chi/chi/v5", "golang.org/x/time"]);
    let other = &LINKS.first().build.artifact("links", "linkctl")["metadata"];
    assert_eq!(other["dependencies"], 0, "it needs none of them: {other}");
}

#[test]
fn a_second_build_runs_nothing() {
    needs_go!();
    let links = LINKS.built();
    let build = links.build("");
    assert!(build.ok(), "{}", build.text());
    assert_eq!(
        (build.count("ran"), build.count("cached"), build.components()),
        (0, 0, 0)
    );
    std::fs::remove_dir_all(links.path("dist")).expect("it was built");
    let build = links.build("");
    assert_eq!((build.ok(), build.count("ran")), (true, 0), "{}", build.text());
    links.files().assert_same(&LINKS.first().files);
}

#[test]
fn a_change_builds_the_programs_that_it_is_part_of() {
    needs_go!();
    let links = LINKS.built();
    links.edit("cmd/linkctl/main.go", "usage: linkctl", "how to use it: linkctl");
    let build = links.build("");
    assert!(build.ok(), "{}", build.text());
    assert_eq!(
        build.actions("links", "ran"),
        [
            "build-linkctl",
            "compile-tests",
            "inspect-linkctl",
            "list",
            "test",
            "vet"
        ]
    );
    assert_eq!(
        build.actions("release", "ran"),
        ["list-linux-amd64", "list-linux-arm64"]
    );
    links.edit(
        "internal/web/pages/index.html",
        "<title>Links</title>",
        "<title>Short links</title>",
    );
    let build = links.build("--target links");
    assert_eq!(
        build.actions("links", "ran"),
        ["build-server", "compile-tests", "inspect-server", "list", "test", "vet"],
        "an embedded file is a source: {}",
        build.text()
    );
}

#[test]
fn a_new_test_builds_no_program() {
    needs_go!();
    let links = LINKS.built();
    let test = "package links\n\nimport \"testing\"\n\nfunc TestEmpty(t *testing.T) {\n\tif len((&Store{}).All()) != 0 {\n\
                \t\tt.Fatal(\"not empty\")\n\t}\n}\n";
    links.0.write("internal/links/empty_test.go", test);
    let build = links.build("--target links");
    assert!(build.ok(), "{}", build.text());
    assert_eq!(build.actions("links", "ran"), ["compile-tests", "list", "test", "vet"]);
}

#[test]
fn without_any_cache_and_somewhere_else_the_same_bytes_come_out() {
    needs_go!();
    let links = LINKS.alone();
    let build = links.build("--no-cache");
    assert!(build.ok(), "{}", build.text());
    // With a cache, the second target takes over the download of the first.
    let first = &LINKS.first().build;
    assert_eq!(build.count("ran"), first.count("ran") + first.count("cached"));
    links.files().assert_same(&LINKS.first().files);
}
