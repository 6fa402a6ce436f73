//! Paths in the image, as options write them, and what would lie over what. Does not know what is in an artifact.

use farm_sdk::Problem;

use crate::oci::links::WHITEOUT;
use crate::options::{Options, Path};
use crate::parts::Part;

/// The longest name that a file has on any system.
const MAX_NAME: usize = 255;
/// Folders that a container gets from who runs it, with all that is in them.
const TAKEN: [&str; 3] = ["/dev", "/proc", "/sys"];
/// The folder that it gets empty.
const TEMPORARY: &str = "/tmp";

/// Refuses a path that would not be where it says.
pub(crate) fn check(options: &Options) -> Result<(), Problem> {
    let paths = options.paths.values().filter_map(|path| match path {
        Path::To(path) => Some(path),
        Path::Out(_) => None,
    });
    paths
        .map(|path| plain(path))
        .filter(|path| !path.is_empty())
        .try_for_each(|path| check_path("paths", path))?;
    options.volumes.iter().map(|path| plain(path)).try_for_each(|path| {
        check_path("volumes", path)?;
        check_volume(path)
    })?;
    let directory = options.directory.iter().map(|path| plain(path));
    let mut directory = directory.filter(|path| !path.is_empty());
    directory.try_for_each(|path| check_path("directory", path))?;
    let mut mounts = options.development.mounts.values().map(|path| plain(path));
    mounts.try_for_each(|path| check_path("development.mounts", path))
}

/// The path of a folder may end in a sign that says so; that of the root is nothing else.
fn plain(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

fn check_path(option: &str, path: &str) -> Result<(), Problem> {
    let names = || path.split('/').skip(1);
    let (why, hint) = if names().any(|name| matches!(name, "" | "." | "..")) {
        (
            "which is not the plain form of a path",
            "write it without `.`, `..` and doubled `/`",
        )
    } else if names().any(|name| name.starts_with(WHITEOUT)) {
        (
            "and in a layer, a name that begins with `.wh.` deletes a file of the layers below",
            "take another name",
        )
    } else if path.chars().any(char::is_control) {
        (
            "which has a line break or another control character in it",
            "take another name",
        )
    } else if names().any(|name| name.len() > MAX_NAME) {
        ("which has a name that is longer than any file's", "take another name")
    } else {
        return Ok(());
    };
    Err(Problem::new(format!("option `{option}` names `{}`, {why}", path.escape_debug())).hint(hint))
}

fn check_volume(path: &str) -> Result<(), Problem> {
    let is_taken = |taken: &str| {
        path.strip_prefix(taken)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if path != TEMPORARY && !TAKEN.into_iter().any(is_taken) {
        return Ok(());
    }
    let problem = Problem::new(format!(
        "option `volumes` names `{path}`, which every container gets anew"
    ));
    Err(problem.hint("keep data in a folder of its own, below /var/lib, say; `/tmp` may be written to anyway"))
}

/// Refuses what would be below a program, and a volume that would hide an artifact.
pub(crate) fn check_parts(options: &Options, parts: &[Part]) -> Result<(), Problem> {
    let is_below = |path: &str, above: &str| path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'));
    let called = |part: &Part| format!("`deps/{}/{}`", part.target, part.artifact);
    for program in parts.iter().filter(|part| part.is_binary()) {
        if let Some(other) = parts.iter().find(|other| is_below(&other.path, &program.path)) {
            let (other, path) = (called(other), &program.path);
            let problem = Problem::new(format!("{other} would be below `{path}`, which is a program"));
            return Err(problem.hint("say in the option `paths` where else it goes"));
        }
    }
    for volume in options.volumes.iter().map(|path| plain(path)) {
        let is_hidden = |part: &&Part| part.path == volume || is_below(&part.path, volume);
        if let Some(part) = parts.iter().find(is_hidden) {
            let problem = Problem::new(format!(
                "the volume `{volume}` would hide {}, which is at `{}`",
                called(part),
                part.path
            ));
            return Err(
                problem.hint("keep data in a folder of its own, or say in the option `paths` where else it goes")
            );
        }
        if let Some(program) = parts
            .iter()
            .find(|part| part.is_binary() && is_below(volume, &part.path))
        {
            let path = &program.path;
            let problem = Problem::new(format!(
                "the volume `{volume}` would be below `{path}`, which is a program"
            ));
            return Err(problem.hint("keep data in a folder of its own"));
        }
    }
    Ok(())
}
