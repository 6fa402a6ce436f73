//! WebP: leaves out what no browser shows. The picture itself stays as it is coded.

use super::bytes::part;
use super::exif::{Meaning, meaning};

const EXIF: u8 = 0b1000;
const XMP: u8 = 0b0100;

/// The file without Exif, XMP, and chunks that nobody knows; none when it is not understood.
pub(super) fn smaller(bytes: &[u8]) -> Option<Vec<u8>> {
    let size = usize::try_from(little(bytes, 4)?).ok()?;
    if part(bytes, 0, 4)? != b"RIFF" || part(bytes, 8, 4)? != b"WEBP" || size.checked_add(8)? != bytes.len() {
        return None;
    }
    let chunks = chunks(bytes)?;
    let (first, header) = chunks.first()?;
    if chunks.len() == 1 && matches!(*first, b"VP8 " | b"VP8L") {
        // There is nothing but the picture.
        return Some(bytes.to_vec());
    }
    if *first != b"VP8X" || header.len() != 10 {
        return None;
    }
    let width = 1 + u64::from(header[4]) + (u64::from(header[5]) << 8) + (u64::from(header[6]) << 16);
    let kept: Vec<_> = chunks[1..].iter().filter(|chunk| is_kept(chunk, width)).collect();
    let mut header = header.to_vec();
    header[0] &= !(EXIF | XMP);
    if kept.iter().any(|(name, _)| *name == b"EXIF") {
        header[0] |= EXIF;
    }
    let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
    push(&mut file, first, &header)?;
    for (name, content) in kept {
        push(&mut file, name, content)?;
    }
    let size = u32::try_from(file.len() - 8).ok()?;
    file[4..8].copy_from_slice(&size.to_le_bytes());
    Some(file)
}

type Chunk<'a> = (&'a [u8; 4], &'a [u8]);

fn chunks(bytes: &[u8]) -> Option<Vec<Chunk<'_>>> {
    let (mut chunks, mut at) = (Vec::new(), 12);
    while at < bytes.len() {
        let name = part(bytes, at, 4)?.try_into().ok()?;
        let size = usize::try_from(little(bytes, at + 4)?).ok()?;
        chunks.push((name, part(bytes, at + 8, size)?));
        at = at.checked_add(8 + size)?.checked_add(size % 2)?;
    }
    (at == bytes.len()).then_some(chunks)
}

/// What belongs to the picture. Chunks of a later standard might, but then the file would have to say so in its header.
fn is_kept((name, content): &Chunk<'_>, width: u64) -> bool {
    match *name {
        b"ALPH" | b"ANIM" | b"ANMF" | b"ICCP" | b"VP8 " | b"VP8L" => true,
        b"EXIF" => {
            let tiff = content.strip_prefix(b"Exif\0\0").unwrap_or(content);
            meaning(tiff, width) != Meaning::Nothing
        }
        _ => false,
    }
}

fn push(file: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) -> Option<()> {
    file.extend_from_slice(name);
    file.extend_from_slice(&u32::try_from(content.len()).ok()?.to_le_bytes());
    file.extend_from_slice(content);
    if content.len() % 2 == 1 {
        file.push(0);
    }
    Some(())
}

fn little(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(part(bytes, at, 4)?.try_into().ok()?))
}
