//! Lines of pixels, filtered and compressed by the crate `png`: each filter is tried on the whole picture, and so is a
//! choice line by line. Zopfli does what is small once more. Does not know colours.

use std::io::Read;
use std::num::NonZeroU64;

use flate2::read::ZlibDecoder;
use png::{BitDepth, ColorType, DeflateCompression, Encoder, Filter};

use super::pixels::Form;
use super::{chunks, joined};
use crate::images::Effort;

/// Up to so many bytes, what is best is compressed once more, by Zopfli.
const LABOURED: usize = 96 * 1024;
/// How often that method tries.
const ROUNDS: NonZeroU64 = NonZeroU64::new(8).expect("it is not zero");

/// The smallest that the filters make of it: what the chunk `IDAT` holds.
pub(super) fn compress(form: &Form, effort: Effort) -> Option<Vec<u8>> {
    let (filters, level): (&[Filter], u8) = match effort {
        Effort::Utmost | Effort::Thorough => (
            &[
                Filter::NoFilter,
                Filter::Sub,
                Filter::Up,
                Filter::Avg,
                Filter::Paeth,
                Filter::Adaptive,
            ],
            9,
        ),
        Effort::Quick => (&[Filter::NoFilter, Filter::Adaptive], 6),
    };
    let tried = filters.iter().filter_map(|filter| encode(form, *filter, level));
    tried.min_by_key(Vec::len)
}

fn encode(form: &Form, filter: Filter, level: u8) -> Option<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, form.width, form.height);
    encoder.set_color(ColorType::from_u8(form.colour)?);
    encoder.set_depth(BitDepth::from_u8(form.depth)?);
    if !form.palette.is_empty() {
        encoder.set_palette(&form.palette[..]);
    }
    encoder.set_filter(filter);
    encoder.set_deflate_compression(DeflateCompression::Level(level));
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&form.lines).ok()?;
    writer.finish().ok()?;
    Some(joined(&chunks(&file)?, b"IDAT"))
}

/// Compressed once more, where that is worth it.
pub(super) fn laboured(data: Vec<u8>, effort: Effort) -> Vec<u8> {
    let again = (effort == Effort::Utmost).then(|| labour(&data)).flatten();
    again.filter(|again| again.len() < data.len()).unwrap_or(data)
}

/// None where it would take too long.
fn labour(data: &[u8]) -> Option<Vec<u8>> {
    let mut filtered = Vec::new();
    let most = u64::try_from(LABOURED).ok()? + 1;
    ZlibDecoder::new(data).take(most).read_to_end(&mut filtered).ok()?;
    if filtered.len() > LABOURED {
        return None;
    }
    let options = zopfli::Options {
        iteration_count: ROUNDS,
        ..zopfli::Options::default()
    };
    let mut compressed = Vec::new();
    zopfli::compress(options, zopfli::Format::Zlib, &filtered[..], &mut compressed).ok()?;
    Some(compressed)
}
