//! Sizes and durations as people write them: `5GB`, `1.5GiB`, `7d`, `30m`.
//!
//! Does not know which keys hold them.

use std::time::Duration;

/// Units of size with their bytes; decimal and binary ones.
const SIZES: [(&str, u64); 9] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Units of time with their seconds.
const TIMES: [(&str, u64); 5] = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400), ("w", 604_800)];

/// The bytes of a size; none when it is not one, is zero, or is beyond 64 bits.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    parse(text, |unit| {
        SIZES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit))
            .map(|(_, bytes)| *bytes)
    })
}

/// A duration of whole seconds; none when it is not one, is zero, or is beyond 64 bits.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let unit = |unit: &str| {
        TIMES
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, seconds)| *seconds)
    };
    parse(text, unit).map(Duration::from_secs)
}

/// `NUMBER[.FRACTION] UNIT`, counted in whole small units, so that no rounding of binary fractions shows.
fn parse(text: &str, factor: impl Fn(&str) -> Option<u64>) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(end);
    let factor = u128::from(factor(unit.trim_start())?);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| *digits <= 9)?;
    let whole = u128::from(whole.parse::<u64>().ok()?) * factor;
    let part = u128::from(fraction.parse::<u64>().ok()?) * factor / 10_u128.pow(digits);
    u64::try_from(whole + part).ok().filter(|amount| *amount > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_decimal_or_binary() {
        assert_eq!(parse_size("5GB"), Some(5_000_000_000));
        assert_eq!(parse_size("500 MB"), Some(500_000_000));
        assert_eq!(parse_size("1.5GiB"), Some(3 << 29));
        assert_eq!(parse_size("12b"), Some(12));
    }

    #[test]
    fn durations_have_one_unit() {
        assert_eq!(parse_duration("7d"), Some(Duration::from_secs(7 * 86_400)));
        assert_eq!(parse_duration("1.5h"), Some(Duration::from_secs(5_400)));
        assert_eq!(parse_duration("30m"), Some(Duration::from_secs(1_800)));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for bad in [
            "",
            "5",
            "GB",
            "-5GB",
            "5 XB",
            "1.2.3GB",
            ".5GB",
            "5.GB",
            "0GB",
            "99999999999999999999GB",
            "20000000TB",
            "1e3B",
            "1.0000000001GB",
        ] {
            assert_eq!(parse_size(bad), None, "{bad}");
        }
        for bad in ["7", "d", "7D", "0s", "1d12h", "99999999999999999999w"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }
}
