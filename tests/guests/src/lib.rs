//! What all guests share: the bindings, answers that say nothing, and the macro that makes a file a component.

pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "plugin",
        pub_export_macro: true,
        additional_derives: [::serde::Deserialize],
        default_bindings_module: "guests::bindings",
    });
}

pub use bindings::exports::farm::builder::builder::Guest as Builder;
pub use bindings::farm::builder::host::{self, Level};
pub use bindings::farm::builder::types::*;

/// A description that asks for nothing.
pub fn description(name: &str) -> Description {
    Description {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        summary: "a guest of farm's tests".to_owned(),
        options_schema: "{}".to_owned(),
        wants: Vec::new(),
        properties: Vec::new(),
    }
}

/// A plan of nothing.
pub fn empty_plan() -> Plan {
    Plan {
        actions: Vec::new(),
        artifacts: Vec::new(),
        next: None,
        properties: Vec::new(),
    }
}

/// A problem with nothing but its message.
pub fn problem(message: impl Into<String>) -> Problem {
    Problem {
        message: message.into(),
        file: None,
        line: None,
        hint: None,
    }
}

/// A guest that only misbehaves when it plans.
#[macro_export]
macro_rules! planner {
    ($plan:expr) => {
        struct Guest;

        impl $crate::Builder for Guest {
            fn describe() -> $crate::Description {
                $crate::description("guest")
            }
            fn plan(request: $crate::PlanRequest) -> Result<$crate::Plan, $crate::Problem> {
                $plan(request)
            }
            fn continue_plan(
                request: $crate::PlanRequest,
                _state: Vec<u8>,
                _seen: Vec<$crate::SeenFile>,
            ) -> Result<$crate::Plan, $crate::Problem> {
                $plan(request)
            }
            fn run_step(_step: $crate::StepRun) -> Result<(), $crate::Problem> {
                Ok(())
            }
        }

        $crate::bindings::export!(Guest with_types_in $crate::bindings);
    };
}
