//! The pixels of a PNG file, and the forms in which the format can hold them. Does not compress.

use std::collections::BTreeMap;
use std::io::Cursor;

/// Kinds of pixels, as the header says them.
pub(super) const GREY: u8 = 0;
pub(super) const RGB: u8 = 2;
pub(super) const PALETTE: u8 = 3;
pub(super) const GREY_ALPHA: u8 = 4;
pub(super) const RGBA: u8 = 6;

/// A decoded file.
pub(super) struct Picture {
    /// As the file has it, but for the lines' order.
    own: Form,
    /// Red, green, blue and alpha of each pixel; none where eight bits are not enough for one.
    pixels: Option<Vec<[u8; 4]>>,
}

/// A way to hold a picture.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) colour: u8,
    /// Bits of each sample.
    pub(super) depth: u8,
    /// Three bytes for each colour.
    pub(super) palette: Vec<u8>,
    /// As the chunk `tRNS` has it.
    pub(super) transparency: Vec<u8>,
    /// The lines, each from a new byte on.
    pub(super) lines: Vec<u8>,
}

impl Form {
    /// Bytes of a line.
    pub(super) fn stride(&self) -> usize {
        let bits = usize::from(samples(self.colour)) * usize::from(self.depth);
        let width = usize::try_from(self.width).unwrap_or(usize::MAX);
        width.saturating_mul(bits).div_ceil(8)
    }
}

impl Picture {
    /// `transparency` is the chunk `tRNS` as it stands in the file: the decoder keeps it in forms of its own.
    pub(super) fn decode(bytes: &[u8], transparency: &[u8]) -> Option<Self> {
        let mut decoder = png::Decoder::new(Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::IDENTITY);
        decoder.ignore_checksums(false);
        let mut reader = decoder.read_info().ok()?;
        let mut lines = vec![0; reader.output_buffer_size()?];
        let info = reader.next_frame(&mut lines).ok()?;
        reader.finish().ok()?;
        lines.truncate(info.buffer_size());
        let header = reader.info();
        let own = Form {
            width: info.width,
            height: info.height,
            colour: info.color_type as u8,
            depth: info.bit_depth as u8,
            palette: header.palette.as_deref().unwrap_or_default().to_vec(),
            transparency: transparency.to_vec(),
            lines,
        };
        let pixels = expand(&own)?;
        Some(Self { own, pixels })
    }

    /// Whether both show the same, to the last bit.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let size = |picture: &Self| (picture.own.width, picture.own.height);
        size(self) == size(other)
            && match (&self.pixels, &other.pixels) {
                (Some(one), Some(other)) => one == other,
                (None, None) => self.own == other.own,
                _ => false,
            }
    }

    /// The forms that are worth a try. Under a colour profile, grey stays grey and colours stay colours.
    pub(super) fn forms(&self, has_profile: bool) -> Vec<Form> {
        let mut forms = Vec::new();
        if let Some(pixels) = &self.pixels {
            let was_grey = matches!(self.own.colour, GREY | GREY_ALPHA);
            let may_be_grey = !has_profile || was_grey;
            forms.push(self.direct(pixels, may_be_grey));
            if !(has_profile && was_grey) {
                forms.extend(self.indexed(pixels));
            }
        }
        if !forms.contains(&self.own) {
            forms.push(self.own.clone());
        }
        forms
    }

    /// Grey or colours, with alpha where one is not opaque.
    fn direct(&self, pixels: &[[u8; 4]], may_be_grey: bool) -> Form {
        let is_grey = may_be_grey && pixels.iter().all(|[r, g, b, _]| r == g && g == b);
        let is_opaque = pixels.iter().all(|pixel| pixel[3] == 255);
        let (colour, depth) = match (is_grey, is_opaque) {
            (true, true) => (GREY, grey_depth(pixels)),
            (true, false) => (GREY_ALPHA, 8),
            (false, true) => (RGB, 8),
            (false, false) => (RGBA, 8),
        };
        let samples: Vec<u8> = match colour {
            GREY => pixels.iter().map(|pixel| pixel[0] >> (8 - depth)).collect(),
            GREY_ALPHA => pixels.iter().flat_map(|pixel| [pixel[0], pixel[3]]).collect(),
            RGB => pixels.iter().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
            _ => pixels.concat(),
        };
        self.form(colour, depth, samples)
    }

    /// With a palette, where there are 256 colours at most: those with alpha first, then as they come.
    fn indexed(&self, pixels: &[[u8; 4]]) -> Option<Form> {
        let mut found: BTreeMap<[u8; 4], usize> = BTreeMap::new();
        for pixel in pixels {
            let next = found.len();
            found.entry(*pixel).or_insert(next);
            if found.len() > 256 {
                return None;
            }
        }
        let mut colours: Vec<_> = found.iter().collect();
        colours.sort_by_key(|(colour, order)| (colour[3] == 255, **order));
        let index: BTreeMap<&[u8; 4], u8> = colours.iter().map(|(colour, _)| *colour).zip(0..=255).collect();
        let depth = match colours.len() {
            0..=2 => 1,
            3..=4 => 2,
            5..=16 => 4,
            _ => 8,
        };
        let samples = pixels.iter().map(|pixel| index[pixel]).collect();
        let alphas = colours.iter().map(|(colour, _)| colour[3]);
        Some(Form {
            palette: colours
                .iter()
                .flat_map(|(colour, _)| [colour[0], colour[1], colour[2]])
                .collect(),
            transparency: alphas.take_while(|alpha| *alpha < 255).collect(),
            ..self.form(PALETTE, depth, samples)
        })
    }

    /// With samples of one byte each, which are packed.
    fn form(&self, colour: u8, depth: u8, samples: Vec<u8>) -> Form {
        let width = usize::try_from(self.own.width).unwrap_or(usize::MAX);
        let lines = if depth == 8 {
            samples
        } else {
            let per_byte = usize::from(8 / depth);
            let pack = |samples: &[u8]| (0..per_byte).fold(0, |byte, at| byte << depth | samples.get(at).unwrap_or(&0));
            let lines = samples.chunks(width);
            lines
                .flat_map(|line| line.chunks(per_byte).map(pack).collect::<Vec<u8>>())
                .collect()
        };
        Form {
            width: self.own.width,
            height: self.own.height,
            colour,
            depth,
            palette: Vec::new(),
            transparency: Vec::new(),
            lines,
        }
    }
}

const fn samples(colour: u8) -> u8 {
    match colour {
        GREY_ALPHA => 2,
        RGB => 3,
        RGBA => 4,
        _ => 1,
    }
}

/// The bits that all greys can do with.
fn grey_depth(pixels: &[[u8; 4]]) -> u8 {
    let fits = |unit: u8| pixels.iter().all(|pixel| pixel[0].is_multiple_of(unit));
    match () {
        () if fits(255) => 1,
        () if fits(85) => 2,
        () if fits(17) => 4,
        () => 8,
    }
}

/// Red, green, blue and alpha of all pixels; none within where eight bits are not enough, none at all where the file
/// contradicts itself.
fn expand(form: &Form) -> Option<Option<Vec<[u8; 4]>>> {
    let stride = form.stride();
    let height = usize::try_from(form.height).ok()?;
    if form.lines.len() != stride.checked_mul(height)? {
        return None;
    }
    let count = usize::from(samples(form.colour));
    let key = form
        .transparency
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let key: Vec<u16> = if matches!(form.colour, GREY | RGB) {
        key.collect()
    } else {
        Vec::new()
    };
    let mut pixels = Vec::with_capacity(form.lines.len() / count);
    for line in form.lines.chunks(stride) {
        let samples = line_samples(line, form, count)?;
        for pixel in samples.chunks_exact(count) {
            match rgba(pixel, form, &key)? {
                Some(pixel) => pixels.push(pixel),
                None => return Some(None),
            }
        }
    }
    Some(Some(pixels))
}

/// The samples of a line as the file counts them.
fn line_samples(line: &[u8], form: &Form, count: usize) -> Option<Vec<u16>> {
    let all: Vec<u16> = match form.depth {
        16 => line
            .chunks_exact(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect(),
        8 => line.iter().map(|byte| u16::from(*byte)).collect(),
        depth @ (1 | 2 | 4) => {
            let shifts = (0..8 / depth).rev().map(|at| at * depth);
            let split = |byte: &u8| {
                shifts
                    .clone()
                    .map(|shift| u16::from(byte >> shift & ((1 << depth) - 1)))
                    .collect::<Vec<_>>()
            };
            line.iter().flat_map(split).collect()
        }
        _ => return None,
    };
    let width = usize::try_from(form.width).ok()?;
    Some(all.into_iter().take(width.checked_mul(count)?).collect())
}

fn rgba(samples: &[u16], form: &Form, key: &[u16]) -> Option<Option<[u8; 4]>> {
    if form.colour == PALETTE {
        let index = usize::from(samples[0]);
        let colour = form.palette.get(3 * index..3 * index + 3)?;
        let alpha = form.transparency.get(index).copied().unwrap_or(255);
        return Some(Some([colour[0], colour[1], colour[2], alpha]));
    }
    let mut bytes = [0; 4];
    for (byte, sample) in bytes.iter_mut().zip(samples) {
        *byte = match form.depth {
            16 if sample >> 8 == sample & 255 => u8::try_from(sample & 255).ok()?,
            16 => return Some(None),
            8 => u8::try_from(*sample).ok()?,
            depth => u8::try_from(sample * (255 / ((1 << depth) - 1))).ok()?,
        };
    }
    let alpha = if key == samples { 0 } else { 255 };
    let [a, b, c, d] = bytes;
    Some(Some(match form.colour {
        GREY => [a, a, a, alpha],
        GREY_ALPHA => [a, a, a, b],
        RGB => [a, b, c, alpha],
        _ => [a, b, c, d],
    }))
}
