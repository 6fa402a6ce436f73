//! seccomp: the system calls that no build needs and through which others got out, and those by which a result could
//! carry more than bytes and an executable bit. Does not know paths, which seccomp cannot see.

use std::collections::BTreeMap;
use std::io;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

use super::super::{Fault, Spec, Tier};
use super::At;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Calls that are refused, whatever their arguments.
const DENIED: &[i64] = &[
    // Another way to the same calls, past this filter.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // Mounts and namespaces.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    // The kernel's own stores and instruments.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_fanotify_init,
    libc::SYS_lookup_dcookie,
    libc::SYS_syslog,
    // The machine.
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_vhangup,
    libc::SYS_nfsservctl,
];

/// Calls for extended attributes, access lists among them. They are answered as by a file system that has none: `cp -a`
/// and others go on then, and would not after EPERM.
const ATTRIBUTES: &[i64] = &[
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    SYS_SETXATTRAT,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    SYS_REMOVEXATTRAT,
];

/// Its flags lie in memory, which a filter cannot see. It is answered as by an old kernel, and the C library falls back
/// to `clone`.
const UNSEEN: &[i64] = &[libc::SYS_clone3];

/// Calls of x86-64 only.
#[cfg(target_arch = "x86_64")]
const DENIED_HERE: &[i64] = &[libc::SYS_iopl, libc::SYS_ioperm, libc::SYS_modify_ldt, libc::SYS_uselib];
#[cfg(not(target_arch = "x86_64"))]
const DENIED_HERE: &[i64] = &[];

/// Since Linux 6.13; the same number on every architecture.
const SYS_SETXATTRAT: i64 = 463;
const SYS_REMOVEXATTRAT: i64 = 466;
/// On x86-64, numbers from here on are those of the x32 architecture.
#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;

/// Puts the filters on this process, for good.
pub(super) fn restrict(spec: &Spec) -> Result<(), Fault> {
    let rules = refused(spec).map_err(io::Error::other).at("seccomp")?;
    let filters = [
        (always(ATTRIBUTES), libc::EOPNOTSUPP),
        (always(UNSEEN), libc::ENOSYS),
        (rules, libc::EPERM),
    ];
    for (rules, errno) in filters {
        let program = compile(rules, errno).map_err(io::Error::other).at("seccomp")?;
        apply_filter(&program).map_err(io::Error::other).at("seccomp")?;
    }
    Ok(())
}

fn compile(rules: Rules, errno: i32) -> Result<BpfProgram, BackendError> {
    let refusal = SeccompAction::Errno(errno.cast_unsigned());
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let program: BpfProgram = SeccompFilter::new(rules, SeccompAction::Allow, refusal, architecture)?.try_into()?;
    Ok(without_x32(program))
}

/// The filter compares the architecture, which x32 shares with x86-64; so its numbers are killed first.
#[cfg(target_arch = "x86_64")]
fn without_x32(program: BpfProgram) -> BpfProgram {
    use seccompiler::sock_filter;
    const LOAD_NUMBER: sock_filter = sock_filter {
        code: 0x20,
        jt: 0,
        jf: 0,
        k: 0,
    };
    const SKIP_IF_BELOW: sock_filter = sock_filter {
        code: 0x35,
        jt: 0,
        jf: 1,
        k: X32,
    };
    const KILL: sock_filter = sock_filter {
        code: 0x06,
        jt: 0,
        jf: 0,
        k: 0x8000_0000,
    };
    [LOAD_NUMBER, SKIP_IF_BELOW, KILL].into_iter().chain(program).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn without_x32(program: BpfProgram) -> BpfProgram {
    program
}

/// Matches these calls, whatever their arguments.
fn always(calls: &[i64]) -> Rules {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

/// Every call that is answered with EPERM.
fn refused(spec: &Spec) -> Result<Rules, BackendError> {
    let mut rules = always(DENIED);
    rules.extend(always(DENIED_HERE));
    rules.insert(libc::SYS_clone, any_bit(0, NEW_NAMESPACES)?);
    for (call, argument) in WITH_MODE {
        rules.insert(*call, any_bit(*argument, SET_ID)?);
    }
    for (call, argument) in MAKING_NODES {
        rules.insert(
            *call,
            [
                any_bit(*argument, SET_ID)?,
                kinds(*argument, &[libc::S_IFCHR, libc::S_IFBLK])?,
            ]
            .concat(),
        );
    }
    for (call, flags) in OPENING {
        rules.insert(*call, created_with_set_id(*flags)?);
    }
    rules.insert(libc::SYS_personality, other_personality()?);
    rules.insert(libc::SYS_ioctl, terminal_injection()?);
    rules.insert(libc::SYS_socket, sockets(spec)?);
    Ok(rules)
}

/// `CLONE_NEW*`.
const NEW_NAMESPACES: &[u32] = &[
    libc::CLONE_NEWUSER as u32,
    libc::CLONE_NEWNS as u32,
    libc::CLONE_NEWPID as u32,
    libc::CLONE_NEWNET as u32,
    libc::CLONE_NEWIPC as u32,
    libc::CLONE_NEWUTS as u32,
    libc::CLONE_NEWCGROUP as u32,
];
const SET_ID: &[u32] = &[libc::S_ISUID, libc::S_ISGID];

/// Calls that set a mode, and which argument it is.
const WITH_MODE: &[(i64, u8)] = &[
    (libc::SYS_fchmod, 1),
    (libc::SYS_fchmodat, 2),
    (libc::SYS_fchmodat2, 2),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chmod, 1),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_creat, 1),
];
/// Calls that make nodes, and which argument the mode is.
const MAKING_NODES: &[(i64, u8)] = &[
    (libc::SYS_mknodat, 2),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_mknod, 1),
];
/// Calls that open, and which argument the flags are; the mode is the next one.
const OPENING: &[(i64, u8)] = &[
    (libc::SYS_openat, 2),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, 1),
];

/// Matches if one of the bits is set in the argument.
fn any_bit(argument: u8, bits: &[u32]) -> Result<Vec<SeccompRule>, BackendError> {
    bits.iter()
        .map(|bit| rule(vec![masked(argument, *bit, *bit)?]))
        .collect()
}

/// Matches a mode that makes one of these kinds of files.
fn kinds(argument: u8, kinds: &[u32]) -> Result<Vec<SeccompRule>, BackendError> {
    kinds
        .iter()
        .map(|kind| rule(vec![masked(argument, libc::S_IFMT, *kind)?]))
        .collect()
}

/// Matches if a file may be created, with one of the bits in its mode. Without creation the mode is not looked at by
/// the kernel, and may be anything.
fn created_with_set_id(flags: u8) -> Result<Vec<SeccompRule>, BackendError> {
    let temporary = libc::O_TMPFILE.cast_unsigned() & !libc::O_DIRECTORY.cast_unsigned();
    let mut rules = Vec::new();
    for creating in [libc::O_CREAT.cast_unsigned(), temporary] {
        for bit in SET_ID {
            rules.push(rule(vec![
                masked(flags, creating, creating)?,
                masked(flags + 1, *bit, *bit)?,
            ])?);
        }
    }
    Ok(rules)
}

/// Matches every personality but the ordinary one, the question which one it is, and the same without randomised
/// addresses, which debuggers and sanitisers set.
fn other_personality() -> Result<Vec<SeccompRule>, BackendError> {
    let allowed = [0, 0x0004_0000, u32::MAX];
    let conditions = allowed.map(|value| compare(0, SeccompCmpOp::Ne, value));
    Ok(vec![rule(conditions.into_iter().collect::<Result<_, _>>()?)?])
}

/// Matches the requests that put characters into a terminal's input.
fn terminal_injection() -> Result<Vec<SeccompRule>, BackendError> {
    const TIOCSTI: u32 = 0x5412;
    const TIOCLINUX: u32 = 0x541C;
    [TIOCSTI, TIOCLINUX]
        .iter()
        .map(|request| rule(vec![compare(1, SeccompCmpOp::Eq, *request)?]))
        .collect()
}

/// Matches the sockets that the tool may not have; no rule at all matches all of them. Pairs of sockets that are
/// connected with each other are another call, and stay.
///
/// Unix sockets are for L2 alone: only its empty root keeps the host's from being found, and behind one of those may be
/// a container daemon, which is as good as root.
fn sockets(spec: &Spec) -> Result<Vec<SeccompRule>, BackendError> {
    let allowed: &[i32] = match (spec.tier, spec.network) {
        (Tier::L2, _) => &[libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK, libc::AF_UNIX],
        (Tier::L0 | Tier::L1, true) => &[libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK],
        (Tier::L0 | Tier::L1, false) => return Ok(Vec::new()),
    };
    let conditions = allowed
        .iter()
        .map(|family| compare(0, SeccompCmpOp::Ne, family.cast_unsigned()));
    Ok(vec![rule(conditions.collect::<Result<_, _>>()?)?])
}

fn rule(conditions: Vec<SeccompCondition>) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(conditions)
}

fn masked(argument: u8, mask: u32, value: u32) -> Result<SeccompCondition, BackendError> {
    compare(argument, SeccompCmpOp::MaskedEq(mask.into()), value)
}

fn compare(argument: u8, operator: SeccompCmpOp, value: u32) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value.into())
}
