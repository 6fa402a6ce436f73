//! One `go.mod`: what it requires, and which modules it takes from folders beside it. Does not read files.

use std::collections::BTreeSet;

use farm_sdk::Problem;

use crate::syntax::{Directive, directives};

/// What a `go.mod` says, as far as it decides what is fetched and read.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// The module's own path.
    pub(crate) path: String,
    /// The modules that it requires from elsewhere, as they are fetched.
    pub(crate) requirements: Vec<Requirement>,
    /// Folders that stand for modules, as they are written.
    pub(crate) folders: Vec<Folder>,
}

/// A module that is fetched.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// Its path, that of its replacement where there is one.
    pub(crate) path: String,
    /// Its version.
    pub(crate) version: String,
    /// The line that asks for it.
    pub(crate) line: u32,
}

/// A folder that `replace` or `use` names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Folder {
    /// As it is written.
    pub(crate) text: String,
    /// The line that names it.
    pub(crate) line: u32,
}

/// `replace PATH [VERSION] => PATH VERSION`, or a folder without a version.
#[derive(Debug)]
struct Replacement<'a> {
    path: &'a str,
    version: Option<&'a str>,
    by: (&'a str, Option<&'a str>),
}

impl<'a> Replacement<'a> {
    fn read(directive: &'a Directive) -> Option<Self> {
        let words: Vec<&str> = directive.words.iter().map(String::as_str).collect();
        let arrow = words.iter().position(|word| *word == "=>")?;
        Some(Self {
            path: words[..arrow].first()?,
            version: words[..arrow].get(1).copied(),
            by: (words.get(arrow + 1)?, words.get(arrow + 2).copied()),
        })
    }

    fn is_for(&self, path: &str, version: &str) -> bool {
        self.path == path && self.version.is_none_or(|only| only == version)
    }

    fn is_folder(&self) -> bool {
        self.by.1.is_none()
    }
}

impl Module {
    /// Reads a `go.mod`.
    pub(crate) fn read(text: &str) -> Self {
        let directives = directives(text);
        let of = |verb: &'static str| directives.iter().filter(move |directive| directive.verb == verb);
        let replacements: Vec<Replacement<'_>> = of("replace").filter_map(Replacement::read).collect();
        let path = of("module").find_map(|directive| directive.words.first());
        Self {
            path: path.cloned().unwrap_or_default(),
            requirements: of("require")
                .filter_map(|directive| fetched(directive, &replacements))
                .collect(),
            folders: replaced_folders(&directives),
        }
    }
}

/// The folders that `replace` directives name.
pub(crate) fn replaced_folders(directives: &[Directive]) -> Vec<Folder> {
    let replaced = directives.iter().filter(|directive| directive.verb == "replace");
    replaced
        .filter_map(|directive| {
            let replacement = Replacement::read(directive).filter(Replacement::is_folder)?;
            Some(Folder {
                text: replacement.by.0.to_owned(),
                line: directive.line,
            })
        })
        .collect()
}

/// What has to be fetched for a `require`; nothing, where a folder takes its place.
fn fetched(directive: &Directive, replacements: &[Replacement<'_>]) -> Option<Requirement> {
    let [path, version, ..] = directive.words.as_slice() else {
        return None;
    };
    let replacement = replacements
        .iter()
        .find(|replacement| replacement.is_for(path, version));
    let (path, version) = match replacement.map(|replacement| replacement.by) {
        None => (path.as_str(), version.as_str()),
        Some((path, version)) => (path, version?),
    };
    Some(Requirement {
        path: path.to_owned(),
        version: version.to_owned(),
        line: directive.line,
    })
}

/// Module and version that have a line of their own in a `go.sum`.
#[derive(Debug, Default)]
pub(crate) struct Sums(BTreeSet<(String, String)>);

impl Sums {
    /// Adds the lines of a `go.sum`.
    pub(crate) fn add(&mut self, text: &str) {
        let lines = text.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.to_owned(), words.next()?.to_owned()))
        });
        self.0.extend(lines);
    }

    /// Fails for a module that no line fixes: go would fetch whatever there is, and write the line by itself.
    pub(crate) fn check(&self, module: &Module) -> Result<(), Problem> {
        let is_fixed = |required: &&Requirement| {
            let line = (required.path.clone(), format!("{}/go.mod", required.version));
            self.0.contains(&line)
        };
        match module.requirements.iter().find(|required| !is_fixed(required)) {
            None => Ok(()),
            Some(Requirement { path, version, line }) => {
                let problem = Problem::new(format!("`go.sum` does not fix `{path} {version}`, which is required"));
                Err(problem.at_line(*line).hint("run `go mod tidy` and commit `go.sum`"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "module example.com/app\n\nrequire (\n\ta.com/x v1.0.0\n\tb.com/y v2.0.0 // indirect\n\tc.com/z v0.0.0\n)\n\
                        replace (\n\tb.com/y v2.0.0 => d.com/y v2.1.0\n\tc.com/z => ../z\n\ta.com/x v1.1.0 => ./x\n)\n";

    #[test]
    fn what_is_required_is_what_is_fetched() {
        let module = Module::read(TEXT);
        let required: Vec<_> = module
            .requirements
            .iter()
            .map(|r| (r.path.as_str(), r.version.as_str(), r.line))
            .collect();
        assert_eq!(required, [("a.com/x", "v1.0.0", 4), ("d.com/y", "v2.1.0", 5)]);
        let folders: Vec<_> = module.folders.iter().map(|f| (f.text.as_str(), f.line)).collect();
        assert_eq!(
            (module.path.as_str(), folders),
            ("example.com/app", vec![("../z", 10), ("./x", 11)])
        );
    }

    #[test]
    fn each_requirement_needs_a_line_of_its_own() {
        let mut sums = Sums::default();
        sums.add("a.com/x v1.0.0 h1:aa=\na.com/x v1.0.0/go.mod h1:aa=\n\n");
        let problem = sums.check(&Module::read(TEXT)).expect_err("a line is missing");
        assert_eq!(
            problem.message,
            "`go.sum` does not fix `d.com/y v2.1.0`, which is required"
        );
        assert_eq!(problem.line, Some(5));
        sums.add("d.com/y v2.1.0/go.mod h1:bb=");
        assert_eq!(sums.check(&Module::read(TEXT)), Ok(()));
    }
}
