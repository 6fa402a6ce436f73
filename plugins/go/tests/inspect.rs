//! The step `inspect`, on files as go links them.

use std::fs;

use farm_builder_go::GoBuilder;
use farm_sdk::{Builder, Problem};
use serde_json::{Value, json};

const MODULES: &str = "path\texample.com/shop/cmd/api\nmod\texample.com/shop\t(devel)\t\n\
                       dep\tgithub.com/a/b\tv1.2.3\th1:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n\
                       dep\texample.com/shared\tv0.0.0\n=>\t../shared\t(devel)\t\nbuild\tGOOS=linux\n";

/// A program with the information that go 1.18 and later write: a header of 32 bytes, and two texts behind their lengths.
fn program() -> Vec<u8> {
    let modules = format!("0123456789abcdef{MODULES}fedcba9876543210");
    let mut bytes = [&[0; 64][..], b"\xff Go buildinf:\x08\x02", &[0; 16]].concat();
    for text in ["go1.26.8 X:synctest", &modules] {
        let mut length = text.len();
        while length > 0x7f {
            bytes.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
            length >>= 7;
        }
        bytes.push(u8::try_from(length).expect("seven bits"));
        bytes.extend(text.as_bytes());
    }
    bytes
}

fn inspect(program: &[u8]) -> Result<[Value; 2], Problem> {
    let folder = tempfile::tempdir().expect("a folder");
    let [input, output] = ["in", "out"].map(|name| folder.path().join(name));
    for folder in [&input, &output] {
        fs::create_dir(folder).expect("made");
    }
    fs::write(input.join("program"), program).expect("written");
    let parameters = r#"{"platform":"linux/arm64","version":"1.4.0"}"#;
    GoBuilder::run_step("inspect", parameters, &input, &output)?;
    let read = |name| fs::read_to_string(output.join(name)).expect("it was written");
    Ok(["metadata.json", "components.json"].map(|name| serde_json::from_str(&read(name)).expect("JSON")))
}

#[test]
fn a_program_becomes_metadata_and_components() {
    let program = program();
    let [metadata, components] = inspect(&program).expect("a program of go");
    let expected = json!({
        "platform": "linux/arm64", "go": "1.26.8 X:synctest", "version": "1.4.0", "bytes": program.len(),
        "dependencies": 2, "package": "example.com/shop/cmd/api", "module": "example.com/shop",
        "modules": [
            { "path": "github.com/a/b", "version": "v1.2.3" },
            { "path": "example.com/shared", "version": "(devel)" },
        ],
    });
    assert_eq!(metadata, expected);
    let listed = components["components"].as_array().expect("a list").iter();
    let listed: Vec<_> = listed
        .map(|one| (one["purl"].as_str().expect("one"), &one["hashes"][0]["content"]))
        .collect();
    let digits = json!("aa".repeat(32));
    assert_eq!(listed[1], ("pkg:golang/github.com/a/b@v1.2.3", &digits));
    assert_eq!(listed[2], ("pkg:golang/std@1.26.8", &Value::Null));
    assert_eq!(listed.len(), 3);
}

#[test]
fn what_go_did_not_link_is_told() {
    let problem = inspect(b"#!/bin/sh\n").expect_err("no program of go");
    assert_eq!(problem.message, "the program does not say what it was built from");
    assert!(problem.hint.is_some());
}
