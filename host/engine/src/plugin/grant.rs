//! Grants: what a builder asks for against what the user granted, and the words that say what is missing.
//!
//! Pure. Does not know where grants are written down, except for the words of its hints.

use std::collections::BTreeSet;

use crate::error::{Class, Problem};
use crate::plan::{Permissions, Want};

/// What is wanted and not granted: the key under `[builders.NAME.permissions]`, and the name.
pub type Missing = Vec<(&'static str, String)>;

/// What is wanted and not granted.
pub fn missing(wants: &[Want], granted: &Permissions) -> Missing {
    Permissions::wanted(wants).missing_from(granted)
}

/// The problem of a builder that asks for more than it was granted, with the lines to write into `farm.toml`; none when
/// nothing is missing.
pub fn not_granted(builder: &str, wants: &[Want], granted: &Permissions) -> Option<Problem> {
    let missing = missing(wants, granted);
    if missing.is_empty() {
        return None;
    }
    let message = format!("builder `{builder}` asks for permissions that it was not granted");
    let mut problem = Problem::new("plugin::not-granted", Class::Policy, message);
    problem.causes = missing.iter().map(told).collect();
    let lines = lines(&missing, granted);
    Some(problem.hint(format!(
        "if you trust it with this, write {lines} under [builders.{builder}.permissions] in farm.toml"
    )))
}

/// The complete lines of the keys under which something is missing.
fn lines(missing: &[(&'static str, String)], granted: &Permissions) -> String {
    let mut lines = Vec::new();
    for (key, had) in granted.kinds() {
        let more: BTreeSet<&String> = missing
            .iter()
            .filter(|(kind, _)| *kind == key)
            .map(|(_, name)| name)
            .collect();
        if !more.is_empty() {
            let names: Vec<_> = had.iter().chain(more).map(|name| format!("{name:?}")).collect();
            lines.push(format!("`{key} = [{}]`", names.join(", ")));
        }
    }
    lines.join(" and ")
}

/// A missing permission for people.
pub(super) fn told((kind, name): &(&'static str, String)) -> String {
    match (*kind, name.as_str()) {
        ("tools", "*") => "it wants to run any tool".to_owned(),
        ("tools", name) => format!("it wants to run the tool `{name}`"),
        ("network", "*") => "it wants to reach any host on the network".to_owned(),
        ("network", "docker") => {
            "it wants to reach your container engine, which lets it do what that can, mostly all that root can"
                .to_owned()
        }
        ("network", "unix:*") => "it wants to reach any Unix socket of this machine".to_owned(),
        ("network", name) if name.starts_with("unix:") => {
            format!("it wants to reach the socket `{}`", &name["unix:".len()..])
        }
        ("network", name) => format!("it wants to reach the network for `{name}`"),
        ("environment", "*") => "it wants to read any variable of your environment".to_owned(),
        ("environment", name) => format!("it wants to read the variable `{name}`"),
        ("secrets", "*") => "it wants to hand any secret of yours to actions".to_owned(),
        ("secrets", name) => format!("it wants to hand the secret `{name}` to actions"),
        (_, name) => format!("it wants to keep the folder `{name}` between actions"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(name: &str) -> Want {
        Want::Tool(name.to_owned())
    }

    #[test]
    fn a_grant_is_by_kind_and_name() {
        let granted = Permissions::wanted(&[tool("go"), Want::Network("go".to_owned())]);
        let wants = [
            tool("b"),
            tool("go"),
            tool("a"),
            tool("b"),
            Want::Secret("go".to_owned()),
        ];
        let of = |kind, name: &str| (kind, name.to_owned());
        assert_eq!(
            missing(&wants, &granted),
            [of("tools", "a"), of("tools", "b"), of("secrets", "go")]
        );
        assert_eq!(not_granted("x", &[tool("go")], &granted), None);
    }

    #[test]
    fn any_tool_is_more_than_some() {
        let any = Permissions::wanted(&[tool("*")]);
        assert!(missing(&[tool("anything")], &any).is_empty());
        assert_eq!(missing(&[Want::Network("npm".to_owned())], &any).len(), 1);
        assert_eq!(missing(&[tool("*")], &Permissions::wanted(&[tool("a")])).len(), 1);
    }

    #[test]
    fn the_hint_is_what_has_to_be_written() {
        let granted = Permissions::wanted(&[tool("go")]);
        let wants = [tool("git"), Want::Network("go".to_owned())];
        let problem = not_granted("mine", &wants, &granted).expect("something is missing");
        assert_eq!(problem.class, Class::Policy);
        assert_eq!(
            problem.hints,
            [
                "if you trust it with this, write `tools = [\"go\", \"git\"]` and `network = [\"go\"]` \
              under [builders.mine.permissions] in farm.toml"
            ]
        );
    }
}
