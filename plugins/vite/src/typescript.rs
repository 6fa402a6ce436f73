//! The TypeScript configurations of an app: which ones are checked, and which they are built upon.

use std::collections::BTreeSet;

use farm_sdk::{Host, Problem};
use serde::Deserialize;

/// What the configurations of an app say.
#[derive(Debug, Default)]
pub(crate) struct Configurations {
    /// The files to check, each by itself.
    pub(crate) checked: Vec<String>,
    /// Files outside of the target's folder that they extend, from the workspace's root.
    pub(crate) outside: BTreeSet<String>,
}

#[derive(Deserialize)]
struct File {
    files: Option<Vec<String>>,
    include: Option<Vec<String>>,
    #[serde(default)]
    references: Vec<Reference>,
    extends: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Reference {
    path: String,
}

impl Configurations {
    /// Reads `tsconfig.json` and those that it refers to. `root` is the target's folder in the workspace.
    pub(crate) fn read(host: &dyn Host, root: &str) -> Result<Self, Problem> {
        let mut found = Self::default();
        let mut waiting = vec!["tsconfig.json".to_owned()];
        let mut seen = BTreeSet::new();
        while let Some(path) = waiting.pop() {
            if !seen.insert(path.clone()) {
                continue;
            }
            let Some(text) = host.read_text(&path)? else { continue };
            let file = parse(&path, &text)?;
            for reference in file.references.iter().rev() {
                waiting.push(referred(host, &path, &reference.path)?);
            }
            for base in extended(&file) {
                found.note_base(root, &path, base);
            }
            if !file.is_solution() {
                found.checked.push(path);
            }
        }
        Ok(found)
    }

    /// A base outside of the target's folder must be an input; inside, the sources contain it.
    fn note_base(&mut self, root: &str, from: &str, base: &str) {
        if base.starts_with('.') && resolve("", from, base).is_none() {
            self.outside
                .extend(resolve(root, from, base).map(|path| with_extension(&path)));
        }
    }
}

impl File {
    /// A file without sources of its own only gathers others.
    fn is_solution(&self) -> bool {
        self.files.as_ref().is_some_and(Vec::is_empty) && self.include.is_none()
    }
}

fn extended(file: &File) -> Vec<&str> {
    match &file.extends {
        Some(serde_json::Value::String(base)) => vec![base],
        Some(serde_json::Value::Array(bases)) => bases.iter().filter_map(|base| base.as_str()).collect(),
        _ => Vec::new(),
    }
}

fn referred(host: &dyn Host, from: &str, path: &str) -> Result<String, Problem> {
    let outside = || {
        let problem =
            Problem::new(format!("`{from}` refers to `{path}`, outside of the target's folder")).in_file(from);
        problem.hint("check that project in a target of its own, or set `typecheck = false`")
    };
    let path = resolve("", from, path).ok_or_else(outside)?;
    match host.look(&path)? {
        Some(farm_sdk::EntryKind::Folder) => Ok(format!("{path}/tsconfig.json")),
        Some(_) => Ok(path),
        None => {
            let problem = Problem::new(format!("`{from}` refers to `{path}`, which does not exist")).in_file(from);
            Err(problem.hint("create that file, or take the reference out"))
        }
    }
}

/// A path of a configuration from the folder that `root` is in; none when it leaves that.
fn resolve(root: &str, from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = root
        .split('/')
        .chain(from.split('/'))
        .filter(|part| !part.is_empty())
        .collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn with_extension(path: &str) -> String {
    if path.to_ascii_lowercase().ends_with(".json") {
        path.to_owned()
    } else {
        format!("{path}.json")
    }
}

fn parse(path: &str, text: &str) -> Result<File, Problem> {
    serde_json::from_str(&plain_json(text)).map_err(|error| {
        let line = u32::try_from(error.line()).unwrap_or(u32::MAX).max(1);
        Problem::new(format!("`{path}` cannot be read: {error}"))
            .in_file(path)
            .at_line(line)
            .hint("correct the JSON there")
    })
}

/// JSON as TypeScript reads it, without its comments and commas at the end; lines stay lines.
fn plain_json(text: &str) -> String {
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

fn copy_string(plain: &mut String, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
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

fn skip_comment(plain: &mut String, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
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
        let value: serde_json::Value = serde_json::from_str(&plain_json(text)).expect("plain JSON");
        assert_eq!(value, serde_json::json!({ "u": "x//y, ]", "l": [1, 2] }));
    }

    #[test]
    fn paths_stay_inside_or_are_told() {
        assert_eq!(
            resolve("", "tsconfig.json", "./tsconfig.app.json").as_deref(),
            Some("tsconfig.app.json")
        );
        assert_eq!(resolve("", "a/tsconfig.json", "../b").as_deref(), Some("b"));
        assert_eq!(resolve("", "tsconfig.json", "../base.json"), None);
        assert_eq!(
            resolve("apps/web", "tsconfig.json", "../../base.json").as_deref(),
            Some("base.json")
        );
        assert_eq!(resolve("apps/web", "tsconfig.json", "../../../base.json"), None);
    }
}
