//! The format of Yarn 1: keys and values with a space between them, deeper ones with more spaces before them.

use super::{Locked, real_name};

/// The entries. A line that says nothing known is passed over.
pub(super) fn parse(text: &str) -> Vec<Locked> {
    let mut entries: Vec<Locked> = Vec::new();
    let mut section = "";
    for line in text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    {
        let depth = line.len() - line.trim_start().len();
        if depth == 0 {
            let asked = words(line.trim_end_matches(':'), ", ");
            let name = asked
                .first()
                .map(|asked| real_name(asked).to_owned())
                .unwrap_or_default();
            entries.push(Locked {
                asked,
                name,
                ..Locked::default()
            });
            continue;
        }
        let Some(entry) = entries.last_mut() else {
            continue;
        };
        if depth <= SHALLOW {
            section = line.trim();
        }
        if let [name, value] = &words(line.trim(), " ")[..] {
            entry.say(depth, section, (name, value));
        }
    }
    entries
}

/// Spaces before what an entry says of itself.
const SHALLOW: usize = 2;

impl Locked {
    fn say(&mut self, depth: usize, section: &str, (name, value): (&str, &str)) {
        match (depth > SHALLOW, section, name) {
            (true, "dependencies:", _) => drop(self.dependencies.insert(name.to_owned(), value.to_owned())),
            (true, "optionalDependencies:", _) => {
                drop(self.optional_dependencies.insert(name.to_owned(), value.to_owned()));
            }
            (false, _, "version") => self.version = Some(value.to_owned()),
            (false, _, "integrity") => self.integrity = Some(value.to_owned()),
            _ => {}
        }
    }
}

/// Words with a separator between them, which quotes may hold.
fn words(line: &str, separator: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            Some((word, after)) => (word, after.strip_prefix(separator).unwrap_or_default()),
            None => rest.split_once(separator).unwrap_or((rest, "")),
        };
        words.push(word.to_owned());
        rest = after;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_what_would_part_words() {
        let asked = "\"@a/b@^1.0.0, or\", c@2, \"d@3 || 4\"";
        assert_eq!(words(asked, ", "), ["@a/b@^1.0.0, or", "c@2", "d@3 || 4"]);
        assert_eq!(words("\"@a/b\" \">= 1\"", " "), ["@a/b", ">= 1"]);
    }
}
