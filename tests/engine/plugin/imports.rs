//! A component that asks for more than builders get, or is none, is refused before anything of it runs.

use farm_engine::error::{Class, Problem};
use farm_engine::plugin::{Builder, ComponentFile, Fault, Limits, Phase};

use super::support::{component, host};

/// How the component was refused; nothing was compiled or instantiated for it.
fn refusal(file: ComponentFile) -> (Fault, Problem) {
    let host = host(Limits::default());
    let error = host.builder("other", file).describe().expect_err("a refusal");
    assert_eq!(error.phase, Phase::Load);
    assert_eq!(host.compilations(), 0, "refused before it is compiled");
    (error.fault.clone(), error.into())
}

#[test]
fn a09_an_ungranted_import_is_refused_with_a_table() {
    let (_, problem) = refusal(component(
        r#"(component
            (import "wasi:cli/environment@0.2.6" (instance))
            (import "wasi:sockets/tcp@0.2.3" (instance))
            (import "wasi:http/outgoing-handler@0.2.0" (instance))
            (import "farm:builder/host@0.2.0" (instance))
            (import "somebody:else/thing@1.0.0" (instance)))"#,
    ));
    assert_eq!((problem.code, problem.class), ("plugin::imports", Class::Policy));
    assert_eq!(
        problem.causes,
        [
            "wasi:sockets/tcp@0.2.3            not granted: builders have no network",
            "wasi:http/outgoing-handler@0.2.0  not granted: builders have no network",
            "farm:builder/host@0.2.0           newer than this farm (0.1.0)",
            "somebody:else/thing@1.0.0         unknown: builders import interfaces of `farm:builder` and `wasi` only",
        ]
    );
}

#[test]
fn a_component_that_is_no_builder_is_told_what_it_exports() {
    let (fault, problem) = refusal(component(
        r#"(component (instance $i) (export "wasi:cli/run@0.2.0" (instance $i)))"#,
    ));
    assert_eq!(
        fault,
        Fault::Exports {
            found: vec!["wasi:cli/run@0.2.0".to_owned()]
        }
    );
    assert_eq!(problem.causes, ["it exports `wasi:cli/run@0.2.0`"]);
}

#[test]
fn a_file_that_is_no_component_is_told_how_to_become_one() {
    for bytes in [&b"not wasm"[..], b"", b"\0asm\x01\0\0\0"] {
        let (fault, problem) = refusal(ComponentFile::from_bytes(bytes.to_vec()));
        assert!(matches!(fault, Fault::Invalid(_)));
        assert!(problem.hints[0].contains("wasm32-wasip2"));
    }
}

#[test]
fn a_function_of_another_type_is_refused_by_name() {
    let text = r#"(component (instance $i) (export "farm:builder/builder@0.1.0" (instance $i)))"#;
    let host = host(Limits::default());
    let error = host
        .builder("other", component(text))
        .describe()
        .expect_err("a refusal");
    assert!(
        matches!(&error.fault, Fault::Mismatch(why) if why.contains("describe")),
        "{error}"
    );
    assert_eq!(host.instantiations(), 0);
}

#[test]
fn a21_a_component_over_the_limits_is_refused_uncompiled() {
    let functions = "(func)".repeat(200_001);
    let (fault, problem) = refusal(component(&format!("(component (core module {functions}))")));
    assert_eq!(
        fault,
        Fault::TooBig {
            what: "functions",
            size: 200_001,
            limit: 200_000
        }
    );
    assert_eq!(problem.class, Class::Policy);
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = ComponentFile::read("mine", &folder.path().join("mine.wasm"), 1 << 20).err();
    let problem = Problem::from(missing.expect("an error"));
    assert_eq!((problem.code, problem.class), ("plugin::unreadable", Class::Request));
    assert!(problem.message.contains("mine.wasm"), "{}", problem.message);
}

#[test]
fn proposals_that_no_builder_needs_are_refused() {
    for module in [
        "(memory i64 1)",
        "(memory 1) (memory 1)",
        "(memory 1 1 shared)",
        "(type (struct))",
        "(tag)",
        "(func (param v128 v128) (result v128) local.get 0 local.get 1 i8x16.relaxed_swizzle)",
        "(type $f (func)) (type (cont $f))",
    ] {
        let file = component(&format!(
            "(component (core module {module}) (instance $i) (export \"farm:builder/builder@0.1.0\" (instance $i)))"
        ));
        let host = host(Limits::default());
        let error = host.builder("other", file).describe().expect_err("a refusal");
        assert!(matches!(error.fault, Fault::Invalid(_)), "{module}: {error}");
    }
}
