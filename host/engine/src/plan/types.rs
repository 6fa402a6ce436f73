//! What a builder answers: the plan, in the engine's own words.
//!
//! The types mirror `wit/builder.wit`, whose documentation holds for them; `crate::plugin` translates. They are plain
//! data that can be stored. Paths and names are still text as the builder gave it: [`super::check`] decides.

use serde::{Deserialize, Serialize};

/// A name and its value.
pub type Property = (String, String);

/// What a builder is, and all that it may ever ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// Its own name.
    pub name: String,
    /// Its version, for people.
    pub version: String,
    /// One line.
    pub summary: String,
    /// JSON schema of its targets' options.
    pub options_schema: String,
    /// Its permission list.
    pub wants: Vec<Want>,
    /// What else `wit/builder.wit` gives a name to.
    pub properties: Vec<Property>,
}

impl Description {
    /// The property that says where paths start.
    pub const PATHS: &str = "paths";
    /// Its one value: at the workspace's root.
    pub const FROM_ROOT: &str = "workspace";
    /// The property that names what it acts upon of what is asked for on the command line.
    pub const ANSWERS: &str = "answers";

    /// Whether the paths of its plans start at the workspace's root, not at the target's folder.
    pub fn starts_at_root(&self) -> bool {
        let mut properties = self.properties.iter();
        properties.any(|(name, value)| name == Self::PATHS && value == Self::FROM_ROOT)
    }

    /// Whether it acts upon this property of a request.
    pub fn answers(&self, asked: &str) -> bool {
        let mut properties = self.properties.iter();
        properties.any(|(name, value)| name == Self::ANSWERS && value.split(' ').any(|answered| answered == asked))
    }
}

/// One permission that a builder asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Want {
    /// To run the tool of this name; `*` is any tool.
    Tool(String),
    /// To reach the network for this purpose, or a socket.
    Network(String),
    /// To read this variable.
    Environment(String),
    /// To hand on this secret; `*` is any secret.
    Secret(String),
    /// To keep this folder between actions.
    ToolCache(String),
}

/// What has to be planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRequest {
    /// The target's full name.
    pub target: String,
    /// The target's folder, from the workspace's root.
    pub root: String,
    /// The mode.
    pub mode: String,
    /// The options as JSON.
    pub options: String,
    /// Artifacts of the direct dependencies.
    pub dependencies: Vec<ArtifactHandle>,
    /// Where the actions will run.
    pub platform: String,
    /// What was asked for on the command line.
    pub properties: Vec<Property>,
}

/// An artifact of a dependency, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactHandle {
    /// The target that makes it.
    pub target: String,
    /// Its name there.
    pub name: String,
    /// Its kind.
    pub kind: String,
}

/// The answer to `plan` or `continue-plan`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What to run.
    pub actions: Vec<Action>,
    /// What comes out.
    pub artifacts: Vec<Artifact>,
    /// Set when the builder must see outputs first.
    pub next: Option<Continuation>,
    /// Room to grow.
    pub properties: Vec<Property>,
}

/// Outputs that the builder wants to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continuation {
    /// Outputs of actions planned so far.
    pub needs: Vec<OutputRef>,
    /// Handed back as it is.
    pub state: Vec<u8>,
}

/// One file that `continue-plan` was waiting for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenFile {
    /// The output it belongs to.
    pub output: OutputRef,
    /// Its path below that output.
    pub path: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// The unit of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Unique in the target.
    pub id: String,
    /// A few words for people.
    pub label: String,
    /// What runs.
    pub work: Work,
    /// All that it may read.
    pub inputs: Vec<Input>,
    /// All that it may leave behind.
    pub outputs: Vec<Output>,
    /// Tools that the tool starts itself.
    pub tools: Vec<String>,
    /// Fixed variables.
    pub environment: Vec<Property>,
    /// Variables handed on from the user.
    pub pass_environment: Vec<String>,
    /// Secrets handed on.
    pub secrets: Vec<String>,
    /// Set for a fetch action, and for one on demand that reaches the network.
    pub network: Option<Fetch>,
    /// Folders that outlive the action.
    pub caches: Vec<CacheMount>,
    /// Time limit.
    pub timeout_seconds: Option<u32>,
    /// Room to grow.
    pub properties: Vec<Property>,
}

/// What an action runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// A native tool, in the sandbox.
    Tool(ToolRun),
    /// `run-step` of the component.
    Step(StepRun),
}

/// One process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolRun {
    /// Name of a granted tool.
    pub tool: String,
    /// Without the tool's own name.
    pub arguments: Vec<String>,
    /// The folder it starts in, from the target's.
    pub directory: String,
}

/// One call of `run-step`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRun {
    /// Which step.
    pub name: String,
    /// JSON for it.
    pub parameters: String,
}

/// Something an action may read, and where it finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Where it appears.
    pub at: String,
    /// What it is.
    pub source: InputSource,
}

/// Where an input comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputSource {
    /// Files of the workspace.
    Files(FileSet),
    /// The output of another action of this target.
    Output(OutputRef),
    /// An artifact of a dependency.
    Artifact(ArtifactRef),
    /// A file with this content.
    Content(Vec<u8>),
}

/// Files of the workspace, by patterns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSet {
    /// Where the patterns start.
    pub base: FileBase,
    /// Files to take.
    pub include: Vec<String>,
    /// Files to leave out of those.
    pub exclude: Vec<String>,
}

/// Where a file set's patterns start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileBase {
    /// At the target's folder.
    Target,
    /// At the workspace's root.
    Workspace,
}

/// An output of an action of this target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OutputRef {
    /// The action's id.
    pub action: String,
    /// The output's name.
    pub output: String,
}

/// An artifact of a direct dependency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ArtifactRef {
    /// Full name of that target.
    pub target: String,
    /// The artifact's name.
    pub name: String,
}

/// A declared output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Unique in the action.
    pub name: String,
    /// Where the action leaves it.
    pub path: String,
    /// What it is, and how it is kept.
    pub shape: OutputShape,
    /// Whether a success without it is a failure.
    pub required: bool,
    /// Whether it is put back into the user's tree.
    pub in_place: bool,
}

/// What an output is, and how it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputShape {
    /// One file.
    File,
    /// A folder.
    Folder,
    /// A file or a folder.
    Any,
    /// A big folder, kept unpacked and mounted read-only.
    Unpacked,
}

/// Leave to use the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// Purposes, each granted.
    pub from: Vec<String>,
    /// The lock files that fix what is fetched.
    pub pinned_by: Vec<String>,
}

/// A tool cache, and the variable that tells the tool where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheMount {
    /// Its granted name.
    pub name: String,
    /// The variable that gets its path.
    pub variable: String,
}

/// A typed output of the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Unique in the target.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// The output that it is.
    pub from: OutputRef,
    /// Where it lands below the target's output folder.
    pub place: Option<String>,
    /// A JSON file that says more about it.
    pub metadata: Option<OutputRef>,
    /// Room to grow.
    pub properties: Vec<Property>,
}

/// A mistake that the user can mend, as a builder reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuilderProblem {
    /// What is wrong.
    pub message: String,
    /// The file it is in, from the target's folder.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<u32>,
    /// What to do.
    pub hint: Option<String>,
}
