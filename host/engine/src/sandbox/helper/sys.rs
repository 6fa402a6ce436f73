//! The system calls for which there is no safe wrapper; all unsafe code of the engine's sandbox. Does not know what
//! they are used for.
#![expect(
    unsafe_code,
    reason = "the helper needs fork, execve and a few Linux calls which no crate wraps safely"
)]

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use rustix::process::Pid;
use rustix::thread::UnshareFlags;

use super::super::Usage;

/// `MOUNT_ATTR_*` for [`restrict_mount`].
pub(super) const READ_ONLY: u64 = libc::MOUNT_ATTR_RDONLY;
pub(super) const NO_SETUID: u64 = libc::MOUNT_ATTR_NOSUID;
pub(super) const NO_DEVICES: u64 = libc::MOUNT_ATTR_NODEV;
pub(super) const NO_EXECUTION: u64 = libc::MOUNT_ATTR_NOEXEC;

/// Forks; `None` in the child.
pub(super) fn fork() -> io::Result<Option<Pid>> {
    // SAFETY: the helper has one thread, so no lock can be held by another one in the copy.
    let pid = check(unsafe { libc::fork() })?;
    Ok(Pid::from_raw(pid))
}

/// Ends this process at once, without the handlers that belong to its parent's copy.
pub(super) fn exit_now(code: i32) -> ! {
    // SAFETY: has no preconditions.
    unsafe { libc::_exit(code) }
}

/// Becomes another program, with the signals as a new process expects them. Returns only if that fails. Unlike `execvp`
/// it hands no file without a known format to a shell.
pub(super) fn execute(program: &CStr, arguments: &[CString], environment: &[CString]) -> io::Error {
    let pointers = |texts: &[CString]| {
        texts
            .iter()
            .map(|text| text.as_ptr())
            .chain([ptr::null()])
            .collect::<Vec<_>>()
    };
    let (arguments, environment) = (pointers(arguments), pointers(environment));
    unblock_signals();
    // SAFETY: all three are null-terminated and outlive the call; SIGPIPE's default action needs no handler.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr());
    }
    io::Error::last_os_error()
}

/// Lets the kernel reap this process's children.
pub(super) fn ignore_children() -> io::Result<()> {
    on_child_death(libc::SIG_IGN)
}

/// Lets this process wait for its children itself, as a new process expects it.
pub(super) fn expect_children() -> io::Result<()> {
    on_child_death(libc::SIG_DFL)
}

fn on_child_death(action: libc::sighandler_t) -> io::Result<()> {
    // SAFETY: neither of the two actions runs code of this process.
    if unsafe { libc::signal(libc::SIGCHLD, action) } == libc::SIG_ERR {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Leaves namespaces for new ones.
pub(super) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    // SAFETY: CLONE_FILES, the flag that could take descriptors away from code that uses them, is never asked for.
    unsafe { rustix::thread::unshare_unsafe(flags) }.map_err(io::Error::from)
}

/// Closes every file from 3 on: what was inherited without being wanted.
pub(super) fn close_inherited() -> io::Result<()> {
    close_range(0)
}

/// Lets every file from 3 on be closed when a program is executed.
pub(super) fn close_on_execution() -> io::Result<()> {
    close_range(libc::CLOSE_RANGE_CLOEXEC)
}

/// Lets the next program have a file, under this number.
pub(super) fn hand_on(file: impl AsFd, number: libc::c_int) -> io::Result<()> {
    // SAFETY: the number is above all that the helper has opened, so no file is closed that anything owns.
    check(unsafe { libc::dup2(file.as_fd().as_raw_fd(), number) }).map(drop)
}

fn close_range(flags: libc::c_uint) -> io::Result<()> {
    // SAFETY: is called before the helper has opened anything, or by a process that uses no file any more, or only marks
    // what is open.
    match check(unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, flags) }) {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL)) => close_each(flags),
        Err(error) => Err(error),
    }
}

/// The same for kernels before 5.11, which do not know the call or its flag.
fn close_each(flags: libc::c_uint) -> io::Result<()> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile)
        .current
        .unwrap_or(65_536);
    for descriptor in 3..i32::try_from(limit.min(1 << 20)).unwrap_or(1 << 20) {
        // SAFETY: as above; a number that is not open gives EBADF.
        unsafe {
            match flags {
                0 => libc::close(descriptor),
                _ => libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC),
            };
        }
    }
    Ok(())
}

/// Restricts a mount, and with `recursive` all below it.
pub(super) fn restrict_mount(mount: impl AsFd, attributes: u64, recursive: Depth) -> io::Result<()> {
    let change = libc::mount_attr {
        attr_set: attributes,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    let flags = libc::AT_EMPTY_PATH
        | if recursive == Depth::Below {
            libc::AT_RECURSIVE
        } else {
            0
        };
    // SAFETY: the path is an empty C string and the structure has the size that is told.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_fd().as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const change,
            size_of_val(&change),
        )
    };
    check(result).map(drop)
}

/// How far a change of a mount reaches.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// This mount.
    Itself,
    /// And every mount below it.
    Below,
}

/// Blocks these signals and gives a file from which they are read.
pub(super) fn signal_file(signals: &[libc::c_int]) -> io::Result<OwnedFd> {
    let set = block_signals(signals)?;
    // SAFETY: the set is initialised; the new descriptor belongs to nobody else.
    unsafe {
        let descriptor = check(libc::signalfd(
            -1,
            &raw const set,
            libc::SFD_CLOEXEC | libc::SFD_NONBLOCK,
        ))?;
        Ok(OwnedFd::from_raw_fd(descriptor))
    }
}

/// Reads the number of the next signal of a [`signal_file`].
pub(super) fn next_signal(file: impl AsFd) -> Option<libc::c_int> {
    let mut information = [0_u8; size_of::<libc::signalfd_siginfo>()];
    let size = rustix::io::read(file, &mut information).ok()?;
    let number = information.first_chunk::<4>().filter(|_| size >= 4)?;
    libc::c_int::try_from(u32::from_ne_bytes(*number)).ok()
}

/// Blocks exactly these signals.
pub(super) fn block_signals(signals: &[libc::c_int]) -> io::Result<libc::sigset_t> {
    // SAFETY: a zeroed set is a valid value to be initialised by sigemptyset; the old mask is not wanted.
    unsafe {
        let mut set = std::mem::zeroed();
        check(libc::sigemptyset(&raw mut set))?;
        for signal in signals {
            check(libc::sigaddset(&raw mut set, *signal))?;
        }
        check(libc::sigprocmask(libc::SIG_SETMASK, &raw const set, ptr::null_mut()))?;
        Ok(set)
    }
}

fn unblock_signals() {
    block_signals(&[]).ok();
}

/// What all children that were waited for have used.
pub(super) fn children_usage() -> Usage {
    // SAFETY: zeroes are a valid rusage, and the call only writes to it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage);
        usage
    };
    Usage {
        user: duration(usage.ru_utime),
        system: duration(usage.ru_stime),
        peak_memory: u64::try_from(usage.ru_maxrss).unwrap_or_default() * 1024,
    }
}

fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let micros = u64::try_from(time.tv_usec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

/// Switches the loopback interface of this network namespace on.
pub(super) fn raise_loopback() -> io::Result<()> {
    // SAFETY: the request is zeroed, names an interface with a terminated name, and SIOCSIFFLAGS only reads it.
    unsafe {
        let socket = check(libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0))?;
        let socket = OwnedFd::from_raw_fd(socket);
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name[0] = b'l' as libc::c_char;
        request.ifr_name[1] = b'o' as libc::c_char;
        request.ifr_ifru.ifru_flags = libc::IFF_UP as libc::c_short;
        check(libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request))?;
    }
    Ok(())
}

/// The version of Landlock in this kernel.
pub(super) fn landlock_version() -> io::Result<i64> {
    const VERSION: libc::c_uint = 1;
    // SAFETY: with this flag the call takes no structure and makes nothing.
    check(unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, ptr::null::<u8>(), 0_usize, VERSION) })
}

/// Turns -1 into the error it stands for.
fn check<T: PartialEq + From<i8>>(result: T) -> io::Result<T> {
    if result == T::from(-1) {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// Kills every process that this one can see, except itself. For the first process of a namespace only.
pub(super) fn kill_everything() {
    assert_eq!(
        rustix::process::getpid(),
        Pid::INIT,
        "only the first process of a namespace may kill all others"
    );
    // SAFETY: has no preconditions for memory; the line above holds it inside the namespace.
    unsafe { libc::kill(-1, libc::SIGKILL) };
}
