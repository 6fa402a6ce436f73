//! The step `size-limit`, run natively: what is over its limit, by how much, and what makes it up.

use std::fs;

use farm_builder_vite::Vite;
use farm_sdk::{Builder, Problem};
use serde_json::{Value, json};

/// A bundle of two scripts and a picture, as `measure` and the bundler tell of it.
fn check(limits: &Value, baseline: Option<&Value>) -> Result<(), Problem> {
    let sizes = json!([
        { "file": "assets/index-1.js", "raw": 90_000, "gzip": 30_500, "brotli": 27_000 },
        { "file": "assets/photo-2.avif", "raw": 50_000, "gzip": 50_000, "brotli": 50_000 },
        { "file": "assets/vendor-3.js", "raw": 200_000, "gzip": 60_000, "brotli": 52_000 },
    ]);
    let facts = json!({ "vite": "8.3.8", "assets": [{ "file": "assets/photo-2.avif" }], "chunks": chunks() });
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, value: &Value| fs::write(folder.path().join(name), value.to_string()).expect("a file");
    write("sizes.json", &sizes);
    write("facts.json", &facts);
    if let Some(baseline) = baseline {
        let name = if limits["baseline"].is_null() {
            "earlier/facts.json"
        } else {
            "modules.json"
        };
        fs::create_dir_all(folder.path().join("earlier")).expect("a folder");
        write(name, baseline);
    }
    Vite::run_step("size-limit", &limits.to_string(), folder.path(), folder.path())
}

fn chunks() -> Value {
    json!([
        { "name": "index", "file": "assets/index-1.js", "entry": true, "dynamic": false, "imports": ["assets/vendor-3.js"],
          "modules": [{ "id": "src/App.tsx", "bytes": 80_000 }, { "id": "src/main.tsx", "bytes": 10_000 }] },
        { "name": "vendor", "file": "assets/vendor-3.js", "entry": false, "dynamic": false, "imports": [],
          "modules": [{ "id": "node_modules/react-dom/client.js", "bytes": 150_000 },
                      { "id": "node_modules/react/index.js", "bytes": 50_000 }] },
    ])
}

fn problem(limits: &Value, baseline: Option<&Value>) -> String {
    let problem = check(limits, baseline).expect_err("over a limit");
    format!("{}\nhint: {}", problem.message, problem.hint.expect("a hint"))
}

#[test]
fn within_its_limits_a_bundle_passes() {
    for limits in [
        json!({ "total": 140_500 }),
        json!({ "chunk": 60_000 }),
        json!({ "chunk": 60_000, "chunks": { "index": 30_500 } }),
        json!({ "total": 340_000, "as": "raw" }),
        json!({ "chunks": { "vendor": 52_000 }, "as": "brotli" }),
    ] {
        check(&limits, None).unwrap_or_else(|problem| panic!("{limits}: {problem:?}"));
    }
}

#[test]
fn a_chunk_over_its_limit_is_told_with_its_modules() {
    insta::assert_snapshot!(problem(&json!({ "chunk": 50_000 }), None), @r"
    the bundle is over its size limit
    the chunk `vendor` (assets/vendor-3.js) is 60.0 kB as gzip, 10.0 kB over its limit of 50.0 kB; its modules, largest first, before they are minified:
        150.0 kB  node_modules/react-dom/client.js
         50.0 kB  node_modules/react/index.js
    hint: load parts of it later with `import()`, take something out, or raise `size-limit`; `--analyze` shows every module
    ");
}

#[test]
fn a_limit_of_its_own_takes_the_place_of_that_of_all_chunks() {
    check(&json!({ "chunk": 40_000, "chunks": { "vendor": 60_000 } }), None).expect("each is within its own");
    let message = check(&json!({ "chunk": 60_000, "chunks": { "index": 30_000 } }), None)
        .expect_err("over")
        .message;
    assert!(
        message.contains("the chunk `index` (assets/index-1.js) is 30.5 kB as gzip, 500 B over"),
        "{message}"
    );
    assert!(!message.contains("`vendor`"), "{message}");
}

#[test]
fn all_that_is_over_a_limit_is_told_at_once() {
    insta::assert_snapshot!(problem(&json!({ "total": 100_000, "chunk": 45_000, "as": "raw" }), None), @r"
    the bundle is over its size limit
    the whole bundle is 340.0 kB, 240.0 kB over its limit of 100.0 kB; its files, largest first:
        200.0 kB  assets/vendor-3.js
         90.0 kB  assets/index-1.js
         50.0 kB  assets/photo-2.avif
    the chunk `index` (assets/index-1.js) is 90.0 kB, 45.0 kB over its limit of 45.0 kB; its modules, largest first, before they are minified:
         80.0 kB  src/App.tsx
         10.0 kB  src/main.tsx
    the chunk `vendor` (assets/vendor-3.js) is 200.0 kB, 155.0 kB over its limit of 45.0 kB; its modules, largest first, before they are minified:
        150.0 kB  node_modules/react-dom/client.js
         50.0 kB  node_modules/react/index.js
    hint: load parts of it later with `import()`, take something out, or raise `size-limit`; `--analyze` shows every module
    ");
}

#[test]
fn with_a_baseline_the_modules_that_grew_are_told() {
    let mut before = chunks();
    before[1]["modules"] = json!([
        { "id": "node_modules/react-dom/client.js", "bytes": 140_000 },
        { "id": "node_modules/gone/index.js", "bytes": 9_000 },
    ]);
    let limits = json!({ "chunk": 50_000, "baseline": "modules.json" });
    let before = json!({ "version": 1, "chunks": before });
    insta::assert_snapshot!(problem(&limits, Some(&before)), @r"
    the bundle is over its size limit
    the chunk `vendor` (assets/vendor-3.js) is 60.0 kB as gzip, 10.0 kB over its limit of 50.0 kB; the modules that grew since `modules.json`, before they are minified:
        +50.0 kB  node_modules/react/index.js (new)
        +10.0 kB  node_modules/react-dom/client.js (140.0 kB → 150.0 kB)
    hint: load parts of it later with `import()`, take something out, or raise `size-limit`; `--analyze` shows every module
    ");
}

#[test]
fn without_a_baseline_it_is_what_grew_since_the_last_good_build() {
    let mut before = chunks();
    before[0]["modules"][0]["bytes"] = json!(30_000);
    let before = json!({ "vite": "8.3.8", "assets": [], "chunks": before });
    insta::assert_snapshot!(problem(&json!({ "total": 100_000, "chunks": { "index": 30_000 } }), Some(&before)), @r"
    the bundle is over its size limit
    the whole bundle is 140.5 kB as gzip, 40.5 kB over its limit of 100.0 kB; the modules that grew since the last good build, before they are minified:
        +50.0 kB  src/App.tsx (30.0 kB → 80.0 kB)
    its files, largest first:
         60.0 kB  assets/vendor-3.js
         50.0 kB  assets/photo-2.avif
         30.5 kB  assets/index-1.js
    the chunk `index` (assets/index-1.js) is 30.5 kB as gzip, 500 B over its limit of 30.0 kB; the modules that grew since the last good build, before they are minified:
        +50.0 kB  src/App.tsx (30.0 kB → 80.0 kB)
    hint: load parts of it later with `import()`, take something out, or raise `size-limit`; `--analyze` shows every module
    ");
    let limits = json!({ "total": 100_000 });
    assert!(
        problem(&limits, Some(&json!("no facts"))).contains("; its files"),
        "an older farm's are no mistake"
    );
}

#[test]
fn where_nothing_grew_since_the_baseline_everything_is_told() {
    let limits = json!({ "chunk": 50_000, "baseline": "modules.json" });
    let message = problem(&limits, Some(&json!({ "chunks": chunks() })));
    assert!(message.contains("its modules, largest first"), "{message}");
}

#[test]
fn a_baseline_that_is_none_is_named() {
    let limits = json!({ "chunk": 50_000, "baseline": "modules.json" });
    insta::assert_snapshot!(problem(&limits, Some(&json!([]))), @r"
    `modules.json` cannot be read: invalid length 0, expected struct Baseline with 1 element at line 1 column 2
    hint: take the `modules.json` that `analyze = true` makes
    ");
}

#[test]
fn a_limit_for_a_chunk_that_is_not_there_would_never_be_broken() {
    insta::assert_snapshot!(problem(&json!({ "chunks": { "vendro": 1 } }), None), @r"
    `size-limit` names the chunk `vendro`, which the bundle does not have
    hint: it has: index, vendor
    ");
}

#[test]
fn of_many_modules_the_largest_are_named_and_the_rest_summed() {
    let folder = tempfile::tempdir().expect("a folder");
    let modules: Vec<Value> = (1..=20)
        .map(|n| json!({ "id": format!("src/{n}.js"), "bytes": n * 10 }))
        .collect();
    let facts =
        json!({ "vite": "8.3.8", "assets": [], "chunks": [{ "name": "a", "file": "a.js", "modules": modules }] });
    let sizes = json!([{ "file": "a.js", "raw": 2100, "gzip": 2000, "brotli": 2000 }]);
    fs::write(folder.path().join("facts.json"), facts.to_string()).expect("a file");
    fs::write(folder.path().join("sizes.json"), sizes.to_string()).expect("a file");
    let limits = json!({ "chunk": 1000 }).to_string();
    let problem = Vite::run_step("size-limit", &limits, folder.path(), folder.path()).expect_err("over");
    let lines: Vec<&str> = problem.message.lines().map(str::trim).collect();
    assert_eq!(
        (lines[2], lines[9], lines[10]),
        ("200 B  src/20.js", "130 B  src/13.js", "780 B  in 12 more")
    );
}
