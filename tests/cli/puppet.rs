//! A third-party builder that says what a test wants: the guest `puppet`, and plans for it as JSON.

use serde_json::{Value, json};

use crate::guests;
use crate::support::Workspace;

/// The rest of a `farm.toml` after its targets: the builder `puppet`, with these tools granted.
const BUILDER: &str = "[builders.puppet]\ncomponent = \"puppet.wasm\"\npermissions = { tools = [\"sh\"] }\n";

/// A workspace with these targets of the puppet, each with its plan, and after them more of `farm.toml`.
pub(crate) fn workspace(targets: &[(&str, Value)], more: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write_bytes("puppet.wasm", &guests::bytes("puppet"));
    let targets: String = targets.iter().map(|(name, plan)| target(name, plan)).collect();
    workspace.write(
        "farm.toml",
        &format!("[workspace]\nname = \"puppets\"\n\n{targets}{BUILDER}\n{more}"),
    );
    workspace
}

/// A target's table.
pub(crate) fn target(name: &str, plan: &Value) -> String {
    format!("[targets.{name}]\nbuilder = \"puppet\"\noptions = {{ plan = '''{plan}''' }}\n\n")
}

/// A plan of these actions, whose first one's output is an artifact in `dist/<target>`.
pub(crate) fn plan(actions: &[Value]) -> Value {
    let artifacts: Vec<Value> = actions
        .iter()
        .take(1)
        .map(|action| {
            json!({
                "name": "out", "kind": "files", "place": "", "properties": [],
                "from": { "action": action["id"], "output": "out" },
            })
        })
        .collect();
    json!({ "actions": actions, "artifacts": artifacts, "properties": [] })
}

/// An action that runs this script and leaves `out/`.
pub(crate) fn action(id: &str, script: &str) -> Value {
    json!({
        "id": id, "label": "", "inputs": [], "tools": [], "environment": [], "pass_environment": [],
        "secrets": [], "caches": [], "properties": [],
        "work": { "Tool": { "tool": "sh", "arguments": ["-c", script], "directory": "" } },
        "outputs": [{ "name": "out", "path": "out", "shape": "Folder", "required": true, "in_place": false }],
    })
}

/// An action that reads the output of another one.
pub(crate) fn reading(id: &str, other: &str) -> Value {
    let mut action = action(id, "mkdir out");
    action["inputs"] = json!([{ "at": "in", "source": { "Output": { "action": other, "output": "out" } } }]);
    action
}
