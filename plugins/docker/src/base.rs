//! The option `base`: where the image starts. Does not know what is in it.

use std::fs;
use std::path::Path;

use farm_sdk::{Action, Dependency, Host, Input, Output, OutputRef, Pin, Problem};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::names;
use crate::oci::check::{CHECKED, Check};
use crate::oci::image::TAG;
use crate::oci::links::LINKS;
use crate::options::{Login, Options};

/// Where the image starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Base {
    /// From nothing.
    Nothing,
    /// An OCI layout of the target's folder.
    Folder(String),
    /// An OCI layout of the workspace.
    Workspace(String),
    /// One that a dependency makes.
    Artifact(Dependency),
    /// An image of a registry, with its digest.
    Registry(String),
}

/// The lock file that the plan writes for a base in a registry.
const LOCK: &str = "base.lock";
/// Where a fetched base is, from the target's folder.
const FETCHED: &str = "base";

impl Base {
    /// Reads the option.
    pub(crate) fn read(options: &Options, dependencies: &[Dependency], host: &dyn Host) -> Result<Self, Problem> {
        let Some(text) = options.base.as_deref() else {
            return Ok(Self::Nothing);
        };
        if text.contains('@') {
            return Self::registry(text);
        }
        if let Some(path) = text.strip_prefix("//") {
            return Ok(Self::Workspace(clean(path, text)?));
        }
        if text.starts_with("deps/") {
            return Self::artifact(text, dependencies);
        }
        let path = clean(text, text)?;
        if host.is_file(&format!("{path}/oci-layout"))? {
            return Ok(Self::Folder(path));
        }
        let problem = Problem::new(format!("option `base` names `{text}`, which is no OCI layout"));
        Err(problem.hint(match &options.base_made_by {
            Some(command) => format!("make it first, in the target's folder: {command}"),
            None => "a layout is a folder with `oci-layout` and `index.json`; write `//` for one from the workspace's \
                     root, and `HOST/NAME@sha256:…` for an image in a registry; where a command makes the layout, name \
                     it in `base-made-by`"
                .to_owned(),
        }))
    }

    fn registry(text: &str) -> Result<Self, Problem> {
        let digest = text.split_once("@sha256:").map_or("", |(_, digest)| digest);
        let is_whole = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_whole && text.contains('/') {
            // The digest says it all, and skopeo takes no tag beside it.
            let name = text.split('@').next().map_or("", without_tag);
            return Ok(Self::Registry(format!("{name}@sha256:{digest}")));
        }
        let problem = Problem::new(format!(
            "option `base` names `{text}`, which is no image pinned by its digest"
        ));
        Err(problem.hint("write `HOST/NAME@sha256:` and the 64 digits that `skopeo inspect` shows as Digest"))
    }

    fn artifact(text: &str, dependencies: &[Dependency]) -> Result<Self, Problem> {
        let named = |dependency: &&Dependency| format!("deps/{}/{}", dependency.target, dependency.name) == text;
        let found = dependencies.iter().find(named).cloned();
        found.map(Self::Artifact).ok_or_else(|| {
            let problem = Problem::new(format!("option `base` names `{text}`, which no dependency makes"));
            problem.hint("write `deps/TARGET/ARTIFACT`, and the target among `deps`")
        })
    }

    /// What a Dockerfile starts from.
    pub(crate) fn reference(&self) -> String {
        match self {
            Self::Nothing => "scratch".to_owned(),
            Self::Registry(reference) => reference.clone(),
            Self::Folder(path) | Self::Workspace(path) => local(path.rsplit('/').next().unwrap_or(path)),
            Self::Artifact(artifact) => local(&artifact.target),
        }
    }

    /// What an SBOM calls it: an image of a registry without its digest, a layout by its folder or its target. An image
    /// that a target makes is known to the engine.
    pub(crate) fn called(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::Artifact(artifact) => (artifact.kind != "oci-image").then_some(artifact.target.as_str()),
            Self::Registry(reference) => reference.split('@').next().map(without_tag),
            Self::Folder(path) | Self::Workspace(path) => path.rsplit('/').next(),
        }
    }

    /// The digest that it is pinned by.
    pub(crate) fn digest(&self) -> Option<&str> {
        match self {
            Self::Registry(reference) => Some(reference.split_once('@')?.1),
            _ => None,
        }
    }

    /// Whether it is a layout that an engine has to be given first.
    pub(crate) const fn is_local(&self) -> bool {
        matches!(self, Self::Folder(_) | Self::Workspace(_) | Self::Artifact(_))
    }

    /// The actions that fetch it, and how another action reads it and finds it there. `platforms` is what is fetched.
    pub(crate) fn source(&self, platforms: &[String], options: &Options) -> Option<Source> {
        let (actions, input, place) = match self {
            Self::Nothing => return None,
            Self::Folder(path) => (Vec::new(), Input::files(layout(path)), path.clone()),
            Self::Workspace(path) => (Vec::new(), Input::workspace_files(layout(path)), path.clone()),
            Self::Artifact(artifact) => {
                let input = Input::artifact(FETCHED, &artifact.target, &artifact.name);
                (Vec::new(), input, FETCHED.to_owned())
            }
            Self::Registry(reference) => {
                let pin = pin(reference);
                let fetch = fetch(
                    reference,
                    platforms,
                    Pin::output(LOCK, pin.out("lock")),
                    login(options, reference),
                );
                let input = Input::output(FETCHED, fetch.out("layout"));
                (vec![pin, fetch], input, FETCHED.to_owned())
            }
        };
        let check = check(&place, platforms, input.clone());
        Some(Source {
            checked: check.out("checked"),
            links: check.out("links"),
            actions: actions.into_iter().chain([check]).collect(),
            input,
            place,
        })
    }
}

/// How a base is read.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) actions: Vec<Action>,
    pub(crate) input: Input,
    /// Which of its layers were checked.
    pub(crate) checked: OutputRef,
    /// Its links to folders.
    pub(crate) links: OutputRef,
    /// Where the layout is for a step. A tool starts in the target's folder.
    pub(crate) place: String,
}

impl Source {
    /// Where a tool of a target in this folder finds the layout.
    pub(crate) fn place_for_tool(&self, base: &Base, root: &str) -> String {
        let up = match base {
            Base::Workspace(_) => "../".repeat(root.split('/').filter(|part| !part.is_empty()).count()),
            _ => String::new(),
        };
        format!("{up}{}", self.place)
    }
}

/// The first pattern must match, so that a base that is not there is named.
fn layout(path: &str) -> [String; 2] {
    [format!("{path}/oci-layout"), format!("{path}/**")]
}

/// A reference without its tag, which is behind a colon of its last part.
fn without_tag(reference: &str) -> &str {
    let last = reference.rfind('/').map_or(0, |at| at + 1);
    reference[last..]
        .find(':')
        .map_or(reference, |at| &reference[..last + at])
}

fn local(name: &str) -> String {
    let name = names::of_target(name);
    format!("localhost/{name}-base:{TAG}")
}

fn clean(path: &str, text: &str) -> Result<String, Problem> {
    let path = path.strip_prefix("./").unwrap_or(path).trim_end_matches('/');
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        let problem = Problem::new(format!(
            "option `base` names `{text}`, which is no folder of the workspace"
        ));
        return Err(problem.hint("write a path from the target's folder, or `//` and one from the workspace's root"));
    }
    Ok(path.to_owned())
}

/// What is fetched, with its digest, in a file: the lock file of the fetch.
fn pin(reference: &str) -> Action {
    Action::step("base-lock", "base-lock")
        .label("pin the base by its digest")
        .parameters(&json!({ "reference": reference }))
        .output(Output::file("lock", LOCK))
}

/// Who fetches it: the login for its registry.
fn login<'a>(options: &'a Options, reference: &str) -> Option<&'a Login> {
    let push = options.push.as_ref().filter(|push| host(push) == host(reference));
    let same = push.and(options.push_login.as_ref());
    options.base_login.as_ref().or(same)
}

/// Fetches the image that has this digest and no other: skopeo compares what comes with it.
fn fetch(reference: &str, platforms: &[String], pin: Pin, login: Option<&Login>) -> Action {
    let script = format!(
        "set -eu\n{}{FETCH}",
        login.map_or(String::new(), |login| login.script(host(reference)))
    );
    let fetch = Action::fetch("base", "sh", "oci", pin)
        .label(format!("fetch {}", reference.split('@').next().unwrap_or(reference)))
        .uses_tools(["skopeo"])
        .args(["-c", &script, "fetch", &tls(reference, "--src-tls-verify")])
        .args([format!("docker://{reference}"), format!("oci:{FETCHED}:{TAG}")])
        .output(Output::folder("layout", FETCHED));
    let one = (platforms.len() == 1).then(|| platforms[0].split_once('/')).flatten();
    let fetch = match one {
        Some((os, architecture)) => fetch.args(["--override-os", os, "--override-arch", architecture, "copy"]),
        None => fetch.args(["copy", "--all"]),
    };
    match login {
        Some(login) => fetch.secret(&login.user).secret(&login.password),
        None => fetch,
    }
}

/// Copies the image; the arguments are the script's.
const FETCH: &str = r#"tls=$1 from=$2 to=$3
shift 3
if ! skopeo --insecure-policy --tmpdir . "$@" --quiet "$tls" "$from" "$to"; then
  echo "Where the registry asks who fetches: the option base-login names the variables with user and password, or REGISTRY_AUTH_FILE the file that skopeo login has written." >&2
  exit 1
fi
"#;

/// The registry of an image.
pub(crate) fn host(reference: &str) -> &str {
    reference.split('/').next().unwrap_or(reference)
}

impl Login {
    /// Logs in, for the rest of a script whose first argument says whether the registry speaks TLS. The password goes over
    /// standard input, so that no list of processes has it.
    pub(crate) fn script(&self, host: &str) -> String {
        let Self { user, password } = self;
        format!(
            ": \"${{{user}:?the secret is not set}}\" \"${{{password}:?the secret is not set}}\"\n\
             export REGISTRY_AUTH_FILE=\"$TMPDIR/auth.json\"\n\
             printf %s \"${password}\" | skopeo login \"--tls-verify=${{1#*=}}\" --username \"${user}\" \
             --password-stdin {host}\n"
        )
    }
}

/// Looks at its layers and their links, once.
fn check(place: &str, platforms: &[String], input: Input) -> Action {
    let check = Check {
        layout: place.to_owned(),
        platforms: platforms.to_vec(),
    };
    Action::step("base-check", "base-check")
        .label("check the layers of the base")
        .parameters(&json!(check))
        .input(input)
        .output(Output::file("checked", CHECKED))
        .output(Output::file("links", LINKS))
}

/// A registry of this machine has no certificate.
pub(crate) fn tls(reference: &str, option: &str) -> String {
    format!("{option}={}", !is_loopback(reference))
}

/// Whether a registry is on this machine, where it has no certificate.
pub(crate) fn is_loopback(reference: &str) -> bool {
    matches!(host(reference).split(':').next(), Some("localhost" | "127.0.0.1"))
}

/// What the step `base-lock` is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Lock {
    reference: String,
}

/// The step `base-lock`: writes the lock file.
pub(crate) fn write_lock(lock: &Lock, output: &Path) -> Result<(), Problem> {
    Ok(fs::write(output.join(LOCK), format!("{}\n", lock.reference))?)
}
