//! A typed walk over parsed TOML, in which every value knows its key, its table and its place.
//!
//! Does not know which keys `farm.toml` has.

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Fault, shown};
use super::source::Source;
use crate::error::Location;

/// A table and its name.
pub(super) struct Table<'a> {
    pub source: &'a Source,
    /// The table around it and its key there; none for the whole file.
    outer: Option<(&'a Self, &'a str)>,
    /// Offset of the place that stands for the table.
    at: usize,
    entries: &'a DeTable<'a>,
}

/// A key and its value.
pub(super) struct Item<'a> {
    pub key: &'a str,
    table: &'a Table<'a>,
    key_at: usize,
    value: &'a Spanned<DeValue<'a>>,
}

/// One text of a list.
pub(super) struct Word<'a> {
    pub text: &'a str,
    at: usize,
    index: usize,
    item: &'a Item<'a>,
}

impl<'a> Table<'a> {
    /// The whole file.
    pub(super) fn of_file(source: &'a Source, entries: &'a DeTable<'a>) -> Self {
        Self {
            source,
            outer: None,
            at: 0,
            entries,
        }
    }

    /// Refuses any key but these; the first in the file is told.
    pub(super) fn allow(&self, known: &'static [&'static str]) -> Result<(), ConfigError> {
        let unknown = self
            .entries
            .keys()
            .filter(|key| !known.contains(&key.get_ref().as_ref()));
        let Some(first) = unknown.min_by_key(|key| key.span().start) else {
            return Ok(());
        };
        let fault = Fault::UnknownKey {
            key: first.get_ref().to_string(),
            table: self.name(),
            known,
        };
        Err(fault.at(self.source.locate(first.span().start)))
    }

    /// The value of this key, if it is there.
    pub(super) fn get(&'a self, key: &str) -> Option<Item<'a>> {
        let (key, value) = self.entries.get_key_value(key)?;
        Some(self.item(key, value))
    }

    /// The value of this key, which must be there; `example` is how it could read.
    pub(super) fn require(&'a self, key: &'static str, example: &'static str) -> Result<Item<'a>, ConfigError> {
        self.get(key).ok_or_else(|| {
            let table = self.name();
            Fault::MissingKey { key, table, example }.at(self.location())
        })
    }

    /// All keys with their values, in the order of the file.
    pub(super) fn items(&'a self) -> Vec<Item<'a>> {
        let mut items: Vec<_> = self.entries.iter().map(|(key, value)| self.item(key, value)).collect();
        items.sort_by_key(|item| item.key_at);
        items
    }

    /// The place that stands for the table: its own key.
    pub(super) fn location(&self) -> Location {
        self.source.locate(self.at)
    }

    /// As a message names it: `[targets.web]`; `the file` for the whole of it.
    fn name(&self) -> String {
        name_table(self.outer)
    }

    fn item(&'a self, key: &'a Spanned<std::borrow::Cow<'a, str>>, value: &'a Spanned<DeValue<'a>>) -> Item<'a> {
        Item {
            key: key.get_ref(),
            table: self,
            key_at: key.span().start,
            value,
        }
    }
}

impl<'a> Item<'a> {
    /// Where the value stands.
    pub(super) fn location(&self) -> Location {
        self.source().locate(self.value.span().start)
    }

    /// Where the key stands.
    pub(super) fn key_location(&self) -> Location {
        self.source().locate(self.key_at)
    }

    /// Offset of the key.
    pub(super) fn key_at(&self) -> usize {
        self.key_at
    }

    /// The value as it was parsed.
    pub(super) fn value(&self) -> &'a Spanned<DeValue<'a>> {
        self.value
    }

    /// The file it stands in.
    pub(super) fn source(&self) -> &'a Source {
        self.table.source
    }

    /// The text that the value must be.
    pub(super) fn text(&self) -> Result<&'a str, ConfigError> {
        self.value
            .get_ref()
            .as_str()
            .ok_or_else(|| self.wrong_type("text in quotes"))
    }

    /// The `true` or `false` that the value must be.
    pub(super) fn flag(&self) -> Result<bool, ConfigError> {
        match self.value.get_ref() {
            DeValue::Boolean(flag) => Ok(*flag),
            _ => Err(self.wrong_type("true or false")),
        }
    }

    /// The table that the value must be.
    pub(super) fn table(&self) -> Result<Table<'a>, ConfigError> {
        let entries = self.value.get_ref().as_table();
        Ok(Table {
            source: self.source(),
            outer: Some((self.table, self.key)),
            at: self.key_at,
            entries: entries.ok_or_else(|| self.wrong_type("a table"))?,
        })
    }

    /// The list of text that the value must be.
    pub(super) fn words(&'a self) -> Result<Vec<Word<'a>>, ConfigError> {
        let list = self.value.get_ref().as_array();
        let list = list.ok_or_else(|| self.wrong_type("a list of text"))?;
        let words = list.iter().enumerate().map(|(index, value)| {
            let at = value.span().start;
            let text = value.get_ref().as_str();
            let text = text.ok_or_else(|| self.wrong_element(index, value))?;
            Ok(Word {
                text,
                at,
                index,
                item: self,
            })
        });
        words.collect()
    }

    /// The list of text that the value must be, without repetitions.
    pub(super) fn distinct_words(&'a self) -> Result<Vec<Word<'a>>, ConfigError> {
        let words = self.words()?;
        let mut seen = BTreeSet::new();
        match words.iter().find(|word| !seen.insert(word.text)) {
            Some(again) => Err(again.bad_value(format!("names `{}` again", shown(again.text)), None)),
            None => Ok(words),
        }
    }

    /// The error of a value that cannot be.
    pub(super) fn bad_value(&self, reason: String, hint: Option<String>) -> ConfigError {
        self.error(|key, table| Fault::BadValue {
            key,
            table,
            reason,
            hint,
        })
    }

    /// An error that names key and table, at the value's place.
    pub(super) fn error(&self, fault: impl FnOnce(String, String) -> Fault) -> ConfigError {
        fault(shown(self.key), self.table.name()).at(self.location())
    }

    /// As a message names a table of this key.
    pub(super) fn name_of_table(&self) -> String {
        name_table(Some((self.table, self.key)))
    }

    fn wrong_type(&self, expected: &'static str) -> ConfigError {
        let value = self.value.get_ref();
        let hint = match (expected, value) {
            ("a list of text", DeValue::String(text)) => {
                Some(format!("write {} = [\"{}\"]", shown(self.key), shown(text)))
            }
            ("a table", DeValue::Array(_)) => Some("a table's name stands in one pair of brackets".to_owned()),
            _ => None,
        };
        let found = describe(value);
        self.error(|key, table| Fault::WrongType {
            key,
            table,
            expected,
            found,
            hint,
        })
    }

    fn wrong_element(&self, index: usize, value: &Spanned<DeValue<'_>>) -> ConfigError {
        let fault = Fault::WrongType {
            key: format!("{}[{index}]", shown(self.key)),
            table: self.table.name(),
            expected: "text in quotes",
            found: describe(value.get_ref()),
            hint: None,
        };
        fault.at(self.source().locate(value.span().start))
    }
}

impl Word<'_> {
    /// Where it stands.
    pub(super) fn location(&self) -> Location {
        self.item.source().locate(self.at)
    }

    /// The error of a text that cannot be.
    pub(super) fn bad_value(&self, reason: String, hint: Option<String>) -> ConfigError {
        self.error(|key, table| Fault::BadValue {
            key,
            table,
            reason,
            hint,
        })
    }

    /// An error that names the list, the index and the table, at the text's place.
    pub(super) fn error(&self, fault: impl FnOnce(String, String) -> Fault) -> ConfigError {
        let key = format!("{}[{}]", shown(self.item.key), self.index);
        fault(key, self.item.table.name()).at(self.location())
    }
}

/// The name of a table, from its key and the tables around it.
fn name_table(outer: Option<(&Table<'_>, &str)>) -> String {
    let mut keys = Vec::new();
    let mut outer = outer;
    while let Some((table, key)) = outer {
        keys.push(shown(key));
        outer = table.outer;
    }
    keys.reverse();
    match keys.is_empty() {
        true => "the file".to_owned(),
        false => format!("[{}]", keys.join(".")),
    }
}

/// A value as a message names it.
pub(super) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text \"{}\"", shown(text)),
        DeValue::Integer(number) => format!("the number {}", shown(&number.to_string())),
        DeValue::Float(number) => format!("the number {}", shown(number.as_str())),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(date) => format!("the date {date}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
