//! The pages that examples serve, walked through in a browser: those of Vue and Svelte from a server of files, as their
//! READMEs say, and those of the platform by its own back end. The shop's are in `shop`.

use serde_json::json;

use crate::example::Example;
use crate::shop::files::copy;
use crate::shop::server::Server;
use crate::skip;
use crate::web::{MOON, SOURDOUGH, no_browser, visit};

static PLATFORM: Example = Example::new("platform");

#[test]
fn the_vue_application_works_in_a_browser() {
    if let Some(reason) = no_browser() {
        skip!("{reason}");
    }
    let copy = SOURDOUGH.built();
    let server = Server::files(&copy.path("dist/site"));
    let seen = visit("sourdough.mjs", [server.url()], &copy.0);
    assert_eq!((&seen["ok"], &seen["pictures"]), (&json!(true), &json!(5)), "{seen}");
}

#[test]
fn the_svelte_application_works_in_a_browser() {
    if let Some(reason) = no_browser() {
        skip!("{reason}");
    }
    let copy = MOON.built();
    let server = Server::files(&copy.path("dist/site"));
    let seen = visit("moon.mjs", [server.url()], &copy.0);
    let days = seen["days"].as_array().expect("days");
    assert_eq!((&seen["ok"], &days[0]), (&json!(true), &json!("2025-03-14")), "{seen}");
}

#[test]
fn the_platforms_front_end_and_back_end_work_in_a_browser() {
    if let Some(reason) = no_browser() {
        skip!("{reason}");
    }
    // Without its model and its images, which have tests of their own.
    let platform = PLATFORM.alone();
    let build = platform.build("--target frontend --target help");
    assert!(build.ok(), "{}", build.text());
    let pages = platform.0.beside("pages");
    copy(&platform.path("dist/frontend"), &pages, &[]);
    copy(&platform.path("apps/help/help"), &pages.join("help"), &[]);
    let server = Server::backend(&platform.path("dist/backend"), ("NOTES_STATIC", &pages));
    let seen = visit("notes.mjs", [server.url()], &platform.0);
    assert_eq!((&seen["ok"], &seen["notes"]), (&json!(true), &json!(2)), "{seen}");
}
