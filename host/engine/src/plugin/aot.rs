//! Keeps compiled components on disk, for this user alone.
//!
//! A compiled component is machine code: whoever can put one there runs as this user. So the folder is private, every
//! file carries a MAC under a key that never leaves the folder, and the MAC covers the name too, so that no component
//! can stand in for another. Any fault means «compile anew», is told once, and stops nothing. Does not know what a
//! component does.

use std::hash::Hash;
use std::path::Path;

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::digest::{Digest, Hasher};
use crate::error::PathError;
use crate::fs::private::PrivateFolder;

use super::aot_load;

/// File of the MAC's key.
const KEY_FILE: &str = "mac.key";
/// Bytes of a key, and of a MAC.
const KEY_BYTES: usize = 32;
/// Biggest compiled component that is read.
const MAX_COMPILED: u64 = 1 << 30;
/// Compiled components that are kept.
const KEEP: usize = 100;

/// Why a kept compiled component was not used, or could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum AotFault {
    /// The folder or a file in it cannot be used.
    #[error("compiled components are not kept: {error}: {}", .error.source)]
    Path {
        /// What could not be done, and why.
        #[from]
        error: PathError,
    },
    /// A file was changed, belongs to another component, or was written under another key.
    #[error("a compiled component was damaged or is foreign, and was compiled anew")]
    Forged,
    /// wasmtime refuses it.
    #[error("a compiled component does not fit this farm, and was compiled anew: {0}")]
    Unfit(String),
    /// There is no randomness for a key.
    #[error("compiled components are not kept: the system gives no random bytes")]
    Random,
}

/// The place of one component's compiled form.
pub(super) struct Compiled<'a> {
    folder: &'a Path,
    name: String,
}

impl<'a> Compiled<'a> {
    /// The place for the component with this digest, compiled by this engine.
    pub(super) fn new(folder: &'a Path, engine: &Engine, component: &Digest) -> Self {
        Self {
            folder,
            name: format!("{}.cwasm", key(engine, component)),
        }
    }

    /// The component; none when it is not kept.
    pub(super) fn load(&self, engine: &Engine) -> Result<Option<Component>, AotFault> {
        let folder = PrivateFolder::open(self.folder)?;
        let Some(bytes) = self.read(&folder)? else {
            return Ok(None);
        };
        let checked = Verified::check(&bytes, &self.name, &mac_key(&folder)?);
        let component = checked.ok_or(AotFault::Forged).and_then(|verified| {
            aot_load::load(engine, verified).map_err(|error| AotFault::Unfit(format!("{error:#}")))
        });
        if component.is_err() {
            folder.remove(&self.name);
        }
        component.map(Some)
    }

    /// Keeps the component.
    pub(super) fn save(&self, component: &Component) -> Result<(), AotFault> {
        let folder = PrivateFolder::open(self.folder)?;
        let mut bytes = component
            .serialize()
            .map_err(|error| AotFault::Unfit(format!("{error:#}")))?;
        let mac = mac(&bytes, &self.name, &mac_key(&folder)?);
        bytes.extend_from_slice(mac.as_bytes());
        folder.write(&self.name, &bytes)?;
        folder.prune(KEEP, KEY_FILE)?;
        Ok(())
    }

    fn read(&self, folder: &PrivateFolder) -> Result<Option<Vec<u8>>, AotFault> {
        folder.read(&self.name, MAX_COMPILED).map_err(|error| {
            folder.remove(&self.name);
            error.into()
        })
    }
}

/// Bytes of a compiled component whose MAC was right. Made here and nowhere else.
pub(super) struct Verified<'a>(&'a [u8]);

impl<'a> Verified<'a> {
    fn check(bytes: &'a [u8], name: &str, key: &[u8; KEY_BYTES]) -> Option<Self> {
        let (code, trailer) = bytes.split_last_chunk::<KEY_BYTES>()?;
        // `blake3::Hash` compares in constant time.
        (mac(code, name, key) == blake3::Hash::from_bytes(*trailer)).then_some(Self(code))
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.0
    }
}

/// All that a compiled component depends on.
fn key(engine: &Engine, component: &Digest) -> Digest {
    let mut hasher = KeyHasher(Hasher::new());
    hasher.0.field(component.as_bytes());
    hasher.0.field(env!("CARGO_PKG_VERSION").as_bytes());
    // Covers wasmtime's version, the target with its CPU features, and every setting that changes code.
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finish()
}

/// Feeds what wasmtime hashes into the key.
struct KeyHasher(Hasher);

impl std::hash::Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.field(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

fn mac(code: &[u8], name: &str, key: &[u8; KEY_BYTES]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(&(name.len() as u64).to_le_bytes());
    hasher.update(name.as_bytes());
    hasher.update(code);
    hasher.finalize()
}

/// The folder's key; a new one where there is none, or where the file is no key. All that was kept under another key
/// is compiled anew.
fn mac_key(folder: &PrivateFolder) -> Result<[u8; KEY_BYTES], AotFault> {
    for _ in 0..2 {
        match folder.read(KEY_FILE, KEY_BYTES as u64) {
            Ok(Some(bytes)) => match bytes.try_into() {
                Ok(key) => return Ok(key),
                Err(_) => folder.remove(KEY_FILE),
            },
            Ok(None) => {}
            Err(_) => folder.remove(KEY_FILE),
        }
        let fresh = random_key()?;
        if folder.create(KEY_FILE, &fresh)? {
            return Ok(fresh);
        }
    }
    Err(AotFault::Forged)
}

fn random_key() -> Result<[u8; KEY_BYTES], AotFault> {
    let mut key = [0; KEY_BYTES];
    match rustix::rand::getrandom(&mut key, rustix::rand::GetRandomFlags::empty()) {
        Ok(KEY_BYTES) => Ok(key),
        _ => Err(AotFault::Random),
    }
}
