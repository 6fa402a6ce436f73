//! The tables of the root `farm.toml`, and the order in which all files are read.
//!
//! Does not know how single values are read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use super::error::{ConfigError, Fault};
use super::folder::{BadFolder, Folders};
use super::member::{find_members, read_member};
use super::source::{Source, start_of};
use super::target::{TargetReader, check_name, read_path};
use super::types::{
    BuilderEntry, CacheSettings, DescribeSettings, Member, Permissions, PublishSettings, SandboxMinimum,
    SandboxSettings, Target, Workspace,
};
use super::walk::{Item, Table, describe};
use super::{FILE_NAME, MAX_TOTAL_BYTES, name, units};
use crate::digest::Digest;
use crate::fs::{self, Stat};
use crate::path::RelPath;

const ROOT_TABLES: &[&str] = &["workspace", "targets", "builders", "cache", "sandbox", "publish"];
const MEMBER_TABLES: &[&str] = &["member", "targets"];
/// Folders that are not the user's to build into.
const KEPT_FOLDERS: [&str; 2] = [".git", ".farm"];

/// See [`super::load`].
pub(super) fn load(root: &Path, builtin: &[&str]) -> Result<Workspace, ConfigError> {
    let missing = || ConfigError::from(Fault::NotFound(root.display().to_string()));
    let kind = fs::kind_of(&root.join(FILE_NAME)).map_err(|error| ConfigError::from(Fault::Unreadable(error)))?;
    kind.ok_or_else(missing)?;
    let root = fs::canonicalize(root).map_err(|error| ConfigError::from(Fault::Unreadable(error)))?;
    let source = Source::read(&root, &RelPath::root())?;
    let entries = source.parse()?;
    let file = Table::of_file(&source, &entries);
    let mut folders = Folders::new(root);
    folders.looked.files.push(looked_at(&source));
    let loading = Loading {
        folders,
        bytes: source.bytes(),
        targets: Vec::new(),
        members: Vec::new(),
    };
    loading.read_root(&file, builtin)
}

/// A file, as it was looked at.
fn looked_at(source: &Source) -> (RelPath, Option<Stat>, Digest) {
    let path = RelPath::parse(&source.file).unwrap_or_default();
    (path, source.stat, source.digest)
}

/// What was read so far.
struct Loading {
    folders: Folders,
    bytes: u64,
    targets: Vec<Target>,
    members: Vec<Member>,
}

impl Loading {
    fn read_root(mut self, file: &Table<'_>, builtin: &[&str]) -> Result<Workspace, ConfigError> {
        if let Some(member) = file.get("member") {
            let hint = "run farm in the workspace's root; only a member's farm.toml has [member]";
            return Err(wrong_file(&member, "the workspace's root farm.toml", hint));
        }
        file.allow(ROOT_TABLES)?;
        let item = file.require("workspace", "[workspace] with name = \"…\" at the top")?;
        let workspace = item.table()?;
        workspace.allow(&["name", "members", "output", "sbom", "provenance"])?;
        let name = read_name(&workspace)?;
        let describe = read_describe(&workspace)?;
        let builders = read_builders(file, builtin)?;
        let known: BTreeSet<&str> = builtin
            .iter()
            .copied()
            .chain(builders.keys().map(String::as_str))
            .collect();
        self.targets = self.reader(&RelPath::root(), None, &known, file)?;
        self.read_members(&workspace, &known)?;
        self.refuse_shared_names()?;
        let output = self.read_output(&workspace)?;
        Ok(Workspace {
            name,
            output,
            cache: read_cache(file)?,
            sandbox: read_sandbox(file)?,
            describe,
            publish: read_publish(file)?,
            root: self.folders.root,
            looked: self.folders.looked,
            targets: self.targets,
            members: self.members,
            builders,
        })
    }

    fn reader(
        &mut self,
        folder: &RelPath,
        member: Option<&str>,
        builders: &BTreeSet<&str>,
        file: &Table<'_>,
    ) -> Result<Vec<Target>, ConfigError> {
        let folders = &mut self.folders;
        let mut reader = TargetReader {
            folder,
            member,
            builders,
            folders,
        };
        reader.read(file)
    }

    fn read_members(&mut self, workspace: &Table<'_>, builders: &BTreeSet<&str>) -> Result<(), ConfigError> {
        let Some(item) = workspace.get("members") else {
            return Ok(());
        };
        for found in find_members(&item, &mut self.folders)? {
            let source = Source::read(&self.folders.root, &found.folder)?;
            self.folders.looked.files.push(looked_at(&source));
            self.bytes += source.bytes();
            if self.bytes > MAX_TOTAL_BYTES {
                return Err(Fault::TooLargeTogether(MAX_TOTAL_BYTES).at(start_of(&source.file)));
            }
            let entries = source.parse()?;
            let file = Table::of_file(&source, &entries);
            refuse_root_tables(&file)?;
            file.allow(MEMBER_TABLES)?;
            let member = read_member(&file, found)?;
            let targets = self.reader(&member.folder, Some(&member.name), builders, &file)?;
            self.targets.extend(targets);
            self.members.push(member);
        }
        Ok(())
    }

    /// A root target `x` and a member `x` would both have the folder `x` of the output.
    fn refuse_shared_names(&self) -> Result<(), ConfigError> {
        let members: BTreeSet<&str> = self.members.iter().map(|member| member.name.as_str()).collect();
        let shared = self
            .targets
            .iter()
            .find(|target| members.contains(target.name.as_str()));
        match shared {
            Some(target) => Err(Fault::TargetNamedAsMember(target.name.to_string()).at(target.location.clone())),
            None => Ok(()),
        }
    }

    /// The folder for artifacts. What lies in it is farm's to remove, so nothing of the user's may.
    fn read_output(&mut self, workspace: &Table<'_>) -> Result<RelPath, ConfigError> {
        let Some(item) = workspace.get("output") else {
            let output = RelPath::parse("dist").expect("a plain name is a path");
            return self.check_output(output, |reason, _| {
                let key = "output".to_owned();
                let table = "[workspace], \"dist\" by default,".to_owned();
                let hint = Some("set output = \"…\" to another folder".to_owned());
                Fault::BadValue {
                    key,
                    table,
                    reason,
                    hint,
                }
                .at(workspace.location())
            });
        };
        let output = read_path(&item, &RelPath::root())?;
        self.check_output(output, |reason, hint| item.bad_value(reason, Some(hint.to_owned())))
    }

    fn check_output(
        &mut self,
        output: RelPath,
        refuse: impl Fn(String, &str) -> ConfigError,
    ) -> Result<RelPath, ConfigError> {
        let hint = "name a folder of its own for artifacts, such as \"dist\"";
        if output.is_root() {
            return Err(refuse(
                "is the workspace's root, which farm would clear".to_owned(),
                hint,
            ));
        }
        let kept = |part: &str| KEPT_FOLDERS.iter().any(|kept| kept.eq_ignore_ascii_case(part));
        if let Some(part) = output.parts().find(|part| kept(part)) {
            return Err(refuse(format!("lies in `{part}`, which is not for artifacts"), hint));
        }
        let sources = self
            .targets
            .iter()
            .map(|target| (&target.root, format!("the target `{}`", target.name)));
        let members = self
            .members
            .iter()
            .map(|member| (&member.folder, format!("the member `{}`", member.name)));
        let inside = sources
            .chain(members)
            .find(|(folder, _)| folder.below(&output).is_some());
        if let Some((_, who)) = inside {
            return Err(refuse(
                format!("holds the sources of {who}, which farm would clear"),
                hint,
            ));
        }
        match self.folders.check(&output) {
            Ok(()) | Err(BadFolder::Missing(_)) => Ok(output),
            Err(bad) => Err(refuse(format!("cannot be used: {}", bad.reason()), bad.hint())),
        }
    }
}

fn refuse_root_tables(file: &Table<'_>) -> Result<(), ConfigError> {
    let misplaced = ROOT_TABLES.iter().filter(|table| !MEMBER_TABLES.contains(table));
    match misplaced.filter_map(|table| file.get(table)).min_by_key(Item::key_at) {
        Some(item) => {
            let hint = "move it to the workspace's root farm.toml, which holds for all members";
            Err(wrong_file(&item, "a member's farm.toml", hint))
        }
        None => Ok(()),
    }
}

fn wrong_file(item: &Item<'_>, here: &'static str, hint: &'static str) -> ConfigError {
    let table = item.name_of_table();
    Fault::WrongFile { table, here, hint }.at(item.key_location())
}

fn read_name(workspace: &Table<'_>) -> Result<String, ConfigError> {
    let item = workspace.require("name", "name = \"my-product\"")?;
    let text = item.text()?;
    let bad = |reason| Fault::BadName {
        what: "workspace's name",
        name: text.to_owned(),
        reason,
        repaired: name::repair(text),
    };
    name::check(text).map_err(|reason| bad(reason).at(item.location()))?;
    Ok(text.to_owned())
}

fn read_builders(file: &Table<'_>, builtin: &[&str]) -> Result<BTreeMap<String, BuilderEntry>, ConfigError> {
    let mut builders = BTreeMap::new();
    let Some(item) = file.get("builders") else {
        return Ok(builders);
    };
    for item in item.table()?.items() {
        check_name(&item, "builder's name")?;
        if builtin.contains(&item.key) {
            return Err(Fault::BuiltInBuilder(item.key.to_owned()).at(item.key_location()));
        }
        builders.insert(item.key.to_owned(), read_builder(&item)?);
    }
    Ok(builders)
}

fn read_builder(item: &Item<'_>) -> Result<BuilderEntry, ConfigError> {
    let table = item.table()?;
    table.allow(&["component", "permissions"])?;
    let component = table.require("component", "component = \"path/to/builder.wasm\"")?;
    let path = read_path(&component, &RelPath::root())?;
    if path.is_root() {
        let hint = Some("name the component's .wasm file".to_owned());
        return Err(component.bad_value("is a folder".to_owned(), hint));
    }
    Ok(BuilderEntry {
        component: path,
        permissions: table
            .get("permissions")
            .map_or(Ok(Permissions::default()), |item| read_permissions(&item))?,
        location: table.location(),
        component_location: component.location(),
    })
}

fn read_permissions(item: &Item<'_>) -> Result<Permissions, ConfigError> {
    let table = item.table()?;
    table.allow(&["tools", "network", "environment", "secrets", "caches"])?;
    let list = |key: &str| table.get(key).map_or(Ok(Vec::new()), |item| read_grants(&item));
    Ok(Permissions {
        tools: list("tools")?,
        network: list("network")?,
        environment: list("environment")?,
        secrets: list("secrets")?,
        caches: list("caches")?,
    })
}

/// A list of names that are compared with what the builder wants; what cannot be a name would never match.
fn read_grants(item: &Item<'_>) -> Result<Vec<String>, ConfigError> {
    let words = item.distinct_words()?;
    let odd = |text: &str| text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control());
    if let Some(word) = words.iter().find(|word| odd(word.text)) {
        return Err(word.bad_value(
            "is empty or holds a space".to_owned(),
            Some("write one name in each text".to_owned()),
        ));
    }
    Ok(words.iter().map(|word| word.text.to_owned()).collect())
}

fn read_cache(file: &Table<'_>) -> Result<CacheSettings, ConfigError> {
    let Some(item) = file.get("cache") else {
        return Ok(CacheSettings::default());
    };
    let table = item.table()?;
    table.allow(&["max-size", "max-age"])?;
    Ok(CacheSettings {
        max_bytes: table.get("max-size").map(|item| read_size(&item)).transpose()?,
        max_age: table.get("max-age").map(|item| read_duration(&item)).transpose()?,
    })
}

fn read_size(item: &Item<'_>) -> Result<u64, ConfigError> {
    let hint = "write a number with B, KB, MB, GB, TB, KiB, MiB, GiB or TiB: \"5GB\"";
    units::parse_size(item.text()?).ok_or_else(|| refuse_text(item, "a size", hint))
}

fn read_duration(item: &Item<'_>) -> Result<Duration, ConfigError> {
    let hint = "write a number with s, m, h, d or w: \"30m\", \"7d\"";
    units::parse_duration(item.text()?).ok_or_else(|| refuse_text(item, "a duration above zero", hint))
}

fn refuse_text(item: &Item<'_>, expected: &str, hint: &str) -> ConfigError {
    let found = describe(item.value().get_ref());
    item.bad_value(format!("must be {expected}, found {found}"), Some(hint.to_owned()))
}

fn read_describe(workspace: &Table<'_>) -> Result<DescribeSettings, ConfigError> {
    let flag = |key| workspace.get(key).map_or(Ok(true), |item| item.flag());
    Ok(DescribeSettings {
        sbom: flag("sbom")?,
        provenance: flag("provenance")?,
    })
}

fn read_publish(file: &Table<'_>) -> Result<PublishSettings, ConfigError> {
    let Some(item) = file.get("publish") else {
        return Ok(PublishSettings::default());
    };
    let table = item.table()?;
    table.allow(&["to", "endpoint", "region"])?;
    let text = |key| table.get(key).map(|item| read_place(&item)).transpose();
    Ok(PublishSettings {
        to: text("to")?,
        endpoint: text("endpoint")?,
        region: text("region")?,
    })
}

/// A text that says where something is. An address with a user in it may hold a password, which has no place here.
fn read_place(item: &Item<'_>) -> Result<String, ConfigError> {
    let text = item.text()?;
    let authority = text
        .split_once("://")
        .map_or("", |(_, rest)| rest.split('/').next().unwrap_or(rest));
    if authority.contains('@') {
        let hint = "farm takes credentials from the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
        return Err(item.bad_value("holds a user or a password".to_owned(), Some(hint.to_owned())));
    }
    if text.is_empty() {
        return Err(item.bad_value("is empty".to_owned(), None));
    }
    Ok(text.to_owned())
}

fn read_sandbox(file: &Table<'_>) -> Result<SandboxSettings, ConfigError> {
    let Some(item) = file.get("sandbox") else {
        return Ok(SandboxSettings::default());
    };
    let table = item.table()?;
    table.allow(&["minimum", "timeout"])?;
    Ok(SandboxSettings {
        minimum: table.get("minimum").map(|item| read_minimum(&item)).transpose()?,
        timeout: table.get("timeout").map(|item| read_duration(&item)).transpose()?,
    })
}

fn read_minimum(item: &Item<'_>) -> Result<SandboxMinimum, ConfigError> {
    match item.text()? {
        "off" => Ok(SandboxMinimum::Off),
        "auto" => Ok(SandboxMinimum::Auto),
        "L1" => Ok(SandboxMinimum::L1),
        "L2" => Ok(SandboxMinimum::L2),
        _ => Err(refuse_text(
            item,
            "a sandbox",
            "write \"off\", \"auto\", \"L1\" or \"L2\"",
        )),
    }
}
