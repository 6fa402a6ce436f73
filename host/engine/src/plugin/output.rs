//! What a component says: its log lines and its standard streams, cut into lines and bounded together.
//!
//! Does not know who hears them. Whatever is over the limit is dropped, after one notice that says so.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi_io::bytes::Bytes;

use crate::plan::Level;

use super::settings::{CallLimits, MAX_LOG_LINE};

/// Bytes of standard error that an error shows.
const TAIL: usize = 2048;
/// Bytes that one write may bring.
const MAX_WRITE: usize = 64 << 10;

/// A line, and how loud it is.
pub(super) type Line = (Level, String);

/// Collects the lines of one call. Clones share one collection.
#[derive(Clone)]
pub(super) struct Output(Arc<Mutex<Lines>>);

struct Lines {
    ready: VecDeque<Line>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    tail: Vec<u8>,
    lines_left: u32,
    bytes_left: usize,
    full: bool,
}

impl Output {
    /// A collection that takes as much as the limits say.
    pub(super) fn new(limits: &CallLimits) -> Self {
        Self(Arc::new(Mutex::new(Lines {
            ready: VecDeque::new(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            tail: Vec::new(),
            lines_left: limits.log_lines,
            bytes_left: limits.log_bytes,
            full: false,
        })))
    }

    /// Takes a line.
    pub(super) fn say(&self, level: Level, line: &str) {
        self.lines().say(level, line);
    }

    /// Hands over the lines that are complete.
    pub(super) fn take(&self) -> Vec<Line> {
        self.lines().ready.drain(..).collect()
    }

    /// Hands over all lines, those without an end too.
    pub(super) fn finish(&self) -> Vec<Line> {
        let mut lines = self.lines();
        for stream in [Stream::Out, Stream::Err] {
            let rest = std::mem::take(lines.buffer(stream));
            if !rest.is_empty() {
                lines.say(stream.level(), &String::from_utf8_lossy(&rest));
            }
        }
        lines.ready.drain(..).collect()
    }

    /// The end of what was written to standard error.
    pub(super) fn tail(&self) -> String {
        String::from_utf8_lossy(&self.lines().tail).trim().to_owned()
    }

    /// Its standard output, or standard error.
    pub(super) fn stream(&self, stream: Stream) -> Pipe {
        Pipe(self.clone(), stream)
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn say(&mut self, level: Level, line: &str) {
        if self.full {
            return;
        }
        if self.lines_left == 0 || line.len() > self.bytes_left {
            self.full = true;
            let notice = "the builder said too much: farm drops the rest of its output".to_owned();
            self.ready.push_back((Level::Warn, notice));
            return;
        }
        self.lines_left -= 1;
        self.bytes_left -= line.len();
        self.ready.push_back((level, cut(line)));
    }

    fn write(&mut self, stream: Stream, bytes: &[u8]) {
        if stream != Stream::Out {
            self.tail.extend_from_slice(bytes);
            let excess = self.tail.len().saturating_sub(TAIL);
            self.tail.drain(..excess);
        }
        if stream == Stream::Unheard {
            return;
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let buffer = self.buffer(stream);
            buffer.extend_from_slice(piece);
            if piece.ends_with(b"\n") || buffer.len() > MAX_LOG_LINE {
                let line = std::mem::take(buffer);
                let text = String::from_utf8_lossy(&line);
                self.say(stream.level(), text.trim_end_matches(['\r', '\n']));
            }
        }
    }

    fn buffer(&mut self, stream: Stream) -> &mut Vec<u8> {
        match stream {
            Stream::Out => &mut self.stdout,
            Stream::Err | Stream::Unheard => &mut self.stderr,
        }
    }
}

fn cut(line: &str) -> String {
    if line.len() <= MAX_LOG_LINE {
        return line.to_owned();
    }
    let end = line.floor_char_boundary(MAX_LOG_LINE);
    format!("{}… ({} bytes more)", &line[..end], line.len() - end)
}

/// One of the standard streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
    /// Standard error where no standard streams are handed on: an error still shows its end.
    Unheard,
}

impl Stream {
    fn level(self) -> Level {
        match self {
            Self::Out => Level::Info,
            Self::Err | Self::Unheard => Level::Warn,
        }
    }
}

/// A standard stream that ends in an [`Output`].
#[derive(Clone)]
pub(super) struct Pipe(Output, Stream);

impl IsTerminal for Pipe {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Pipe {
    /// Only WASI 0.3 would ask for this.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for Pipe {
    async fn ready(&mut self) {}
}

impl OutputStream for Pipe {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.lines().write(self.1, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_WRITE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::Limits;

    fn output(lines: u32, bytes: usize) -> Output {
        Output::new(&CallLimits {
            log_lines: lines,
            log_bytes: bytes,
            ..Limits::default().plan
        })
    }

    fn write(output: &Output, bytes: &[u8]) {
        output.lines().write(Stream::Out, bytes);
    }

    #[test]
    fn writes_become_lines() {
        let output = output(10, 1000);
        write(&output, b"one\r\ntw");
        write(&output, b"o\nrest");
        let texts: Vec<_> = output.finish().into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["one", "two", "rest"]);
    }

    #[test]
    fn a08_a_flood_is_cut_with_one_notice() {
        let output = output(3, 1000);
        (0..100).for_each(|_| output.say(Level::Info, "x"));
        let lines = output.finish();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[3].0, Level::Warn);
    }

    #[test]
    fn a08_a_line_without_an_end_is_bounded() {
        let output = output(1000, 32 << 10);
        (0..1000).for_each(|_| write(&output, &[b'x'; 4096]));
        let lines = output.finish();
        assert!(lines.iter().map(|(_, text)| text.len()).sum::<usize>() < 33 << 10);
        output.say(Level::Info, "more");
        assert!(output.finish().is_empty());
    }
}
