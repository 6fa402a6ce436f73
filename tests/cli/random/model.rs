//! What a workspace holds, and what farm has to make of it: the oracle, written down from `host/docs/builders.md` and
//! not from farm's code. Does not touch the disk and does not know what was built before.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Something with a name in the workspace's sources; folders are there because of what is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A file.
    File {
        /// Its content.
        text: String,
        /// Whether it may be executed.
        executable: bool,
    },
    /// A link to this path, from the workspace's root.
    Link(String),
}

impl Node {
    /// An ordinary file.
    pub(super) fn file(text: impl Into<String>) -> Self {
        Self::File {
            text: text.into(),
            executable: false,
        }
    }
}

/// Sources by path from the workspace's root.
pub(super) type Sources = BTreeMap<String, Node>;

/// Content and whether it may be executed, by path from the workspace's root.
pub(super) type Files = BTreeMap<String, (String, bool)>;

/// A pattern of the option `inputs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    /// `FOLDER/**`, or `**` where the folder is empty.
    Below(&'static str),
    /// `FOLDER/*.EXTENSION`, or `*.EXTENSION`.
    Ending(&'static str, &'static str),
    /// `FOLDER/**/*.EXTENSION`.
    EndingBelow(&'static str, &'static str),
    /// A path without wildcards.
    Named(&'static str),
    /// A pattern from the workspace's root.
    Workspace(Box<Self>),
    /// What the pattern takes is left out.
    Not(Box<Self>),
    /// Artifacts of dependencies, below `deps/`.
    Artifact(&'static str),
}

impl Pattern {
    /// As it stands in `farm.toml`.
    fn text(&self) -> String {
        match self {
            Self::Below("") => "**".to_owned(),
            Self::Below(folder) => format!("{folder}/**"),
            Self::Ending("", end) => format!("*.{end}"),
            Self::Ending(folder, end) => format!("{folder}/*.{end}"),
            Self::EndingBelow("", end) => format!("**/*.{end}"),
            Self::EndingBelow(folder, end) => format!("{folder}/**/*.{end}"),
            Self::Named(path) | Self::Artifact(path) => (*path).to_owned(),
            Self::Workspace(pattern) => format!("//{}", pattern.text()),
            Self::Not(pattern) => format!("!{}", pattern.text()),
        }
    }

    /// Whether it takes a path, or a folder that the path lies in.
    fn takes(&self, path: &str) -> bool {
        let mut ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.any(|end| self.names(&path[..end]))
    }

    fn names(&self, path: &str) -> bool {
        let within = |folder: &str| match folder {
            "" => Some(path.to_owned()),
            folder => path.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned),
        };
        let ends = |rest: &str, end: &str| rest.ends_with(&format!(".{end}"));
        match self {
            Self::Below(folder) => within(folder).is_some(),
            Self::Ending(folder, end) => within(folder).is_some_and(|rest| !rest.contains('/') && ends(&rest, end)),
            Self::EndingBelow(folder, end) => within(folder).is_some_and(|rest| ends(&rest, end)),
            Self::Named(named) => path == *named,
            Self::Workspace(_) | Self::Not(_) | Self::Artifact(_) => false,
        }
    }
}

/// What a target's command does with the files it sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Writes down path, mode and content of every file into its first output.
    Dump,
    /// Writes down their lines without comments: changes of comments, names and modes make no difference.
    Strip,
    /// Writes down their paths: changes of content make no difference.
    Names,
    /// Copies them into its first output and writes their number into its second.
    Copy,
    /// Writes nothing, and fails where `gate.txt` holds FAIL.
    Gate,
}

/// A target of the builder `command`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// `NAME` or `MEMBER:NAME`.
    pub(super) name: &'static str,
    /// Its folder from the workspace's root; empty for the root itself.
    pub(super) root: &'static str,
    /// What its command does.
    pub(super) kind: Kind,
    /// Targets that come first.
    pub(super) deps: Vec<&'static str>,
    /// None for all files of its folder.
    pub(super) inputs: Option<Vec<Pattern>>,
    /// From its folder.
    pub(super) outputs: Vec<&'static str>,
    /// A number in its command.
    pub(super) variant: u32,
    /// The value of its variable FIXED.
    pub(super) fixed: u32,
    /// Whether STAGE is handed on to it.
    pub(super) sees_stage: bool,
    /// Whether it runs the tool `mark`.
    pub(super) marks: bool,
}

/// What lies around the workspace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    /// The sandbox tier.
    pub(super) tier: &'a str,
    /// The variable STAGE.
    pub(super) stage: Option<&'a str>,
    /// What the tool `mark` says.
    pub(super) mark: u32,
}

/// A path below a folder that may be the root.
pub(super) fn join(folder: &str, path: &str) -> String {
    if folder.is_empty() {
        path.to_owned()
    } else {
        format!("{folder}/{path}")
    }
}

/// A path from a folder; none if it lies elsewhere.
pub(super) fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    if folder.is_empty() {
        Some(path)
    } else {
        path.strip_prefix(folder)?.strip_prefix('/')
    }
}

impl Target {
    /// Its outputs from the workspace's root.
    pub(super) fn places(&self) -> impl Iterator<Item = String> {
        self.outputs.iter().map(|output| join(self.root, output))
    }

    /// The command line. It sees the whole of its tree, so that a file too many shows as well as one too few.
    fn command(&self) -> String {
        let up = match self.root {
            "" => ".".to_owned(),
            root => vec![".."; root.split('/').count()].join("/"),
        };
        let own: String = self.places().fold(String::new(), |mut text, place| {
            write!(text, " ! -path './{place}' ! -path './{place}/*'").expect("a text takes all");
            text
        });
        let list = format!("find . -type f{own} | LC_ALL=C sort");
        let mark = if self.marks { "; mark" } else { "" };
        let head = format!(
            "echo \"variant {} $FIXED ${{STAGE-unset}} ${{OTHER-unset}}\"{mark}",
            self.variant
        );
        let each = |body: &str| format!("{{ {head}; {list} | while IFS= read -r f; do {body}; done; }}");
        let places: Vec<String> = self.places().collect();
        let made: String = places
            .iter()
            .filter_map(|place| place.rsplit_once('/'))
            .fold(format!("cd {up}"), |text, (folder, _)| {
                format!("{text} && mkdir -p '{folder}'")
            });
        match self.kind {
            Kind::Dump => {
                let body = r#"if test -x "$f"; then m=x; else m=-; fi; printf '%s %s\n' "$m" "$f"; cat "$f""#;
                format!("{made} && {} > '{}'", each(body), places[0])
            }
            Kind::Strip => format!("{made} && {} > '{}'", each(r#"sed '/^#/d' "$f""#), places[0]),
            Kind::Names => format!("{made} && {{ {head}; {list}; }} > '{}'", places[0]),
            Kind::Copy => format!(
                "{made} && mkdir -p '{0}' && {list} > '{1}' && tr '\\n' '\\0' < '{1}' | xargs -0 -r cp --parents -t '{0}' && {{ {head}; wc -l < '{1}'; }} > '{1}.new' && mv '{1}.new' '{1}'",
                places[0], places[1]
            ),
            Kind::Gate => format!("{head}; ! grep -q FAIL gate.txt"),
        }
    }

    /// Its table in `farm.toml`.
    fn render(&self) -> String {
        let (member, name) = self.name.split_once(':').unwrap_or(("", self.name));
        let deps = self.deps.iter().map(|dep| match dep.split_once(':') {
            Some((of, dep)) if of == member => format!("\":{dep}\""),
            _ => format!("\"{dep}\""),
        });
        let deps: Vec<String> = deps.collect();
        let mut text = format!(
            "\n[targets.{name}]\nbuilder = \"command\"\ndeps = [{}]\n",
            deps.join(", ")
        );
        if member.is_empty() && !self.root.is_empty() {
            writeln!(text, "root = \"{}\"", self.root).expect("a text takes all");
        }
        writeln!(text, "[targets.{name}.options]\ncommand = '''{}'''", self.command()).expect("a text takes all");
        writeln!(
            text,
            "outputs = {:?}\nenv = {{ FIXED = \"{}\" }}",
            self.outputs, self.fixed
        )
        .expect("a text takes all");
        if let Some(inputs) = &self.inputs {
            let inputs: Vec<String> = inputs.iter().map(Pattern::text).collect();
            writeln!(text, "inputs = {inputs:?}").expect("a text takes all");
        }
        if self.sees_stage {
            text.push_str("pass-env = [\"STAGE\"]\n");
        }
        if self.marks {
            text.push_str("tools = [\"mark\"]\n");
        }
        text
    }
}

/// The workspace's targets, dependencies first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Config {
    /// The targets; those of the member `core` have its folder as their root.
    pub(super) targets: Vec<Target>,
    /// A number in a comment, which means nothing.
    pub(super) comment: u32,
}

impl Config {
    /// The `farm.toml` of the root, and the member's.
    pub(super) fn render(&self) -> [(&'static str, String); 2] {
        let render = |of_member: bool| -> String {
            let targets = self.targets.iter();
            let targets = targets.filter(|target| target.name.contains(':') == of_member);
            targets.map(Target::render).collect()
        };
        let head = format!(
            "# {}\n[workspace]\nname = \"random\"\nmembers = [\"services/*\"]\n",
            self.comment
        );
        [
            ("farm.toml", head + &render(false)),
            ("services/core/farm.toml", render(true)),
        ]
    }

    /// A target by its name.
    pub(super) fn target(&self, name: &str) -> Option<&Target> {
        self.targets.iter().find(|target| target.name == name)
    }

    /// A target with all that it needs; all targets without a name.
    pub(super) fn closure(&self, name: Option<&str>) -> Vec<&Target> {
        let Some(name) = name else {
            return self.targets.iter().collect();
        };
        let mut names = vec![name];
        for target in self.targets.iter().rev() {
            if names.contains(&target.name) {
                names.extend(&target.deps);
            }
        }
        let is_needed = |target: &&Target| names.contains(&target.name);
        self.targets.iter().filter(is_needed).collect()
    }
}

/// What a target's action is, and what it makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    /// All that may change the result; equal for equal actions.
    pub(super) identity: String,
    /// Every file of its outputs.
    pub(super) files: Files,
}

/// What a build makes, by target.
pub(super) fn evaluate(config: &Config, sources: &Sources, around: Around<'_>) -> BTreeMap<&'static str, Made> {
    let mut all = BTreeMap::new();
    for target in &config.targets {
        let tree = tree_of(config, target, sources, &all);
        let stage = around.stage.filter(|_| target.sees_stage);
        let mark = target.marks.then_some(around.mark);
        let identity = format!(
            "{} {} {:?} {} {} {stage:?} {mark:?} {tree:?}",
            around.tier,
            target.root,
            target.outputs,
            target.command(),
            target.fixed,
        );
        let said = mark.map(|mark| format!("mark {mark}\n")).unwrap_or_default();
        let head = format!(
            "variant {} {} {} unset\n{said}",
            target.variant,
            target.fixed,
            stage.unwrap_or("unset")
        );
        let files = outputs(target, &head, &tree);
        all.insert(target.name, Made { identity, files });
    }
    all
}

/// The files that a target's action sees, from the workspace's root.
fn tree_of(config: &Config, target: &Target, sources: &Sources, all: &BTreeMap<&'static str, Made>) -> Files {
    let mut tree = Files::new();
    // What its dependencies write into the user's tree is there for its patterns.
    let written = target.deps.iter().flat_map(|dep| &all[dep].files);
    let candidates = sources
        .keys()
        .filter_map(|path| Some((path.clone(), resolve(sources, path)?)));
    for (path, content) in candidates.chain(written.map(|(path, content)| (path.clone(), content.clone()))) {
        if takes(target, &path) {
            tree.insert(path, content);
        }
    }
    for dep in target.deps.iter().filter_map(|dep| config.target(dep)) {
        for (place, name) in dep.places().zip(&dep.outputs) {
            let at = format!("deps/{}/{}", dep.name.replace(':', "/"), name.replace('/', "-"));
            if !wants(target, &at) {
                continue;
            }
            for (path, content) in &all[dep.name].files {
                let is_it = *path == place || below(path, &place).is_some();
                if is_it {
                    tree.insert(
                        join(target.root, &format!("{at}{}", &path[place.len()..])),
                        content.clone(),
                    );
                }
            }
        }
    }
    tree
}

/// Whether a target's patterns take a file of the workspace.
fn takes(target: &Target, path: &str) -> bool {
    let never_entered = [".git", ".farm", "node_modules"];
    let is_hidden = path.split('/').any(|part| never_entered.contains(&part)) || below(path, "dist").is_some();
    let is_own = target
        .places()
        .any(|place| path == place || below(path, &place).is_some());
    if is_hidden || is_own {
        return false;
    }
    let everything = [Pattern::Below("")];
    let patterns = target.inputs.as_deref().unwrap_or(&everything);
    let own = below(path, target.root);
    let taken = patterns.iter().any(|pattern| match pattern {
        Pattern::Workspace(pattern) => pattern.takes(path),
        pattern => own.is_some_and(|own| pattern.takes(own)),
    });
    let left_out = patterns.iter().any(|pattern| match pattern {
        Pattern::Not(pattern) => own.is_some_and(|own| pattern.takes(own)),
        _ => false,
    });
    taken && !left_out
}

/// Whether a target takes an artifact: all of them, or those that it names.
fn wants(target: &Target, at: &str) -> bool {
    let patterns = target.inputs.as_deref().unwrap_or_default();
    let mut named = patterns.iter().filter_map(|pattern| match pattern {
        Pattern::Artifact(path) => Some(*path),
        _ => None,
    });
    let names: Vec<&str> = named.by_ref().collect();
    names.is_empty() || names.iter().any(|name| at == *name || below(at, name).is_some())
}

/// The file behind a path; none where a link leads to a folder.
pub(super) fn resolve(sources: &Sources, path: &str) -> Option<(String, bool)> {
    let mut path = path;
    loop {
        match sources.get(path)? {
            Node::File { text, executable } => return Some((text.clone(), *executable)),
            Node::Link(target) => path = target,
        }
    }
}

/// What a command writes.
fn outputs(target: &Target, head: &str, tree: &Files) -> Files {
    let places: Vec<String> = target.places().collect();
    let mut text = head.to_owned();
    for (path, (content, executable)) in tree {
        match target.kind {
            Kind::Dump => {
                let mode = if *executable { 'x' } else { '-' };
                write!(text, "{mode} ./{path}\n{content}").expect("a text takes all");
            }
            Kind::Strip => text.extend(content.split_inclusive('\n').filter(|line| !line.starts_with('#'))),
            Kind::Names => writeln!(text, "./{path}").expect("a text takes all"),
            Kind::Copy | Kind::Gate => {}
        }
    }
    match target.kind {
        Kind::Gate => Files::new(),
        Kind::Copy => {
            let copies = tree.iter().map(|(path, file)| (join(&places[0], path), file.clone()));
            let count = (places[1].clone(), (format!("{head}{}\n", tree.len()), false));
            copies.chain([count]).collect()
        }
        Kind::Dump | Kind::Strip | Kind::Names => [(places[0].clone(), (text, false))].into(),
    }
}
