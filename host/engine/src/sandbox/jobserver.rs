//! A jobserver as GNU make knows it: a pipe of tokens, each worth one processor core, that farm shares with its tools.
//!
//! Does not know which tools share it, nor how many tokens there should be.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

/// What is one token in the pipe; tools give back what they took.
const TOKEN: u8 = b'+';

/// A pool of tokens. Tools get the two ends of the pipe; farm has its own two, which never block.
#[derive(Debug)]
pub struct Jobserver {
    jobs: usize,
    reader: OwnedFd,
    writer: OwnedFd,
    take: OwnedFd,
    give: OwnedFd,
}

impl Jobserver {
    /// An empty pool for a build that runs so many jobs at once. Only Linux can open the ends of a pipe again, which
    /// keeps farm's own ends from blocking whatever tools do with theirs.
    pub fn new(jobs: usize) -> io::Result<Self> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
        let again = |end: &OwnedFd, access: OFlags| {
            let path = format!("/proc/self/fd/{}", end.as_raw_fd());
            open(path, access | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())
        };
        Ok(Self {
            jobs,
            take: again(&reader, OFlags::RDONLY)?,
            give: again(&writer, OFlags::WRONLY)?,
            reader,
            writer,
        })
    }

    /// Puts tokens into the pool. A pool that a tool has filled takes no more: the build is slower then.
    pub fn give(&self, count: usize) {
        let tokens = vec![TOKEN; count];
        let mut left = tokens.as_slice();
        while !left.is_empty() {
            match rustix::io::write(&self.give, left) {
                Ok(written) => left = &left[written..],
                Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }

    /// Takes as many tokens as are there, but not more than these. Returns how many.
    pub fn take(&self, most: usize) -> usize {
        let mut tokens = vec![0; most];
        let mut taken = 0;
        while taken < most {
            match rustix::io::read(&self.take, &mut tokens[taken..]) {
                Ok(0) => break,
                Ok(size) => taken += size,
                Err(Errno::INTR) => {}
                Err(_) => break,
            }
        }
        taken
    }

    /// Empties the pool.
    pub fn clear(&self) {
        // A pipe holds no more; what is left then was put there meanwhile.
        self.take(1 << 20);
    }

    /// How many jobs the build runs at once.
    pub(super) const fn jobs(&self) -> usize {
        self.jobs
    }

    /// The ends of the pipe for a tool: tokens are taken from the first and given back to the second.
    pub(super) fn ends(&self) -> [BorrowedFd<'_>; 2] {
        use std::os::fd::AsFd;
        [self.reader.as_fd(), self.writer.as_fd()]
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_can_be_taken_once() {
        let pool = Jobserver::new(8).expect("a pool");
        assert_eq!(pool.take(4), 0, "an empty pool does not block");
        pool.give(5);
        assert_eq!(pool.take(3), 3);
        assert_eq!(pool.take(3), 2);
        pool.give(7);
        pool.clear();
        assert_eq!(pool.take(1), 0);
    }

    #[test]
    fn a_tool_takes_from_the_same_pool() {
        let pool = Jobserver::new(2).expect("a pool");
        let [reader, writer] = pool.ends();
        pool.give(2);
        let mut token = [0];
        assert_eq!(rustix::io::read(reader, &mut token), Ok(1));
        assert_eq!(token, [TOKEN]);
        assert_eq!(pool.take(2), 1);
        assert_eq!(rustix::io::write(writer, &token), Ok(1));
        assert_eq!(pool.take(2), 1);
    }

    #[test]
    fn a_tool_that_fills_the_pool_blocks_nobody() {
        let pool = Jobserver::new(2).expect("a pool");
        pool.give(1 << 20);
        pool.give(1);
        assert!(pool.take(1 << 20) >= 1 << 12, "it was full");
        pool.clear();
        assert_eq!(pool.take(1), 0);
    }
}
