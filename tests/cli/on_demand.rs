//! Actions on demand: they run when they are asked for by name, once their target is built, and are no part of any build.

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Workspace, counted};
use crate::{farm_snapshot, puppet};

/// A secret that no other text is likely to hold.
const TOKEN: &str = "sesame-4711-open";

/// Connects to what `ARGUMENT` names, a port or a path, and sends a file and a secret.
const POST: &str = r#"
import os, socket, sys
place = sys.argv[1]
if place.isdigit():
    connection = socket.create_connection(("127.0.0.1", int(place)))
else:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(place)
token = os.environ.get("TOKEN", "")
connection.sendall(open("deps/app/out/app.txt").read().encode() + token.encode())
connection.close()
print("posted with", token)
"#;

/// A workspace with a target `app`, and a target `deploy` whose command posts what that has made; `options` are more of
/// its options.
fn posting(place: &str, options: &str) -> Workspace {
    let workspace = Workspace::with(&format!(
        r#"
[workspace]
name = "shop"

[targets.app]
builder = "command"
options = {{ command = "mkdir -p out && echo built > out/app.txt", inputs = [], outputs = ["out"] }}

[targets.deploy]
builder = "command"
root = "deploy"
deps = ["app"]
options = {{ command = "python3 post.py {place}", inputs = ["post.py"], on-demand = true, {options} }}
"#
    ));
    workspace.write("deploy/post.py", POST);
    workspace
}

/// A server on loopback and its port.
fn server() -> (TcpListener, u16) {
    let server = TcpListener::bind("127.0.0.1:0").expect("a free port");
    server.set_nonblocking(true).expect("a socket");
    let port = server.local_addr().expect("bound").port();
    (server, port)
}

/// What the next client sent; none where nobody has come.
fn received(server: &TcpListener) -> Option<String> {
    match server.accept() {
        Ok((mut client, _)) => {
            client.set_nonblocking(false).expect("a socket");
            let mut text = String::new();
            client.read_to_string(&mut text).expect("text");
            Some(text)
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            None
        }
    }
}

/// Whether a file below this folder holds the text.
fn holds(folder: &std::path::Path, text: &str) -> bool {
    let grep = Command::new("grep").args(["-rqaF", text]).arg(folder).status();
    match grep.expect("there is a grep").code() {
        Some(0) => true,
        Some(1) => false,
        other => panic!("grep ended with {other:?}"),
    }
}

#[test]
fn it_runs_each_time_it_is_asked_for_and_never_in_a_build() {
    let (server, port) = server();
    let options = format!("network = [\"127.0.0.1:{port}\"]");
    let workspace = posting(&port.to_string(), &options);
    assert_eq!(workspace.build(), counted(1, 0, 0));
    assert_eq!(workspace.build(), counted(0, 0, 1));
    assert_eq!(received(&server), None, "a build has posted");
    for _ in 0..2 {
        let ran = workspace.farm("run deploy --json");
        assert_eq!(ran.counted(), counted(1, 0, 1));
        assert_eq!(received(&server).as_deref(), Some("built\n"));
    }
    assert_eq!(workspace.build(), counted(0, 0, 1), "nothing of it is in the state");
    workspace.remove("out");
    assert_eq!(
        workspace.farm("run deploy").success(),
        "posted with \n",
        "its target is built first"
    );
    assert_eq!(workspace.read("out/app.txt"), "built\n");
    assert_eq!(received(&server).as_deref(), Some("built\n"));
}

#[test]
fn people_see_its_output_as_it_comes_and_how_it_ended() {
    let workspace = Workspace::with(
        r#"
[workspace]
name = "shop"

[targets.greet]
builder = "command"
options = { command = "echo out; echo err >&2; printf end", inputs = [], on-demand = true }
"#,
    );
    farm_snapshot!(workspace.farm("run greet"), @r"
    exit code: 0
    ----- stdout -----
    out
    end----- stderr -----
    building 1 target of shop for production (sandbox [TIER], [JOBS])
    running                 greet  echo out; echo err >&2; printf end
    err
    ran             [TIME]  greet  echo out; echo err >&2; printf end
    1 ran, 0 cached, 0 failed in [TIME]
    ");
    assert_eq!(workspace.farm("run greet -q").success(), "out\nend");
}

#[test]
fn without_the_network_there_is_none() {
    let (server, port) = server();
    let workspace = posting(&port.to_string(), "");
    if workspace.farm("run deploy --sandbox L2 --json").code() == 3 {
        crate::skip!("there are no user namespaces here");
    }
    assert_eq!(workspace.farm("run deploy --sandbox L2").code(), 1);
    assert_eq!(received(&server), None);
}

#[test]
fn a_secret_is_handed_on_and_told_to_nobody() {
    let (server, port) = server();
    let options = format!("network = [\"127.0.0.1:{port}\"], secrets = [\"TOKEN\"]");
    let workspace = posting(&port.to_string(), &options).variable("TOKEN", TOKEN);
    assert_eq!(workspace.farm("run deploy").success(), "posted with ***\n");
    assert_eq!(received(&server), Some(format!("built\n{TOKEN}")));
    let told = workspace.farm("run deploy --json --verbose").text();
    assert!(told.contains("posted with ***") && !told.contains(TOKEN), "{told}");
    for folder in [workspace.root(), &workspace.cache()] {
        assert!(!holds(folder, TOKEN), "it is below {}", folder.display());
    }
}

#[test]
fn a_secret_that_is_not_set_stops_everything_before_it_begins() {
    let workspace = posting("1", "secrets = [\"TOKEN\"]");
    farm_snapshot!(workspace.farm("run deploy"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    building 2 targets of shop for production (sandbox [TIER], [JOBS])
    error[execute::missing-secret]: the secret `TOKEN` is not set
      target deploy, action run
      hint: set the environment variable `TOKEN`
    ");
    assert!(!workspace.has("out"), "the target's dependencies were built");
    assert_eq!(workspace.build(), counted(1, 0, 0), "a build needs no secret of it");
}

#[test]
fn a_failure_shows_its_output_once_and_keeps_no_secret() {
    let workspace = Workspace::with(
        r#"
[workspace]
name = "shop"

[targets.deploy]
builder = "command"
options = { command = "echo $TOKEN; exit 7", inputs = [], on-demand = true, secrets = ["TOKEN"] }
"#,
    )
    .variable("TOKEN", TOKEN);
    farm_snapshot!(workspace.farm("run deploy"), @r"
    exit code: 1
    ----- stdout -----
    ***
    ----- stderr -----
    building 1 target of shop for production (sandbox [TIER], [JOBS])
    running                 deploy  echo $TOKEN; exit 7
    failed          [TIME]  deploy  echo $TOKEN; exit 7
    error[execute::tool-failed]: `sh -c 'echo $TOKEN; exit 7'` failed with exit code 7
      target deploy, action run
      hint: run it by hand in the same sandbox: farm debug [WORKSPACE]/.farm/failed/deploy.run
    not done: 0 ran, 0 cached, 1 failed in [TIME]
    ");
    assert!(workspace.has(".farm/failed/deploy.run/spec.json"));
    for folder in [workspace.root(), &workspace.cache()] {
        assert!(!holds(folder, TOKEN), "it is below {}", folder.display());
    }
    let by_hand = workspace.farm("debug .farm/failed/deploy.run");
    assert_eq!(by_hand.code(), 7);
    assert!(
        by_hand.text().contains(TOKEN),
        "by hand it has its secret, from the environment"
    );
    let mut without = workspace.command(["debug", ".farm/failed/deploy.run"]);
    let without = workspace.ran(without.env_remove("TOKEN"));
    assert_eq!(without.code(), 2);
    assert!(
        without.text().contains("error[execute::missing-secret]"),
        "{}",
        without.text()
    );
}

#[test]
fn a_socket_is_reached_with_the_grant_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().canonicalize().expect("it is there").join("engine.sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    listener.set_nonblocking(true).expect("a socket");
    let place = path.display().to_string();
    let heard = || {
        listener.accept().ok().map(|(mut client, _)| {
            client.set_nonblocking(false).expect("a socket");
            let mut text = String::new();
            client.read_to_string(&mut text).expect("text");
            text
        })
    };
    for tier in ["L1", "L2"] {
        let without = posting(&place, "");
        let ran = without.ran(&mut without.command_at(tier, ["run", "deploy"]));
        assert_eq!((ran.code(), heard()), (1, None), "{tier}: {}", ran.text());
    }
    let granted = posting(&place, &format!("network = [\"unix:{place}\"]"));
    for tier in ["off", "L2"] {
        let ran = granted.ran(&mut granted.command_at(tier, ["run", "deploy"]));
        assert_eq!(ran.code(), 0, "{tier}: {}", ran.text());
        assert_eq!(heard().as_deref(), Some("built\n"), "{tier}");
    }
    let ran = granted.ran(&mut granted.command_at("L1", ["run", "deploy"]));
    assert_eq!((ran.code(), heard()), (3, None), "{}", ran.text());
    assert!(ran.text().contains("error[execute::socket-refused]"), "{}", ran.text());
    std::fs::remove_file(&path).expect("removed");
    let ran = granted.farm("run deploy --sandbox off");
    assert_eq!(ran.code(), 2);
    assert!(
        ran.text()
            .contains("error[execute::missing-socket]: there is no socket"),
        "{}",
        ran.text()
    );
}

#[test]
fn the_container_engine_is_where_the_user_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().canonicalize().expect("it is there").join("podman.sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    let workspace = Workspace::with(
        r#"
[workspace]
name = "shop"

[targets.images]
builder = "command"
options = { command = "python3 ask.py", inputs = ["ask.py"], on-demand = true, network = ["docker"] }
"#,
    );
    workspace.write(
        "ask.py",
        "import os, socket\ns = socket.socket(socket.AF_UNIX)\n\
         s.connect(os.environ['DOCKER_HOST'].removeprefix('unix://'))\nprint('there')\n",
    );
    let run = |host: &str| {
        let mut command = workspace.command(["run", "images"]);
        workspace.ran(command.env("DOCKER_HOST", host))
    };
    let said = run(&format!("unix://{}", path.display()));
    if said.text().contains("execute::socket-refused") {
        crate::skip!("there are no user namespaces here");
    }
    assert_eq!(said.success(), "there\n");
    drop(listener);
    let elsewhere = run("tcp://192.0.2.1:2375");
    assert_eq!(elsewhere.code(), 2);
    assert!(
        elsewhere.text().contains("DOCKER_HOST is `tcp://192.0.2.1:2375`"),
        "{}",
        elsewhere.text()
    );
}

#[test]
fn an_interrupt_stops_it() {
    let workspace = Workspace::with(
        r#"
[workspace]
name = "slow"

[targets.nap]
builder = "command"
options = { command = "echo asleep; exec sleep 600", inputs = [], on-demand = true }
"#,
    );
    let mut command = workspace.command(["run", "nap", "--json"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let lines = BufReader::new(child.stdout.take().expect("it is a pipe")).lines();
    let mut events = lines.map(|line| serde_json::from_str::<Value>(&line.expect("it is text")).expect("it is JSON"));
    assert!(
        events.any(|event| event["text"] == "asleep\n"),
        "its output comes while it runs"
    );
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .expect("there is a kill")
            .success()
    );
    let rest: Vec<Value> = events.collect();
    let finished = rest.iter().find(|event| event["event"] == "action-finished");
    assert_eq!(finished.expect("it is told how it ended")["outcome"], "skipped");
    assert_eq!(rest.last().expect("the report goes on to its end")["ok"], false);
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert_eq!(workspace.processes(), Vec::<String>::new(), "nothing of it is alive");
}

/// A target of the puppet with an ordinary action and two on demand.
fn images() -> Workspace {
    let on_demand = |id: &str, script: &str, more: &[[&str; 2]]| {
        let mut action = puppet::reading(id, "assemble");
        action["work"]["Tool"]["arguments"][1] = json!(script);
        action["outputs"] = json!([]);
        action["properties"] = json!([&[["on-demand", "true"]], more].concat());
        action
    };
    let actions = [
        puppet::action("assemble", "mkdir out && echo layer > out/layer"),
        on_demand("push", "cat in/layer", &[]),
        on_demand("build", "echo built without", &[["sandbox", "off"]]),
    ];
    puppet::workspace(&[("images", puppet::plan(&actions)), ("other", puppet::plan(&[]))], "")
}

#[test]
fn what_can_be_run_is_listed_and_a_wrong_name_is_corrected() {
    let workspace = images();
    assert_eq!(
        workspace.farm("run").success(),
        "images  push   push\nimages  build  build\n"
    );
    let document: Value = serde_json::from_str(&workspace.farm("run --json").success()).expect("JSON");
    assert_eq!(
        document["actions"][1],
        json!({"target": "images", "action": "build", "label": "build"})
    );
    farm_snapshot!(workspace.farm("run images psuh"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    building 1 target of puppets for production (sandbox [TIER], [JOBS])
    error[run::unknown-action]: `images` has no action `psuh` on demand
      hint: did you mean `push`?
      hint: it has `push`, `build`
    ");
    farm_snapshot!(workspace.farm("run images"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    building 1 target of puppets for production (sandbox [TIER], [JOBS])
    error[run::unknown-action]: `images` has 2 actions on demand, and none was named
      hint: it has `push`, `build`
    ");
    farm_snapshot!(workspace.farm("run images assemble"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    building 1 target of puppets for production (sandbox [TIER], [JOBS])
    error[run::unknown-action]: `images` has no action `assemble` on demand
      hint: `assemble` is part of the build: farm build -t images
    ");
    farm_snapshot!(workspace.farm("run other push"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    building 1 target of puppets for production (sandbox [TIER], [JOBS])
    error[run::unknown-action]: `other` has no action `push` on demand
      hint: `farm run` lists what can be run
    ");
    farm_snapshot!(workspace.farm("run imagse push"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[graph::unknown-selection]: there is no target `imagse`
      hint: did you mean `images`?
      hint: targets: images, other
      hint: `farm run` lists what can be run
    ");
    assert_eq!(
        workspace.farm("run * push").code(),
        2,
        "an action belongs to one target"
    );
    assert!(!workspace.has("dist"), "nothing was built for a wrong name");
}

#[test]
fn it_reads_what_its_target_has_made() {
    let workspace = images();
    assert_eq!(workspace.farm("run images push").success(), "layer\n");
    assert_eq!(workspace.farm("run images push").success(), "layer\n");
    assert_eq!(workspace.farm("build --json -t images").counted(), counted(0, 0, 1));
    let plan: Value = serde_json::from_str(&workspace.farm("plan --json -t images").success()).expect("JSON");
    let marks = plan["targets"][0]["actions"].as_array().expect("actions").iter();
    let marks: Vec<bool> = marks
        .map(|action| action["on_demand"].as_bool().expect("a mark"))
        .collect();
    assert_eq!(marks, [false, true, true]);
    let why = workspace.farm("why images").success();
    assert!(why.contains("assemble") && !why.contains("push"), "{why}");
}

#[test]
fn a_tool_that_needs_no_sandbox_gets_none_unasked() {
    let workspace = images();
    if workspace.farm("build --json --sandbox L2").code() == 3 {
        crate::skip!("there are no user namespaces here");
    }
    farm_snapshot!(workspace.farm("run images build"), @r"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    building 1 target of puppets for production (sandbox [TIER], [JOBS])
    error[execute::needs-no-sandbox]: `sh` makes namespaces and mounts of its own, which the sandbox (L2) does not let it
      target images, action build
      hint: if you trust it, run it without a sandbox: `farm run … --sandbox off`; the build before it keeps its sandbox
    ");
    assert_eq!(
        workspace.farm("run images build --sandbox off").success(),
        "built without\n"
    );
    assert_eq!(workspace.build(), counted(0, 0, 1), "the build keeps its own sandbox");
}

#[test]
fn a_tool_that_is_missing_is_missed_when_it_is_needed() {
    let workspace = Workspace::with(
        r#"
[workspace]
name = "shop"

[targets.deploy]
builder = "command"
options = { command = "frobnicate now", inputs = [], on-demand = true }
"#,
    );
    assert_eq!(workspace.build(), counted(0, 0, 0));
    let ran = workspace.farm("run deploy --json");
    assert_eq!(
        (ran.code(), ran.problem_codes()),
        (2, vec!["execute::missing-tool".to_owned()])
    );
}
