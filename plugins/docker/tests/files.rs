//! The step `files`, without farm and without WebAssembly: what is written for a product, and the user's templates.

mod step;

use farm_builder_docker::Docker;
use farm_sdk::testing::{Folder, plan};
use farm_sdk::{Source, Work};
use serde_json::{Value, json};

use step::Step;

/// Runs the step as it is planned for a back end and a front end over a local base.
fn written(options: &Value, prepare: impl FnOnce(Step) -> Step) -> Result<Step, String> {
    let folder = Folder::new()
        .file("base/oci-layout", "{}")
        .file("templates/Dockerfile.j2", "")
        .dependency("backend", "app", "python-app")
        .dependency("backend", "site-packages", "python-packages")
        .dependency("frontend", "bundle", "web-bundle")
        .dependency("worker-image", "container", "container-service")
        .tools(["skopeo", "docker", "buildah"]);
    let plan = plan::<Docker>(&folder, options).map_err(|problem| problem.message)?;
    let files = plan
        .actions
        .iter()
        .find(|action| action.id == "files")
        .expect("it is planned");
    let Work::Step { parameters, .. } = &files.work else {
        panic!("it is a step");
    };
    let outputs = files
        .inputs
        .iter()
        .filter(|input| matches!(input.source, Source::Output(_)));
    let step = outputs.fold(Step::new(), |step, input| {
        let content = if input.at == "image.json" {
            r#"{"digest":"sha256:12"}"#
        } else {
            "a layer"
        };
        step.with(&input.at, content)
    });
    let worker = r#"{"containers":[],"services":[]}"#;
    let step = prepare(step.with("products/0000.json", worker));
    let parameters: Value = serde_json::from_str(parameters).expect("JSON");
    step.run("files", &parameters).map_err(|problem| problem.message)?;
    Ok(step)
}

fn options() -> Value {
    json!({
        "base": "base",
        "entrypoint": ["python3", "-m", "uvicorn", "src.main:app"],
        "env": { "GREETING": "costs $5 & \"more\"" },
        "health": { "path": "/api/health" },
        "labels": { "team": "shop" },
        "name": "api",
        "ports": [8000],
        "secrets": ["SESSION_KEY"],
        "services": { "mongodb": {}, "ollama": {}, "postgres": {}, "redis": { "password": "REDIS_PASSWORD" } },
        "volumes": ["/var/lib/shop"],
        "development": { "command": ["uvicorn", "--reload"], "mounts": { "//apps/api/src": "/app/src", "web": "/srv/www" } },
    })
}

fn with(more: &Value) -> Value {
    let mut all = options();
    let table = all.as_object_mut().expect("a table");
    table.extend(more.as_object().expect("a table").clone());
    all
}

#[test]
fn the_files_of_a_product() {
    let step = written(&options(), |step| step).expect("files");
    for name in [
        "Dockerfile",
        "Dockerfile.dev",
        "build.sh",
        "compose.dev.yaml",
        "compose.yaml",
        "deploy.sh",
        "env.example",
        "kubernetes.yaml",
        "push.sh",
    ] {
        insta::assert_snapshot!(name, step.text(&format!("deployment/{name}")));
    }
    let programs = farm_sdk::executables(&step.out("deployment")).expect("readable");
    let programs: Vec<String> = programs.iter().map(|path| path.display().to_string()).collect();
    assert_eq!(programs, ["build.sh", "deploy.sh", "push.sh"]);
    assert_eq!(step.text("deployment/layers/frontend-bundle.tar.gz"), "a layer");
    insta::assert_snapshot!(
        "product",
        serde_json::to_string_pretty(&step.json("product.json")).expect("JSON")
    );
}

#[test]
fn system_packages_come_through_the_builders_cache() {
    let step = written(&with(&json!({ "packages": ["libpq5", "tini"] })), |step| step).expect("files");
    let dockerfile = step.text("deployment/Dockerfile");
    for part in [
        "--mount=type=cache,target=/var/cache/apt",
        "--no-install-recommends libpq5 tini",
        "USER 65532:65532",
    ] {
        assert!(dockerfile.contains(part), "{part}: {dockerfile}");
    }
}

#[test]
fn what_is_pushed_is_deployed_by_its_digest() {
    let step = written(&with(&json!({ "push": "registry.example/shop/api:1.0" })), |step| step).expect("files");
    for name in ["compose.yaml", "kubernetes.yaml"] {
        let text = step.text(&format!("deployment/{name}"));
        assert!(text.contains("registry.example/shop/api:1.0@sha256:12"), "{text}");
    }
}

#[test]
fn a_template_of_the_users_takes_the_place_of_farms_own() {
    let templates = with(&json!({ "templates": "templates" }));
    let step = written(&templates, |step| {
        step.with(
            "templates/templates/Dockerfile.j2",
            "{% include \"farm/Dockerfile.j2\" %}# {{ container.name }}\n",
        )
        .with("templates/templates/helm/Chart.yaml.j2", "name: {{ target|json }}\n")
        .with("templates/templates/env.example.j2", "")
        .with("templates/templates/notes.txt", "no template")
    });
    let step = step.expect("files");
    let dockerfile = step.text("deployment/Dockerfile");
    assert!(
        dockerfile.starts_with("# The image of") && dockerfile.ends_with("# api\n"),
        "{dockerfile}"
    );
    assert_eq!(step.text("deployment/helm/Chart.yaml"), "name: \"app\"\n");
    for left_out in ["env.example", "notes.txt", "Dockerfile.settings"] {
        assert!(!step.out(&format!("deployment/{left_out}")).exists(), "{left_out}");
    }
}

#[test]
fn a_mistake_in_a_template_is_named_with_its_line() {
    let said = |text: &str| {
        let templates = with(&json!({ "templates": "templates" }));
        let step = written(&templates, |step| step.with("templates/templates/Dockerfile.j2", text));
        step.map(|_| ()).expect_err("a mistake")
    };
    assert_eq!(
        said("FROM a\n{{ image.bse }}\n"),
        "the template `Dockerfile.j2`, line 2: undefined value"
    );
    assert_eq!(
        said("{% if image %}\n"),
        "the template `Dockerfile.j2`, line 1: unexpected end of input, expected end of block"
    );
}

#[test]
fn two_services_of_one_name_must_be_the_same() {
    let other = |image: &str| {
        let service = json!({
            "name": "postgres", "image": image, "port": 5432, "command": [], "health": ["true"],
            "env": {}, "secrets": {}, "data": "/data", "storage": "1Gi",
        });
        json!({ "containers": [], "services": [service] }).to_string()
    };
    let problem = written(&options(), |step| step.with("products/0000.json", other("postgres:9")));
    assert_eq!(
        problem.map(|_| ()).expect_err("a mistake"),
        "two different services of the product have the name `postgres`"
    );
}
