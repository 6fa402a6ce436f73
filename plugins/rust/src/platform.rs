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

/// The folder of a target's programs among those for these platforms; none where it is the only one. Two targets for one
/// platform (by another C library, say) are told apart by their triples.
pub(crate) fn folder(triple: Option<&str>, platforms: &[String]) -> Option<String> {
    let triple = triple.filter(|_| platforms.len() > 1)?;
    let platform = of_triple(triple);
    let same = platforms.iter().filter(|other| **other == platform).count();
    Some(if same > 1 {
        triple.to_owned()
    } else {
        platform.replace('/', "-")
    })
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

    #[test]
    fn each_of_several_targets_has_a_folder_of_its_own() {
        let of = |triples: &[&str]| {
            let platforms: Vec<String> = triples.iter().map(|triple| of_triple(triple)).collect();
            let folders = triples.iter().map(|triple| folder(Some(triple), &platforms));
            folders.map(Option::unwrap_or_default).collect::<Vec<_>>()
        };
        let (gnu, musl, arm) = (
            "x86_64-unknown-linux-gnu",
            "x86_64-unknown-linux-musl",
            "aarch64-unknown-linux-gnu",
        );
        assert_eq!(of(&[gnu]), [""]);
        assert_eq!(of(&[gnu, arm]), ["linux-amd64", "linux-arm64"]);
        assert_eq!(of(&[gnu, musl, arm]), [gnu, musl, "linux-arm64"]);
    }
}
