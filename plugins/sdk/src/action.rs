//! The unit of work: one run of a tool, or one step of the builder's own component. Does not run anything.

use serde::Serialize;

use crate::{Input, Output, OutputRef};

/// One run of a native tool in the sandbox, or one step of this component.
///
/// ```
/// use farm_sdk::{Action, Input, Output, Pin};
///
/// let install = Action::fetch("install", "npm", "npm", Pin::file("package-lock.json"))
///     .label("install packages")
///     .args(["ci", "--no-audit"])
///     .input(Input::file("package.json"))
///     .uses_tools(["node"])
///     .cache("npm", "npm_config_cache")
///     .output(Output::unpacked("node_modules", "node_modules"));
/// let lint = Action::tool("lint", "node")
///     .args(["node_modules/eslint/bin/eslint.js", "src"])
///     .input(Input::files(["src/**"]))
///     .input(Input::output("node_modules", install.out("node_modules")));
/// assert_eq!(lint.inputs.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Action {
    /// Unique in the target: lower-case letters, digits, `-`, `_` and `.`; at most 64 bytes.
    pub id: String,
    /// A few words for the progress line.
    pub label: String,
    /// What runs.
    pub work: Work,
    /// All that it may read.
    pub inputs: Vec<Input>,
    /// All that it may leave behind.
    pub outputs: Vec<Output>,
    /// Tools beside the one that runs.
    pub tools: Vec<String>,
    /// Fixed environment variables.
    pub environment: Vec<(String, String)>,
    /// Variables that get the absolute path of something in the action's tree: name, and the path from the target's folder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path_variables: Vec<(String, String)>,
    /// The output that gets the tool's standard output; the log without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout: Option<String>,
    /// Variables of the user's environment to hand on; their values are in the key.
    pub pass_environment: Vec<String>,
    /// Secrets to hand on.
    pub secrets: Vec<String>,
    /// Set for a fetch action, and for one on demand that reaches the network.
    pub network: Option<Fetch>,
    /// Writable folders that outlive the action: name, and the variable that gets the path.
    pub caches: Vec<(String, String)>,
    /// Time limit in seconds.
    pub timeout_seconds: Option<u32>,
    /// How many processor cores it keeps busy; one where it does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// Whether the tool speaks the protocol of GNU make's jobserver.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub jobserver: bool,
    /// Whether its tool runs what nobody here wrote.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub untrusted: bool,
    /// Names of those of its caches that are for this action of this target in this workspace alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub private_caches: Vec<String>,
    /// Whether it is no part of a build, and runs by `farm run TARGET ACTION` alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub on_demand: bool,
    /// Whether its tool makes namespaces and mounts of its own, which no sandbox lets it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub without_sandbox: bool,
    /// Whether it is a step that checks a limit of the user's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub checks_limit: bool,
    /// Whether files that git ignores are none of its inputs.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub without_ignored: bool,
}

/// What an action runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// A native tool.
    Tool {
        /// Its name, never a path.
        tool: String,
        /// Its arguments.
        arguments: Vec<String>,
        /// The folder it starts in, from the target's folder.
        directory: String,
    },
    /// [`crate::Builder::run_step`] of this component.
    Step {
        /// Which step.
        name: String,
        /// JSON for the step; part of the key.
        parameters: String,
    },
}

/// Leave to use the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fetch {
    /// Registries, or `host:port`; and of an action on demand, `docker` or `unix:/path` for a socket.
    pub from: Vec<String>,
    /// The lock files, as they appear in the action's tree; an action on demand may have none.
    pub pinned_by: Vec<String>,
}

/// The lock file that fixes what a fetch action gets: it becomes an input of the action.
#[derive(Debug, Clone)]
pub struct Pin {
    path: String,
    input: Input,
}

impl Pin {
    /// A lock file of the target's folder. It must exist.
    pub fn file(path: impl Into<String>) -> Self {
        let path = path.into();
        Self {
            input: Input::file(&path),
            path,
        }
    }

    /// A lock file that another action writes, at this path of the tree.
    pub fn output(at: impl Into<String>, output: OutputRef) -> Self {
        let path = at.into();
        Self {
            input: Input::output(&path, output),
            path,
        }
    }
}

impl Action {
    /// Runs a native tool, without the network.
    pub fn tool(id: impl Into<String>, tool: impl Into<String>) -> Self {
        let work = Work::Tool {
            tool: tool.into(),
            arguments: Vec::new(),
            directory: String::new(),
        };
        Self::new(id.into(), work)
    }

    /// Runs a native tool that may reach the network for this purpose. What it gets must be fixed by a lock file.
    pub fn fetch(id: impl Into<String>, tool: impl Into<String>, purpose: &str, pin: Pin) -> Self {
        let mut action = Self::tool(id, tool).input(pin.input);
        action.network = Some(Fetch {
            from: vec![purpose.to_owned()],
            pinned_by: vec![pin.path],
        });
        action
    }

    /// Adds another lock file to those of a fetch action; other actions stay as they are.
    #[must_use]
    pub fn pinned_by(mut self, pin: Pin) -> Self {
        if let Some(fetch) = &mut self.network {
            fetch.pinned_by.push(pin.path);
            self.inputs.push(pin.input);
        }
        self
    }

    /// Runs a step of this component.
    pub fn step(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(
            id.into(),
            Work::Step {
                name: name.into(),
                parameters: "{}".to_owned(),
            },
        )
    }

    /// The reference to an output of this action, for inputs and artifacts.
    pub fn out(&self, output: impl Into<String>) -> OutputRef {
        OutputRef::new(&self.id, output)
    }

    /// A few words for the progress line.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds arguments of a tool; a step has none.
    #[must_use]
    pub fn args<T: Into<String>>(mut self, added: impl IntoIterator<Item = T>) -> Self {
        if let Work::Tool { arguments, .. } = &mut self.work {
            arguments.extend(added.into_iter().map(Into::into));
        }
        self
    }

    /// The folder a tool starts in, from the target's folder.
    #[must_use]
    pub fn in_folder(mut self, folder: impl Into<String>) -> Self {
        if let Work::Tool { directory, .. } = &mut self.work {
            *directory = folder.into();
        }
        self
    }

    /// What a step gets, as JSON; it is part of the key.
    #[must_use]
    pub fn parameters(mut self, value: &serde_json::Value) -> Self {
        if let Work::Step { parameters, .. } = &mut self.work {
            *parameters = value.to_string();
        }
        self
    }

    /// Adds an input.
    #[must_use]
    pub fn input(mut self, input: Input) -> Self {
        self.inputs.push(input);
        self
    }

    /// Adds inputs.
    #[must_use]
    pub fn inputs(mut self, inputs: impl IntoIterator<Item = Input>) -> Self {
        self.inputs.extend(inputs);
        self
    }

    /// Adds an output.
    #[must_use]
    pub fn output(mut self, output: Output) -> Self {
        self.outputs.push(output);
        self
    }

    /// Names tools that the one that runs starts itself.
    #[must_use]
    pub fn uses_tools<T: Into<String>>(mut self, tools: impl IntoIterator<Item = T>) -> Self {
        self.tools.extend(tools.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Sets an environment variable to the absolute path of something in the action's tree, which is given from the
    /// target's folder: for variables that take no relative path.
    #[must_use]
    pub fn env_path(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        self.path_variables.push((name.into(), path.into()));
        self
    }

    /// Adds an output that is a file, and lets the tool's standard output go there instead of into the log.
    #[must_use]
    pub fn stdout(mut self, output: Output) -> Self {
        self.stdout = Some(output.name.clone());
        self.output(output)
    }

    /// Hands variables of the user's environment on; their values are in the key.
    #[must_use]
    pub fn pass_env<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.pass_environment.extend(names.into_iter().map(Into::into));
        self
    }

    /// Hands a secret on as an environment variable; its value is in no key and no log.
    #[must_use]
    pub fn secret(mut self, name: impl Into<String>) -> Self {
        self.secrets.push(name.into());
        self
    }

    /// Mounts a writable folder that outlives the action; the variable gets its path.
    #[must_use]
    pub fn cache(mut self, name: impl Into<String>, variable: impl Into<String>) -> Self {
        self.caches.push((name.into(), variable.into()));
        self
    }

    /// The same for this action of this target in this workspace alone: for a tool that runs code of the workspace beside
    /// its cache (cargo, which runs build scripts), so that such code reaches nothing that others are made from.
    #[must_use]
    pub fn private_cache(self, name: impl Into<String>, variable: impl Into<String>) -> Self {
        let name = name.into();
        let mut action = self.cache(&name, variable);
        action.private_caches.push(name);
        action
    }

    /// Limits the time, in seconds.
    #[must_use]
    pub const fn timeout(mut self, seconds: u32) -> Self {
        self.timeout_seconds = Some(seconds);
        self
    }

    /// Says how many processor cores it keeps busy, from 1 on, so that no more runs beside it than there is room for.
    /// Changes no key.
    #[must_use]
    pub const fn weight(mut self, cores: u32) -> Self {
        self.weight = Some(cores);
        self
    }

    /// For a tool that speaks the protocol of GNU make's jobserver (make, cargo): it takes cores from the
    /// build as it needs them, and has no weight beside that. Changes no key.
    #[must_use]
    pub const fn jobserver(mut self) -> Self {
        self.jobserver = true;
        self
    }

    /// For a tool that runs what nobody here wrote, such as a model's checkpoint: where the sandbox is weaker than L2, farm
    /// says so once in a build. Changes no key.
    #[must_use]
    pub const fn untrusted(mut self) -> Self {
        self.untrusted = true;
        self
    }

    /// For a step without outputs that holds what it reads against a limit of the user's: its problem is a broken limit,
    /// and farm ends with the exit code for that. Changes no key.
    #[must_use]
    pub const fn checks_limit(mut self) -> Self {
        self.checks_limit = true;
        self
    }

    /// Leaves out of its file sets what git ignores, by the `.gitignore` files from the workspace's root down; a file, or a
    /// folder, that a pattern without wildcards names is there all the same.
    #[must_use]
    pub const fn without_ignored(mut self) -> Self {
        self.without_ignored = true;
        self
    }

    /// Takes it out of the build: it runs by `farm run TARGET ACTION` alone, after the target was built, each time it is
    /// asked for. For what changes the world outside the workspace: pushing an image, migrating a database. It runs a
    /// tool, has no outputs, and may reach the network ([`Self::reaches`]) without a lock file.
    ///
    /// ```
    /// use farm_sdk::{Action, Input, OutputRef};
    ///
    /// let push = Action::tool("push", "skopeo")
    ///     .on_demand()
    ///     .label("push to the registry")
    ///     .args(["copy", "oci:image", "docker://registry.example/shop"])
    ///     .input(Input::output("image", OutputRef::new("assemble", "image")))
    ///     .reaches(["registry.example:443"])
    ///     .secret("REGISTRY_TOKEN");
    /// assert!(push.on_demand);
    /// ```
    #[must_use]
    pub const fn on_demand(mut self) -> Self {
        self.on_demand = true;
        self
    }

    /// For an action on demand: the purposes for which it reaches the network, or `docker` and `unix:/path` for a socket
    /// of this machine.
    #[must_use]
    pub fn reaches<T: Into<String>>(mut self, purposes: impl IntoIterator<Item = T>) -> Self {
        let network = self.network.get_or_insert_with(|| Fetch {
            from: Vec::new(),
            pinned_by: Vec::new(),
        });
        network.from.extend(purposes.into_iter().map(Into::into));
        self
    }

    /// For an action on demand whose tool makes namespaces and mounts of its own (buildah, bubblewrap), which no sandbox
    /// lets it: farm runs it only where the user says `--sandbox off`.
    #[must_use]
    pub const fn without_sandbox(mut self) -> Self {
        self.without_sandbox = true;
        self
    }

    fn new(id: String, work: Work) -> Self {
        Self {
            label: id.clone(),
            id,
            work,
            inputs: Vec::new(),
            outputs: Vec::new(),
            tools: Vec::new(),
            environment: Vec::new(),
            path_variables: Vec::new(),
            stdout: None,
            pass_environment: Vec::new(),
            secrets: Vec::new(),
            network: None,
            caches: Vec::new(),
            timeout_seconds: None,
            weight: None,
            jobserver: false,
            untrusted: false,
            private_caches: Vec::new(),
            on_demand: false,
            without_sandbox: false,
            checks_limit: false,
            without_ignored: false,
        }
    }
}
