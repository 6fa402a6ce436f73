//! Which files of a package are for what: to check, to compile, to test, to publish. Does not read any.

use farm_npm::join;
use farm_sdk::Input;

use crate::options::Options;
use crate::project::Project;

/// What tools and systems leave behind, secrets, and farm's own files.
const NEVER: &[&str] = &[
    "**/*.tsbuildinfo",
    "**/.DS_Store",
    "**/.env",
    "**/.env.*",
    "**/node_modules/**",
    ".farm/**",
    ".git/**",
    "coverage/**",
    "farm.lock",
    "farm.toml",
];

/// Tests, which are no part of a package.
const TESTS: &[&str] = &[
    "**/*.{spec,test}.*",
    "**/__snapshots__/**",
    "**/__tests__/**",
    "test/**",
    "tests/**",
];

/// What has been compiled into something else, or says how.
const COMPILED: &[&str] = &["**/*.{cts,mts,ts,tsx}", ".swcrc", "tsconfig*.json"];

/// What is no part of a package even where `files` names it: what npm leaves out, and the settings and lock files of the
/// other managers. Settings hold logins.
const UNPUBLISHED: &[&str] = &[
    "**/*.orig",
    "**/.*.swp",
    "**/._*",
    "**/.gitignore",
    "**/.npmignore",
    "**/.npmrc",
    "**/.pnpmfile.cjs",
    "**/.yarnrc",
    "**/.yarnrc.yml",
    "**/npm-debug.log",
    "**/{.git,.hg,.svn,CVS}/**",
    ".lock-wscript",
    ".pnp.*",
    ".wafpickle-*",
    ".yarn/**",
    "archived-packages/**",
    "build/config.gypi",
    "bun.lock",
    "bun.lockb",
    "package-lock.json",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "yarn.lock",
];

/// What is published whatever `files` says.
const ALWAYS: &[&str] = &["LICEN{C,S}E*", "README*", "package.json"];

/// What compilers read; a pattern with a wildcard need not match.
const SOURCES: &[&str] = &["**/*.{cjs,cts,js,json,jsx,mjs,mts,ts,tsx}", ".swcr[c]"];

/// The files of a package.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    pub(crate) project: &'a Project,
    pub(crate) options: &'a Options,
    /// The folder that compilers write to, from the package's; none where nothing is compiled.
    pub(crate) out: Option<&'a str>,
}

impl Sources<'_> {
    /// What a compiler reads; with the tests, or without them.
    pub(crate) fn code(&self, with_tests: bool) -> Input {
        let tests = if with_tests { &[] } else { TESTS };
        self.files(SOURCES).except(self.at(tests))
    }

    /// Everything that tests may read: all but what is compiled elsewhere.
    pub(crate) fn all(&self) -> Input {
        self.files(&["**"])
    }

    /// What the package consists of, beside what is compiled.
    pub(crate) fn published(&self) -> Vec<Input> {
        let named = self.options.files.as_ref().or(self.project.manifest.files.as_ref());
        let compiled = if self.out.is_some() { COMPILED } else { &[] };
        let Some(named) = named else {
            return vec![
                self.files(&["**"])
                    .except(self.at(&[TESTS, compiled, UNPUBLISHED].concat())),
            ];
        };
        let plain = |text: &str| text.trim_start_matches(['.', '/']).trim_end_matches('/').to_owned();
        let (left, taken): (Vec<&String>, Vec<_>) = named.iter().partition(|text| text.starts_with('!'));
        let left: Vec<String> = left.iter().map(|text| plain(text.trim_start_matches('!'))).collect();
        // What a pattern does not match is no mistake: it may be what the compiler makes.
        let taken = taken.iter().map(|text| plain(text)).filter(|text| !text.is_empty());
        let taken: Vec<String> = taken.flat_map(|text| [optional(&text), format!("{text}/**")]).collect();
        let taken = self.set(taken).except(left.iter().map(|text| self.project.at(text)));
        let taken = taken.except(self.at(UNPUBLISHED));
        vec![taken, self.set(ALWAYS.iter().map(|text| (*text).to_owned()).collect())]
    }

    fn files(&self, patterns: &[&str]) -> Input {
        self.set(patterns.iter().map(|text| (*text).to_owned()).collect())
    }

    fn set(&self, patterns: Vec<String>) -> Input {
        let project = self.project;
        let out = self.out.map(|out| format!("{out}/**"));
        let members = project.members.iter().filter(|folder| **folder != project.folder);
        let inside = members.filter(|folder| is_inside(folder, &project.folder));
        Input::files(patterns.iter().map(|text| project.at(text)))
            .except(self.at(NEVER))
            .except(out.map(|out| project.at(&out)))
            .except(self.options.exclude.iter().map(|text| project.at(text)))
            .except(inside.map(|folder| join(folder, "**")))
    }

    fn at(&self, patterns: &[&str]) -> Vec<String> {
        patterns.iter().map(|text| self.project.at(text)).collect()
    }
}

/// A pattern that takes the file of this name if it is there.
fn optional(path: &str) -> String {
    if path.contains(['*', '?', '[', '{']) {
        return path.to_owned();
    }
    match path.char_indices().last() {
        Some((at, last)) if last.is_alphanumeric() => format!("{}[{last}]", &path[..at]),
        _ => path.to_owned(),
    }
}

fn is_inside(folder: &str, outer: &str) -> bool {
    outer.is_empty() || folder.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
}
