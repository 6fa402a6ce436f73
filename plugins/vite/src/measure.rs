//! The step `measure`: what a bundle weighs, as it is and as a server sends it. Does not know what may be too much.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use farm_sdk::Problem;
use serde::{Deserialize, Serialize};

use crate::facts::{self, Facts};
use crate::images::Images;

/// How many of the largest files are named.
const LARGEST: usize = 5;

/// Brotli's best quality takes seconds for each megabyte; above this size the next useful one is taken.
const BEST_BROTLI_UP_TO: usize = 512 * 1024;

/// Kinds of files that servers compress; fonts, pictures and films are sent as they are.
const COMPRESSED: &[&str] = &[
    "css",
    "cjs",
    "htm",
    "html",
    "js",
    "json",
    "mjs",
    "otf",
    "svg",
    "ttf",
    "txt",
    "wasm",
    "webmanifest",
    "xml",
];

/// The artifact's metadata, in the order in which it is shown. Source maps count apart, since no visitor downloads them.
#[derive(Debug, Serialize)]
struct Metadata {
    vite: String,
    chunks: usize,
    assets: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<Images>,
    raw: u64,
    gzip: u64,
    brotli: u64,
    files: usize,
    source_maps: SourceMaps,
    largest: Vec<Measured>,
}

#[derive(Debug, Default, Serialize)]
struct SourceMaps {
    files: usize,
    raw: u64,
}

/// One file of the bundle.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Its path below the bundle.
    pub(crate) file: String,
    /// Its bytes.
    pub(crate) raw: u64,
    /// Its bytes as gzip, where servers compress such files.
    pub(crate) gzip: u64,
    /// Its bytes as brotli, likewise.
    pub(crate) brotli: u64,
}

/// Reads `bundle/`, `facts.json` and, where images were worked on, `images.json` below `input`; writes `metadata.json` and,
/// of each file that visitors may download, `sizes.json` below `output`.
pub(crate) fn run(input: &Path, output: &Path) -> Result<(), Problem> {
    let facts = Facts::read(input)?;
    let (mut measured, mut source_maps) = (Vec::new(), SourceMaps::default());
    for file in files_below(&input.join("bundle"), "")? {
        let bytes = fs::read(input.join("bundle").join(&file))?;
        if extension(&file) == "map" {
            source_maps.files += 1;
            source_maps.raw += length(&bytes);
        } else {
            measured.push(measure(file, &bytes)?);
        }
    }
    write(&output.join("sizes.json"), &measured)?;
    let mut metadata = summarise(facts, measured, source_maps);
    let images = input.join("images.json");
    if images.exists() {
        metadata.images = Some(facts::read(&images)?);
    }
    write(&output.join("metadata.json"), &metadata)
}

fn write(path: &Path, value: &impl Serialize) -> Result<(), Problem> {
    let json = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
    Ok(fs::write(path, json + "\n")?)
}

fn summarise(facts: Facts, mut measured: Vec<Measured>, source_maps: SourceMaps) -> Metadata {
    let sum = |size: fn(&Measured) -> u64| measured.iter().map(size).sum();
    let (raw, gzip, brotli) = (sum(|file| file.raw), sum(|file| file.gzip), sum(|file| file.brotli));
    let files = measured.len();
    measured.sort_by(|a, b| b.raw.cmp(&a.raw).then_with(|| a.file.cmp(&b.file)));
    measured.truncate(LARGEST);
    let (chunks, assets) = (facts.chunks.len(), facts.assets.len());
    Metadata {
        vite: facts.vite,
        chunks,
        assets,
        images: None,
        raw,
        gzip,
        brotli,
        files,
        source_maps,
        largest: measured,
    }
}

fn measure(file: String, bytes: &[u8]) -> io::Result<Measured> {
    let raw = length(bytes);
    if !COMPRESSED.contains(&extension(&file)) {
        return Ok(Measured {
            file,
            raw,
            gzip: raw,
            brotli: raw,
        });
    }
    Ok(Measured {
        raw,
        gzip: gzip(bytes)?,
        brotli: brotli(bytes)?,
        file,
    })
}

/// Counts what is written and keeps nothing.
#[derive(Default)]
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += length(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn gzip(bytes: &[u8]) -> io::Result<u64> {
    let mut encoder = flate2::write::GzEncoder::new(Counter::default(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.0)
}

fn brotli(bytes: &[u8]) -> io::Result<u64> {
    let quality = if bytes.len() <= BEST_BROTLI_UP_TO { 11 } else { 9 };
    let mut encoder = brotli::CompressorWriter::new(Counter::default(), 64 * 1024, quality, 22);
    encoder.write_all(bytes)?;
    Ok(encoder.into_inner().0)
}

/// The files of a folder, sorted, as paths from it.
pub(crate) fn files_below(folder: &Path, prefix: &str) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            files.extend(files_below(&entry.path(), &format!("{path}/"))?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// What stands behind the last point of a file's name.
pub(crate) fn extension(file: &str) -> &str {
    file.rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'))
        .map_or("", |(_, extension)| extension)
}

/// How many bytes there are.
pub(crate) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
