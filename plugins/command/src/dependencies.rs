//! Where a dependency's artifacts appear, and which of them the option `inputs` takes.

use farm_sdk::{Dependency, Input, Problem};

/// Divides the option into patterns of files and the artifacts that are inputs: those it names, or else all. `./deps`
/// means a folder of the target's own.
pub(crate) fn divide(
    inputs: Option<&[String]>,
    dependencies: &[Dependency],
) -> Result<(Option<Vec<String>>, Vec<Input>), Problem> {
    check_modules(dependencies)?;
    let is_artifact = |text: &&String| !dependencies.is_empty() && text.starts_with("deps/");
    let (named, files): (Vec<&String>, Vec<&String>) = inputs.unwrap_or_default().iter().partition(is_artifact);
    if let Some(text) = named
        .iter()
        .find(|text| !dependencies.iter().any(|dependency| takes(text, dependency)))
    {
        let places: Vec<_> = dependencies
            .iter()
            .map(|dependency| format!("`{}`", place(dependency)))
            .collect();
        let problem = Problem::new(format!("input `{text}` is no artifact of a dependency"));
        return Err(problem.hint(format!("the dependencies make {}", places.join(", "))));
    }
    let is_taken = |dependency: &&Dependency| {
        named.is_empty() || is_modules(dependency) || named.iter().any(|text| takes(text, dependency))
    };
    let artifacts = dependencies.iter().filter(is_taken);
    let artifacts = artifacts
        .map(|taken| Input::artifact(place(taken), &taken.target, &taken.name))
        .collect();
    Ok((inputs.map(|_| files.into_iter().cloned().collect()), artifacts))
}

fn place(dependency: &Dependency) -> String {
    if is_modules(dependency) {
        return "node_modules".to_owned();
    }
    format!("deps/{}/{}", dependency.target.replace(':', "/"), dependency.name)
}

fn is_modules(dependency: &Dependency) -> bool {
    dependency.kind == "node-modules"
}

/// Whether a text such as `deps/web`, `deps/web/dist` or `deps/web/dist/**` means this artifact.
fn takes(text: &str, dependency: &Dependency) -> bool {
    let text = text.strip_suffix("/**").unwrap_or(text).trim_end_matches('/');
    let place = place(dependency);
    place
        .strip_prefix(text)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn check_modules(dependencies: &[Dependency]) -> Result<(), Problem> {
    let modules: Vec<_> = dependencies
        .iter()
        .filter(|dependency| is_modules(dependency))
        .collect();
    if let [first, second, ..] = modules[..] {
        let both = format!("`{}` and `{}` both bring a node_modules", first.target, second.target);
        return Err(Problem::new(both).hint("take one of them out of `deps`"));
    }
    Ok(())
}
