//! Hosts for the guests, and answers to what they ask.

use std::collections::BTreeMap;
use std::process::Command;

use farm_engine::plan::{AccessError, AccessErrorKind, EntryKind, Level, PlanRequest, Source};
use farm_engine::plugin::{ComponentBuilder, ComponentFile, Fault, LimitHit, Limits, PluginHost, Settings};

use crate::guests;

/// A guest's component.
pub(super) fn guest(name: &str) -> ComponentFile {
    ComponentFile::from_bytes(guests::bytes(name))
}

/// A component around this core module.
pub(super) fn assemble(module: &str) -> ComponentFile {
    ComponentFile::from_bytes(guests::assemble(module))
}

/// A component from its text.
pub(super) fn component(text: &str) -> ComponentFile {
    ComponentFile::from_bytes(guests::parse(text))
}

/// A host that keeps nothing.
pub(super) fn host(limits: Limits) -> PluginHost {
    PluginHost::new(Settings { compiled: None, limits })
}

/// The guest as a builder of a host with the usual limits.
pub(super) fn builder(name: &str) -> ComponentBuilder {
    host(Limits::default()).builder(name, guest(name))
}

/// A request for a target of this mode.
pub(super) fn request(mode: &str) -> PlanRequest {
    PlanRequest {
        target: "frontend".to_owned(),
        root: "apps/web".to_owned(),
        mode: mode.to_owned(),
        options: "{}".to_owned(),
        dependencies: Vec::new(),
        platform: "linux-x86_64".to_owned(),
        properties: Vec::new(),
    }
}

/// The limit that a fault names.
pub(super) fn limit(fault: &Fault) -> &LimitHit {
    match fault {
        Fault::Limit(hit) => hit,
        other => panic!("no limit: {other}"),
    }
}

/// A target's folder of a few files, and what was said.
#[derive(Default)]
pub(super) struct Files {
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) asked: Vec<String>,
    pub(super) said: Vec<(Level, String)>,
}

impl Files {
    pub(super) fn with(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
        Self {
            files: files.collect(),
            ..Self::default()
        }
    }
}

impl Source for Files {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, AccessError> {
        self.asked.push(format!("read {path}"));
        self.files.get(path).cloned().ok_or_else(|| AccessError {
            kind: AccessErrorKind::NotFound,
            message: format!("there is no `{path}`"),
        })
    }

    fn look(&mut self, path: &str) -> Result<Option<EntryKind>, AccessError> {
        self.asked.push(format!("look {path}"));
        Ok(self.files.contains_key(path).then_some(EntryKind::File))
    }

    fn glob(&mut self, include: &[String], exclude: &[String]) -> Result<Vec<String>, AccessError> {
        self.asked.push(format!("glob {include:?} {exclude:?}"));
        Ok(self.files.keys().cloned().collect())
    }

    fn has_tool(&mut self, name: &str) -> Result<bool, AccessError> {
        self.asked.push(format!("tool {name}"));
        Ok(name == "node")
    }

    fn log(&mut self, level: Level, message: &str) {
        self.said.push((level, message.to_owned()));
    }
}

/// Runs a test in a process of its own, for what a process has one of: true in that process, false in the one that
/// started it, when it has ended well.
pub(super) fn in_own_process(test: &str) -> bool {
    const NAME: &str = "FARM_TEST_IN_OWN_PROCESS";
    if std::env::var_os(NAME).is_some() {
        return true;
    }
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", test, "--nocapture"])
        .env(NAME, "1")
        .output()
        .expect("this program starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("1 passed"), "no test has the name {test}");
    false
}
