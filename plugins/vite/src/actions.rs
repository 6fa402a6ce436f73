//! The actions of an app: install, generate types, check, test, bundle and measure. Does not read any file.

use std::collections::{BTreeMap, BTreeSet};

use farm_sdk::{Action, Dependency, Host, Input, Output, OutputRef, Pin, Problem, Request};
use serde_json::json;

use crate::limit::Limits;
use crate::options::{Options, Test};
use crate::package::{LOCK, Package};
use crate::plugins::Plugin;
use crate::typescript::Configurations;

/// Neither sources nor configuration: what tools leave behind, and farm's own files.
const NEVER: &[&str] = &[
    "**/*.tsbuildinfo",
    "**/.DS_Store",
    "**/node_modules/**",
    ".farm/**",
    ".git/**",
    "coverage/**",
    "dist/**",
    "farm.lock",
    "farm.toml",
];

/// Tests: checked, but in no bundle.
const TESTS: &[&str] = &["**/*.{spec,test}.*", "**/__snapshots__/**", "**/__tests__/**"];

/// What lets Node read a Vite configuration where `node_modules` cannot be written.
const READ_ONLY: [&str; 2] = ["--import", "./farm.readonly.mjs"];

/// One generated file of types: the action's output, and where it lies.
#[derive(Debug)]
pub(crate) struct Types {
    pub(crate) path: String,
    pub(crate) output: OutputRef,
}

/// The user's own configuration, where there is any.
#[derive(Debug)]
pub(crate) struct Configs {
    pub(crate) vite: Option<String>,
    pub(crate) vitest: Option<String>,
    pub(crate) plugins: Vec<Plugin>,
}

/// Everything that checking and bundling have in common.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    pub(crate) request: &'a Request<Options>,
    pub(crate) modules: OutputRef,
    pub(crate) types: Vec<Types>,
    pub(crate) configurations: Configurations,
    pub(crate) checker: Checker,
}

/// What checks types: components of Vue and Svelte are no TypeScript by themselves.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Checker {
    SvelteCheck,
    Tsc,
    VueTsc,
}

impl Checker {
    /// The one that is among the packages.
    pub(crate) fn of(package: &Package) -> Self {
        if package.has("vue-tsc") {
            Self::VueTsc
        } else if package.has("svelte-check") {
            Self::SvelteCheck
        } else {
            Self::Tsc
        }
    }
}

/// `npm ci`, with the manifest and its lock as only inputs: a changed source never installs again.
pub(crate) fn install(package: &Package, options: &Options, has_npmrc: bool) -> Action {
    let scripts = if options.install_scripts {
        &[]
    } else {
        &["--ignore-scripts"][..]
    };
    let install = Action::fetch("install", "npm", "npm", Pin::file(LOCK))
        .label(format!("install {} packages", package.count))
        .args(["ci", "--no-audit", "--no-fund", "--no-progress", "--no-update-notifier"])
        .args(scripts.iter().copied())
        .uses_tools(["node"])
        .inputs(
            ["package.json"]
                .into_iter()
                .chain(has_npmrc.then_some(".npmrc"))
                .map(Input::file),
        )
        .output(Output::unpacked("node_modules", "node_modules"));
    // A package's own scripts can write there, and what they write is theirs alone.
    match options.install_scripts {
        true => install.private_cache("npm", "npm_config_cache"),
        false => install.cache("npm", "npm_config_cache"),
    }
}

/// TypeScript types of one OpenAPI schema, put back into the user's sources.
pub(crate) fn types(schema: &Dependency, name: &str, folder: &str, modules: &OutputRef) -> (Action, Types) {
    let path = format!("{folder}/{name}.d.ts");
    let at = format!("farm/schemas/{name}.json");
    let action = Action::tool(format!("types-{}", name.to_ascii_lowercase()), "node")
        .label(format!("types of {}", schema.target))
        .args([
            "node_modules/openapi-typescript/bin/cli.js",
            at.as_str(),
            "--output",
            path.as_str(),
        ])
        .input(Input::artifact(at.as_str(), &schema.target, &schema.name))
        .input(Input::output("node_modules", modules.clone()))
        .output(Output::file("types", path.as_str()).in_place());
    let output = action.out("types");
    (action, Types { path, output })
}

/// The file that [`READ_ONLY`] names.
fn read_only() -> Input {
    Input::content("farm.readonly.mjs", include_str!("scripts/farm.readonly.mjs"))
}

impl Sources<'_> {
    /// The type check of each configuration.
    pub(crate) fn checks(&self) -> Vec<Action> {
        self.configurations
            .checked
            .iter()
            .map(|file| self.check(file))
            .collect()
    }

    fn check(&self, file: &str) -> Action {
        let stem = file.trim_end_matches(".json").replace('/', "-").to_ascii_lowercase();
        let id = if stem == "tsconfig" {
            "check".to_owned()
        } else {
            format!("check-{stem}")
        };
        let arguments: &[&str] = match self.checker {
            Checker::SvelteCheck => &["--threshold", "error", "--output", "human"],
            // Build information that a project asks for would be lost with the action's tree, and its place may lie in
            // node_modules, which cannot be written.
            Checker::Tsc | Checker::VueTsc => &[
                "--noEmit",
                "--incremental",
                "false",
                "--composite",
                "false",
                "--tsBuildInfoFile",
                "null",
            ],
        };
        // It takes Svelte's settings from the Vite configuration, where that has them.
        let reads_vite = matches!(self.checker, Checker::SvelteCheck);
        let before: &[&str] = if reads_vite { &READ_ONLY } else { &[] };
        let (program, project) = match self.checker {
            Checker::SvelteCheck => ("svelte-check/bin/svelte-check", "--tsconfig"),
            Checker::Tsc => ("typescript/bin/tsc", "--project"),
            Checker::VueTsc => ("vue-tsc/bin/vue-tsc.js", "--project"),
        };
        Action::tool(id, "node")
            .label(format!("check types of {file}"))
            .args(before.iter().copied())
            .args([format!("node_modules/{program}").as_str(), project, file])
            .args(arguments.iter().copied())
            .inputs(self.inputs(&[]))
            .inputs(reads_vite.then(read_only))
    }

    /// `vitest run` under farm's configuration file, if it is asked for. A snapshot that is not there yet fails, since
    /// one that was written now would be lost.
    pub(crate) fn test(&self, package: &Package, configs: &Configs) -> Result<Option<Action>, Problem> {
        if self.request.options.test == Test::None {
            return Ok(None);
        }
        if !package.has("vitest") {
            let problem = Problem::new("option `test` asks for `vitest`, which `package.json` does not have");
            return Err(problem
                .in_file("package.json")
                .hint("run `npm install -D vitest`, or take the option out"));
        }
        let mut settings = shared_settings(self.request, package, configs);
        if let Some(config) = &configs.vitest {
            settings["config"] = json!(config);
        }
        let test = Action::tool("test", "node")
            .label("test with vitest")
            .args(READ_ONLY)
            .args(["node_modules/vitest/vitest.mjs", "run"])
            .args(["--config", "farm.vitest.config.mjs", "--configLoader", "native"])
            .inputs(self.inputs(&[]))
            .inputs(self.scripts(&settings))
            .input(Input::content(
                "farm.vitest.config.mjs",
                include_str!("scripts/farm.vitest.config.mjs"),
            ))
            .env("CI", "true");
        Ok(Some(
            self.fixed().fold(test, |test, (name, value)| test.env(name, value)),
        ))
    }

    /// `vite build` under farm's configuration file.
    pub(crate) fn bundle(&self, settings: &serde_json::Value) -> Action {
        let development = (self.request.mode == "development").then_some(("NODE_ENV", "development"));
        let build = Action::tool("bundle", "node")
            .label("bundle with vite")
            .args(READ_ONLY)
            .args(["node_modules/vite/bin/vite.js", "build"])
            .args(["--config", "farm.vite.config.mjs"])
            .args(["--configLoader", "native", "--mode", self.request.mode.as_str()])
            .inputs(self.inputs(TESTS))
            .inputs(self.scripts(settings))
            .output(Output::folder("bundle", "dist"))
            .output(Output::file("facts", "farm-facts/bundle.json"));
        development
            .into_iter()
            .chain(self.fixed())
            .fold(build, |build, (name, value)| build.env(name, value))
    }

    /// The environment that the options set.
    fn fixed(&self) -> impl Iterator<Item = (&str, &str)> {
        let env = &self.request.options.env;
        env.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// farm's Vite configuration file, and the settings that it reads.
    fn scripts(&self, settings: &serde_json::Value) -> [Input; 3] {
        [
            read_only(),
            Input::content("farm.vite.config.mjs", include_str!("scripts/farm.vite.config.mjs")),
            Input::content("farm.vite.json", format!("{settings:#}\n")),
        ]
    }

    /// The sources without what is generated, the generated types, and the packages.
    fn inputs(&self, exclude: &[&str]) -> Vec<Input> {
        let sources = Input::files(["**"])
            .except(NEVER.iter().chain(exclude).copied())
            .except(self.request.options.exclude.iter().cloned())
            .except(self.request.options.limits().and_then(|limits| limits.baseline))
            .except(self.types.iter().map(|types| types.path.clone()));
        let outside = &self.configurations.outside;
        let outside = (!outside.is_empty()).then(|| Input::workspace_files(outside.iter().cloned()));
        let types = self
            .types
            .iter()
            .map(|types| Input::output(types.path.as_str(), types.output.clone()));
        let modules = Input::output("node_modules", self.modules.clone());
        std::iter::once(sources)
            .chain(outside)
            .chain(types)
            .chain([modules])
            .collect()
    }
}

/// What farm's Vite configuration file reads.
pub(crate) fn settings(request: &Request<Options>, package: &Package, configs: &Configs) -> serde_json::Value {
    let (options, mode) = (&request.options, &request.mode);
    let preset = options.preset(mode);
    let mut settings = shared_settings(request, package, configs);
    settings["sourcemap"] = options.sourcemap(mode);
    settings["minify"] = options.minify(mode, package.has("terser"));
    settings["target"] = preset.target();
    settings["build"] = preset.build();
    settings["treeshake"] = preset.treeshake();
    settings["chunks"] = json!(chunks(options, package));
    settings["vendor"] = json!(preset.shares_vendor());
    settings
}

/// The chunks of the option with what the packages in them need, as a package means little without. A package is in one
/// chunk: in the one that names it, else in the first that needs it.
fn chunks(options: &Options, package: &Package) -> BTreeMap<String, Vec<String>> {
    let mut chunks = options.chunks.clone();
    let mut taken: BTreeSet<String> = options.chunks.values().flatten().cloned().collect();
    for members in chunks.values_mut() {
        let needed = package.needed_by(members).into_iter().map(str::to_owned);
        let new: Vec<String> = needed.filter(|name| taken.insert(name.clone())).collect();
        members.extend(new);
    }
    chunks
}

/// Every package and file that `chunks` names must be there: a chunk of nothing would not be missed.
pub(crate) fn check_chunks(options: &Options, package: &Package, host: &dyn Host) -> Result<(), Problem> {
    for name in options.chunks.values().flatten() {
        if let Some(path) = name.strip_prefix("./") {
            if host.look(path)?.is_none() {
                let problem = Problem::new(format!("option `chunks` names `{name}`, which does not exist"));
                return Err(problem.hint("correct the path, which starts at the target's folder"));
            }
        } else if !package.installs(name) {
            let problem = Problem::new(format!("option `chunks` names `{name}`, which `{LOCK}` does not have"));
            return Err(problem
                .in_file(LOCK)
                .hint(format!("correct the name, or run `npm install {name}`")));
        }
    }
    Ok(())
}

/// The settings that bundling and testing have in common.
fn shared_settings(request: &Request<Options>, package: &Package, configs: &Configs) -> serde_json::Value {
    let options = &request.options;
    let version = options.version.as_deref().or(package.version()).unwrap_or("0.0.0");
    json!({
        "config": configs.vite,
        "plugins": configs.plugins,
        "base": options.base,
        "define": { "__BUILD_VERSION__": version, "__ENVIRONMENT__": request.mode },
    })
}

/// The packages of the lock file, read in this component.
pub(crate) fn components() -> Action {
    Action::step("components", "components")
        .label("read the packages of the lock file")
        .input(Input::file(LOCK))
        .output(Output::file("components", "components.json"))
}

/// The bundle with smaller images, in this component.
pub(crate) fn images(bundle: &Action) -> Action {
    Action::step("images", "images")
        .label("make images smaller")
        .input(Input::output("bundle", bundle.out("bundle")))
        .output(Output::folder("bundle", "bundle"))
        .output(Output::file("images", "images.json"))
}

/// The sizes of the bundle, computed in this component.
pub(crate) fn measure(bundle: &Action, images: Option<&Action>) -> Action {
    let built = images.unwrap_or(bundle);
    let images = images.map(|images| Input::output("images.json", images.out("images")));
    Action::step("measure", "measure")
        .label("measure the bundle")
        .input(Input::output("bundle", built.out("bundle")))
        .input(Input::output("facts.json", bundle.out("facts")))
        .inputs(images)
        .output(Output::file("metadata", "metadata.json"))
        .output(Output::file("sizes", "sizes.json"))
}

/// The page of what the bundle is made of, written in this component.
pub(crate) fn analyze(target: &str, bundle: &Action, measure: &Action) -> Action {
    Action::step("analyze", "analyze")
        .label("show what the bundle is made of")
        .parameters(&json!({ "target": target }))
        .input(Input::output("sizes.json", measure.out("sizes")))
        .input(Input::output("facts.json", bundle.out("facts")))
        .output(Output::folder("analysis", "analysis"))
}

/// The check of the limits, in this component. It leaves nothing behind.
pub(crate) fn limit(limits: &Limits, bundle: &Action, measure: &Action) -> Action {
    let baseline = limits.baseline.as_ref();
    Action::step("size-limit", "size-limit")
        .label("check the size of the bundle")
        .checks_limit()
        .parameters(&json!(limits))
        .input(Input::output("sizes.json", measure.out("sizes")))
        .input(Input::output("facts.json", bundle.out("facts")))
        .inputs(baseline.map(Input::file))
}
