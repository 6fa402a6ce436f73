//! What is installed: all that the lock file pins, and of that what the package needs when it runs. Does not know what is
//! built with it.

use std::collections::BTreeMap;

use farm_npm::join;
use farm_npm::settings::variables;
use farm_sdk::{Action, Host, Input, Output, OutputRef, Pin, Problem};

use crate::manager::Manager;
use crate::options::Options;
use crate::project::Project;

/// Folder of farm's own in the package's.
pub(crate) const OWN: &str = "farm-node";

/// Where packages keep what the package has for itself alone, from farm's own folder.
const SHOWN: &str = "shown";

/// The installed packages, and where the tree has them.
#[derive(Debug)]
pub(crate) struct Installed {
    pub(crate) action: Action,
    /// What it puts beside the lock file.
    shared: OutputRef,
    /// What it puts beside packages of the workspace, by their folders.
    nested: BTreeMap<String, OutputRef>,
    /// What keeps the one from hiding the other.
    shown: Option<Action>,
}

/// Installs with the manifests and their lock as only inputs: a changed source never installs again. It is the same action
/// for each package of a workspace, and so runs once for all of them.
pub(crate) fn install(project: &Project, options: &Options, host: &dyn Host) -> Result<Option<Installed>, Problem> {
    let Some((manager, lock)) = project.locked() else {
        return Ok(None);
    };
    check_tool(host, manager)?;
    let top = |path: &str| join(&project.top, path);
    let settings = settings(host, project, manager)?;
    let mut install = Action::fetch("install", "node", "npm", Pin::file(lock))
        .label(match project.count {
            Some(count) => format!("install {count} packages"),
            None => format!("install packages with {}", manager.tool()),
        })
        .in_folder(project.top.as_str())
        .args(["farm-node/install.mjs", manager.word()])
        .args([if options.install_scripts {
            "scripts"
        } else {
            "no-scripts"
        }])
        .args(project.nested().map(|folder| project.below_top(folder)))
        .uses_tools([manager.tool()])
        .input(Input::content(
            top("farm-node/install.mjs"),
            include_str!("scripts/install.mjs"),
        ))
        .inputs(manifests(project))
        .inputs(settings.iter().map(Input::file))
        .output(Output::unpacked("node_modules", top("node_modules")));
    install = with_logins(install, host, &settings)?;
    // A package's own scripts can write there, and what they write is theirs alone.
    install = match options.install_scripts {
        true => install.private_cache(manager.tool(), "FARM_PACKAGES"),
        false => install.cache(manager.tool(), "FARM_PACKAGES"),
    };
    let mut nested = BTreeMap::new();
    for (number, folder) in project.nested().enumerate() {
        let name = format!("node_modules-{number}");
        install = install.output(Output::folder(&name, join(folder, "node_modules")).optional());
        nested.insert(folder.clone(), install.out(&name));
    }
    let mut installed = Installed {
        shared: install.out("node_modules"),
        action: install,
        nested,
        shown: None,
    };
    installed.shown = installed.show(project);
    Ok(Some(installed))
}

/// Hands on the variables that the settings name, most of which are logins of private registries.
fn with_logins(install: Action, host: &dyn Host, settings: &[String]) -> Result<Action, Problem> {
    let is_text = |path: &&str| {
        [".npmrc", ".yarnrc", ".yarnrc.yml"]
            .iter()
            .any(|name| path.ends_with(name))
    };
    let paths: Vec<&str> = settings.iter().map(String::as_str).filter(is_text).collect();
    let names: Vec<String> = variables(host, &paths)?.into_iter().collect();
    if names.is_empty() {
        return Ok(install);
    }
    let install = install.env("FARM_NAMED", names.join(" "));
    Ok(names.iter().fold(install, |install, name| install.secret(name)))
}

fn manifests(project: &Project) -> impl Iterator<Item = Input> {
    let folders = std::iter::once(&project.top).chain(&project.members);
    folders.map(|folder| Input::file(join(folder, "package.json")))
}

fn settings(host: &dyn Host, project: &Project, manager: Manager) -> Result<Vec<String>, Problem> {
    let mut found = Vec::new();
    for name in manager.settings() {
        let path = join(&project.top, name);
        if host.look(&path)?.is_some() {
            found.push(path);
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
    /// The actions that install.
    pub(crate) fn actions(&self) -> impl Iterator<Item = Action> {
        [Some(&self.action), self.shown.as_ref()].into_iter().flatten().cloned()
    }

    /// The installed packages as inputs: each where Node finds it from the package, and from those of the workspace that it
    /// needs, which lie in its `node_modules`.
    pub(crate) fn inputs(&self, project: &Project) -> Vec<Input> {
        let at = |place: String, output: &OutputRef| Input::output(place, output.clone());
        let mut inputs = vec![at(join(&project.top, "node_modules"), &self.shared)];
        inputs.extend(self.own(project));
        for (number, (name, folder)) in project.locals.iter().enumerate() {
            let place = project.at(&format!("node_modules/{name}/node_modules"));
            inputs.extend(self.nested.get(folder).map(|output| at(place.clone(), output)));
            let shown = self.shown.as_ref().map(|shown| shown.out(format!("shown-{number}")));
            inputs.extend(shown.map(|output| at(place, &output)));
        }
        inputs
    }

    /// What is installed for the package alone.
    fn own(&self, project: &Project) -> Option<Input> {
        let output = self.nested.get(&project.folder)?;
        Some(Input::output(project.at("node_modules"), output.clone()))
    }

    /// What is installed for the package alone would hide what others share from the packages of the workspace, which lie
    /// below it here and beside it in the workspace: so they get copies of what would be hidden.
    fn show(&self, project: &Project) -> Option<Action> {
        if project.locals.is_empty() {
            return None;
        }
        let own = self.own(project)?;
        let place = |path: String| project.at(&format!("{OWN}/{path}"));
        let mut show = Action::tool("show", "node")
            .label("let packages of the workspace find what they share")
            .in_folder(project.folder.as_str())
            .args(["farm-node/show.mjs", up(project.below_top(&project.folder)).as_str()])
            .args([format!("{OWN}/{SHOWN}")])
            .input(Input::content(
                place("show.mjs".to_owned()),
                include_str!("scripts/show.mjs"),
            ))
            .input(Input::output(join(&project.top, "node_modules"), self.shared.clone()))
            .input(own);
        for (number, (name, folder)) in project.locals.iter().enumerate() {
            show = show.input(Input::file(join(folder, "package.json")));
            if let Some(nested) = self.nested.get(folder) {
                show = show.input(Input::output(join(folder, "node_modules"), nested.clone()));
            }
            let shown = Output::folder(format!("shown-{number}"), place(format!("{SHOWN}/{number}")));
            show = show
                .args([name.as_str(), project.below_top(folder)])
                .output(shown.optional());
        }
        Some(show)
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
            .inputs(self.inputs(project))
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
