//! The settings of package managers (`.npmrc`, `.yarnrc.yml`): which variables of the environment they name. Knows no
//! values, and none of the settings themselves.

use std::collections::BTreeSet;

use farm_sdk::{Host, Problem};

/// What farm sets itself, so that nobody can hand it on.
const OURS: [&str; 6] = ["HOME", "LD_AUDIT", "LD_LIBRARY_PATH", "LD_PRELOAD", "PATH", "TMPDIR"];

/// The variables that these files name, most of them logins; a file that is not there names none.
///
/// # Errors
/// A file cannot be read.
pub fn variables(host: &dyn Host, paths: &[&str]) -> Result<BTreeSet<String>, Problem> {
    let mut all = BTreeSet::new();
    for path in paths {
        let text = host.read_text(path)?.unwrap_or_default();
        all.extend(named(&text).map(str::to_owned));
    }
    Ok(all)
}

/// The names in `${NAME}`, `${NAME?}`, `${NAME-other}` and `${NAME:-other}`, outside of comments.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with(['#', ';']));
    let found = lines.flat_map(|line| line.split("${").skip(1)).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let (name, after) = rest.split_at(end);
        let is_name = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
        (is_name && ["}", "?}", "-", ":-"].iter().any(|sign| after.starts_with(sign))).then_some(name)
    });
    found.filter(|name| !OURS.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_however_they_are_written() {
        let npm = "registry=https://npm.example/\n//npm.example/:_authToken=${NPM_TOKEN}\n# ${OLD}\n; ${OLDER}\n\
                   //b.example/:username=${USER_1?}\n//b.example/:_password=x${A}y${B}\ncache=${HOME}/c\nx=$PLAIN ${} ${1A} ${A B}";
        assert_eq!(named(npm).collect::<Vec<_>>(), ["NPM_TOKEN", "USER_1", "A", "B"]);
        let yarn = "npmScopes:\n  shop:\n    npmAuthToken: \"${TOKEN:-none}\"\n    npmRegistryServer: ${PLACE-x}\n";
        assert_eq!(named(yarn).collect::<Vec<_>>(), ["TOKEN", "PLACE"]);
    }
}
