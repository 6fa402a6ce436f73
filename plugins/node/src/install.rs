//! What is installed: all that the lock file pins, and of that what the package needs when it runs. Does not know what is
//! built with it.

use farm_npm::join;
use farm_sdk::{Action, Host, Input, Output, OutputRef, Pin, Problem};

use crate::manager::Manager;
use crate::options::Options;
use crate::project::Project;

/// Folder of farm's own in the package's.
pub(crate) const OWN: &str = "farm-node";

/// The installed packages, and where the tree has them.
#[derive(Debug)]
pub(crate) struct Installed {
    pub(crate) action: Action,
    /// Where it puts them: path and output.
    modules: Vec<(String, OutputRef)>,
}

/// Installs with the manifests and their lock as only inputs: a changed source never installs again.
pub(crate) fn install(project: &Project, options: &Options, host: &dyn Host) -> Result<Option<Installed>, Problem> {
    let Some((manager, lock)) = project.locked() else {
        return Ok(None);
    };
    check_tool(host, manager)?;
    let top = |path: &str| join(&project.top, path);
    let nested: Vec<&str> = project.nested().collect();
    let scripts = if options.install_scripts {
        "scripts"
    } else {
        "no-scripts"
    };
    let label = match project.count {
        Some(count) => format!("install {count} packages"),
        None => format!("install packages with {}", manager.tool()),
    };
    let mut install = Action::fetch("install", "node", "npm", Pin::file(lock))
        .label(label)
        .in_folder(project.top.as_str())
        .args(["farm-node/install.mjs", manager.word(), scripts])
        .args(nested.iter().copied())
        .uses_tools([manager.tool()])
        .input(Input::content(
            top("farm-node/install.mjs"),
            include_str!("scripts/install.mjs"),
        ))
        .inputs(manifests(project))
        .inputs(settings(host, project, manager)?)
        .output(Output::unpacked("node_modules", top("node_modules")));
    // A package's own scripts can write there, and what they write is theirs alone.
    install = match options.install_scripts {
        true => install.private_cache(manager.tool(), "FARM_PACKAGES"),
        false => install.cache(manager.tool(), "FARM_PACKAGES"),
    };
    let mut modules = vec![(top("node_modules"), install.out("node_modules"))];
    for (number, folder) in nested.iter().enumerate() {
        let (name, path) = (format!("node_modules-{number}"), top(&format!("{folder}/node_modules")));
        let at = nested_place(project, &top(folder));
        install = install.output(Output::folder(&name, path).optional());
        modules.push((at, install.out(&name)));
    }
    Ok(Some(Installed {
        action: install,
        modules,
    }))
}

/// Where a package finds what is installed for it alone: another package of the workspace lies in `node_modules`.
fn nested_place(project: &Project, folder: &str) -> String {
    let local = project.locals.iter().find(|(_, local)| *local == folder);
    match local {
        Some((name, _)) => project.at(&format!("node_modules/{name}/node_modules")),
        None => project.at("node_modules"),
    }
}

fn manifests(project: &Project) -> impl Iterator<Item = Input> {
    let folders = std::iter::once(&project.top).chain(&project.members);
    folders.map(|folder| Input::file(join(folder, "package.json")))
}

fn settings(host: &dyn Host, project: &Project, manager: Manager) -> Result<Vec<Input>, Problem> {
    let mut found = Vec::new();
    for name in manager.settings() {
        let path = join(&project.top, name);
        if host.look(&path)?.is_some() {
            found.push(Input::file(path));
        }
    }
    Ok(found)
}

fn check_tool(host: &dyn Host, manager: Manager) -> Result<(), Problem> {
    let tool = manager.tool();
    if host.has_tool(tool)? {
        return Ok(());
    }
    let message = format!("`{}` needs the tool `{tool}`, which is not on the PATH", manager.lock());
    Err(Problem::new(message).hint(match manager {
        Manager::Npm => "install Node.js 20 or later, which brings `node` and `npm`".to_owned(),
        _ => format!("install it (`npm install --global {tool}`), or let corepack do so (`corepack enable {tool}`)"),
    }))
}

impl Installed {
    /// The installed packages as inputs.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = Input> {
        let modules = self.modules.iter();
        modules.map(|(at, output)| Input::output(at.as_str(), output.clone()))
    }

    /// Copies what the package needs when it runs; `locals` are the packages of the workspace.
    pub(crate) fn production(&self, project: &Project, locals: Vec<Input>) -> Action {
        let top = up(project.below_top(&project.folder));
        let own = |path: &str| project.at(&format!("{OWN}/{path}"));
        Action::tool("production", "node")
            .label("choose the packages that it needs when it runs")
            .in_folder(project.folder.as_str())
            .args(["farm-node/production.mjs", top.as_str(), "farm-node/node_modules"])
            .args(["farm-node/workspace", "farm-node/packages.json"])
            .args(project.locals.keys())
            .input(Input::content(
                own("production.mjs"),
                include_str!("scripts/production.mjs"),
            ))
            .input(Input::file(project.at("package.json")))
            .inputs(self.inputs())
            .inputs(locals)
            .output(Output::unpacked("node_modules", own("node_modules")))
            .output(Output::folder("workspace", own("workspace")).optional())
            .output(Output::file("packages", own("packages.json")))
    }
}

/// The way from a folder up to where it is named from.
fn up(folder: &str) -> String {
    let parts = folder.split('/').filter(|part| !part.is_empty());
    let up = parts.map(|_| "..").collect::<Vec<_>>().join("/");
    if up.is_empty() { ".".to_owned() } else { up }
}
