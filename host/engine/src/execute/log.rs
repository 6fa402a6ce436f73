//! What an action says: passed on as it comes, in whole characters, with the values of its secrets taken out, and kept up
//! to a bound.
//!
//! Does not know where secrets come from, nor who listens.

use std::ops::Range;

use crate::event::Stream;

/// Most bytes of each output stream that are kept.
const MAX_KEPT: usize = 8 << 20;
/// A secret shorter than this hides nothing, and would take much else out.
const LEAST_SECRET: usize = 4;
/// What stands in the place of a secret.
const MASK: &[u8] = b"***";

/// Takes an action's output as it comes.
pub(super) type OutputFn<'a> = &'a mut (dyn FnMut(Stream, &[u8]) + Send);

/// The output of one action.
#[derive(Debug)]
pub(super) struct Log {
    stdout: Half,
    stderr: Half,
    secrets: Vec<Vec<u8>>,
    /// How much of each stream is kept.
    room: usize,
}

/// One of its streams.
#[derive(Debug, Default)]
struct Half {
    /// What was passed on, up to the bound.
    kept: Vec<u8>,
    /// What may be the beginning of a secret or of a character.
    held: Vec<u8>,
}

impl Log {
    /// An empty log, of an action with these secrets.
    pub(super) fn new(secrets: Vec<String>) -> Self {
        Self {
            stdout: Half::default(),
            stderr: Half::default(),
            secrets: secrets.iter().flat_map(|secret| hidden(secret)).collect(),
            room: MAX_KEPT,
        }
    }

    /// The same, of which nothing is kept.
    pub(super) fn unkept(secrets: Vec<String>) -> Self {
        Self {
            room: 0,
            ..Self::new(secrets)
        }
    }

    /// What is kept of a stream; the builder's own words are with standard error.
    pub(super) fn kept(&self, stream: Stream) -> &[u8] {
        match stream {
            Stream::Stdout => &self.stdout.kept,
            Stream::Stderr | Stream::Builder => &self.stderr.kept,
        }
    }

    /// Takes some output, and passes on all that is sure to be no part of a secret.
    pub(super) fn take(&mut self, stream: Stream, bytes: &[u8], output: OutputFn<'_>) {
        let secrets = &self.secrets;
        let half = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr | Stream::Builder => &mut self.stderr,
        };
        half.held.extend(bytes);
        let spans = spans(secrets, &half.held);
        let end = sure(secrets, &half.held, &spans);
        half.pass_on(stream, (end, &spans), self.room, output);
    }

    /// Passes on what was held back.
    pub(super) fn flush(&mut self, output: OutputFn<'_>) {
        for (stream, half) in [(Stream::Stdout, &mut self.stdout), (Stream::Stderr, &mut self.stderr)] {
            let spans = spans(&self.secrets, &half.held);
            half.pass_on(stream, (half.held.len(), &spans), self.room, output);
        }
    }
}

impl Half {
    /// Passes on what is held up to `end`, without these spans.
    fn pass_on(&mut self, stream: Stream, (end, spans): (usize, &[Range<usize>]), room: usize, output: OutputFn<'_>) {
        if end == 0 {
            return;
        }
        let mut told = Vec::with_capacity(end);
        let mut at = 0;
        for span in spans.iter().filter(|span| span.end <= end) {
            told.extend(&self.held[at..span.start]);
            told.extend(MASK);
            at = span.end;
        }
        told.extend(&self.held[at..end]);
        self.held.drain(..end);
        let room = room.saturating_sub(self.kept.len());
        self.kept.extend(&told[..told.len().min(room)]);
        output(stream, &told);
    }
}

/// What must not be shown of a secret: all of it, and each of its lines, since a tool may indent them.
fn hidden(secret: &str) -> impl Iterator<Item = Vec<u8>> {
    let lines = secret.lines().map(str::trim);
    let all = std::iter::once(secret).chain(lines);
    let long = all.filter(|text| text.len() >= LEAST_SECRET);
    long.map(|text| text.as_bytes().to_vec())
}

/// Where secrets stand, in order; those that overlap are one.
fn spans(secrets: &[Vec<u8>], text: &[u8]) -> Vec<Range<usize>> {
    let found = secrets.iter().flat_map(|secret| {
        let places = text.windows(secret.len()).enumerate();
        let places = places.filter(move |(_, place)| place == secret);
        places.map(|(start, place)| start..start + place.len())
    });
    let mut found: Vec<Range<usize>> = found.collect();
    found.sort_by_key(|span| span.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for span in found {
        match merged.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

/// Up to where text can be passed on: what follows may become a secret or a character, or belongs to a secret that may
/// overlap with one.
fn sure(secrets: &[Vec<u8>], text: &[u8], spans: &[Range<usize>]) -> usize {
    let begun = secrets.iter().map(|secret| begun(secret, text)).max().unwrap_or(0);
    let end = text.len() - begun.max(unfinished_character(text));
    let open = spans.iter().find(|span| span.start < end && end < span.end);
    open.map_or(end, |span| span.start)
}

/// How many bytes at the end of the text are a beginning of the secret.
fn begun(secret: &[u8], text: &[u8]) -> usize {
    let longest = secret.len().saturating_sub(1).min(text.len());
    let mut lengths = (1..=longest).rev();
    lengths.find(|length| text.ends_with(&secret[..*length])).unwrap_or(0)
}

/// How many bytes at the end of the text are a beginning of a character in UTF-8.
fn unfinished_character(text: &[u8]) -> usize {
    let last = text.iter().rev().take(3).zip(1..);
    for (byte, length) in last {
        let needed = match byte {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            0x80..=0xbf => continue,
            _ => 0,
        };
        return if needed > length { length } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of pieces of standard output, piece by piece, and what is kept of it.
    fn told(secrets: &[&str], pieces: &[&[u8]]) -> (Vec<String>, String) {
        let mut log = Log::new(secrets.iter().map(|&secret| secret.to_owned()).collect());
        let mut told: Vec<String> = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        for piece in pieces {
            log.take(Stream::Stdout, piece, &mut |_, bytes| told.push(text(bytes)));
        }
        log.flush(&mut |_, bytes| told.push(text(bytes)));
        let kept = text(log.kept(Stream::Stdout));
        (told, kept)
    }

    #[test]
    fn without_secrets_all_is_told_at_once() {
        let (told, kept) = told(&[], &[b"one\n", b"two"]);
        assert_eq!(told, ["one\n", "two"]);
        assert_eq!(kept, "one\ntwo");
    }

    #[test]
    fn a_secret_is_taken_out_wherever_it_is_cut() {
        let whole = b"key=sesame!";
        for cut in 0..whole.len() {
            let (told, kept) = told(&["sesame"], &[&whole[..cut], &whole[cut..]]);
            assert_eq!(told.concat(), "key=***!", "cut at {cut}");
            assert_eq!(kept, "key=***!");
        }
    }

    #[test]
    fn what_is_no_beginning_of_a_secret_does_not_wait() {
        let (told, _) = told(&["sesame"], &[b"working ...\n", b"done ses", b"sion\n"]);
        assert_eq!(told, ["working ...\n", "done ", "session\n"]);
    }

    #[test]
    fn secrets_that_overlap_leave_nothing_of_each_other() {
        assert_eq!(told(&["abcd", "abcdef"], &[b"abcd", b"ef."]).0.concat(), "***.");
        assert_eq!(told(&["abcd", "abcdef"], &[b"abcd", b"x."]).0.concat(), "***x.");
        assert_eq!(told(&["wxyz", "yzab"], &[b"wxyz", b"ab."]).0.concat(), "***.");
        assert_eq!(told(&["aaaa"], &[b"aaaaaa"]).0.concat(), "***");
    }

    #[test]
    fn each_line_of_a_secret_is_one() {
        let key = "-----BEGIN-----\nMIIEvQIBADAN\n-----END-----\n";
        let (told, _) = told(&[key], &[b"  MIIEvQIBADAN\n", b"x\n"]);
        assert_eq!(told.concat(), "  ***\nx\n");
    }

    #[test]
    fn a_secret_of_a_few_letters_would_take_everything_out() {
        assert_eq!(told(&["no"], &[b"no news"]).0.concat(), "no news");
    }

    #[test]
    fn a_character_is_told_whole() {
        let text = "a\u{20ac}b".as_bytes();
        let (told, _) = told(&[], &[&text[..2], &text[2..]]);
        assert_eq!(told, ["a", "\u{20ac}b"]);
        assert_eq!(
            self::told(&[], &[b"\xff\xfe", b"x"]).0.len(),
            2,
            "no character is waited for"
        );
        assert_eq!(self::told(&[], &[b"\xe2"]).0.concat(), "\u{fffd}", "nothing is lost");
    }

    #[test]
    fn the_bound_is_for_what_is_kept_alone() {
        let mut log = Log::unkept(Vec::new());
        let mut heard = 0;
        log.take(Stream::Stderr, b"all", &mut |_, bytes| heard += bytes.len());
        assert_eq!((heard, log.kept(Stream::Stderr)), (3, &b""[..]));
    }
}
