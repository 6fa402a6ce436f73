//! Exif: of all that a camera writes, what a browser obeys. Does not know what it is embedded in.

use super::bytes::part;

/// What a browser does with an image because of its Exif.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing.
    Nothing,
    /// It turns or mirrors the image.
    Turns(u8),
    /// Something that is not understood here: it may give the image another size.
    More,
}

const ORIENTATION: u64 = 0x0112;
const EXIF_FOLDER: u64 = 0x8769;
const PIXEL_WIDTH: u64 = 0xa002;

/// A TIFF structure in one of its two byte orders.
struct Tiff<'a> {
    bytes: &'a [u8],
    is_big: bool,
}

/// What the TIFF structure of an Exif block means for an image of this width.
pub(super) fn meaning(tiff: &[u8], width: u64) -> Meaning {
    read(tiff, width).unwrap_or(Meaning::More)
}

fn read(bytes: &[u8], width: u64) -> Option<Meaning> {
    let is_big = match part(bytes, 0, 4)? {
        b"MM\0*" => true,
        b"II*\0" => false,
        _ => return None,
    };
    let tiff = Tiff { bytes, is_big };
    let first = tiff.number(4, 4)?;
    let orientation = tiff.entry(first, ORIENTATION)?.unwrap_or(1);
    if let Some(folder) = tiff.entry(first, EXIF_FOLDER)? {
        // Chrome takes an image for one of a screen with a high density where this is not its width.
        let is_own = |stated: u64| stated == width;
        if !tiff.entry(folder, PIXEL_WIDTH)?.is_none_or(is_own) {
            return Some(Meaning::More);
        }
    }
    Some(match u8::try_from(orientation).ok()? {
        0 | 1 => Meaning::Nothing,
        turns @ 2..=8 => Meaning::Turns(turns),
        _ => return None,
    })
}

impl Tiff<'_> {
    fn number(&self, at: u64, length: usize) -> Option<u64> {
        let bytes = part(self.bytes, usize::try_from(at).ok()?, length)?;
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.is_big {
            bytes.iter().fold(0, add)
        } else {
            bytes.iter().rev().fold(0, add)
        })
    }

    /// The value of a tag in a folder: one number of two or four bytes.
    fn entry(&self, folder: u64, tag: u64) -> Option<Option<u64>> {
        for index in 0..self.number(folder, 2)? {
            let at = folder + 2 + 12 * index;
            if self.number(at, 2)? == tag {
                return Some(Some(match self.number(at + 2, 2)? {
                    3 => self.number(at + 8, 2)?,
                    4 => self.number(at + 8, 4)?,
                    _ => return None,
                }));
            }
        }
        Some(None)
    }
}

/// A TIFF structure that says how the image is turned, and nothing else.
pub(super) fn turned(orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    tiff.extend([orientation, 0, 0, 0, 0, 0, 0]);
    tiff
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Little-endian: an orientation, and a width in the folder of Exif.
    fn camera(orientation: u8, width: u8) -> Vec<u8> {
        let mut tiff = b"II*\0\x08\0\0\0\x02\0".to_vec();
        tiff.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
        tiff.extend([0x69, 0x87, 4, 0, 1, 0, 0, 0, 38, 0, 0, 0]);
        tiff.extend([0, 0, 0, 0]);
        tiff.extend([1, 0, 0x02, 0xa0, 3, 0, 1, 0, 0, 0, width, 0, 0, 0, 0, 0, 0, 0]);
        tiff
    }

    #[test]
    fn orientation_is_what_matters() {
        assert_eq!(meaning(&camera(1, 40), 40), Meaning::Nothing);
        assert_eq!(meaning(&camera(6, 40), 40), Meaning::Turns(6));
        assert_eq!(meaning(&turned(6), 40), Meaning::Turns(6));
    }

    #[test]
    fn another_width_and_broken_bytes_may_mean_more() {
        assert_eq!(meaning(&camera(1, 20), 40), Meaning::More);
        assert_eq!(meaning(&camera(9, 40), 40), Meaning::More);
        assert_eq!(meaning(&camera(1, 40)[..30], 40), Meaning::More);
        assert_eq!(meaning(b"", 40), Meaning::More);
    }
}
