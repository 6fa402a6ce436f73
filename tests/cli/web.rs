//! The examples of the builder `vite` beside the shop, built for real: a Vue and a Svelte application.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::example::{Copy, Example};
use crate::shop::files::Files;
use crate::shop::product::repository;
use crate::skip;
use crate::support::Workspace;

pub(crate) static SOURDOUGH: Example = Example::new("vue");
pub(crate) static MOON: Example = Example::new("svelte");
const LIMITS: &str = "size-limit = { total = \"120 kB\", chunk = \"40 kB\" }";

fn chromium() -> PathBuf {
    std::env::var_os("CHROMIUM").map_or("/usr/bin/chromium".into(), PathBuf::from)
}

/// Why there is no browser to look with.
pub(crate) fn no_browser() -> Option<String> {
    if !chromium().is_file() {
        return Some(format!(
            "there is no browser at {}; scripts/setup installs one",
            chromium().display()
        ));
    }
    let driver = repository().join("tests/browser/node_modules/playwright-core");
    (!driver.is_dir()).then(|| "the browser driver is not installed; scripts/setup installs it".to_owned())
}

/// What a script of `tests/browser` says of these files and folders.
fn look(script: &str, places: &[&Path], copy: &Copy) -> Value {
    let addresses = places.iter().map(|place| {
        let end = if place.is_dir() { "/" } else { "" };
        format!("file://{}{end}", place.display())
    });
    visit(script, addresses, &copy.0)
}

/// What a script of `tests/browser` says of what is at these addresses.
pub(crate) fn visit(script: &str, addresses: impl IntoIterator<Item = String>, workspace: &Workspace) -> Value {
    let mut command = Command::new("node");
    command.arg(repository().join("tests/browser").join(script));
    command.args(addresses);
    command.arg("--chromium").arg(chromium());
    command.arg("--screenshots").arg(workspace.beside("screenshots"));
    let output = command.output().expect("there is a node");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_str(&text).expect("one line of JSON")
}

#[test]
fn a_vue_application_is_checked_tested_bundled_and_looked_at() {
    let build = &SOURDOUGH.first().build;
    let expected = [
        "analyze",
        "bundle",
        "check-tsconfig.app",
        "check-tsconfig.node",
        "components",
        "images",
        "install",
        "measure",
        "size-limit",
        "test",
    ];
    assert_eq!(build.actions("site", "ran"), expected);
    assert_eq!(build.notices(), Vec::<&Value>::new());
    let images = &build.artifact("site", "bundle")["metadata"]["images"];
    let size = |name: &str| images[name].as_u64().unwrap_or_else(|| panic!("no {name}: {images}"));
    assert_eq!(size("count"), 6);
    assert!(size("after_bytes") < size("before_bytes") * 9 / 10, "{images}");
    assert_eq!(images["smaller"].as_array().map(Vec::len), Some(6), "{images}");
}

#[test]
fn a_svelte_application_is_checked_tested_and_bundled() {
    let build = &MOON.first().build;
    let ran = build.actions("site", "ran");
    assert_eq!(
        ran,
        [
            "bundle",
            "check",
            "components",
            "images",
            "install",
            "measure",
            "size-limit",
            "test"
        ]
    );
    assert_eq!(build.notices(), Vec::<&Value>::new());
}

#[test]
fn a_second_build_of_either_runs_nothing() {
    for example in [&SOURDOUGH, &MOON] {
        let build = example.built().build("");
        assert_eq!(
            (build.count("ran"), build.count("cached"), build.components()),
            (0, 0, 0)
        );
    }
}

#[test]
fn another_checkout_has_the_same_bytes() {
    for example in [&SOURDOUGH, &MOON] {
        let copy = example.alone();
        let build = copy.build("");
        assert!(build.ok(), "{}", build.text());
        copy.files().assert_same(&example.first().files);
    }
}

#[test]
fn the_analysis_shows_every_module_in_a_browser() {
    if let Some(reason) = no_browser() {
        skip!("{reason}");
    }
    let copy = SOURDOUGH.built();
    let page = copy.0.root().join("dist/site/bundle-analysis/index.html");
    let seen = look("analysis.mjs", &[&page], &copy);
    assert!(
        seen["chunks"].as_u64() >= Some(3) && seen["modules"].as_u64() >= Some(8),
        "{seen}"
    );
}

#[test]
fn smaller_images_look_the_same_in_a_browser() {
    if let Some(reason) = no_browser() {
        skip!("{reason}");
    }
    let copy = SOURDOUGH.built();
    let (before, after) = (copy.0.root().join("src/assets"), copy.0.root().join("dist/site/assets"));
    let seen = look("images.mjs", &[&before, &after], &copy);
    for kind in ["avif", "jpg", "png", "svg", "webp"] {
        let sizes = &seen["seen"][kind];
        assert!(sizes["after"].as_u64() < sizes["before"].as_u64(), "{kind}: {seen}");
    }
}

#[test]
fn a_bundle_over_its_limit_fails_with_the_chunk_and_what_it_is_made_of() {
    let copy = SOURDOUGH.built();
    copy.edit("farm.toml", LIMITS, "size-limit = { chunks = { vue = \"10 kB\" } }");
    let ran = copy.0.farm("build");
    let text = ran.text();
    assert_eq!(ran.code(), 3, "{text}");
    for expected in [
        "error[execute::over-limit]: the bundle is over its size limit",
        "the chunk `vue` (assets/vue-",
        " kB as gzip, ",
        " kB over its limit of 10.0 kB; its modules, largest first, before they are minified:",
        "node_modules/@vue/runtime-core/dist/runtime-core.esm-bundler.js",
    ] {
        assert!(text.contains(expected), "`{expected}` is missing: {text}");
    }
}

#[test]
fn limits_of_one_build_go_before_those_of_the_options() {
    let copy = SOURDOUGH.built();
    let says = |options: &str, code: i32, expected: &str| {
        let ran = copy.0.farm(&format!("build {options}"));
        assert_eq!(ran.code(), code, "{options}: {}", ran.text());
        assert!(ran.text().contains(expected), "{options}: {}", ran.text());
    };
    says("--size-limit 1kB", 3, "the whole bundle is ");
    says("--size-limit site=1kB", 3, "the whole bundle is ");
    says(
        "--size-limit 1MB --size-limit site/vue=5kB",
        3,
        "the chunk `vue` (assets/vue-",
    );
    says(
        "--size-limit site/nothing=5kB",
        3,
        "names the chunk `nothing`, which the bundle does not have",
    );
    says(
        "--size-limit shop=1kB",
        2,
        "error[build::unanswered]: `--size-limit` is for `shop`",
    );
    says("--size-limit 1MB", 0, "");
}

#[test]
fn a_page_that_was_asked_for_once_is_gone_with_the_next_build() {
    let copy = MOON.built();
    let page = copy.path("dist/site/bundle-analysis/index.html");
    let build = copy.build("--analyze");
    assert_eq!(build.actions("site", "ran"), ["analyze"], "{}", build.text());
    assert!(page.is_file());
    let again = copy.build("--analyze");
    assert_eq!((again.count("ran"), again.components()), (0, 0), "{}", again.text());
    let without = copy.build("");
    assert_eq!(without.count("ran"), 0, "{}", without.text());
    assert!(!page.exists());
}

#[test]
fn a_bundle_that_outgrew_its_baseline_fails_with_the_modules_that_grew() {
    let copy = SOURDOUGH.built();
    copy.0
        .write("modules.json", &copy.0.read("dist/site/bundle-analysis/modules.json"));
    copy.edit(
        "farm.toml",
        LIMITS,
        "size-limit = { chunks = { index = 1 }, baseline = \"modules.json\" }",
    );
    copy.edit(
        "src/dough.ts",
        "return {",
        "console.log(\"a dough of \" + flour + \" and \" + starter);\n  return {",
    );
    let text = copy.0.farm("build").text();
    let (_, grew) = text
        .split_once("the modules that grew since `modules.json`")
        .expect("it says so");
    assert!(grew.contains("  src/dough.ts"), "{text}");
    assert!(
        !grew.contains("src/App.vue"),
        "what stayed the same is not named: {text}"
    );
}

/// A line of a program that no minifier takes away.
fn more(name: &str) -> String {
    format!(
        "console.log(\"{name}\" + flour + \"{}\");\n  return {{",
        "a dough that rises ".repeat(20)
    )
}

#[test]
fn what_grew_since_the_last_good_build_is_told_where_a_limit_is_broken() {
    let copy = SOURDOUGH.built();
    let assets = std::fs::read_dir(copy.path("dist/site/assets")).expect("it was built");
    let mut scripts = assets.map(|entry| entry.expect("a file")).filter(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.starts_with("index-") && name.ends_with(".js")
    });
    let bytes = scripts.next().expect("the chunk").metadata().expect("a file").len();
    let limit = format!(
        "size-limit = {{ chunks = {{ index = {} }}, as = \"raw\" }}",
        bytes + 100
    );
    copy.edit("farm.toml", LIMITS, &limit);
    assert!(copy.build("").ok(), "it is within its limit");
    copy.edit("src/dough.ts", "return {", &more("first"));
    let over = |times: &str| {
        let ran = copy.0.farm("build");
        let text = ran.text();
        assert_eq!(ran.code(), 3, "{times}: {text}");
        let (chunk, grew) = text
            .split_once("the modules that grew since the last good build, before they are minified:")
            .unwrap_or_else(|| panic!("{times}: {text}"));
        assert!(chunk.contains("the chunk `index` (assets/index-"), "{times}: {text}");
        assert!(
            !grew.contains("src/App.vue"),
            "what stayed the same is not named: {text}"
        );
        let row = grew
            .lines()
            .find(|line| line.contains("src/dough.ts ("))
            .map(str::to_owned);
        row.unwrap_or_else(|| panic!("{times}: {text}"))
    };
    let sizes = |row: &str| {
        let (_, sizes) = row.split_once("src/dough.ts (").expect("it is there");
        let (before, after) = sizes.split_once(" → ").expect("two sizes");
        (before.to_owned(), after.to_owned())
    };
    let first = sizes(&over("once"));
    copy.edit("src/dough.ts", "return {", &more("second"));
    let second = sizes(&over("twice"));
    assert_eq!(
        first.0, second.0,
        "a build that failed is not what the next one is compared with"
    );
    assert_ne!(first.1, second.1);
}

#[test]
fn the_last_lines_of_a_build_say_how_much_smaller_the_images_are() {
    let copy = SOURDOUGH.built();
    let images = &SOURDOUGH.first().build.artifact("site", "bundle")["metadata"]["images"];
    let text = copy.0.farm("build --verbose").text();
    let kb = |name: &str| images[name].as_f64().expect("a number") / 1000.0;
    let expected = format!("images {:.1} kB → {:.1} kB", kb("before_bytes"), kb("after_bytes"));
    assert!(text.contains(&expected), "`{expected}` is missing: {text}");
}

#[test]
fn a_mistake_in_a_component_fails_the_check() {
    let sourdough = SOURDOUGH.built();
    sourdough.edit("src/App.vue", "version {{ version }}", "version {{ versoin }}");
    let text = sourdough.0.farm("build --keep-going").text();
    assert!(
        text.contains("src/App.vue") && text.contains("'versoin' does not exist"),
        "{text}"
    );
    let moon = MOON.built();
    moon.edit("src/App.svelte", "from={date}", "from={day}");
    let text = moon.0.farm("build --keep-going").text();
    assert!(
        text.contains("App.svelte") && text.contains("'string' is not assignable to type 'Date'"),
        "{text}"
    );
}

#[test]
fn a_test_that_fails_fails_the_build() {
    let copy = MOON.built();
    copy.edit("src/moon.ts", "29.530588853", "28");
    let text = copy.0.farm("build --keep-going").text();
    assert!(
        text.contains("is new and dark in the night") && text.contains("action test"),
        "{text}"
    );
}

#[test]
fn plugins_can_be_named_without_a_configuration_in_javascript() {
    let copy = MOON.built();
    let site = copy.0.root().join("dist/site");
    let before = Files::below(&site, &[]);
    copy.0.remove("vite.config.ts");
    copy.0.write(
        "vite.plugins.json",
        "[\n  // The plugin of vite.config.ts.\n  { \"package\": \"@sveltejs/vite-plugin-svelte\", \"export\": \"svelte\" },\n]\n",
    );
    copy.edit(
        "farm.toml",
        "options = {",
        "options = { plugins = \"vite.plugins.json\",",
    );
    let build = copy.build("");
    assert!(build.ok(), "{}", build.text());
    assert!(build.actions("site", "ran").contains(&"bundle"), "{}", build.text());
    Files::below(&site, &[]).assert_same(&before);
}

#[test]
fn an_app_in_plain_typescript_needs_no_framework_and_no_configuration() {
    let copy = MOON.built();
    let json = |path: &str| -> Value { serde_json::from_str(&copy.0.read(path)).expect("JSON") };
    let (mut manifest, mut lock) = (json("package.json"), json("package-lock.json"));
    // What is left in the lock file beside these, npm does not install.
    let is_kept = |name: &String| matches!(name.as_str(), "vite" | "typescript" | "vitest");
    for packages in [
        &mut manifest["devDependencies"],
        &mut lock["packages"][""]["devDependencies"],
    ] {
        packages
            .as_object_mut()
            .expect("packages")
            .retain(|name, _| is_kept(name));
    }
    for (path, value) in [("package.json", manifest), ("package-lock.json", lock)] {
        copy.0.write(path, &format!("{value:#}\n"));
    }
    for path in [
        "src/App.svelte",
        "src/Calendar.svelte",
        "svelte.config.js",
        "vite.config.ts",
    ] {
        copy.0.remove(path);
    }
    copy.0
        .write("src/env.d.ts", "/// <reference types=\"vite/client\" />\n");
    copy.edit("tsconfig.json", "\"svelte\", ", "");
    copy.edit("tsconfig.json", ", \"vite.config.ts\"", "");
    let main = "import { phase } from \"./moon\";\n\ndocument.body.textContent = phase(new Date());\n";
    copy.0.write("src/main.ts", main);
    let test = "import { expect, test } from \"vitest\";\nimport { lit } from \"./moon\";\n\n\
        test(\"a new moon is dark\", () => expect(lit(new Date(Date.UTC(2000, 0, 6, 18, 14)))).toBeCloseTo(0));\n";
    copy.0.write("src/moon.test.ts", test);
    let build = copy.build("");
    assert!(build.ok(), "{}", build.text());
    let ran = build.actions("site", "ran");
    assert!(
        ran.contains(&"bundle") && ran.contains(&"check") && ran.contains(&"test"),
        "{ran:?}"
    );
}

#[test]
fn the_configuration_may_lie_in_a_folder_of_its_own() {
    let copy = MOON.built();
    copy.0.write("build/vite.ts", &copy.0.read("vite.config.ts"));
    copy.0.remove("vite.config.ts");
    copy.edit("farm.toml", "options = {", "options = { config = \"build/vite.ts\",");
    let build = copy.build("");
    assert!(build.ok(), "{}", build.text());
}
