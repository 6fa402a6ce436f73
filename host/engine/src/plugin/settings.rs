//! How the host is set up: where compiled components are kept, and what a call may use.
//!
//! The limits are explained in `host/docs/plugins.md`; a test holds its table to the values here.

use std::path::PathBuf;
use std::time::Duration;

/// How a [`super::PluginHost`] is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder for compiled components; created for this user alone. None: every process compiles anew.
    pub compiled: Option<PathBuf>,
    /// What components and calls may use.
    pub limits: Limits,
}

/// What components and calls may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Of a component, before it is compiled.
    pub component: ComponentLimits,
    /// Of `describe`.
    pub describe: CallLimits,
    /// Of `plan` and `continue-plan`.
    pub plan: CallLimits,
    /// Of `run-step`.
    pub step: CallLimits,
}

/// How big a component may be.
#[derive(Debug, Clone)]
pub struct ComponentLimits {
    /// The file, in bytes.
    pub bytes: u64,
    /// Functions of all its modules together.
    pub functions: u32,
    /// The code of one function, in bytes.
    pub function_bytes: u32,
    /// Modules and components inside it.
    pub modules: u32,
    /// How deep components may lie in each other.
    pub depth: u32,
}

/// What one call may use.
#[derive(Debug, Clone)]
pub struct CallLimits {
    /// Wall time, the host's answers included.
    pub time: Duration,
    /// All linear memories together, in bytes.
    pub memory: u64,
    /// Elements of all tables together.
    pub table_elements: u64,
    /// Bytes that one answer, or the arguments of one question, may take in the host.
    pub answer: usize,
    /// Lines of log, standard output and standard error.
    pub log_lines: u32,
    /// Bytes of them.
    pub log_bytes: usize,
    /// Bytes that the files below `/out` may have together.
    pub output: u64,
}

const MIB: u64 = 1 << 20;

impl Default for ComponentLimits {
    fn default() -> Self {
        Self {
            bytes: 64 * MIB,
            functions: 200_000,
            function_bytes: 1 << 20,
            modules: 1_000,
            depth: 16,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let plan = CallLimits {
            time: Duration::from_secs(10),
            memory: 256 * MIB,
            table_elements: 1_000_000,
            answer: 64 << 20,
            log_lines: 1_000,
            log_bytes: 256 << 10,
            output: 0,
        };
        Self {
            component: ComponentLimits::default(),
            describe: CallLimits {
                time: Duration::from_secs(5),
                answer: 1 << 20,
                ..plan.clone()
            },
            step: CallLimits {
                time: Duration::from_secs(300),
                memory: 1024 * MIB,
                log_lines: 10_000,
                log_bytes: 4 << 20,
                output: 4096 * MIB,
                ..plan.clone()
            },
            plan,
        }
    }
}

/// Instances that one call may create; a component of many modules has one for each.
pub(super) const MAX_INSTANCES: usize = 256;
/// Linear memories that one call may create.
pub(super) const MAX_MEMORIES: usize = 16;
/// Tables that one call may create.
pub(super) const MAX_TABLES: usize = 64;
/// Open files, streams and the like that one call may hold at once.
pub(super) const MAX_RESOURCES: usize = 256;
/// Stack of a component, in bytes.
pub(super) const MAX_STACK: usize = 512 << 10;
/// Random bytes that one request may ask for.
pub(super) const MAX_RANDOM: u64 = 1 << 20;
/// Longest line of log, in bytes; what is longer is cut.
pub(super) const MAX_LOG_LINE: usize = 8 << 10;
/// How often the clock of the deadlines ticks.
pub(super) const TICK: Duration = Duration::from_millis(10);
