//! Huffman's codes as JPEG has them (ITU-T T.81, annexes C and K.2): at most 16 bits long, and none of ones alone. Does
//! not know what is coded.

/// Symbols with codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    /// How many codes there are of each length, from 1 on.
    counts: [u8; 16],
    /// The symbols, shortest code first.
    symbols: Vec<u8>,
}

/// Reads bits, and undoes the stuffing behind each `ff`.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u32,
    count: u8,
}

/// Writes bits, with stuffing.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
    held: u32,
    count: u8,
}

impl Table {
    /// Of a segment that may hold several: the table, and the bytes that it takes.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let counts: [u8; 16] = bytes.get(..16)?.try_into().ok()?;
        let total: usize = counts.iter().map(|count| usize::from(*count)).sum();
        let symbols = bytes.get(16..16 + total)?.to_vec();
        Some((Self { counts, symbols }, 16 + total))
    }

    /// As [`Self::read`] reads it.
    pub(super) fn write(&self) -> Vec<u8> {
        [&self.counts[..], &self.symbols].concat()
    }

    /// The shortest codes for symbols that are used so often.
    pub(super) fn of(uses: &[u64; 256]) -> Option<Self> {
        let lengths = lengths(uses);
        let counts = limited(&lengths)?;
        let mut symbols: Vec<u8> = (0..=255).filter(|symbol| lengths[usize::from(*symbol)] > 0).collect();
        symbols.sort_by_key(|symbol| (lengths[usize::from(*symbol)], *symbol));
        Some(Self { counts, symbols })
    }

    /// Code and length of each symbol; length 0 without one.
    pub(super) fn codes(&self) -> Option<[(u16, u8); 256]> {
        let mut codes = [(0, 0); 256];
        let (mut code, mut symbols) = (0_u32, self.symbols.iter());
        for (length, count) in (1..=16).zip(self.counts) {
            for _ in 0..count {
                codes[usize::from(*symbols.next()?)] = (u16::try_from(code).ok()?, length);
                code += 1;
            }
            if code > 1 << length {
                return None;
            }
            code <<= 1;
        }
        Some(codes)
    }

    /// The next symbol.
    pub(super) fn decode(&self, reader: &mut Reader<'_>) -> Option<u8> {
        let (mut code, mut first, mut index) = (0_u32, 0_u32, 0_usize);
        for count in self.counts {
            code |= reader.bits(1)?;
            let count = u32::from(count);
            if code < first + count {
                return self.symbols.get(index + usize::try_from(code - first).ok()?).copied();
            }
            index += usize::try_from(count).ok()?;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}

/// The length of each symbol's code in a tree without a limit. A symbol of its own, 256, keeps the code of ones alone free.
fn lengths(uses: &[u64; 256]) -> [u8; 257] {
    let mut weights: Vec<u64> = uses.iter().copied().chain([1]).collect();
    let (mut lengths, mut next) = ([0_u8; 257], [usize::MAX; 257]);
    // Of two that are used equally often, the later symbol gets the longer code.
    let least = |weights: &[u64], but: usize| {
        let used = (0..257).filter(|symbol| weights[*symbol] > 0 && *symbol != but);
        used.min_by_key(|symbol| (weights[*symbol], std::cmp::Reverse(*symbol)))
    };
    while let Some(one) = least(&weights, usize::MAX) {
        let Some(other) = least(&weights, one) else { break };
        weights[one] += weights[other];
        weights[other] = 0;
        let end = lengthen(one, &mut lengths, &next);
        next[end] = other;
        lengthen(other, &mut lengths, &next);
    }
    lengths
}

/// Adds a bit to all codes of a branch; returns its last symbol.
fn lengthen(first: usize, lengths: &mut [u8; 257], next: &[usize; 257]) -> usize {
    let mut symbol = first;
    loop {
        lengths[symbol] += 1;
        match next[symbol] {
            usize::MAX => return symbol,
            following => symbol = following,
        }
    }
}

/// How many codes there are of each length, none longer than 16, without the one that is kept free.
fn limited(lengths: &[u8; 257]) -> Option<[u8; 16]> {
    let mut counts = [0_u32; 256];
    lengths
        .iter()
        .filter(|length| **length > 0)
        .for_each(|length| counts[usize::from(*length)] += 1);
    for length in (17..256).rev() {
        while counts[length] > 0 {
            let shorter = (1..length - 1).rev().find(|shorter| counts[*shorter] > 0)?;
            counts[length] -= 2;
            counts[length - 1] += 1;
            counts[shorter + 1] += 2;
            counts[shorter] -= 1;
        }
    }
    let longest = (1..=16).rev().find(|length| counts[*length] > 0)?;
    counts[longest] -= 1;
    let mut short = [0_u8; 16];
    for (short, count) in short.iter_mut().zip(&counts[1..]) {
        *short = u8::try_from(*count).ok()?;
    }
    Some(short)
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            held: 0,
            count: 0,
        }
    }

    /// The next bits, 16 at most.
    pub(super) fn bits(&mut self, wanted: u8) -> Option<u32> {
        while self.count < wanted {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            if byte == 0xff {
                if *self.bytes.get(self.at)? != 0 {
                    return None;
                }
                self.at += 1;
            }
            self.held = self.held << 8 | u32::from(byte);
            self.count += 8;
        }
        self.count -= wanted;
        let bits = self.held >> self.count & ((1 << wanted) - 1);
        self.held &= (1 << self.count) - 1;
        Some(bits)
    }

    /// Goes on behind a restart of this number.
    pub(super) fn restart(&mut self, number: u8) -> Option<()> {
        let is_there = self.is_padding() && self.bytes.get(self.at..self.at + 2)? == [0xff, 0xd0 + number];
        self.at += 2;
        (self.count, self.held) = (0, 0);
        is_there.then_some(())
    }

    /// Whether nothing follows but less than a byte.
    pub(super) fn is_at_end(&self) -> bool {
        self.is_padding() && self.at == self.bytes.len()
    }

    fn is_padding(&self) -> bool {
        self.count < 8
    }
}

impl Writer {
    /// Adds bits, 16 at most.
    pub(super) fn bits(&mut self, bits: u32, count: u8) {
        self.held = self.held << count | bits;
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let [.., byte] = (self.held >> self.count).to_be_bytes();
            self.bytes.push(byte);
            if byte == 0xff {
                self.bytes.push(0);
            }
            self.held &= (1 << self.count) - 1;
        }
    }

    /// Fills the last byte with ones.
    pub(super) fn pad(&mut self) {
        if self.count > 0 {
            let missing = 8 - self.count;
            self.bits((1 << missing) - 1, missing);
        }
    }

    /// Adds a restart of this number.
    pub(super) fn restart(&mut self, number: u8) {
        self.pad();
        self.bytes.extend([0xff, 0xd0 + number]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(of: &[(u8, u64)]) -> [u64; 256] {
        let mut uses = [0; 256];
        of.iter()
            .for_each(|(symbol, count)| uses[usize::from(*symbol)] = *count);
        uses
    }

    #[test]
    fn what_is_used_often_gets_a_short_code() {
        let table = Table::of(&uses(&[(7, 100), (1, 10), (9, 5), (200, 1)])).expect("a table");
        let codes = table.codes().expect("sound");
        let length = |symbol: usize| codes[symbol].1;
        assert_eq!((length(7), length(1), length(9), length(200)), (1, 2, 3, 4));
        assert_eq!(codes[200].0, 0b1110, "the code of ones alone is free");
    }

    #[test]
    fn no_code_is_longer_than_sixteen_bits() {
        // Fibonacci's numbers make the deepest tree.
        let mut counts = vec![(0_u8, 1_u64), (1, 1)];
        for symbol in 2..40 {
            let [.., (_, a), (_, b)] = counts[..] else {
                panic!("two there are")
            };
            counts.push((symbol, a + b));
        }
        let table = Table::of(&uses(&counts)).expect("a table");
        let codes = table.codes().expect("sound");
        assert!((0..40).all(|symbol| (1..=16).contains(&codes[symbol].1)));
    }

    #[test]
    fn what_is_written_is_read() {
        let table = Table::of(&uses(&[(0, 3), (0xf0, 2), (0x11, 9)])).expect("a table");
        let codes = table.codes().expect("sound");
        let symbols = [0_u8, 0x11, 0xf0, 0xf0, 0x11, 0];
        let mut writer = Writer::default();
        for symbol in symbols {
            let (code, length) = codes[usize::from(symbol)];
            writer.bits(u32::from(code), length);
            writer.bits(0xffff, 16);
        }
        writer.restart(3);
        let mut reader = Reader::new(&writer.bytes);
        for symbol in symbols {
            assert_eq!(table.decode(&mut reader), Some(symbol));
            assert_eq!(reader.bits(16), Some(0xffff));
        }
        assert_eq!(reader.restart(3), Some(()));
        assert!(reader.is_at_end());
        assert_eq!(Table::read(&table.write()), Some((table.clone(), 16 + 3)));
    }
}
