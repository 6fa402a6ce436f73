//! JPEG: leaves out what no browser shows, and codes what is left as short as Huffman's tables can. Every coefficient
//! stays what it is.
//!
//! Progressive files have tables of their own making already: of them, only what is beside the picture is taken out.

mod huffman;
mod scan;

use super::bytes::{length16, part};
use super::exif::{self, Meaning};
use scan::{Frame, recode};

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const DHT: u8 = 0xc4;
const DRI: u8 = 0xdd;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP15: u8 = 0xef;
const ADOBE: u8 = 0xee;
const COMMENT: u8 = 0xfe;

/// What a file is made of, between its first and its last marker.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part<'a> {
    /// A marker with what belongs to it.
    Segment(u8, &'a [u8]),
    /// Coded coefficients, up to the next marker.
    Coded(&'a [u8]),
}

/// The same picture in fewer bytes; none when the file is not understood.
pub(super) fn smaller(bytes: &[u8]) -> Option<Vec<u8>> {
    let parts = parse(bytes)?;
    let width = width(&parts)?;
    let mut kept = Vec::new();
    for part in parts {
        kept.extend(keep(part, width)?);
    }
    let stripped = write(&kept);
    let recoded = recoded(&kept);
    Some(
        recoded
            .filter(|recoded| recoded.len() < stripped.len())
            .unwrap_or(stripped),
    )
}

fn parse(bytes: &[u8]) -> Option<Vec<Part<'_>>> {
    if part(bytes, 0, 2)? != [0xff, SOI] {
        return None;
    }
    let (mut parts, mut at) = (Vec::new(), 2);
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        match *bytes.get(at + 1)? {
            // Behind the end there may be another picture, such as a gain map.
            EOI => return (at + 2 == bytes.len()).then_some(parts),
            0xff => at += 1,
            0x00 | 0x01 | 0xd0..=SOI => return None,
            marker => {
                let length = length16(bytes, at + 2)?;
                parts.push(Part::Segment(marker, part(bytes, at + 4, length.checked_sub(2)?)?));
                at += 2 + length;
                if marker == SOS {
                    let end = at + coded(bytes.get(at..)?)?;
                    parts.push(Part::Coded(&bytes[at..end]));
                    at = end;
                }
            }
        }
    }
}

/// How many bytes there are before the next marker; restarts are no end.
fn coded(bytes: &[u8]) -> Option<usize> {
    let is_end = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7);
    bytes.windows(2).position(is_end)
}

fn width(parts: &[Part<'_>]) -> Option<u64> {
    let frame = parts.iter().find_map(|part| match part {
        Part::Segment(0xc0..=0xc2, frame) => Some(frame),
        _ => None,
    });
    u64::try_from(length16(frame?, 3)?).ok()
}

/// The parts that take the place of one; none when it may mean what is not understood here.
fn keep(part: Part<'_>, width: u64) -> Option<Vec<Kept<'_>>> {
    let Part::Segment(marker, content) = part else {
        return Some(vec![Kept::As(part)]);
    };
    match marker {
        APP1 if content.starts_with(b"Exif\0\0") => match exif::meaning(&content[6..], width) {
            Meaning::Nothing => Some(Vec::new()),
            Meaning::Turns(orientation) => Some(vec![Kept::Turned(orientation)]),
            Meaning::More => Some(vec![Kept::As(part)]),
        },
        // Several pictures in one file.
        APP2 if content.starts_with(b"MPF\0") => None,
        APP2 if content.starts_with(b"ICC_PROFILE\0") => Some(vec![Kept::As(part)]),
        APP0 if content.starts_with(b"JFIF\0") => Some(vec![Kept::As(part)]),
        ADOBE if content.starts_with(b"Adobe") => Some(vec![Kept::As(part)]),
        APP0..=APP15 | COMMENT => Some(Vec::new()),
        _ => Some(vec![Kept::As(part)]),
    }
}

/// What stays.
#[derive(Debug, Clone)]
enum Kept<'a> {
    As(Part<'a>),
    /// An Exif block that says how the picture is turned.
    Turned(u8),
}

fn write(kept: &[Kept<'_>]) -> Vec<u8> {
    let mut file = vec![0xff, SOI];
    for kept in kept {
        match kept {
            Kept::As(Part::Segment(marker, content)) => segment(&mut file, *marker, content),
            Kept::As(Part::Coded(bytes)) => file.extend_from_slice(bytes),
            Kept::Turned(orientation) => {
                let content = [b"Exif\0\0".to_vec(), exif::turned(*orientation)].concat();
                segment(&mut file, APP1, &content);
            }
        }
    }
    file.extend([0xff, EOI]);
    file
}

fn segment(file: &mut Vec<u8>, marker: u8, content: &[u8]) {
    file.extend([0xff, marker]);
    // It was read from a segment, or is shorter than one.
    let length = u16::try_from(content.len() + 2).unwrap_or(u16::MAX);
    file.extend(length.to_be_bytes());
    file.extend_from_slice(content);
}

/// With tables made for it, where it is one scan of the sequential kind.
fn recoded(kept: &[Kept<'_>]) -> Option<Vec<u8>> {
    let parts: Vec<&Part<'_>> = kept
        .iter()
        .filter_map(|kept| match kept {
            Kept::As(part) => Some(part),
            Kept::Turned(_) => None,
        })
        .collect();
    let frame = Frame::read(&parts)?;
    let (tables, coded) = recode(&frame)?;
    let mut all = Vec::new();
    for kept in kept {
        match kept {
            Kept::As(Part::Segment(DHT, _)) => {}
            Kept::As(Part::Segment(SOS, content)) => {
                all.push(Kept::As(Part::Segment(DHT, &tables)));
                all.push(Kept::As(Part::Segment(SOS, content)));
            }
            Kept::As(Part::Coded(_)) => all.push(Kept::As(Part::Coded(&coded))),
            other => all.push(other.clone()),
        }
    }
    Some(write(&all))
}
