//! Environment markers of PEP 508: whether a requirement is needed here. Does not know where the values are from.

use std::collections::BTreeMap;
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifier};

/// Operators, the longer of two that start alike first.
const OPERATORS: [&str; 8] = ["===", "~=", "==", "!=", "<=", ">=", "<", ">"];

/// Names that older markers use.
const OLD_NAMES: [(&str, &str); 6] = [
    ("os.name", "os_name"),
    ("platform.machine", "platform_machine"),
    ("platform.python_implementation", "platform_python_implementation"),
    ("platform.version", "platform_version"),
    ("python_implementation", "platform_python_implementation"),
    ("sys.platform", "sys_platform"),
];

/// Whether a marker is true where variables have these values; none where it cannot be read.
pub(crate) fn is_true(marker: &str, environment: &BTreeMap<String, String>) -> Option<bool> {
    let mut reader = Reader {
        rest: marker,
        environment,
    };
    let found = reader.either(0)?;
    reader.rest.trim().is_empty().then_some(found)
}

/// Parentheses that may be open at once.
const MAX_DEPTH: usize = 32;

struct Reader<'a> {
    rest: &'a str,
    environment: &'a BTreeMap<String, String>,
}

impl<'a> Reader<'a> {
    /// One or several of which one has to be true.
    fn either(&mut self, depth: usize) -> Option<bool> {
        let mut found = self.all(depth)?;
        while self.takes_word("or") {
            found |= self.all(depth)?;
        }
        Some(found)
    }

    /// One or several that all have to be true.
    fn all(&mut self, depth: usize) -> Option<bool> {
        let mut found = self.one(depth)?;
        while self.takes_word("and") {
            found &= self.one(depth)?;
        }
        Some(found)
    }

    /// A comparison, or what stands in parentheses.
    fn one(&mut self, depth: usize) -> Option<bool> {
        if depth < MAX_DEPTH && self.takes("(") {
            let found = self.either(depth + 1)?;
            return self.takes(")").then_some(found);
        }
        let left = self.value()?;
        let operator = self.operator()?;
        compare(&left, operator, &self.value()?)
    }

    fn operator(&mut self) -> Option<&'static str> {
        if self.takes_word("in") {
            return Some("in");
        }
        if self.takes_word("not") {
            return self.takes_word("in").then_some("not in");
        }
        OPERATORS.into_iter().find(|operator| self.takes(operator))
    }

    /// A text in quotes, or what a variable stands for.
    fn value(&mut self) -> Option<String> {
        let rest = self.rest.trim_start();
        if let Some(quote) = rest.chars().next().filter(|c| "'\"".contains(*c)) {
            let (text, rest) = rest[1..].split_once(quote)?;
            self.rest = rest;
            return Some(text.to_owned());
        }
        let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        self.rest = rest;
        let old = OLD_NAMES.iter().find(|(old, _)| *old == name);
        self.environment.get(old.map_or(name, |(_, name)| name)).cloned()
    }

    fn takes(&mut self, text: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(text);
        self.goes_on(rest)
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(word);
        self.goes_on(rest.filter(|rest| !rest.starts_with(is_word)))
    }

    fn goes_on(&mut self, rest: Option<&'a str>) -> bool {
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_.".contains(c)
}

/// Compares versions where both are versions, else texts.
fn compare(left: &str, operator: &str, right: &str) -> Option<bool> {
    match operator {
        "in" => return Some(right.contains(left)),
        "not in" => return Some(!right.contains(left)),
        _ => {}
    }
    let specifier = VersionSpecifier::from_str(&format!("{operator}{right}"));
    if let (Ok(version), Ok(specifier)) = (Version::from_str(left), specifier) {
        return Some(specifier.contains(&version));
    }
    match operator {
        "==" | "===" => Some(left == right),
        "!=" => Some(left != right),
        "<" => Some(left < right),
        "<=" => Some(left <= right),
        ">" => Some(left > right),
        ">=" => Some(left >= right),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(marker: &str) -> Option<bool> {
        let variables = [
            ("os_name", "posix"),
            ("platform_python_implementation", "CPython"),
            ("platform_release", "6.1.0-18-generic"),
            ("python_full_version", "3.11.7"),
            ("python_version", "3.11"),
            ("sys_platform", "linux"),
        ];
        let environment = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        is_true(marker, &BTreeMap::from(environment))
    }

    #[test]
    fn versions_and_texts_are_compared_as_what_they_are() {
        for marker in [
            "python_version >= '3.9'",
            "python_version<\"3.12\"",
            "'3.9' <= python_version",
            "python_full_version ~= '3.11.2'",
            "python_version == '3.*'",
            "sys_platform == 'linux'",
            "sys.platform != 'win32'",
            "os_name in 'posix nt'",
            "os_name not in 'java'",
            "platform_release >= '6.1.0-1'",
            "python_implementation == 'CPython'",
        ] {
            assert_eq!(here(marker), Some(true), "{marker}");
        }
        for marker in [
            "python_version < '3.9'",
            "sys_platform == 'darwin'",
            "os_name in 'java nt'",
        ] {
            assert_eq!(here(marker), Some(false), "{marker}");
        }
    }

    #[test]
    fn and_binds_closer_than_or() {
        let (yes, no) = ("os_name == 'posix'", "os_name == 'nt'");
        assert_eq!(here(&format!("{yes} or {yes} and {no}")), Some(true));
        assert_eq!(here(&format!("({yes} or {yes}) and {no}")), Some(false));
        assert_eq!(here(&format!("{no} and {no} or ({yes})")), Some(true));
    }

    #[test]
    fn what_is_no_marker_has_no_answer() {
        for marker in [
            "",
            "os_name",
            "os_name ==",
            "os_name == 'x",
            "shoes == '43'",
            "(os_name == 'x'",
            "os_name == 'x' 'y'",
        ] {
            assert_eq!(here(marker), None, "{marker}");
        }
        assert_eq!(here(&"(".repeat(100_000)), None);
    }
}
