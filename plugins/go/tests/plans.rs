//! The plans of the builder `go`, whole, and each mistake that it names.

use farm_builder_go::GoBuilder;
use farm_sdk::testing::{Folder, check_options, continue_plan, plan, show};
use farm_sdk::{Action, Plan, Problem, SeenFile, Source};
use serde_json::{Value, json};

const MODULE: &str = "module example.com/shop\n\ngo 1.24\n\nrequire github.com/a/b v1.2.3\n";
const SUM: &str = "github.com/a/b v1.2.3 h1:aa=\ngithub.com/a/b v1.2.3/go.mod h1:bb=\n";

/// A module without requirements.
fn small() -> Folder {
    Folder::new()
        .file("go.mod", "module example.com/shop\n\ngo 1.24\n")
        .tools(["go"])
}

/// A module that requires one.
fn module() -> Folder {
    small().file("go.mod", MODULE).file("go.sum", SUM)
}

/// What `go list` prints for a package of the module.
fn package(path: &str, name: &str, deps: &[&str], files: &Value) -> String {
    let folder = path.strip_prefix("example.com/shop").expect("a package of the module");
    let mut package = json!({
        "Dir": format!("/workspace/app{folder}"), "ImportPath": path, "Name": name, "DepOnly": name != "main",
        "Module": { "Path": "example.com/shop", "Main": true, "Dir": "/workspace/app" }, "Deps": deps,
    });
    let files = files.as_object().expect("files").clone();
    package.as_object_mut().expect("an object").extend(files);
    format!("{package:#}\n")
}

/// Two programs that share a package, one of which needs a fetched one.
fn listed() -> String {
    let standard = json!({ "Dir": "/usr/lib/go/src/fmt", "ImportPath": "fmt", "Name": "fmt", "Standard": true,
                           "DepOnly": true, "GoFiles": ["print.go"] });
    let fetched = json!({ "Dir": "/workspace/app/.gomodcache/github.com/a/b@v1.2.3", "ImportPath": "github.com/a/b",
                          "Name": "b", "DepOnly": true, "Module": { "Path": "github.com/a/b", "Version": "v1.2.3" },
                          "GoFiles": ["b.go"] });
    [
        standard.to_string(),
        fetched.to_string(),
        package(
            "example.com/shop/internal/web",
            "web",
            &["fmt"],
            &json!({
                "GoFiles": ["web.go"], "EmbedFiles": ["pages/[id].html"], "SFiles": ["fast.s"],
            }),
        ),
        package(
            "example.com/shop/cmd/api",
            "main",
            &["example.com/shop/internal/web", "fmt", "github.com/a/b"],
            &json!({
                "GoFiles": ["main.go", "routes.go"],
            }),
        ),
        package(
            "example.com/shop/cmd/job",
            "main",
            &["fmt"],
            &json!({ "GoFiles": ["main.go"] }),
        ),
    ]
    .concat()
}

/// The second round, where each `go list` printed the same.
fn second(folder: &Folder, options: &Value, printed: &str) -> Result<Plan, Problem> {
    let first = plan::<GoBuilder>(folder, options)?;
    let needs = first.next.as_ref().expect("it goes on").needs.clone();
    let seen: Vec<SeenFile> = needs
        .into_iter()
        .map(|output| SeenFile {
            output,
            path: String::new(),
            content: printed.as_bytes().to_vec(),
        })
        .collect();
    continue_plan::<GoBuilder>(folder, options, &first, &seen)
}

fn action(plan: &Plan, id: &str) -> Action {
    let found = plan.actions.iter().find(|action| action.id == id);
    found.unwrap_or_else(|| panic!("no {id}: {:?}", ids(plan))).clone()
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.actions.iter().map(|action| action.id.as_str()).collect()
}

/// All patterns of an action's files.
fn patterns(action: &Action) -> Vec<String> {
    let files = action.inputs.iter().filter_map(|input| match &input.source {
        Source::Files(files) => Some(&files.include),
        _ => None,
    });
    files.flatten().cloned().collect()
}

fn shown(answer: Result<Plan, Problem>) -> String {
    let Problem {
        message,
        file,
        line,
        hint,
    } = answer.expect_err("a mistake");
    let at = line.map_or(String::new(), |line| format!(":{line}"));
    let hint = hint.expect("every problem has a hint");
    format!("{message}\nin: {}{at}\nhint: {hint}", file.unwrap_or("-".to_owned()))
}

fn problem(folder: &Folder, options: &Value) -> String {
    shown(plan::<GoBuilder>(folder, options))
}

#[test]
fn schema_and_type_agree() {
    check_options::<GoBuilder>(&json!({}));
}

#[test]
fn a_module_with_requirements() {
    let folder = module();
    insta::assert_snapshot!("first_round", show(&plan::<GoBuilder>(&folder, &json!({}))));
    insta::assert_snapshot!("second_round", show(&second(&folder, &json!({}), &listed())));
}

#[test]
fn every_option() {
    let folder = module().tools(["gcc", "g++"]).mode("development");
    let options = json!({
        "packages": ["./cmd/...", "."], "exclude": ["docs/"], "tags": ["netgo", "extra"], "env": { "GOEXPERIMENT": "x" },
        "ldflags": "-v", "variables": { "main.channel": "beta two" }, "version": "1.4.0", "strip": true,
        "test": true, "test-flags": ["-short"], "race": true, "vet": false,
        "platforms": ["linux/arm/v7", "windows/amd64"],
    });
    insta::assert_snapshot!("options_first_round", show(&plan::<GoBuilder>(&folder, &options)));
    insta::assert_snapshot!("options_second_round", show(&second(&folder, &options, &listed())));
}

#[test]
fn without_requirements_nothing_is_fetched() {
    let plan = plan::<GoBuilder>(&small(), &json!({})).expect("sound");
    assert_eq!(ids(&plan), ["list", "vet", "compile-tests", "test"]);
    assert_eq!(action(&plan, "list").path_variables, []);
}

#[test]
fn nothing_is_fetched_for_what_is_vendored() {
    let folder = module()
        .file("vendor/modules.txt", "# github.com/a/b v1.2.3\n")
        .without("go.sum");
    let first = plan::<GoBuilder>(&folder, &json!({})).expect("sound");
    assert_eq!(ids(&first), ["list", "vet", "compile-tests", "test"]);
    let list = action(&first, "list");
    assert!(show(&Ok(first)).contains("-mod=vendor"), "{list:?}");
    let vendored = json!({ "Dir": "/workspace/app/vendor/github.com/a/b", "ImportPath": "github.com/a/b", "Name": "b",
                           "DepOnly": true, "Module": { "Path": "github.com/a/b" }, "GoFiles": ["b.go"] });
    let main = package(
        "example.com/shop",
        "main",
        &["github.com/a/b"],
        &json!({ "GoFiles": ["main.go"] }),
    );
    let build = action(
        &second(&folder, &json!({}), &(vendored.to_string() + &main)).expect("sound"),
        "build-shop",
    );
    assert_eq!(
        patterns(&build),
        ["go.mod", "vendor/modules.txt", "main.go", "vendor/github.com/a/b/b.go"]
    );
}

#[test]
fn tests_run_in_every_mode_but_development() {
    let of = |mode: &str, options: &Value| {
        let plan = plan::<GoBuilder>(&small().mode(mode), options).expect("sound");
        plan.actions.iter().any(|action| action.id == "test")
    };
    assert!(of("production", &json!({})) && of("staging", &json!({})) && of("development", &json!({ "test": true })));
    assert!(!of("development", &json!({})) && !of("production", &json!({ "test": false })));
}

#[test]
fn a_workspace_of_modules() {
    let folder = Folder::new()
        .tools(["go"])
        .file(
            "go.work",
            "go 1.24\n\nuse (\n\t./svc\n\t./lib\n\t../shared\n)\nreplace example.com/old => ../old\n",
        )
        .file(
            "svc/go.mod",
            "module example.com/shop/svc\nrequire (\n\texample.com/shop/lib v0.0.0\n\ta.com/x v1.0.0\n)\n",
        )
        .file("svc/go.sum", "a.com/x v1.0.0/go.mod h1:aa=\n")
        .file("lib/go.mod", "module example.com/shop/lib\n");
    let first = plan::<GoBuilder>(&folder, &json!({})).expect("sound");
    insta::assert_snapshot!("workspace", show(&Ok(first)));
    let main = json!({
        "Dir": "/tmp/x/tree/app/svc", "ImportPath": "example.com/shop/svc", "Name": "main", "GoFiles": ["main.go"],
        "Module": { "Path": "example.com/shop/svc", "Dir": "/tmp/x/tree/app/svc" },
        "Deps": ["example.com/shared/log"],
    });
    let shared = json!({
        "Dir": "/tmp/x/tree/shared/log", "ImportPath": "example.com/shared/log", "Name": "log", "DepOnly": true,
        "Module": { "Path": "example.com/shared", "Dir": "/tmp/x/tree/shared" }, "GoFiles": ["log.go"],
    });
    let build = action(
        &second(&folder, &json!({}), &format!("{shared}{main}")).expect("sound"),
        "build-svc",
    );
    let expected = [
        "go.work",
        "svc/go.mod",
        "lib/go.mod",
        "old/go.{mod,sum}",
        "shared/go.{mod,sum}",
        "svc/main.go",
        "svc/go.sum",
        "shared/log/log.go",
    ];
    assert_eq!(patterns(&build), expected);
    assert_eq!(build.environment.iter().find(|(name, _)| name == "GOWORK"), None);
}

#[test]
fn a_folder_that_takes_a_modules_place_is_read_where_it_lies() {
    let folder = small().file(
        "go.mod",
        "module example.com/shop\nrequire x.com/y v0.0.0\nreplace x.com/y => ../y\n",
    );
    let plan = plan::<GoBuilder>(&folder, &json!({})).expect("sound");
    assert_eq!(ids(&plan), ["list", "vet", "compile-tests", "test"]);
    assert_eq!(patterns(&action(&plan, "list")), ["**", "y/**"]);
}

#[test]
fn a_profile_is_part_of_its_program() {
    let folder = module().file("cmd/api/default.pgo", "profile");
    let plan = second(&folder, &json!({}), &listed()).expect("sound");
    let has = |id: &str| patterns(&action(&plan, id)).contains(&"cmd/api/default.pgo".to_owned());
    assert_eq!((has("build-api"), has("build-job")), (true, false));
}

#[test]
fn with_c_all_files_are_read() {
    let folder = small().tools(["clang"]);
    let main = package("example.com/shop/v2", "main", &[], &json!({ "CgoFiles": ["main.go"] }));
    let plan = second(&folder, &json!({ "cgo": true }), &main).expect("sound");
    let build = action(&plan, "build-shop");
    assert_eq!(patterns(&build), ["**"]);
    assert_eq!(build.tools, ["clang"]);
    assert!(build.environment.contains(&("CGO_ENABLED".to_owned(), "1".to_owned())));
}

#[test]
fn a_library_is_checked_and_told() {
    let library = package("example.com/shop", "shop", &[], &json!({ "GoFiles": ["shop.go"] }));
    let folder = small();
    let plan = second(&folder, &json!({}), &library).expect("sound");
    assert_eq!((plan.actions, plan.artifacts), (vec![], vec![]));
    let logs = folder.logs();
    assert_eq!(
        logs[0].message,
        "no package is a program (`package main`), so nothing is built"
    );
}

#[test]
fn without_a_tool() {
    insta::assert_snapshot!(problem(&Folder::new(), &json!({})), @r"
    the tool `go` is not on the PATH
    in: -
    hint: install Go 1.21 or later, and put its `bin` folder on the PATH
    ");
    insta::assert_snapshot!(problem(&small(), &json!({ "cgo": true })), @r"
    option `cgo` needs a C compiler, and neither `gcc` nor `clang` is on the PATH
    in: -
    hint: install one of them, or leave `cgo` out
    ");
}

#[test]
fn without_a_compiler_for_the_race_detector_the_tests_alone_fail() {
    let folder = small();
    let plan = plan::<GoBuilder>(&folder, &json!({ "race": true })).expect("sound");
    assert_eq!(ids(&plan), ["list", "vet", "compile-tests", "test"]);
    let needs = |id: &str| action(&plan, id).tools.contains(&"gcc".to_owned());
    assert_eq!((needs("vet"), needs("compile-tests")), (false, true));
    insta::assert_snapshot!(folder.logs()[0].message, @r"
    option `race` needs a C compiler, and neither `gcc` nor `clang` is on the PATH: no test runs, and everything else is built; install one of them, or leave `race` out
    ");
    let folder = small();
    plan_without_tests(&folder);
    assert_eq!(folder.logs(), []);
}

/// Nothing is said of the race detector where no test runs.
fn plan_without_tests(folder: &Folder) {
    let plan = plan::<GoBuilder>(folder, &json!({ "race": true, "test": false })).expect("sound");
    assert_eq!(ids(&plan), ["list", "vet"]);
}

#[test]
fn what_runs_tests_has_no_cache_and_what_compiles_them_has() {
    let caches = |options: Value| {
        let folder = small().tools(["gcc"]);
        let plan = plan::<GoBuilder>(&folder, &options).expect("sound");
        ["vet", "compile-tests", "test"].map(|id| action(&plan, id).caches.len())
    };
    assert_eq!(caches(json!({})), [1, 1, 0]);
    assert_eq!(
        caches(json!({ "env": { "DATABASE_URL": "x", "CGO_CFLAGS": "-O3" } })),
        [1, 1, 0]
    );
    // A variable or a flag could name a plugin of the compiler, which would be code beside the cache.
    assert_eq!(
        caches(json!({ "cgo": true, "env": { "CGO_CFLAGS": "-O3" } })),
        [0, 0, 0]
    );
    assert_eq!(
        caches(json!({ "cgo": true, "env": { "DATABASE_URL": "x" } })),
        [1, 1, 0]
    );
    assert_eq!(
        caches(json!({ "race": true, "env": { "CGO_LDFLAGS": "-lm" } })),
        [1, 0, 0]
    );
    assert_eq!(caches(json!({ "test-flags": ["-gcflags=all=-l"] })), [1, 0, 0]);
    let build = |ldflags: &str| {
        let plan = second(&module(), &json!({ "ldflags": ldflags }), &listed()).expect("sound");
        action(&plan, "build-api").caches.len()
    };
    assert_eq!((build("-v"), build("-extld=./link")), (1, 0));
}

#[test]
fn variables_that_go_does_not_read_are_for_tests_alone() {
    let options = json!({ "env": { "DATABASE_URL": "x", "GOEXPERIMENT": "y" } });
    let plan = plan::<GoBuilder>(&small(), &options).expect("sound");
    let has = |id: &str, name: &str| action(&plan, id).environment.iter().any(|(set, _)| set == name);
    let both = |id: &str| (has(id, "DATABASE_URL"), has(id, "GOEXPERIMENT"));
    assert_eq!(
        (both("vet"), both("compile-tests"), both("test")),
        ((false, true), (false, true), (true, true))
    );
}

#[test]
fn without_a_module() {
    let empty = || Folder::new().tools(["go"]);
    insta::assert_snapshot!(problem(&empty(), &json!({})), @r"
    there is neither `go.mod` nor `go.work`
    in: go.mod
    hint: set `root` to the folder of a module, or run `go mod init` there
    ");
    insta::assert_snapshot!(problem(&empty().file("go.work", "use ./svc\n"), &json!({})), @r"
    `go.work` uses `./svc`, and there is no `svc/go.mod`
    in: go.work:1
    hint: correct the folder, or run `go work use -r .`
    ");
    insta::assert_snapshot!(problem(&empty().file("go.work", "use ../svc\n"), &json!({})), @r"
    `go.work` uses no module below the target's folder
    in: go.work
    hint: run `go work use` there, or set `root` to the folder of a module
    ");
    insta::assert_snapshot!(problem(&empty().file("go.work", "go 1.24\nuse ../../svc\n"), &json!({})), @r"
    `../../svc` leads out of farm's workspace
    in: go.work:2
    hint: keep modules that are built together below the folder of the root `farm.toml`
    ");
    let away = small().file("go.mod", "module x\n\nreplace a.com/b => /srv/b\n");
    insta::assert_snapshot!(problem(&away, &json!({})), @r"
    `/srv/b` leads out of farm's workspace
    in: go.mod:3
    hint: keep modules that are built together below the folder of the root `farm.toml`
    ");
}

#[test]
fn with_a_lock_file_that_does_not_fix_everything() {
    insta::assert_snapshot!(problem(&module().without("go.sum"), &json!({})), @r"
    `go.sum` does not fix `github.com/a/b v1.2.3`, which is required
    in: go.mod:5
    hint: run `go mod tidy` and commit `go.sum`
    ");
    insta::assert_snapshot!(problem(&module().file("go.sum", "github.com/a/b v1.2.2/go.mod h1:aa=\n"), &json!({})), @r"
    `go.sum` does not fix `github.com/a/b v1.2.3`, which is required
    in: go.mod:5
    hint: run `go mod tidy` and commit `go.sum`
    ");
}

#[test]
fn mistakes_in_options() {
    insta::assert_snapshot!(problem(&small(), &json!({ "packages": ["./cmd/servr"] })), @r"
    option `packages` names `./cmd/servr`, and there is no such folder
    in: -
    hint: name folders of packages as for `go build`: `./cmd/server`, or `./cmd/...` for all below
    ");
    insta::assert_snapshot!(problem(&small(), &json!({ "packages": ["./../other/..."] })), @r"
    `./../other/...` leaves the target's folder
    in: -
    hint: `packages` and `exclude` take patterns below the target's `root`
    ");
    insta::assert_snapshot!(problem(&small(), &json!({ "platforms": ["linux-amd64"] })), @r"
    option `platforms` names `linux-amd64`, which is no platform of go's
    in: -
    hint: write `os/architecture` as `go tool dist list` does, or with a variant: `linux/arm/v7`, `linux/amd64/v3`
    ");
    insta::assert_snapshot!(problem(&small(), &json!({ "env": { "GOPROXY": "direct" } })), @r"
    option `env` sets `GOPROXY`, which the builder sets itself
    in: -
    hint: leave it out; `platforms`, `tags` and `cgo` are options of their own
    ");
    insta::assert_snapshot!(problem(&small(), &json!({ "test-flags": ["-short", "-coverprofile=c.out"] })), @r"
    option `test-flags` has `-coverprofile`, for which there is no place
    in: -
    hint: leave it out: tests are compiled and run apart, and what they write is not kept
    ");
    insta::assert_snapshot!(problem(&small(), &json!({ "cgo": true, "platforms": ["linux/arm64"] })), @r"
    options `cgo` and `platforms` are both set
    in: -
    hint: a C compiler builds for the machine that it runs on: leave one of them out
    ");
    insta::assert_snapshot!(problem(&small(), &json!({ "version": "'\"" })), @r"
    the value of the variable `main.version` holds both kinds of quotes
    in: -
    hint: go's `-ldflags` cannot carry it; embed a file with `//go:embed` instead
    ");
}

#[test]
fn programs_that_cannot_be_told_apart() {
    insta::assert_snapshot!(shown(second(&module(), &json!({ "name": "server" }), &listed())), @r"
    option `name` names one program `server`, and there are more: `example.com/shop/cmd/api` and `example.com/shop/cmd/job`
    in: -
    hint: say which one in the option `packages`, or leave `name` out
    ");
    let twice = package("example.com/shop/api", "main", &[], &json!({ "GoFiles": ["main.go"] })) + &listed();
    insta::assert_snapshot!(shown(second(&module(), &json!({}), &twice)), @r"
    `example.com/shop/api` and `example.com/shop/cmd/api` are both named `api`
    in: -
    hint: say which one in the option `packages`; a second target can build the other
    ");
}

#[test]
fn a_name_has_to_fit_into_an_id() {
    let named = |length: usize| {
        let path = format!("example.com/shop/{}", "n".repeat(length));
        package(&path, "main", &[], &json!({ "GoFiles": ["main.go"] }))
    };
    let both = json!({ "platforms": ["linux/amd64", "linux/arm64"] });
    second(&module(), &json!({}), &named(56)).expect("as long as it may be");
    second(&module(), &both, &named(44)).expect("as long as it may be with a platform");
    insta::assert_snapshot!(shown(second(&module(), &json!({}), &named(57))), @r"
    `nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn`, the name of `example.com/shop/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn`, cannot be that of an artifact
    in: -
    hint: set the option `name`: at most 56 letters, digits, `-`, `_` and `.`
    ");
    insta::assert_snapshot!(shown(second(&module(), &both, &(named(45) + &listed()))), @r"
    `nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn`, the name of `example.com/shop/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn`, cannot be that of an artifact
    in: -
    hint: leave it out of the option `packages`, and build it by a target of its own, with another `name`: at most 44 letters, digits, `-`, `_` and `.`
    ");
}
