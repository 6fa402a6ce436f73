//! Looks at a component's bytes before they are compiled: is it one, is it small enough, what does it import.
//!
//! The whole binary is read here first, because compiling costs time and memory that a small file can ask for much of.
//! Does not know the compiler.

use wasmparser::{ComponentExternalKind, Encoding, Parser, Payload, Validator};

use super::error::Fault;
use super::interface::Interface;
use super::settings::ComponentLimits;

/// What every WebAssembly file begins with.
const MAGIC: &[u8] = b"\0asm";

/// The names of its imports and exports, from a component within the limits.
pub(super) fn inspect(bytes: &[u8], limits: &ComponentLimits) -> Result<Interface, Fault> {
    over("bytes", bytes.len() as u64, limits.bytes)?;
    if !bytes.starts_with(MAGIC) {
        return Err(Fault::Invalid("it is not WebAssembly".to_owned()));
    }
    let mut count = Count::default();
    let mut interface = Interface::default();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| Fault::Invalid(error.to_string()))?;
        count.add(&payload, limits)?;
        if count.depth == 1 {
            interface.note(payload)?;
        }
    }
    Validator::new()
        .validate_all(bytes)
        .map_err(|error| Fault::Invalid(error.to_string()))?;
    Ok(interface)
}

/// What there is of each kind so far.
#[derive(Default)]
struct Count {
    functions: u64,
    modules: u64,
    depth: u64,
}

impl Count {
    fn add(&mut self, payload: &Payload<'_>, limits: &ComponentLimits) -> Result<(), Fault> {
        match payload {
            Payload::Version { encoding, .. } => {
                if self.depth == 0 && *encoding != Encoding::Component {
                    return Err(Fault::Invalid("it is a core module".to_owned()));
                }
                self.depth += 1;
                self.modules += 1;
                over("modules", self.modules, u64::from(limits.modules))?;
                over("nested components", self.depth, u64::from(limits.depth))
            }
            Payload::End(_) => {
                self.depth -= 1;
                Ok(())
            }
            Payload::CodeSectionStart { count, .. } => {
                self.functions += u64::from(*count);
                over("functions", self.functions, u64::from(limits.functions))
            }
            Payload::CodeSectionEntry(body) => {
                let size = body.range().len() as u64;
                over("bytes of code in one function", size, u64::from(limits.function_bytes))
            }
            _ => Ok(()),
        }
    }
}

impl Interface {
    fn note(&mut self, payload: Payload<'_>) -> Result<(), Fault> {
        let invalid = |error: wasmparser::BinaryReaderError| Fault::Invalid(error.to_string());
        match payload {
            Payload::ComponentImportSection(section) => {
                for import in section {
                    self.imports.push(import.map_err(invalid)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export.map_err(invalid)?;
                    if export.kind == ComponentExternalKind::Instance {
                        self.exports.push(export.name.name.to_owned());
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn over(what: &'static str, size: u64, limit: u64) -> Result<(), Fault> {
    if size > limit {
        return Err(Fault::TooBig { what, size, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str, limits: &ComponentLimits) -> Result<Interface, Fault> {
        inspect(&wat::parse_str(text).expect("test component"), limits)
    }

    #[test]
    fn names_are_those_of_the_outermost_component() {
        let text = r#"(component (import "a:b/c@0.1.0" (instance $i))
            (component (import "d:e/f@0.1.0" (instance)))
            (export "g:h/i@0.1.0" (instance $i)))"#;
        let interface = look(text, &ComponentLimits::default()).expect("valid");
        assert_eq!(interface.imports, ["a:b/c@0.1.0"]);
        assert_eq!(interface.exports, ["g:h/i@0.1.0"]);
    }

    #[test]
    fn modules_and_broken_files_are_told_apart() {
        let limits = ComponentLimits::default();
        assert!(matches!(look("(module)", &limits), Err(Fault::Invalid(why)) if why.contains("core module")));
        assert!(matches!(inspect(b"\0asm", &limits), Err(Fault::Invalid(_))));
        assert!(matches!(inspect(b"", &limits), Err(Fault::Invalid(_))));
        let mut whole = wat::parse_str("(component (core module (func)))").expect("test component");
        whole.pop();
        assert!(matches!(inspect(&whole, &limits), Err(Fault::Invalid(_))));
    }

    #[test]
    fn a21_a_bomb_is_refused_before_it_is_compiled() {
        let small = ComponentLimits {
            bytes: 4096,
            functions: 10,
            function_bytes: 100,
            modules: 5,
            depth: 3,
        };
        let hit = |text: &str| match look(text, &small) {
            Err(Fault::TooBig { what, .. }) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            hit(&format!("(component (core module {}))", "(func)".repeat(11))),
            "functions"
        );
        let body = "i32.const 1 drop ".repeat(40);
        assert_eq!(
            hit(&format!("(component (core module (func {body})))")),
            "bytes of code in one function"
        );
        assert_eq!(hit(&format!("(component {})", "(core module)".repeat(5))), "modules");
        assert_eq!(
            hit("(component (component (component (component))))"),
            "nested components"
        );
        assert_eq!(hit(&format!("(component {})", "(core module)".repeat(600))), "bytes");
    }
}
