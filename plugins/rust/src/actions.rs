//! The actions of a cargo workspace: fetch, build, check with Clippy, test. Does not read any file.

use farm_sdk::paths::{is_inside, join};
use farm_sdk::{Action, Input, Output, OutputRef, Pin, Request};

use crate::lock::Lock;
use crate::options::Options;
use crate::project::Project;
use crate::settings::Settings;
use crate::tools::Found;

/// Folder of farm's own beside the lock file.
const OWN: &str = "farm-rust";

/// Neither sources nor settings.
const NEVER: &[&str] = &[
    "**/.DS_Store",
    "**/node_modules/**",
    ".farm/**",
    ".git/**",
    "farm.lock",
    "farm.toml",
    "target/**",
];
/// The folders that no program is built from, unless the manifest says so.
const TESTS: &[&str] = &["benches/", "examples/", "tests/"];

/// All that actions are made from.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) request: &'a Request<Options>,
    pub(crate) project: &'a Project,
    pub(crate) lock: &'a Lock,
    /// Cargo's own settings in the folder of the lock file.
    pub(crate) settings: &'a Settings,
    /// What there is of the tools that a build can do without.
    pub(crate) found: Found,
    /// What was fetched; none where nothing has to be.
    pub(crate) fetched: Option<OutputRef>,
}

/// Gets what the lock file pins. Sources are there by name alone, so a change in one never fetches again.
pub(crate) fn fetch(project: &Project, lock: &Lock, settings: &Settings) -> Action {
    let (top, vendor) = (project.top.as_str(), format!("{OWN}/vendor"));
    let fetch = Action::fetch("fetch", "cargo", "crates", Pin::file(project.lock()))
        .label(match lock.count() {
            1 => "fetch 1 crate".to_owned(),
            count => format!("fetch {count} crates"),
        })
        .in_folder(top)
        .args(["vendor", "--quiet", "--locked", "--versioned-dirs", vendor.as_str()])
        .uses_tools(["rustc"])
        .inputs(manifests(project))
        .inputs(project.packages.keys().flat_map(|folder| stand_ins(project, folder)))
        .inputs(settings.of_fetch())
        .output(Output::unpacked("vendor", join(top, &vendor)));
    // Nothing of the workspace runs beside what is kept for all, a toolchain neither.
    if settings.has_own_toolchain {
        fetch.private_cache("cargo", "CARGO_HOME")
    } else {
        fetch.cache("cargo", "CARGO_HOME")
    }
}

impl Parts<'_> {
    /// Builds programs, for this machine or for a target triple.
    pub(crate) fn build(&self, programs: &[String], triple: Option<&str>) -> Action {
        let profile = self.request.options.profile(&self.request.mode);
        let folder = if profile == "dev" { "debug" } else { profile };
        let folder = triple.map_or_else(|| folder.to_owned(), |triple| format!("{triple}/{folder}"));
        let id = triple.map_or_else(
            || "build".to_owned(),
            |triple| format!("build-{}", triple.to_ascii_lowercase()),
        );
        let label = match triple {
            Some(triple) => format!("build {} for {triple}", programs.join(", ")),
            None => format!("build {}", programs.join(", ")),
        };
        let names: Vec<String> = programs.iter().map(|program| file_name(program, triple)).collect();
        let build = self
            .cargo(&id, (&names.join(":"), &folder), "build")
            .label(label)
            .args(triple.into_iter().flat_map(|triple| ["--target", triple]))
            .args(programs.iter().flat_map(|program| ["--bin", program.as_str()]))
            .inputs(self.sources(false));
        let own = |path: &str| join(&self.project.top, &format!("{OWN}/{path}"));
        let outputs = names.iter().zip(programs);
        outputs
            .fold(build, |build, (file, program)| {
                build.output(Output::file(output_name(program), own(&format!("bin/{file}"))))
            })
            .output(Output::file("rustc", own("rustc.txt")))
            .output(Output::file("linked", own("linked.txt")))
            .output(Output::file("used", own("used.txt")))
    }

    /// Clippy, where a warning is a failure.
    pub(crate) fn clippy(&self) -> Action {
        self.cargo("clippy", ("", ""), "clippy")
            .label("check with clippy")
            .args(["--all-targets", "--", "-D", "warnings"])
            .uses_tools(["cargo-clippy"])
            // One that is missing is enough to be told.
            .uses_tools(self.found.clippy.then_some("clippy-driver"))
            .inputs(self.sources(true))
    }

    /// The tests.
    pub(crate) fn test(&self) -> Action {
        self.cargo("test", ("", ""), "test")
            .label("test")
            .uses_tools(["rustdoc"])
            .inputs(self.sources(true))
    }

    fn cargo(&self, id: &str, (programs, folder): (&str, &str), verb: &str) -> Action {
        let (options, top) = (&self.request.options, &self.project.top);
        let up = vec![".."; top.split('/').filter(|part| !part.is_empty()).count()].join("/");
        let up = if up.is_empty() { ".".to_owned() } else { up };
        let features = options.features.join(",");
        let features = (!features.is_empty()).then_some(["--features", features.as_str()]);
        let names = self.project.names();
        let cargo = Action::tool(id, "sh")
            .in_folder(top.as_str())
            .args([
                "farm-rust/cargo.sh",
                up.as_str(),
                programs,
                folder,
                verb,
                "--locked",
                "--offline",
            ])
            .args(["--profile", options.profile(&self.request.mode)])
            .args(features.into_iter().flatten())
            .args((!options.default_features).then_some("--no-default-features"))
            .args(names.iter().flat_map(|name| ["--package", name.as_str()]))
            .uses_tools(["cargo", "rustc", "cc"])
            .input(Input::content(
                join(top, "farm-rust/cargo.sh"),
                include_str!("scripts/cargo.sh"),
            ))
            .input(Input::content(join(top, "farm-rust/config.toml"), self.config()))
            // Build scripts, macros and tests run beside it.
            .private_cache("targets", "FARM_TARGETS")
            .jobserver();
        let cargo = options
            .env
            .iter()
            .fold(cargo, |cargo, (name, value)| cargo.env(name, value));
        if !self.found.sccache {
            return cargo;
        }
        let cargo = cargo.uses_tools(["sccache"]).env("RUSTC_WRAPPER", "sccache");
        if options.shares_sccache() {
            cargo.cache("sccache", "SCCACHE_DIR")
        } else {
            cargo.private_cache("sccache", "SCCACHE_DIR")
        }
    }

    /// Cargo's settings of farm's own. Flags for the compiler are joined only with those of the same table, so they stand
    /// where the user's are; `@ROOT@` stands for the folder that all sources lie in.
    fn config(&self) -> String {
        let table = if self.settings.has_target_flags() {
            "target.'cfg(all())'"
        } else {
            "build"
        };
        format!(
            "{}[{table}]\nrustflags = ['--remap-path-prefix=@ROOT@=.']\n",
            self.lock.settings()
        )
    }

    /// The packages that are built and those that they need, whole; of the others what cargo wants to see.
    fn sources(&self, with_tests: bool) -> Vec<Input> {
        let project = self.project;
        let (needed, others): (Vec<&String>, Vec<_>) = project
            .packages
            .keys()
            .partition(|folder| project.needed.contains(*folder));
        let mut inputs: Vec<Input> = needed.iter().map(|folder| self.package(folder, with_tests)).collect();
        inputs.extend(others.iter().flat_map(|folder| stand_ins(project, folder)));
        if !with_tests {
            inputs.extend(needed.iter().flat_map(|folder| test_stand_ins(project, folder)));
        }
        inputs.extend(manifests(project));
        inputs.extend([Input::file(project.lock())]);
        inputs.extend(self.settings.inputs());
        inputs.extend(self.more());
        let vendor = join(&project.top, "farm-rust/vendor");
        inputs.extend(self.fetched.clone().map(|fetched| Input::output(vendor, fetched)));
        inputs
    }

    /// A package's files, without the packages inside it.
    fn package(&self, folder: &str, with_tests: bool) -> Input {
        let inside = self.project.packages.keys().filter(|other| is_inside(other, folder));
        let tests = tests(self.project, folder).filter(|_| !with_tests);
        Input::files([join(folder, "**")])
            .except(NEVER.iter().map(|pattern| join(folder, pattern)))
            .except(tests.map(|tests| join(folder, &format!("{tests}**"))))
            .except(inside.map(|inner| join(inner, "**")))
    }

    /// Files that the options name.
    fn more(&self) -> Option<Input> {
        let (options, root) = (&self.request.options, &self.request.root);
        let place = |text: &String| match text.strip_prefix("//") {
            Some(path) => path.to_owned(),
            None => join(root, text),
        };
        (!options.inputs.is_empty()).then(|| Input::files(options.inputs.iter().map(place)))
    }
}

/// What a program is called as an output.
pub(crate) fn output_name(program: &str) -> String {
    let plain = program.to_ascii_lowercase();
    let fine = |c: char| {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '-'
        }
    };
    plain.chars().map(fine).collect()
}

/// What a program is called as a file.
pub(crate) fn file_name(program: &str, triple: Option<&str>) -> String {
    match triple {
        Some(triple) if triple.contains("windows") => format!("{program}.exe"),
        Some(triple) if triple.starts_with("wasm") => format!("{program}.wasm"),
        _ => program.to_owned(),
    }
}

fn manifests(project: &Project) -> impl Iterator<Item = Input> {
    project
        .packages
        .keys()
        .map(|folder| Input::file(join(folder, "Cargo.toml")))
}

/// Empty files for the parts that a manifest has, since cargo refuses one without them.
fn stand_ins(project: &Project, folder: &str) -> Vec<Input> {
    let member = &project.packages[folder];
    let parts = member.manifest.parts(&member.files);
    parts
        .iter()
        .map(|part| Input::content(join(folder, part), ""))
        .collect()
}

/// The folders of a package that nothing but tests, benchmarks and examples lies in.
fn tests<'a>(project: &'a Project, folder: &str) -> impl Iterator<Item = &'static str> + use<'a> {
    let manifest = &project.packages[folder].manifest;
    let all = TESTS.iter().copied();
    all.filter(|tests| !manifest.builds_from(tests))
}

fn test_stand_ins(project: &Project, folder: &str) -> Vec<Input> {
    let member = &project.packages[folder];
    let tests: Vec<&str> = tests(project, folder).collect();
    let is_test = |part: &&String| tests.iter().any(|tests| part.starts_with(tests));
    let parts = member.manifest.parts(&member.files);
    parts
        .iter()
        .filter(is_test)
        .map(|part| Input::content(join(folder, part), ""))
        .collect()
}
