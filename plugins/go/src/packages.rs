//! What `go list` tells of packages: which of them are programs, and which files each is made of. Does not know where
//! go found them beyond their folders.

use std::collections::{BTreeMap, BTreeSet};

use farm_sdk::Problem;
use farm_sdk::paths::{below, join};
use serde::Deserialize;

use crate::project::Project;

/// The fields of a package that are asked for.
pub(crate) const FIELDS: &str = "ImportPath,Name,Dir,Standard,DepOnly,Module,Deps,GoFiles,CgoFiles,CFiles,CXXFiles,MFiles,\
                                 HFiles,FFiles,SFiles,SwigFiles,SwigCXXFiles,SysoFiles,EmbedFiles";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Package {
    import_path: String,
    name: String,
    dir: String,
    standard: bool,
    dep_only: bool,
    module: Option<Module>,
    deps: Vec<String>,
    go_files: Vec<String>,
    cgo_files: Vec<String>,
    c_files: Vec<String>,
    #[serde(rename = "CXXFiles")]
    cxx_files: Vec<String>,
    m_files: Vec<String>,
    h_files: Vec<String>,
    f_files: Vec<String>,
    s_files: Vec<String>,
    swig_files: Vec<String>,
    #[serde(rename = "SwigCXXFiles")]
    swig_cxx_files: Vec<String>,
    syso_files: Vec<String>,
    embed_files: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Module {
    path: String,
    dir: String,
}

/// A package that becomes a program.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// Its import path.
    pub(crate) package: String,
    /// Its folder, from farm's workspace.
    pub(crate) folder: String,
    /// The files of the workspace that it is made of, sorted, from the workspace's root.
    pub(crate) files: BTreeSet<String>,
    /// Whether C is compiled into it.
    pub(crate) has_c: bool,
}

/// The programs among the packages that `go list -deps -json` printed, by import path.
pub(crate) fn programs(printed: &[u8], project: &Project) -> Result<Vec<Program>, Problem> {
    let packages: Vec<Package> = serde_json::Deserializer::from_slice(printed)
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| Problem::new(format!("what `go list` printed cannot be read: {error}")))?;
    let tree = tree(&packages, project);
    let own: BTreeMap<&str, (&Package, String)> = packages
        .iter()
        .filter_map(|package| {
            Some((
                package.import_path.as_str(),
                (package, own_folder(package, tree.as_deref()?, project)?),
            ))
        })
        .collect();
    let mains = own
        .values()
        .filter(|(package, _)| package.name == "main" && !package.dep_only);
    Ok(mains.map(|(package, folder)| program(package, folder, &own)).collect())
}

fn program(package: &Package, folder: &str, own: &BTreeMap<&str, (&Package, String)>) -> Program {
    let names = package.deps.iter().chain([&package.import_path]);
    let parts: Vec<_> = names.filter_map(|name| own.get(name.as_str())).collect();
    let files = parts
        .iter()
        .flat_map(|(part, folder)| part.files().map(move |file| join(folder, file)));
    Program {
        package: package.import_path.clone(),
        folder: folder.to_owned(),
        files: files.collect(),
        has_c: parts.iter().any(|(part, _)| !part.cgo_files.is_empty()),
    }
}

impl Package {
    fn files(&self) -> impl Iterator<Item = &String> {
        let compiled = [
            &self.go_files,
            &self.cgo_files,
            &self.c_files,
            &self.cxx_files,
            &self.m_files,
            &self.h_files,
        ];
        let rest = [
            &self.f_files,
            &self.s_files,
            &self.swig_files,
            &self.swig_cxx_files,
            &self.syso_files,
            &self.embed_files,
        ];
        compiled.into_iter().chain(rest).flatten()
    }
}

/// Where the workspace lay when go looked at it: a known module's folder, without its place in the workspace.
fn tree(packages: &[Package], project: &Project) -> Option<String> {
    packages.iter().find_map(|package| {
        let module = package.module.as_ref()?;
        let (_, folder) = project.modules.iter().find(|(path, _)| *path == module.path)?;
        let place = join(&project.root, folder);
        let tree = module.dir.strip_suffix(place.as_str())?;
        Some(tree.trim_end_matches('/').to_owned())
    })
}

/// A package's folder from the workspace's root; nothing for packages of the toolchain and of fetched modules.
fn own_folder(package: &Package, tree: &str, project: &Project) -> Option<String> {
    if package.standard {
        return None;
    }
    let folder = package.dir.strip_prefix(tree)?.trim_start_matches('/');
    let fetched = join(&project.root, crate::actions::MODULES);
    (below(folder, &fetched).is_none()).then(|| folder.to_owned())
}

/// The name of a program, as go names it: the last part of its import path that is no version.
pub(crate) fn name_of(import_path: &str) -> &str {
    let is_version = |part: &str| {
        part.strip_prefix('v')
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut parts = import_path.rsplit('/');
    let last = parts.next().unwrap_or(import_path);
    parts.next().filter(|_| is_version(last)).unwrap_or(last)
}
