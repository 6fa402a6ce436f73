//! The option `outputs`: files and folders, and the names they get as artifacts.

use std::collections::BTreeSet;

use farm_sdk::Problem;

/// A declared output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Declared {
    /// Its name as output and artifact.
    pub(crate) name: String,
    /// Its path from the target's folder.
    pub(crate) path: String,
}

/// Reads the option. `dist/` and `dist/**` mean the folder `dist`.
pub(crate) fn read(texts: &[String]) -> Result<Vec<Declared>, Problem> {
    let mut outputs: Vec<Declared> = Vec::new();
    let mut names = BTreeSet::new();
    for text in texts {
        let path = path_of(text)?;
        if let Some(other) = outputs.iter().find(|output| overlap(&output.path, &path)) {
            let problem = Problem::new(format!(
                "the outputs `{}` and `{path}` lie one in the other",
                other.path
            ));
            return Err(problem.hint("declare the outer one alone"));
        }
        let name = unique_name(&path, &mut names);
        outputs.push(Declared { name, path });
    }
    Ok(outputs)
}

fn path_of(text: &str) -> Result<String, Problem> {
    let path = text
        .strip_suffix("/**")
        .or_else(|| text.strip_suffix('/'))
        .unwrap_or(text);
    let path = path.strip_prefix("./").unwrap_or(path);
    if path.contains(['*', '?', '[', '{']) {
        let problem = Problem::new(format!("output `{text}` has a wildcard"));
        return Err(problem.hint("name the file, or the folder that holds all of them: `dist`"));
    }
    if path.starts_with('/') || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        let problem = Problem::new(format!("output `{text}` is not a path inside the target's folder"));
        return Err(problem.hint("an output lies below the target's `root`; write it from there, without `..`"));
    }
    Ok(path.to_owned())
}

fn overlap(a: &str, b: &str) -> bool {
    let is_within = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    a == b || is_within(a, b) || is_within(b, a)
}

/// The path in the letters that a name may have: `build/App.js` is `build-app.js`, `.next` is `next`.
fn unique_name(path: &str, names: &mut BTreeSet<String>) -> String {
    let letter = |c: char| match c.to_ascii_lowercase() {
        c @ ('a'..='z' | '0'..='9' | '-' | '_' | '.') => c,
        _ => '-',
    };
    let base: String = path.chars().map(letter).take(56).collect();
    let base = match base.trim_start_matches('.') {
        "" => "out".to_owned(),
        base => base.to_owned(),
    };
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    let mut candidates = std::iter::once(base.clone()).chain(numbered);
    let name = candidates.find(|name| names.insert(name.clone()));
    name.expect("invariant: there are more numbers than outputs")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(texts: &[&str]) -> Vec<(String, String)> {
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        read(&texts)
            .expect("sound")
            .into_iter()
            .map(|output| (output.name, output.path))
            .collect()
    }

    #[test]
    fn a_folder_may_be_written_in_three_ways() {
        for text in ["dist", "dist/", "dist/**", "./dist"] {
            assert_eq!(check(&[text]), [("dist".to_owned(), "dist".to_owned())]);
        }
    }

    #[test]
    fn names_stay_unique() {
        let names: Vec<_> = check(&["build/App.js", "build-app.js"])
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["build-app.js", "build-app.js-2"]);
    }

    #[test]
    fn a_hidden_folder_has_a_name_too() {
        assert_eq!(check(&[".next/"]), [("next".to_owned(), ".next".to_owned())]);
    }
}
