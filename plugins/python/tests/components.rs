//! The step `components`, run natively on real files.

use std::fs;

use farm_builder_python::Python;
use farm_sdk::Builder;
use serde_json::{Value, json};

#[test]
fn what_is_installed_is_listed_with_the_hashes_that_it_was_pinned_by() {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    for folder in [&input.join("farm"), &output] {
        fs::create_dir_all(folder).expect("a folder");
    }
    let installed = json!({ "python": "3.12.1", "dependencies": 2, "packages": [
        { "name": "anyio", "version": "4.16.0", "license": "MIT", "requires": ["exceptiongroup"] },
        { "name": "starlette", "version": "1.0.0+local", "license": null, "requires": ["anyio"] },
    ] });
    fs::write(input.join("farm/dependencies.json"), installed.to_string()).expect("a file");
    let lock =
        "anyio==4.16.0 --hash=sha256:bb --hash=sha256:aa\nanyio==3.0.0 --hash=sha256:cc\nstarlette==1.0.0+local\n";
    fs::write(input.join("pins.txt"), lock).expect("a file");
    Python::run_step("components", r#"{ "requirements": "pins.txt" }"#, &input, &output).expect("listed");
    let listed: Value =
        serde_json::from_slice(&fs::read(output.join("components.json")).expect("a list")).expect("JSON");
    let hashes = ["aa", "bb"].map(|hex| json!({ "alg": "SHA-256", "content": hex }));
    let (anyio, starlette) = ("pkg:pypi/anyio@4.16.0", "pkg:pypi/starlette@1.0.0%2Blocal");
    let expected = json!({
        "components": [
            { "type": "library", "bom-ref": anyio, "name": "anyio", "version": "4.16.0", "hashes": hashes,
              "licenses": [{ "expression": "MIT" }], "purl": anyio },
            { "type": "library", "bom-ref": starlette, "name": "starlette", "version": "1.0.0+local",
              "purl": starlette },
        ],
        "dependencies": [{ "ref": starlette, "dependsOn": [anyio] }],
    });
    assert_eq!(listed, expected);
}
