//! JSON files of the user's: read with the place of a mistake, and freed of the comments that TypeScript allows.

use std::iter::Peekable;
use std::str::Chars;

use farm_sdk::Problem;
use serde::de::DeserializeOwned;

/// A file's content; a mistake is told with its line.
///
/// # Errors
/// It is not JSON, or says something of another type.
pub fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|error| {
        let line = u32::try_from(error.line()).unwrap_or(u32::MAX).max(1);
        Problem::new(format!("`{file}` cannot be read: {error}"))
            .in_file(file)
            .at_line(line)
            .hint("correct the JSON there")
    })
}

/// JSON as TypeScript reads it, without its comments and commas at the end; lines stay lines.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('"', _) => copy_string(&mut plain, &mut chars),
            ('/', Some('/')) => while chars.next_if(|&c| c != '\n').is_some() {},
            ('/', Some('*')) => skip_comment(&mut plain, &mut chars),
            (']' | '}', _) => {
                let end = plain.trim_end();
                if let Some(kept) = end.strip_suffix(',').map(str::len) {
                    plain.replace_range(kept..=kept, " ");
                }
                plain.push(c);
            }
            (c, _) => plain.push(c),
        }
    }
    plain
}

fn copy_string(plain: &mut String, chars: &mut Peekable<Chars<'_>>) {
    plain.push('"');
    while let Some(c) = chars.next() {
        plain.push(c);
        match c {
            '"' => return,
            '\\' => plain.extend(chars.next()),
            _ => {}
        }
    }
}

fn skip_comment(plain: &mut String, chars: &mut Peekable<Chars<'_>>) {
    chars.next();
    let mut last = ' ';
    for c in chars.by_ref() {
        if c == '\n' {
            plain.push(c);
        }
        if last == '*' && c == '/' {
            return;
        }
        last = c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_go_and_strings_stay() {
        let text = "{ // a \"b\"\n \"u\": \"x//y, ]\", /* c\n */ \"l\": [1, 2, ], }";
        let value: serde_json::Value = serde_json::from_str(&plain(text)).expect("plain JSON");
        assert_eq!(value, serde_json::json!({ "u": "x//y, ]", "l": [1, 2] }));
    }
}
