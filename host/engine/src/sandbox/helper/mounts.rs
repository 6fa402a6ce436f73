//! The root that a tool sees at L2: empty, but for what the spec and the base system put there. Does not know processes.
//!
//! Everything that comes from the host is cloned or opened first, as mounts that hang nowhere; then the new root is mounted over
//! the scratch folder and the clones are put into it. So nothing can be covered before it is needed.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount, mount_change, move_mount,
    open_tree, unmount,
};

use super::super::spec::{CACHE_INSIDE, HOME_INSIDE, TEMPORARY_INSIDE, TREE_INSIDE};
use super::super::{Fault, Spec};
use super::sys::{Depth, NO_DEVICES, NO_EXECUTION, NO_SETUID, READ_ONLY, restrict_mount};
use super::{At, files, overlay, system};

/// Longest file of `/etc` that is copied, in bytes.
const MAX_COPY: usize = 4 << 20;
const READ: u64 = READ_ONLY | NO_SETUID | NO_DEVICES;
const WRITE: u64 = NO_SETUID | NO_DEVICES;
const DEVICE: u64 = NO_SETUID | NO_EXECUTION;
/// To connect to a socket is to write to it, and no write to its file system.
const SOCKET: u64 = READ | NO_EXECUTION;

/// Builds the root and goes into it; afterwards the host's files are out of reach. `in_proc` is called while `/proc` can
/// still be written.
pub(super) fn build(spec: &Spec, in_proc: impl FnOnce()) -> Result<(), Fault> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).at("mount private")?;
    let clones = clone_all(spec)?;
    let lowers = overlay::open_all(spec)?;
    let copies = read_etc(spec);
    let root = mount_root(spec)?;
    furnish(&root, &copies).at("furnish the root")?;
    for clone in clones {
        let step = format!("mount {}", clone.at.display());
        clone.attach(&root).at(step)?;
    }
    for (number, lower) in lowers.into_iter().enumerate() {
        let (at, tree) = lower.overlay(&root, number).at("mount overlay")?;
        let kind = FileType::Directory;
        let step = format!("mount {}", at.display());
        Clone { at, kind, tree }.attach(&root).at(step)?;
    }
    rustix::process::fchdir(&root).at("enter the root")?;
    mount(
        "proc",
        "proc",
        "proc",
        MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC,
        None,
    )
    .at("mount proc")?;
    rustix::process::pivot_root(".", ".").at("pivot_root")?;
    unmount(".", UnmountFlags::DETACH).at("detach the old root")?;
    rustix::process::chdir("/").at("enter the root")?;
    in_proc();
    seal()
}

/// Something of the host, as a mount that hangs nowhere yet.
struct Clone {
    /// Absolute, inside.
    at: PathBuf,
    kind: FileType,
    tree: OwnedFd,
}

impl Clone {
    fn take(source: &Path, at: impl Into<PathBuf>, attributes: u64) -> io::Result<Self> {
        let tree = clone_mount(CWD, source)?;
        restrict_mount(&tree, attributes, Depth::Below)?;
        let kind = FileType::from_raw_mode(rustix::fs::fstat(&tree)?.st_mode);
        Ok(Self {
            at: at.into(),
            kind,
            tree,
        })
    }

    fn attach(self, root: &OwnedFd) -> io::Result<()> {
        let place = files::make_place(root, &self.at, self.kind)?;
        attach(&self.tree, &place)
    }
}

fn clone_mount(folder: impl AsFd, path: &Path) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    Ok(open_tree(folder, path, flags)?)
}

fn attach(tree: &OwnedFd, place: &OwnedFd) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    Ok(move_mount(tree, "", place, "", flags)?)
}

/// Clones everything, outer places before those inside them.
fn clone_all(spec: &Spec) -> Result<Vec<Clone>, Fault> {
    let mut wanted: Vec<(&Path, PathBuf, u64)> = Vec::new();
    let etc = present(system::ETC_FOLDERS);
    wanted.extend(
        present(system::BASE)
            .filter(|path| is_folder(path))
            .chain(etc)
            .map(|path| (path, path.into(), READ)),
    );
    wanted.extend(present(system::DEVICES).map(|path| (path, path.into(), DEVICE)));
    wanted.extend(toolchains(spec).map(|path| (path, path.to_owned(), READ)));
    wanted.extend(spec.sockets.iter().map(|path| (path.as_path(), path.clone(), SOCKET)));
    wanted.push((&spec.tree, TREE_INSIDE.into(), WRITE));
    let tree = Path::new(TREE_INSIDE);
    wanted.extend(
        spec.binds
            .iter()
            .map(|bind| (bind.source.as_path(), bind.at.under(tree), READ)),
    );
    let caches = Path::new(CACHE_INSIDE);
    wanted.extend(
        spec.caches
            .iter()
            .map(|cache| (cache.source.as_path(), caches.join(&cache.name), WRITE)),
    );
    wanted.sort_by(|a, b| a.1.cmp(&b.1));
    let clone = |(source, at, attributes): (&Path, PathBuf, u64)| {
        Clone::take(source, at, attributes).at(format!("mount {}", source.display()))
    };
    wanted.into_iter().map(clone).collect()
}

/// The toolchains that are not shown already as part of something else.
fn toolchains(spec: &Spec) -> impl Iterator<Item = &Path> {
    let base = system::BASE.iter().map(Path::new);
    let shown = move |path: &Path| {
        let mut outer = base.clone().chain(
            spec.toolchains
                .iter()
                .map(PathBuf::as_path)
                .filter(|other| *other != path),
        );
        outer.any(|outer| path.starts_with(outer))
    };
    let mut paths: Vec<&Path> = spec.toolchains.iter().map(PathBuf::as_path).collect();
    paths.sort_unstable();
    paths.dedup();
    paths.into_iter().filter(move |path| !shown(path))
}

fn present(paths: &'static [&str]) -> impl Iterator<Item = &'static Path> {
    paths
        .iter()
        .map(Path::new)
        .filter(|path| rustix::fs::lstat(*path).is_ok())
}

fn is_folder(path: &Path) -> bool {
    rustix::fs::lstat(path).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_dir())
}

/// The small files of `/etc`, by their paths: copying them is quicker than mounting each.
fn read_etc(spec: &Spec) -> Vec<(PathBuf, Vec<u8>)> {
    let network: &[&str] = if spec.network { system::ETC_NETWORK } else { &[] };
    let paths = system::ETC_FILES.iter().chain(network);
    let mut copies: Vec<_> = paths
        .filter_map(|path| Some((PathBuf::from(path), files::read_bytes(path, MAX_COPY).ok()?)))
        .collect();
    for (name, text) in system::MADE_UP {
        let path = Path::new("/etc").join(name);
        if copies.iter().all(|(other, _)| *other != path) {
            copies.push((path, text.as_bytes().to_vec()));
        }
    }
    copies
}

/// Mounts the empty root, in memory.
fn mount_root(spec: &Spec) -> Result<OwnedFd, Fault> {
    let options = format!("mode=755,size={}", spec.limits.temporary);
    let options = std::ffi::CString::new(options)
        .map_err(io::Error::from)
        .at("mount the root")?;
    mount(
        "farm",
        &spec.scratch,
        "tmpfs",
        MountFlags::NOSUID | MountFlags::NODEV,
        Some(options.as_c_str()),
    )
    .at("mount the root")?;
    files::open_folder(&spec.scratch).at("mount the root")
}

/// Puts in what does not come from the host: folders, links and made-up files.
fn furnish(root: &OwnedFd, copies: &[(PathBuf, Vec<u8>)]) -> io::Result<()> {
    for folder in ["proc", "run", "var"] {
        files::make_folders(root, Path::new(folder))?;
    }
    for (path, bytes) in copies {
        let folder = files::make_folders(root, path.parent().unwrap_or(Path::new("")))?;
        files::create(
            folder,
            path.file_name().and_then(|name| name.to_str()).unwrap_or_default(),
            bytes,
        )?;
    }
    for link in present(system::BASE).filter(|path| !is_folder(path)) {
        let target = rustix::fs::readlink(link, Vec::new())?;
        rustix::fs::symlinkat(target, root, link.strip_prefix("/").unwrap_or(link))?;
    }
    let device_folder = files::make_folders(root, Path::new("dev"))?;
    for (name, target) in DEVICE_LINKS {
        rustix::fs::symlinkat(*target, &device_folder, *name)?;
    }
    rustix::fs::symlinkat(TEMPORARY_INSIDE, root, "var/tmp")?;
    [TEMPORARY_INSIDE, HOME_INSIDE, "/dev/shm"]
        .into_iter()
        .try_for_each(|path| make_writable(root, Path::new(path)))
}

const DEVICE_LINKS: &[(&str, &str)] = &[
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

/// A folder that stays writable when the root is sealed: it is mounted upon itself, and so shares the root's size.
fn make_writable(root: &OwnedFd, path: &Path) -> io::Result<()> {
    let place = files::make_folders(root, path)?;
    rustix::fs::fchmod(&place, Mode::from_raw_mode(0o1777))?;
    attach(&clone_mount(&place, Path::new("."))?, &place)
}

/// Makes the root and `/proc` read-only. Root's own files below `/proc/sys` could be written by root of the host without
/// any capability.
fn seal() -> Result<(), Fault> {
    for path in ["/proc", "/"] {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mount = rustix::fs::open(path, flags, Mode::empty()).at("seal the root")?;
        restrict_mount(mount, READ_ONLY, Depth::Itself).at("seal the root")?;
    }
    Ok(())
}
