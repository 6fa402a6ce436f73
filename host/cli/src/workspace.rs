//! Finds the workspace that a command is about. Reads just enough of `farm.toml` to tell a workspace from a member:
//! whether the file is right is the engine's question.

use std::path::{Path, PathBuf};

use farm_engine::error::{Class, Problem};

use crate::source;

/// The file that makes a folder a workspace or a member.
const FILE: &str = "farm.toml";

/// The folder, from `directory` or the current folder upwards, whose `farm.toml` has `[workspace]`. A member's file is
/// passed over. Where no file has it, the nearest one is the user's attempt, and the engine says what it lacks.
pub(crate) fn find(directory: Option<&Path>) -> Result<PathBuf, Problem> {
    let start = start_folder(directory)?;
    let with_file = || start.ancestors().filter(|folder| folder.join(FILE).is_file());
    with_file()
        .find(|folder| has_workspace(&folder.join(FILE)))
        .or_else(|| with_file().next())
        .map(Path::to_path_buf)
        .ok_or_else(|| not_found(&start))
}

/// The folder to start from, without links, so that its parents are the real ones.
fn start_folder(directory: Option<&Path>) -> Result<PathBuf, Problem> {
    let directory = directory.unwrap_or_else(|| Path::new("."));
    let wrong = |reason: &str| {
        let message = format!("cannot work in `{}`: {reason}", directory.display());
        Problem::new("cli::no-directory", Class::Request, message)
    };
    let folder = directory
        .canonicalize()
        .map_err(|error| wrong("it cannot be entered").because(&error))?;
    if !folder.is_dir() {
        return Err(wrong("it is not a folder"));
    }
    Ok(folder)
}

/// Whether the file has a `[workspace]`, or would have one if its syntax were right.
fn has_workspace(file: &Path) -> bool {
    if source::read_head(file).is_some_and(|head| opens_with_workspace(&head)) {
        return true;
    }
    let Some(text) = source::read_text(file) else {
        return false;
    };
    match text.parse::<toml::Table>() {
        Ok(table) => table.contains_key("workspace"),
        Err(_) => text.lines().any(is_header),
    }
}

/// Whether the first table of the file is `[workspace]`: then the rest, which may be long, need not be read.
fn opens_with_workspace(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_start);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_some_and(is_header)
}

fn is_header(line: &str) -> bool {
    line.trim_start().starts_with("[workspace]")
}

/// There is no `farm.toml` at all.
fn not_found(start: &Path) -> Problem {
    let message = format!("there is no `{FILE}` in `{}` or any folder above it", start.display());
    Problem::new("cli::no-workspace", Class::Request, message)
        .hint("go to the folder of your product, or name it with -C")
        .hint("a new workspace starts with a farm.toml of `[workspace]` and `name = \"shop\"`")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes the files, and gives the folder found from `start`, from the temporary folder.
    fn found(files: &[(&str, &str)], start: &str) -> Result<String, &'static str> {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("it is there");
        std::fs::create_dir_all(root.join(start)).expect("made");
        for (name, text) in files {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().expect("has one")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        let found = find(Some(&root.join(start))).map_err(|problem| problem.code)?;
        Ok(found
            .strip_prefix(&root)
            .expect("is below")
            .to_str()
            .expect("is text")
            .to_owned())
    }

    #[test]
    fn the_nearest_workspace_is_found_over_members() {
        let root = ("farm.toml", "[workspace]\nname = 'shop'\n");
        let member = ("services/core/farm.toml", "[member]\n");
        assert_eq!(found(&[root, member], "services/core/src"), Ok(String::new()));
        let inner = ("services/core/farm.toml", "[workspace]\n");
        assert_eq!(
            found(&[root, inner], "services/core/src"),
            Ok("services/core".to_owned())
        );
    }

    #[test]
    fn a_broken_file_is_found_so_that_the_engine_can_say_what_is_wrong() {
        assert_eq!(
            found(&[("farm.toml", "[workspace]\nname = \n")], "src"),
            Ok(String::new())
        );
        assert_eq!(found(&[("farm.toml", "[targets.web]\n")], "src"), Ok(String::new()));
    }

    #[test]
    fn without_a_file_or_a_folder_it_is_a_request_error() {
        assert_eq!(found(&[], "src"), Err("cli::no-workspace"));
        let missing = find(Some(Path::new("/nowhere/at/all"))).expect_err("not there");
        assert_eq!((missing.code, missing.class), ("cli::no-directory", Class::Request));
    }
}
