//! The program as people start it.

use std::process::Command;

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pour-timer"))
        .args(arguments)
        .output()
        .expect("it starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).expect("text"))
}

#[test]
fn it_says_when_to_pour() {
    let (code, text) = run(&["15"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(text.lines().next(), Some("00:00   30 g"));
    assert_eq!(text.lines().count(), 4);
}

#[test]
fn it_says_what_is_wrong() {
    let (code, text) = run(&["1000"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("no filter holds 1000 g"), "{text}");
}
