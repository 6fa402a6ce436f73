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

/// `farm plan` ends where the builder waits for `go list`; `farm why` knows the rounds after it, and what is in each key.
#[test]
fn every_round_of_the_service_in_go() {
    needs_go!();
    let copy = LINKS.built();
    let text = copy.0.farm("why -v links").success();
    // What depends on the machine and on farm itself.
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
    settings.bind(|| insta::assert_snapshot!("every_round_of_go", text.join("\n")));
}

plan_of!(the_service_in_go, "go", needs_go);
plan_of!(the_image_of_nothing, "image");
plan_of!(the_models_of_four_kinds, "models");
plan_of!(the_packages_in_typescript, "node");
plan_of!(the_product_of_all_builders, "platform", needs_go, needs_base);
plan_of!(the_program_in_rust, "rust");
plan_of!(the_shop_in_python_and_with_vite, "shop");
plan_of!(the_application_in_svelte, "svelte");
plan_of!(the_application_in_vue, "vue");
