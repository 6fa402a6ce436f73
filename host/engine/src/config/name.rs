//! The names that users give: of the workspace, its targets, members and builders.
//!
//! A name becomes a folder's name and a part of `member:target`, so it is held narrow.

/// Longest name, in bytes.
const MAX_NAME_BYTES: usize = 100;

/// What is wrong with the name, as the end of a sentence.
pub(super) fn check(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("is empty");
    }
    if name.len() > MAX_NAME_BYTES {
        return Err("is longer than 100 bytes");
    }
    if !name.bytes().all(is_allowed) {
        return Err("must consist of lower-case letters, digits, `-`, `_` and `.`");
    }
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Err("must start with a letter or a digit");
    }
    if name.ends_with('.') {
        return Err("must not end with a dot");
    }
    if name.ends_with(".json") {
        return Err("must not end with `.json`, as farm's own files in the output folder do");
    }
    Ok(())
}

/// The nearest name that is allowed, if there is one.
pub(super) fn repair(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let fixed: String = lower
        .chars()
        .map(|c| if c.is_ascii() && is_allowed(c as u8) { c } else { '-' })
        .collect();
    let fixed = fixed.trim_matches(['-', '.', '_']).to_owned();
    (fixed != name && check(&fixed).is_ok()).then_some(fixed)
}

fn is_allowed(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_be_folders_and_nothing_else() {
        for good in ["a", "web-app", "v1.2", "0", "a_b"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            ".git",
            "-x",
            "a:b",
            "a/b",
            "A",
            "ü",
            "a b",
            "a.",
            "^a",
            "*",
            "manifest.json",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_bad_name_is_repaired_where_that_is_possible() {
        assert_eq!(repair("My App").as_deref(), Some("my-app"));
        assert_eq!(repair("..").as_deref(), None);
    }
}
