//! Puts stretches of time that overlap beside each other. Does not know what they are of.

use std::time::Duration;

/// Lanes, each with the time from which on it is free.
#[derive(Debug, Default)]
pub(super) struct Lanes(Vec<Duration>);

impl Lanes {
    /// Takes the lowest lanes that are free at `start`, `count` of them, until `end`. Starts may not come in descending
    /// order. Returns the lowest.
    pub(super) fn take(&mut self, start: Duration, end: Duration, count: usize) -> usize {
        let mut first = None;
        let mut left = count.max(1);
        for lane in 0.. {
            if left == 0 {
                break;
            }
            if lane == self.0.len() {
                self.0.push(Duration::ZERO);
            }
            if self.0[lane] <= start {
                self.0[lane] = end;
                first = first.or(Some(lane));
                left -= 1;
            }
        }
        first.unwrap_or_default()
    }

    /// How many lanes were needed.
    pub(super) const fn count(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overlaps_gets_lanes_of_its_own() {
        let mut lanes = Lanes::default();
        let mut take = |start, end, count| lanes.take(Duration::from_secs(start), Duration::from_secs(end), count);
        assert_eq!(take(0, 5, 1), 0);
        assert_eq!(take(1, 3, 2), 1);
        assert_eq!(take(3, 4, 1), 1, "free from its end on");
        assert_eq!(take(3, 9, 1), 2);
        assert_eq!(take(5, 6, 2), 0);
        assert_eq!(take(5, 6, 1), 3);
        assert_eq!(lanes.count(), 4);
    }
}
