//! Whether a link stays in its tree, whatever other links of the tree it passes through.
//!
//! Decided on the tree alone, before anything is on the disk.

use std::collections::BTreeMap;

use crate::path::{MAX_PART_BYTES, MAX_PATH_BYTES, RelPath};

/// As many links may follow each other; Linux allows the same number.
const MAX_HOPS: usize = 40;

/// Walks from the link at `at` to its target through all links of the tree. An error is the end of a sentence.
pub(super) fn check(links: &BTreeMap<&str, &str>, at: &RelPath, target: &str) -> Result<(), &'static str> {
    let mut here: Vec<&str> = at.parts().collect();
    here.pop();
    let mut ahead = Vec::new();
    push(target, &mut ahead)?;
    let mut hops = 0;
    while let Some(part) = ahead.pop() {
        match part {
            "" | "." => continue,
            ".." => {
                here.pop().ok_or("leads out of the folder")?;
                continue;
            }
            name => here.push(name),
        }
        if let Some(next) = links.get(here.join("/").as_str()) {
            hops += 1;
            if hops > MAX_HOPS {
                return Err("leads in a circle");
            }
            here.pop();
            push(next, &mut ahead)?;
        }
    }
    Ok(())
}

/// Puts the parts of a target on top of those that are still to be walked.
fn push<'a>(target: &'a str, ahead: &mut Vec<&'a str>) -> Result<(), &'static str> {
    if target.is_empty() {
        return Err("is empty");
    }
    if target.len() > MAX_PATH_BYTES || target.split('/').any(|part| part.len() > MAX_PART_BYTES) {
        return Err("is too long");
    }
    if target.starts_with('/') {
        return Err("is absolute");
    }
    if target.contains('\\') || target.chars().any(char::is_control) {
        return Err("contains a backslash or a control character");
    }
    ahead.extend(target.rsplit('/'));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(links: &[(&str, &str)]) -> Result<(), &'static str> {
        let all: BTreeMap<&str, &str> = links.iter().copied().collect();
        links.iter().try_for_each(|(at, target)| {
            let at = RelPath::parse(at).expect("a path of the test");
            check(&all, &at, target)
        })
    }

    #[test]
    fn links_are_followed_through_links() {
        assert_eq!(outcome(&[("bin/tool", "../lib/tool")]), Ok(()));
        assert_eq!(outcome(&[("a/b", "../..")]), Err("leads out of the folder"));
        // Each of the two looks harmless in text: `d/up` is the root's `..` only on the disk.
        assert_eq!(
            outcome(&[("d", "x/y"), ("e", "d/../../..")]),
            Err("leads out of the folder")
        );
        assert_eq!(
            outcome(&[("x/y/d", "../.."), ("e", "x/y/d/..")]),
            Err("leads out of the folder")
        );
        assert_eq!(outcome(&[("a", "b"), ("b", "a")]), Err("leads in a circle"));
        assert_eq!(outcome(&[("a", "/etc")]), Err("is absolute"));
        assert_eq!(outcome(&[("a", "")]), Err("is empty"));
    }
}
