//! The option `inputs`: patterns of the target's folder and of the workspace. Does not match anything itself.

use farm_sdk::{Input, Problem};

use crate::outputs::Declared;

/// Reads the option. The target's own outputs are never its inputs.
pub(crate) fn read(texts: Option<&[String]>, outputs: &[Declared]) -> Result<Vec<Input>, Problem> {
    let Some(texts) = texts else {
        return Ok(vec![without(Input::files(["**"]), outputs)]);
    };
    let (mut own, mut workspace, mut own_not, mut workspace_not) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for text in texts {
        let (pattern, is_excluded) = text
            .strip_prefix('!')
            .map_or((text.as_str(), false), |rest| (rest, true));
        let (pattern, is_workspace) = pattern.strip_prefix("//").map_or((pattern, false), |rest| (rest, true));
        let list = match (is_workspace, is_excluded) {
            (false, false) => &mut own,
            (true, false) => &mut workspace,
            (false, true) => &mut own_not,
            (true, true) => &mut workspace_not,
        };
        list.push(clean(pattern, text)?);
    }
    if own.is_empty() && !own_not.is_empty() {
        own.push("**".to_owned());
    }
    let own = (!own.is_empty()).then(|| without(Input::files(own).except(own_not), outputs));
    let workspace = (!workspace.is_empty()).then(|| Input::workspace_files(workspace).except(workspace_not));
    Ok(own.into_iter().chain(workspace).collect())
}

fn clean(pattern: &str, text: &str) -> Result<String, Problem> {
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
    let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
    if pattern.split('/').any(|part| part == "..") {
        let problem = Problem::new(format!("input `{text}` leaves the target's folder"));
        return Err(problem.hint("write `//` and the path from the workspace's root"));
    }
    if pattern.is_empty() || pattern.starts_with('/') || pattern.split('/').any(|part| matches!(part, "" | ".")) {
        let problem = Problem::new(format!("input `{text}` is not a pattern"));
        return Err(
            problem.hint("write `src/**` for files of the target's folder, `//shared/**` from the workspace's root")
        );
    }
    Ok(pattern.to_owned())
}

/// An output may be a file or a folder, which is known only when it is there.
fn without(input: Input, outputs: &[Declared]) -> Input {
    input.except(
        outputs
            .iter()
            .flat_map(|output| [output.path.clone(), format!("{}/**", output.path)]),
    )
}
