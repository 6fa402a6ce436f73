//! The steps `layer` and `folders`: files as one layer of an image, the same bytes whenever and wherever it is made.
//! Does not know what is in the files, nor the image that they become part of.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use farm_sdk::Problem;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use tar::{EntryType, Header};

use super::blob::{self, Hashing};
use super::{Descriptor, EPOCH, LAYER, to_json};

/// Files of a layer's own action.
pub(crate) const CONTENT: &str = "content";
pub(crate) const TAR: &str = "layer.tar.gz";
pub(crate) const FACTS: &str = "layer.json";

/// What `layer` is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Content {
    /// Where the content is in the image, absolute.
    pub(crate) path: String,
}

/// What `folders` is told: empty folders that the image's user may write to.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Folders {
    pub(crate) paths: Vec<String>,
    pub(crate) user: u64,
    pub(crate) group: u64,
}

/// What is known of a layer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(super) digest: String,
    pub(super) size: u64,
    pub(super) diff_id: String,
}

impl Facts {
    pub(super) fn descriptor(&self) -> Descriptor {
        Descriptor::new(LAYER, self.digest.clone(), self.size)
    }
}

/// Reads `content` (a folder or a file) below `input`; writes the layer and its facts below `output`.
pub(crate) fn run(content: &Content, input: &Path, output: &Path) -> Result<(), Problem> {
    let mut layer = Layer::create(&output.join(TAR))?;
    let tree = Tree {
        root: input,
        executables: farm_sdk::executables(input)?,
    };
    tree.add(&mut layer, CONTENT, in_archive(&content.path))?;
    layer.finish(output)
}

/// Writes a layer of empty folders.
pub(crate) fn run_folders(folders: &Folders, output: &Path) -> Result<(), Problem> {
    let mut layer = Layer::create(&output.join(TAR))?;
    for path in &folders.paths {
        let mut header = header(EntryType::Directory, 0o755, 0);
        header.set_uid(folders.user);
        header.set_gid(folders.group);
        layer
            .0
            .append_data(&mut header, format!("{}/", in_archive(path)), io::empty())?;
    }
    layer.finish(output)
}

/// Paths in an archive start at its root.
fn in_archive(path: &str) -> &str {
    path.trim_matches('/')
}

/// An archive on its way to the disk: hashed, compressed, and hashed again.
struct Layer(tar::Builder<Hashing<GzEncoder<Hashing<BufWriter<fs::File>>>>>);

impl Layer {
    fn create(path: &Path) -> io::Result<Self> {
        // A gzip header without a time, a name or a system.
        let compressed = GzEncoder::new(Hashing::new(blob::create(path)?), flate2::Compression::default());
        Ok(Self(tar::Builder::new(Hashing::new(compressed))))
    }

    fn finish(self, output: &Path) -> Result<(), Problem> {
        let (compressed, diff_id, _) = self.0.into_inner()?.finish();
        let (mut file, digest, size) = compressed.finish()?.finish();
        file.flush()?;
        let facts = Facts { digest, size, diff_id };
        Ok(fs::write(output.join(FACTS), to_json(&facts)?)?)
    }
}

/// What becomes a layer. Folders above the content's own place are left to the base, which may have links there.
struct Tree<'a> {
    root: &'a Path,
    executables: BTreeSet<PathBuf>,
}

impl Tree<'_> {
    /// Adds what is at `source` below the root, as `name` of the archive; what is in a folder in the order of its bytes.
    fn add(&self, layer: &mut Layer, source: &str, name: &str) -> Result<(), Problem> {
        let path = self.root.join(source);
        let metadata = fs::symlink_metadata(&path)?;
        if metadata.is_symlink() {
            let target = fs::read_link(&path)?;
            return Ok(layer
                .0
                .append_link(&mut header(EntryType::Symlink, 0o777, 0), name, target)?);
        }
        if metadata.is_file() {
            let mode = if self.executables.contains(Path::new(source)) {
                0o755
            } else {
                0o644
            };
            let mut header = header(EntryType::Regular, mode, metadata.len());
            return Ok(layer.0.append_data(&mut header, name, blob::open(&path)?)?);
        }
        if !name.is_empty() {
            let mut header = header(EntryType::Directory, 0o755, 0);
            layer.0.append_data(&mut header, format!("{name}/"), io::empty())?;
        }
        for child in names(&path)? {
            self.add(layer, &format!("{source}/{child}"), &join(name, &child))?;
        }
        Ok(())
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

fn names(folder: &Path) -> Result<Vec<String>, Problem> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().into_string();
        names.push(name.map_err(|name| Problem::new(format!("the file name {name:?} is not UTF-8")))?);
    }
    names.sort_unstable();
    Ok(names)
}

/// Of a file that belongs to root, with a fixed time.
fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(EPOCH);
    header.set_uid(0);
    header.set_gid(0);
    header
}
