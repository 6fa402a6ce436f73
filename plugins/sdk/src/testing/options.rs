//! The schema of a builder's options and the type that reads them must say the same.

use serde_json::{Map, Value, json};

use crate::{Builder, Description};

/// Checks that the options schema and [`Builder::Options`] agree: the schema is valid and forbids unknown keys, each
/// property has a description and `examples` that fit it, each example is read by the type, and a key that the schema
/// does not have is refused by the type as well. `required` holds what the schema requires.
///
/// # Panics
/// They disagree; the message says where.
pub fn check_options<B: Builder>(required: &Value) {
    let description = B::describe();
    let schema: Value = serde_json::from_str(&description.options_schema).expect("the options schema is JSON");
    assert_eq!(schema["type"], "object", "the options schema describes an object");
    assert_eq!(
        schema["additionalProperties"], false,
        "the options schema forbids unknown keys"
    );
    assert_fits::<B>(&description, required);
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    for (name, property) in &properties {
        assert!(property["description"].is_string(), "option `{name}` has a description");
        let examples = property["examples"]
            .as_array()
            .unwrap_or_else(|| panic!("option `{name}` has examples"));
        for example in examples {
            assert_fits::<B>(&description, &with(required, name, example));
        }
    }
    let unknown = with(required, "no-such-option", &json!(1));
    assert!(read::<B>(&unknown).is_err(), "the options type denies unknown fields");
}

pub(super) fn assert_valid(description: &Description, options: &Value) {
    let schema: Value = serde_json::from_str(&description.options_schema).expect("the options schema is JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("the options schema is a JSON schema");
    let errors: Vec<String> = validator.iter_errors(options).map(|error| error.to_string()).collect();
    assert!(
        errors.is_empty(),
        "the options {options} do not fit the schema: {}",
        errors.join("; ")
    );
}

fn assert_fits<B: Builder>(description: &Description, options: &Value) {
    assert_valid(description, options);
    if let Err(problem) = read::<B>(options) {
        panic!("the schema allows {options}, the options type does not: {problem}");
    }
}

fn read<B: Builder>(options: &Value) -> Result<B::Options, String> {
    crate::builder::read_options(&options.to_string()).map_err(|problem| problem.message)
}

fn with(options: &Value, name: &str, value: &Value) -> Value {
    let mut map = options.as_object().cloned().unwrap_or_else(Map::new);
    map.insert(name.to_owned(), value.clone());
    Value::Object(map)
}
