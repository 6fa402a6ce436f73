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

/// Before a build the plan of `go` ends where it waits for `go list`.
#[test]
fn after_a_build_every_round_of_the_service_in_go() {
    needs_go!();
    let copy = LINKS.built();
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\b\d+ bytes made by", "[SIZE] made by");
    settings.bind(|| farm_snapshot!(copy.0.farm("plan"), "go_after_a_build"));
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
