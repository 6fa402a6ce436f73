//! Bytes on their way into a blob: hashed and counted as they pass. Does not know what they mean.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use farm_sdk::Problem;
use sha2::{Digest, Sha256};

use super::Descriptor;

/// Bytes that are moved at once.
const BUFFER: usize = 256 << 10;

/// Hashes and counts what it hands on.
pub(super) struct Hashing<W> {
    inner: W,
    hash: Sha256,
    size: u64,
}

impl<W: Write> Hashing<W> {
    pub(super) fn new(inner: W) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            size: 0,
        }
    }

    /// What it wrote to, the digest, and the number of bytes.
    pub(super) fn finish(self) -> (W, String, u64) {
        (self.inner, digest_text(self.hash), self.size)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A new file, written in big pieces: each write of a step is a call of the host.
pub(super) fn create(path: &Path) -> io::Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(BUFFER, File::create(path)?))
}

/// Opens a file to be read in big pieces.
pub(super) fn open(path: &Path) -> io::Result<BufReader<File>> {
    Ok(BufReader::with_capacity(BUFFER, File::open(path)?))
}

/// Puts bytes into a layout.
pub(super) fn write(layout: &Path, media_type: &str, bytes: &[u8]) -> Result<Descriptor, Problem> {
    let mut hash = Sha256::new();
    hash.update(bytes);
    let descriptor = Descriptor::new(media_type, digest_text(hash), bytes.len() as u64);
    fs::write(layout.join(descriptor.path()?), bytes)?;
    Ok(descriptor)
}

/// Makes sure that a blob is the one that its descriptor names.
pub(super) fn check(file: &Path, descriptor: &Descriptor) -> Result<(), Problem> {
    let mut source = open(file).map_err(|_| missing(descriptor))?;
    let mut target = Hashing::new(io::sink());
    copy_all(&mut source, &mut target)?;
    let (_, digest, size) = target.finish();
    if digest == descriptor.digest && size == descriptor.size {
        return Ok(());
    }
    Err(damaged(descriptor))
}

/// Copies a blob into a layout, unless it is there. Whether it is the right one was looked at before, or where it was made.
pub(super) fn copy(from: &Path, layout: &Path, descriptor: &Descriptor) -> Result<(), Problem> {
    let place = layout.join(descriptor.path()?);
    if place.exists() {
        return Ok(());
    }
    let mut source = open(from).map_err(|_| missing(descriptor))?;
    let mut target = create(&place)?;
    copy_all(&mut source, &mut target)?;
    Ok(target.flush()?)
}

/// Copies to the end, in big pieces.
pub(super) fn copy_all(source: &mut impl Read, target: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match source.read(&mut buffer)? {
            0 => return Ok(()),
            count => target.write_all(&buffer[..count])?,
        }
    }
}

/// The bytes of a small blob, checked.
pub(super) fn read(layout: &Path, descriptor: &Descriptor) -> Result<Vec<u8>, Problem> {
    let bytes = fs::read(layout.join(descriptor.path()?)).map_err(|_| missing(descriptor))?;
    let mut hash = Sha256::new();
    hash.update(&bytes);
    if digest_text(hash) == descriptor.digest {
        return Ok(bytes);
    }
    Err(damaged(descriptor))
}

/// The digest of bytes, in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(Sha256::new_with_prefix(bytes))
}

fn hex(hash: Sha256) -> String {
    let digits: Vec<String> = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

fn digest_text(hash: Sha256) -> String {
    format!("sha256:{}", hex(hash))
}

fn missing(descriptor: &Descriptor) -> Problem {
    let problem = Problem::new(format!("the image layout lacks the blob {}", descriptor.digest));
    problem.hint("fetch or make the base image again, as a whole")
}

fn damaged(descriptor: &Descriptor) -> Problem {
    let problem = Problem::new(format!(
        "the blob {} has other bytes than its name says",
        descriptor.digest
    ));
    problem.hint("fetch or make the base image again")
}
