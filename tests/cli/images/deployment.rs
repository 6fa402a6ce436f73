//! The files that an image is deployed with, against the schemas of their ecosystems.

use std::process::Command;

use super::platform::built;
use super::tools::{check_files, run, schemas};
use crate::support::Workspace;
use crate::{needs_base, skip};

#[test]
fn compose_and_kubernetes_files_fit_their_schemas() {
    let Some(python) = schemas() else {
        skip!("the schemas of Compose and Kubernetes are not installed; scripts/setup installs them");
    };
    needs_base!();
    let folders =
        ["notes", "feed", "product"].map(|target| built().root().join("dist").join(target).join("deployment"));
    let checked = check_files(&python, &folders);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

/// An image with everything that its files can hold, and a product of it.
const EVERYTHING: &str = r#"
[workspace]
name = "everything"

[targets.thing]
builder = "command"
options = { command = "echo '#!/bin/sh' > thing", outputs = ["thing"] }

[targets.api]
builder = "docker"
deps = ["thing"]
[targets.api.options]
entrypoint = ["/app/thing"]
env = { GREETING = "costs $5 & \"more\"", YES = "yes" }
health = { path = "/health", command = ["/app/thing", "--check"] }
host-ports = { "9090" = false, "8080" = 18080 }
ports = [8080, 9090]
secrets = ["SESSION_KEY"]
services = { mongodb = {}, ollama = {}, postgres = {}, redis = { password = "REDIS_PASSWORD", storage = "5Gi" } }
volumes = ["/var/lib/a_b", "/var/lib/a-b"]
development = { command = ["/app/thing", "--reload"], mounts = { "//src" = "/app/src" } }

[targets.web]
builder = "docker"
deps = ["thing"]
[targets.web.options]
entrypoint = ["/app/thing"]
push = "registry.example/everything/web:1.0.0"
replicas = 3

[targets.product]
builder = "docker"
deps = ["api", "web"]
options = { services = { redis = { password = "REDIS_PASSWORD", storage = "5Gi", used-by = ["web"] } } }
"#;

#[test]
fn services_volumes_and_secrets_fit_the_schemas_and_mistakes_do_not() {
    let Some(python) = schemas() else {
        skip!("the schemas of Compose and Kubernetes are not installed; scripts/setup installs them");
    };
    let workspace = Workspace::with(EVERYTHING);
    workspace.farm("build").success();
    let folder = |target: &str| workspace.root().join("dist").join(target).join("deployment");
    let checked = check_files(&python, &["api", "web", "product"].map(folder));
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    for (file, from, to) in [
        ("compose.yaml", "pull_policy: never", "pull_policy: seldom"),
        ("compose.yaml", "condition: service_healthy", "condition: healthy"),
        ("kubernetes.yaml", "claimName: api-", "claim: api-"),
        ("kubernetes.yaml", "annotations: {", "annotation: {"),
    ] {
        let path = format!("dist/product/deployment/{file}");
        let text = workspace.read(&path);
        assert!(text.contains(from), "{file} has no `{from}`: {text}");
        workspace.write(&path, &text.replacen(from, to, 1));
        assert!(!check_files(&python, &[folder("product")]).status.success(), "{to}");
        workspace.write(&path, &text);
    }
}

/// Images of targets whose names are none of a service.
const ODD: &str = r#"
[workspace]
name = "odd"

[targets.thing]
builder = "command"
options = { command = "echo '#!/bin/sh' > thing", outputs = ["thing"] }

[targets."my.app"]
builder = "docker"
deps = ["thing"]
options = { entrypoint = ["/app/thing"], ports = [80], volumes = ["/var/lib/My App"], secrets = ["KEY"] }

[targets.2fa]
builder = "docker"
deps = ["thing"]
options = { entrypoint = ["/app/thing"], ports = [81], env = { LEVEL = "info" } }

[targets."LONG"]
builder = "docker"
deps = ["thing"]
options = { entrypoint = ["/app/thing"], ports = [82], volumes = ["/data"] }

[targets."the_whole.of_it_"]
builder = "docker"
deps = ["my.app", "2fa", "LONG"]
options = { services = { redis = { password = "REDIS_PASSWORD" } } }
"#;

#[test]
fn whatever_a_target_is_called_its_names_are_names_for_all() {
    let Some(python) = schemas() else {
        skip!("the schemas of Compose and Kubernetes are not installed; scripts/setup installs them");
    };
    let long = "very.long_name-".repeat(6) + "indeed";
    let workspace = Workspace::with(&ODD.replace("LONG", &long));
    workspace.farm("build").success();
    let folder = |target: &str| workspace.root().join("dist").join(target).join("deployment");
    let checked = check_files(&python, &["my.app", "2fa", &long, "the_whole.of_it_"].map(folder));
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let compose = workspace.read("dist/the_whole.of_it_/deployment/compose.yaml");
    for line in ["name: \"the-whole-of-it\"", "  \"my-app\":", "  \"app-2fa\":"] {
        assert!(compose.lines().any(|found| found == line), "{line}: {compose}");
    }
}

#[test]
fn two_targets_of_a_product_that_would_have_one_name_are_told() {
    let same = ODD
        .replace("[targets.2fa]", "[targets.my_app]")
        .replace("\"2fa\"", "\"my_app\"");
    let text = Workspace::with(&same.replace("LONG", "other")).farm("build").text();
    assert!(
        text.contains("two different services of the product have the name `my-app`")
            && text.contains("give one of the targets another `name`"),
        "{text}"
    );
}

#[test]
fn no_secret_is_in_any_file() {
    needs_base!();
    for name in ["compose.yaml", "kubernetes.yaml", "env.example"] {
        let text = built().read(&format!("dist/product/deployment/{name}"));
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("REDIS_PASSWORD")).collect();
        let is_reference = |line: &str| {
            line.contains(":?")
                || line.contains("secretKeyRef")
                || line.contains("$(REDIS_PASSWORD)")
                || line.ends_with('=')
                || line.trim_start().starts_with("- name:")
        };
        assert!(
            !lines.is_empty() && lines.iter().all(|line| is_reference(line)),
            "{name}: {lines:?}"
        );
    }
}

#[test]
fn the_scripts_may_be_executed_and_are_shell() {
    needs_base!();
    let script = |name: &str| built().root().join("dist/notes/deployment").join(name);
    for name in ["build.sh", "deploy.sh", "push.sh"] {
        run(Command::new("sh").arg("-n").arg(script(name)));
    }
    for name in ["build.sh", "deploy.sh"] {
        let refused = Command::new(script(name)).arg("nonsense").output();
        assert_eq!(refused.expect("it may be executed").status.code(), Some(2), "{name}");
    }
}
