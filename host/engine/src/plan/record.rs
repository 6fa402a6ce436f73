//! The record of what a plan asked and was answered, so that the plan can be cached until an answer changes.
//!
//! Answers are kept as digests only. Does not know who answers, nor where records are stored.

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Hasher};
use crate::plan::source::{AccessError, EntryKind, Level, Source};

/// A question that a plan asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// `host.read`
    Read(String),
    /// `host.look`
    Look(String),
    /// `host.glob`
    Glob {
        /// Patterns to take.
        include: Vec<String>,
        /// Patterns to leave out.
        exclude: Vec<String>,
    },
    /// `host.has-tool`
    HasTool(String),
}

/// A question and the digest of its answer, absences and refusals included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// What was asked.
    pub question: Question,
    /// What was answered.
    pub answer: Digest,
}

/// A source that records what it is asked on the way to another one.
#[derive(Debug)]
pub struct Recorder<S> {
    source: S,
    reads: Vec<Read>,
    logs: Vec<(Level, String)>,
    lacks_tool: bool,
}

impl<S: Source> Recorder<S> {
    /// Records what is asked of this source.
    pub const fn new(source: S) -> Self {
        Self {
            source,
            reads: Vec::new(),
            logs: Vec::new(),
            lacks_tool: false,
        }
    }

    /// Whether the last answer was that a tool is not there: what a plan that then gives up has stumbled over.
    pub const fn lacks_tool(&self) -> bool {
        self.lacks_tool
    }

    /// What was asked, in order, what the plan said to the user, and the source.
    pub fn finish(self) -> (Vec<Read>, Vec<(Level, String)>, S) {
        (self.reads, self.logs, self.source)
    }

    fn record(&mut self, question: Question, answer: Digest) {
        self.lacks_tool = false;
        self.reads.push(Read { question, answer });
    }
}

impl<S: Source> Source for Recorder<S> {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, AccessError> {
        let answer = self.source.read(path);
        self.record(Question::Read(path.to_owned()), of_read(&answer));
        answer
    }

    fn look(&mut self, path: &str) -> Result<Option<EntryKind>, AccessError> {
        let answer = self.source.look(path);
        self.record(Question::Look(path.to_owned()), of_look(&answer));
        answer
    }

    fn glob(&mut self, include: &[String], exclude: &[String]) -> Result<Vec<String>, AccessError> {
        let answer = self.source.glob(include, exclude);
        let question = Question::Glob {
            include: include.to_vec(),
            exclude: exclude.to_vec(),
        };
        self.record(question, of_glob(&answer));
        answer
    }

    fn has_tool(&mut self, name: &str) -> Result<bool, AccessError> {
        let answer = self.source.has_tool(name);
        self.record(Question::HasTool(name.to_owned()), of_tool(&answer));
        self.lacks_tool = matches!(answer, Ok(false));
        answer
    }

    fn log(&mut self, level: Level, message: &str) {
        self.logs.push((level, message.to_owned()));
    }
}

/// Asks all recorded questions again: whether each has the answer it had.
pub fn replay(reads: &[Read], source: &mut dyn Source) -> bool {
    reads.iter().all(|read| ask(&read.question, source) == read.answer)
}

fn ask(question: &Question, source: &mut dyn Source) -> Digest {
    match question {
        Question::Read(path) => of_read(&source.read(path)),
        Question::Look(path) => of_look(&source.look(path)),
        Question::Glob { include, exclude } => of_glob(&source.glob(include, exclude)),
        Question::HasTool(name) => of_tool(&source.has_tool(name)),
    }
}

fn of_read(answer: &Result<Vec<u8>, AccessError>) -> Digest {
    of(answer, |bytes, hasher| hasher.field(bytes))
}

fn of_look(answer: &Result<Option<EntryKind>, AccessError>) -> Digest {
    of(answer, |kind, hasher| hasher.field(format!("{kind:?}").as_bytes()))
}

fn of_glob(answer: &Result<Vec<String>, AccessError>) -> Digest {
    of(answer, |paths, hasher| {
        paths.iter().for_each(|path| hasher.field(path.as_bytes()));
    })
}

fn of_tool(answer: &Result<bool, AccessError>) -> Digest {
    of(answer, |found, hasher| hasher.field(&[u8::from(*found)]))
}

/// The digest of an answer; refusals count by kind and words, since a builder sees both.
fn of<T>(answer: &Result<T, AccessError>, add: impl Fn(&T, &mut Hasher)) -> Digest {
    let mut hasher = Hasher::new();
    match answer {
        Ok(value) => {
            hasher.field(b"ok");
            add(value, &mut hasher);
        }
        Err(error) => {
            hasher.field(b"error");
            hasher.field(format!("{:?}", error.kind).as_bytes());
            hasher.field(error.message.as_bytes());
        }
    }
    hasher.finish()
}
