//! Lines of pixels, filtered and compressed: each filter is tried on the whole picture, and so is a choice line by line.
//! Does not know colours.

use std::io::Write;
use std::num::NonZeroU64;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::pixels::Form;
use crate::images::Effort;

/// Up to so many bytes, what is best is compressed once more, by Zopfli.
const LABOURED: usize = 96 * 1024;
/// How often that method tries.
const ROUNDS: NonZeroU64 = NonZeroU64::new(8).expect("it is not zero");

/// The filters of the format, by their numbers.
const NONE: u8 = 0;
const SUB: u8 = 1;
const UP: u8 = 2;
const AVERAGE: u8 = 3;
const PAETH: u8 = 4;

/// How the filter of a line is chosen.
#[derive(Clone, Copy)]
enum Choice {
    /// The same for all.
    All(u8),
    /// The one whose bytes are nearest to zero in sum.
    Nearest,
}

/// Lines as they were filtered, and compressed.
pub(super) struct Compressed {
    filtered: Vec<u8>,
    /// What the chunk `IDAT` holds.
    pub(super) data: Vec<u8>,
}

/// The smallest of what the filters make of it.
pub(super) fn compress(form: &Form, effort: Effort) -> Option<Compressed> {
    let (choices, level): (&[Choice], u32) = match effort {
        Effort::Utmost | Effort::Thorough => (
            &[
                Choice::All(NONE),
                Choice::All(SUB),
                Choice::All(UP),
                Choice::All(AVERAGE),
                Choice::All(PAETH),
                Choice::Nearest,
            ],
            9,
        ),
        Effort::Quick => (&[Choice::All(NONE), Choice::Nearest], 6),
    };
    let tried = choices.iter().filter_map(|choice| {
        let filtered = filter(form, *choice);
        let data = deflate(&filtered, level)?;
        Some(Compressed { filtered, data })
    });
    tried.min_by_key(|tried| tried.data.len())
}

impl Compressed {
    /// Compressed once more, where that is worth it.
    pub(super) fn laboured(mut self, effort: Effort) -> Self {
        if effort == Effort::Utmost && self.filtered.len() <= LABOURED {
            let laboured = labour(&self.filtered);
            self.data = laboured
                .filter(|data| data.len() < self.data.len())
                .unwrap_or(self.data);
        }
        self
    }
}

fn deflate(bytes: &[u8], level: u32) -> Option<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

fn labour(bytes: &[u8]) -> Option<Vec<u8>> {
    let options = zopfli::Options {
        iteration_count: ROUNDS,
        ..zopfli::Options::default()
    };
    let mut compressed = Vec::new();
    zopfli::compress(options, zopfli::Format::Zlib, bytes, &mut compressed).ok()?;
    Some(compressed)
}

fn filter(form: &Form, choice: Choice) -> Vec<u8> {
    let (stride, step) = (form.stride(), form.step());
    let mut filtered = Vec::with_capacity(form.lines.len() + form.lines.len() / stride.max(1));
    let first = vec![0; stride];
    let mut above = &first[..];
    for line in form.lines.chunks_exact(stride.max(1)) {
        let by = |kind: u8| filter_line(kind, line, above, step);
        let (kind, bytes) = match choice {
            Choice::All(kind) => (kind, by(kind)),
            Choice::Nearest => nearest(by),
        };
        filtered.push(kind);
        filtered.extend(bytes);
        above = line;
    }
    filtered
}

fn nearest(by: impl Fn(u8) -> Vec<u8>) -> (u8, Vec<u8>) {
    let sum = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| u64::from(byte.cast_signed().unsigned_abs()))
            .sum::<u64>()
    };
    let mut best = (NONE, by(NONE));
    let mut least = sum(&best.1);
    for kind in [SUB, UP, AVERAGE, PAETH] {
        let bytes = by(kind);
        let found = sum(&bytes);
        if found < least {
            (best, least) = ((kind, bytes), found);
        }
    }
    best
}

fn filter_line(kind: u8, line: &[u8], above: &[u8], step: usize) -> Vec<u8> {
    let left = |at: usize, of: &[u8]| at.checked_sub(step).map_or(0, |at| of[at]);
    let predicted = |at: usize| match kind {
        SUB => left(at, line),
        UP => above[at],
        AVERAGE => left(at, line).midpoint(above[at]),
        PAETH => paeth(left(at, line), above[at], left(at, above)),
        _ => 0,
    };
    line.iter()
        .enumerate()
        .map(|(at, byte)| byte.wrapping_sub(predicted(at)))
        .collect()
}

/// Of left, above and above left, the one that is nearest to what a plane through them would have.
fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let plane = i16::from(left) + i16::from(above) - i16::from(corner);
    let far = |byte: u8| (plane - i16::from(byte)).abs();
    if far(left) <= far(above) && far(left) <= far(corner) {
        left
    } else if far(above) <= far(corner) {
        above
    } else {
        corner
    }
}
