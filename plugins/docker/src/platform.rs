//! Platforms in the words of the Open Container Initiative: of the machine, and at the end of a program's name.

/// Words for systems and processors, as the builders of programs write them.
const SYSTEMS: [&str; 6] = ["darwin", "freebsd", "linux", "netbsd", "openbsd", "windows"];
const PROCESSORS: [&str; 8] = ["386", "amd64", "arm", "arm64", "loong64", "ppc64le", "riscv64", "s390x"];

/// The platform of what farm calls `linux-x86_64`.
pub(crate) fn of_machine(name: &str) -> String {
    let (system, processor) = name.split_once('-').unwrap_or(("linux", name));
    let system = if system == "macos" { "darwin" } else { system };
    let processor = match processor {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("{system}/{processor}")
}

/// The platform of images that a machine runs, whatever its own system is.
pub(crate) fn of_images(machine: &str) -> String {
    let platform = of_machine(machine);
    let processor = platform.rsplit('/').next().unwrap_or_default();
    format!("linux/{}", if processor == "arm64" { "arm64" } else { "amd64" })
}

/// A program's name without the platform at its end, and that platform: `api-linux-arm64`, `api-linux-arm-v7`.
pub(crate) fn split(name: &str) -> (&str, Option<String>) {
    for (at, _) in name.match_indices('-').filter(|(at, _)| *at > 0) {
        let words: Vec<&str> = name[at + 1..].split('-').collect();
        let is_platform = match words[..] {
            [system, processor] => SYSTEMS.contains(&system) && PROCESSORS.contains(&processor),
            [system, processor, variant] => {
                SYSTEMS.contains(&system) && PROCESSORS.contains(&processor) && variant.starts_with('v')
            }
            _ => false,
        };
        if is_platform {
            return (&name[..at], Some(words.join("/")));
        }
    }
    (name, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_name_tells_the_platform() {
        let of = |name: &'static str| {
            let (program, platform) = split(name);
            (program, platform.unwrap_or_default())
        };
        assert_eq!(of("api-linux-arm64"), ("api", "linux/arm64".to_owned()));
        assert_eq!(of("my-api-darwin-amd64"), ("my-api", "darwin/amd64".to_owned()));
        assert_eq!(of("api-linux-arm-v7"), ("api", "linux/arm/v7".to_owned()));
        for plain in ["api", "for-linux", "linux-amd64", "api-linux-tools", "-linux-amd64"] {
            assert_eq!(of(plain), (plain, String::new()), "{plain}");
        }
    }

    #[test]
    fn a_machine_runs_images_for_linux() {
        assert_eq!(of_machine("macos-aarch64"), "darwin/arm64");
        assert_eq!(of_images("macos-aarch64"), "linux/arm64");
        assert_eq!(of_images("linux-x86_64"), "linux/amd64");
    }
}
