//! Plans of the builder, natively: what is asked for a product, and what is said of mistakes.

use std::collections::BTreeSet;

use farm_builder_docker::Docker;
use farm_sdk::testing::{Folder, check_options, plan, show};
use farm_sdk::{Action, Plan, Problem, Work};
use serde_json::{Value, json};

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A target that depends on a front end and a back end, on a machine without tools.
fn bare() -> Folder {
    Folder::new()
        .dependency("backend", "app", "python-app")
        .dependency("backend", "site-packages", "python-packages")
        .dependency("backend", "openapi", "openapi-schema")
        .dependency("frontend", "analysis", "bundle-analysis")
        .dependency("frontend", "bundle", "web-bundle")
        .dependency("frontend", "node_modules", "node-modules")
}

/// The same with every tool at hand.
fn product() -> Folder {
    bare().tools(["skopeo", "docker", "buildah"])
}

/// The least that an image needs, and more.
fn with(more: &Value) -> Value {
    let mut all = json!({ "entrypoint": ["python3", "-m", "uvicorn"] });
    let table = all.as_object_mut().expect("a table");
    table.extend(more.as_object().expect("a table").clone());
    all
}

fn planned(folder: &Folder, options: &Value) -> Plan {
    plan::<Docker>(folder, options).expect("a plan")
}

fn action(plan: &Plan, id: &str) -> Action {
    let found = plan.actions.iter().find(|action| action.id == id);
    found.unwrap_or_else(|| panic!("there is no action {id}")).clone()
}

/// What the step `image` is told.
fn assembly(folder: &Folder, options: &Value) -> Value {
    match action(&planned(folder, options), "image").work {
        Work::Step { parameters, .. } => serde_json::from_str(&parameters).expect("JSON"),
        Work::Tool { .. } => panic!("it is a step"),
    }
}

#[test]
fn the_schema_and_the_options_say_the_same() {
    check_options::<Docker>(&json!({}));
}

#[test]
fn an_image_of_a_product() {
    insta::assert_snapshot!(show(&plan::<Docker>(&product(), &with(&json!({})))));
}

#[test]
fn every_option() {
    let options = json!({
        "base": format!("registry.example/python@{DIGEST}"),
        "base-login": { "user": "BASE_USER", "password": "BASE_PASSWORD" },
        "command": ["--port", "8000"],
        "development": { "command": ["uvicorn", "--reload"], "mounts": { "//apps/api/src": "/app/src" } },
        "directory": "/srv",
        "engine": "docker",
        "entrypoint": ["python3"],
        "env": { "LOG_LEVEL": "info" },
        "health": { "path": "/health", "interval": 30 },
        "labels": { "team": "shop" },
        "name": "api",
        "not-secret": ["LICENSE_KEY", "/app/tests/server.key"],
        "packages": ["libpq5"],
        "paths": { "deps/frontend/bundle": "/srv/web/", "deps/backend/site-packages": false },
        "platforms": ["linux/amd64"],
        "ports": [8000, 9000],
        "push": "127.0.0.1:5000/shop/api:1.0",
        "push-login": { "user": "REGISTRY_USER", "password": "REGISTRY_PASSWORD" },
        "host-ports": { "8000": 18000, "9000": false },
        "replicas": 1,
        "resources": { "memory": "1Gi" },
        "secrets": ["SESSION_KEY"],
        "services": { "postgres": {}, "redis": { "password": "REDIS_PASSWORD", "storage": "5Gi" } },
        "templates": "templates",
        "user": "1000",
        "volumes": ["/var/lib/shop"],
    });
    let folder = product().file("templates/Dockerfile.j2", "FROM scratch");
    insta::assert_snapshot!(show(&plan::<Docker>(&folder, &options)));
}

#[test]
fn a_target_of_images_alone_deploys_them() {
    let folder = Folder::new()
        .dependency("api-image", "image", "oci-image")
        .dependency("api-image", "deployment", "deployment")
        .dependency("api-image", "container", "container-service")
        .dependency("web-image", "container", "container-service");
    let options = json!({ "services": { "postgres": {} } });
    insta::assert_snapshot!(show(&plan::<Docker>(&folder, &options)));
}

#[test]
fn a_base_comes_from_where_it_is() {
    let source = |base: &str, folder: Folder| {
        let options = with(&json!({ "base": base }));
        let input = action(&planned(&folder, &options), "image").inputs[0].source.clone();
        let input = serde_json::to_value(input).expect("plain data");
        (assembly(&folder, &options)["base"].clone(), input)
    };
    let files = |base: &str| {
        let include = ["base/python/oci-layout", "base/python/**"];
        json!({ "files": { "base": base, "include": include, "exclude": [] } })
    };
    let named = json!({ "layout": "base/python", "name": "python", "digest": null });
    let own = source("base/python", product().file("base/python/oci-layout", "{}"));
    assert_eq!(own, (named.clone(), files("target")));
    assert_eq!(source("//base/python", product()), (named, files("workspace")));
    let made = source(
        "deps/python/image",
        product().dependency("python", "image", "oci-image"),
    );
    assert_eq!(
        made,
        (
            json!({ "layout": "base", "name": null, "digest": null }),
            json!({ "artifact": { "target": "python", "name": "image" } })
        )
    );
    let fetched = source(&format!("registry.example:5000/shop/python:3.12@{DIGEST}"), product());
    let expected = json!({ "layout": "base", "name": "registry.example:5000/shop/python", "digest": DIGEST });
    assert_eq!(fetched.0, expected);
}

#[test]
fn the_container_of_a_base_is_not_deployed() {
    let folder =
        product()
            .dependency("python", "image", "oci-image")
            .dependency("python", "container", "container-service");
    let files = action(
        &planned(&folder, &with(&json!({ "base": "deps/python/image" }))),
        "files",
    );
    assert!(
        files.inputs.iter().all(|input| !input.at.starts_with("products/")),
        "{files:?}"
    );
}

#[test]
fn programs_go_into_the_image_of_their_platform() {
    let folder = Folder::new()
        .dependency("worker", "worker-linux-amd64", "go-binary")
        .dependency("worker", "worker-linux-arm64", "go-binary");
    let of = |architecture: &str| {
        let name = format!("worker-linux-{architecture}");
        let layer =
            json!({ "id": format!("layer.worker.{name}"), "from": format!("worker/{name} at /usr/local/bin/worker") });
        json!({ "platform": format!("linux/{architecture}"), "layers": [layer] })
    };
    let one = assembly(&folder, &json!({}));
    assert_eq!(one["settings"]["entrypoint"], json!(["/usr/local/bin/worker"]));
    assert_eq!(one["images"], json!([of("amd64")]));
    let both = json!({ "platforms": ["linux/amd64", "linux/arm64"] });
    assert_eq!(assembly(&folder, &both)["images"], json!([of("amd64"), of("arm64")]));
    let unlike = Folder::new().dependency("worker", "worker", "go-binary");
    let problem = plan::<Docker>(&unlike, &both).expect_err("a mistake");
    assert_eq!(
        problem.message,
        "`worker` makes no program for linux/arm64, but for linux/amd64"
    );
    let foreign = Folder::new().dependency("worker", "worker-darwin-arm64", "go-binary");
    let problem = plan::<Docker>(&foreign, &json!({})).expect_err("a mistake");
    assert_eq!(
        problem.message,
        "`worker` makes no program for linux/amd64, but for darwin/arm64"
    );
}

#[test]
fn a_stage_of_a_dockerfile_has_a_name_of_its_own() {
    let folder = Folder::new()
        .dependency("2fa", "app", "files")
        .dependency("a-b", "c", "files")
        .dependency("a", "b-c", "files");
    let files = action(&planned(&folder, &with(&json!({}))), "files");
    let Work::Step { parameters, .. } = files.work else {
        panic!("it is a step");
    };
    let context: Value = serde_json::from_str(&parameters).expect("JSON");
    let layers = context["image"]["layers"].as_array().expect("a list");
    let stages: Vec<&str> = layers.iter().filter_map(|layer| layer["stage"].as_str()).collect();
    assert_eq!(stages, ["layer-2fa-app", "a-b-c", "a-b-c-2"]);
}

#[test]
fn volumes_have_names_of_their_own() {
    let long = format!("/var/{}", "deep/".repeat(20));
    let options = json!({ "volumes": ["/var/lib/a_b", "/var/lib/a-b", long, "/data"] });
    let files = action(&planned(&product(), &with(&options)), "files");
    let Work::Step { parameters, .. } = files.work else {
        panic!("it is a step");
    };
    let context: Value = serde_json::from_str(&parameters).expect("JSON");
    let volumes = context["container"]["volumes"].as_array().expect("a list");
    let names: BTreeSet<&str> = volumes.iter().filter_map(|volume| volume["name"].as_str()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names.iter().all(|name| name.len() <= 63), "{names:?}");
    assert!(names.contains("app-data"), "{names:?}");
}

#[test]
fn buildah_reads_the_base_where_it_is_and_needs_nothing_else() {
    let folder = product().file("base/python/oci-layout", "{}");
    let platforms = ["linux/arm64"];
    let options = json!({ "base": "base/python", "engine": "buildah", "name": "api", "platforms": platforms });
    let engine = action(&planned(&folder, &with(&options)), "engine");
    let Work::Tool { tool, arguments, .. } = engine.work else {
        panic!("it is a tool");
    };
    let expected = [
        "build",
        "--format",
        "docker",
        "--network",
        "host",
        "--platform",
        "linux/arm64",
        "--build-arg",
        "BASE=oci:base/python",
        "--file",
        "deployment/Dockerfile",
        "--tag",
        "api:latest",
        "deployment",
    ];
    assert_eq!(
        (tool.as_str(), arguments.as_slice()),
        ("buildah", &expected.map(str::to_owned)[..])
    );
    assert!(engine.tools.is_empty(), "{:?}", engine.tools);
}

#[test]
fn what_will_not_be_as_it_is_meant_is_said() {
    let said = |folder: Folder, options: &Value| -> Vec<String> {
        planned(&folder, options);
        folder.logs().into_iter().map(|logged| logged.message).collect()
    };
    let tools = || Folder::new().tools(["skopeo", "docker"]).file("base/oci-layout", "{}");
    let python = || tools().dependency("backend", "app", "python-app");
    let over = |more: &Value| {
        let mut all = with(&json!({ "base": "base" }));
        all.as_object_mut()
            .expect("a table")
            .extend(more.as_object().expect("a table").clone());
        all
    };
    let program = tools().dependency("worker", "worker", "go-binary");
    let health = json!({ "ports": [80], "health": { "path": "/" } });
    let modules = python().dependency("backend", "site-packages", "python-packages");
    let all = [
        said(python(), &over(&json!({ "packages": ["libpq5", "tini"] }))),
        said(python(), &over(&json!({ "packages": ["tini"], "engine": "docker" }))),
        said(program, &health),
        said(python(), &over(&health)),
        said(python(), &with(&json!({}))),
        said(modules, &over(&json!({ "platforms": ["linux/arm64"] }))),
    ];
    insta::assert_snapshot!(all.map(|said| format!("{said:#?}")).join("\n"));
}

#[test]
fn what_the_machine_lacks_is_said_once_and_the_rest_is_planned() {
    let folder = bare();
    let options = json!({ "base": format!("registry.example/python@{DIGEST}"), "engine": "buildah" });
    let plan = planned(&folder, &with(&options));
    let ids: Vec<&str> = plan.actions.iter().map(|action| action.id.as_str()).collect();
    let layers = [
        "layer.backend.app",
        "layer.backend.site-packages",
        "layer.frontend.bundle",
    ];
    assert_eq!(ids, [&layers[..], &["files", "engine"]].concat());
    let said: Vec<String> = folder.logs().into_iter().map(|logged| logged.message).collect();
    assert_eq!(
        said,
        [
            "skopeo is not on PATH: the base is not fetched and no image is assembled; buildah is not on PATH: the \
          Dockerfile is written and not built; everything else is made"
        ]
    );
}

#[test]
fn a_base_is_fetched_with_the_login_for_its_registry() {
    let secrets = |more: Value| {
        let mut options = with(&json!({ "base": format!("registry.example/python@{DIGEST}") }));
        let table = options.as_object_mut().expect("a table");
        table.extend(more.as_object().expect("a table").clone());
        let base = action(&planned(&product(), &options), "base");
        let Work::Tool { arguments, .. } = base.work else {
            panic!("it is a tool");
        };
        assert_eq!(
            arguments[1].contains("--password-stdin"),
            !base.secrets.is_empty(),
            "{arguments:?}"
        );
        base.secrets
    };
    let login = |name: &str| json!({ "user": format!("{name}_USER"), "password": format!("{name}_PASSWORD") });
    assert_eq!(secrets(json!({})), [""; 0]);
    assert_eq!(
        secrets(json!({ "base-login": login("BASE") })),
        ["BASE_USER", "BASE_PASSWORD"]
    );
    let pushed = |push: &str| json!({ "push": push, "push-login": login("PUSH") });
    assert_eq!(
        secrets(pushed("registry.example/shop:1")),
        ["PUSH_USER", "PUSH_PASSWORD"]
    );
    assert_eq!(secrets(pushed("other.example/shop:1")), [""; 0]);
}

#[test]
fn without_skopeo_a_push_is_planned_and_says_what_is_missing() {
    let options = json!({ "base": format!("registry.example/python@{DIGEST}"), "push": "registry.example/shop:1" });
    let push = action(&planned(&bare(), &with(&options)), "push");
    assert_eq!((push.tools, push.inputs.len()), (vec!["skopeo".to_owned()], 0));
}

#[test]
fn mistakes_are_named() {
    let said = |folder: &Folder, options: &Value| {
        let Problem { message, hint, .. } = plan::<Docker>(folder, options).expect_err("a mistake");
        format!("{message}\n  {}", hint.expect("every problem has a hint"))
    };
    let of = |options: Value| said(&product(), &with(&options));
    let mistakes = [
        said(&Folder::new(), &json!({})),
        said(&product(), &json!({})),
        said(&product().dependency("shop", "bundle", "web-bundle"), &with(&json!({}))),
        of(json!({ "paths": { "deps/fronted/bundle": "/www" } })),
        of(json!({ "base": "base" })),
        of(json!({ "base": "//../base" })),
        of(json!({ "base": "deps/python/image" })),
        of(json!({ "base": "registry.example/python@sha256:12" })),
        of(json!({ "env": { "DB_PASSWORD": "hunter2" } })),
        of(json!({ "env": { "DATABASE_URL": "postgres://app:hunter2@db/app" } })),
        of(json!({ "command": ["--password=hunter2"] })),
        of(json!({ "packages": ["curl"] })),
        of(json!({ "health": { "path": "/" } })),
        of(json!({ "templates": "templates" })),
        of(json!({ "base": "base", "base-made-by": "base/make" })),
        of(json!({ "volumes": ["/data"], "replicas": 2 })),
        of(json!({ "ports": [80], "host-ports": { "8080": 80 } })),
        of(json!({ "push-login": { "user": "USER", "password": "PASS" } })),
        of(json!({ "services": { "redis": { "used-by": ["api"] } } })),
        of(json!({ "env": { "REDIS_PASSWORD": "$ecret123" } })),
        of(json!({ "command": ["sh", "-c", "PASSWORD=hunter2 exec x"] })),
        of(json!({ "env": { "A": "one\ntwo" } })),
        of(json!({ "user": "99999999999999999999" })),
        of(json!({ "push": "localhost:99999/a:1" })),
        of(json!({ "push": "localhost:5000/a/../b:1" })),
        of(json!({ "paths": { "deps/frontend/bundle": "/a/../../etc/x" } })),
        of(json!({ "paths": { "deps/frontend/bundle": "/.wh.x" } })),
        of(json!({ "volumes": ["/x//y"] })),
        of(json!({ "volumes": ["/app"] })),
        of(json!({ "volumes": ["/tmp"] })),
        of(json!({ "base-login": { "user": "USER", "password": "PASS" } })),
        said(
            &product().dependency("worker", "worker", "go-binary"),
            &with(&json!({ "paths": { "deps/frontend/bundle": "/usr/local/bin/worker/www" } })),
        ),
        said(
            &Folder::new().dependency("api", "container", "container-service"),
            &json!({ "ports": [80], "replicas": 1, "user": "0", "development": { "env": { "A": "b" } } }),
        ),
    ];
    insta::assert_snapshot!(mistakes.join("\n"));
}
