//! The verbs that look and build nothing, on the shop.

use serde_json::Value;

use super::files::copy;
use super::product::{Shop, first};
use crate::farm_snapshot;

#[test]
fn a_plan_tells_all_and_runs_nothing() {
    let shop = Shop::checkout();
    let before = shop.files();
    let plan = shop.0.farm("plan").success();
    for line in [
        "backend (python in apps/api)",
        "frontend (vite in apps/web)",
        "api-docs (command in docs)",
        "    network  npm, pinned by package-lock.json",
        "    writes   dist",
    ] {
        assert!(plan.contains(line), "`{line}` is missing: {plan}");
    }
    shop.files().assert_same(&before);
}

#[test]
fn a_plan_of_one_target_names_what_it_needs_alone() {
    let shop = Shop::checkout();
    let plan = shop.0.farm("plan --json --target backend").success();
    let plan: Value = serde_json::from_str(&plan).expect("JSON");
    assert!(!plan.to_string().contains("apps/web"), "{plan}");
}

#[test]
fn the_caches_status_says_where_it_is_and_what_it_holds() {
    let shop = Shop::built();
    let status: Value = serde_json::from_str(&shop.0.farm("cache status --json").success()).expect("JSON");
    assert_eq!(status["folder"].as_str(), shop.0.cache().to_str());
    assert!(
        status["results"].as_u64() >= Some(first().build.count("ran")),
        "{status}"
    );
    assert!(status["bytes"].as_u64() > Some(10_000_000), "{status}");
    assert_eq!(status["max_bytes"], 5_000_000_000_u64);
}

#[test]
fn a_cleaned_cache_holds_nothing() {
    let shop = Shop::alone();
    copy(&first().cache, &shop.0.cache(), &["tmp"]);
    let said = shop.0.farm("cache clean").text();
    assert!(said.contains("deleted ") && !said.contains("deleted 0"), "{said}");
    let status: Value = serde_json::from_str(&shop.0.farm("cache status --json").success()).expect("JSON");
    assert_eq!((&status["results"], &status["bytes"]), (&0.into(), &0.into()));
}

#[test]
fn the_builders_are_listed_with_their_permissions() {
    let shop = Shop::checkout();
    farm_snapshot!(shop.0.farm("plugin list"), "builders");
}
