//! Paths from the workspace's root, with `/` between parts. Does not look at any.

/// A path below a folder; the folder `""` is where paths start.
pub(crate) fn join(folder: &str, path: &str) -> String {
    match (folder, path) {
        ("", path) => path.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, path) => format!("{folder}/{path}"),
    }
}

/// A relative path, from a folder; none when it leads out of where paths start.
pub(crate) fn resolve(folder: &str, path: &str) -> Option<String> {
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

/// Whether a folder lies below another one.
pub(crate) fn is_inside(folder: &str, outer: &str) -> bool {
    folder != outer && (outer.is_empty() || folder.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_up_but_not_out() {
        assert_eq!(resolve("crates/a", "../b").as_deref(), Some("crates/b"));
        assert_eq!(resolve("a", "../../b"), None);
        assert!(is_inside("a/b", "a") && is_inside("a", "") && !is_inside("ab", "a") && !is_inside("a", "a"));
    }
}
