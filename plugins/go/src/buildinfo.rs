//! What go writes into every program that it links: its own version, the modules and the settings. Does not know what
//! kind of program it is.
//!
//! The information starts with a magic number at a multiple of 16, in a section of its own. The flag after it says that
//! the version and the modules follow at byte 32, each behind its length as a varint (since go 1.18). The modules stand
//! between two markers of 16 bytes, one a line, with tabs between the words.

/// What a program says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct BuildInfo {
    /// `1.26.8`
    pub(crate) go: String,
    /// Import path of the main package.
    pub(crate) package: String,
    /// The main module's path.
    pub(crate) module: String,
    /// The other modules in it, those that stand for others in their place.
    pub(crate) dependencies: Vec<Dependency>,
}

/// A module in a program.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// Its path.
    pub(crate) path: String,
    /// Its version; `(devel)` for a folder.
    pub(crate) version: String,
    /// Its sum in `go.sum`: `h1:` and base 64; empty for a folder.
    pub(crate) sum: String,
}

const MAGIC: &[u8] = b"\xff Go buildinf:";
const ALIGNMENT: usize = 16;
const HEADER: usize = 32;
/// The version and the modules follow, and are not pointed to.
const INLINE: u8 = 2;
const FLAGS: usize = 15;
const MARKER: usize = 16;

impl BuildInfo {
    /// Finds the information in a program's bytes.
    pub(crate) fn find(program: &[u8]) -> Option<Self> {
        let places = program
            .chunks(ALIGNMENT)
            .enumerate()
            .filter(|(_, chunk)| chunk.starts_with(MAGIC));
        places
            .into_iter()
            .find_map(|(number, _)| Self::read(&program[number * ALIGNMENT..]))
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.get(FLAGS)? & INLINE == 0 {
            return None;
        }
        let (version, rest) = text(bytes.get(HEADER..)?)?;
        let (modules, _) = text(rest)?;
        let version = std::str::from_utf8(version).ok()?.strip_prefix("go")?;
        let modules = modules.get(MARKER..modules.len().checked_sub(MARKER)?)?;
        Some(Self {
            go: version.to_owned(),
            ..Self::parse(std::str::from_utf8(modules).ok()?)
        })
    }

    fn parse(text: &str) -> Self {
        let mut info = Self::default();
        for line in text.lines() {
            let words: Vec<&str> = line.split('\t').collect();
            match words.as_slice() {
                ["path", package] => (*package).clone_into(&mut info.package),
                ["mod", path, ..] => (*path).clone_into(&mut info.module),
                ["dep", module @ ..] => info.dependencies.push(dependency(module)),
                ["=>", module @ ..] => {
                    if let Some(last) = info.dependencies.last_mut() {
                        last.replace(dependency(module));
                    }
                }
                _ => {}
            }
        }
        info
    }
}

impl Dependency {
    /// A folder takes a module's place under its name; another module takes it under its own.
    fn replace(&mut self, by: Self) {
        if by.path.starts_with(['.', '/']) {
            "(devel)".clone_into(&mut self.version);
            self.sum.clear();
        } else {
            *self = by;
        }
    }
}

fn dependency(words: &[&str]) -> Dependency {
    let word = |at: usize| words.get(at).copied().unwrap_or_default().to_owned();
    Dependency {
        path: word(0),
        version: word(1),
        sum: word(2),
    }
}

/// The bytes behind their length, and what follows.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_usize;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return bytes.get(at + 1..)?.split_at_checked(length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULES: &str = "path\texample.com/app/cmd/api\nmod\texample.com/app\t(devel)\t\n\
                           dep\ta.com/x\tv1.0.0\th1:AA=\ndep\tb.com/y\tv2.0.0\n=>\tc.com/z\tv2.1.0\th1:BB=\n\
                           dep\td.com/w\tv0.0.0\n=>\t../w\t(devel)\t\nbuild\tGOOS=linux\n";

    fn program(flags: u8, version: &str) -> Vec<u8> {
        let modules = format!("0123456789abcdef{MODULES}fedcba9876543210");
        let mut bytes = vec![b'x'; 32];
        // A program that reads such information has the magic number elsewhere, too.
        bytes.extend([MAGIC, &[0; 18]].concat());
        bytes.extend(MAGIC);
        bytes.extend([8, flags]);
        bytes.resize(32 + 32 + HEADER, 0);
        for text in [version, &modules] {
            let length = text.len();
            let low = u8::try_from(length & 0x7f).expect("seven bits");
            match u8::try_from(length >> 7).expect("short") {
                0 => bytes.push(low),
                high => bytes.extend([low | 0x80, high]),
            }
            bytes.extend(text.as_bytes());
        }
        bytes
    }

    #[test]
    fn a_program_names_its_modules() {
        let info = BuildInfo::find(&program(INLINE, "go1.26.8")).expect("it is there");
        assert_eq!((info.go.as_str(), info.module.as_str()), ("1.26.8", "example.com/app"));
        assert_eq!(info.package, "example.com/app/cmd/api");
        let found: Vec<_> = info
            .dependencies
            .iter()
            .map(|d| [&d.path, &d.version, &d.sum].map(String::as_str))
            .collect();
        assert_eq!(
            found,
            [
                ["a.com/x", "v1.0.0", "h1:AA="],
                ["c.com/z", "v2.1.0", "h1:BB="],
                ["d.com/w", "(devel)", ""]
            ]
        );
    }

    #[test]
    fn what_is_no_program_of_go_has_none() {
        let whole = program(INLINE, "go1.26.8");
        for end in 0..whole.len() {
            assert_eq!(BuildInfo::find(&whole[..end]), None, "{end}");
        }
        assert_eq!(BuildInfo::find(&program(0, "go1.17")), None);
        assert_eq!(BuildInfo::find(&program(INLINE, "zig")), None);
    }
}
