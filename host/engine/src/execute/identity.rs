//! What a tool is: the digest of its executable and what it says of its version.
//!
//! Both are remembered in the store by the executable's place, size and times, so a tool is read and asked once. Does
//! not know what the tool is used for.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Hasher};
use crate::error::PathError;
use crate::execute::failure::ExecuteError;
use crate::execute::{Executor, run, trash};
use crate::fs::{self, Stat};
use crate::inputs::{FoundTool, is_settled};
use crate::key::ToolIdentity;
use crate::path::RelPath;
use crate::sandbox::{self, Ending, Spec};

/// Longest version line that is kept, in bytes.
const MAX_VERSION: usize = 200;
/// How a tool is asked for its version, until it answers; `go` knows the second only.
const QUESTIONS: [&str; 2] = ["--version", "version"];
/// How long a tool may take to say its version.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the store remembers of a tool.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    version: String,
    digest: Digest,
}

impl Executor {
    /// The identities of tools, sorted, as the key wants them.
    pub async fn identify(&self, tools: &[FoundTool]) -> Result<Vec<ToolIdentity>, ExecuteError> {
        let mut identities = Vec::with_capacity(tools.len());
        for tool in tools {
            identities.push(self.identify_one(tool).await?);
        }
        identities.sort();
        Ok(identities)
    }

    /// What this build has found out about a tool; none where it has not asked.
    pub fn identified(&self, tool: &FoundTool) -> Option<ToolIdentity> {
        let stat = fs::stat(&tool.real).ok()??;
        locked(&self.identities).get(&memo_key(tool, &stat)).cloned()
    }

    async fn identify_one(&self, tool: &FoundTool) -> Result<ToolIdentity, ExecuteError> {
        let missing = || ExecuteError::MissingTool {
            name: tool.name.clone(),
        };
        let looked_at = SystemTime::now();
        let stat = fs::stat(&tool.real)?.ok_or_else(missing)?;
        let memo = memo_key(tool, &stat);
        if let Some(known) = locked(&self.identities).get(&memo) {
            return Ok(known.clone());
        }
        let known = self.store.document("tool", &memo);
        let known = known.and_then(|bytes| serde_json::from_slice::<Remembered>(&bytes).ok());
        let known = match known {
            Some(known) => known,
            None => {
                let digest = fs::digest(&tool.real)?;
                let version = self.ask_version(tool).await?;
                let known = Remembered { version, digest };
                // Of one that was replaced just now, another one may have the same times.
                if is_settled(&stat, looked_at) {
                    let bytes = serde_json::to_vec(&known).unwrap_or_default();
                    self.store.put_document("tool", &memo, &bytes)?;
                }
                known
            }
        };
        let identity = ToolIdentity {
            name: tool.name.clone(),
            version: known.version,
            digest: known.digest,
        };
        locked(&self.identities).insert(memo, identity.clone());
        Ok(identity)
    }

    /// What the tool says of its version; nothing where it fails, which then is the same each time.
    async fn ask_version(&self, tool: &FoundTool) -> Result<String, ExecuteError> {
        for question in QUESTIONS {
            let answer = self.ask(tool, question).await?;
            if !answer.is_empty() {
                return Ok(answer);
            }
        }
        Ok(String::new())
    }

    /// The first line of what the tool says to an argument; nothing where it fails.
    async fn ask(&self, tool: &FoundTool, argument: &str) -> Result<String, ExecuteError> {
        let folder = self.new_folder()?;
        let spec = self.version_spec(tool, argument, &folder);
        let mut said = Vec::new();
        let mut output = |_, bytes: &[u8]| said.extend(bytes.iter().take(MAX_VERSION.saturating_sub(said.len())));
        let (_keep, stop) = tokio::sync::watch::channel(false);
        let finished = sandbox::run(&self.settings.helper, &spec, None, &mut output, stop).await;
        trash::remove(&folder);
        let answered = finished?.ending == Ending::Exited(0);
        let text = String::from_utf8_lossy(if answered { &said } else { &[] }).into_owned();
        Ok(text.lines().next().unwrap_or_default().trim().to_owned())
    }

    fn version_spec(&self, tool: &FoundTool, argument: &str, folder: &Path) -> Spec {
        let path = self.tools.path_for(std::slice::from_ref(tool));
        Spec {
            tier: self.settings.tier,
            program: tool.program.clone(),
            arguments: vec![argument.to_owned()],
            environment: vec![("LC_ALL".to_owned(), "C.UTF-8".to_owned()), ("PATH".to_owned(), path)],
            tree: folder.join(run::TREE),
            directory: RelPath::root(),
            paths: Vec::new(),
            stdout: None,
            binds: Vec::new(),
            shown: Vec::new(),
            caches: Vec::new(),
            toolchains: tool.visible.clone(),
            network: false,
            sockets: Vec::new(),
            withheld: Vec::new(),
            scratch: folder.join(run::TEMP),
            limits: sandbox::Limits {
                timeout: PATIENCE,
                ..self.settings.limits.clone()
            },
        }
    }
}

/// The tools that were identified in this build.
pub type Identities = Mutex<BTreeMap<Digest, ToolIdentity>>;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn memo_key(tool: &FoundTool, stat: &Stat) -> Digest {
    let mut hasher = Hasher::new();
    hasher.field(tool.name.as_bytes());
    hasher.field(tool.program.as_os_str().as_encoded_bytes());
    hasher.field(tool.real.as_os_str().as_encoded_bytes());
    for number in [stat.size, stat.inode, stat.device] {
        hasher.field(&number.to_le_bytes());
    }
    for time in [stat.mtime_ns, stat.ctime_ns] {
        hasher.field(&time.to_le_bytes());
    }
    hasher.finish()
}

/// What the base system is, in a line: the distribution and its release. Every tool action sees it, so it is in the key.
pub fn base_system() -> String {
    static BASE: OnceLock<String> = OnceLock::new();
    BASE.get_or_init(|| {
        let read = |path: &str| fs::read_bounded(Path::new(path), 64 << 10);
        let text = |bytes: Result<Vec<u8>, PathError>| bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let release = text(read("/etc/os-release")).unwrap_or_default();
        let kept = release.lines().filter(|line| {
            let name = line.split('=').next().unwrap_or_default();
            ["ID", "VERSION_ID", "BUILD_ID"].contains(&name)
        });
        let kept: Vec<&str> = kept.collect();
        let debian = text(read("/etc/debian_version")).unwrap_or_default();
        format!("{} {}", kept.join(" "), debian.trim()).trim().to_owned()
    })
    .clone()
}
