//! What `--size-limit` takes: a size, and what it is a limit of. Does not know who measures anything.

use std::str::FromStr;

use farm_engine::run::Asked;

/// Units, as builders know them.
const UNITS: [&str; 6] = ["B", "kB", "KB", "MB", "KiB", "MiB"];
const FORM: &str = "write a size as 5MB, 200kB or 300KiB, alone or behind TARGET= or TARGET/CHUNK=";

/// One limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SizeLimit {
    /// The one target that it is for.
    target: Option<String>,
    /// The size, or the size of a chunk, in the words of `wit/builder.wit`.
    value: String,
}

impl SizeLimit {
    /// As the engine is asked.
    pub(crate) fn asked(&self) -> Asked {
        Asked {
            name: "size-limit",
            target: self.target.clone(),
            value: self.value.clone(),
        }
    }
}

impl FromStr for SizeLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (of, size) = text
            .rsplit_once('=')
            .map_or((None, text), |(of, size)| (Some(of), size));
        let size = size_of(size).ok_or(FORM)?;
        let Some(of) = of else {
            return Ok(Self {
                target: None,
                value: size,
            });
        };
        let (target, chunk) = of
            .split_once('/')
            .map_or((of, None), |(target, chunk)| (target, Some(chunk)));
        if target.is_empty() || chunk.is_some_and(|chunk| chunk.is_empty() || chunk.contains([' ', '='])) {
            return Err(FORM.to_owned());
        }
        Ok(Self {
            target: Some(target.to_owned()),
            value: chunk.map_or_else(|| size.clone(), |chunk| format!("{chunk}={size}")),
        })
    }
}

/// The size without a space; a number alone is in bytes.
fn size_of(text: &str) -> Option<String> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = match unit.trim_start() {
        "" if !number.contains('.') => "B",
        unit => UNITS.into_iter().find(|known| *known == unit)?,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = (1..=12).contains(&whole.len()) && (1..=9).contains(&fraction.len()) && !fraction.contains('.');
    is_number.then(|| format!("{number}{unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(Option<String>, String)> {
        let limit: SizeLimit = text.parse().ok()?;
        Some((limit.target, limit.value))
    }

    #[test]
    fn a_limit_is_of_everything_of_a_target_or_of_a_chunk() {
        let of = |target: &str, value: &str| Some((Some(target.to_owned()), value.to_owned()));
        assert_eq!(read("5MB"), Some((None, "5MB".to_owned())));
        assert_eq!(read("1.5 MiB"), Some((None, "1.5MiB".to_owned())));
        assert_eq!(read("300000"), Some((None, "300000B".to_owned())));
        assert_eq!(read("shop:web=200kB"), of("shop:web", "200kB"));
        assert_eq!(read("web/vendor=120KiB"), of("web", "vendor=120KiB"));
    }

    #[test]
    fn anything_else_is_a_mistake() {
        for wrong in [
            "", "MB", "5TB", "5mb", "-5MB", "1.2.3MB", "1.5", "=5MB", "web/=5MB", "web=", "web", "/a=1B",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
