//! Target triples in the words of the Open Container Initiative: `linux/amd64`. Does not know which can be built for.

/// The platform of a triple, such as `x86_64-unknown-linux-gnu`; the triple itself where there is no other word.
pub(crate) fn of_triple(triple: &str) -> String {
    let mut parts = triple.split('-');
    let processor = parts.next().unwrap_or_default();
    let systems = [
        "linux", "darwin", "windows", "freebsd", "netbsd", "openbsd", "android", "illumos",
    ];
    let system = parts.find_map(|part| systems.into_iter().find(|system| part.starts_with(system)));
    match (system, architecture(processor)) {
        (Some(system), Some(architecture)) => format!("{system}/{architecture}"),
        _ => triple.to_owned(),
    }
}

/// The platform that farm calls `linux-x86_64`.
pub(crate) fn of_machine(platform: &str) -> String {
    let (system, processor) = platform.split_once('-').unwrap_or((platform, ""));
    let system = if system == "macos" { "darwin" } else { system };
    format!("{system}/{}", architecture(processor).unwrap_or(processor))
}

fn architecture(processor: &str) -> Option<&'static str> {
    Some(match processor {
        "x86_64" => "amd64",
        "aarch64" | "arm64" => "arm64",
        "i586" | "i686" | "x86" => "386",
        "armv7" => "arm/v7",
        "arm" => "arm/v6",
        "riscv64" | "riscv64gc" => "riscv64",
        "powerpc64le" => "ppc64le",
        "s390x" => "s390x",
        "loongarch64" => "loong64",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_containers() {
        assert_eq!(of_triple("x86_64-unknown-linux-musl"), "linux/amd64");
        assert_eq!(of_triple("aarch64-apple-darwin"), "darwin/arm64");
        assert_eq!(of_triple("armv7-unknown-linux-gnueabihf"), "linux/arm/v7");
        assert_eq!(of_triple("wasm32-wasip2"), "wasm32-wasip2");
        assert_eq!(of_machine("linux-x86_64"), "linux/amd64");
        assert_eq!(of_machine("macos-aarch64"), "darwin/arm64");
    }
}
