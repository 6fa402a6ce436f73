//! The plans of the examples as `farm plan` tells them: every builder is asked through its component, and its answer goes
//! through all checks of the engine.

use crate::example::Example;
use crate::farm_snapshot;
use crate::golang::needs_go;
use crate::golang::product::LINKS;
use crate::needs_base;

/// A test for the example in this folder.
macro_rules! plan_of {
    ($test:ident, $folder:literal $(, $needed:ident)*) => {
        #[test]
        fn $test() {
            $($needed!();)*
            let copy = Example::new($folder).alone();
            let mut settings = insta::Settings::clone_current();
            settings.add_filter(r"\b\d+ bytes made by", "[SIZE] made by");
            settings.bind(|| farm_snapshot!(copy.0.farm("plan"), $folder));
        }
    };
}

/// `farm plan` ends where something is not built yet; `farm why` knows what each action was made from, once it is.
#[test]
fn every_action_of_an_image_that_was_built() {
    let copy = Example::new("image").alone();
    let build = copy.build("");
    assert!(build.ok(), "{}", build.text());
    compare_actions("image_built", &copy.0.farm("why -v image").success());
}

/// `farm plan` ends where the builder waits for `go list`; `farm why` knows the rounds after it.
#[test]
fn every_round_of_the_service_in_go() {
    needs_go!();
    let copy = LINKS.built();
    compare_actions("every_round_of_go", &copy.0.farm("why -v links").success());
}

/// Compares what `farm why -v` tells of actions and their keys, without what depends on the machine and on farm itself.
fn compare_actions(snapshot: &str, text: &str) {
    let of_the_machine = ["builder", "format", "platform", "sandbox", "tool", "tool-version"];
    let is_kept = |line: &&str| {
        let mut words = line.split_whitespace();
        let is_key = words.next() == Some("key");
        let section = words.next().unwrap_or_default();
        !is_key || !(of_the_machine.contains(&section) || line.contains("environment GOARCH"))
    };
    let text: Vec<&str> = text.lines().filter(is_kept).collect();
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\b[0-9a-f]{64}\b", "[DIGEST]");
    settings.add_filter(r"linux/(amd64|arm64)", "[PLATFORM]");
    settings.add_filter(r"(up to date|would run) .*", "[WHY]");
    settings.bind(|| insta::assert_snapshot!(snapshot, text.join("\n")));
}

#[test]
fn a_plan_is_the_same_before_and_after_a_build() {
    let copy = Example::new("image").alone();
    let before = copy.0.farm("plan").text();
    let build = copy.build("");
    assert!(build.ok(), "{}", build.text());
    assert_eq!(copy.0.farm("plan").text(), before);
}

plan_of!(the_service_in_go, "go", needs_go);
plan_of!(the_image_of_nothing, "image");
plan_of!(the_models_of_four_kinds, "models");
plan_of!(the_packages_in_typescript, "node");
plan_of!(the_product_of_all_builders, "platform", needs_go, needs_base);
plan_of!(the_application_in_python, "python");
plan_of!(the_program_in_rust, "rust");
plan_of!(the_shop_in_python_and_with_vite, "shop");
plan_of!(the_application_in_svelte, "svelte");
plan_of!(the_application_in_vue, "vue");
