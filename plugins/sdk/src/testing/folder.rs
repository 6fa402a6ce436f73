//! A target's folder in memory, which answers a plan's questions as farm would.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::{AccessError, AccessErrorKind, Dependency, EntryKind, Host, Level, Want};

/// A target's folder in memory, with the tools of an imagined user.
///
/// ```
/// use farm_sdk::Host;
/// use farm_sdk::testing::Folder;
///
/// let folder = Folder::new().file("src/a.md", "# A").file("src/b.txt", "b");
/// assert_eq!(folder.glob(&["src/*.md"], &[]), Ok(vec!["src/a.md".to_owned()]));
/// ```
#[derive(Debug)]
pub struct Folder {
    pub(super) target: String,
    pub(super) root: String,
    pub(super) mode: String,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) asked: Vec<(String, String)>,
    files: BTreeMap<String, Vec<u8>>,
    tools: BTreeSet<String>,
    granted: RefCell<Option<BTreeSet<Want>>>,
    logs: RefCell<Vec<Logged>>,
}

/// A line that the builder wrote for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// How loud.
    pub level: Level,
    /// What it says.
    pub message: String,
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Folder {
    /// An empty folder of the target `app` at the workspace's folder `app`, in the mode `production`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            target: "app".to_owned(),
            root: "app".to_owned(),
            mode: "production".to_owned(),
            dependencies: Vec::new(),
            asked: Vec::new(),
            files: BTreeMap::new(),
            tools: BTreeSet::new(),
            granted: RefCell::new(None),
            logs: RefCell::new(Vec::new()),
        }
    }

    /// With a file.
    #[must_use]
    pub fn file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.to_owned(), content.into());
        self
    }

    /// Without a file.
    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        self.files.remove(path);
        self
    }

    /// With tools on the PATH.
    #[must_use]
    pub fn tools<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.tools.extend(names.into_iter().map(str::to_owned));
        self
    }

    /// With the target at another folder of the workspace. For a builder whose paths start at the workspace's root, this
    /// folder in memory is the whole workspace.
    #[must_use]
    pub fn root(mut self, root: &str) -> Self {
        root.clone_into(&mut self.root);
        self
    }

    /// In another mode.
    #[must_use]
    pub fn mode(mut self, mode: &str) -> Self {
        mode.clone_into(&mut self.mode);
        self
    }

    /// With what is asked for on the command line.
    #[must_use]
    pub fn asked(mut self, name: &str, value: &str) -> Self {
        self.asked.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With an artifact of a dependency.
    #[must_use]
    pub fn dependency(mut self, target: &str, name: &str, kind: &str) -> Self {
        let [target, name, kind] = [target, name, kind].map(str::to_owned);
        self.dependencies.push(Dependency { target, name, kind });
        self
    }

    /// The lines that the builder wrote for the user.
    #[must_use]
    pub fn logs(&self) -> Vec<Logged> {
        self.logs.borrow().clone()
    }

    pub(super) fn grant(&self, wants: &[Want]) {
        *self.granted.borrow_mut() = Some(wants.iter().cloned().collect());
    }

    fn is_granted_tool(&self, name: &str) -> bool {
        let granted = self.granted.borrow();
        let tool = |name: &str| Want::Tool(name.to_owned());
        granted
            .as_ref()
            .is_none_or(|wants| wants.contains(&tool("*")) || wants.contains(&tool(name)))
    }
}

impl Host for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, AccessError> {
        check_path(path)?;
        match (self.files.get(path), self.look(path)?) {
            (Some(content), _) => Ok(content.clone()),
            (None, Some(_)) => Err(refuse(AccessErrorKind::NotAFile, format!("`{path}` is not a file"))),
            (None, None) => Err(refuse(AccessErrorKind::NotFound, format!("there is no `{path}`"))),
        }
    }

    fn look(&self, path: &str) -> Result<Option<EntryKind>, AccessError> {
        check_path(path)?;
        if self.files.contains_key(path) {
            return Ok(Some(EntryKind::File));
        }
        let is_folder = path.is_empty() || self.files.keys().any(|file| is_below(file, path));
        Ok(is_folder.then_some(EntryKind::Folder))
    }

    fn glob(&self, include: &[&str], exclude: &[&str]) -> Result<Vec<String>, AccessError> {
        let (include, exclude) = (patterns(include)?, patterns(exclude)?);
        let taken = |path: &&String| include.is_match(path) && !exclude.is_match(path) && !is_hidden(path);
        Ok(self.files.keys().filter(taken).cloned().collect())
    }

    fn has_tool(&self, name: &str) -> Result<bool, AccessError> {
        if !self.is_granted_tool(name) {
            return Err(refuse(
                AccessErrorKind::Denied,
                format!("the builder does not want the tool `{name}`"),
            ));
        }
        Ok(self.tools.contains(name))
    }

    fn log(&self, level: Level, message: &str) {
        self.logs.borrow_mut().push(Logged {
            level,
            message: message.to_owned(),
        });
    }
}

fn check_path(path: &str) -> Result<(), AccessError> {
    let is_odd = path.split('/').any(|part| matches!(part, "" | "." | ".."));
    if is_odd && !path.is_empty() {
        return Err(refuse(
            AccessErrorKind::InvalidPath,
            format!("`{path}` is not a path of the target's folder"),
        ));
    }
    Ok(())
}

fn is_below(file: &str, folder: &str) -> bool {
    file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn is_hidden(path: &str) -> bool {
    path.split('/')
        .any(|part| matches!(part, ".git" | ".farm" | "node_modules"))
}

/// A pattern that names a folder takes all below it.
fn patterns(texts: &[&str]) -> Result<GlobSet, AccessError> {
    let mut set = GlobSetBuilder::new();
    let wrong = |error: globset::Error| refuse(AccessErrorKind::InvalidPath, error.to_string());
    for text in texts {
        for pattern in [(*text).to_owned(), format!("{text}/**")] {
            set.add(
                GlobBuilder::new(&pattern)
                    .literal_separator(true)
                    .build()
                    .map_err(wrong)?,
            );
        }
    }
    set.build().map_err(wrong)
}

fn refuse(kind: AccessErrorKind, message: String) -> AccessError {
    AccessError { kind, message }
}
