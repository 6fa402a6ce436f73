//! What is built again when something changed, and how a build fails.

use super::product::{Build, Shop, first};

const MODELS: &str = "apps/api/src/models.py";
const PRICE: &str = "price_cents: int = Field(";

/// Digest of an artifact.
fn digest<'a>(build: &'a Build, target: &str, artifact: &str) -> &'a str {
    let facts = build.artifact(target, artifact);
    facts["digest"].as_str().expect("it has one")
}

#[test]
fn a_comment_in_the_back_end_leaves_the_front_end_alone() {
    let shop = Shop::built();
    shop.append(MODELS, "# A remark.");
    let build = shop.build("");
    assert!(build.ok(), "{}", build.text());
    assert_eq!(build.actions("backend", "ran"), ["app", "count", "schema"]);
    for target in ["frontend", "api-docs"] {
        assert_eq!(build.actions(target, "ran"), Vec::<&str>::new());
    }
    let same = |target, name| digest(&build, target, name) == digest(&first().build, target, name);
    assert!(same("backend", "openapi") && same("frontend", "bundle"));
    assert!(!same("backend", "app"), "the app holds the comment");
}

#[test]
fn a_new_field_of_a_response_rebuilds_the_front_end() {
    let shop = Shop::built();
    shop.edit(
        MODELS,
        "    in_stock: bool\n",
        "    in_stock: bool\n    rating: float | None = None\n",
    );
    let build = shop.build("");
    assert!(build.ok(), "{}", build.text());
    assert_ne!(
        digest(&build, "backend", "openapi"),
        digest(&first().build, "backend", "openapi")
    );
    let ran = build.actions("frontend", "ran");
    assert!(ran.contains(&"check") && ran.contains(&"types-backend"), "{ran:?}");
    assert!(!ran.contains(&"install"), "the packages are the same");
    let types = std::fs::read_to_string(shop.path("apps/web/src/api/backend.d.ts")).expect("they are there");
    assert!(types.contains("rating?: number | null"), "{types}");
}

#[test]
fn a_field_that_the_front_end_misuses_fails_the_build() {
    let shop = Shop::built();
    shop.edit(MODELS, PRICE, "price_cents: int | None = Field(");
    let ran = shop.0.farm("build");
    assert_eq!(ran.code(), 1, "{}", ran.text());
    let text = ran.text();
    let at = |words: &str| {
        text.find(words)
            .unwrap_or_else(|| panic!("`{words}` is missing: {text}"))
    };
    assert!(
        at("error TS") < at("error[execute::tool-failed]"),
        "first what it said: {text}"
    );
    let hint = text.lines().find_map(|line| line.split_once("same sandbox: "));
    let (_, by_hand) = hint.unwrap_or_else(|| panic!("no hint: {text}"));
    let by_hand = by_hand.replace("[WORKSPACE]", ".");
    let again = shop.0.farm(by_hand.strip_prefix("farm ").expect("a command of farm's"));
    assert_ne!(again.code(), 0);
    assert!(again.text().contains("error TS"), "{}", again.text());
}

#[test]
fn what_succeeded_before_a_failure_is_kept() {
    let shop = Shop::built();
    // Other tests share the cache, and make the change alone.
    shop.append(MODELS, "# And a remark.");
    shop.edit(MODELS, PRICE, "price_cents: int | None = Field(");
    let failed = shop.build("");
    assert_eq!((failed.code, failed.count("failed")), (1, 1), "{}", failed.text());
    assert!(failed.actions("backend", "ran").contains(&"app"), "{}", failed.text());
    assert_eq!(failed.problems()[0]["code"], "execute::tool-failed");
    let again = shop.build("");
    assert_eq!((again.code, again.actions("frontend", "failed")), (1, vec!["check"]));
    assert_eq!(again.actions("backend", "ran"), Vec::<&str>::new());
    shop.edit(MODELS, "price_cents: int | None = Field(", PRICE);
    shop.edit(MODELS, "# And a remark.\n", "");
    let mended = shop.build("");
    assert!(mended.ok() && mended.count("ran") == 0, "{}", mended.text());
    shop.files().assert_same(&first().files);
}

#[test]
fn keep_going_builds_what_does_not_depend_on_the_failure() {
    let shop = Shop::built();
    shop.edit(MODELS, PRICE, "price_cents: int | None = Field(");
    shop.append("docs/endpoints.py", "# A remark.");
    let build = shop.build("--keep-going");
    assert_eq!(build.code, 1);
    assert_eq!(build.actions("api-docs", "ran"), ["run"], "{}", build.text());
}
