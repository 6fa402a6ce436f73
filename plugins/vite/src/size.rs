//! Sizes as people write and read them: `200 kB`. Does not know what is that big.

use serde::{Deserialize, Serialize};

/// Units with their bytes.
const UNITS: [(&str, u64); 6] = [
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
];

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "u64")]
pub(crate) struct Size(pub(crate) u64);

/// The two ways to write one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Bytes(u64),
    Text(String),
}

impl TryFrom<Written> for Size {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Bytes(bytes) => Ok(Self(bytes)),
            Written::Text(text) => {
                let size = Self::parse(&text);
                size.ok_or_else(|| format!("`{text}` is no size such as `200 kB`"))
            }
        }
    }
}

impl Size {
    /// A number with a unit.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        parse(text).map(Self)
    }
}

impl From<Size> for u64 {
    fn from(size: Size) -> Self {
        size.0
    }
}

/// `NUMBER[.FRACTION] UNIT`, counted in whole bytes, so that no rounding of binary fractions shows.
fn parse(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(end);
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
    let factor = u128::from(*factor);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| *digits <= 9)?;
    let whole = u128::from(whole.parse::<u64>().ok()?) * factor;
    let part = u128::from(fraction.parse::<u64>().ok()?) * factor / 10_u128.pow(digits);
    u64::try_from(whole + part).ok()
}

/// As people read it, in decimal units, with one digit after the point.
pub(crate) fn shown(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000 => return format!("{bytes} B"),
        1_000..999_950 => (1_000, "kB"),
        _ => (1_000_000, "MB"),
    };
    let tenths = (u128::from(bytes) * 10 + unit / 2) / unit;
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_bytes_or_a_number_with_a_unit() {
        let read = |json: &str| serde_json::from_str::<Size>(json).ok().map(|size| size.0);
        assert_eq!(read("1500"), Some(1500));
        assert_eq!(read("\"200 kB\""), Some(200_000));
        assert_eq!(read("\"200KB\""), Some(200_000));
        assert_eq!(read("\"1.5 MiB\""), Some(1_572_864));
        assert_eq!(read("\"0.3 MB\""), Some(300_000));
        for wrong in [
            "\"200\"",
            "\"kB\"",
            "\"1.2.3 kB\"",
            "\"-1 kB\"",
            "\"1 PB\"",
            "\"99999999999999999999 B\"",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn it_is_shown_in_decimal_units() {
        assert_eq!(shown(999), "999 B");
        assert_eq!(shown(1_000), "1.0 kB");
        assert_eq!(shown(12_349), "12.3 kB");
        assert_eq!(shown(999_949), "999.9 kB");
        assert_eq!(shown(999_950), "1.0 MB");
        assert_eq!(shown(u64::MAX), "18446744073709.6 MB");
    }
}
