//! Paths as the contract has them: relative, with `/` between parts, and the empty one is the folder itself. Does not know
//! what lies there.

/// A path, and one below it.
///
/// ```
/// assert_eq!(farm_sdk::paths::join("crates/app", "Cargo.toml"), "crates/app/Cargo.toml");
/// assert_eq!(farm_sdk::paths::join("", "Cargo.toml"), "Cargo.toml");
/// ```
#[must_use]
pub fn join(folder: &str, path: &str) -> String {
    match (folder, path) {
        ("", path) => path.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, path) => format!("{folder}/{path}"),
    }
}

/// The rest of a path below a folder, empty for the folder itself; none where it lies elsewhere.
#[must_use]
pub fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    if folder.is_empty() || path == folder {
        return Some(path.strip_prefix(folder).unwrap_or_default());
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}

/// Whether a folder lies below another one, and is not that one itself.
#[must_use]
pub fn is_inside(folder: &str, outer: &str) -> bool {
    below(folder, outer).is_some_and(|rest| !rest.is_empty())
}

/// A path as it is written in a manifest (`./a`, `../b`), taken from a folder; none where it is absolute, or leads out of
/// where paths start.
#[must_use]
pub fn resolve(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_up_but_not_out() {
        assert_eq!(resolve("crates/a", "./../b").as_deref(), Some("crates/b"));
        assert_eq!(resolve("a", "../../b"), None);
        assert_eq!(resolve("a", "/b"), None);
    }

    #[test]
    fn a_name_that_starts_alike_is_another_one() {
        assert_eq!(
            (below("a/b", "a"), below("ab", "a"), below("a", "a")),
            (Some("b"), None, Some(""))
        );
        assert!(is_inside("a/b", "a") && is_inside("a", "") && !is_inside("ab", "a") && !is_inside("a", "a"));
    }
}
