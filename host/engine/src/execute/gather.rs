//! Gathers all that an action may read, and makes its key.
//!
//! Does not copy anything: [`super::stage`] does, once it is known that the action has to run.

use std::collections::BTreeMap;

use crate::cache::{Content, Node};
use crate::digest::Digest;
use crate::execute::failure::ExecuteError;
use crate::execute::{Executor, Job, Material, Prepared, base_system};
use crate::inputs::{FileInput, Footprint, FoundTool, Scope};
use crate::key::{self, InputContent, KeyParts, ToolIdentity};
use crate::path::RelPath;
use crate::plan::{CheckedFetch, CheckedInput, CheckedSource, CheckedWork, FileBase};

pub(super) type Tree = BTreeMap<RelPath, (InputContent, Material)>;

impl Executor {
    /// The tools that an action needs, found on PATH.
    pub fn find_tools(&self, job: &Job) -> Result<Vec<FoundTool>, ExecuteError> {
        let missing = |name: &String| ExecuteError::MissingTool { name: name.clone() };
        let names = job.action.tools.iter();
        names
            .map(|name| self.tools.find(name, &job.folder).ok_or_else(|| missing(name)))
            .collect()
    }

    /// Gathers what an action reads, and its key. `identities` are those of its tools, in the same order.
    pub fn prepare(
        &self,
        job: &Job,
        tools: Vec<FoundTool>,
        identities: &[ToolIdentity],
    ) -> Result<Prepared, ExecuteError> {
        let mut tree = Tree::new();
        let mut seen = Footprint::default();
        for input in &job.action.inputs {
            self.gather(job, input, &mut tree, &mut seen)?;
        }
        for name in &job.action.tools {
            self.tools.find_seen(name, &job.folder, &mut seen);
        }
        seen.variables.extend(job.action.pass_environment.iter().cloned());
        if let Some(fetch) = &job.action.fetch {
            check_pins(job, fetch, &tree)?;
        }
        let passed = self.passed(job);
        let is_made = |material: &Material| !matches!(material, Material::Workspace(_));
        let mut made = tree.values().map(|(_, material)| is_made(material));
        let (key, outline) = self.with_parts(job, identities, &passed, &tree, |parts| {
            (key::key(parts), key::outline(parts, &mut made))
        });
        Ok(Prepared {
            key,
            outline,
            tools,
            passed,
            tree,
            seen,
        })
    }

    /// What is in the key of an action, for people: section, name and value of each part, as the hash sees them.
    pub fn explain(
        &self,
        job: &Job,
        prepared: &Prepared,
        identities: &[ToolIdentity],
    ) -> Vec<(&'static str, String, String)> {
        self.with_parts(job, identities, &prepared.passed, &prepared.tree, key::explain)
    }

    /// The parts of an action's key.
    fn with_parts<T>(
        &self,
        job: &Job,
        identities: &[ToolIdentity],
        passed: &BTreeMap<String, String>,
        tree: &Tree,
        take: impl FnOnce(&KeyParts<'_>) -> T,
    ) -> T {
        let is_tool = matches!(job.action.work, CheckedWork::Tool { .. });
        let contents = tree
            .iter()
            .map(|(path, (content, _))| (path.clone(), content.clone()))
            .collect();
        let base = is_tool.then(base_system);
        take(&KeyParts {
            action: &job.action,
            root: &job.base,
            builder: job.component,
            platform: &self.settings.platform,
            base_system: base.as_deref(),
            tier: is_tool.then_some(self.settings.tier),
            tools: identities,
            passed,
            tree: &contents,
        })
    }

    fn passed(&self, job: &Job) -> BTreeMap<String, String> {
        let names = job.action.pass_environment.iter();
        names
            .filter_map(|name| Some((name.clone(), self.settings.environment.get(name)?.clone())))
            .collect()
    }

    fn gather(
        &self,
        job: &Job,
        input: &CheckedInput,
        tree: &mut Tree,
        seen: &mut Footprint,
    ) -> Result<(), ExecuteError> {
        let at = tree_root(job).join(&input.at);
        match &input.source {
            CheckedSource::Files { base, include, exclude } => {
                let base_path = match base {
                    FileBase::Target => job.base.clone(),
                    FileBase::Workspace => RelPath::root(),
                };
                let scope = Scope {
                    base: &base_path,
                    include,
                    exclude,
                    without: &job.without,
                    without_ignored: job.action.without_ignored,
                };
                let files = self.files.resolve(scope, seen)?;
                place_files(job, (*base, &input.at), files, tree)
            }
            CheckedSource::Content(bytes) => {
                let content = InputContent::File {
                    digest: Digest::of(bytes),
                    executable: false,
                };
                place(tree, at, content, Material::Inline(bytes.clone()))
            }
            CheckedSource::Output(output) => match job.outputs.get(output) {
                Some(content) => place_content(tree, &at, content),
                None => Ok(()),
            },
            CheckedSource::Artifact(artifact) => match job.artifacts.get(artifact) {
                Some(content) => place_content(tree, &at, content),
                None => Ok(()),
            },
        }
    }
}

/// Puts files of the workspace where the action finds them.
fn place_files(
    job: &Job,
    (base, at): (FileBase, &RelPath),
    files: Vec<FileInput>,
    tree: &mut Tree,
) -> Result<(), ExecuteError> {
    for file in files {
        let path = match base {
            FileBase::Target => {
                let below = file.path.below(&job.base).unwrap_or_else(|| file.path.clone());
                tree_root(job).join(at).join(&below)
            }
            FileBase::Workspace => file.path.clone(),
        };
        let content = InputContent::File {
            digest: file.digest,
            executable: file.executable,
        };
        place(tree, path, content, Material::Workspace(file))?;
    }
    Ok(())
}

/// Where the target's folder is in the action's tree: a tool sees the workspace's shape, a step sees its inputs alone.
pub(super) fn tree_root(job: &Job) -> RelPath {
    match job.action.work {
        CheckedWork::Tool { .. } => job.base.clone(),
        CheckedWork::Step(_) => RelPath::root(),
    }
}

pub(super) fn place_content(tree: &mut Tree, at: &RelPath, content: &Content) -> Result<(), ExecuteError> {
    match content {
        Content::File {
            digest,
            size,
            executable,
        } => {
            let content = InputContent::File {
                digest: *digest,
                executable: *executable,
            };
            place(
                tree,
                at.clone(),
                content,
                Material::Blob {
                    digest: *digest,
                    size: *size,
                },
            )
        }
        Content::Unpacked { tree: digest, .. } => place(
            tree,
            at.clone(),
            InputContent::Unpacked(*digest),
            Material::Unpacked(content.clone()),
        ),
        Content::Folder(folder) => {
            for entry in &folder.entries {
                let (content, material) = match &entry.node {
                    Node::File {
                        digest,
                        size,
                        executable,
                    } => (
                        InputContent::File {
                            digest: *digest,
                            executable: *executable,
                        },
                        Material::Blob {
                            digest: *digest,
                            size: *size,
                        },
                    ),
                    Node::Link { target } => (InputContent::Link(target.clone()), Material::None),
                    Node::Folder => (InputContent::Folder, Material::None),
                };
                place(tree, at.join(&entry.path), content, material)?;
            }
            Ok(())
        }
    }
}

/// Two inputs may meet at one path only with the same content.
fn place(tree: &mut Tree, path: RelPath, content: InputContent, material: Material) -> Result<(), ExecuteError> {
    match tree.get(&path) {
        Some((there, _)) if *there != content => Err(ExecuteError::InputClash { path }),
        Some(_) => Ok(()),
        None => {
            tree.insert(path, (content, material));
            Ok(())
        }
    }
}

/// A lock file must be a file of the user's, or what an action made of one (`uv export` of `uv.lock`); text that the
/// plan itself brings pins nothing.
fn check_pins(job: &Job, fetch: &CheckedFetch, tree: &Tree) -> Result<(), ExecuteError> {
    for pin in &fetch.pinned_by {
        let made_by_action = matches!(tree.get(&job.base.join(pin)), Some((_, Material::Blob { .. })));
        let from_user = matches!(tree.get(&job.base.join(pin)), Some((_, Material::Workspace(_))));
        if !from_user && !made_by_action {
            return Err(ExecuteError::PinMissing { path: pin.clone() });
        }
    }
    Ok(())
}
