//! The step `images`: a copy of the bundle in which each image is as small as it gets without losing anything. Does not
//! know Vite, and renames nothing.
//!
//! An image that is not understood to its last byte stays as it is, and so does one that would not get smaller. What is
//! written is read again and compared before it takes an image's place. All is decided by the bytes alone, so the same
//! bundle gives the same copy.

mod avif;
mod bytes;
mod exif;
mod jpeg;
mod path_data;
mod png;
mod svg;
mod webp;

use std::fs;
use std::io;
use std::path::Path;

use farm_sdk::Problem;
use serde::{Deserialize, Serialize};

use crate::measure::{extension, files_below, length};

/// Larger files stay as they are: a step's memory and time are limited, and one image must not fail the build.
const LARGEST: u64 = 32 * 1024 * 1024;

/// A PNG file whose pixels take more bytes stays as it is.
const LARGEST_PIXELS: u64 = 48 * 1024 * 1024;

/// Up to so much work for the whole bundle, nothing is left untried; beyond, less is.
const UTMOST: u64 = 4 * 1024 * 1024;
const THOROUGH: u64 = 16 * 1024 * 1024;
const AT_MOST: u64 = 256 * 1024 * 1024;

/// What became of the images.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Images {
    /// How many images there are.
    pub(crate) count: usize,
    /// Their bytes before.
    pub(crate) before_bytes: u64,
    /// Their bytes now.
    pub(crate) after_bytes: u64,
    /// Those that got smaller.
    pub(crate) smaller: Vec<Image>,
    /// Those that nothing was done about: broken, too large, or coded in a way that is not known here.
    pub(crate) skipped: Vec<String>,
}

/// An image that got smaller.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Image {
    file: String,
    before_bytes: u64,
    after_bytes: u64,
}

/// How hard PNG files are worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effort {
    /// All filters; and what is small is compressed by a method that takes a hundred times as long.
    Utmost,
    /// All filters.
    Thorough,
    /// Two filters.
    Quick,
}

/// What the images of the bundle have cost so far: bytes of pixels, and four for each byte of a JPEG file.
struct Spent(u64);

/// Copies `bundle/` below `input` to `bundle/` below `output`, and writes `images.json`.
pub(crate) fn run(input: &Path, output: &Path) -> Result<(), Problem> {
    let (from, to) = (input.join("bundle"), output.join("bundle"));
    fs::create_dir_all(&to)?;
    let (mut spent, mut images) = (Spent(0), Images::default());
    for file in files_below(&from, "")? {
        let (source, place) = (from.join(&file), to.join(&file));
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder)?;
        }
        let after = if is_image(&file) {
            images.take(&mut spent, file, &source)?
        } else {
            None
        };
        match after {
            Some(bytes) => fs::write(place, bytes)?,
            None => drop(fs::copy(source, place)?),
        }
    }
    keep_modes(input, output)?;
    let json = serde_json::to_string_pretty(&images).map_err(io::Error::from)?;
    Ok(fs::write(output.join("images.json"), json + "\n")?)
}

impl Images {
    /// What takes an image's place, if anything does.
    fn take(&mut self, spent: &mut Spent, file: String, source: &Path) -> Result<Option<Vec<u8>>, Problem> {
        let before_bytes = fs::metadata(source)?.len();
        let understood = if before_bytes <= LARGEST {
            spent.smaller(&file, &fs::read(source)?)
        } else {
            None
        };
        self.count += 1;
        self.before_bytes += before_bytes;
        let Some(bytes) = understood else {
            self.after_bytes += before_bytes;
            self.skipped.push(file);
            return Ok(None);
        };
        let after_bytes = length(&bytes).min(before_bytes);
        self.after_bytes += after_bytes;
        if after_bytes == before_bytes {
            return Ok(None);
        }
        self.smaller.push(Image {
            file,
            before_bytes,
            after_bytes,
        });
        Ok(Some(bytes))
    }
}

impl Spent {
    fn smaller(&mut self, file: &str, bytes: &[u8]) -> Option<Vec<u8>> {
        match extension(file).to_ascii_lowercase().as_str() {
            "png" => {
                let cost = png::cost(bytes).filter(|cost| *cost <= LARGEST_PIXELS)?;
                png::smaller(bytes, self.spend(cost)?)
            }
            "jpg" | "jpeg" => {
                self.spend(4 * length(bytes))?;
                jpeg::smaller(bytes)
            }
            "webp" => webp::smaller(bytes),
            "avif" => avif::smaller(bytes),
            "svg" => svg::smaller(bytes),
            _ => None,
        }
    }

    /// What can be done for the next image.
    fn spend(&mut self, cost: u64) -> Option<Effort> {
        self.0 = self.0.saturating_add(cost);
        match self.0 {
            spent if spent <= UTMOST => Some(Effort::Utmost),
            spent if spent <= THOROUGH => Some(Effort::Thorough),
            spent if spent <= AT_MOST => Some(Effort::Quick),
            _ => None,
        }
    }
}

fn is_image(file: &str) -> bool {
    let extension = extension(file).to_ascii_lowercase();
    matches!(extension.as_str(), "avif" | "jpeg" | "jpg" | "png" | "svg" | "webp")
}

fn keep_modes(input: &Path, output: &Path) -> Result<(), Problem> {
    for path in farm_sdk::executables(input)? {
        if path.starts_with("bundle") {
            farm_sdk::make_executable(output, &path)?;
        }
    }
    Ok(())
}
