//! Tools that fail, are sloppy or mean harm, as whole builds with the builder `command`: the host stays as it was, and
//! what succeeded is kept.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::farm_snapshot;
use crate::support::{Ran, Workspace, counted};

/// The tiers that shut a tool in.
const SHUT: [&str; 2] = ["L1", "L2"];

/// A workspace whose one target runs `script` by `sh`, with these lines in its options.
fn running(script: &str, options: &str) -> Workspace {
    let workspace = Workspace::with(&format!(
        "[workspace]\nname = \"tools\"\n\n[targets.run]\nbuilder = \"command\"\n\n[targets.run.options]\n\
         command = \"sh script.sh\"\ninputs = [\"script.sh\"]\n{options}\n"
    ));
    workspace.write("script.sh", script);
    workspace
}

/// Builds in this very tier.
fn build<'a>(workspace: &'a Workspace, tier: &str) -> Ran<'a> {
    let ran = workspace.ran(&mut workspace.command_at(tier, ["build", "--json"]));
    let started = &ran.events_named("build-started")[0];
    assert_eq!(
        started["tier"],
        if tier == "off" { "L0" } else { tier },
        "{}",
        ran.text()
    );
    ran
}

/// What the tool said on standard output.
fn said(ran: &Ran<'_>) -> String {
    let output = ran.events_named("action-output").into_iter();
    let text = |event: serde_json::Value| event["text"].as_str().expect("text").to_owned();
    output.filter(|event| event["stream"] == "stdout").map(text).collect()
}

/// A script whose words each run quietly and say what came of them: `NAME ok` or `NAME no`.
fn tries(words: &[(&str, String)]) -> String {
    words
        .iter()
        .map(|(name, word)| {
            format!("if {{ {word} ; }} >/dev/null 2>&1; then echo {name} ok; else echo {name} no; fi\n")
        })
        .collect()
}

#[test]
fn c01_private_files_of_the_user_are_not_there() {
    for tier in SHUT {
        let workspace = running("", "");
        let home = workspace.outside();
        for file in [".ssh/id_rsa", ".npmrc", ".config/farm/token"] {
            let path = home.join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(&path, "secret").expect("written");
        }
        let mut words: Vec<(&str, String)> = Vec::new();
        for (name, file) in [
            ("ssh", ".ssh/id_rsa"),
            ("npm", ".npmrc"),
            ("token", ".config/farm/token"),
        ] {
            words.push((name, format!("cat {}/{file}", home.display())));
        }
        words.push(("shadow", "cat /etc/shadow".to_owned()));
        words.push(("list", format!("ls {}", home.display())));
        words.push(("tilde", "cat ~/.ssh/id_rsa".to_owned()));
        workspace.write("script.sh", &tries(&words));
        let ran = build(&workspace, tier);
        assert_eq!(
            said(&ran),
            "ssh no\nnpm no\ntoken no\nshadow no\nlist no\ntilde no\n",
            "{tier}: {}",
            ran.text()
        );
    }
}

#[test]
fn c01_the_environment_holds_nothing_of_the_users() {
    for tier in ["off", "L1", "L2"] {
        let workspace = running("env | cut -d= -f1 | sort | tr '\\n' ' '", "");
        let mut command = workspace.command_at(tier, ["build", "--json"]);
        let ran = workspace.ran(
            command
                .env("NPM_TOKEN", "s3cret")
                .env("AWS_SECRET_ACCESS_KEY", "s3cret"),
        );
        let text = said(&ran);
        assert!(
            text.contains("PATH") && !text.contains("TOKEN") && !text.contains("AWS"),
            "{tier}: {text}"
        );
        assert!(!text.contains("FARM"), "nothing about farm either: {text}");
    }
}

#[test]
fn c02_an_undeclared_file_is_absent() {
    for tier in ["off", "L1", "L2"] {
        let workspace = running("", "");
        workspace.write("undeclared.txt", "x");
        let place = workspace.root().join("undeclared.txt");
        let mut words = vec![
            ("relative", "cat undeclared.txt".to_owned()),
            ("up", "cat ../undeclared.txt".to_owned()),
        ];
        if tier != "off" {
            words.push(("absolute", format!("cat {}", place.display())));
            words.push(("farm", format!("cat {}/farm.toml", workspace.root().display())));
        }
        workspace.write("script.sh", &tries(&words));
        let ran = build(&workspace, tier);
        assert!(
            !said(&ran).contains("ok") && said(&ran).starts_with("relative no\n"),
            "{tier}: {}",
            ran.text()
        );
    }
}

#[test]
fn c02_a_build_that_needs_an_undeclared_file_fails_the_first_time() {
    for tier in ["off", "L1", "L2"] {
        let workspace = running("cat undeclared.txt", "");
        workspace.write("undeclared.txt", "x");
        assert_eq!(build(&workspace, tier).code(), 1, "{tier}");
    }
}

#[test]
fn c03_nothing_outside_the_tree_can_be_written() {
    for tier in SHUT {
        let workspace = running("", "");
        let outside = workspace.outside().join("outside");
        fs::create_dir(&outside).expect("made");
        fs::set_permissions(&outside, fs::Permissions::from_mode(0o777)).expect("set");
        let name = format!("farm-test-{}", std::process::id());
        let words = [
            ("workspace", format!("touch {}/new", workspace.root().display())),
            ("outside", format!("touch {}/new", outside.display())),
            ("cache", format!("touch {}/new", workspace.cache().display())),
            ("usr", format!("touch /usr/{name}")),
            ("etc", format!("touch /etc/{name}")),
            ("input", "echo changed > script.sh".to_owned()),
            ("remove", "rm -rf /usr/bin/env".to_owned()),
        ];
        let script = tries(&words) + &format!("touch /tmp/{name}; true\n");
        workspace.write("script.sh", &script);
        let ran = build(&workspace, tier);
        let said = said(&ran);
        for place in ["workspace", "outside", "cache", "usr", "etc", "remove"] {
            assert!(
                said.contains(&format!("{place} no\n")),
                "{tier}: {place}: {}",
                ran.text()
            );
        }
        assert_eq!(workspace.read("script.sh"), script, "{tier}: the user's file");
        assert!(
            !workspace.has("new") && fs::read_dir(&outside).expect("a folder").next().is_none(),
            "{tier}"
        );
        assert!(!Path::new("/tmp").join(&name).exists(), "{tier}: the host's /tmp");
    }
}

#[test]
fn c03_what_was_not_declared_is_gone_and_told() {
    let workspace = running(
        "echo a > declared.txt; echo b > stray.txt; mkdir more; echo c > more/c.txt",
        "outputs = [\"declared.txt\"]",
    );
    let ran = build(&workspace, "L2");
    let notices = ran.events_named("notice");
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert_eq!(notices[0]["code"], "sandbox::undeclared-output");
    assert_eq!(
        notices[0]["message"],
        "wrote `more/c.txt` and 1 more without declaring it; that is gone"
    );
    assert!(workspace.has("declared.txt") && !workspace.has("stray.txt") && !workspace.has("more"));
}

#[test]
fn c05_the_network_is_not_there() {
    for tier in SHUT {
        let workspace = running("", "tools = [\"python3\"]");
        let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = tcp.local_addr().expect("it has one").port();
        let host = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let udp_port = host.local_addr().expect("it has one").port();
        let socket = workspace.outside().join("docker.sock");
        let _listener = UnixListener::bind(&socket).expect("a socket");
        let script = format!(
            r#"
import socket, struct
def attempt(name, what):
    try:
        what()
        print(name, "ok")
    except OSError:
        print(name, "no")
def tcp(): socket.create_connection(("127.0.0.1", {port}), 5)
def udp(): socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", {udp_port}))
def name(): socket.getaddrinfo("example.com", 80)
def raw(): socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
def unix(): socket.socket(socket.AF_UNIX).connect("{socket}")
for what in [tcp, udp, name, raw, unix]: attempt(what.__name__, what)
"#,
            socket = socket.display()
        );
        workspace.write("script.py", &script);
        workspace.write(
            "farm.toml",
            &workspace
                .read("farm.toml")
                .replace("sh script.sh", "python3 script.py")
                .replace("script.sh", "script.py"),
        );
        let ran = build(&workspace, tier);
        // A datagram may leave for the sandbox's own loopback, where nobody listens.
        let said = said(&ran);
        for way in ["tcp", "name", "raw", "unix"] {
            assert!(said.contains(&format!("{way} no\n")), "{tier}: {way}: {}", ran.text());
        }
        for socket in [tcp.set_nonblocking(true), host.set_nonblocking(true)] {
            socket.expect("set");
        }
        assert!(tcp.accept().is_err(), "{tier}: somebody connected");
        assert!(host.recv(&mut [0; 8]).is_err(), "{tier}: somebody sent something");
    }
}

#[test]
fn c10_a_fork_bomb_ends_with_its_action() {
    for tier in SHUT {
        let workspace = running("bomb() { bomb | bomb & }; bomb; sleep 60", "timeout = 2");
        let ran = build(&workspace, tier);
        assert_eq!(ran.code(), 1, "{tier}");
        assert_eq!(ran.problem_codes().len(), 1, "{}", ran.text());
        assert_nothing_left(&workspace, tier);
    }
}

#[test]
fn c16_a_tool_that_ignores_everything_is_killed_with_all_its_children() {
    for tier in ["off", "L1", "L2"] {
        let script = "trap '' TERM INT HUP\n(trap '' TERM INT HUP; while :; do sleep 1; done) &\nsetsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' &\nwhile :; do sleep 1; done";
        let workspace = running(script, "timeout = 1");
        let ran = build(&workspace, tier);
        assert_eq!(ran.code(), 1, "{tier}");
        assert_eq!(ran.problem_codes(), ["execute::timed-out"], "{tier}");
        if tier != "off" {
            assert_nothing_left(&workspace, tier);
        }
    }
}

/// No process works in the workspace's folders any more, nor holds a file of them.
#[track_caller]
fn assert_nothing_left(workspace: &Workspace, tier: &str) {
    let left = workspace.processes();
    assert!(left.is_empty(), "{tier}: {left:?}");
}

/// Two targets that succeed, one that fails, and one that depends on it.
fn failing() -> Workspace {
    Workspace::with(
        r#"
        [workspace]
        name = "failing"
        [targets.good]
        builder = "command"
        options = { command = "echo good > good.txt", inputs = [], outputs = ["good.txt"] }
        [targets.after]
        builder = "command"
        deps = ["good"]
        options = { command = "cat deps/good/good.txt > after.txt", inputs = [], outputs = ["after.txt"] }
        [targets.bad]
        builder = "command"
        deps = ["after"]
        options = { command = "echo wrong >&2; exit 7", inputs = [] }
        [targets.user]
        builder = "command"
        deps = ["bad"]
        options = { command = "true", inputs = [] }
        "#,
    )
}

#[test]
fn a_failing_tool_shows_its_output_and_how_to_run_it_by_hand() {
    let workspace = failing();
    farm_snapshot!(workspace.farm("build --jobs 1"), @r"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    building 4 targets of failing for production (sandbox [TIER], [JOBS])
    ran             [TIME]  good   echo good > good.txt
    ran             [TIME]  after  cat deps/good/good.txt > after.txt
    failed          [TIME]  bad    echo wrong >&2; exit 7
      | wrong
    error[execute::tool-failed]: `sh -c 'echo wrong >&2; exit 7'` failed with exit code 7
      target bad, action run
      hint: run it by hand in the same sandbox: farm debug [WORKSPACE]/.farm/failed/bad.run
    not built: 2 ran, 0 cached, 1 failed, 1 skipped in [TIME]
    ");
    let by_hand = workspace.farm("debug .farm/failed/bad.run");
    let text = by_hand.text();
    assert_eq!(by_hand.code(), 7, "{text}");
    assert!(
        text.contains("in the sandbox (L") && text.contains("\nwrong\n"),
        "{text}"
    );
}

#[test]
fn what_succeeded_before_a_failure_is_kept() {
    let workspace = failing();
    assert_eq!(workspace.farm("build --json --jobs 1").code(), 1);
    let counts = workspace.farm("build --json --jobs 1").last()["counts"].clone();
    assert_eq!(
        counts,
        serde_json::json!({ "ran": 0, "cached": 0, "up_to_date": 2, "failed": 1, "skipped": 1 })
    );
    workspace.remove("after.txt");
    let counts = workspace.farm("build --json --jobs 1").last()["counts"].clone();
    assert_eq!(
        counts,
        serde_json::json!({ "ran": 0, "cached": 1, "up_to_date": 1, "failed": 1, "skipped": 1 })
    );
}

#[test]
fn a_failure_stops_the_rest_unless_told_to_go_on() {
    // A chain beside the failure: its end is planned long after the failure, so it cannot have run before it.
    let target = |name: &str, dep: &str, command: &str| {
        let options = format!("{{ command = \"{command} > {name}.txt\", inputs = [], outputs = [\"{name}.txt\"] }}");
        format!("[targets.{name}]\nbuilder = \"command\"\ndeps = [{dep}]\noptions = {options}\n")
    };
    let mut farm_toml = "[workspace]\nname = \"failing\"\n".to_owned();
    farm_toml += &target("bad", "", "false");
    farm_toml += &target("user", "\"bad\"", "true");
    farm_toml += &target("chain0", "", "true");
    let links = (1..20).map(|at| target(&format!("chain{at}"), &format!("\"chain{}\"", at - 1), "true"));
    farm_toml.extend(links);
    let (stops, goes_on) = (Workspace::with(&farm_toml), Workspace::with(&farm_toml));
    let ran = stops.farm("build --json --jobs 1");
    assert_eq!((ran.code(), &ran.last()["counts"]["failed"]), (1, &1.into()));
    assert!(!stops.has("chain19.txt"), "nothing more was started: {}", ran.text());
    let ran = goes_on.farm("build --json --jobs 1 --keep-going");
    let counts = serde_json::json!({ "ran": 20, "cached": 0, "up_to_date": 0, "failed": 1, "skipped": 1 });
    assert_eq!((ran.code(), &ran.last()["counts"]), (1, &counts));
    assert!(goes_on.has("chain19.txt") && !goes_on.has("user.txt"));
}

#[test]
fn a_declared_output_that_is_missing_is_a_failure() {
    let workspace = running("echo done", "outputs = [\"result.txt\"]");
    farm_snapshot!(workspace.farm("build"), @r"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    building 1 target of tools for production (sandbox [TIER], [JOBS])
    failed          [TIME]  run  sh script.sh
      | done
    error[execute::missing-output]: `sh -c 'sh script.sh'` succeeded but left no `result.txt`
      target run, action run
      hint: make the command write `result.txt`, or correct the declared outputs
      hint: run it by hand in the same sandbox: farm debug [WORKSPACE]/.farm/failed/run.run
    not built: 0 ran, 0 cached, 1 failed in [TIME]
    ");
    assert_eq!(workspace.farm("build").code(), 1, "and was not kept as a success");
}

#[test]
fn c08_an_output_that_is_no_plain_file_is_refused() {
    let cases = [
        ("ln -s /etc/passwd out/link", "a link out"),
        ("ln -s ../../../secret out/link", "a link above"),
        ("mkfifo out/pipe", "a pipe"),
        ("echo x > out/tool; chmod 4755 out/tool", "setuid"),
        ("echo x > out/tool; chmod 2755 out/tool", "setgid"),
    ];
    for (script, what) in cases {
        for tier in ["off", "L1", "L2"] {
            let workspace = running(&format!("mkdir out && {script}"), "outputs = [\"out\"]");
            let ran = build(&workspace, tier);
            assert_eq!(ran.code(), 1, "{what} at {tier}: {}", ran.text());
            assert!(
                !workspace.has("out"),
                "{what} at {tier}: it was put into the user's tree"
            );
        }
    }
}

#[test]
fn c08_an_output_that_is_a_link_itself_is_refused() {
    for script in ["ln -s /etc out", "ln -s script.sh out", "mkdir real && ln -s real out"] {
        let workspace = running(script, "outputs = [\"out\"]");
        let ran = build(&workspace, "L2");
        assert_eq!(
            (ran.code(), workspace.has("out")),
            (1, false),
            "{script}: {}",
            ran.text()
        );
    }
}

#[test]
fn a_link_inside_an_output_is_kept() {
    let workspace = running(
        "mkdir -p out/a && echo x > out/a/x && ln -s a/x out/link",
        "outputs = [\"out\"]",
    );
    assert_eq!(workspace.build(), counted(1, 0, 0));
    assert_eq!(workspace.read("out/link"), "x\n");
    workspace.remove("out");
    assert_eq!(workspace.build(), counted(0, 1, 0));
    assert_eq!(
        fs::read_link(workspace.root().join("out/link")).expect("a link"),
        Path::new("a/x")
    );
}

#[test]
fn b26_what_a_tool_prints_cannot_steer_the_terminal() {
    let workspace = running("printf '\\033]52;c;ZXZpbA==\\007\\033[2Jclean\\n'; exit 1", "");
    let text = workspace.farm("build").text();
    assert!(
        text.contains("clean") && !text.contains('\x1b') && !text.contains('\x07'),
        "{text:?}"
    );
}

#[test]
fn a_planted_link_where_an_output_goes_is_not_followed() {
    let workspace = running("mkdir out && echo x > out/x.txt", "outputs = [\"out\"]");
    let outside = workspace.outside().join("victim");
    fs::create_dir(&outside).expect("made");
    fs::write(outside.join("x.txt"), "precious").expect("written");
    std::os::unix::fs::symlink(&outside, workspace.root().join("out")).expect("linked");
    let ran = build(&workspace, "L2");
    assert_eq!(
        fs::read_to_string(outside.join("x.txt")).expect("it is there"),
        "precious",
        "{}",
        ran.text()
    );
    assert_eq!(fs::read_dir(&outside).expect("a folder").count(), 1);
}

#[test]
fn an_input_behind_a_folder_that_leads_out_of_the_workspace_is_refused() {
    let config = |input: &str| {
        format!(
            "[workspace]\nname = \"links\"\n[targets.a]\nbuilder = \"command\"\noptions = {{ command = \"true\", inputs = [\"{input}\"] }}\n"
        )
    };
    let workspace = Workspace::with(&config("link/deep/x.txt"));
    let outside = workspace.outside().join("others");
    fs::create_dir_all(outside.join("deep")).expect("made");
    fs::write(outside.join("deep/x.txt"), "not ours").expect("written");
    std::os::unix::fs::symlink(&outside, workspace.root().join("link")).expect("linked");
    let refused = || {
        let text = workspace.farm("build").text();
        assert!(
            text.contains("` is behind a link that leads out of the workspace"),
            "{text}"
        );
    };
    refused();
    workspace.write("farm.toml", &config("link/deep/*.txt"));
    refused();
    // One that stays inside is followed.
    workspace.remove("link");
    workspace.write("inside/deep/x.txt", "ours");
    std::os::unix::fs::symlink("inside", workspace.root().join("link")).expect("linked");
    assert_eq!(workspace.farm("build").code(), 0);
}
