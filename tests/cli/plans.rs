//! The plans of the examples as `farm plan` tells them: every builder is asked through its component, and its answer goes
//! through all checks of the engine.

use crate::example::Example;
use crate::farm_snapshot;
use crate::golang::needs_go;
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
    let text = copy.0.farm("why -v image").success();
    // What depends on the machine and on farm itself.
    let of_the_machine = ["builder", "format", "platform", "sandbox"].map(|section| format!("key      {section} "));
    let is_kept = |line: &&str| !of_the_machine.iter().any(|start| line.trim_start().starts_with(start));
    let text: Vec<&str> = text.lines().filter(is_kept).collect();
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\b[0-9a-f]{64}\b", "[DIGEST]");
    settings.add_filter(r"linux/(amd64|arm64)", "[PLATFORM]");
    settings.bind(|| insta::assert_snapshot!("image_built", text.join("\n")));
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
