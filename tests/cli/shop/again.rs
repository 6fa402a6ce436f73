//! Builds of what was built before: here, somewhere else, and from nothing.

use std::fs;

use super::product::{Shop, first};

#[test]
fn a_second_build_runs_nothing_and_starts_no_component() {
    let shop = Shop::built();
    let build = shop.build("");
    assert!(build.ok(), "{}", build.text());
    assert_eq!(
        (build.count("ran"), build.count("cached"), build.components()),
        (0, 0, 0)
    );
    assert_eq!(build.count("up_to_date"), first().build.count("ran"));
}

#[test]
fn a_deleted_output_folder_comes_back_byte_for_byte() {
    let shop = Shop::built();
    let before = shop.files();
    fs::remove_dir_all(shop.path("dist")).expect("it was built");
    fs::remove_file(shop.path("docs/api.md")).expect("it was built");
    let build = shop.build("");
    assert!(build.ok() && build.count("ran") == 0, "{}", build.text());
    assert!(before.count() > 800, "{before:?}");
    shop.files().assert_same(&before);
}

#[test]
fn what_somebody_changed_in_the_output_folder_is_put_right() {
    let shop = Shop::built();
    let before = shop.files();
    shop.0.write("dist/frontend/index.html", "defaced");
    shop.0.write("dist/backend/src/left.py", "stale");
    fs::remove_file(shop.path("dist/manifest.json")).expect("it was built");
    let build = shop.build("");
    assert!(build.ok() && build.count("ran") == 0, "{}", build.text());
    shop.files().assert_same(&before);
}

#[test]
fn a_second_checkout_runs_nothing_and_has_the_same_bytes() {
    let shop = Shop::checkout();
    let build = shop.build("");
    assert!(build.ok(), "{}", build.text());
    assert_eq!((build.count("ran"), build.components()), (0, 0));
    assert_eq!(build.count("cached"), first().build.count("ran"));
    shop.files().assert_same(&first().files);
}

#[test]
fn two_builds_from_nothing_make_the_same_bytes() {
    let shop = Shop::alone();
    let build = shop.build("");
    assert!(build.ok(), "{}", build.text());
    assert_eq!(build.count("ran"), first().build.count("ran"));
    shop.files().assert_same(&first().files);
}
