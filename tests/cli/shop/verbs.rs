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
    farm_snapshot!(shop.0.farm("plugin list"), @r"
    exit code: 0
    ----- stdout -----
    command  0.1.0, built-in, digest [DIGEST], farm:builder 0.1.0
      tool        *  granted
      environment *  granted
      secret      *  granted
      network     *  granted
      network     docker  granted
      network     unix:*  granted
    docker  0.1.0, built-in, digest [DIGEST], farm:builder 0.1.0
      tool        buildah  granted
      tool        docker  granted
      tool        podman  granted
      tool        sh  granted
      tool        skopeo  granted
      network     docker  granted
      network     oci  granted
      environment CONTAINERS_CONF  granted
      environment CONTAINERS_STORAGE_CONF  granted
      environment DOCKER_HOST  granted
      environment XDG_RUNTIME_DIR  granted
      secret      *  granted
    go  0.1.0, built-in, digest [DIGEST], farm:builder 0.1.0
      tool        go  granted
      network     go  granted
      tool cache  build  granted
      tool        gcc  granted
      tool        g++  granted
      tool        clang  granted
      tool        clang++  granted
      tool        pkg-config  granted
    node  0.1.0, built-in, digest [DIGEST], farm:builder 0.1.0
      tool        node  granted
      network     npm  granted
      tool cache  tsc  granted
      tool        npm  granted
      tool cache  npm  granted
      tool        pnpm  granted
      tool cache  pnpm  granted
      tool        yarn  granted
      tool cache  yarn  granted
    python  0.1.0, built-in, digest [DIGEST], farm:builder 0.1.0
      tool        uv  granted
      network     pypi  granted
      tool cache  pip  granted
      tool cache  uv  granted
      tool        python  granted
      tool        python3  granted
      tool        python3.9  granted
      tool        python3.10  granted
      tool        python3.11  granted
      tool        python3.12  granted
      tool        python3.13  granted
      tool        python3.14  granted
      tool        python3.15  granted
    rust  0.1.0, built-in, digest [DIGEST], farm:builder 0.1.0
      network     crates  granted
      tool cache  cargo  granted
      tool cache  sccache  granted
      tool cache  targets  granted
      tool        sh  granted
      tool        cargo  granted
      tool        rustc  granted
      tool        rustdoc  granted
      tool        cc  granted
      tool        cargo-clippy  granted
      tool        clippy-driver  granted
      tool        sccache  granted
    vite  0.1.0, built-in, digest [DIGEST], farm:builder 0.1.0
      tool        node  granted
      tool        npm  granted
      network     npm  granted
      tool cache  npm  granted
    ----- stderr -----
    ");
}
