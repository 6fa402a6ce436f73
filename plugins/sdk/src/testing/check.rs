//! What farm refuses in a plan, so that an author learns it from a test. Does not know files: whether a pattern
//! matches is seen when the plan runs.

use std::collections::BTreeSet;

use crate::{Action, Dependency, Description, Input, OutputRef, Plan, Source, Want, Work};

/// What farm would refuse in the first round of a plan, one sentence each; empty when it is sound.
#[must_use]
pub fn faults(description: &Description, dependencies: &[Dependency], plan: &Plan) -> Vec<String> {
    let mut faults = duplicates("action", plan.actions.iter().map(|action| action.id.as_str()));
    faults.extend(duplicates(
        "artifact",
        plan.artifacts.iter().map(|artifact| artifact.name.as_str()),
    ));
    let outputs: BTreeSet<OutputRef> = plan.actions.iter().flat_map(outputs_of).collect();
    for action in &plan.actions {
        let found = [
            names(action),
            wants(description, action),
            pins(action),
            on_demand(action),
            limit(action),
            references(action, &outputs, dependencies),
        ];
        faults.extend(
            found
                .into_iter()
                .flatten()
                .map(|fault| format!("action `{}`: {fault}", action.id)),
        );
    }
    for artifact in &plan.artifacts {
        let named = std::iter::once(&artifact.from)
            .chain(&artifact.metadata)
            .chain(&artifact.components);
        let missing = named.filter(|output| !outputs.contains(output));
        faults.extend(missing.map(|output| format!("artifact `{}`: {}", artifact.name, no_output(output))));
    }
    faults
}

fn names(action: &Action) -> Vec<String> {
    let mut faults = duplicates("output", action.outputs.iter().map(|output| output.name.as_str()));
    let all = std::iter::once(&action.id).chain(action.outputs.iter().map(|output| &output.name));
    let odd = all.filter(|name| !is_name(name));
    faults
        .extend(odd.map(|name| format!("`{name}` is no name: lower-case letters, digits, `-`, `_`, `.`, at most 64")));
    let paths = action
        .inputs
        .iter()
        .map(|input| &input.at)
        .chain(action.outputs.iter().map(|output| &output.path));
    faults.extend(
        paths
            .filter(|path| !is_path(path))
            .map(|path| format!("`{path}` is not a path")),
    );
    faults
}

fn wants(description: &Description, action: &Action) -> Vec<String> {
    let mut used: Vec<Want> = action.tools.iter().cloned().map(Want::Tool).collect();
    if let Work::Tool { tool, .. } = &action.work {
        used.push(Want::Tool(tool.clone()));
    }
    used.extend(
        action
            .network
            .iter()
            .flat_map(|fetch| fetch.from.iter().cloned().map(Want::Network)),
    );
    used.extend(action.pass_environment.iter().cloned().map(Want::Environment));
    used.extend(action.secrets.iter().cloned().map(Want::Secret));
    used.extend(action.caches.iter().map(|(name, _)| Want::ToolCache(name.clone())));
    used.retain(|want| !is_wanted(description, want));
    used.iter()
        .map(|want| format!("the description does not want {want:?}"))
        .collect()
}

fn is_wanted(description: &Description, want: &Want) -> bool {
    let any = match want {
        Want::Tool(_) => Want::Tool("*".to_owned()),
        Want::Environment(_) => Want::Environment("*".to_owned()),
        Want::Secret(_) => Want::Secret("*".to_owned()),
        Want::Network(purpose) if purpose.starts_with("unix:") => Want::Network("unix:*".to_owned()),
        Want::Network(purpose) if purpose != "docker" => Want::Network("*".to_owned()),
        other => other.clone(),
    };
    description.wants.contains(want) || description.wants.contains(&any)
}

fn pins(action: &Action) -> Vec<String> {
    let Some(fetch) = &action.network else {
        return Vec::new();
    };
    if fetch.pinned_by.is_empty() && !action.on_demand {
        return vec!["it fetches what no lock file fixes".to_owned()];
    }
    let missing = fetch
        .pinned_by
        .iter()
        .filter(|pin| !action.inputs.iter().any(|input| provides(input, pin)));
    missing
        .map(|pin| format!("the lock file `{pin}` is not among its inputs"))
        .collect()
}

/// What checks a limit is there for what it says.
fn limit(action: &Action) -> Vec<String> {
    let is_check = matches!(action.work, Work::Step { .. }) && action.outputs.is_empty();
    let fault =
        (action.checks_limit && !is_check).then(|| "it checks a limit, and is no step without outputs".to_owned());
    fault.into_iter().collect()
}

/// What makes an action fit to be run outside of a build, or needs to be.
fn on_demand(action: &Action) -> Vec<String> {
    let purposes = action.network.iter().flat_map(|network| &network.from);
    let is_socket = |purpose: &&String| *purpose == "docker" || purpose.starts_with("unix:");
    let socket = purposes.into_iter().find(is_socket);
    let faults = if action.on_demand {
        [
            (!action.outputs.is_empty()).then(|| "it is on demand, and has outputs".to_owned()),
            matches!(action.work, Work::Step { .. }).then(|| "it is on demand, and runs no tool".to_owned()),
            (action.weight.is_some() || action.jobserver)
                .then(|| "it is on demand, and shares cores with nothing".to_owned()),
        ]
    } else {
        [
            socket.map(|socket| format!("it reaches the socket `{socket}`, and is not on demand")),
            action
                .without_sandbox
                .then(|| "it runs without a sandbox, and is not on demand".to_owned()),
            None,
        ]
    };
    faults.into_iter().flatten().collect()
}

fn provides(input: &Input, path: &str) -> bool {
    match &input.source {
        Source::Files(files) => files.include.iter().any(|pattern| join(&input.at, pattern) == path),
        _ => input.at == path,
    }
}

fn references(action: &Action, outputs: &BTreeSet<OutputRef>, dependencies: &[Dependency]) -> Vec<String> {
    let fault = |input: &Input| match &input.source {
        Source::Output(output) if output.action == action.id => Some("it reads its own output".to_owned()),
        Source::Output(output) if !outputs.contains(output) => Some(no_output(output)),
        Source::Artifact { target, name } => {
            let is_there = dependencies
                .iter()
                .any(|handle| handle.target == *target && handle.name == *name);
            (!is_there).then(|| format!("no dependency has the artifact `{name}` of `{target}`"))
        }
        _ => None,
    };
    action.inputs.iter().filter_map(fault).collect()
}

fn outputs_of(action: &Action) -> impl Iterator<Item = OutputRef> + '_ {
    action.outputs.iter().map(|output| action.out(&output.name))
}

fn no_output(output: &OutputRef) -> String {
    format!(
        "there is no output `{}` of an action `{}`",
        output.output, output.action
    )
}

fn duplicates<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names
        .filter(|name| !seen.insert(*name))
        .map(|name| format!("two {what}s are named `{name}`"))
        .collect()
}

fn is_name(name: &str) -> bool {
    let is_fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= 64 && name.chars().all(is_fine)
}

fn is_path(path: &str) -> bool {
    path.is_empty() || path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn join(folder: &str, path: &str) -> String {
    if folder.is_empty() {
        path.to_owned()
    } else {
        format!("{folder}/{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Artifact, Output, Pin};

    fn check(plan: &Plan) -> Vec<String> {
        let description = Description::new("x", "1.0.0", "", "{}")
            .wants_tool("npm")
            .wants_network("npm");
        faults(&description, &[], plan)
    }

    #[test]
    fn a_sound_plan_has_no_faults() {
        let install = Action::fetch("install", "npm", "npm", Pin::file("package-lock.json"))
            .output(Output::unpacked("node_modules", "node_modules"));
        let artifact = Artifact::new("modules", "node-modules", install.out("node_modules"));
        assert_eq!(
            check(&Plan::new().action(install).artifact(artifact)),
            Vec::<String>::new()
        );
    }

    #[test]
    fn on_demand_the_network_needs_no_lock_file() {
        let push = Action::tool("push", "npm").reaches(["npm"]);
        assert_eq!(
            check(&Plan::new().action(push.clone())),
            ["action `push`: it fetches what no lock file fixes"]
        );
        assert_eq!(check(&Plan::new().action(push.on_demand())), Vec::<String>::new());
    }

    #[test]
    fn what_is_on_demand_is_no_part_of_a_build() {
        let wrong = Action::step("push", "x")
            .on_demand()
            .weight(2)
            .output(Output::file("o", "o"));
        assert_eq!(
            check(&Plan::new().action(wrong)),
            [
                "action `push`: it is on demand, and has outputs",
                "action `push`: it is on demand, and runs no tool",
                "action `push`: it is on demand, and shares cores with nothing",
            ]
        );
        let lock = Action::fetch("load", "npm", "npm", Pin::file("a.lock"));
        let description = Description::new("x", "1.0.0", "", "{}")
            .wants_tool("npm")
            .wants_network("npm")
            .wants_network("unix:*");
        let faults = faults(
            &description,
            &[],
            &Plan::new().action(lock.reaches(["unix:/run/x.sock", "docker"]).without_sandbox()),
        );
        assert_eq!(
            faults,
            [
                "action `load`: the description does not want Network(\"docker\")",
                "action `load`: it reaches the socket `unix:/run/x.sock`, and is not on demand",
                "action `load`: it runs without a sandbox, and is not on demand",
            ]
        );
    }

    #[test]
    fn every_mistake_is_named() {
        let mut unpinned = Action::fetch("Fetch", "npm", "pypi", Pin::file("a.lock"));
        unpinned.inputs.clear();
        let reader = Action::tool("read", "npm")
            .input(Input::output("../x", OutputRef::new("nobody", "out")))
            .input(Input::artifact("a", "lib", "files"))
            .pass_env(["TOKEN"])
            .output(Output::file("o", "o"))
            .output(Output::file("o", "p"));
        let artifact = Artifact::new("a", "files", OutputRef::new("read", "missing"));
        let faults = check(
            &Plan::new()
                .action(unpinned)
                .action(reader.clone())
                .action(reader)
                .artifact(artifact),
        );
        for expected in [
            "two actions are named `read`",
            "action `Fetch`: `Fetch` is no name",
            "action `Fetch`: the description does not want Network(\"pypi\")",
            "action `Fetch`: the lock file `a.lock` is not among its inputs",
            "action `read`: two outputs are named `o`",
            "action `read`: `../x` is not a path",
            "action `read`: the description does not want Environment(\"TOKEN\")",
            "action `read`: there is no output `out` of an action `nobody`",
            "action `read`: no dependency has the artifact `files` of `lib`",
            "artifact `a`: there is no output `missing` of an action `read`",
        ] {
            assert!(
                faults.iter().any(|fault| fault.starts_with(expected)),
                "{expected}\n{faults:#?}"
            );
        }
    }
}
