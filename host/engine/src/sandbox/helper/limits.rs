//! Resource limits of a process that is about to become the tool. Does not know the groups of processes that the kernel
//! can limit together; see [`super::cgroup`].

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::super::{Fault, Limits, Tier};
use super::{At, files};

/// Sets every limit, hard and soft.
pub(super) fn apply(limits: &Limits, tier: Tier) -> Result<(), Fault> {
    set(Resource::Core, 0)?;
    set(Resource::Fsize, limits.file_size)?;
    set(Resource::Nofile, limits.open_files)?;
    set(Resource::Nproc, limits.processes.saturating_add(counted_beside(tier)))?;
    limits.memory.map_or(Ok(()), |bytes| set(Resource::Data, bytes))?;
    limits.cpu_seconds.map_or(Ok(()), |seconds| set(Resource::Cpu, seconds))
}

/// The kernel counts the processes of a user in a user namespace. Without one of their own, the tool's are counted
/// together with all the others of the user, which are at most all there are.
fn counted_beside(tier: Tier) -> u64 {
    if tier == Tier::L2 {
        return 0;
    }
    let load = files::read("/proc/loadavg", 256).unwrap_or_default();
    let tasks = load.split([' ', '/']).nth(4).and_then(|tasks| tasks.parse().ok());
    tasks.unwrap_or_default()
}

/// Lowers a limit; one that is lower already stays.
fn set(resource: Resource, value: u64) -> Result<(), Fault> {
    let value = getrlimit(resource).maximum.map_or(value, |maximum| maximum.min(value));
    setrlimit(
        resource,
        Rlimit {
            current: Some(value),
            maximum: Some(value),
        },
    )
    .at("resource limits")
}
