//! The key: whatever can change a result changes it, and nothing else does. One case for each row of
//! `host/docs/action-key.md`, and the explanation shows every one of them.

use std::collections::{BTreeMap, BTreeSet};

use farm_engine::digest::Digest;
use farm_engine::key::{InputContent, KeyParts, ToolIdentity, compare, explain, key, outline};
use farm_engine::path::RelPath;
use farm_engine::plan::{
    CacheMount, CheckedAction, CheckedFetch, CheckedInput, CheckedOutput, CheckedSource, CheckedWork, OutputShape,
    StepRun,
};
use farm_engine::sandbox::Tier;

/// All parts of a key, owned.
#[derive(Clone)]
struct Parts {
    action: CheckedAction,
    root: RelPath,
    builder: Digest,
    platform: String,
    base: Option<String>,
    tier: Option<Tier>,
    tools: Vec<ToolIdentity>,
    passed: BTreeMap<String, String>,
    tree: BTreeMap<RelPath, InputContent>,
}

fn path(text: &str) -> RelPath {
    RelPath::parse(text).expect("a path")
}

fn file(text: &str) -> InputContent {
    InputContent::File {
        digest: Digest::of(text.as_bytes()),
        executable: false,
    }
}

/// Parts with something in every section.
fn parts() -> Parts {
    Parts {
        action: CheckedAction {
            id: "run".to_owned(),
            label: "does it".to_owned(),
            work: CheckedWork::Tool {
                tool: "sh".to_owned(),
                arguments: vec!["-c".to_owned(), "cat a".to_owned()],
                directory: path("sub"),
            },
            inputs: Vec::new(),
            outputs: vec![CheckedOutput {
                name: "out".to_owned(),
                path: path("out"),
                shape: OutputShape::File,
                required: true,
                in_place: true,
            }],
            tools: BTreeSet::new(),
            environment: vec![("CI".to_owned(), "1".to_owned())],
            path_variables: vec![("CACHE".to_owned(), path("cache"))],
            stdout: Some(path("out")),
            pass_environment: vec!["TZ".to_owned(), "USER".to_owned()],
            secrets: vec!["TOKEN".to_owned()],
            fetch: Some(CheckedFetch {
                from: vec!["npm".to_owned()],
                pinned_by: vec![path("lock")],
            }),
            caches: vec![CacheMount {
                name: "tsc".to_owned(),
                variable: "TSC".to_owned(),
            }],
            timeout_seconds: Some(5),
            weight: 1,
            jobserver: false,
            untrusted: false,
            private_caches: Vec::new(),
            checks_limit: false,
            without_ignored: false,
            on_demand: None,
        },
        root: path("apps/web"),
        builder: Digest::of(b"component"),
        platform: "linux-x86_64".to_owned(),
        base: Some("debian 13".to_owned()),
        tier: Some(Tier::L2),
        tools: vec![ToolIdentity {
            name: "sh".to_owned(),
            version: "1.0".to_owned(),
            digest: Digest::of(b"sh"),
        }],
        passed: BTreeMap::from([("TZ".to_owned(), "UTC".to_owned())]),
        tree: BTreeMap::from([
            (path("a"), file("text")),
            (path("link"), InputContent::Link("a".to_owned())),
            (path("empty"), InputContent::Folder),
            (path("node_modules"), InputContent::Unpacked(Digest::of(b"tree"))),
        ]),
    }
}

impl Parts {
    fn with<T>(&self, then: impl FnOnce(&KeyParts<'_>) -> T) -> T {
        then(&KeyParts {
            action: &self.action,
            root: &self.root,
            builder: self.builder,
            platform: &self.platform,
            base_system: self.base.as_deref(),
            tier: self.tier,
            tools: &self.tools,
            passed: &self.passed,
            tree: &self.tree,
        })
    }

    fn key(&self) -> Digest {
        self.with(key)
    }
}

type Change = fn(&mut Parts);

fn run(parts: &mut Parts) -> (&mut String, &mut Vec<String>, &mut RelPath) {
    match &mut parts.action.work {
        CheckedWork::Tool {
            tool,
            arguments,
            directory,
        } => (tool, arguments, directory),
        CheckedWork::Step(_) => panic!("it is a tool"),
    }
}

const CHANGES: [(&str, Change); 39] = [
    ("platform", |p| p.platform = "linux-aarch64".to_owned()),
    ("base system", |p| p.base = Some("debian 14".to_owned())),
    ("tier", |p| p.tier = Some(Tier::L1)),
    ("builder", |p| p.builder = Digest::of(b"another component")),
    ("folder", |p| p.root = path("apps/api")),
    ("tool", |p| *run(p).0 = "bash".to_owned()),
    ("argument", |p| run(p).1[1].push(' ')),
    ("arguments joined", |p| *run(p).1 = vec!["-ccat a".to_owned()]),
    ("arguments in another order", |p| run(p).1.reverse()),
    ("one argument more", |p| run(p).1.push(String::new())),
    ("directory", |p| *run(p).2 = RelPath::root()),
    ("step instead of tool", |p| {
        p.action.work = CheckedWork::Step(StepRun {
            name: "sh".to_owned(),
            parameters: String::new(),
        });
    }),
    ("variable's value", |p| p.action.environment[0].1 = "0".to_owned()),
    ("variable's name", |p| p.action.environment[0].0 = "CJ".to_owned()),
    ("no variable", |p| p.action.environment.clear()),
    ("variable's path", |p| p.action.path_variables[0].1 = path("other")),
    ("variable with a path that is none", |p| {
        p.action.path_variables.clear();
        p.action.environment.push(("CACHE".to_owned(), "cache".to_owned()));
    }),
    ("standard output's place", |p| p.action.stdout = Some(path("other"))),
    ("standard output in the log", |p| p.action.stdout = None),
    ("passed value", |p| {
        drop(p.passed.insert("TZ".to_owned(), "CET".to_owned()));
    }),
    ("passed and set empty", |p| {
        drop(p.passed.insert("USER".to_owned(), String::new()));
    }),
    ("passed and not set", |p| p.passed.clear()),
    ("secret's name", |p| p.action.secrets[0] = "KEY".to_owned()),
    ("tool cache's name", |p| p.action.caches[0].name = "vite".to_owned()),
    ("tool cache's variable", |p| {
        p.action.caches[0].variable = "VITE".to_owned();
    }),
    ("network's purpose", |p| fetch(p).from[0] = "pypi".to_owned()),
    ("lock file", |p| fetch(p).pinned_by[0] = path("other")),
    ("no network", |p| p.action.fetch = None),
    ("tool's digest", |p| p.tools[0].digest = Digest::of(b"sh 2")),
    ("tool's version", |p| p.tools[0].version = "1.1".to_owned()),
    ("file's content", |p| drop(p.tree.insert(path("a"), file("text 2")))),
    ("file's name", |p| {
        let content = p.tree.remove(&path("a")).expect("it is there");
        p.tree.insert(path("b"), content);
    }),
    ("file made executable", |p| {
        let digest = Digest::of(b"text");
        p.tree.insert(
            path("a"),
            InputContent::File {
                digest,
                executable: true,
            },
        );
    }),
    ("link's target", |p| {
        drop(p.tree.insert(path("link"), InputContent::Link("b".to_owned())));
    }),
    ("empty folder gone", |p| drop(p.tree.remove(&path("empty")))),
    ("dependencies", |p| {
        p.tree
            .insert(path("node_modules"), InputContent::Unpacked(Digest::of(b"tree 2")));
    }),
    ("output's path", |p| p.action.outputs[0].path = path("out2")),
    ("output's shape", |p| p.action.outputs[0].shape = OutputShape::Folder),
    ("output not required", |p| p.action.outputs[0].required = false),
];

fn fetch(parts: &mut Parts) -> &mut CheckedFetch {
    parts.action.fetch.as_mut().expect("it is a fetch")
}

#[test]
fn whatever_can_change_the_result_changes_the_key() {
    let mut keys = BTreeMap::from([(parts().key(), "nothing")]);
    for (name, change) in CHANGES {
        let mut changed = parts();
        change(&mut changed);
        if let Some(other) = keys.insert(changed.key(), name) {
            panic!("`{name}` has the key of `{other}`");
        }
    }
}

#[test]
fn whatever_cannot_change_it_does_not() {
    let changes: [(&str, Change); 9] = [
        ("id", |p| p.action.id = "other".to_owned()),
        ("label", |p| p.action.label = "other words".to_owned()),
        ("time limit", |p| p.action.timeout_seconds = None),
        ("weight", |p| p.action.weight = 4),
        ("jobserver", |p| p.action.jobserver = true),
        ("untrusted code", |p| p.action.untrusted = true),
        ("whose caches they are", |p| {
            p.action.private_caches = vec!["tsc".to_owned()];
        }),
        ("order of the file sets", |p| {
            p.action.inputs = vec![CheckedInput {
                at: RelPath::root(),
                source: CheckedSource::Content(Vec::new()),
            }];
        }),
        ("a variable that is not handed on", |p| {
            drop(p.passed.insert("LANG".to_owned(), "de".to_owned()));
        }),
    ];
    for (name, change) in changes {
        let mut changed = parts();
        change(&mut changed);
        assert_eq!(changed.key(), parts().key(), "{name}");
    }
}

#[test]
fn the_explanation_shows_every_change() {
    let before = parts().with(explain);
    for (name, change) in CHANGES {
        let mut changed = parts();
        change(&mut changed);
        assert_ne!(
            changed.with(explain),
            before,
            "`{name}` is in the key and not in its explanation"
        );
    }
}

#[test]
fn an_outline_shows_every_change_and_nothing_else() {
    let outlined = |parts: &Parts| {
        parts
            .clone()
            .with(|parts| outline(parts, &mut std::iter::repeat(false)))
    };
    let before = outlined(&parts());
    assert_eq!(compare(&before, &before), Some(Vec::new()));
    for (name, change) in CHANGES {
        let mut changed = parts();
        change(&mut changed);
        let now = outlined(&changed);
        for (before, now) in [(&before, &now), (&now, &before)] {
            let differing = compare(before, now).expect("both are outlines");
            assert!(!differing.is_empty(), "`{name}` is in the key and not in its outline");
        }
    }
}

#[test]
fn the_explanation_is_for_people() {
    let lines = parts().with(explain);
    let value = |section: &str, name: &str| {
        let line = lines.iter().find(|(s, n, _)| *s == section && n == name);
        line.unwrap_or_else(|| panic!("no {section} {name}")).2.clone()
    };
    assert_eq!(value("sandbox", "tier"), "L2");
    assert_eq!(value("run", "tool"), "sh");
    assert_eq!(value("passed-environment", "TZ"), "UTC");
    assert_eq!(value("passed-environment", "USER"), "(not set)");
    assert_eq!(value("secret", "TOKEN"), "", "the value of a secret is nowhere");
    assert_eq!(value("file", "a"), Digest::of(b"text").to_string());
    assert_eq!(value("output", "out"), "out File true");
}

#[test]
fn every_row_of_the_page_is_a_section_of_the_key() {
    let sections: BTreeSet<&str> = parts()
        .with(explain)
        .into_iter()
        .map(|(section, _, _)| section)
        .collect();
    let expected = [
        "builder",
        "environment",
        "file",
        "folder",
        "format",
        "link",
        "network",
        "output",
        "passed-environment",
        "platform",
        "root",
        "run",
        "sandbox",
        "secret",
        "tool",
        "tool-cache",
        "tool-version",
        "tree",
    ];
    assert_eq!(
        sections,
        BTreeSet::from(expected),
        "keep host/docs/action-key.md and this list in step"
    );
}
