//! When to pour how much water over coffee. Does not know clocks or terminals.

use std::time::Duration;

/// Grams of water for each gram of coffee.
const RATIO: u32 = 16;
/// Between two pours.
const INTERVAL: Duration = Duration::from_secs(45);

/// One pour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pour {
    /// How long after the start.
    pub at: Duration,
    /// How much water, in grams.
    pub water: u32,
}

/// The pours for so many grams of coffee: the first one lets the grounds swell, three more share the rest.
#[must_use]
pub fn pours(coffee: u32) -> Vec<Pour> {
    let water = coffee * RATIO;
    let bloom = coffee * 2;
    let third = (water - bloom) / 3;
    [bloom, third, third, water - bloom - 2 * third]
        .into_iter()
        .zip(0..)
        .map(|(water, step)| Pour {
            at: INTERVAL * step,
            water,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_water_is_poured() {
        for coffee in [1, 15, 16, 33] {
            let poured: u32 = pours(coffee).iter().map(|pour| pour.water).sum();
            assert_eq!(poured, coffee * RATIO);
        }
    }

    #[test]
    fn pours_come_one_after_another() {
        let at: Vec<u64> = pours(15).iter().map(|pour| pour.at.as_secs()).collect();
        assert_eq!(at, [0, 45, 90, 135]);
    }
}
