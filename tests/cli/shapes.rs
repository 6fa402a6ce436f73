//! Workspaces of any size in three shapes: wide, deep, and one target with many inputs. Does not know what is asked of
//! them.

use std::fmt::Write as _;

use crate::support::Workspace;

/// Files in one folder of a target with many.
const IN_A_FOLDER: usize = 100;

/// Targets that know nothing of each other, each with so many inputs.
pub(crate) fn wide(targets: usize, inputs: usize) -> Workspace {
    let text: String = (0..targets)
        .map(|number| table(number, "", r#"command = "cat src/* > out.txt", inputs = ["src/**"], "#))
        .collect();
    let workspace = with(&text);
    for number in 0..targets {
        for input in 0..inputs {
            workspace.write(&format!("t{number}/src/{input}.txt"), &format!("{number} {input}\n"));
        }
    }
    workspace
}

/// Targets of which each reads what the one before it made; the first reads `t0/start.txt`.
pub(crate) fn chain(targets: usize) -> Workspace {
    let mut text = table(
        0,
        "",
        r#"command = "cat start.txt > out.txt", inputs = ["start.txt"], "#,
    );
    for number in 1..targets {
        let before = number - 1;
        let options = format!(r#"command = "cat deps/t{before}/out.txt > out.txt", inputs = [], "#);
        text.push_str(&table(number, &format!("\"t{before}\""), &options));
    }
    let workspace = with(&text);
    for number in 1..targets {
        workspace.write(&format!("t{number}/.keep"), "");
    }
    workspace.write("t0/start.txt", "start\n");
    workspace
}

/// One target with so many inputs, of which it reads `t0/src/0/0.txt` alone.
pub(crate) fn many_inputs(inputs: usize) -> Workspace {
    let options = r#"command = "cat src/0/0.txt > out.txt", inputs = ["src/**"], "#;
    let workspace = with(&table(0, "", options));
    for input in 0..inputs {
        let path = format!("t0/src/{}/{}.txt", input / IN_A_FOLDER, input % IN_A_FOLDER);
        workspace.write(&path, &format!("{input}\n"));
    }
    workspace
}

fn with(targets: &str) -> Workspace {
    Workspace::with(&format!("[workspace]\nname = \"shape\"\n{targets}"))
}

fn table(number: usize, deps: &str, options: &str) -> String {
    let mut text = format!("[targets.t{number}]\nbuilder = \"command\"\nroot = \"t{number}\"\ndeps = [{deps}]\n");
    writeln!(text, "options = {{ {options}outputs = [\"out.txt\"] }}").expect("a text takes all");
    text
}
