//! The coded coefficients of one sequential scan: read as tokens, and written with other tables. Does not know what the
//! coefficients stand for.

use super::huffman::{Reader, Table, Writer};
use super::{DHT, DRI, Part, SOS};
use crate::images::bytes::length16;

/// Pictures of more tokens keep their tables: the tokens of this many take 96 MiB.
const MOST: usize = 24 * 1024 * 1024;

/// A picture of one sequential scan.
pub(super) struct Frame<'a> {
    /// Of the tables, at `class << 2 | number`: of first coefficients, then of all others.
    tables: [Option<Table>; 8],
    /// The tables of each block of the smallest unit that is coded, in their order.
    blocks: Vec<(u8, u8)>,
    /// How many of these units there are.
    units: usize,
    /// After how many units the coding starts again; 0 for never.
    restart: usize,
    coded: &'a [u8],
}

/// A symbol, by which table, and the bits behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token {
    table: u8,
    symbol: u8,
    bits: u16,
}

/// A component of the picture.
struct Component {
    id: u8,
    across: usize,
    down: usize,
}

impl<'a> Frame<'a> {
    /// None where it is not one sequential scan with eight bits.
    pub(super) fn read(parts: &[&Part<'a>]) -> Option<Self> {
        let mut tables = [const { None }; 8];
        let (mut frame, mut scan, mut coded, mut restart) = (None, None, None, 0);
        for part in parts {
            match part {
                Part::Segment(DHT, content) => read_tables(content, &mut tables)?,
                Part::Segment(DRI, content) => restart = length16(content, 0)?,
                Part::Segment(0xc0 | 0xc1, content) if frame.is_none() => frame = Some(*content),
                Part::Segment(0xc0..=0xcf, _) => return None,
                Part::Segment(SOS, content) if scan.is_none() => scan = Some(*content),
                Part::Segment(SOS | 0xdc, _) => return None,
                Part::Coded(bytes) => coded = Some(*bytes),
                Part::Segment(..) => {}
            }
        }
        let (size, components) = read_components(frame?)?;
        let (blocks, units) = read_scan(scan?, size, &components)?;
        Some(Self {
            tables,
            blocks,
            units,
            restart,
            coded: coded?,
        })
    }

    fn tokens(&self) -> Option<Vec<Token>> {
        let mut reader = Reader::new(self.coded);
        let mut tokens = Vec::new();
        for unit in 0..self.units {
            if let Some(number) = self.restart_before(unit) {
                reader.restart(number)?;
            }
            for (first, others) in &self.blocks {
                self.read_block((*first, *others), &mut reader, &mut tokens)?;
            }
            if tokens.len() > MOST {
                return None;
            }
        }
        reader.is_at_end().then_some(tokens)
    }

    fn read_block(&self, (first, others): (u8, u8), reader: &mut Reader<'_>, tokens: &mut Vec<Token>) -> Option<()> {
        let mut token = |table: u8| {
            let symbol = self.tables[usize::from(table)].as_ref()?.decode(reader)?;
            let bits = u16::try_from(reader.bits(symbol & 15)?).ok()?;
            tokens.push(Token { table, symbol, bits });
            Some(symbol)
        };
        if token(first)? > 15 {
            return None;
        }
        let mut index = 1;
        while index < 64 {
            let symbol = token(others)?;
            match (symbol >> 4, symbol & 15) {
                (0, 0) => return Some(()),
                (15, 0) => index += 16,
                (_, 0) => return None,
                (zeros, _) => index += usize::from(zeros) + 1,
            }
        }
        (index == 64).then_some(())
    }

    /// The number of the restart before this unit, where there is one.
    fn restart_before(&self, unit: usize) -> Option<u8> {
        let is_there = self.restart > 0 && unit > 0 && unit.is_multiple_of(self.restart);
        is_there.then(|| u8::try_from((unit / self.restart - 1) % 8).unwrap_or_default())
    }

    /// How many tokens there are in each unit is not known: a block ends with its own last token.
    fn write(&self, tokens: &[Token]) -> Option<Vec<u8>> {
        let mut codes = [const { None }; 8];
        for (codes, table) in codes.iter_mut().zip(&self.tables) {
            *codes = table.as_ref().and_then(Table::codes);
        }
        let (mut writer, mut rest) = (Writer::default(), tokens.iter());
        for unit in 0..self.units {
            if let Some(number) = self.restart_before(unit) {
                writer.restart(number);
            }
            for _ in &self.blocks {
                let mut index = 0;
                while index < 64 {
                    let token = rest.next()?;
                    let (code, length) = codes[usize::from(token.table)].as_ref()?[usize::from(token.symbol)];
                    writer.bits(u32::from(code), length);
                    writer.bits(u32::from(token.bits), token.symbol & 15);
                    index = match (index, token.symbol) {
                        (0, _) => 1,
                        (_, 0) => 64,
                        (index, symbol) => index + usize::from(symbol >> 4) + 1,
                    };
                }
            }
        }
        writer.pad();
        Some(writer.bytes)
    }
}

/// The content of a segment with the best tables, and the coefficients coded by them.
pub(super) fn recode(frame: &Frame<'_>) -> Option<(Vec<u8>, Vec<u8>)> {
    let tokens = frame.tokens()?;
    let mut uses = [[0_u64; 256]; 8];
    for token in &tokens {
        uses[usize::from(token.table)][usize::from(token.symbol)] += 1;
    }
    let mut tables = [const { None }; 8];
    let mut segment = Vec::new();
    for (index, uses) in (0_u8..)
        .zip(&uses)
        .filter(|(_, uses)| uses.iter().any(|count| *count > 0))
    {
        let table = Table::of(uses)?;
        segment.push((index & 4) << 2 | index & 3);
        segment.extend(table.write());
        tables[usize::from(index)] = Some(table);
    }
    let better = Frame {
        tables,
        blocks: frame.blocks.clone(),
        coded: &[],
        ..*frame
    };
    let coded = better.write(&tokens)?;
    let again = Frame {
        coded: &coded,
        ..better
    };
    (again.tokens()? == tokens).then_some((segment, coded))
}

fn read_tables(mut content: &[u8], tables: &mut [Option<Table>; 8]) -> Option<()> {
    while let Some((head, rest)) = content.split_first() {
        let (class, number) = (head >> 4, head & 15);
        if class > 1 || number > 3 {
            return None;
        }
        let (table, length) = Table::read(rest)?;
        tables[usize::from(class << 2 | number)] = Some(table);
        content = &rest[length..];
    }
    Some(())
}

fn read_components(frame: &[u8]) -> Option<((usize, usize), Vec<Component>)> {
    let (height, width) = (length16(frame, 1)?, length16(frame, 3)?);
    let count = usize::from(*frame.get(5)?);
    if *frame.first()? != 8 || height == 0 || width == 0 || frame.len() != 6 + 3 * count {
        return None;
    }
    let component = |bytes: &[u8]| Component {
        id: bytes[0],
        across: usize::from(bytes[1] >> 4),
        down: usize::from(bytes[1] & 15),
    };
    let components: Vec<_> = frame[6..].chunks_exact(3).map(component).collect();
    let is_sound = |component: &Component| (1..=4).contains(&component.across) && (1..=4).contains(&component.down);
    components.iter().all(is_sound).then_some(((width, height), components))
}

/// The blocks of a unit, with their tables, and how many units there are.
fn read_scan(scan: &[u8], (width, height): (usize, usize), all: &[Component]) -> Option<(Vec<(u8, u8)>, usize)> {
    let count = usize::from(*scan.first()?);
    if count != all.len() || scan.len() != 4 + 2 * count || scan[1 + 2 * count..] != [0, 63, 0] {
        return None;
    }
    let mut blocks = Vec::new();
    for pair in scan[1..=2 * count].chunks_exact(2) {
        let component = all.iter().find(|component| component.id == pair[0])?;
        let (first, others) = (pair[1] >> 4, pair[1] & 15);
        if first > 3 || others > 3 {
            return None;
        }
        // A scan of one component has no units of several blocks.
        let number = if count == 1 {
            1
        } else {
            component.across * component.down
        };
        blocks.extend(std::iter::repeat_n((first, 4 | others), number));
    }
    let largest = |side: fn(&Component) -> usize| {
        if count == 1 {
            1
        } else {
            all.iter().map(side).max().unwrap_or(1)
        }
    };
    let across = width.div_ceil(8 * largest(|component| component.across));
    let down = height.div_ceil(8 * largest(|component| component.down));
    Some((blocks, across * down))
}
