//! Names as image repositories, Compose and Kubernetes all take them, from what targets and paths are called: lower-case
//! letters, digits and single `-` between them. Does not know what is named.

use crate::oci::blob;

/// The longest label of Kubernetes.
pub(crate) const MAX_LABEL: usize = 63;
/// The longest name of a service, which has room for an ending of Kubernetes' own. The schema of `name` says the same.
const MAX_NAME: usize = 52;
/// How many digits of a digest part names.
const DIGITS: usize = 8;
/// Before a name that would not start with a letter.
const START: &str = "app";

/// The name of a target's service, its image and its product. Targets whose names differ in nothing but signs have the same:
/// of one product, that is told as a mistake.
pub(crate) fn of_target(target: &str) -> String {
    let plain = plain(target);
    let name = if plain.starts_with(|c: char| c.is_ascii_lowercase()) {
        plain
    } else {
        format!("{START}-{plain}").trim_end_matches('-').to_owned()
    };
    shortened(&name, target, MAX_NAME)
}

/// Letters, digits and `-` alone.
pub(crate) fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-").to_ascii_lowercase()
}

/// Whether it is a part of an image's name, as registries take it: letters and digits with single signs between them, or
/// with `__`, or with any number of `-`.
pub(crate) fn is_repository(part: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_edge = |byte: Option<u8>| byte.is_some_and(is_word);
    let mut between = part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let is_sign = |signs: &str| matches!(signs, "" | "." | "_" | "__") || signs.bytes().all(|byte| byte == b'-');
    is_edge(part.bytes().next()) && is_edge(part.bytes().last()) && between.all(is_sign)
}

/// A name that is too long ends with a digest of what it stands for.
pub(crate) fn shortened(name: &str, whole: &str, longest: usize) -> String {
    if name.len() <= longest {
        return name.to_owned();
    }
    with_digest(name, whole, longest)
}

/// The beginning of a name, and a digest of what it stands for.
pub(crate) fn with_digest(name: &str, whole: &str, longest: usize) -> String {
    let digest = blob::sha256(whole.as_bytes());
    let length = name.len().min(longest - DIGITS - 1);
    format!("{}-{}", name[..length].trim_end_matches('-'), &digest[..DIGITS])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_target_has_a_name_that_all_take() {
        for (target, name) in [
            ("shop-api", "shop-api"),
            ("my.app", "my-app"),
            ("My_App", "my-app"),
            ("shop:notes", "shop-notes"),
            ("a__b..c-", "a-b-c"),
            ("2fa", "app-2fa"),
            ("42", "app-42"),
            ("-._", "app"),
        ] {
            assert_eq!(of_target(target), name, "{target}");
        }
    }

    #[test]
    fn parts_of_an_images_name_are_those_that_registries_take() {
        for part in ["api", "a", "2fa", "my.api", "my_api", "my__api", "my---api", "a-b.c"] {
            assert!(is_repository(part), "{part}");
        }
        for part in ["", "..", ".a", "a.", "a..b", "a___b", "a._b", "A", "a-", "a:b"] {
            assert!(!is_repository(part), "{part}");
        }
    }

    #[test]
    fn long_names_differ_in_their_ends() {
        let names = ["x", "y"].map(|end| of_target(&format!("{}{end}", "a-long-name.".repeat(8))));
        assert_ne!(names[0], names[1]);
        for name in names {
            assert!(name.len() <= MAX_NAME && name.starts_with("a-long-name-a-"), "{name}");
            assert!(
                name.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            );
        }
    }
}
