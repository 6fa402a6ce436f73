//! A requirements file, and whether it pins everything. Does not know what the packages need themselves: that shows
//! when they are installed.

use std::collections::BTreeSet;

use farm_sdk::Problem;

/// What a requirements file says.
#[derive(Debug, PartialEq, Eq)]
pub struct Requirements {
    /// One name may stand there several times, for several platforms.
    pinned: Vec<Pinned>,
}

/// A pinned package.
#[derive(Debug, PartialEq, Eq)]
struct Pinned {
    name: String,
    version: String,
    /// Where it stands, from 1.
    line: u32,
    /// SHA-256 of each file that may be installed.
    hashes: Vec<String>,
}

/// Options of a line that say where packages come from, or which files of them are taken.
const ALLOWED: &[&str] = &[
    "--extra-index-url",
    "--find-links",
    "--index-url",
    "--no-binary",
    "--only-binary",
    "--pre",
    "--require-hashes",
    "-f",
    "-i",
];

impl Requirements {
    /// Reads the text of `file`.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        let mut pinned = Vec::new();
        for (number, line) in logical_lines(text) {
            let located = |problem: Problem| problem.in_file(file).at_line(number);
            if line.starts_with('-') {
                check_option(&line).map_err(located)?;
                continue;
            }
            let (name, version) = read_pin(&line).map_err(located)?;
            let hashes = line.split(" --hash=sha256:").skip(1);
            let hashes = hashes.map(|rest| rest.split(' ').next().unwrap_or(rest).to_owned());
            pinned.push(Pinned {
                name,
                version,
                line: number,
                hashes: hashes.collect(),
            });
        }
        Ok(Self { pinned })
    }

    /// How many packages it names.
    pub(crate) fn count(&self) -> usize {
        let names: BTreeSet<&str> = self.pinned.iter().map(|pinned| pinned.name.as_str()).collect();
        names.len()
    }

    /// Whether it has hashes: pip then wants one for each package.
    pub(crate) fn has_hashes(&self) -> bool {
        self.pinned.iter().any(|pinned| !pinned.hashes.is_empty())
    }

    /// The versions of a package, one for each platform where they differ.
    pub(crate) fn versions(&self, name: &str) -> impl Iterator<Item = &str> {
        let pinned = self.pinned.iter().filter(move |pinned| pinned.name == name);
        pinned.map(|pinned| pinned.version.as_str())
    }

    /// The first package that `needed` pins, too, and to no version that stands here: name, version and line here.
    pub(crate) fn other_version(&self, needed: &Self) -> Option<(&str, &str, u32)> {
        let differs = |pinned: &&Pinned| {
            let mut there = needed.versions(&pinned.name).peekable();
            there.peek().is_some() && !there.any(|version| self.versions(&pinned.name).any(|own| own == version))
        };
        let found = self.pinned.iter().find(differs)?;
        Some((&found.name, &found.version, found.line))
    }

    /// SHA-256 of each file of a package that may be installed.
    pub(crate) fn hashes(&self, name: &str, version: &str) -> impl Iterator<Item = &str> {
        let pinned = self.pinned.iter();
        let pinned = pinned.filter(move |pinned| pinned.name == name && pinned.version == version);
        pinned.flat_map(|pinned| pinned.hashes.iter().map(String::as_str))
    }
}

/// Lines without comments, joined where they end in a backslash; each with the number of its first line.
fn logical_lines(text: &str) -> Vec<(u32, String)> {
    let mut lines: Vec<(u32, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let line = without_comment(line);
        let (part, continues) = line.strip_suffix('\\').map_or((line, false), |part| (part, true));
        match lines.last_mut().filter(|_| goes_on) {
            Some((_, last)) => {
                last.push(' ');
                last.push_str(part.trim());
            }
            None => lines.push((number, part.trim().to_owned())),
        }
        goes_on = continues;
    }
    lines.retain(|(_, line)| !line.is_empty());
    lines
}

fn without_comment(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with('#') {
        return "";
    }
    line.split_once(" #").map_or(line, |(line, _)| line.trim_end())
}

fn check_option(line: &str) -> Result<(), Problem> {
    let option = line.split([' ', '=']).next().unwrap_or(line);
    if ALLOWED.contains(&option) {
        return Ok(());
    }
    let problem = Problem::new(format!("`{line}` does not say exactly what is installed"));
    Err(problem.hint(match option {
        "-r" | "--requirement" | "-c" | "--constraint" => {
            "write one complete file, with `uv pip compile` or `pip freeze`"
        }
        "-e" | "--editable" => "leave the app's own folder out: its sources are copied",
        _ => "take the line out",
    }))
}

/// Name and version of a line such as `uvicorn[standard]==0.30.6 ; python_version >= "3.8" --hash=…`.
fn read_pin(line: &str) -> Result<(String, String), Problem> {
    let requirement = line.split([';', ' ']).next().unwrap_or(line);
    let spaced = line
        .split(';')
        .next()
        .unwrap_or(line)
        .split(" --")
        .next()
        .unwrap_or(line)
        .replace(' ', "");
    let end = spaced
        .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
        .unwrap_or(spaced.len());
    let (name, rest) = spaced.split_at(end);
    let version = after_extras(rest).and_then(|rest| rest.strip_prefix("===").or_else(|| rest.strip_prefix("==")));
    match version {
        Some(version) if !name.is_empty() && is_exact(version) => Ok((canonical(name), version.to_owned())),
        _ if rest.starts_with(['@', '/']) || spaced.contains("://") || name.is_empty() => {
            let problem = Problem::new(format!("`{requirement}` is not a package with a version"));
            Err(problem.hint("packages come from a registry, as `name==version`"))
        }
        _ => {
            let problem = Problem::new(format!("`{requirement}` is not pinned"));
            Err(problem.hint(format!(
                "write `{name}==VERSION`; `uv pip compile` or `pip freeze` does it for all"
            )))
        }
    }
}

fn after_extras(rest: &str) -> Option<&str> {
    match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']').map(|(_, rest)| rest),
        None => Some(rest),
    }
}

fn is_exact(version: &str) -> bool {
    !version.is_empty()
        && version
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".+!-_".contains(c))
}

/// A package's name as all write it.
#[must_use]
pub fn canonical(name: &str) -> String {
    let parts: Vec<_> = name.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    parts.join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> (usize, bool) {
        let requirements = Requirements::parse("requirements.txt", text).expect("pinned");
        (requirements.count(), requirements.has_hashes())
    }

    #[test]
    fn pinned_lines_of_all_forms() {
        assert_eq!(check(""), (0, false));
        assert_eq!(
            check("# all\nfastapi==0.115.0 # web\nuvicorn[standard] == 0.30.6 ; python_version >= \"3.8\"\n"),
            (2, false)
        );
        assert_eq!(
            check("anyio==4.16.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n--index-url x\n"),
            (1, true)
        );
        assert_eq!(
            check("Typing_Extensions==1.0+local\ntyping-extensions===1.0 ; sys_platform == \"x\"\n"),
            (1, false)
        );
    }

    #[test]
    fn hashes_are_those_of_the_version() {
        let text = "a==1 ; x \\\n --hash=sha256:aa \\\n --hash=sha256:bb\na==2 --hash=sha256:cc # b\nb==1\n";
        let requirements = Requirements::parse("requirements.txt", text).expect("pinned");
        let hashes = |name, version| requirements.hashes(name, version).collect::<Vec<_>>();
        assert_eq!(hashes("a", "1"), ["aa", "bb"]);
        assert_eq!(hashes("a", "2"), ["cc"]);
        assert_eq!(hashes("b", "1"), [""; 0]);
    }

    #[test]
    fn another_version_is_found_where_no_version_agrees() {
        let parse = |text| Requirements::parse("requirements.txt", text).expect("pinned");
        let needed = parse("a==1\nb==2 ; x\nb==3 ; y\n");
        assert_eq!(parse("c==1\na==1\nb==3\n").other_version(&needed), None);
        assert_eq!(parse("c==1\na==2\n").other_version(&needed), Some(("a", "2", 2)));
        assert_eq!(
            parse("b==4 ; x\nb==5 ; y\n").other_version(&needed),
            Some(("b", "4", 1))
        );
    }

    fn fault(text: &str) -> (Option<u32>, String) {
        let problem = Requirements::parse("requirements.txt", text).expect_err("not pinned");
        (problem.line, problem.message)
    }

    #[test]
    fn every_other_line_is_told_with_its_number() {
        let of = |line: u32, message: &str| (Some(line), message.to_owned());
        assert_eq!(fault("a==1\n\nflask>=2"), of(3, "`flask>=2` is not pinned"));
        assert_eq!(fault("flask"), of(1, "`flask` is not pinned"));
        assert_eq!(fault("flask==2.*"), of(1, "`flask==2.*` is not pinned"));
        assert_eq!(fault("flask==2,<3"), of(1, "`flask==2,<3` is not pinned"));
        assert_eq!(
            fault("-r base.txt"),
            of(1, "`-r base.txt` does not say exactly what is installed")
        );
        assert_eq!(fault("-e ."), of(1, "`-e .` does not say exactly what is installed"));
        assert_eq!(
            fault("x @ git+https://host/x"),
            of(1, "`x` is not a package with a version")
        );
        assert_eq!(
            fault("./wheels/x.whl"),
            of(1, "`./wheels/x.whl` is not a package with a version")
        );
    }
}
