//! PNG: the same pixels in the smallest form that the format has for them, compressed as well as it goes.

mod compress;
mod pixels;

use super::Effort;
use super::bytes::{length32, number, part};
use compress::{compress, laboured};
use pixels::{Form, Picture};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Chunks that say how pixels are shown. All others beside the pixels are words, times and statistics.
const SHOWN: [&[u8; 4]; 9] = [
    b"cHRM", b"cICP", b"cLLI", b"eXIf", b"gAMA", b"iCCP", b"mDCV", b"pHYs", b"sRGB",
];

/// The bytes of all pixels, by which the work is counted; none when it is no PNG file.
pub(super) fn cost(bytes: &[u8]) -> Option<u64> {
    let chunks = chunks(bytes)?;
    let (_, header) = chunks.first().filter(|(name, _)| *name == b"IHDR")?;
    let (width, height) = (number(header, 0, 4)?, number(header, 4, 4)?);
    width.checked_mul(height)?.checked_mul(4)
}

/// The same picture in fewer bytes; none when the file is not understood.
pub(super) fn smaller(bytes: &[u8], effort: Effort) -> Option<Vec<u8>> {
    let chunks = chunks(bytes)?;
    let kept: Vec<_> = chunks.iter().filter(|(name, _)| SHOWN.contains(name)).collect();
    // Chunks whose names begin with a capital letter must be understood; an animation has several pictures.
    let is_known =
        |name: &&[u8; 4]| matches!(*name, b"IHDR" | b"PLTE" | b"IDAT" | b"IEND") || name[0].is_ascii_lowercase();
    if !chunks.iter().all(|(name, _)| is_known(name) && *name != b"acTL") {
        return None;
    }
    let has_profile = kept.iter().any(|(name, _)| matches!(*name, b"iCCP" | b"cICP"));
    let picture = decode(bytes)?;
    let best = picture
        .forms(has_profile)
        .into_iter()
        .filter_map(|form| Some((compress(&form, effort)?, form)))
        .min_by_key(|(data, form)| data.len() + form.palette.len() + form.transparency.len())?;
    let (data, form) = best;
    let file = write(&form, &laboured(data, effort), &kept)?;
    // The proof: what was written shows the same.
    decode(&file)?.is_same(&picture).then_some(file)
}

fn decode(bytes: &[u8]) -> Option<Picture> {
    let chunks = chunks(bytes)?;
    let transparency = chunks.iter().find(|(name, _)| *name == b"tRNS");
    Picture::decode(bytes, transparency.map_or(&[], |(_, content)| content))
}

type Chunk<'a> = (&'a [u8; 4], &'a [u8]);

fn chunks(bytes: &[u8]) -> Option<Vec<Chunk<'_>>> {
    let mut at = SIGNATURE.len();
    if part(bytes, 0, at)? != SIGNATURE {
        return None;
    }
    let mut chunks = Vec::new();
    while at < bytes.len() {
        let length = length32(bytes, at)?;
        let name = part(bytes, at + 4, 4)?.try_into().ok()?;
        chunks.push((name, part(bytes, at + 8, length)?));
        at = at.checked_add(length)?.checked_add(12)?;
    }
    (at == bytes.len()).then_some(chunks)
}

/// The content of all chunks of this name.
fn joined(chunks: &[Chunk<'_>], name: &[u8; 4]) -> Vec<u8> {
    let found = chunks.iter().filter(|(other, _)| *other == name);
    found.flat_map(|(_, content)| *content).copied().collect()
}

fn write(form: &Form, data: &[u8], kept: &[&Chunk<'_>]) -> Option<Vec<u8>> {
    let mut file = SIGNATURE.to_vec();
    let mut header = form.width.to_be_bytes().to_vec();
    header.extend(form.height.to_be_bytes());
    header.extend([form.depth, form.colour, 0, 0, 0]);
    push(&mut file, b"IHDR", &header)?;
    for (name, content) in kept {
        push(&mut file, name, content)?;
    }
    for (name, content) in [(b"PLTE", &form.palette), (b"tRNS", &form.transparency)] {
        if !content.is_empty() {
            push(&mut file, name, content)?;
        }
    }
    push(&mut file, b"IDAT", data)?;
    push(&mut file, b"IEND", b"")?;
    Some(file)
}

fn push(file: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) -> Option<()> {
    file.extend(u32::try_from(content.len()).ok()?.to_be_bytes());
    file.extend_from_slice(name);
    file.extend_from_slice(content);
    let mut crc = flate2::Crc::new();
    crc.update(name);
    crc.update(content);
    file.extend(crc.sum().to_be_bytes());
    Some(())
}
