//! The step `files`, without farm and without WebAssembly: what is written for a product, and the user's templates.

mod step;

use farm_builder_docker::Docker;
use farm_sdk::testing::{Folder, plan};
use farm_sdk::{Source, Work};
use serde_json::{Value, json};

use step::Step;

/// The image's digest.
const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

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
    let worker = r#"{"containers":[],"services":[]}"#;
    written_for(&folder, options, |step| {
        prepare(step.with("products/0000.json", worker))
    })
}

/// Runs the step as it is planned for what a target depends on.
fn written_for(folder: &Folder, options: &Value, prepare: impl FnOnce(Step) -> Step) -> Result<Step, String> {
    let plan = plan::<Docker>(folder, options).map_err(|problem| problem.message)?;
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
            json!({ "digest": DIGEST }).to_string()
        } else {
            "a layer".to_owned()
        };
        step.with(&input.at, content)
    });
    let step = prepare(step);
    let parameters: Value = serde_json::from_str(parameters).expect("JSON");
    step.run("files", &parameters).map_err(|problem| problem.message)?;
    Ok(step)
}

/// What another target tells of its container, with more or other fields.
fn container(name: &str, more: &Value) -> Value {
    let mut container = json!({
        "name": name, "image": format!("{name}:0123456789ab"), "pushed": null, "folder": format!("{name}-image"),
        "assembled": true, "env": {}, "urls": {}, "secrets": [], "ports": [], "published": [], "volumes": [],
        "user": 65532, "group": 65532, "health": null, "replicas": 1, "needs": [],
    });
    let table = container.as_object_mut().expect("a table");
    table.extend(more.as_object().expect("a table").clone());
    json!({ "containers": [container], "services": [] })
}

/// Runs the step as it is planned for a target that deploys these containers.
fn deployed(options: &Value, products: &[Value]) -> Result<Step, String> {
    let names = ["a", "b", "c"];
    let folder = names[..products.len()].iter().fold(Folder::new(), |folder, name| {
        folder.dependency(name, "container", "container-service")
    });
    let plan = plan::<Docker>(&folder, options).map_err(|problem| problem.message)?;
    let Work::Step { parameters, .. } = &plan.actions[0].work else {
        panic!("it is a step");
    };
    let step = products
        .iter()
        .enumerate()
        .fold(Step::new(), |step, (number, product)| {
            step.with(&format!("products/{number:04}.json"), product.to_string())
        });
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
fn an_image_for_several_platforms_takes_the_program_of_each() {
    let folder = Folder::new()
        .dependency("frontend", "bundle", "web-bundle")
        .dependency("service", "api-linux-amd64", "go-binary")
        .dependency("service", "api-linux-arm64", "go-binary");
    let options = json!({ "name": "api", "platforms": ["linux/amd64", "linux/arm64"] });
    let step = written_for(&folder, &options, |step| step).expect("files");
    for name in ["Dockerfile", "build.sh"] {
        insta::assert_snapshot!(format!("several_{name}"), step.text(&format!("deployment/{name}")));
    }
    for layer in ["frontend-bundle", "service-api-linux-amd64", "service-api-linux-arm64"] {
        assert_eq!(step.text(&format!("deployment/layers/{layer}.tar.gz")), "a layer");
    }
}

#[test]
fn in_kubernetes_a_container_may_fail_until_its_start_has_passed() {
    let thresholds = |health: &Value| {
        let step = written(&with(&json!({ "health": health })), |step| step).expect("files");
        let text = step.text("deployment/kubernetes.yaml");
        let values = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("failureThreshold: "));
        values.take(3).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(thresholds(&json!({ "path": "/" })), ["9", "3", "3"]);
    assert_eq!(thresholds(&json!({ "path": "/", "start": 0 })), ["3", "3", "3"]);
    assert_eq!(
        thresholds(&json!({ "path": "/", "start": 100, "interval": 30 })),
        ["7", "3", "3"]
    );
}

#[test]
fn a_path_stays_one_in_the_quotes_of_a_language() {
    let options = with(&json!({ "health": { "path": "/it's \\ \"here\"" } }));
    let step = written(&options, |step| step).expect("files");
    let dockerfile = step.text("deployment/Dockerfile");
    let url = "r.urlopen('http://127.0.0.1:8000/it%27s%20%5C%20%22here%22', timeout=3)";
    assert!(dockerfile.contains(url), "{dockerfile}");
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
        assert!(
            text.contains(&format!("registry.example/shop/api:1.0@{DIGEST}")),
            "{text}"
        );
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
fn a_template_that_does_not_end_is_stopped_and_one_that_includes_itself_says_why() {
    let said = |name: &str, text: &str| {
        let templates = with(&json!({ "templates": "templates" }));
        let step = written(&templates, |step| {
            step.with(&format!("templates/templates/{name}"), text)
        });
        step.map(|_| ()).expect_err("a mistake")
    };
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}\
                   {% endfor %}{% endfor %}";
    assert_eq!(
        said("endless.txt.j2", endless).split(" after ").next(),
        Some("the template `endless.txt.j2`, line 1: it is not done")
    );
    let circle = said("circle.txt.j2", "{% include \"circle.txt.j2\" %}");
    assert!(circle.starts_with("the template `circle.txt.j2`, line 1: "), "{circle}");
    assert!(circle.contains("recursion limit"), "{circle}");
}

#[test]
fn a_template_is_not_among_the_layers() {
    let folder = Folder::new()
        .dependency("backend", "app", "python-app")
        .file("own/layers/backend-app.tar.gz.j2", "x");
    let options = json!({ "entrypoint": ["/x"], "templates": "own" });
    assert_eq!(
        plan::<Docker>(&folder, &options).expect_err("a mistake").message,
        "the template `own/layers/backend-app.tar.gz.j2` would be among the layers, which farm puts into `layers`"
    );
}

#[test]
fn a_name_that_yaml_takes_for_something_else_stays_a_name() {
    let options = with(&json!({ "name": "yes", "env": { "NO": "no", "Y": "1" }, "secrets": ["ON"] }));
    let step = written(&options, |step| step).expect("files");
    let compose = step.text("deployment/compose.yaml");
    for line in ["  \"yes\":\n", "      \"NO\": \"no\"\n", "      \"ON\": \"${ON:?is"] {
        assert!(compose.contains(line), "{line}: {compose}");
    }
    let kubernetes = step.text("deployment/kubernetes.yaml");
    for line in [
        "  name: \"yes\"\n",
        "  \"NO\": \"no\"\n",
        "            - name: \"ON\"\n",
        "key: \"ON\"}",
    ] {
        assert!(kubernetes.contains(line), "{line}: {kubernetes}");
    }
}

#[test]
fn a_container_gets_the_resources_that_it_asks_for() {
    let of = |resources: &Value| {
        let step = written(&with(&json!({ "resources": resources })), |step| step)?;
        let text = step.text("deployment/kubernetes.yaml");
        let at = text.find("requests:").expect("there are some");
        Ok::<_, String>(
            text[at..]
                .lines()
                .take(2)
                .map(|line| line.trim().to_owned())
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(
        of(&json!({ "cpu": "1.5", "memory": "1Gi", "memory-limit": "2Gi" })).expect("files"),
        ["requests: {cpu: \"1.5\", memory: 1Gi}", "limits: {memory: 2Gi}"]
    );
    assert_eq!(
        of(&json!({ "memory": "1Gi" })).expect("files"),
        ["requests: {cpu: \"100m\", memory: 1Gi}", "limits: {memory: 1Gi}"]
    );
    assert_eq!(
        of(&json!({ "memory": "1Gi", "memory-limit": "1000Mi" })).expect_err("a mistake"),
        "option `resources` keeps 1Gi of memory free, and lets the container take 1000Mi"
    );
}

#[test]
fn two_services_of_one_name_must_be_the_same() {
    let other = |image: &str| {
        let service = json!({
            "name": "postgres", "image": image, "port": 5432, "command": [], "health": ["true"],
            "env": {}, "secrets": {}, "data": "/data", "storage": "1Gi",
            "address": { "env": {}, "urls": {}, "secrets": [] },
        });
        json!({ "containers": [], "services": [service] }).to_string()
    };
    let problem = written(&options(), |step| step.with("products/0000.json", other("postgres:9")));
    assert_eq!(
        problem.map(|_| ()).expect_err("a mistake"),
        "two different services of the product have the name `postgres`"
    );
}

#[test]
fn an_image_in_no_registry_is_loaded_under_a_tag_of_its_digest() {
    let step = written(&options(), |step| step).expect("files");
    let compose = step.text("deployment/compose.yaml");
    assert!(
        compose.contains("image: \"api:0123456789ab\"") && compose.contains("pull_policy: never"),
        "{compose}"
    );
    assert!(
        !compose.contains("build:"),
        "an engine would not find the base: {compose}"
    );
    assert!(
        step.text("deployment/deploy.sh")
            .contains("  load api:0123456789ab app/image\n")
    );
    assert!(
        step.text("deployment/Dockerfile.dev")
            .contains("ARG IMAGE=api:0123456789ab\n")
    );
}

#[test]
fn what_farm_cannot_assemble_is_built_by_compose() {
    let options = with(&json!({ "base": format!("registry.example/python@{DIGEST}") }));
    let folder = Folder::new().dependency("backend", "app", "python-app");
    let plan = plan::<Docker>(&folder, &options).expect("a plan");
    let files = plan
        .actions
        .iter()
        .find(|action| action.id == "files")
        .expect("it is planned");
    let Work::Step { parameters, .. } = &files.work else {
        panic!("it is a step");
    };
    let layers = ["layer.backend.app", "layer.volumes"];
    let step = layers.iter().fold(Step::new(), |step, layer| {
        step.with(&format!("layers/{layer}/layer.tar.gz"), "a layer")
    });
    step.run("files", &serde_json::from_str(parameters).expect("JSON"))
        .expect("files");
    let compose = step.text("deployment/compose.yaml");
    assert!(
        compose.contains("image: \"api:latest\"\n    build: \".\"\n"),
        "{compose}"
    );
    let development = step.text("deployment/Dockerfile.dev");
    assert!(development.contains("ADD layers/backend-app.tar.gz /"), "{development}");
}

#[test]
fn a_single_image_says_which_secrets_it_needs() {
    let step = written(&with(&json!({ "services": {} })), |step| step).expect("files");
    let example = step.text("deployment/env.example");
    assert!(example.ends_with("\nSESSION_KEY=\n"), "{example}");
}

#[test]
fn a_product_tells_its_containers_where_its_services_are() {
    let options =
        json!({ "services": { "postgres": {}, "redis": { "password": "REDIS_PASSWORD", "used-by": ["web"] } } });
    let own = json!({ "env": { "POSTGRES_HOST": "elsewhere" } });
    let step = deployed(&options, &[container("api", &own), container("web", &json!({}))]).expect("files");
    let product = step.json("product.json");
    let [api, web] = [0, 1].map(|number| &product["containers"][number]);
    assert_eq!(api["env"]["POSTGRES_HOST"], "elsewhere", "what the target says wins");
    assert_eq!(
        api["urls"],
        json!({ "DATABASE_URL": "postgresql://app:$(POSTGRES_PASSWORD)@postgres:5432/app" })
    );
    assert_eq!(
        (&api["needs"], &web["needs"]),
        (&json!(["postgres"]), &json!(["postgres", "redis"]))
    );
    assert_eq!(web["secrets"], json!(["POSTGRES_PASSWORD", "REDIS_PASSWORD"]));
    let reference = "\"redis://:${REDIS_PASSWORD:?is a secret that the environment must hold}@redis:6379/0\"";
    let compose = step.text("deployment/compose.yaml");
    assert!(compose.contains(reference), "{compose}");
    let kubernetes = step.text("deployment/kubernetes.yaml");
    let value = "{name: \"REDIS_URL\", value: \"redis://:$(REDIS_PASSWORD)@redis:6379/0\"}";
    assert_eq!(kubernetes.matches(value).count(), 1, "{kubernetes}");
}

#[test]
fn what_a_container_is_told_starts_its_pod_again() {
    let of = |more: &Value| {
        let step = deployed(&json!({}), &[container("api", more)]).expect("files");
        let text = step.text("deployment/kubernetes.yaml");
        let line = text.lines().find(|line| line.contains("checksum/config"));
        line.expect("there is one").to_owned()
    };
    let plain = of(&json!({}));
    assert_eq!(of(&json!({ "replicas": 3 })), plain);
    for more in [
        json!({ "env": { "LEVEL": "debug" } }),
        json!({ "secrets": ["SESSION_KEY"] }),
    ] {
        assert_ne!(of(&more), plain, "{more}");
    }
}

#[test]
fn containers_that_would_be_in_each_others_way_are_named() {
    let said = |one: &Value, other: &Value| {
        let products = [container("api", one), container("web", other)];
        deployed(&json!({}), &products).map(|_| ()).expect_err("a mistake")
    };
    let port = |port: u16| json!({ "ports": [port], "published": [{ "port": port, "host": 8080 }] });
    assert_eq!(
        said(&port(8080), &port(80)),
        "port 8080 of `api` and port 80 of `web` would both be port 8080 of the machine"
    );
    let volume = |path: &str| json!({ "volumes": [{ "name": "api-web-data", "path": path }] });
    assert_eq!(
        said(&volume("/web/data"), &volume("/data")),
        "`/web/data` of `api` and `/data` of `web` would both be the volume `api-web-data`"
    );
    let options = json!({ "services": { "redis": { "used-by": ["wbe"] } } });
    let problem = deployed(&options, &[container("web", &json!({}))]).map(|_| ());
    assert_eq!(
        problem.expect_err("a mistake"),
        "`used-by` of the service `redis` names `wbe`, which is no container of the product"
    );
}
