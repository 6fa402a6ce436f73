//! The plans of the builder `vite`, whole, and each mistake that it names.

use farm_builder_vite::Vite;
use farm_sdk::testing::{Folder, check_options, plan, show};
use farm_sdk::{Problem, Work};
use serde_json::{Value, json};

fn manifest() -> Value {
    json!({
        "name": "web",
        "version": "1.2.3",
        "dependencies": { "react": "^19.0.0", "react-dom": "^19.0.0" },
        "devDependencies": { "vite": "^8.0.0", "typescript": "5.9.3", "openapi-typescript": "^7.0.0" },
    })
}

fn lock(manifest: &Value) -> Value {
    json!({
        "name": "web",
        "lockfileVersion": 3,
        "packages": {
            "": { "dependencies": manifest["dependencies"], "devDependencies": manifest["devDependencies"] },
            "node_modules/react": { "version": "19.0.0" },
            "node_modules/react/node_modules/@m/scheduler": { "version": "1.0.0" },
            "node_modules/vite": { "version": "8.3.8" },
        },
    })
}

fn folder_of(manifest: &Value, lock: &Value) -> Folder {
    Folder::new()
        .file("package.json", format!("{manifest:#}"))
        .file("package-lock.json", format!("{lock:#}"))
        .file("index.html", "<script type=module src=/src/main.tsx></script>")
        .file("src/main.tsx", "")
        .tools(["node", "npm"])
}

fn folder() -> Folder {
    folder_of(&manifest(), &lock(&manifest()))
}

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

fn settings(folder: &Folder, options: &Value) -> Value {
    let plan = plan::<Vite>(folder, options).expect("sound");
    let bundle = plan
        .actions
        .iter()
        .find(|action| action.id == "bundle")
        .expect("a bundle");
    let input = bundle
        .inputs
        .iter()
        .find(|input| input.at == "farm.vite.json")
        .expect("the settings");
    let farm_sdk::Source::Content(content) = &input.source else {
        panic!("the settings are a fixed file")
    };
    serde_json::from_slice(content).expect("JSON")
}

/// The plan as text, without the scripts of farm's own.
fn planned(folder: &Folder, options: &Value) -> String {
    let scripts = [
        ("farm.readonly.mjs", include_str!("../src/scripts/farm.readonly.mjs")),
        (
            "farm.vite.config.mjs",
            include_str!("../src/scripts/farm.vite.config.mjs"),
        ),
    ];
    let plan = show(&plan::<Vite>(folder, options));
    scripts.iter().fold(plan, |plan, (name, script)| {
        let script = serde_json::to_string(script).expect("a string");
        plan.replace(&script, &format!("\"({name})\""))
    })
}

#[test]
fn schema_and_type_agree() {
    check_options::<Vite>(&json!({}));
}

#[test]
fn a_small_app() {
    insta::assert_snapshot!("small", planned(&folder(), &json!({})));
}

#[test]
fn an_app_with_types_references_and_a_shared_base() {
    let folder = folder()
        .file("vite.config.ts", "export default {}")
        .file(".npmrc", "fund=false")
        .file(
            "tsconfig.json",
            "{ \"files\": [], \"references\": [{ \"path\": \"./tsconfig.app.json\" }, { \"path\": \"build\" },] }",
        )
        .file(
            "tsconfig.app.json",
            "{ \"extends\": \"../tsconfig.base\", /* app */ \"include\": [\"src\"] }",
        )
        .file("build/tsconfig.json", "{ \"include\": [\"*.ts\"] }")
        .dependency("backend", "openapi", "openapi-schema")
        .dependency("backend", "app", "python-app");
    insta::assert_snapshot!("full", planned(&folder, &json!({})));
}

#[test]
fn names_of_generated_types_do_not_collide() {
    let folder = folder()
        .dependency("billing:api", "openapi", "openapi-schema")
        .dependency("shop", "v1", "openapi-schema")
        .dependency("shop", "v2", "openapi-schema");
    let plan = plan::<Vite>(&folder, &json!({ "types-dir": "src/gen/" })).expect("sound");
    let paths: Vec<_> = plan
        .actions
        .iter()
        .filter(|action| action.id.starts_with("types"))
        .map(|action| action.outputs[0].path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "src/gen/billing-api.d.ts",
            "src/gen/shop-v1.d.ts",
            "src/gen/shop-v2.d.ts"
        ]
    );
}

#[test]
fn modes_and_options_decide_the_settings() {
    let of = |mode: &str, options: Value| settings(&folder().mode(mode), &options);
    let production = of("production", json!({}));
    assert_eq!(
        (&production["sourcemap"], &production["minify"]),
        (&json!(false), &json!(null))
    );
    assert_eq!(
        production["define"],
        json!({ "__BUILD_VERSION__": "1.2.3", "__ENVIRONMENT__": "production" })
    );
    let development = of("development", json!({ "version": "dev" }));
    assert_eq!(
        (&development["sourcemap"], &development["minify"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(development["define"]["__BUILD_VERSION__"], "dev");
    assert_eq!(of("preview", json!({}))["sourcemap"], "hidden");
    assert_eq!(
        of("production", json!({ "sourcemap": true, "minify": false }))["minify"],
        false
    );
    assert_eq!(
        of(
            "production",
            json!({ "chunks": { "vendor": ["react", "@m/scheduler"] } })
        )["chunks"],
        json!({ "vendor": ["react", "@m/scheduler"] }),
        "what another package asks for may be named as well"
    );
}

#[test]
fn presets_decide_how_much_is_done() {
    let of = |options: Value| settings(&folder(), &options);
    let some = |settings: Value| {
        let part = |name: &str| settings[name].clone();
        (
            part("minify"),
            part("target"),
            part("treeshake").is_null(),
            part("vendor"),
        )
    };
    let (yes, no) = (json!(true), json!(false));
    assert_eq!(of(json!({})), of(json!({ "optimize": "standard" })));
    assert_eq!(
        settings(&folder().mode("development"), &json!({}))["minify"],
        settings(&folder().mode("development"), &json!({ "optimize": "none" }))["minify"]
    );
    let none = some(of(json!({ "optimize": "none" })));
    assert_eq!(none, (no.clone(), json!("esnext"), true, no.clone()));
    let minimal = some(of(json!({ "optimize": "minimal" })));
    assert_eq!(minimal, (Value::Null, Value::Null, true, no));
    let aggressive = some(of(json!({ "optimize": "aggressive" })));
    assert_eq!(aggressive, (Value::Null, json!("esnext"), false, yes));
}

#[test]
fn an_aggressive_build_takes_terser_where_it_is_there_and_what_is_said_of_minifying_wins() {
    let mut manifest = manifest();
    manifest["devDependencies"]["terser"] = json!("^5.0.0");
    let folder = folder_of(&manifest, &lock(&manifest));
    let minify = |options: Value| settings(&folder, &options)["minify"].clone();
    assert_eq!(minify(json!({ "optimize": "aggressive" })), "terser");
    assert_eq!(minify(json!({ "optimize": "aggressive", "minify": false })), false);
    assert_eq!(minify(json!({ "optimize": "standard" })), Value::Null);
    assert_eq!(minify(json!({ "optimize": "none", "minify": true })), Value::Null);
}

#[test]
fn what_the_bundle_is_made_of_is_an_artifact_of_its_own() {
    let kinds = |options: Value| -> Vec<String> {
        let artifacts = plan::<Vite>(&folder(), &options).expect("sound").artifacts;
        artifacts.into_iter().map(|artifact| artifact.kind).collect()
    };
    assert_eq!(kinds(json!({})), ["web-bundle", "node-modules"]);
    assert_eq!(
        kinds(json!({ "analyze": true })),
        ["web-bundle", "node-modules", "bundle-analysis"]
    );
}

#[test]
fn limits_are_checked_by_an_action_of_their_own() {
    let limit = |options: Value| {
        let plan = plan::<Vite>(&folder().file("sizes/modules.json", "{}"), &options).expect("sound");
        let bundle = plan
            .actions
            .iter()
            .find(|action| action.id == "bundle")
            .expect("a bundle");
        let sources = format!("{:?}", bundle.inputs);
        let limit = plan.actions.into_iter().find(|action| action.id == "size-limit");
        limit.map(|limit| match limit.work {
            Work::Step { parameters, .. } => (parameters, limit.inputs.len(), sources.contains("sizes/modules.json")),
            Work::Tool { .. } => panic!("a step"),
        })
    };
    assert_eq!(limit(json!({})), None);
    let expected = r#"{"as":"gzip","baseline":null,"chunk":null,"chunks":{},"total":200000}"#;
    assert_eq!(
        limit(json!({ "size-limit": "200 kB" })),
        Some((expected.to_owned(), 2, false))
    );
    assert_eq!(
        limit(json!({ "size-limit": 200_000 })),
        limit(json!({ "size-limit": "0.2 MB" }))
    );
    let several = json!({ "chunk": "1 KiB", "chunks": { "vendor": 5 }, "as": "raw", "baseline": "sizes/modules.json" });
    let expected = r#"{"as":"raw","baseline":"sizes/modules.json","chunk":1024,"chunks":{"vendor":5},"total":null}"#;
    assert_eq!(
        limit(json!({ "size-limit": several })),
        Some((expected.to_owned(), 3, true)),
        "the bundle's sources leave the baseline out"
    );
}

#[test]
fn what_is_asked_for_in_one_build_goes_before_the_options() {
    let plan = |folder: Folder, options: Value| plan::<Vite>(&folder, &options).expect("sound");
    let has = |plan: &farm_sdk::Plan, id: &str| plan.actions.iter().any(|action| action.id == id);
    assert!(has(&plan(folder().asked("analyze", "true"), json!({})), "analyze"));
    let asked = folder().asked("size-limit", "5MB vendor=1.5kB");
    let plan = plan(asked, json!({ "size-limit": { "total": "1 kB", "chunk": "2 kB" } }));
    let limit = plan.actions.into_iter().find(|action| action.id == "size-limit");
    let Some(Work::Step { parameters, .. }) = limit.map(|limit| limit.work) else {
        panic!("a step checks the limit")
    };
    let expected = r#"{"as":"gzip","baseline":null,"chunk":2000,"chunks":{"vendor":1500},"total":5000000}"#;
    assert_eq!(parameters, expected);
    insta::assert_snapshot!(problem(&folder().asked("size-limit", "5TB"), &json!({})), @r"
    `--size-limit` has `5TB`, which is no size
    in: -
    hint: write a number with B, kB, MB, KiB or MiB, as in `200kB`
    ");
}

#[test]
fn plugins_and_the_configuration_may_be_named() {
    let plugins = r#"[
        // Comments are fine.
        "react",
        { "package": "react-dom/vite", "export": "dom", "options": { "fast": true } },
    ]"#;
    let folder = folder()
        .file("build/plugins.json", plugins)
        .file("build/vite.ts", "export default {}");
    let settings = settings(
        &folder,
        &json!({ "plugins": "build/plugins.json", "config": "build/vite.ts" }),
    );
    assert_eq!(settings["config"], "build/vite.ts");
    let expected = json!([
        { "package": "react", "export": "default", "options": null },
        { "package": "react-dom/vite", "export": "dom", "options": { "fast": true } },
    ]);
    assert_eq!(settings["plugins"], expected);
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
fn development_builds_for_development() {
    let plan = plan::<Vite>(&folder().mode("development"), &json!({ "env": { "VITE_API": "/api" } })).expect("sound");
    let bundle = plan
        .actions
        .iter()
        .find(|action| action.id == "bundle")
        .expect("a bundle");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        bundle.environment,
        [pair("NODE_ENV", "development"), pair("VITE_API", "/api")]
    );
}

#[test]
fn install_scripts_run_only_when_asked_for() {
    let has_flag = |options: Value| {
        let plan = plan::<Vite>(&folder(), &options).expect("sound");
        let Work::Tool { arguments, .. } = &plan.actions[0].work else {
            panic!("npm is a tool")
        };
        arguments.contains(&"--ignore-scripts".to_owned())
    };
    assert!(has_flag(json!({})));
    assert!(!has_flag(json!({ "install-scripts": true })));
}

#[test]
fn components_are_checked_by_what_understands_them() {
    let program = |package: &str| {
        let mut manifest = manifest();
        manifest["devDependencies"][package] = json!("^1.0.0");
        let folder = folder_of(&manifest, &lock(&manifest)).file("tsconfig.json", "{}");
        let plan = plan::<Vite>(&folder, &json!({})).expect("sound");
        let check = plan
            .actions
            .into_iter()
            .find(|action| action.id == "check")
            .expect("a check");
        match check.work {
            Work::Tool { arguments, .. } => arguments.join(" "),
            Work::Step { .. } => panic!("a tool"),
        }
    };
    for (package, expected) in [
        (
            "vue-tsc",
            "node_modules/vue-tsc/bin/vue-tsc.js --project tsconfig.json ",
        ),
        (
            "svelte-check",
            "--import ./farm.readonly.mjs node_modules/svelte-check/bin/svelte-check --tsconfig tsconfig.json ",
        ),
        ("left-pad", "node_modules/typescript/bin/tsc --project tsconfig.json "),
    ] {
        assert!(program(package).starts_with(expected), "{}", program(package));
    }
}

/// The app, with Vitest among its packages.
fn tested() -> Folder {
    let mut manifest = manifest();
    manifest["devDependencies"]["vitest"] = json!("^4.0.0");
    folder_of(&manifest, &lock(&manifest)).file("vite.config.ts", "export default {}")
}

#[test]
fn tests_run_in_vitest_when_asked_for() {
    let actions = |folder: &Folder, options: Value| plan::<Vite>(folder, &options).expect("sound").actions;
    assert!(actions(&tested(), json!({})).iter().all(|action| action.id != "test"));
    let options = json!({ "test": "vitest", "env": { "TZ": "UTC" } });
    let settings_of = |folder: &Folder| {
        let actions = actions(folder, options.clone());
        let test = actions.into_iter().find(|action| action.id == "test").expect("a test");
        assert!(test.outputs.is_empty() && test.network.is_none());
        assert!(test.environment.contains(&("TZ".to_owned(), "UTC".to_owned())));
        let sources = test.inputs.iter().find_map(|input| match &input.source {
            farm_sdk::Source::Files(files) => Some(files.clone()),
            _ => None,
        });
        let excluded = sources.expect("the sources").exclude;
        assert!(!excluded.contains(&"**/*.{spec,test}.*".to_owned()), "{excluded:?}");
        let settings = test.inputs.into_iter().find(|input| input.at == "farm.vite.json");
        let Some(farm_sdk::Source::Content(content)) = settings.map(|input| input.source) else {
            panic!("the settings are a fixed file")
        };
        serde_json::from_slice::<Value>(&content).expect("JSON")
    };
    let define = json!({ "__BUILD_VERSION__": "1.2.3", "__ENVIRONMENT__": "production" });
    assert_eq!(
        settings_of(&tested()),
        json!({ "config": "vite.config.ts", "plugins": [], "base": null, "define": define }),
        "what only the bundle needs would run tests again for nothing"
    );
    let own = tested().file("vitest.config.mts", "export default {}");
    assert_eq!(settings_of(&own)["config"], "vitest.config.mts");
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
