//! A target's options: TOML as JSON, with the place of every value.
//!
//! Does not know what an option means.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::source::Source;
use super::walk::{Item, describe};

/// Deepest nesting of options; what a builder's JSON parser can be asked to take.
const MAX_DEPTH: usize = 64;

/// Line and column.
pub(super) type Spot = (u32, u32);

/// Where a value and its key stand; an element of a list has the one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub key: Spot,
    pub value: Spot,
}

/// The places of all values of an options table, in the order in which a walk from the outside meets them: one flat
/// list a target, searched only when something is wrong.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Places(Vec<Place>);

impl Places {
    /// The place of the value at a JSON pointer, or of the nearest one around it; none when there are no options.
    pub(super) fn find(&self, options: &Map<String, Value>, pointer: &str) -> Option<Place> {
        let mut tokens = pointer
            .split('/')
            .skip(1)
            .map(|token| token.replace("~1", "/").replace("~0", "~"));
        let mut index = 0;
        let mut next = tokens.next().and_then(|token| member(options, &token));
        while let Some((skipped, value)) = next {
            index += 1 + skipped;
            next = tokens.next().and_then(|token| child(value, &token));
        }
        self.0.get(index).copied()
    }
}

/// The value of this key, and how many values stand before it.
fn member<'v>(table: &'v Map<String, Value>, key: &str) -> Option<(usize, &'v Value)> {
    let value = table.get(key)?;
    let before = table.iter().take_while(|(name, _)| *name != key);
    Some((before.map(|(_, value)| count(value)).sum(), value))
}

fn child<'v>(value: &'v Value, token: &str) -> Option<(usize, &'v Value)> {
    match value {
        Value::Object(table) => member(table, token),
        Value::Array(list) => {
            let index: usize = token.parse().ok()?;
            let value = list.get(index)?;
            Some((list[..index].iter().map(count).sum(), value))
        }
        _ => None,
    }
}

/// How many values this one is, itself included.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(count).sum::<usize>(),
        Value::Object(table) => 1 + table.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

/// Reads the value of `options`.
pub(super) fn read_options(item: &Item<'_>) -> Result<(Map<String, Value>, Places), ConfigError> {
    let table = item.table()?;
    let mut reader = Reader {
        source: item.source(),
        places: Vec::new(),
    };
    reader.place(item.key_at(), item.value().span().start);
    let mut options = Map::new();
    for option in table.items() {
        reader.place(option.key_at(), option.value().span().start);
        let value = reader.value(&option, option.value(), MAX_DEPTH)?;
        options.insert(option.key.to_owned(), value);
    }
    Ok((options, Places(reader.places)))
}

/// Translates values and notes their places.
struct Reader<'a> {
    source: &'a Source,
    places: Vec<Place>,
}

impl Reader<'_> {
    fn place(&mut self, key: usize, value: usize) {
        self.places.push(Place {
            key: self.source.line_and_column(key),
            value: self.source.line_and_column(value),
        });
    }

    /// The value as JSON; `option` is the one that it is or is a part of.
    fn value(&mut self, option: &Item<'_>, value: &Spanned<DeValue<'_>>, depth: usize) -> Result<Value, ConfigError> {
        let refuse = |reason: String, hint: &str| {
            let mut error = option.bad_value(reason, Some(hint.to_owned()));
            error.location = Some(self.source.locate(value.span().start));
            Err(error)
        };
        if depth == 0 {
            return refuse(format!("is nested more than {MAX_DEPTH} deep"), "write it flatter");
        }
        match value.get_ref() {
            DeValue::String(text) => Ok(Value::String(text.to_string())),
            DeValue::Boolean(value) => Ok(Value::Bool(*value)),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Ok(Value::Number(number.into())),
                Err(_) => refuse("is a number beyond 64 bits".to_owned(), "write it as text"),
            },
            DeValue::Float(number) => match number.as_str().parse().ok().and_then(Number::from_f64) {
                Some(number) => Ok(Value::Number(number)),
                None => refuse(
                    format!("is {}, which is no finite number", describe(value.get_ref())),
                    "write it as text",
                ),
            },
            date @ DeValue::Datetime(_) => refuse(format!("is {}, not text", describe(date)), "put it in quotes"),
            DeValue::Array(list) => self.list(option, list.iter(), depth - 1),
            DeValue::Table(table) => self.table(option, table, depth - 1),
        }
    }

    fn list<'v>(
        &mut self,
        option: &Item<'_>,
        list: impl Iterator<Item = &'v Spanned<DeValue<'v>>>,
        depth: usize,
    ) -> Result<Value, ConfigError> {
        let mut values = Vec::new();
        for value in list {
            self.place(value.span().start, value.span().start);
            values.push(self.value(option, value, depth)?);
        }
        Ok(Value::Array(values))
    }

    fn table(&mut self, option: &Item<'_>, table: &DeTable<'_>, depth: usize) -> Result<Value, ConfigError> {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let mut members = Map::new();
        for (key, value) in entries {
            self.place(key.span().start, value.span().start);
            members.insert(key.get_ref().to_string(), self.value(option, value, depth)?);
        }
        Ok(Value::Object(members))
    }
}
