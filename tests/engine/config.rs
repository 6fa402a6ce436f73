//! `farm.toml`: what is read, and that every mistake is one located message.
//!
//! The folders `tests/config/valid` and `tests/config/invalid` hold a case each in `NAME.toml` or, where it takes more
//! files, in a folder `NAME`. An invalid case's whole message is in `NAME.expected`; after a change of words, run with
//! `FARM_BLESS=1` and read the difference.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use farm_engine::config::{self, ConfigError, OptionChecker, SandboxMinimum, Workspace, check_options};
use farm_engine::error::Problem;
use farm_engine::graph;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The builders that come with farm; `tidy` holds this and all pages to what is in `plugins`.
pub(crate) const BUILTIN: &[&str] = &["command", "docker", "go", "model", "node", "python", "rust", "vite"];

/// A workspace of one file.
pub(crate) fn workspace_of(text: impl AsRef<[u8]>) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("farm.toml"), text).expect("writing into it");
    folder
}

pub(crate) fn load(folder: &Path) -> Result<Workspace, ConfigError> {
    config::load(folder, BUILTIN)
}

/// The message as plain text.
pub(crate) fn render(problem: &Problem) -> String {
    let place = problem
        .location
        .as_ref()
        .map(|place| format!("{place}: "))
        .unwrap_or_default();
    let head = format!("{place}{} [{}]\n", problem.message, problem.code);
    let causes = problem.causes.iter().map(|cause| format!("  because {cause}\n"));
    let hints = problem.hints.iter().map(|hint| format!("  help: {hint}\n"));
    std::iter::once(head).chain(causes).chain(hints).collect()
}

fn message_of(text: impl AsRef<[u8]>) -> String {
    let folder = workspace_of(text);
    render(&load(folder.path()).expect_err("the file is wrong").into())
}

/// The cases of a folder: name and path, sorted.
fn cases(kind: &str) -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/config")
        .join(kind);
    let entries = fs::read_dir(folder).expect("the cases are there");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let paths = paths.filter(|path| path.is_dir() || path.extension().is_some_and(|extension| extension == "toml"));
    let name = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
    let mut cases: Vec<_> = paths.map(|path| (name(&path), path)).collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

/// Loads a case and builds its graph.
fn open(path: &Path) -> Result<Workspace, Box<Problem>> {
    let copy = path.is_file().then(|| workspace_of(fs::read(path).expect("the case")));
    let workspace = load(copy.as_ref().map_or(path, TempDir::path)).map_err(|error| Box::new(error.into()))?;
    graph::build(&workspace).map_err(|error| Box::new(error.into()))?;
    Ok(workspace)
}

#[test]
fn every_valid_case_loads() {
    for (name, path) in cases("valid") {
        if let Err(problem) = open(&path) {
            panic!("{name}: {}", render(&problem));
        }
    }
}

#[test]
fn every_invalid_case_has_its_message() {
    for (name, path) in cases("invalid") {
        let message = render(&open(&path).expect_err(&name));
        let file = path.with_file_name(format!("{name}.expected"));
        if std::env::var_os("FARM_BLESS").is_some() {
            fs::write(&file, &message).expect("writing the expected message");
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(message, expected, "{name}");
    }
}

#[test]
fn everything_is_read() {
    let (_, path) = cases("valid")
        .into_iter()
        .find(|(name, _)| name == "everything")
        .expect("the case");
    let workspace = open(&path).expect("a valid case");
    assert_eq!(workspace.name, "every-thing_1.0");
    assert_eq!(workspace.output.as_str(), "build/out");
    assert_eq!(workspace.cache.max_bytes, Some(3 << 29));
    assert_eq!(workspace.cache.max_age, Some(Duration::from_secs(43_200)));
    assert_eq!(workspace.sandbox.minimum, Some(SandboxMinimum::L2));
    assert_eq!(workspace.sandbox.timeout, Some(Duration::from_secs(1_800)));
    let lines = &workspace.builders["lines"];
    assert_eq!(lines.component.as_str(), "builders/lines.wasm");
    assert_eq!(lines.permissions.tools, ["wc", "*"]);
    assert_eq!(lines.permissions.caches, ["words"]);
    let options = Value::Object(workspace.targets[0].options.clone());
    let nested = json!({"list": [1, 2.5, true, ["x"]], "hex": 255});
    assert_eq!(options, json!({"app": "src.main:app", "nested": nested}));
}

#[test]
fn targets_keep_the_order_of_the_file() {
    let (_, path) = cases("valid")
        .into_iter()
        .find(|(name, _)| name == "order")
        .expect("the case");
    let workspace = open(&path).expect("a valid case");
    let names: Vec<_> = workspace.targets.iter().map(|target| target.name.as_str()).collect();
    assert_eq!(names, ["zebra", "ant", "mole"]);
}

#[test]
fn members_are_found_and_their_paths_count_from_their_folder() {
    let (_, path) = cases("valid")
        .into_iter()
        .find(|(name, _)| name == "members")
        .expect("the case");
    let workspace = open(&path).expect("a valid case");
    let members: Vec<_> = workspace.members.iter().map(|member| member.folder.as_str()).collect();
    assert_eq!(members, ["tools", "services/billing", "services/core", "libs/deep/er"]);
    let targets = workspace
        .targets
        .iter()
        .map(|target| (target.name.as_str(), target.root.as_str()));
    let expected = [
        ("all", ""),
        ("billing:build", "services/billing/src"),
        ("billing:test", "services/billing"),
        ("core:build", "services/core"),
        ("er:build", "libs"),
    ];
    assert!(targets.eq(expected));
    let test = &workspace.targets[2];
    assert_eq!((test.name.member(), test.name.local()), (Some("billing"), "test"));
    assert_eq!(test.name.folder().as_str(), "billing/test");
    assert_eq!(test.location.to_string(), "services/billing/farm.toml:9:10");
}

#[test]
fn options_know_their_places() {
    let text = "[workspace]\nname = \"x\"\n[targets.a]\nbuilder = \"command\"\n[targets.a.options]\n\
                inputs = [\n  \"one\",\n  [1, \"ü\", 2],\n]\n\"a/b~c\".deep = 1\nlast = true\n";
    let folder = workspace_of(text);
    let workspace = load(folder.path()).expect("a valid file");
    let place = |pointer: &str| {
        let location = workspace.targets[0].option_location(pointer);
        (location.line, location.column)
    };
    assert_eq!(place(""), (5, 1));
    assert_eq!(place("/inputs"), (6, 10));
    assert_eq!(place("/inputs/0"), (7, 3));
    assert_eq!(place("/inputs/1/2"), (8, 12));
    assert_eq!(place("/a~1b~0c/deep"), (10, 16));
    assert_eq!(place("/last"), (11, 8));
    assert_eq!(
        place("/inputs/9"),
        (6, 10),
        "what is not there is told at what is around it"
    );
    assert_eq!(place("/nowhere/at/all"), (5, 1));
}

#[test]
fn no_file_is_told_with_the_folder() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let problem = Problem::from(load(folder.path()).expect_err("there is no file"));
    assert_eq!(problem.code, "config::not-found");
    assert!(problem.message.contains(&*folder.path().to_string_lossy()));
}

#[test]
fn d08_a_byte_order_mark_is_skipped_and_counts_in_no_column() {
    let folder = workspace_of("\u{feff}[workspace]\nname = \"x\"\n");
    assert_eq!(load(folder.path()).expect("a valid file").name, "x");
    assert!(message_of("\u{feff}[workspce]\n").starts_with("farm.toml:1:2: unknown key `workspce`"));
}

#[test]
fn d08_bytes_that_are_no_utf8_are_located() {
    let message = message_of(b"[workspace]\nname = \"\xc3\xbc\xff\"\n");
    assert!(
        message.starts_with("farm.toml:2:10: the file is not UTF-8 here"),
        "{message}"
    );
    let message = message_of(b"\xff\xfe[\0w\0");
    assert!(message.contains("the file is UTF-16"), "{message}");
}

#[test]
fn d08_a_file_of_50_mb_is_refused_unread() {
    let folder = workspace_of("");
    let file = fs::OpenOptions::new()
        .write(true)
        .open(folder.path().join("farm.toml"))
        .expect("the file");
    file.set_len(50_000_000).expect("making it long");
    let message = render(&load(folder.path()).expect_err("too large").into());
    assert!(
        message.starts_with("farm.toml:1:1: the file is larger than 8 MiB [config::too-large]"),
        "{message}"
    );
}

#[test]
fn d08_a_file_that_is_a_folder_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("farm.toml")).expect("a folder");
    let problem = Problem::from(load(folder.path()).expect_err("a folder is no file"));
    assert_eq!(problem.code, "config::unreadable");
    assert_eq!(problem.causes, ["it is not a regular file"]);
}

#[test]
fn d08_includes_do_not_exist() {
    let message = message_of("include = [\"farm.toml\"]\n");
    assert!(message.starts_with("farm.toml:1:1: unknown key `include`"), "{message}");
}

#[test]
fn d08_nesting_is_bounded() {
    for text in [
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}", "{a=".repeat(100_000)),
        format!("{}b = 1", "a.".repeat(100_000)),
        format!("[{}b]", "a.".repeat(100_000)),
    ] {
        assert!(message_of(text).contains("[config::syntax]"));
    }
    let inner = format!("{}x", "a.".repeat(78));
    let table = format!("{{{inner}=").repeat(60);
    let text = format!(
        "[workspace]\nname='x'\n[targets.a]\nbuilder='vite'\noptions={table}1{}",
        "}".repeat(60)
    );
    assert!(message_of(text).contains("is nested more than 64 deep"));
}

#[test]
fn d08_hostile_text_is_cut_and_harmless_in_messages() {
    let long = "x".repeat(1_000_000);
    let message = message_of(format!(
        "[workspace]\nname = \"x\"\n[targets.a]\nbuilder = \"{long}\"\n"
    ));
    assert!(message.len() < 500, "{} bytes", message.len());
    for text in ["\"\\u001b[2J\" = 1", "[workspace]\nname = \"\\u001b[2J\"", "\u{1b}[2J"] {
        assert!(!message_of(text).contains('\u{1b}'));
    }
}

#[test]
fn d08_a_list_of_100_000_on_one_line_is_located_to_its_end() {
    let deps: Vec<String> = (0..100_000).map(|index| format!("\"t{index}\"")).collect();
    let text = format!(
        "targets.a={{deps=[{}],builder=\"vite\"}}\n[workspace]\nname=\"x\"",
        deps.join(",")
    );
    let folder = workspace_of(text);
    let workspace = load(folder.path()).expect("a valid file");
    assert_eq!(workspace.targets[0].deps[99_999].location.column, 18 + 888_881);
}

#[cfg(unix)]
#[test]
fn d08_a_link_out_of_the_workspace_is_refused_wherever_it_stands() {
    let outside = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(outside.path().join("below")).expect("a folder");
    fs::write(outside.path().join("farm.toml"), "").expect("a file");
    let refused = |text: &str| {
        let folder = workspace_of(text);
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).expect("a link");
        let problem = Problem::from(load(folder.path()).expect_err("it leads out"));
        assert!(
            problem
                .message
                .contains("`link` is a link that leads out of the workspace"),
            "{}",
            problem.message
        );
        problem.location.expect("a place").to_string()
    };
    let head = "[workspace]\nname = \"x\"\n";
    assert_eq!(
        refused(&format!("{head}[targets.a]\nbuilder = \"vite\"\nroot = \"link\"")),
        "farm.toml:5:8"
    );
    assert_eq!(
        refused(&format!("{head}[targets.a]\nbuilder = \"vite\"\nroot = \"link/below\"")),
        "farm.toml:5:8"
    );
    assert_eq!(refused(&format!("{head}members = [\"link\"]")), "farm.toml:3:12");
    assert_eq!(refused(&format!("{head}output = \"link\"")), "farm.toml:3:10");
}

#[cfg(unix)]
#[test]
fn a_link_that_stays_inside_is_followed() {
    let text = "[workspace]\nname = \"x\"\n[targets.a]\nbuilder = \"vite\"\nroot = \"link/below\"";
    let folder = workspace_of(text);
    fs::create_dir_all(folder.path().join("real/below")).expect("folders");
    std::os::unix::fs::symlink("real", folder.path().join("link")).expect("a link");
    assert_eq!(
        load(folder.path()).expect("it stays inside").targets[0].root.as_str(),
        "link/below"
    );
}

#[test]
fn a14_the_output_cannot_hold_what_is_the_users() {
    let message = |output: &str| {
        let text = format!(
            "[workspace]\nname = \"x\"\noutput = \"{output}\"\n[targets.a]\nbuilder = \"vite\"\nroot = \"apps/a\""
        );
        let folder = workspace_of(text);
        fs::create_dir_all(folder.path().join("apps/a")).expect("folders");
        load(folder.path())
            .map(|_| ())
            .map_err(|error| Problem::from(error).message)
    };
    for output in ["apps", "apps/a", ".", ".git", ".git/x", ".farm", "sub/.Git"] {
        assert!(message(output).is_err(), "{output}");
    }
    for output in ["dist", "apps/a/dist", "apps/b", ".github"] {
        assert_eq!(message(output), Ok(()), "{output}");
    }
}

#[test]
fn a14_the_default_output_is_held_to_the_same() {
    let folder = workspace_of("[workspace]\nname = \"x\"\n[targets.a]\nbuilder = \"vite\"\nroot = \"dist\"");
    fs::create_dir(folder.path().join("dist")).expect("a folder");
    let problem = Problem::from(load(folder.path()).expect_err("it would be cleared"));
    assert!(
        problem.message.contains("holds the sources of the target `a`"),
        "{}",
        problem.message
    );
}

/// The schema of the tests below.
fn option_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "command": {"description": "What to run.", "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            "inputs": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "uniqueItems": true},
            "level": {"type": "integer", "minimum": 1, "maximum": 9},
            "mode": {"enum": ["fast", "small"]},
            "app": {"type": "string", "pattern": "^[a-z.]+:[a-z]+$"},
            "env": {"type": "object", "propertyNames": {"pattern": "^[A-Z_]+$"}, "additionalProperties": {"type": "string"}},
            "chunk": {"type": "object", "properties": {"size": {"type": "number", "exclusiveMinimum": 0}}, "additionalProperties": false}
        },
        "required": ["command"],
        "additionalProperties": false
    })
}

/// The message about these lines of an options table.
fn option_message(options: &str) -> String {
    let text =
        format!("[workspace]\nname = \"x\"\n[targets.lint]\nbuilder = \"command\"\n[targets.lint.options]\n{options}");
    let folder = workspace_of(text);
    let workspace = load(folder.path()).expect("a valid file");
    match check_options(&workspace.targets[0], &option_schema()) {
        Ok(()) => String::new(),
        Err(error) => render(&error.into()),
    }
}

#[test]
fn options_are_told_in_our_words_at_their_place() {
    let at = |options: &str, expected: &str| assert_eq!(option_message(options), expected, "{options}");
    at("command = \"x\"\ninputs = [\"a\"]\nlevel = 3\nmode = \"fast\"", "");
    at(
        "command = 3",
        "farm.toml:6:11: option `command` of `lint` must be text or a list, found the number 3 [config::bad-option]\n  help: command: What to run.\n",
    );
    at(
        "command = [\"a\", 3]",
        "farm.toml:6:17: option `command[1]` of `lint` must be text, found the number 3 [config::bad-option]\n",
    );
    at(
        "comand = \"x\"",
        "farm.toml:6:1: unknown option `comand` of `lint` [config::unknown-option]\n  help: did you mean `command`?\n  help: options here: command, inputs, level, mode, app, env, chunk\n",
    );
    at(
        "",
        "farm.toml:5:15: `lint` lacks the option `command` [config::missing-option]\n  help: command: What to run.\n",
    );
}

#[test]
fn each_rule_of_a_schema_has_words_of_its_own() {
    let rest = |options: &str, expected: &str| {
        assert_eq!(
            option_message(&format!("command = \"x\"\n{options}")),
            expected,
            "{options}"
        );
    };
    rest(
        "inputs = []",
        "farm.toml:7:10: option `inputs` of `lint` must not be empty [config::bad-option]\n",
    );
    rest(
        "inputs = [\n  \"a\",\n  \"\",\n]",
        "farm.toml:9:3: option `inputs[1]` of `lint` must not be empty [config::bad-option]\n",
    );
    rest(
        "inputs = [\"a\", \"a\"]",
        "farm.toml:7:10: option `inputs` of `lint` must not name the same twice [config::bad-option]\n",
    );
    rest(
        "level = 0",
        "farm.toml:7:9: option `level` of `lint` must be at least 1, found 0 [config::bad-option]\n",
    );
    rest(
        "level = 10",
        "farm.toml:7:9: option `level` of `lint` must be at most 9, found 10 [config::bad-option]\n",
    );
    rest(
        "level = 1.5",
        "farm.toml:7:9: option `level` of `lint` must be a whole number, found the number 1.5 [config::bad-option]\n",
    );
    rest(
        "mode = \"smal\"",
        "farm.toml:7:8: option `mode` of `lint` must be \"fast\" or \"small\", found the text \"smal\" [config::bad-option]\n  help: did you mean `small`?\n",
    );
    rest(
        "app = \"main\"",
        "farm.toml:7:7: option `app` of `lint` must match the pattern `^[a-z.]+:[a-z]+$`, found \"main\" [config::bad-option]\n",
    );
    rest(
        "env = { path = \"x\" }",
        "farm.toml:7:7: option `env` of `lint` has a key that must match the pattern `^[A-Z_]+$`, found \"path\" [config::bad-option]\n",
    );
    rest(
        "env.PATH = 1",
        "farm.toml:7:12: option `env.PATH` of `lint` must be text, found the number 1 [config::bad-option]\n",
    );
    rest(
        "chunk.sise = 1",
        "farm.toml:7:7: unknown option `chunk.sise` of `lint` [config::unknown-option]\n  help: did you mean `size`?\n  help: options here: size\n",
    );
    rest(
        "chunk.size = 0",
        "farm.toml:7:14: option `chunk.size` of `lint` must be more than 0, found 0 [config::bad-option]\n",
    );
    rest(
        "mode = true\nlevel = 0",
        "farm.toml:7:8: option `mode` of `lint` must be \"fast\" or \"small\", found true [config::bad-option]\n",
    );
}

#[test]
fn a_schema_that_is_none_is_the_builders_fault_and_reaches_for_nothing() {
    for schema in [
        json!({"type": 3}),
        json!({"$ref": "https://example.org/schema.json"}),
        json!({"$ref": "file:///etc/hostname"}),
        json!({"pattern": "(?=x)"}),
    ] {
        let error = OptionChecker::new("lines", &schema).expect_err("it cannot be used");
        assert_eq!(Problem::from(error).code, "config::builder-schema", "{schema}");
    }
}

#[test]
fn a_schema_that_turns_in_a_circle_ends() {
    let folder = workspace_of("[workspace]\nname = \"x\"\n[targets.a]\nbuilder = \"vite\"\noptions = { a.a.a = 1 }");
    let target = &load(folder.path()).expect("a valid file").targets[0];
    let schema = json!({"additionalProperties": {"$ref": "#"}});
    assert!(check_options(target, &schema).is_ok());
    for schema in [json!({"$ref": "#"}), json!({"allOf": [{"$ref": "#"}]})] {
        // Either answer will do: that there is one is the point.
        let answer = check_options(target, &schema).map_err(|error| Problem::from(error).code);
        assert!(matches!(
            answer,
            Ok(()) | Err("config::builder-schema" | "config::bad-option")
        ));
    }
}

fn schema() -> Value {
    serde_json::from_str(config::SCHEMA).expect("the schema is JSON")
}

fn as_json(path: &Path) -> Option<Value> {
    let text = fs::read_to_string(path).expect("the case");
    let value: toml::Value = toml::from_str(&text).ok()?;
    serde_json::to_value(value).ok()
}

/// The farm.toml files of a case.
fn files_of(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_path_buf()];
    }
    let entries = fs::read_dir(path)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    let relevant = entries.filter(|path| path.is_dir() || path.ends_with("farm.toml"));
    relevant.flat_map(|path| files_of(&path)).collect()
}

#[test]
fn the_schema_takes_every_valid_case() {
    let validator = jsonschema::validator_for(&schema()).expect("a schema");
    for (name, path) in cases("valid") {
        for file in files_of(&path) {
            let errors: Vec<_> = validator
                .iter_errors(&as_json(&file).expect("TOML"))
                .map(|e| e.to_string())
                .collect();
            assert!(errors.is_empty(), "{name}, {}: {errors:?}", file.display());
        }
    }
}

#[test]
fn the_schema_refuses_the_invalid_cases_that_it_can_see() {
    let validator = jsonschema::validator_for(&schema()).expect("a schema");
    let seen_by_code = [
        "config::unknown-key",
        "config::missing-key",
        "config::wrong-type",
        "config::wrong-file",
    ];
    let seen_by_name = [
        "bad-name",
        "cache-",
        "sandbox-minimum",
        "permission-",
        "root-absolute",
        "root-empty",
    ];
    let mut seen = 0;
    for (name, path) in cases("invalid") {
        let code = open(&path).expect_err(&name).code;
        let visible = seen_by_code.contains(&code) || seen_by_name.iter().any(|start| name.starts_with(start));
        // Without [workspace], both are good files of a member's.
        if visible && name != "member-in-root" && name != "missing-workspace" {
            let valid = |file: &PathBuf| as_json(file).is_none_or(|file| validator.is_valid(&file));
            assert!(!files_of(&path).iter().all(valid), "{name}: the schema takes it");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

/// All names of properties in a schema.
fn property_names(schema: &Value, names: &mut BTreeSet<String>) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        names.extend(properties.keys().cloned());
    }
    match schema {
        Value::Object(table) => table.values().for_each(|value| property_names(value, names)),
        Value::Array(list) => list.iter().for_each(|value| property_names(value, names)),
        _ => {}
    }
}

#[test]
fn schema_reference_and_everything_name_the_same_keys() {
    let mut names = BTreeSet::new();
    property_names(&schema(), &mut names);
    let reference = include_str!("../../host/docs/config.md");
    let rows = reference
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let headings = reference
        .lines()
        .filter_map(|line| line.strip_prefix("## `[")?.split([']', '.']).next());
    let documented: BTreeSet<String> = rows.chain(headings).map(str::to_owned).collect();
    assert_eq!(documented, names);
    let everything = include_str!("../config/valid/everything.toml");
    let used = |name: &str| {
        [format!("{name} ="), format!("[{name}"), format!(".{name}]")]
            .iter()
            .any(|text| everything.contains(text))
    };
    let unused = names.iter().filter(|name| !used(name));
    assert_eq!(
        unused.collect::<Vec<_>>(),
        ["depends", "member"].iter().collect::<Vec<_>>()
    );
}

#[test]
fn the_default_file_loads_as_it_is_and_with_every_setting_taken_over() {
    assert_eq!(
        load(workspace_of(config::DEFAULT).path())
            .expect("the default file")
            .targets
            .len(),
        0
    );
    let setting = |line: &str| match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with([' ', '\n']) => setting.to_owned(),
        _ => line.to_owned(),
    };
    let full: String = config::DEFAULT.split_inclusive('\n').map(setting).collect();
    let folder = workspace_of(&full);
    fs::create_dir(folder.path().join("services")).expect("a folder");
    let workspace = load(folder.path()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(workspace.targets[0].name.as_str(), "hello");
    assert_eq!(workspace.builders["lines"].permissions.tools, ["wc"]);
    assert_eq!(workspace.sandbox.minimum, Some(SandboxMinimum::Auto));
    let mut names = BTreeSet::new();
    property_names(&schema(), &mut names);
    let missing: Vec<_> = names.iter().filter(|name| !full.contains(name.as_str())).collect();
    assert_eq!(
        missing,
        ["depends"],
        "every key but a member's stands in the default file"
    );
}
