//! AVIF: leaves out what no browser shows. The picture itself stays as it is coded.
//!
//! A file is a list of boxes. `meta` names the items (the picture, its alpha, its tiles, Exif, XMP), where each lies in
//! `mdat`, and how they belong together. Items are taken out of all of these, and `mdat` is written anew.

use std::collections::BTreeSet;

use super::bytes::{length32, number, part};
use crate::measure::length;

/// A box: its name, and what is in it.
type Part<'a> = (&'a [u8; 4], &'a [u8]);

/// Where the bytes of an item lie.
struct Place<'a> {
    id: u64,
    /// Whether in `mdat` or, in `meta` itself, in `idat`.
    method: u64,
    reference: u64,
    content: Vec<&'a [u8]>,
    extents: Vec<(u64, u64)>,
}

/// The file without Exif, XMP and free space; none when it is not understood.
pub(super) fn smaller(bytes: &[u8]) -> Option<Vec<u8>> {
    let boxes = boxes(bytes)?;
    let find = |name: &[u8; 4]| {
        let mut found = boxes
            .iter()
            .filter(|(other, _)| *other == name)
            .map(|(_, content)| *content);
        found.next().filter(|_| found.next().is_none())
    };
    let known: [&[u8; 4]; 5] = [b"ftyp", b"free", b"mdat", b"meta", b"skip"];
    let (first, meta) = (find(b"ftyp")?, find(b"meta")?);
    if boxes.first()?.0 != b"ftyp" || !boxes.iter().all(|(name, _)| known.contains(name)) {
        return None;
    }
    let meta = Meta::read(meta, bytes)?;
    // Items that share bytes could take more memory than there is.
    if meta.length()? > length(bytes) {
        return None;
    }
    let mut file = boxed(b"ftyp", first)?;
    // The places of the items depend on the size of `meta`, which does not depend on them.
    let size = meta.write(0)?.len();
    let start = file.len() + size + 8;
    file.extend(meta.write(u64::try_from(start).ok()?)?);
    let media: Vec<u8> = meta
        .kept()
        .filter(|place| place.method == 0)
        .flat_map(|place| place.content.concat())
        .collect();
    file.extend(boxed(b"mdat", &media)?);
    is_same(&meta, &file)?.then_some(file)
}

/// Reads what was written, and compares every item that was kept.
fn is_same(before: &Meta<'_>, file: &[u8]) -> Option<bool> {
    let found = boxes(file)?;
    let (_, meta) = found.iter().find(|(name, _)| *name == b"meta")?;
    let after = Meta::read(meta, file)?;
    let items = |meta: &Meta<'_>| -> Vec<(u64, Vec<u8>)> {
        let kept = meta.kept().filter(|place| place.method == 0);
        kept.map(|place| (place.id, place.content.concat())).collect()
    };
    Some(items(before) == items(&after) && after.dropped.is_empty())
}

/// The box `meta`, and what is taken out of it.
struct Meta<'a> {
    /// Version and flags.
    head: &'a [u8],
    parts: Vec<Part<'a>>,
    places: Vec<Place<'a>>,
    dropped: BTreeSet<u64>,
}

impl<'a> Meta<'a> {
    fn read(content: &'a [u8], file: &'a [u8]) -> Option<Self> {
        let head = part(content, 0, 4)?;
        let parts = boxes(content.get(4..)?)?;
        let known: [&[u8; 4]; 8] = [b"hdlr", b"pitm", b"iinf", b"iloc", b"iprp", b"iref", b"idat", b"grpl"];
        let is_known = |(name, _): &Part<'_>| known.contains(name) || matches!(*name, b"free" | b"skip");
        if !parts.iter().all(is_known) {
            return None;
        }
        let one = |name: &[u8; 4]| {
            parts
                .iter()
                .find(|(other, _)| *other == name)
                .map(|(_, content)| *content)
        };
        let dropped = metadata_items(one(b"iinf")?)?;
        // Properties of metadata, and groups with it, would have to be taken out as well: nobody writes those.
        if names_any(one(b"iprp")?, &dropped)? {
            return None;
        }
        let places = places(one(b"iloc")?, file)?;
        Some(Self {
            head,
            parts,
            places,
            dropped,
        })
    }

    fn kept(&self) -> impl Iterator<Item = &Place<'a>> {
        self.places.iter().filter(|place| !self.dropped.contains(&place.id))
    }

    /// How many bytes the items have that stay.
    fn length(&self) -> Option<u64> {
        let mut pieces = self.kept().flat_map(|place| &place.content);
        pieces.try_fold(0_u64, |sum, piece| sum.checked_add(length(piece)))
    }

    /// The box, for a `mdat` whose content starts here.
    fn write(&self, start: u64) -> Option<Vec<u8>> {
        let mut content = self.head.to_vec();
        for (name, part) in &self.parts {
            match *name {
                b"free" | b"skip" => {}
                b"iinf" => content.extend(boxed(name, &self.write_items(part)?)?),
                b"iref" => content.extend(boxed(name, &self.write_references(part)?)?),
                b"iloc" => content.extend(boxed(name, &self.write_places(start)?)?),
                _ => content.extend(boxed(name, part)?),
            }
        }
        boxed(b"meta", &content)
    }

    fn write_items(&self, part: &[u8]) -> Option<Vec<u8>> {
        let (wide, entries) = items(part)?;
        let kept: Vec<_> = entries.iter().filter(|item| !self.dropped.contains(&item.id)).collect();
        let mut content = part.get(..4)?.to_vec();
        push(&mut content, u64::try_from(kept.len()).ok()?, if wide { 4 } else { 2 });
        for item in kept {
            content.extend(boxed(b"infe", item.content)?);
        }
        Some(content)
    }

    /// References of what is gone. One from an item that stays to one that is gone would be another kind of file.
    fn write_references(&self, part: &[u8]) -> Option<Vec<u8>> {
        let width = if part.first()? == &0 { 2 } else { 4 };
        let mut content = part.get(..4)?.to_vec();
        for (name, reference) in boxes(part.get(4..)?)? {
            let from = number(reference, 0, width)?;
            if self.dropped.contains(&from) {
                continue;
            }
            let count = usize::try_from(number(reference, width, 2)?).ok()?;
            for index in 0..count {
                let to = number(reference, width + 2 + index * width, width)?;
                if self.dropped.contains(&to) {
                    return None;
                }
            }
            content.extend(boxed(name, reference)?);
        }
        Some(content)
    }

    /// Version 1, each item in one piece, with offsets and lengths of four bytes.
    fn write_places(&self, start: u64) -> Option<Vec<u8>> {
        let wide = self.places.iter().any(|place| place.id > 0xffff);
        let mut content = vec![if wide { 2 } else { 1 }, 0, 0, 0, 0x44, 0x00];
        let kept: Vec<_> = self.kept().collect();
        let width = if wide { 4 } else { 2 };
        push(&mut content, u64::try_from(kept.len()).ok()?, width);
        let mut at = start;
        for place in kept {
            let length: usize = place.content.iter().map(|piece| piece.len()).sum();
            push(&mut content, place.id, width);
            push(&mut content, place.method, 2);
            push(&mut content, place.reference, 2);
            if place.method == 0 {
                let length = u64::try_from(length).ok()?;
                push(&mut content, 1, 2);
                push(&mut content, u64::from(u32::try_from(at).ok()?), 4);
                push(&mut content, length, 4);
                at += length;
            } else {
                push(&mut content, u64::try_from(place.extents.len()).ok()?, 2);
                for (offset, length) in &place.extents {
                    push(&mut content, u64::from(u32::try_from(*offset).ok()?), 4);
                    push(&mut content, u64::from(u32::try_from(*length).ok()?), 4);
                }
            }
        }
        Some(content)
    }
}

/// An entry of `iinf`.
struct Item<'a> {
    id: u64,
    is_metadata: bool,
    content: &'a [u8],
}

/// Whether their number has four bytes, and the items.
fn items(part: &[u8]) -> Option<(bool, Vec<Item<'_>>)> {
    let wide = part.first()? != &0;
    let after = if wide { 8 } else { 6 };
    let mut items = Vec::new();
    for (name, content) in boxes(part.get(after..)?)? {
        let version = *content.first()?;
        if name != b"infe" || !matches!(version, 2 | 3) {
            return None;
        }
        let width = if version == 2 { 2 } else { 4 };
        let kind = self::part(content, 6 + width, 4)?;
        items.push(Item {
            id: number(content, 4, width)?,
            is_metadata: matches!(kind, b"Exif" | b"mime"),
            content,
        });
    }
    Some((wide, items))
}

fn metadata_items(part: &[u8]) -> Option<BTreeSet<u64>> {
    let (_, items) = items(part)?;
    Some(
        items
            .iter()
            .filter(|item| item.is_metadata)
            .map(|item| item.id)
            .collect(),
    )
}

/// Whether the associations of `iprp` name one of these items.
fn names_any(part: &[u8], ids: &BTreeSet<u64>) -> Option<bool> {
    let mut found = false;
    for (_, content) in boxes(part)?.iter().filter(|(name, _)| *name == b"ipma") {
        let (version, flags) = (*content.first()?, *content.get(3)?);
        let width = if version == 0 { 2 } else { 4 };
        let mut at = 8;
        for _ in 0..number(content, 4, 4)? {
            found |= ids.contains(&number(content, at, width)?);
            let count = usize::from(*content.get(at + width)?);
            at += width + 1 + count * if flags & 1 == 1 { 2 } else { 1 };
        }
    }
    Some(found)
}

fn places<'a>(part: &[u8], file: &'a [u8]) -> Option<Vec<Place<'a>>> {
    let version = *part.first()?;
    let (sizes, more) = (usize::from(*part.get(4)?), usize::from(*part.get(5)?));
    let (offset_size, length_size) = (sizes >> 4, sizes & 15);
    let (base_size, index_size) = (more >> 4, if version == 0 { 0 } else { more & 15 });
    if length_size == 0 {
        return None;
    }
    let width = if version == 2 { 4 } else { 2 };
    let mut at = 6;
    let mut next = |length: usize| {
        let found = if length == 0 { Some(0) } else { number(part, at, length) };
        at += length;
        found
    };
    let mut places = Vec::new();
    for _ in 0..next(width)? {
        let id = next(width)?;
        let method = if version == 0 { 0 } else { next(2)? & 15 };
        let (reference, base) = (next(2)?, next(base_size)?);
        let (mut content, mut extents) = (Vec::new(), Vec::new());
        for _ in 0..next(2)? {
            next(index_size)?;
            let (offset, length) = (base.checked_add(next(offset_size)?)?, next(length_size)?);
            if method == 0 {
                // A length of 0 stands for all of the file.
                let length = usize::try_from(length).ok().filter(|length| *length > 0)?;
                content.push(self::part(file, usize::try_from(offset).ok()?, length)?);
            }
            extents.push((offset, length));
        }
        if method > 1 || reference != 0 {
            return None;
        }
        places.push(Place {
            id,
            method,
            reference,
            content,
            extents,
        });
    }
    Some(places)
}

/// The boxes of a file or of a box.
fn boxes(bytes: &[u8]) -> Option<Vec<Part<'_>>> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let (size, name) = (length32(bytes, at)?, part(bytes, at + 4, 4)?);
        // 1 stands for a size of eight bytes, 0 for all that follows.
        let (head, size) = match size {
            0 => (8, bytes.len() - at),
            1 => (16, usize::try_from(number(bytes, at + 8, 8)?).ok()?),
            size => (8, size),
        };
        found.push((name.try_into().ok()?, part(bytes, at + head, size.checked_sub(head)?)?));
        at = at.checked_add(size)?;
    }
    Some(found)
}

fn boxed(name: &[u8; 4], content: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = u32::try_from(content.len() + 8).ok()?.to_be_bytes().to_vec();
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(content);
    Some(bytes)
}

fn push(bytes: &mut Vec<u8>, value: u64, length: usize) {
    bytes.extend_from_slice(&value.to_be_bytes()[8 - length..]);
}
