//! The actions that check and compile sources. Does not know what becomes of them.
//!
//! The check keeps the compiler's state between builds and writes nothing else; what writes files has no state. So a state
//! that is out of date can make neither a file stale nor a file missing.

use std::collections::BTreeSet;

use farm_npm::tsconfig::Merged;
use farm_npm::{join, resolve};
use farm_sdk::{Action, Host, Input, Output, OutputRef, Problem};
use serde_json::{Value, json};

use crate::install::OWN;
use crate::options::{Compiler, Options};
use crate::project::Project;

/// How a package is compiled.
#[derive(Debug)]
pub(crate) struct Setup {
    /// The compiler; none where sources run as they are.
    pub(crate) compiler: Compiler,
    /// The folder that is written to, from the package's.
    pub(crate) out: String,
    /// The folder that sources lie in, from the package's.
    from: Option<String>,
    /// The TypeScript configuration, and the files that it was read from.
    config: Option<(String, BTreeSet<String>)>,
    keeps_layout: bool,
}

impl Setup {
    /// Reads the TypeScript configuration, and decides.
    pub(crate) fn read(host: &dyn Host, project: &Project, options: &Options) -> Result<Self, Problem> {
        let name = options.tsconfig()?;
        let path = project.at(name);
        let is_there = host.is_file(&path)?;
        let compiler = match options.compiler {
            Some(compiler) => compiler,
            None if is_there && has(host, project, "typescript")? => Compiler::Tsc,
            None => Compiler::None,
        };
        check_installed(host, project, compiler)?;
        if compiler == Compiler::Tsc && !is_there {
            let missing = Problem::new(format!("there is no `{name}`")).in_file(path);
            return Err(missing.hint("create it with `npx tsc --init`, or name another with the option `tsconfig`"));
        }
        let merged = if is_there {
            Merged::read(host, &path)?
        } else {
            Merged::default()
        };
        if compiler == Compiler::Tsc && is_solution(host, &path)? {
            let gathers = Problem::new(format!("`{name}` only refers to other projects")).in_file(path);
            return Err(gathers.hint("name the one to compile with the option `tsconfig`"));
        }
        let below = |option: &str| merged.path(option).map(|path| project_path(project, path, option));
        let out = match options.out_dir()? {
            Some(out) => out.to_owned(),
            None => below("outDir").transpose()?.unwrap_or_else(|| "dist".to_owned()),
        };
        Ok(Self {
            compiler,
            from: below("rootDir").transpose()?,
            keeps_layout: merged.is_on("composite"),
            config: is_there.then(|| (name.to_owned(), merged.read)),
            out,
        })
    }

    /// Whether there are types to check and to declare.
    pub(crate) fn has_types(&self, host: &dyn Host, project: &Project) -> Result<bool, Problem> {
        Ok(self.config.is_some() && has(host, project, "typescript")?)
    }

    /// Checks the types.
    pub(crate) fn check(&self, project: &Project, inputs: Vec<Input>) -> Action {
        let settings = json!({
            "noEmit": true,
            "emitDeclarationOnly": false,
            "composite": false,
            "incremental": true,
            "tsBuildInfoFile": format!("./{OWN}/check.tsbuildinfo"),
        });
        self.tsc(project, ("check", "check"), settings, inputs)
            .label("check types")
            .private_cache("tsc", "FARM_CHECKED")
    }

    /// Compiles, and declares the types.
    pub(crate) fn compile(&self, project: &Project, id: &str, inputs: Vec<Input>) -> Action {
        let compile = match self.compiler {
            Compiler::Swc => self.swc(project, id, inputs),
            _ => self.emit(project, id, false, inputs),
        };
        compile.output(Output::folder("compiled", project.at(&self.out)))
    }

    /// Declares the types of what another compiler compiles.
    pub(crate) fn declare(&self, project: &Project, inputs: Vec<Input>) -> Action {
        self.emit(project, "declare", true, inputs)
            .label("declare types")
            .output(Output::folder("compiled", project.at(&self.out)))
    }

    /// Where compiled code lies among the inputs of another action.
    pub(crate) fn compiled(&self, project: &Project, outputs: &[OutputRef]) -> Vec<Input> {
        let at = project.at(&self.out);
        outputs
            .iter()
            .map(|output| Input::output(at.as_str(), output.clone()))
            .collect()
    }

    /// What a source is called when it is compiled, from the package's folder; none where that cannot be told.
    pub(crate) fn target_of(&self, source: &str) -> Option<String> {
        let below = source.strip_prefix(self.from.as_deref()?)?.trim_start_matches('/');
        let (stem, ending) = below.rsplit_once('.')?;
        let ending = match ending {
            "mts" => "mjs",
            "cts" => "cjs",
            _ => "js",
        };
        Some(format!("{}/{stem}.{ending}", self.out))
    }

    fn emit(&self, project: &Project, id: &str, types_only: bool, inputs: Vec<Input>) -> Action {
        let mut settings = json!({
            "noEmit": false,
            "declaration": true,
            "emitDeclarationOnly": types_only,
            "composite": false,
            "incremental": false,
            "tsBuildInfoFile": null,
            "outDir": format!("./{}", self.out),
        });
        // A composite project has the layout of its folder, where it does not say another.
        if self.keeps_layout && self.from.is_none() {
            settings["rootDir"] = json!(".");
        }
        self.tsc(project, (id, "emit"), settings, inputs)
            .label("compile with tsc")
    }

    /// The compiler under a configuration that is built upon the user's. It has no references: other packages of the
    /// workspace are there as they were built, below `node_modules`.
    fn tsc(&self, project: &Project, (id, task): (&str, &str), settings: Value, inputs: Vec<Input>) -> Action {
        let (name, files) = self
            .config
            .as_ref()
            .map_or(("tsconfig.json", None), |(name, files)| (name.as_str(), Some(files)));
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let own = join(folder, &format!("tsconfig.{OWN}.json"));
        let base = name.rsplit('/').next().unwrap_or(name);
        let config =
            json!({ "extends": format!("./{base}"), "references": [], "compilerOptions": placed(settings, folder) });
        let outside = files
            .into_iter()
            .flatten()
            .filter(|file| resolve(&project.at("x"), "").is_none_or(|at| !below(file, &at)));
        Action::tool(id, "node")
            .in_folder(project.folder.as_str())
            .args(["farm-node/tsc.mjs", task, own.as_str()])
            .input(script(project, "tsc.mjs", include_str!("scripts/tsc.mjs")))
            .input(Input::content(project.at(&own), format!("{config:#}\n")))
            .inputs(outside.map(Input::file))
            .inputs(inputs)
    }

    fn swc(&self, project: &Project, id: &str, inputs: Vec<Input>) -> Action {
        let from = self.from.as_deref().unwrap_or("src");
        Action::tool(id, "node")
            .label("compile with swc")
            .in_folder(project.folder.as_str())
            .args(["farm-node/swc.mjs", from, self.out.as_str()])
            .input(script(project, "swc.mjs", include_str!("scripts/swc.mjs")))
            .inputs(inputs)
    }
}

/// One of farm's own scripts in the package's folder.
pub(crate) fn script(project: &Project, name: &str, text: &str) -> Input {
    Input::content(project.at(&format!("{OWN}/{name}")), text)
}

/// Paths in a configuration count from its folder, and these from the package's.
fn placed(mut settings: Value, folder: &str) -> Value {
    let up = "../".repeat(folder.split('/').filter(|part| !part.is_empty()).count());
    for name in ["outDir", "rootDir", "tsBuildInfoFile"] {
        if let Some(path) = settings[name].as_str() {
            settings[name] = json!(format!("./{up}{}", path.trim_start_matches("./")));
        }
    }
    settings
}

/// Whether the package has this one by itself, or through the one beside the lock file.
fn has(host: &dyn Host, project: &Project, name: &str) -> Result<bool, Problem> {
    if project.manifest.has(name) {
        return Ok(true);
    }
    let top = farm_npm::Manifest::read(host, &join(&project.top, "package.json"))?;
    Ok(top.is_some_and(|top| top.has(name)))
}

fn check_installed(host: &dyn Host, project: &Project, compiler: Compiler) -> Result<(), Problem> {
    let name = match compiler {
        Compiler::Tsc => "typescript",
        Compiler::Swc => "@swc/core",
        Compiler::None => return Ok(()),
    };
    if has(host, project, name)? {
        return Ok(());
    }
    let tool = project.manager.map_or("npm", crate::manager::Manager::tool);
    let missing = Problem::new(format!(
        "`{name}` compiles the package, and is not among its devDependencies"
    ));
    Err(missing.in_file(project.at("package.json")).hint(format!(
        "run `{tool} {} {name}`",
        if tool == "npm" { "install -D" } else { "add -D" }
    )))
}

fn is_solution(host: &dyn Host, path: &str) -> Result<bool, Problem> {
    let config = farm_npm::tsconfig::Config::read(host, path)?;
    Ok(config.is_some_and(|config| config.is_solution()))
}

fn project_path(project: &Project, path: &str, option: &str) -> Result<String, Problem> {
    if below(path, &project.folder) || project.folder.is_empty() {
        return Ok(path[project.folder.len()..].trim_start_matches('/').to_owned());
    }
    let outside = Problem::new(format!(
        "`{option}` of the TypeScript configuration is `{path}`, outside of the package"
    ));
    Err(outside
        .in_file(project.at("tsconfig.json"))
        .hint(format!("set `{option}` in the package's own tsconfig.json")))
}

fn below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
