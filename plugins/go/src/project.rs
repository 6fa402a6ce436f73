//! What go reads in the target's folder: one module, or a workspace of several, and the folders beside it that they
//! name. Does not know packages.

use std::collections::BTreeSet;

use farm_sdk::paths::{below, join, resolve};
use farm_sdk::{Host, Input, Problem};

use crate::module::{Folder, Module, Sums, replaced_folders};
use crate::options::Options;
use crate::syntax::directives;

/// The modules of a target.
#[derive(Debug)]
pub(crate) struct Project {
    /// The target's folder, from the workspace's root.
    pub(crate) root: String,
    /// Paths of the modules in the target's folder, with their folders from there.
    pub(crate) modules: Vec<(String, String)>,
    /// Whether a `go.work` ties them together.
    pub(crate) is_workspace: bool,
    /// Whether what they require lies in `vendor`.
    pub(crate) is_vendored: bool,
    /// How many modules have to be fetched.
    pub(crate) fetched: usize,
    /// `go.mod`, `go.work` and what lies in `vendor`, from the target's folder.
    manifests: Vec<String>,
    /// Each `go.sum`, from there.
    pub(crate) locks: Vec<String>,
    /// Folders of modules outside the target's folder, from the workspace's root.
    outside: Vec<String>,
}

/// Not for go: what farm and other tools leave behind.
const NEVER: [&str; 3] = ["**/.DS_Store", "farm.lock", "farm.toml"];

const VENDOR: &str = "vendor/modules.txt";

impl Project {
    /// Reads the target's folder, which is `root` in the workspace.
    pub(crate) fn read(host: &dyn Host, root: &str) -> Result<Self, Problem> {
        let mut project = Self {
            root: root.to_owned(),
            modules: Vec::new(),
            is_workspace: false,
            is_vendored: host.is_file(VENDOR)?,
            fetched: 0,
            manifests: Vec::new(),
            locks: Vec::new(),
            outside: Vec::new(),
        };
        let mut sums = Sums::default();
        let modules = match host.read_text("go.work")? {
            Some(text) => project.read_workspace(host, &text, &mut sums)?,
            None => vec![project.read_module(host, "", &mut sums)?.ok_or_else(no_module)?],
        };
        project.fetched = if project.locks.is_empty() { 0 } else { count(&modules) };
        if project.is_vendored {
            project.manifests.push(VENDOR.to_owned());
        }
        Ok(project)
    }

    /// The sources of all packages, tests and whatever they embed or read.
    pub(crate) fn sources(&self, options: &Options) -> Vec<Input> {
        let exclude = options.exclude.iter().flat_map(|pattern| {
            let pattern = pattern.trim_end_matches('/');
            [pattern.to_owned(), format!("{pattern}/**")]
        });
        let own = Input::files(["**"]).except(NEVER).except(exclude);
        self.with_outside(own, |folder| join(folder, "**"))
    }

    /// The files that say which modules there are, without the locks.
    pub(crate) fn manifests(&self) -> Vec<Input> {
        self.with_outside(Input::files(self.manifests.clone()), |folder| {
            join(folder, "go.{mod,sum}")
        })
    }

    /// Whether go fetches modules before anything else.
    pub(crate) fn needs_modules(&self) -> bool {
        self.fetched > 0 && !self.is_vendored
    }

    /// The folders of modules in the target's folder, as patterns of go's for all of their packages.
    pub(crate) fn patterns(&self) -> Vec<String> {
        let pattern = |folder: &String| format!("./{}", join(folder, "..."));
        self.modules.iter().map(|(_, folder)| pattern(folder)).collect()
    }

    fn with_outside(&self, own: Input, pattern: impl Fn(&str) -> String) -> Vec<Input> {
        let outside = self.outside.iter().map(|folder| pattern(folder));
        let outside = (!self.outside.is_empty()).then(|| Input::workspace_files(outside));
        [own].into_iter().chain(outside).collect()
    }

    fn read_workspace(&mut self, host: &dyn Host, text: &str, sums: &mut Sums) -> Result<Vec<Module>, Problem> {
        self.is_workspace = true;
        self.manifests.push("go.work".to_owned());
        self.read_lock(host, "go.work.sum", sums)?;
        let directives = directives(text);
        let uses = directives.iter().filter(|directive| directive.verb == "use");
        let mut modules = Vec::new();
        for (folder, line) in uses.filter_map(|used| Some((used.words.first()?, used.line))) {
            let folder = Folder {
                text: folder.clone(),
                line,
            };
            let Some(inside) = self.place("", &folder, "go.work")? else {
                continue;
            };
            let missing = || {
                let file = join(&inside, "go.mod");
                let problem = Problem::new(format!("`go.work` uses `{}`, and there is no `{file}`", folder.text));
                let hint = "correct the folder, or run `go work use -r .`";
                problem.in_file("go.work").at_line(line).hint(hint)
            };
            modules.push(self.read_module(host, &inside, sums)?.ok_or_else(missing)?);
        }
        for folder in replaced_folders(&directives) {
            self.place("", &folder, "go.work")?;
        }
        if modules.is_empty() {
            let problem = Problem::new("`go.work` uses no module below the target's folder").in_file("go.work");
            return Err(problem.hint("run `go work use` there, or set `root` to the folder of a module"));
        }
        Ok(modules)
    }

    /// Reads the `go.mod` of a folder, if it is there, and notes what belongs to it.
    fn read_module(&mut self, host: &dyn Host, folder: &str, sums: &mut Sums) -> Result<Option<Module>, Problem> {
        let file = join(folder, "go.mod");
        let Some(text) = host.read_text(&file)? else {
            return Ok(None);
        };
        let module = Module::read(&text);
        self.modules.push((module.path.clone(), folder.to_owned()));
        self.manifests.push(file.clone());
        self.read_lock(host, &join(folder, "go.sum"), sums)?;
        for replaced in &module.folders {
            self.place(folder, replaced, &file)?;
        }
        if !self.is_workspace && !self.is_vendored {
            sums.check(&module).map_err(|problem| problem.in_file(&file))?;
        }
        Ok(Some(module))
    }

    /// Reads the sums in a lock file, if it is there.
    fn read_lock(&mut self, host: &dyn Host, file: &str, sums: &mut Sums) -> Result<(), Problem> {
        if let Some(text) = host.read_text(file)? {
            sums.add(&text);
            self.locks.push(file.to_owned());
        }
        Ok(())
    }

    /// Where a folder that a module names lies: inside the target's folder, from there; or outside, which is noted.
    fn place(&mut self, module: &str, folder: &Folder, file: &str) -> Result<Option<String>, Problem> {
        let leaves = || {
            let problem = Problem::new(format!("`{}` leads out of farm's workspace", folder.text));
            let hint = "keep modules that are built together below the folder of the root `farm.toml`";
            problem.in_file(file).at_line(folder.line).hint(hint)
        };
        let path = resolve(&join(&self.root, module), &folder.text).ok_or_else(leaves)?;
        match below(&path, &self.root) {
            Some(inside) => Ok(Some(inside.to_owned())),
            None => {
                self.outside.push(path);
                self.outside.sort();
                self.outside.dedup();
                Ok(None)
            }
        }
    }
}

/// How many modules are required that are none of these.
fn count(modules: &[Module]) -> usize {
    let required = modules.iter().flat_map(|module| &module.requirements);
    let paths: BTreeSet<&String> = required.map(|required| &required.path).collect();
    let own: BTreeSet<&String> = modules.iter().map(|module| &module.path).collect();
    paths.difference(&own).count()
}

fn no_module() -> Problem {
    let problem = Problem::new("there is neither `go.mod` nor `go.work`").in_file("go.mod");
    problem.hint("set `root` to the folder of a module, or run `go mod init` there")
}
