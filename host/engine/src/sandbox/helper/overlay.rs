//! Folders of the host that the tool sees as they are and may still write to: each is the lower layer of an overlay,
//! whose upper layer lies in the sandbox's own memory and goes with it. Does not know what else the root holds.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use rustix::fs::{Mode, OFlags, XattrFlags};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen,
};

use super::super::spec::TREE_INSIDE;
use super::super::{Fault, Spec};
use super::{At, files};

/// Where the upper layers lie, in the new root: `/proc` is mounted over it, so nobody inside gets there.
const LAYERS: &str = "proc";
/// Says whether the upper layer's file system takes the marks without which a folder that was removed could not be made
/// again. The overlay itself hides marks of this name.
const MARK: &str = "user.overlay.farm";

/// A folder of the host, open.
pub(super) struct Lower {
    at: PathBuf,
    folder: OwnedFd,
}

/// Opens the folders, while the host's files are in reach.
pub(super) fn open_all(spec: &Spec) -> Result<Vec<Lower>, Fault> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = |source: &Path| rustix::fs::open(source, flags, Mode::empty());
    let shown = spec.shown.iter();
    shown
        .map(|shown| {
            let folder = open(&shown.source).at(format!("mount {}", shown.source.display()))?;
            let at = shown.at.under(Path::new(TREE_INSIDE));
            Ok(Lower { at, folder })
        })
        .collect()
}

impl Lower {
    /// An overlay on the folder, as a mount that hangs nowhere yet, and where it belongs. `number` is one that no other
    /// overlay of this root has.
    pub(super) fn overlay(self, root: &OwnedFd, number: usize) -> io::Result<(PathBuf, OwnedFd)> {
        let layers = Path::new(LAYERS).join(number.to_string());
        let upper = files::make_folders(root, &layers.join("upper"))?;
        let work = files::make_folders(root, &layers.join("work"))?;
        rustix::fs::fsetxattr(&upper, MARK, b"1", XattrFlags::empty())?;
        let overlay = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
        // By these names a path with a comma or a colon means itself.
        for (name, folder) in [("lowerdir", &self.folder), ("upperdir", &upper), ("workdir", &work)] {
            let path = format!("/proc/self/fd/{}", folder.as_fd().as_raw_fd());
            fsconfig_set_string(&overlay, name, path)?;
        }
        fsconfig_set_flag(&overlay, "userxattr")?;
        fsconfig_create(&overlay)?;
        let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
        let mount = fsmount(&overlay, FsMountFlags::FSMOUNT_CLOEXEC, attributes)?;
        Ok((self.at, mount))
    }
}
