//! What a target's options could make go start or write while it compiles. Does not know actions.
//!
//! go's build cache is one for all workspaces, and whoever can write to it can put code into everybody's programs. Go
//! promises that to compile a package runs none of its code, C included: directives may hold harmless flags alone. It
//! trusts its own command line and environment, which here are the workspace's. So what is not known to be harmless there
//! is compiled without that cache.

/// Variables that go or a C compiler reads, beside those that start with one of [`PREFIXES`].
const OF_COMPILERS: [&str; 4] = ["C_INCLUDE_PATH", "CPATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH"];
const PREFIXES: [&str; 3] = ["CGO_", "GO", "PKG_CONFIG"];

/// Flags of go's linker, and of what links for it, that name neither a program nor a file to write.
const OF_LINKER: [&str; 14] = [
    "H",
    "X",
    "buildid",
    "checklinkname",
    "compressdwarf",
    "extldflags",
    "linkmode",
    "no-pie",
    "pthread",
    "s",
    "static",
    "static-pie",
    "v",
    "w",
];

/// Flags of `go test` that hand others on, to a compiler or a linker.
const HANDING_ON: [&str; 7] = [
    "asmflags",
    "compiler",
    "gccgoflags",
    "gcflags",
    "ldflags",
    "overlay",
    "pkgdir",
];

/// Whether go or a compiler that it starts reads this variable.
pub(crate) fn is_of_go(variable: &str) -> bool {
    OF_COMPILERS.contains(&variable) || PREFIXES.iter().any(|prefix| variable.starts_with(prefix))
}

/// Whether one of these variables is for the C compiler, to which it may name a plugin. Go's own name no program.
pub(crate) fn steers_compiler<'a>(mut variables: impl Iterator<Item = &'a str>) -> bool {
    variables.any(|name| !name.starts_with("GO"))
}

/// Whether flags for the linker may name a program that it starts, or a file that it writes.
pub(crate) fn steers_linker(flags: &str) -> bool {
    let ends = |c: char| c.is_whitespace() || "'\"=".contains(c);
    let is_harmless = |word: &str| match word.strip_prefix('-') {
        Some(flag) => flag.starts_with(['l', 'L']) || OF_LINKER.contains(&flag.trim_start_matches('-')),
        // A file with more flags.
        None => !word.starts_with('@'),
    };
    !flags.split(ends).all(is_harmless)
}

/// Whether flags for `go test` do so.
pub(crate) fn steers_test_compiler(flags: &[String]) -> bool {
    of_go(flags).any(|flag| HANDING_ON.contains(&flag))
}

/// The names of the flags that are for go itself: what follows `-args` is for the test program.
pub(crate) fn of_go(flags: &[String]) -> impl Iterator<Item = &str> {
    let names = flags.iter().map(|flag| {
        let flag = flag.trim_start_matches('-');
        let name = flag.split('=').next().unwrap_or(flag);
        name.strip_prefix("test.").unwrap_or(name)
    });
    names.take_while(|name| *name != "args")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_the_linker_that_start_or_write_nothing() {
        for harmless in [
            "",
            "-s -w -X=main.version=1.0.0 '-X=main.name=a b'",
            "-linkmode external -extldflags \"-static -lm -L/usr/lib\"",
            "--extldflags=-static -H=windowsgui",
        ] {
            assert!(!steers_linker(harmless), "{harmless}");
        }
        for steering in [
            "-extld=./evil",
            "-extldflags=-fplugin=./evil.so",
            "-extldflags '-B ./bin'",
            "-extldflags @flags",
            "-o /elsewhere",
            "-extldflags=-Wl,-plugin,./evil.so",
        ] {
            assert!(steers_linker(steering), "{steering}");
        }
    }

    #[test]
    fn variables_and_flags_of_tests() {
        let steers = |names: &[&str]| steers_compiler(names.iter().copied());
        assert!(!steers(&["GOEXPERIMENT"]) && steers(&["GOEXPERIMENT", "CGO_CFLAGS"]));
        assert!(is_of_go("GOAMD64") && is_of_go("CPATH") && !is_of_go("DATABASE_URL"));
        let flags = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert!(!steers_test_compiler(&flags(&["-short", "-args", "-gcflags=x"])));
        assert!(steers_test_compiler(&flags(&["--gcflags=all=-l"])));
    }
}
