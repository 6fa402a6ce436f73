//! Options against the JSON schema of their builder, told in our words and at the option's own place.
//!
//! Does not know the builder: a schema is data, and comes from somebody who is not trusted. It is compiled without
//! access to files or network, and its patterns with an engine of linear time.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::types::JsonType;
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

use super::error::{ConfigError, Fault, shown, suggest, tame};
use super::types::Target;

/// Most mistakes among which the one to tell is chosen.
const MAX_COMPARED: usize = 100;

/// A builder's schema, compiled once for all targets of that builder.
#[derive(Debug)]
pub struct OptionChecker {
    schema: Value,
    validator: Validator,
}

impl OptionChecker {
    /// Compiles the options schema of the builder of this name.
    pub fn new(builder: &str, schema: &Value) -> Result<Self, ConfigError> {
        let options = jsonschema::options()
            .offline()
            .with_pattern_options(PatternOptions::regex());
        let validator = options.build(schema).map_err(|error| Fault::BadSchema {
            builder: builder.to_owned(),
            reason: shown(&error.to_string()),
        })?;
        Ok(Self {
            schema: schema.clone(),
            validator,
        })
    }

    /// Checks a target's options. Of several mistakes the first in the file is told, unknown options before others: a
    /// misspelt one is often the cause of a missing one.
    pub fn check(&self, target: &Target) -> Result<(), ConfigError> {
        let options = Value::Object(target.options.clone());
        let errors = self.validator.iter_errors(&options).take(MAX_COMPARED);
        let complaints = errors.map(|error| self.complain(target, &error));
        let first = complaints.min_by_key(|(rank, error)| {
            let place = error.location.as_ref().map(|location| (location.line, location.column));
            (*rank, place)
        });
        first.map_or(Ok(()), |(_, error)| Err(error))
    }

    /// The mistake in our words, after its rank.
    fn complain(&self, target: &Target, error: &ValidationError<'_>) -> (u8, ConfigError) {
        let pointer = error.instance_path().as_str();
        match error.kind() {
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                let name = unexpected.first().map_or("", String::as_str);
                (0, self.unknown_option(target, error, name))
            }
            Kind::Required { property } => (
                1,
                self.missing_option(target, error, property.as_str().unwrap_or_default()),
            ),
            _ => {
                let (pointer, rule) = rule_of(error).unwrap_or_else(|| (pointer.to_owned(), other_rule(error)));
                let message = format!("{} {rule}", name_option(target, &pointer));
                let hints = near_choice(error).into_iter().chain(self.describe(&pointer)).collect();
                let location = target.option_location(&pointer);
                (
                    1,
                    Fault::BadOption {
                        message,
                        code: "config::bad-option",
                        hints,
                    }
                    .at(location),
                )
            }
        }
    }

    fn unknown_option(&self, target: &Target, error: &ValidationError<'_>, name: &str) -> ConfigError {
        let pointer = format!("{}/{}", error.instance_path().as_str(), escape(name));
        let properties = self
            .table_schema(error)
            .and_then(|schema| schema.get("properties")?.as_object());
        let known = properties
            .into_iter()
            .flat_map(|properties| properties.keys().map(String::as_str));
        let fault = Fault::BadOption {
            message: format!("unknown option `{}` of `{}`", option_path(&pointer), target.name),
            code: "config::unknown-option",
            hints: suggest(name, known, "options here"),
        };
        fault.at(target.option_key_location(&pointer))
    }

    fn missing_option(&self, target: &Target, error: &ValidationError<'_>, name: &str) -> ConfigError {
        let outer = error.instance_path().as_str();
        let pointer = format!("{outer}/{}", escape(name));
        let fault = Fault::BadOption {
            message: format!("`{}` lacks the option `{}`", target.name, option_path(&pointer)),
            code: "config::missing-option",
            hints: self.describe(&pointer).into_iter().collect(),
        };
        fault.at(target.option_key_location(outer))
    }

    /// The schema of the table in which the mistake is.
    fn table_schema(&self, error: &ValidationError<'_>) -> Option<&Value> {
        let (table, _) = error.schema_path().as_str().rsplit_once('/')?;
        self.schema.pointer(table)
    }

    /// What the schema says of an option, where it says something in the plainest way.
    fn describe(&self, pointer: &str) -> Option<String> {
        let mut schema = &self.schema;
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let property = schema.get("properties").and_then(|properties| properties.get(&token));
            schema = property.or_else(|| schema.get("items"))?;
        }
        let text = schema.get("description")?.as_str()?.lines().next()?;
        Some(format!("{}: {}", option_path(pointer), tame(text.chars().take(200))))
    }
}

/// Checks a target's options against a schema that is used once; see [`OptionChecker`].
pub fn check_options(target: &Target, schema: &Value) -> Result<(), ConfigError> {
    OptionChecker::new(&target.builder, schema)?.check(target)
}

/// The rule that was broken, as the end of a sentence, with the place: of alternatives, the one that was meant.
fn rule_of(error: &ValidationError<'_>) -> Option<(String, String)> {
    let pointer = error.instance_path().as_str();
    if let Kind::AnyOf { context } | Kind::OneOfNotValid { context } = error.kind() {
        return rule_of_alternatives(error, context);
    }
    let must = |rule: String| Some((pointer.to_owned(), format!("must {rule}")));
    match error.kind() {
        Kind::Type { kind } => must(format!(
            "be {}, found {}",
            types_of(kind),
            describe_value(error.instance())
        )),
        Kind::Enum { options } => must(format!(
            "be {}, found {}",
            list(options),
            describe_value(error.instance())
        )),
        Kind::Constant { expected_value } => must(format!("be {}", plain(expected_value))),
        Kind::Minimum { limit } => must(format!("be at least {limit}, found {}", plain(error.instance()))),
        Kind::Maximum { limit } => must(format!("be at most {limit}, found {}", plain(error.instance()))),
        Kind::ExclusiveMinimum { limit } => must(format!("be more than {limit}, found {}", plain(error.instance()))),
        Kind::ExclusiveMaximum { limit } => must(format!("be less than {limit}, found {}", plain(error.instance()))),
        Kind::MultipleOf { multiple_of } => must(format!("be a multiple of {multiple_of}")),
        Kind::Pattern { pattern } => must(format!(
            "match the pattern `{}`, found {}",
            shown(pattern),
            plain(error.instance())
        )),
        Kind::Format { format } => must(format!("have the format `{}`", shown(format))),
        Kind::MinLength { limit: 1 } | Kind::MinItems { limit: 1 } | Kind::MinProperties { limit: 1 } => {
            must("not be empty".to_owned())
        }
        Kind::MinLength { limit } => must(format!("have at least {limit} characters")),
        Kind::MaxLength { limit } => must(format!("have at most {limit} characters")),
        Kind::MinItems { limit } | Kind::MinProperties { limit } => must(format!("have at least {limit} entries")),
        Kind::MaxItems { limit } | Kind::MaxProperties { limit } => must(format!("have at most {limit} entries")),
        Kind::AdditionalItems { limit } => must(format!("have at most {limit} entries")),
        Kind::UniqueItems => must("not name the same twice".to_owned()),
        Kind::PropertyNames { error } => {
            let (_, rule) = rule_of(error)?;
            Some((pointer.to_owned(), format!("has a key that {rule}")))
        }
        Kind::FalseSchema => Some((pointer.to_owned(), "cannot be used here".to_owned())),
        _ => None,
    }
}

/// Of alternatives: the types, when the value has none of them; else what breaks the one whose type it has.
fn rule_of_alternatives(
    error: &ValidationError<'_>,
    context: &[Vec<ValidationError<'static>>],
) -> Option<(String, String)> {
    let here = error.instance_path().as_str();
    let wrong_type = |errors: &&Vec<ValidationError<'static>>| {
        let own = errors.iter().find(|error| error.instance_path().as_str() == here)?;
        match own.kind() {
            Kind::Type { kind } => Some(types_of(kind)),
            _ => None,
        }
    };
    if let Some(meant) = context.iter().find(|errors| wrong_type(errors).is_none()) {
        return meant.iter().find_map(rule_of);
    }
    let types: Vec<String> = context.iter().filter_map(|errors| wrong_type(&errors)).collect();
    let found = describe_value(error.instance());
    Some((
        here.to_owned(),
        format!("must be {}, found {found}", types.join(" or ")),
    ))
}

/// A rule that has no words of its own.
fn other_rule(error: &ValidationError<'_>) -> String {
    format!(
        "breaks the rule `{}` of the builder's schema",
        shown(error.kind().keyword())
    )
}

/// «did you mean», for a text that must be one of a few.
fn near_choice(error: &ValidationError<'_>) -> Option<String> {
    let Kind::Enum { options } = error.kind() else {
        return None;
    };
    let choices = options.as_array()?.iter().filter_map(Value::as_str);
    let hints = suggest(error.instance().as_str()?, choices, "choices");
    hints.into_iter().find(|hint| hint.starts_with("did you mean"))
}

/// `option `a[0]` of `lint``, or its options as a whole.
fn name_option(target: &Target, pointer: &str) -> String {
    match pointer {
        "" => format!("the options table of `{}`", target.name),
        pointer => format!("option `{}` of `{}`", option_path(pointer), target.name),
    }
}

/// A JSON pointer as people write it: `env.PATH`, `inputs[0]`.
fn option_path(pointer: &str) -> String {
    let mut path = String::new();
    for token in pointer.split('/').skip(1) {
        let is_index = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
        let token = shown(&token.replace("~1", "/").replace("~0", "~"));
        match (is_index, path.is_empty()) {
            (true, false) => path = format!("{path}[{token}]"),
            (false, false) => path = format!("{path}.{token}"),
            (_, true) => path = token,
        }
    }
    path
}

/// A name as a part of a JSON pointer.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn types_of(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => type_name(*one).to_owned(),
        TypeKind::Multiple(set) => set.iter().map(type_name).collect::<Vec<_>>().join(" or "),
    }
}

fn type_name(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Array => "a list",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Null => "nothing",
        JsonType::Number => "a number",
        JsonType::Object => "a table",
        JsonType::String => "text",
    }
}

/// A value with its kind, as a message says what was found.
fn describe_value(value: &Value) -> String {
    match value {
        Value::String(_) => format!("the text {}", plain(value)),
        Value::Number(_) => format!("the number {}", plain(value)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a table".to_owned(),
        Value::Bool(_) | Value::Null => plain(value),
    }
}

/// A value as it would be written, cut.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", shown(text)),
        value => shown(&value.to_string()),
    }
}

/// The values of an `enum`.
fn list(options: &Value) -> String {
    let choices: Vec<String> = options.as_array().into_iter().flatten().take(20).map(plain).collect();
    match choices.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => "one of no values".to_owned(),
    }
}
