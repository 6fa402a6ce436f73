//! A build from nothing.

use std::fs;

use serde_json::{Value, json};

use super::product::{Shop, first};

#[test]
fn the_first_build_runs_everything_and_complains_of_nothing() {
    let build = &first().build;
    assert_eq!((build.count("cached"), build.count("failed")), (0, 0));
    assert!(build.count("ran") >= 10, "{}", build.text());
    assert_eq!(build.notices(), Vec::<&Value>::new());
}

#[test]
fn artifacts_lie_where_the_design_says() {
    let shop = Shop::built();
    let read = |path: &str| fs::read_to_string(shop.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let page = read("dist/frontend/index.html");
    let source = page.split('"').find(|part| part.starts_with("/assets/index-"));
    let source = source.expect("the page names its script").trim_start_matches('/');
    assert!(source.ends_with(".js"), "{source}");
    assert!(!read(&format!("dist/frontend/{source}")).contains("sourceMappingURL"));
    assert!(read("dist/backend/src/main.py").contains("FastAPI("));
    assert!(shop.path("dist/backend/site-packages/fastapi/__init__.py").is_file());
    let schema: Value = serde_json::from_str(&read("dist/backend/openapi.json")).expect("JSON");
    assert_eq!(schema["info"]["title"], "Kettle & Bean");
    assert!(!shop.path("dist/backend/tests").exists(), "tests are no part of an app");
    assert!(read("docs/api.md").contains("/api/health"));
    assert!(read("apps/web/src/api/backend.d.ts").contains("ProductSummary"));
}

#[test]
fn the_manifest_says_what_was_made() {
    let shop = Shop::built();
    let text = fs::read_to_string(shop.path("dist/manifest.json")).expect("it is there");
    let manifest: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        (&manifest["version"], &manifest["workspace"]),
        (&json!(1), &json!("shop"))
    );
    let artifacts = |target: &str| manifest["targets"][target]["artifacts"].as_array().expect("a list");
    let every = ["api-docs", "backend", "frontend"].into_iter().flat_map(artifacts);
    for artifact in every {
        assert_eq!(artifact["blake3"].as_str().map(str::len), Some(64), "{artifact}");
        assert!(
            artifact["files"].as_u64() > Some(0) && artifact["bytes"].as_u64() > Some(0),
            "{artifact}"
        );
    }
    let kinds = |target: &str| {
        artifacts(target)
            .iter()
            .map(|one| one["kind"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds("backend"), ["python-app", "python-packages", "openapi-schema"]);
    assert_eq!(kinds("frontend"), ["web-bundle", "node-modules"]);
    assert!(
        !text.contains(&shop.path("").display().to_string()),
        "a path of this machine"
    );
}

#[test]
fn the_bundle_is_measured_and_the_app_is_counted() {
    let bundle = &first().build.artifact("frontend", "bundle")["metadata"];
    let size = |name: &str| bundle[name].as_u64().unwrap_or_else(|| panic!("no {name}: {bundle}"));
    assert!(size("raw") > 2 * size("gzip") && size("gzip") > size("brotli") && size("brotli") > 10_000);
    assert!(size("chunks") > 2 && size("assets") > 2, "{bundle}");
    let app = &first().build.artifact("backend", "app")["metadata"];
    assert!(
        app["python"].as_str().is_some_and(|version| version.starts_with("3.")),
        "{app}"
    );
    assert!(app["dependencies"].as_u64() > Some(5), "{app}");
    assert_eq!((&app["endpoints"], &app["models"]), (&json!(10), &json!(22)));
}
