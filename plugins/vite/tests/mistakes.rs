//! Each mistake that the builder `vite` names.

mod app;

use app::{folder, folder_of, lock, manifest};
use farm_builder_vite::Vite;
use farm_sdk::Problem;
use farm_sdk::testing::{Folder, plan};
use serde_json::{Value, json};

fn problem(folder: &Folder, options: &Value) -> String {
    let Problem {
        message,
        file,
        line,
        hint,
    } = plan::<Vite>(folder, options).expect_err("a mistake");
    let at = line.map_or(String::new(), |line| format!(":{line}"));
    format!(
        "{message}\nin: {}{at}\nhint: {}",
        file.unwrap_or("-".to_owned()),
        hint.expect("every problem has a hint")
    )
}

#[test]
fn mistakes_in_the_file_of_plugins() {
    let with = |text: &str| folder().file("vite.plugins.json", text);
    let options = json!({ "plugins": "vite.plugins.json" });
    insta::assert_snapshot!(problem(&folder(), &options), @r"
    option `plugins` names `vite.plugins.json`, which does not exist
    in: -
    hint: create it, or take the option out
    ");
    insta::assert_snapshot!(problem(&with("[\"react\",\n oops]"), &options), @r"
    `vite.plugins.json` cannot be read: expected value at line 2 column 2
    in: vite.plugins.json:2
    hint: correct the JSON there
    ");
    insta::assert_snapshot!(problem(&with("[\"@scope/plugin/vite\"]"), &options), @r"
    `vite.plugins.json` names `@scope/plugin`, which `package.json` does not have
    in: vite.plugins.json
    hint: correct the name, or run `npm install -D @scope/plugin`
    ");
    insta::assert_snapshot!(problem(&with("[{ \"pakage\": \"react\" }]"), &options), @r#"
    `vite.plugins.json` has an entry that names no plugin: {"pakage":"react"}
    in: vite.plugins.json
    hint: write the package's name, or { "package": …, "export": …, "options": … }
    "#);
    insta::assert_snapshot!(problem(&folder(), &json!({ "config": "vite.mjs" })), @r"
    option `config` names `vite.mjs`, which does not exist
    in: -
    hint: correct the path, which starts at the target's folder
    ");
}

#[test]
fn tests_without_vitest() {
    insta::assert_snapshot!(problem(&folder(), &json!({ "test": "vitest" })), @r"
    option `test` asks for `vitest`, which `package.json` does not have
    in: package.json
    hint: run `npm install -D vitest`, or take the option out
    ");
}

#[test]
fn without_a_lock_file() {
    insta::assert_snapshot!(problem(&folder().without("package-lock.json"), &json!({})), @r"
    there is no `package-lock.json`, which fixes what is installed
    in: package-lock.json
    hint: run `npm install --package-lock-only` and commit the file
    ");
    let pnpm = folder().without("package-lock.json").file("pnpm-lock.yaml", "");
    insta::assert_snapshot!(problem(&pnpm, &json!({})), @r"
    there is no `package-lock.json`, which fixes what is installed
    in: package-lock.json
    hint: this builder installs with npm and does not read pnpm's `pnpm-lock.yaml`; run `npm install --package-lock-only`
    ");
}

#[test]
fn without_a_manifest_or_with_a_broken_one() {
    insta::assert_snapshot!(problem(&folder().without("package.json"), &json!({})), @r"
    there is no `package.json`
    in: package.json
    hint: point the target's `root` to the folder of the app, or run `npm create vite@latest` there
    ");
    insta::assert_snapshot!(problem(&folder().file("package.json", "{\n\"a\": }"), &json!({})), @r"
    `package.json` cannot be read: expected value at line 2 column 6
    in: package.json:2
    hint: correct the JSON there
    ");
}

#[test]
fn with_a_lock_file_that_does_not_fit() {
    let mut stale = lock(&manifest());
    stale["packages"][""]["dependencies"]["react"] = json!("^18.0.0");
    insta::assert_snapshot!(problem(&folder_of(&manifest(), &stale), &json!({})), @r"
    `package-lock.json` does not fit `package.json`: `react` differs
    in: package-lock.json
    hint: run `npm install --package-lock-only`
    ");
    let mut old = lock(&manifest());
    old["lockfileVersion"] = json!(1);
    insta::assert_snapshot!(problem(&folder_of(&manifest(), &old), &json!({})), @r"
    `package-lock.json` has the old version 1
    in: package-lock.json
    hint: run `npm install --package-lock-only` with npm 7 or later
    ");
    let mut linked = lock(&manifest());
    linked["packages"]["node_modules/@m/core"] = json!({ "resolved": "packages/core", "link": true });
    insta::assert_snapshot!(problem(&folder_of(&manifest(), &linked), &json!({})), @r"
    `node_modules/@m/core` is a link to a folder outside of node_modules
    in: package-lock.json
    hint: npm workspaces and `file:` folders cannot be installed apart; give the app a lock file of its own
    ");
}

#[test]
fn without_vite_or_with_an_old_one() {
    let mut manifest = manifest();
    manifest["devDependencies"]
        .as_object_mut()
        .expect("an object")
        .remove("vite");
    insta::assert_snapshot!(problem(&folder_of(&manifest, &lock(&manifest)), &json!({})), @r"
    `vite` is not among the packages of `package.json`
    in: package.json
    hint: run `npm install -D vite`
    ");
    let mut old = lock(&self::manifest());
    old["packages"]["node_modules/vite"]["version"] = json!("5.4.0");
    insta::assert_snapshot!(problem(&folder_of(&self::manifest(), &old), &json!({})), @r"
    vite 5.4.0 is too old: farm needs 6.1 or later
    in: package-lock.json
    hint: run `npm install -D vite@latest`
    ");
}

#[test]
fn without_the_generator_of_types() {
    let mut manifest = manifest();
    manifest["devDependencies"]
        .as_object_mut()
        .expect("an object")
        .remove("openapi-typescript");
    let folder = folder_of(&manifest, &lock(&manifest)).dependency("backend", "openapi", "openapi-schema");
    insta::assert_snapshot!(problem(&folder, &json!({})), @r"
    `openapi-typescript` makes the types of `backend`, and is not installed
    in: package.json
    hint: run `npm install -D openapi-typescript`
    ");
}

#[test]
fn without_the_framework_of_the_sources() {
    let svelte = folder().file("src/parts/Menu.svelte", "");
    insta::assert_snapshot!(problem(&svelte, &json!({})), @r"
    `src/parts/Menu.svelte` is written for Svelte, and `svelte` is not installed
    in: package.json
    hint: run `npm install -D svelte @sveltejs/vite-plugin-svelte`
    ");
    let vue = folder().file("src/App.vue", "");
    insta::assert_snapshot!(problem(&vue, &json!({})), @r"
    `src/App.vue` is written for Vue, and `vue` is not installed
    in: package.json
    hint: run `npm install vue @vitejs/plugin-vue`
    ");
    plan::<Vite>(&vue, &json!({ "exclude": ["src/App.vue"] })).expect("it is no part of the app");
}

#[test]
fn without_tools() {
    let folder = Folder::new()
        .file("package.json", manifest().to_string())
        .file("package-lock.json", lock(&manifest()).to_string());
    insta::assert_snapshot!(problem(&folder, &json!({})), @r"
    the tool `node` is not on the PATH
    in: -
    hint: install Node.js 20 or later, which brings `node` and `npm`
    ");
}

#[test]
fn mistakes_in_options() {
    insta::assert_snapshot!(problem(&folder().asked("size-limit", "5TB"), &json!({})), @r"
    `--size-limit` has `5TB`, which is no size
    in: -
    hint: write a number with B, kB, MB, KiB or MiB, as in `200kB`
    ");
    insta::assert_snapshot!(problem(&folder(), &json!({ "chunks": { "vendor": ["reakt"] } })), @r"
    option `chunks` names `reakt`, which `package-lock.json` does not have
    in: package-lock.json
    hint: correct the name, or run `npm install reakt`
    ");
    insta::assert_snapshot!(problem(&folder(), &json!({ "chunks": { "charts": ["./src/charts"] } })), @r"
    option `chunks` names `./src/charts`, which does not exist
    in: -
    hint: correct the path, which starts at the target's folder
    ");
    insta::assert_snapshot!(problem(&folder(), &json!({ "size-limit": { "total": 1, "baseline": "was.json" } })), @r"
    option `size-limit` names the baseline `was.json`, which does not exist
    in: -
    hint: build once with `analyze = true`, and copy its `modules.json` there
    ");
    let with_schema = folder().dependency("backend", "openapi", "openapi-schema");
    insta::assert_snapshot!(problem(&with_schema, &json!({ "types-dir": "../shared" })), @r"
    option `types-dir` is no folder of the target: `../shared`
    in: -
    hint: name a folder below the target's `root`, such as `src/api`
    ");
}

#[test]
fn mistakes_in_typescript_configurations() {
    let missing = folder().file(
        "tsconfig.json",
        r#"{ "references": [{ "path": "./tsconfig.app.json" }] }"#,
    );
    insta::assert_snapshot!(problem(&missing, &json!({})), @r"
    `tsconfig.json` refers to `tsconfig.app.json`, which does not exist
    in: tsconfig.json
    hint: create that file, or take the reference out
    ");
    let outside = folder().file("tsconfig.json", r#"{ "references": [{ "path": "../lib" }] }"#);
    insta::assert_snapshot!(problem(&outside, &json!({})), @r"
    `tsconfig.json` refers to `../lib`, outside of the target's folder
    in: tsconfig.json
    hint: check that project in a target of its own, or set `typecheck = false`
    ");
    let broken = folder().file("tsconfig.json", "{\n  \"files\": [\n}");
    insta::assert_snapshot!(problem(&broken, &json!({})), @r"
    `tsconfig.json` cannot be read: expected value at line 3 column 1
    in: tsconfig.json:3
    hint: correct the JSON there
    ");
}
