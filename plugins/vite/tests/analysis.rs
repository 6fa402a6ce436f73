//! The step `analyze`, run natively: what the page and the data beside it say.

use std::fs;

use farm_builder_vite::Vite;
use farm_sdk::Builder;
use serde_json::{Value, json};

/// `index.html` and `modules.json` of a bundle whose names are as bad as they can be.
fn analyse() -> (String, Value) {
    let folder = tempfile::tempdir().expect("a folder");
    let facts = json!({ "vite": "8.3.8", "assets": [{ "file": "index.html" }], "chunks": [
        { "name": "index", "file": "assets/index-1.js", "entry": true, "dynamic": false, "imports": [],
          "modules": [{ "id": "src/App.tsx", "bytes": 900 }, { "id": "</script><img src=x>{{files}}", "bytes": 100 },
                      { "id": "src/types.ts", "bytes": 0 }] },
        { "name": "Cart", "file": "assets/Cart-2.js", "entry": false, "dynamic": true, "imports": ["assets/index-1.js"],
          "modules": [{ "id": "src/Cart.tsx", "bytes": 20 }] },
    ] });
    let sizes = json!([
        { "file": "assets/Cart-2.js", "raw": 15, "gzip": 14, "brotli": 13 },
        { "file": "assets/index-1.js", "raw": 700, "gzip": 400, "brotli": 300 },
        { "file": "index.html", "raw": 2500, "gzip": 1200, "brotli": 1100 },
    ]);
    fs::write(folder.path().join("facts.json"), facts.to_string()).expect("a file");
    fs::write(folder.path().join("sizes.json"), sizes.to_string()).expect("a file");
    let parameters = json!({ "target": "front & end" }).to_string();
    Vite::run_step("analyze", &parameters, folder.path(), folder.path()).expect("analysed");
    let read = |name: &str| fs::read_to_string(folder.path().join("analysis").join(name)).expect("written");
    (
        read("index.html"),
        serde_json::from_str(&read("modules.json")).expect("JSON"),
    )
}

#[test]
fn every_module_of_every_chunk_is_in_the_tables_and_in_the_data() {
    let (page, data) = analyse();
    for id in [
        "src/App.tsx",
        "src/types.ts",
        "src/Cart.tsx",
        "&lt;/script&gt;&lt;img src=x&gt;{{files}}",
    ] {
        assert!(page.contains(&format!("<tr data-id=\"{id}\"><td>{id}</td>")), "{id}");
    }
    assert_eq!((&data["version"], &data["target"]), (&json!(1), &json!("front & end")));
    let chunk = &data["chunks"][0];
    assert_eq!(
        (&chunk["raw"], &chunk["gzip"], &chunk["brotli"]),
        (&json!(700), &json!(400), &json!(300))
    );
    assert_eq!(chunk["modules"].as_array().map(Vec::len), Some(3));
    assert!(
        page.contains("<b>Cart</b> (assets/Cart-2.js), loaded when it is imported: 1 modules"),
        "{page}"
    );
    assert!(
        page.contains("4 modules in 2 chunks, and 1 other files: 3.2 kB, gzip 1.6 kB, brotli 1.4 kB."),
        "{page}"
    );
}

#[test]
fn a_name_of_a_module_is_never_markup() {
    let (page, _) = analyse();
    assert!(!page.contains("<img"), "{page}");
    assert!(page.contains("<h1>front &amp; end</h1>"), "{page}");
    let start = page.find("id=\"data\">").expect("the data") + "id=\"data\">".len();
    let end = start + page[start..].find("</script>").expect("its end");
    let data: Value = serde_json::from_str(&page[start..end]).expect("the data is whole");
    assert_eq!(data["chunks"][0]["modules"][1]["id"], "</script><img src=x>{{files}}");
}

#[test]
fn the_page_loads_nothing() {
    let (page, _) = analyse();
    for way in [
        "http:", "https:", "//cdn", " src=\"", " href=", "@import", "url(", "fetch(",
    ] {
        assert!(!page.contains(way), "{way}");
    }
    assert!(page.contains("default-src 'none'"), "and a browser holds it to that");
}

#[test]
fn the_same_bundle_is_shown_the_same() {
    assert_eq!(analyse(), analyse());
}
