//! Keeps the output of running actions until it is known whether it will be shown. Bounded: a tool may write without
//! end. Does not know how text is shown.

use std::collections::{BTreeMap, VecDeque};

/// What is kept of a log's beginning, in bytes.
const HEAD: usize = 1 << 20;
/// What is kept of its end, beyond the beginning.
const TAIL: usize = 4 << 20;

/// The logs of actions that have not ended yet, by target and action.
#[derive(Debug, Default)]
pub(super) struct Logs(BTreeMap<(String, String), Log>);

/// One action's output, in the order in which it came.
#[derive(Debug, Default)]
pub(super) struct Log {
    head: String,
    tail: VecDeque<String>,
    tail_bytes: usize,
    lost: u64,
}

impl Logs {
    /// Keeps some output.
    pub(super) fn push(&mut self, target: &str, action: &str, text: &str) {
        self.0
            .entry((target.to_owned(), action.to_owned()))
            .or_default()
            .push(text);
    }

    /// Hands an action's log over.
    pub(super) fn take(&mut self, target: &str, action: &str) -> Log {
        self.0
            .remove(&(target.to_owned(), action.to_owned()))
            .unwrap_or_default()
    }

    /// Drops what is left of a target.
    pub(super) fn forget(&mut self, target: &str) {
        self.0.retain(|(owner, _), _| owner != target);
    }
}

impl Log {
    /// Keeps some output; the oldest of the tail makes room.
    fn push(&mut self, text: &str) {
        if self.tail.is_empty() && self.head.len() + text.len() <= HEAD {
            self.head.push_str(text);
            return;
        }
        self.tail_bytes += text.len();
        self.tail.push_back(text.to_owned());
        while self.tail_bytes > TAIL {
            let Some(oldest) = self.tail.pop_front() else { break };
            self.tail_bytes -= oldest.len();
            self.lost += oldest.len() as u64;
        }
    }

    /// All that was kept, with a line where something is missing.
    pub(super) fn text(&self) -> String {
        let gap = match self.lost {
            0 => String::new(),
            lost => format!("\n[farm: {} left out here]\n", super::bytes(lost)),
        };
        [self.head.as_str(), &gap]
            .into_iter()
            .chain(self.tail.iter().map(String::as_str))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_of_actions_do_not_mix() {
        let mut logs = Logs::default();
        logs.push("web", "bundle", "one\n");
        logs.push("api", "bundle", "other\n");
        logs.push("web", "bundle", "two\n");
        assert_eq!(logs.take("web", "bundle").text(), "one\ntwo\n");
        assert_eq!(logs.take("web", "bundle").text(), "", "taken is gone");
        logs.forget("api");
        assert_eq!(logs.take("api", "bundle").text(), "");
    }

    #[test]
    fn of_an_endless_log_both_ends_stay() {
        let mut log = Log::default();
        log.push("first\n");
        let chunk = "x".repeat(64 << 10) + "\n";
        for _ in 0..200 {
            log.push(&chunk);
        }
        log.push("last\n");
        let text = log.text();
        assert!(text.starts_with("first\n") && text.ends_with("last\n"));
        assert!(text.contains("MB left out here]"));
        assert!(text.len() < HEAD + TAIL + 100);
    }
}
