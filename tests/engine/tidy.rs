//! Rules about the source that no lint knows: who may use whom, how long files are, what they open with.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::BUILTIN;

/// The engine's modules in the order of the flow; a module may use those before it, and the words.
const FLOW: [&str; 12] = [
    "config", "graph", "plan", "plugin", "inputs", "sandbox", "key", "cache", "artifact", "execute", "schedule", "run",
];
/// Modules that all may use. `event` names the sandbox's tier, which is a word too.
const WORDS: [&str; 5] = ["digest", "path", "fs", "event", "error"];
/// Longest file, without its tests.
const MAX_LINES: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the repository")
}

/// Every Rust file below a folder, with its text up to its tests.
fn sources(folder: &str) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
                found.insert(path.strip_prefix(root()).expect("below the root").to_path_buf(), code);
            }
        }
    }
    found
}

fn engine_module(path: &Path) -> String {
    let below = path.strip_prefix("host/engine/src").expect("an engine file");
    let first = below
        .components()
        .next()
        .expect("a name")
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Modules that a text names as `crate::name`.
fn used(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let after = code.flat_map(|line| line.split("crate::").skip(1).map(str::to_owned).collect::<Vec<_>>());
    let names = after.map(|rest| {
        rest.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    });
    names
        .filter(|name| FLOW.contains(&name.as_str()) || WORDS.contains(&name.as_str()))
        .collect()
}

#[test]
fn arrows_between_modules_go_down_the_flow_only() {
    let mut wrong = Vec::new();
    for (path, text) in sources("host/engine/src") {
        let module = engine_module(&path);
        let Some(place) = FLOW.iter().position(|name| *name == module) else {
            continue;
        };
        for name in used(&text) {
            if FLOW
                .iter()
                .position(|other| *other == name)
                .is_some_and(|other| other > place)
            {
                wrong.push(format!("{}: {module} uses {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn words_know_no_module_but_the_tier() {
    let mut wrong = Vec::new();
    for (path, text) in sources("host/engine/src") {
        let module = engine_module(&path);
        if WORDS.contains(&module.as_str()) {
            let names = used(&text).into_iter().filter(|name| FLOW.contains(&name.as_str()));
            wrong.extend(
                names
                    .filter(|name| !(module == "event" && name == "sandbox"))
                    .map(|name| (path.clone(), name)),
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_named_modules_touch_the_outside() {
    let rules: [(&str, &[&str]); 5] = [
        ("wasmtime", &["plugin"]),
        ("std::fs", &["fs"]),
        ("std::process::Command", &["sandbox"]),
        ("tokio::process", &["sandbox"]),
        ("std::env", &["sandbox"]),
    ];
    let mut wrong = Vec::new();
    for (path, text) in sources("host/engine/src") {
        let module = engine_module(&path);
        let code: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        for (word, allowed) in rules {
            // What farm was compiled for is no part of the outside.
            let names = |line: &&str| line.replace("std::env::consts", "").contains(word);
            let names_it = code.iter().any(names);
            if names_it && !allowed.contains(&module.as_str()) {
                wrong.push(format!("{}: {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut wrong = Vec::new();
    for folder in ["host", "plugins"] {
        for (path, text) in sources(folder) {
            let lines = text.lines().count();
            if lines > MAX_LINES {
                wrong.push(format!("{}: {lines} lines", path.display()));
            }
            if !text.starts_with("//!") {
                wrong.push(format!("{}: does not open with what it is for", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_closed_list_of_events_stays_small() {
    let text = fs::read_to_string(root().join("host/engine/src/event.rs")).expect("event.rs");
    let list = text
        .split("pub enum Event {")
        .nth(1)
        .expect("the list")
        .split("\n}")
        .next()
        .expect("its end");
    let variants = list
        .lines()
        .filter(|line| line.starts_with("    ") && line.trim_end().ends_with(" {"))
        .count();
    assert!(
        (5..=20).contains(&variants),
        "{variants} events: more than 20 need a page in host/docs"
    );
}

#[test]
fn every_error_code_is_explained() {
    let page = fs::read_to_string(root().join("host/docs/errors.md")).expect("host/docs/errors.md");
    let mut missing = Vec::new();
    let areas = [
        "config", "graph", "plan", "plugin", "builder", "execute", "sandbox", "cache", "artifact", "build", "cli",
        "options", "publish", "run",
    ];
    for folder in ["host/engine/src", "host/cli/src"] {
        for (path, text) in sources(folder) {
            for word in text
                .split('"')
                .filter(|word| word.contains("::") && !word.contains([' ', '{', '(']))
            {
                let is_code = word.split_once("::").is_some_and(|(area, situation)| {
                    let plain = |c: char| c.is_ascii_lowercase() || c == '-';
                    areas.contains(&area) && !situation.is_empty() && situation.chars().all(plain)
                });
                if is_code && !page.contains(&format!("`{word}`")) {
                    missing.push(format!("{}: {word}", path.display()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_builder_is_named_wherever_all_are() {
    let folders = fs::read_dir(root().join("plugins"))
        .expect("the plugins")
        .map(|entry| entry.expect("an entry").path());
    let builders = folders.filter(|folder| folder.join("src/options.schema.json").is_file());
    let name = |folder: PathBuf| folder.file_name().expect("a name").to_string_lossy().into_owned();
    let mut builders: Vec<String> = builders.map(name).collect();
    builders.sort_unstable();
    assert_eq!(builders, BUILTIN);
    let quoted: Vec<String> = builders.iter().map(|name| format!("{name:?}")).collect();
    let list = format!("[&str; {}] = [{}];", builders.len(), quoted.join(", "));
    let rows = |form: &dyn Fn(&str) -> String| builders.iter().map(|name| form(name)).collect::<Vec<_>>();
    for (path, wanted) in [
        ("host/cli/build.rs", vec![format!("const BUILDERS: {list}")]),
        (
            "host/ARCHITECTURE.md",
            vec![format!("`plugins/{{{}}}`", builders.join(","))],
        ),
        ("host/docs/builders.md", rows(&|name| format!("\n## {name}\n"))),
        ("README.md", rows(&|name| format!("\n| `{name}` |"))),
        ("Cargo.toml", rows(&|name| format!("    \"plugins/{name}\",\n"))),
    ] {
        let text = fs::read_to_string(root().join(path)).expect("a file of the repository");
        for wanted in wanted {
            assert!(text.contains(&wanted), "{path} lacks {wanted:?}");
        }
    }
}

#[test]
fn every_option_of_a_builder_stands_in_its_reference() {
    let page = fs::read_to_string(root().join("host/docs/builders.md")).expect("host/docs/builders.md");
    for builder in BUILTIN {
        let schema = root().join("plugins").join(builder).join("src/options.schema.json");
        let schema: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(schema).expect("a schema")).expect("JSON");
        let section = page
            .split(&format!("\n## {builder}\n"))
            .nth(1)
            .expect("a section for each builder");
        let section = section.split("\n## ").next().unwrap_or_default();
        for (option, about) in schema["properties"].as_object().expect("properties") {
            let text = about["description"].as_str().expect("a description");
            let is_row = |line: &str| line.starts_with(&format!("| `{option}` |")) && line.contains(text);
            assert!(
                section.lines().any(is_row),
                "{builder}: `{option}` is not as its schema says"
            );
        }
    }
}
