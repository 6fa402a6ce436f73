//! What is published: files of a folder, read through a handle that cannot leave it, with their checksums.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File};
use sha2::{Digest as _, Sha256};

use crate::PublishError;

/// How many hexadecimal digits of the content's digest are a version.
const VERSION_DIGITS: usize = 16;
/// How much is read at once.
const BUFFER: usize = 64 * 1024;

/// A file, by its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// From the release's folder.
    pub path: String,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// How many bytes.
    pub size: u64,
}

impl Sum {
    /// The digest in hexadecimal digits.
    pub fn hex(&self) -> String {
        hex(&self.sha256)
    }
}

/// Files of a folder, under a version.
#[derive(Debug)]
pub struct Release {
    folder: Dir,
    version: String,
    files: Vec<Sum>,
    index: (String, Vec<u8>),
}

impl Release {
    /// Reads these files, and all files below these folders, which are paths from `folder`; a link to a file stands for
    /// that file. The index, a name and its bytes, is what is published last. Without a version, the content's digest is
    /// the version.
    ///
    /// # Errors
    /// A file cannot be read or leads out of the folder, or the version cannot be a name.
    pub fn open(
        folder: &Path,
        paths: &[String],
        version: Option<String>,
        index: (String, Vec<u8>),
    ) -> Result<Self, PublishError> {
        let dir = Dir::open_ambient_dir(folder, ambient_authority()).map_err(|source| PublishError::Read {
            path: folder.display().to_string(),
            source,
        })?;
        let mut files = BTreeMap::new();
        for path in paths {
            collect(&dir, path, &mut files)?;
        }
        let mut release = Self {
            folder: dir,
            version: String::new(),
            files: files.into_values().collect(),
            index,
        };
        release.version = match version {
            Some(version) if !is_version(&version) => return Err(PublishError::Version(version)),
            Some(version) => version,
            None => hex_of(release.sums().as_bytes())[..VERSION_DIGITS].to_owned(),
        };
        Ok(release)
    }

    /// Its version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Its files without the index, sorted by path.
    pub fn files(&self) -> &[Sum] {
        &self.files
    }

    /// The list of its files, as `sha256sum` writes and checks it.
    pub fn sums(&self) -> String {
        let line = |sum: &Sum| format!("{}  {}\n", sum.hex(), sum.path);
        self.files.iter().map(line).collect()
    }

    /// The name of what is published last.
    pub fn index_name(&self) -> &str {
        &self.index.0
    }

    /// The bytes of what is published last.
    pub fn index(&self) -> &[u8] {
        &self.index.1
    }

    /// Opens one of its files to be sent.
    pub(crate) fn open_file(&self, sum: &Sum) -> Result<File, PublishError> {
        let file = self
            .folder
            .open(&sum.path)
            .map_err(|source| unreadable(&sum.path, source))?;
        let size = file.metadata().map_err(|source| unreadable(&sum.path, source))?.len();
        if size == sum.size {
            Ok(file)
        } else {
            Err(PublishError::Changed(sum.path.clone()))
        }
    }
}

/// Adds the file at a path, or all below it.
fn collect(dir: &Dir, path: &str, files: &mut BTreeMap<String, Sum>) -> Result<(), PublishError> {
    let failed = |source| unreadable(path, source);
    let is_link = dir.symlink_metadata(path).map_err(failed)?.is_symlink();
    let found = dir.metadata(path).map_err(failed)?;
    if found.is_file() {
        let (sha256, size) = hash(&mut dir.open(path).map_err(failed)?).map_err(failed)?;
        let sum = Sum {
            path: path.to_owned(),
            sha256,
            size,
        };
        files.insert(path.to_owned(), sum);
        return Ok(());
    }
    let strange = |what| PublishError::Strange {
        path: path.to_owned(),
        what,
    };
    if is_link {
        return Err(strange("a link to a folder"));
    }
    if !found.is_dir() {
        return Err(strange("no file"));
    }
    for entry in dir.read_dir(path).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_str().filter(|name| !name.contains(['\n', '\\']));
        let name = name.ok_or_else(|| strange("a folder with a name that is no plain text"))?;
        collect(dir, &format!("{path}/{name}"), files)?;
    }
    Ok(())
}

fn unreadable(path: &str, source: io::Error) -> PublishError {
    PublishError::Read {
        path: path.to_owned(),
        source,
    }
}

/// The digest and the size of all that a file holds.
pub(crate) fn hash(file: &mut File) -> io::Result<([u8; 32], u64)> {
    let (mut hasher, mut size) = (Sha256::new(), 0);
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            return Ok((hasher.finalize().into(), size));
        }
        hasher.update(&buffer[..length]);
        size += length as u64;
    }
}

/// SHA-256 of bytes, in hexadecimal digits.
pub(crate) fn hex_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes).into())
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A version is the name of a folder and a part of an address.
fn is_version(version: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+.".contains(&byte);
    !version.is_empty() && version.len() <= 100 && !version.starts_with('.') && version.bytes().all(is_plain)
}
