//! Behaves: plans one action of what it found, goes on once, and its step copies `/in/x` to `/out/y` with all that a
//! step could make differ from run to run.

use std::collections::HashMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use guests::*;

struct Good;

impl Builder for Good {
    fn describe() -> Description {
        host::log(Level::Info, "describing");
        Description {
            wants: vec![Want::Tool("node".to_owned()), Want::ToolCache("cache".to_owned())],
            ..description("good")
        }
    }

    fn plan(request: PlanRequest) -> Result<Plan, Problem> {
        if request.mode == "broken" {
            return Err(problem("the mode is broken"));
        }
        let content = host::read("x").map_err(|error| problem(error.message))?;
        let files =
            host::glob(&["**/*.txt".to_owned()], &["old/**".to_owned()]).map_err(|error| problem(error.message))?;
        let kind = host::look("x").map_err(|error| problem(error.message))?;
        let node = host::has_tool("node").map_err(|error| problem(error.message))?;
        host::log(
            Level::Info,
            &format!("{} {} {kind:?} {node}", content.len(), files.join(",")),
        );
        Ok(Plan {
            actions: vec![action(files)],
            next: Some(Continuation {
                needs: vec![out("y")],
                state: content,
            }),
            ..empty_plan()
        })
    }

    fn continue_plan(_request: PlanRequest, state: Vec<u8>, seen: Vec<SeenFile>) -> Result<Plan, Problem> {
        let names = seen
            .iter()
            .map(|file| (file.path.clone(), file.content.len().to_string()));
        Ok(Plan {
            properties: names.chain([("state".to_owned(), state.len().to_string())]).collect(),
            ..empty_plan()
        })
    }

    fn run_step(step: StepRun) -> Result<(), Problem> {
        println!("step {}", step.name);
        eprintln!("parameters {}", step.parameters);
        if step.name == "escape" {
            return escape();
        }
        if step.name == "modes" {
            return modes();
        }
        let said = |error: std::io::Error| problem(error.to_string());
        let content = std::fs::read("/in/x").map_err(said)?;
        std::fs::create_dir_all("/out/folder").map_err(said)?;
        std::fs::write("/out/y", content).map_err(said)?;
        std::fs::write("/out/folder/varying", varying().map_err(said)?).map_err(said)
    }
}

fn action(files: Vec<String>) -> Action {
    let step = StepRun {
        name: "copy".to_owned(),
        parameters: "{}".to_owned(),
    };
    let set = FileSet {
        base: FileBase::Target,
        include: files,
        exclude: Vec::new(),
    };
    Action {
        id: "copy".to_owned(),
        label: "copy".to_owned(),
        work: Work::Step(step),
        inputs: vec![Input {
            at: "files".to_owned(),
            source: InputSource::Files(set),
        }],
        outputs: vec![Output {
            name: "y".to_owned(),
            path: "y".to_owned(),
            shape: OutputShape::File,
            required: true,
            in_place: false,
        }],
        tools: Vec::new(),
        environment: vec![("MODE".to_owned(), "test".to_owned())],
        pass_environment: Vec::new(),
        secrets: Vec::new(),
        network: None,
        caches: Vec::new(),
        timeout_seconds: Some(10),
        properties: Vec::new(),
    }
}

fn out(name: &str) -> OutputRef {
    OutputRef {
        action: "copy".to_owned(),
        output: name.to_owned(),
    }
}

/// All that varies from run to run on a usual system: times, hash order, the order of a folder, sleeping.
fn varying() -> std::io::Result<String> {
    let order: HashMap<u32, ()> = (0..100).map(|number| (number, ())).collect();
    let started = Instant::now();
    std::thread::sleep(std::time::Duration::from_secs(3600));
    let wall = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(std::io::Error::other)?;
    let folder: Vec<_> = std::fs::read_dir("/in")?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<_, _>>()?;
    let times = std::fs::metadata("/in/x")?.modified()?;
    let environment = (std::env::vars().count(), std::env::args().count());
    Ok(format!(
        "{:?}\n{wall:?}\n{:?}\n{folder:?}\n{times:?}\n{environment:?}\n",
        order.keys().collect::<Vec<_>>(),
        started.elapsed(),
    ))
}

/// Copies what is executable, and tries to make executable what is not its own.
fn modes() -> Result<(), Problem> {
    let said = |error: std::io::Error| problem(error.to_string());
    let asked = |error: host::AccessError| problem(error.message);
    std::fs::write("/out/plain", "content").map_err(said)?;
    for path in host::executables().map_err(asked)? {
        let name = path.replace('/', "-");
        std::fs::copy(format!("/in/{path}"), format!("/out/{name}")).map_err(said)?;
        host::make_executable(&name).map_err(asked)?;
    }
    for path in ["../in/x", "/out/plain", "link", "missing", ""] {
        if host::make_executable(path).is_ok() {
            return Err(problem(format!("made {path} executable")));
        }
    }
    Ok(())
}

/// Tries to see and to write what is not its own, and reports what it got.
fn escape() -> Result<(), Problem> {
    let mut got = Vec::new();
    for path in [
        "/etc/passwd",
        "/in/../../etc/passwd",
        "/in/link",
        "/proc/self/root/etc/passwd",
        "/out/../in/x",
        "x",
        "/",
    ] {
        if std::fs::read(path).is_ok() || std::fs::read_dir(path).is_ok() {
            got.push(format!("read {path}"));
        }
    }
    for path in ["/in/x", "/in/new", "/etc/new", "/out/../new"] {
        if std::fs::write(path, "changed").is_ok() {
            got.push(format!("wrote {path}"));
        }
    }
    if std::fs::hard_link("/in/x", "/out/x").is_ok() {
        got.push("linked /in/x".to_owned());
    }
    if std::fs::rename("/in/x", "/out/x").is_ok() {
        got.push("moved /in/x".to_owned());
    }
    if std::fs::remove_file("/in/x").is_ok() {
        got.push("removed /in/x".to_owned());
    }
    if host::read("x").is_ok()
        || host::has_tool("node").is_ok()
        || host::glob(&[], &[]).is_ok()
        || host::look("").is_ok()
    {
        got.push("asked the host".to_owned());
    }
    if got.is_empty() {
        Ok(())
    } else {
        Err(problem(got.join(", ")))
    }
}

bindings::export!(Good with_types_in guests::bindings);
