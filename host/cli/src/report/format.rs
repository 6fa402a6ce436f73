//! Numbers as people read them. Does not know what they measure.

use std::time::Duration;

/// `0.02 s`, `12.3 s`, `2 min 05 s`.
pub(super) fn seconds(duration: Duration) -> String {
    match duration.as_secs_f64() {
        seconds if seconds < 0.995 => format!("{seconds:.2} s"),
        seconds if seconds < 59.95 => format!("{seconds:.1} s"),
        _ => {
            let whole = duration.as_secs_f64().round() as u64;
            format!("{} min {:02} s", whole / 60, whole % 60)
        }
    }
}

/// `0.4 ms`, `12 ms`, `1.25 s`, and from ten seconds on as [`seconds`].
pub(super) fn fine(duration: Duration) -> String {
    match duration.as_secs_f64() * 1e3 {
        milliseconds if milliseconds < 9.95 => format!("{milliseconds:.1} ms"),
        milliseconds if milliseconds < 999.5 => format!("{milliseconds:.0} ms"),
        milliseconds if milliseconds < 9995.0 => format!("{:.2} s", milliseconds / 1e3),
        _ => seconds(duration),
    }
}

/// `512 B`, `68.1 kB`, `5.0 GB`: thousands, as file managers and bundlers count.
pub(crate) fn bytes(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64;
    let mut unit = "B";
    for larger in ["kB", "MB", "GB", "TB"] {
        if value < 999.95 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    format!("{value:.1} {unit}")
}

/// `1 file`, `2 files`.
pub(super) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_get_coarser_as_they_grow() {
        let text = |milliseconds| seconds(Duration::from_millis(milliseconds));
        assert_eq!([text(4), text(1234), text(9999)], ["0.00 s", "1.2 s", "10.0 s"]);
        assert_eq!(
            [text(59_940), text(59_960), text(125_000)],
            ["59.9 s", "1 min 00 s", "2 min 05 s"]
        );
    }

    #[test]
    fn fine_durations_are_milliseconds_below_a_second() {
        let text = |microseconds| fine(Duration::from_micros(microseconds));
        assert_eq!([text(0), text(40), text(9949)], ["0.0 ms", "0.0 ms", "9.9 ms"]);
        assert_eq!(
            [text(9951), text(999_499), text(999_501)],
            ["10 ms", "999 ms", "1.00 s"]
        );
        assert_eq!([text(9_994_000), text(9_996_000)], ["9.99 s", "10.0 s"]);
    }

    #[test]
    fn sizes_never_show_a_thousand_of_a_unit() {
        assert_eq!([bytes(0), bytes(999), bytes(1000)], ["0 B", "999 B", "1.0 kB"]);
        assert_eq!(
            [bytes(999_949), bytes(999_950), bytes(5_000_000_000)],
            ["999.9 kB", "1.0 MB", "5.0 GB"]
        );
        assert_eq!(bytes(u64::MAX), "18446744.1 TB");
    }
}
