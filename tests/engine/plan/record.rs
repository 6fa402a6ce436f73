//! The record of a plan's questions: it holds until one answer would be another.

use std::collections::BTreeMap;

use farm_engine::plan::{AccessError, AccessErrorKind, EntryKind, Level, Read, Recorder, Source, replay};

/// A folder that is only a map, and the tools of a PATH.
#[derive(Debug, Clone, Default)]
struct Folder {
    files: BTreeMap<String, Vec<u8>>,
    tools: Vec<String>,
}

impl Source for Folder {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, AccessError> {
        self.files.get(path).cloned().ok_or_else(|| AccessError {
            kind: AccessErrorKind::NotFound,
            message: format!("there is no `{path}`"),
        })
    }

    fn look(&mut self, path: &str) -> Result<Option<EntryKind>, AccessError> {
        Ok(self.files.contains_key(path).then_some(EntryKind::File))
    }

    fn glob(&mut self, include: &[String], _: &[String]) -> Result<Vec<String>, AccessError> {
        let ending = include[0].trim_start_matches('*');
        Ok(self
            .files
            .keys()
            .filter(|path| path.ends_with(ending))
            .cloned()
            .collect())
    }

    fn has_tool(&mut self, name: &str) -> Result<bool, AccessError> {
        Ok(self.tools.iter().any(|tool| tool == name))
    }

    fn log(&mut self, _: Level, _: &str) {}
}

fn folder() -> Folder {
    let files = [("package.json", "{}"), ("a.ts", "1")];
    Folder {
        files: files
            .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
            .into(),
        tools: vec!["node".to_owned()],
    }
}

/// What a plan that asks everything leaves behind.
fn recorded() -> Vec<Read> {
    let mut recorder = Recorder::new(folder());
    recorder.read("package.json").expect("it is there");
    recorder.read("missing.json").expect_err("it is not");
    recorder.look("absent.toml").expect("an answer");
    recorder.glob(&["*.ts".to_owned()], &[]).expect("an answer");
    recorder.has_tool("node").expect("an answer");
    recorder.has_tool("bun").expect("an answer");
    recorder.log(Level::Info, "said");
    let (reads, logs, _) = recorder.finish();
    assert_eq!(logs, [(Level::Info, "said".to_owned())]);
    assert_eq!(reads.len(), 6, "a log is no question");
    reads
}

/// Whether the plan still holds after this change.
fn holds(change: impl FnOnce(&mut Folder)) -> bool {
    let mut folder = folder();
    change(&mut folder);
    replay(&recorded(), &mut folder)
}

#[test]
fn an_unchanged_folder_keeps_the_plan() {
    assert!(holds(|_| {}));
    assert!(holds(|folder| drop(
        folder.files.insert("unread.css".to_owned(), b"x".to_vec())
    )));
    assert!(
        holds(|folder| drop(folder.files.insert("a.ts".to_owned(), b"other".to_vec()))),
        "only its name was asked"
    );
    assert!(holds(|folder| folder.tools.push("unasked".to_owned())));
}

#[test]
fn every_changed_answer_ends_the_plan() {
    assert!(
        !holds(|folder| drop(folder.files.insert("package.json".to_owned(), b"[]".to_vec()))),
        "a read"
    );
    assert!(
        !holds(|folder| drop(folder.files.remove("package.json"))),
        "a read that fails now"
    );
    assert!(
        !holds(|folder| drop(folder.files.insert("missing.json".to_owned(), Vec::new()))),
        "a failed read"
    );
    assert!(
        !holds(|folder| drop(folder.files.insert("absent.toml".to_owned(), Vec::new()))),
        "an absence"
    );
    assert!(
        !holds(|folder| drop(folder.files.insert("b.ts".to_owned(), Vec::new()))),
        "a list that grows"
    );
    assert!(
        !holds(|folder| drop(folder.files.remove("a.ts"))),
        "a list that shrinks"
    );
    assert!(!holds(|folder| folder.tools.clear()), "a tool that is gone");
    assert!(
        !holds(|folder| folder.tools.push("bun".to_owned())),
        "a tool that is new"
    );
}

#[test]
fn an_empty_file_is_not_an_absent_one() {
    let mut recorder = Recorder::new(Folder::default());
    recorder.read("x").expect_err("absent");
    let (reads, _, _) = recorder.finish();
    let mut empty = Folder::default();
    empty.files.insert("x".to_owned(), Vec::new());
    assert!(!replay(&reads, &mut empty));
}

#[test]
fn names_in_a_list_cannot_run_together() {
    let list = |names: &[&str]| {
        let mut folder = Folder::default();
        folder
            .files
            .extend(names.iter().map(|name| ((*name).to_owned(), Vec::new())));
        folder
    };
    let mut recorder = Recorder::new(list(&["ab", "c"]));
    recorder.glob(&["*".to_owned()], &[]).expect("an answer");
    let (reads, _, _) = recorder.finish();
    assert!(!replay(&reads, &mut list(&["a", "bc"])));
}

#[test]
fn a_record_survives_being_written_down() {
    let text = serde_json::to_string(&recorded()).expect("plain data");
    let reads: Vec<Read> = serde_json::from_str(&text).expect("the same data");
    assert!(replay(&reads, &mut folder()));
}
