//! What a builder says about itself. Does not know what the user grants.

use serde::Serialize;

/// What a builder is, and all that its plans may ever ask for.
///
/// ```
/// use farm_sdk::Description;
///
/// let description = Description::new("eslint", "1.0.0", "lints with ESLint", r#"{"type": "object"}"#)
///     .wants_tool("node")
///     .wants_network("npm")
///     .wants_tool_cache("npm");
/// assert_eq!(description.wants.len(), 3);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Description {
    /// The builder's own name: lower-case letters, digits and `-`.
    pub name: String,
    /// Its version, for people.
    pub version: String,
    /// One line for `farm plugin list`.
    pub summary: String,
    /// JSON schema (draft 2020-12) of the options.
    pub options_schema: String,
    /// The permission list.
    pub wants: Vec<Want>,
    /// Whether paths start at the workspace's root, not at the target's folder.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub paths_from_workspace: bool,
    /// What this builder acts upon of what is asked for on the command line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<String>,
}

/// One permission that a builder asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Want {
    /// To run the tool of this name; `*` stands for any tool.
    Tool(String),
    /// To let an action reach this registry (`npm`, `pypi`, `go`, `crates`) or `host:port`, and one on demand the socket
    /// `docker` or `unix:/path`; `*` stands for any host, `unix:*` for any path.
    Network(String),
    /// To hand on the environment variable of this name; `*` stands for any that the options name.
    Environment(String),
    /// To hand on the secret of this name; `*` stands for any that the options name.
    Secret(String),
    /// To keep a writable folder of this name between actions.
    ToolCache(String),
}

impl Description {
    /// A builder that wants nothing yet.
    pub fn new(name: &str, version: &str, summary: &str, options_schema: &str) -> Self {
        let [name, version, summary, options_schema] = [name, version, summary, options_schema].map(str::to_owned);
        Self {
            name,
            version,
            summary,
            options_schema,
            wants: Vec::new(),
            paths_from_workspace: false,
            answers: Vec::new(),
        }
    }

    /// Acts upon what is asked for by this name on the command line: `analyze` or `size-limit`. [`crate::Request::asked`]
    /// says whether it is.
    #[must_use]
    pub fn answers(mut self, asked: &str) -> Self {
        self.answers.push(asked.to_owned());
        self
    }

    /// For a language whose packages belong together across folders: all questions and paths of this builder start at the
    /// workspace's root, and [`crate::Request::root`] says where the target is.
    #[must_use]
    pub const fn paths_from_workspace(mut self) -> Self {
        self.paths_from_workspace = true;
        self
    }

    /// Asks for one permission.
    #[must_use]
    pub fn wants(mut self, want: Want) -> Self {
        self.wants.push(want);
        self
    }

    /// Asks to run a tool; `*` stands for any.
    #[must_use]
    pub fn wants_tool(self, name: &str) -> Self {
        self.wants(Want::Tool(name.to_owned()))
    }

    /// Asks to reach a registry, `host:port`, or, on demand, a socket.
    #[must_use]
    pub fn wants_network(self, purpose: &str) -> Self {
        self.wants(Want::Network(purpose.to_owned()))
    }

    /// Asks to hand on an environment variable.
    #[must_use]
    pub fn wants_environment(self, name: &str) -> Self {
        self.wants(Want::Environment(name.to_owned()))
    }

    /// Asks to hand on a secret.
    #[must_use]
    pub fn wants_secret(self, name: &str) -> Self {
        self.wants(Want::Secret(name.to_owned()))
    }

    /// Asks to keep a writable folder between actions.
    #[must_use]
    pub fn wants_tool_cache(self, name: &str) -> Self {
        self.wants(Want::ToolCache(name.to_owned()))
    }
}
