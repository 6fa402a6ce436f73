//! The workspace that every run starts from. Does not know what happens to it.

use super::model::{Config, Kind, Node, Pattern, Sources, Target};

/// Dependencies that come and go: always of a later target on an earlier one.
pub(super) const OPTIONAL_DEPS: [(&str, &str); 4] = [
    ("delta", "beta"),
    ("epsilon", "alpha"),
    ("lit", "beta"),
    ("pack", "lit"),
];

/// Places to which targets may write instead; most of them see their folder, so that what is left of an old output would be
/// an input.
pub(super) const OTHER_PLACES: [(&str, &[&str]); 6] = [
    (
        "alpha",
        &["out/made.txt", "made.txt", "out/deep/made.txt", "sub/made.txt"],
    ),
    ("delta", &["out/made.txt", "made.txt", "made"]),
    ("epsilon", &["deep/er/made.txt", "made.txt"]),
    ("env", &["said.txt", "told.txt", "told/said.txt"]),
    ("lit", &["out/made.txt", "lit.txt"]),
    ("pack", &["pack.txt", "top/pack.txt"]),
];

/// Folders in which edits happen: those that targets read, and some that none does.
pub(super) const FOLDERS: [&str; 22] = [
    "a",
    "a/sub",
    "a/.git",
    "b/src",
    "b/src/n1",
    "b/elsewhere",
    "c",
    "c/bin",
    "c/bin/n1",
    "d",
    "d/deep/er",
    "docs",
    "shared",
    "shared/n1",
    "f/schema",
    "f/own",
    "g/after",
    "h/other",
    "i",
    "i/node_modules/m",
    "top",
    "services/core/src",
];

/// Names that files get: every kind of pattern takes some and leaves some, and the shell would trip over others.
pub(super) const NAMES: [&str; 9] = [
    "x.txt",
    "y.txt",
    "z.tmp",
    "run.sh",
    "sp ace.txt",
    ".hidden",
    "ü.txt",
    "n1",
    "-v",
];

/// Files that have to stay where they are: inputs without a wildcard, and one in each folder.
pub(super) fn is_fixed(path: &str) -> bool {
    let named = ["g/gate.txt", "h/one.txt", "h/two.txt", "e/nested/own.txt"];
    named.contains(&path) || path.ends_with("keep.txt")
}

/// The files at the start.
pub(super) fn sources() -> Sources {
    let mut sources: Sources = FOLDERS
        .iter()
        .map(|folder| (format!("{folder}/keep.txt"), Node::file(format!("# {folder}\nkept\n"))))
        .collect();
    for path in ["g/gate.txt", "h/one.txt", "h/two.txt", "e/nested/own.txt"] {
        sources.insert(path.to_owned(), Node::file(format!("{path}\n")));
    }
    for folder in [
        "a",
        "b/src",
        "c",
        "d",
        "shared",
        "f/schema",
        "g/after",
        "services/core/src",
    ] {
        sources.insert(format!("{folder}/x.txt"), Node::file(format!("# note\n{folder}\n")));
    }
    sources
}

fn target(name: &'static str, root: &'static str, kind: Kind, deps: &[&'static str]) -> Target {
    Target {
        name,
        root,
        kind,
        deps: deps.to_vec(),
        inputs: None,
        outputs: match kind {
            Kind::Copy => vec!["out", "count.txt"],
            Kind::Gate => Vec::new(),
            Kind::Dump | Kind::Strip | Kind::Names => vec!["out/made.txt"],
        },
        variant: 1,
        fixed: 1,
        sees_stage: false,
        marks: false,
    }
}

impl Target {
    fn reading(mut self, inputs: &[Pattern]) -> Self {
        self.inputs = Some(inputs.to_vec());
        self
    }

    fn writing(mut self, outputs: &[&'static str]) -> Self {
        self.outputs = outputs.to_vec();
        self
    }
}

/// The targets at the start.
pub(super) fn config() -> Config {
    use Pattern::{Artifact, Below, Ending, EndingBelow, Named, Not, Workspace};
    let not = |pattern| Not(Box::new(pattern));
    let workspace = |pattern| Workspace(Box::new(pattern));
    let mut env = target("env", "i", Kind::Dump, &[]).writing(&["said.txt"]);
    env.sees_stage = true;
    env.marks = true;
    let targets = vec![
        target("alpha", "a", Kind::Strip, &[]),
        target("beta", "b", Kind::Names, &[]).reading(&[Below("src"), not(EndingBelow("src", "tmp"))]),
        target("gamma", "c", Kind::Copy, &["alpha"]).reading(&[Ending("", "txt"), Below("bin")]),
        target("delta", "d", Kind::Dump, &["alpha", "beta"]).reading(&[Below("")]),
        target("epsilon", "e/nested", Kind::Dump, &[])
            .reading(&[Named("own.txt"), workspace(Below("shared"))])
            .writing(&["deep/er/made.txt"]),
        target("gen", "f", Kind::Copy, &[])
            .reading(&[Below("schema")])
            .writing(&["gen", "count.txt"]),
        target("use", "f", Kind::Dump, &["gen"])
            .reading(&[Below("gen"), Below("own")])
            .writing(&["used.txt"]),
        target("gate", "g", Kind::Gate, &[]).reading(&[Named("gate.txt")]),
        target("after", "g", Kind::Dump, &["gate", "gamma"])
            .reading(&[Below("after"), Artifact("deps/gamma/count.txt")])
            .writing(&["after.txt"]),
        target("lit", "h", Kind::Dump, &[]).reading(&[Named("one.txt"), Named("two.txt")]),
        env,
        target("core:build", "services/core", Kind::Strip, &[]).reading(&[Below("src")]),
        target("core:names", "services/core", Kind::Names, &["core:build"])
            .reading(&[Ending("src", "txt")])
            .writing(&["names.txt"]),
        target("pack", "", Kind::Dump, &["delta", "epsilon", "use", "core:build"])
            .reading(&[Ending("top", "txt")])
            .writing(&["pack.txt"]),
    ];
    Config { targets, comment: 0 }
}

/// A target that comes and goes; nothing depends on it.
pub(super) fn extra() -> Target {
    target("extra", "x", Kind::Dump, &["alpha"])
        .reading(&[Pattern::Workspace(Box::new(Pattern::Below("docs")))])
        .writing(&["extra.txt"])
}
