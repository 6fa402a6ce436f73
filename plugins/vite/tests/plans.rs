//! The plans of the builder `vite`, whole.

mod app;

use app::{folder, folder_of, lock, manifest};
use farm_builder_vite::Vite;
use farm_sdk::Work;
use farm_sdk::testing::{Folder, check_options, plan, show};
use serde_json::{Value, json};

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
    let chunks = |options: Value| of("production", json!({ "chunks": options }))["chunks"].clone();
    assert_eq!(
        chunks(json!({ "vendor": ["react"] })),
        json!({ "vendor": ["react", "@m/scheduler", "loop"] }),
        "a package comes with what it needs"
    );
    assert_eq!(
        chunks(json!({ "a": ["react"], "b": ["@m/scheduler"] })),
        json!({ "a": ["react", "loop"], "b": ["@m/scheduler"] }),
        "what a chunk names is nowhere else, though only another package asks for it"
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
fn variables_that_settings_name_are_handed_on_where_packages_are_fetched() {
    let folder = folder().file(".npmrc", "//npm.example/:_authToken=${NPM_TOKEN}");
    let plan = plan::<Vite>(&folder, &json!({})).expect("sound");
    let having: Vec<_> = plan
        .actions
        .iter()
        .filter(|action| !action.secrets.is_empty())
        .collect();
    assert_eq!(having.len(), 1);
    assert_eq!(
        (having[0].id.as_str(), &having[0].secrets[..]),
        ("install", &["NPM_TOKEN".to_owned()][..])
    );
}
