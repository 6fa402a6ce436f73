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
use super::links::{Links, WHITEOUT, join};
use super::private;
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
    /// The only platform that it is for.
    pub(crate) platform: Option<String>,
    /// Whether it comes from a public registry, where nothing is secret.
    pub(crate) published: bool,
    /// Files and folders of the image that look as if they held secrets, and hold none.
    pub(crate) not_secret: Vec<String>,
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
    /// Where its content is, and whether that is a single file.
    pub(super) places: Vec<String>,
    pub(super) is_file: bool,
}

impl Facts {
    pub(super) fn descriptor(&self) -> Descriptor {
        Descriptor::new(LAYER, self.digest.clone(), self.size)
    }
}

/// Reads `content` (a folder or a file) below `input`, and the base's links; writes the layer and its facts below `output`.
pub(crate) fn run(content: &Content, input: &Path, output: &Path) -> Result<(), Problem> {
    let tree = Tree {
        root: input,
        executables: farm_sdk::executables(input)?,
        links: Links::read(input, content.platform.as_deref())?,
        content,
    };
    let is_file = !fs::symlink_metadata(input.join(CONTENT))?.is_dir();
    let place = tree.links.place(in_archive(&content.path))?;
    if is_file && place.is_empty() {
        let problem = Problem::new("a single file cannot be at `/`, which is the folder of all");
        return Err(problem.hint("write in the option `paths` the path of the file itself, with its name"));
    }
    let mut layer = Layer::create(&output.join(TAR))?;
    tree.add(&mut layer, CONTENT, &place)?;
    layer.finish(output, (vec![place], is_file))
}

/// Writes a layer of empty folders.
pub(crate) fn run_folders(folders: &Folders, input: &Path, output: &Path) -> Result<(), Problem> {
    let links = Links::read(input, None)?;
    let mut layer = Layer::create(&output.join(TAR))?;
    let mut places = Vec::new();
    for path in &folders.paths {
        let place = links.folder(in_archive(path))?;
        let mut header = header(EntryType::Directory, 0o755, 0);
        header.set_uid(folders.user);
        header.set_gid(folders.group);
        layer.0.append_data(&mut header, format!("{place}/"), io::empty())?;
        places.push(place);
    }
    layer.finish(output, (places, false))
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

    fn finish(self, output: &Path, (places, is_file): (Vec<String>, bool)) -> Result<(), Problem> {
        let (compressed, diff_id, _) = self.0.into_inner()?.finish();
        let (mut file, digest, size) = compressed.finish()?.finish();
        file.flush()?;
        let facts = Facts {
            digest,
            size,
            diff_id,
            places,
            is_file,
        };
        Ok(fs::write(output.join(FACTS), to_json(&facts)?)?)
    }
}

/// What becomes a layer. Folders above the content's own place are left to the base. Its links are followed: a folder of the
/// content goes to where a link of its name leads. A folder that it has keeps its mode and its owner.
struct Tree<'a> {
    root: &'a Path,
    executables: BTreeSet<PathBuf>,
    links: Links,
    content: &'a Content,
}

impl Tree<'_> {
    /// Adds what is at `source` below the root, as `name` of the archive; what is in a folder in the order of its bytes.
    fn add(&self, layer: &mut Layer, source: &str, name: &str) -> Result<(), Problem> {
        check_name(name)?;
        let path = self.root.join(source);
        let metadata = fs::symlink_metadata(&path)?;
        if metadata.is_symlink() {
            let target = fs::read_link(&path)?;
            return Ok(layer
                .0
                .append_link(&mut header(EntryType::Symlink, 0o777, 0), name, target)?);
        }
        if metadata.is_file() {
            self.check_file(name, &path)?;
            let mode = if self.executables.contains(Path::new(source)) {
                0o755
            } else {
                0o644
            };
            let mut header = header(EntryType::Regular, mode, metadata.len());
            return Ok(layer.0.append_data(&mut header, name, blob::open(&path)?)?);
        }
        let name = self.links.follow(name.to_owned())?;
        if !name.is_empty() {
            let folder = self.links.folder_at(&name);
            let mut header = header(EntryType::Directory, folder.mode, 0);
            header.set_uid(folder.user);
            header.set_gid(folder.group);
            layer.0.append_data(&mut header, format!("{name}/"), io::empty())?;
        }
        for child in names(&path)? {
            self.add(layer, &format!("{source}/{child}"), &join(&name, &child))?;
        }
        Ok(())
    }

    /// Refuses a file that would take the place of a folder, and one that holds a secret.
    fn check_file(&self, name: &str, path: &Path) -> Result<(), Problem> {
        let folder = self.links.follow(name.to_owned())?;
        if folder != name {
            let problem = Problem::new(format!(
                "`/{name}` is a file, and in the base a link to the folder `/{folder}`, which it would replace"
            ));
            return Err(problem.hint("say in the option `paths` where else it goes"));
        }
        let is_known = |known: &String| {
            let rest = name.strip_prefix(in_archive(known));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if self.content.published || self.content.not_secret.iter().any(is_known) {
            return Ok(());
        }
        let Some(secret) = private::find(name, path)? else {
            return Ok(());
        };
        let problem = Problem::new(format!(
            "`/{name}` holds {secret}, and everybody who has the image could read it"
        ));
        Err(problem.hint(format!(
            "leave it out of what the image is made of, and mount it as a secret where the container runs; if it is no \
             secret (a key for tests, say), name it in the option `not-secret`: \"/{name}\""
        )))
    }
}

/// Of a name that begins so, an unpacker makes a deletion.
fn check_name(place: &str) -> Result<(), Problem> {
    let name = place.rsplit('/').next().unwrap_or(place);
    if !name.starts_with(WHITEOUT) {
        return Ok(());
    }
    let problem = Problem::new(format!(
        "`/{place}` cannot be in an image: a name that begins with `{WHITEOUT}` deletes a file of the layers below"
    ));
    Err(problem.hint("give the file another name, or leave it out of what the image is made of"))
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
