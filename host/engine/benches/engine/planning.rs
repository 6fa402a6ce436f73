//! Plans of the builder `command`, whose compiled form is kept: the first in a process, and those after it.

use std::fs;

use criterion::Criterion;
use farm_engine::plan::{AccessError, EntryKind, Level, PlanRequest, Source};
use farm_engine::plugin::{Builder, ComponentBuilder, ComponentFile, Limits, PluginHost, Settings};

/// Answers as a workspace would in which every tool is there.
struct Answers;

impl Source for Answers {
    fn read(&mut self, _path: &str) -> Result<Vec<u8>, AccessError> {
        Ok(Vec::new())
    }

    fn look(&mut self, _path: &str) -> Result<Option<EntryKind>, AccessError> {
        Ok(Some(EntryKind::File))
    }

    fn glob(&mut self, _include: &[String], _exclude: &[String]) -> Result<Vec<String>, AccessError> {
        Ok(Vec::new())
    }

    fn has_tool(&mut self, _name: &str) -> Result<bool, AccessError> {
        Ok(true)
    }

    fn log(&mut self, _level: Level, _message: &str) {}
}

pub(crate) fn all(criterion: &mut Criterion) {
    let component = super::built("builders/wasm32-wasip2/builder/farm_builder_command.wasm");
    let component = ComponentFile::from_bytes(fs::read(component).expect("readable"));
    let compiled = tempfile::tempdir().expect("a temporary folder");
    let host = || {
        PluginHost::new(Settings {
            compiled: Some(compiled.path().join("compiled")),
            limits: Limits::default(),
        })
    };
    let request = request();
    let plan = |builder: &ComponentBuilder| builder.plan(&request, &mut Answers).expect("a plan");
    let warm = host().builder("command", component.clone());
    plan(&warm);
    criterion.bench_function("first plan, compiled before", |bencher| {
        bencher.iter(|| plan(&host().builder("command", component.clone())));
    });
    criterion.bench_function("a plan after it", |bencher| bencher.iter(|| plan(&warm)));
}

fn request() -> PlanRequest {
    PlanRequest {
        target: "bundle".to_owned(),
        root: "apps/web".to_owned(),
        mode: "production".to_owned(),
        options: r#"{"command":"mkdir -p dist && cat src/*.txt > dist/all.txt","outputs":["dist"]}"#.to_owned(),
        dependencies: Vec::new(),
        platform: "linux-x86_64".to_owned(),
        properties: Vec::new(),
    }
}
