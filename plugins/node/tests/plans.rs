//! The plans of the builder `node`, whole, and each mistake that it names.

use farm_builder_node::Node;
use farm_sdk::testing::{Folder, check_options, plan, show};
use farm_sdk::{Action, Plan, Problem, Source, Work};
use serde_json::{Value, json};

/// A library and a service in one npm workspace, below the folder `web`.
fn workspace(root: &str) -> Folder {
    let top = json!({ "private": true, "workspaces": ["packages/*"], "devDependencies": { "typescript": "~5.9.3" } });
    let brew = json!({ "name": "@kettle/brew", "version": "1.2.0", "files": ["dist"], "exports": "./dist/index.js" });
    let kiosk = json!({
        "name": "@kettle/kiosk", "version": "0.3.0", "private": true, "main": "dist/main.js",
        "dependencies": { "@kettle/brew": "1.2.0", "escape-html": "^1.0.3" },
    });
    let lock = json!({
        "lockfileVersion": 3,
        "packages": {
            "": top,
            "node_modules/typescript": { "version": "5.9.3", "dev": true },
            "node_modules/escape-html": { "version": "1.0.3" },
            "node_modules/@kettle/brew": { "resolved": "packages/brew", "link": true },
            "node_modules/@kettle/kiosk": { "resolved": "packages/kiosk", "link": true },
            "packages/brew": brew,
            "packages/brew/node_modules/ms": { "version": "2.0.0" },
            "packages/kiosk": kiosk,
        },
    });
    Folder::new()
        .root(root)
        .file("web/package.json", top.to_string())
        .file("web/package-lock.json", lock.to_string())
        .file("web/tsconfig.base.json", r#"{ "compilerOptions": { "strict": true } }"#)
        .file("web/packages/brew/package.json", brew.to_string())
        .file("web/packages/brew/tsconfig.json", CONFIG)
        .file("web/packages/brew/src/index.ts", "")
        .file("web/packages/kiosk/package.json", kiosk.to_string())
        .file("web/packages/kiosk/tsconfig.json", CONFIG)
        .file("web/packages/kiosk/src/main.ts", "")
        .tools(["node", "npm"])
}

const CONFIG: &str =
    r#"{ "extends": "../../tsconfig.base.json", "compilerOptions": { "rootDir": "src", "outDir": "dist" } }"#;

/// One package by itself at the workspace's root, in JavaScript.
fn single(manifest: &Value) -> Folder {
    let lock = json!({ "lockfileVersion": 3, "packages": { "": manifest, "node_modules/ms": { "version": "2.1.3" } } });
    Folder::new()
        .root("")
        .file("package.json", manifest.to_string())
        .file("package-lock.json", lock.to_string())
        .file("index.js", "")
        .tools(["node", "npm"])
}

fn small() -> Value {
    json!({ "name": "small", "version": "1.0.0", "dependencies": { "ms": "^2.1.0" } })
}

/// The plan as text, without farm's own scripts.
fn planned(folder: &Folder, options: &Value) -> String {
    let mut text = show(&plan::<Node>(folder, options));
    for (name, script) in [
        ("install", include_str!("../src/scripts/install.mjs")),
        ("package", include_str!("../src/scripts/package.mjs")),
        ("production", include_str!("../src/scripts/production.mjs")),
        ("show", include_str!("../src/scripts/show.mjs")),
        ("swc", include_str!("../src/scripts/swc.mjs")),
        ("tsc", include_str!("../src/scripts/tsc.mjs")),
    ] {
        let script = serde_json::to_string(script).expect("a string");
        text = text.replace(&script, &format!("\"({name}.mjs)\""));
    }
    text
}

fn sound(folder: &Folder, options: &Value) -> Plan {
    plan::<Node>(folder, options).expect("sound")
}

fn action<'a>(plan: &'a Plan, id: &str) -> &'a Action {
    let found = plan.actions.iter().find(|action| action.id == id);
    found.unwrap_or_else(|| panic!("no `{id}` among {:?}", ids(plan)))
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.actions.iter().map(|action| action.id.as_str()).collect()
}

fn arguments(action: &Action) -> Vec<&str> {
    let Work::Tool { arguments, .. } = &action.work else {
        panic!("`{}` is a step", action.id)
    };
    arguments.iter().map(String::as_str).collect()
}

fn problem(folder: &Folder, options: &Value) -> String {
    let Problem {
        message, file, hint, ..
    } = plan::<Node>(folder, options).expect_err("a mistake");
    format!(
        "{message}\nin: {}\nhint: {}",
        file.unwrap_or("-".to_owned()),
        hint.expect("every problem has a hint")
    )
}

#[test]
fn schema_and_type_agree() {
    check_options::<Node>(&json!({}));
}

#[test]
fn a_library_of_a_workspace() {
    insta::assert_snapshot!("library", planned(&workspace("web/packages/brew"), &json!({})));
}

#[test]
fn a_service_that_uses_it() {
    let folder = workspace("web/packages/kiosk")
        .dependency("brew", "kettle-brew", "node-package")
        .dependency("brew", "workspace", "node-workspace");
    insta::assert_snapshot!("service", planned(&folder, &json!({ "test": "node" })));
}

#[test]
fn plain_javascript_is_copied() {
    insta::assert_snapshot!("javascript", planned(&single(&small()), &json!({})));
}

#[test]
fn a_package_without_packages_installs_nothing() {
    let folder = single(&json!({ "name": "alone" })).without("package-lock.json");
    assert_eq!(ids(&sound(&folder, &json!({}))), ["package"]);
}

#[test]
fn installing_is_the_same_for_all_packages_of_a_workspace() {
    let kiosk = workspace("web/packages/kiosk").dependency("brew", "kettle-brew", "node-package");
    let install = action(&sound(&kiosk, &json!({})), "install").clone();
    assert_eq!(arguments(&install)[3..], ["packages/brew"]);
    let brew = sound(&workspace("web/packages/brew"), &json!({}));
    assert_eq!(*action(&brew, "install"), install);
    let place = |input: &farm_sdk::Input| input.at.clone();
    let compile = action(&sound(&kiosk, &json!({})), "compile").clone();
    let nested = "web/packages/kiosk/node_modules/@kettle/brew/node_modules".to_owned();
    assert!(compile.inputs.iter().map(place).any(|at| at == nested));
}

#[test]
fn pnpm_installs_once_for_all_packages_and_what_they_share_is_shown() {
    let lock = "lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n\n  packages/brew: {}\n\n  packages/kiosk: {}\n";
    let at = |root: &str| {
        let folder = workspace(root).without("web/package-lock.json").tools(["node", "pnpm"]);
        folder.file("web/pnpm-lock.yaml", lock)
    };
    let brew = sound(&at("web/packages/brew"), &json!({}));
    let kiosk = at("web/packages/kiosk").dependency("brew", "kettle-brew", "node-package");
    let kiosk = sound(&kiosk, &json!({}));
    assert_eq!(action(&brew, "install"), action(&kiosk, "install"));
    assert_eq!(
        arguments(action(&kiosk, "install"))[3..],
        ["packages/brew", "packages/kiosk"]
    );
    assert!(!ids(&brew).contains(&"show"), "it needs no package of the workspace");
    let show = arguments(action(&kiosk, "show"));
    assert_eq!(show[1..], ["../..", "farm-node/shown", "@kettle/brew", "packages/brew"]);
    let shown = Source::Output(action(&kiosk, "show").out("shown-0"));
    let inputs = &action(&kiosk, "compile").inputs;
    let there = inputs.iter().find(|input| input.source == shown);
    let place = "web/packages/kiosk/node_modules/@kettle/brew/node_modules";
    assert_eq!(there.map(|input| input.at.as_str()), Some(place));
}

#[test]
fn variables_that_settings_name_are_handed_on_where_packages_are_fetched() {
    let folder = single(&small()).file(".npmrc", "//npm.example/:_authToken=${NPM_TOKEN}\ncache=${HOME}/x\n");
    let plan = sound(&folder, &json!({}));
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

#[test]
fn settings_and_lock_files_are_published_by_no_pattern() {
    for options in [json!({}), json!({ "files": ["*", ".npmrc", ".yarnrc.yml"] })] {
        let plan = sound(&single(&small()), &options);
        for input in &action(&plan, "package").inputs {
            if let Source::Files(files) = &input.source
                && !files.include.iter().any(|pattern| pattern.contains("LICEN"))
            {
                for never in ["**/.npmrc", "**/.yarnrc.yml", "package-lock.json"] {
                    assert!(
                        files.exclude.iter().any(|pattern| pattern == never),
                        "{never}: {files:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_writes_files_has_no_state_to_be_out_of_date() {
    let plan = sound(&workspace("web/packages/brew"), &json!({}));
    let (check, compile) = (action(&plan, "check"), action(&plan, "compile"));
    assert_eq!(check.caches, [("tsc".to_owned(), "FARM_CHECKED".to_owned())]);
    assert!(check.outputs.is_empty() && compile.caches.is_empty());
    let config = compile
        .inputs
        .iter()
        .find(|input| input.at.ends_with("tsconfig.farm-node.json"));
    let Source::Content(config) = &config.expect("farm's own configuration").source else {
        panic!("it is a fixed file")
    };
    let config: Value = serde_json::from_slice(config).expect("JSON");
    assert_eq!(config["compilerOptions"]["incremental"], false);
    assert_eq!(config["compilerOptions"]["tsBuildInfoFile"], Value::Null);
}

#[test]
fn a_composite_project_keeps_its_layout() {
    let folder = workspace("web/packages/brew").file(
        "web/packages/brew/tsconfig.json",
        r#"{ "compilerOptions": { "composite": true, "outDir": "dist" } }"#,
    );
    assert!(planned(&folder, &json!({})).contains(r#"\"rootDir\": \"./.\""#));
}

#[test]
fn swc_compiles_and_typescript_declares() {
    let manifest = json!({ "name": "quick", "devDependencies": { "@swc/core": "^1.0.0", "typescript": "~5.9.3" } });
    let folder = single(&manifest).file("tsconfig.json", r#"{ "compilerOptions": { "outDir": "lib" } }"#);
    let plan = sound(&folder, &json!({ "compiler": "swc" }));
    assert_eq!(
        ids(&plan),
        [
            "install",
            "check",
            "compile",
            "declare",
            "package",
            "production",
            "components"
        ]
    );
    assert_eq!(arguments(action(&plan, "compile")), ["farm-node/swc.mjs", "src", "lib"]);
    let unchecked = sound(&folder, &json!({ "compiler": "swc", "typecheck": false }));
    assert!(!ids(&unchecked).contains(&"check"));
}

#[test]
fn tests_in_typescript_are_compiled_first() {
    let folder = workspace("web/packages/brew").file("web/packages/brew/src/index.test.ts", "");
    let plan = sound(&folder, &json!({ "test": "node" }));
    assert!(ids(&plan).contains(&"compile-tests"));
    assert_eq!(arguments(action(&plan, "test")), ["--test", "dist/index.test.js"]);
    let outside = folder.file("web/packages/brew/test/more.test.ts", "");
    insta::assert_snapshot!(problem(&outside, &json!({ "test": "node" })), @r#"
    the test `test/more.test.ts` lies outside of the compiler's `rootDir`, or there is none
    in: web/packages/brew/test/more.test.ts
    hint: set `rootDir` to a folder that holds sources and tests, or `test = "script"`
    "#);
}

#[test]
fn a_script_tests() {
    let mut manifest = small();
    insta::assert_snapshot!(problem(&single(&manifest), &json!({ "test": "script" })), @r#"
    option `test` asks for the script `test`, which `package.json` does not have
    in: package.json
    hint: add it to `scripts`, or set `test = "node"`
    "#);
    manifest["scripts"] = json!({ "test": "vitest run" });
    let plan = sound(&single(&manifest), &json!({ "test": "script" }));
    assert_eq!(arguments(action(&plan, "test")), ["run", "--silent", "test"]);
}

#[test]
fn the_lock_file_says_which_manager_installs() {
    let folder = single(&small()).without("package-lock.json");
    let pnpm = "importers:\n\n  .:\n    dependencies:\n      ms:\n        version: 2.1.3\n";
    for (lock, text, word) in [
        ("pnpm-lock.yaml", pnpm, "pnpm"),
        ("yarn.lock", "# yarn lockfile v1\n", "yarn"),
        ("yarn.lock", "__metadata:\n  version: 8\n", "yarn-berry"),
    ] {
        let folder = single(&small())
            .without("package-lock.json")
            .file(lock, text)
            .tools(["pnpm", "yarn"]);
        let plan = sound(&folder, &json!({}));
        let install = action(&plan, "install");
        assert_eq!(arguments(install)[1], word);
        assert_eq!(
            install.network.as_ref().map(|fetch| &fetch.pinned_by[..]),
            Some(&[lock.to_owned()][..])
        );
    }
    insta::assert_snapshot!(problem(&folder.file("yarn.lock", ""), &json!({})), @"
    `yarn.lock` needs the tool `yarn`, which is not on the PATH
    in: -
    hint: install it (`npm install --global yarn`), or let corepack do so (`corepack enable yarn`)
    ");
}

#[test]
fn packages_of_a_yarn_workspace_are_found_by_its_patterns() {
    let top = json!({ "private": true, "workspaces": { "packages": ["./packages/*", "!packages/old"] } });
    let folder = Folder::new()
        .root("packages/a")
        .file("package.json", top.to_string())
        .file("yarn.lock", "# yarn lockfile v1\n")
        .file(
            "packages/a/package.json",
            r#"{ "name": "a", "dependencies": { "b": "1.0.0" } }"#,
        )
        .file("packages/b/package.json", r#"{ "name": "b", "version": "1.0.0" }"#)
        .file("packages/old/package.json", r#"{ "name": "old" }"#)
        .tools(["node", "yarn"]);
    insta::assert_snapshot!(problem(&folder, &json!({})), @r#"
    `b` is a package of this workspace, and none of the `deps` builds it
    in: packages/a/package.json
    hint: name in `deps` the target with `builder = "node"` and the folder `packages/b` as its root
    "#);
    let plan = sound(&folder.dependency("b", "b", "node-package"), &json!({}));
    assert!(show(&Ok(plan)).contains("packages/b/package.json"));
}

#[test]
fn two_lock_files_or_the_wrong_one() {
    let both = single(&small()).file("yarn.lock", "");
    insta::assert_snapshot!(problem(&both, &json!({})), @"
    there are two lock files, `package-lock.json` and `yarn.lock`
    in: yarn.lock
    hint: remove the one that is not kept up, or name the package manager in `packageManager`
    ");
    let mut manifest = small();
    manifest["packageManager"] = json!("pnpm@10.0.0");
    insta::assert_snapshot!(problem(&single(&manifest), &json!({})), @"
    `packageManager` names pnpm, and the lock file is `package-lock.json`
    in: package.json
    hint: correct it, or run `pnpm install`
    ");
}

#[test]
fn without_a_manifest_or_a_lock_file() {
    insta::assert_snapshot!(problem(&Folder::new().root("web").tools(["node"]), &json!({})), @"
    there is no `package.json`
    in: web/package.json
    hint: point the target's `root` to the folder of the package, or run `npm init` there
    ");
    insta::assert_snapshot!(problem(&single(&small()).without("package-lock.json"), &json!({})), @"
    there is no lock file, which fixes what is installed, neither there nor above
    in: package.json
    hint: run `npm install --package-lock-only` and commit `package-lock.json`; the lock file of a workspace has to lie below the folder of farm.toml
    ");
}

#[test]
fn a_folder_that_is_no_package_of_the_workspace_above() {
    let folder = workspace("web/tools").file("web/tools/package.json", r#"{ "name": "tools" }"#);
    insta::assert_snapshot!(problem(&folder, &json!({})), @"
    `web/tools` has no lock file, and is no package of the workspace above it
    in: web/package-lock.json
    hint: name the folder in the workspaces of `web/package.json` and run `npm install`, or give the package a lock file of its own
    ");
}

#[test]
fn a_lock_file_that_does_not_fit() {
    let folder = workspace("web/packages/brew").file(
        "web/packages/brew/package.json",
        r#"{ "name": "@kettle/brew", "dependencies": { "ms": "2" } }"#,
    );
    insta::assert_snapshot!(problem(&folder, &json!({})), @"
    `package-lock.json` does not fit `web/packages/brew/package.json`: `ms` differs
    in: web/package-lock.json
    hint: run `npm install --package-lock-only`
    ");
}

#[test]
fn without_a_compiler_or_its_configuration() {
    insta::assert_snapshot!(problem(&single(&small()), &json!({ "compiler": "swc" })), @"
    `@swc/core` compiles the package, and is not among its devDependencies
    in: package.json
    hint: run `npm install -D @swc/core`
    ");
    let manifest = json!({ "name": "typed", "devDependencies": { "typescript": "~5.9.3" } });
    insta::assert_snapshot!(problem(&single(&manifest), &json!({ "compiler": "tsc" })), @"
    there is no `tsconfig.json`
    in: tsconfig.json
    hint: create it with `npx tsc --init`, or name another with the option `tsconfig`
    ");
    let solution = single(&manifest).file("tsconfig.json", r#"{ "files": [], "references": [{ "path": "a" }] }"#);
    insta::assert_snapshot!(problem(&solution, &json!({})), @"
    `tsconfig.json` only refers to other projects
    in: tsconfig.json
    hint: name the one to compile with the option `tsconfig`
    ");
}

#[test]
fn paths_of_options_stay_in_the_package() {
    let folder = workspace("web/packages/brew");
    insta::assert_snapshot!(problem(&folder, &json!({ "out-dir": "../dist" })), @"
    option `out-dir` is no path below the target's folder: `../dist`
    in: -
    hint: name one below the target's `root`, such as `dist`
    ");
    let outside = folder.file(
        "web/packages/brew/tsconfig.json",
        r#"{ "compilerOptions": { "outDir": "../out" } }"#,
    );
    insta::assert_snapshot!(problem(&outside, &json!({})), @"
    `outDir` of the TypeScript configuration is `web/packages/out`, outside of the package
    in: web/packages/brew/tsconfig.json
    hint: set `outDir` in the package's own tsconfig.json
    ");
}

#[test]
fn without_node() {
    insta::assert_snapshot!(problem(&Folder::new().file("app/package.json", "{}"), &json!({})), @"
    the tool `node` is not on the PATH
    in: -
    hint: install Node.js 20 or later, which brings `node` and `npm`
    ");
}
