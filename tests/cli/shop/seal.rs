//! What a tool of the product can see beyond what was declared, at each tier that shuts tools in.

use std::net::TcpListener;

use serde_json::{Value, json};

use super::product::Shop;
use crate::skip;

/// Tries what a tool must not do, and writes down how each attempt ended.
const PROBE: &str = r#"
import errno, json, pathlib, socket, sys

def attempt(act):
    try:
        act()
        return "ok"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))

def connect(host, port):
    return attempt(lambda: socket.create_connection((host, port), 5).close())

root, port = sys.argv[1], int(sys.argv[2])
read = lambda path: attempt(pathlib.Path(path).read_bytes)
seen = {
    "declared": read("probe.py"),
    "undeclared": read("endpoints.py"),
    "above": read("../apps/api/src/models.py"),
    "on the host": read(root + "/docs/endpoints.py"),
    "this machine": connect("127.0.0.1", port),
    "elsewhere": connect("192.0.2.1", 80),
    "a name": attempt(lambda: socket.getaddrinfo("localhost.example.com", 80)),
}
pathlib.Path("seen.json").write_text(json.dumps(seen))
"#;

/// Adds a target that tries; returns what came of it, or none where the machine does not have the tier.
fn probe(tier: &str) -> Option<Value> {
    let shop = Shop::checkout();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let port = listener.local_addr().expect("bound").port();
    shop.0.write("docs/probe.py", PROBE);
    let root = shop.0.root().display();
    let options = format!(
        "[targets.probe]\nbuilder = \"command\"\nroot = \"docs\"\n[targets.probe.options]\n\
         command = \"python3 probe.py {root} {port}\"\ninputs = [\"probe.py\"]\noutputs = [\"seen.json\"]"
    );
    shop.append("farm.toml", &options);
    let build = shop.build(&format!("--target probe --sandbox {tier}"));
    if build.code == 3 && build.problems()[0]["code"] == "sandbox::unavailable" {
        return None;
    }
    assert!(build.ok(), "{}", build.text());
    let text = std::fs::read_to_string(shop.path("docs/seen.json")).expect("it was made");
    Some(serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn at_l2_what_is_not_declared_is_absent_and_nobody_can_be_reached() {
    let Some(seen) = probe("L2") else {
        skip!("this machine has no tier L2");
    };
    assert_eq!(seen["declared"], "ok");
    for absent in ["undeclared", "above", "on the host"] {
        assert_eq!(seen[absent], "ENOENT", "{absent}: {seen}");
    }
    // A network of its own, in which nobody listens and nothing leads out.
    assert_eq!(
        (&seen["this machine"], &seen["elsewhere"]),
        (&json!("ECONNREFUSED"), &json!("ENETUNREACH"))
    );
    assert_ne!(seen["a name"], "ok");
}

#[test]
fn at_l1_what_is_not_declared_is_denied_and_nobody_can_be_reached() {
    let Some(seen) = probe("L1") else {
        skip!("this machine has no tier L1");
    };
    assert_eq!(seen["declared"], "ok");
    for absent in ["undeclared", "above"] {
        assert_eq!(seen[absent], "ENOENT", "{absent}: {seen}");
    }
    assert_eq!(seen["on the host"], "EACCES");
    for network in ["this machine", "elsewhere", "a name"] {
        assert_ne!(seen[network], "ok", "{network}: {seen}");
    }
}
