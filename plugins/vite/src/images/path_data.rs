//! The data of SVG paths (`M 10.0, 20 L 0.50 1`), written shorter: each number keeps its value.

/// The same commands and numbers with no more between them than must be; none where it is not understood.
pub(super) fn shorter(data: &str) -> Option<String> {
    let mut short = Short::default();
    let mut rest = data.trim_matches(is_space);
    let mut command = None;
    let mut place = 0;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_alphabetic() {
            let arguments = arguments(first)?;
            command = Some((first, arguments));
            place = 0;
            short.command(first);
            rest = rest[1..].trim_start_matches(is_space);
            continue;
        }
        let (letter, count) = command.filter(|(_, count)| *count > 0)?;
        // The two flags of an arc are one digit each, and need nothing behind them.
        let is_flag = letter.eq_ignore_ascii_case(&'a') && matches!(place % count, 3 | 4);
        let length = if is_flag { flag(rest)? } else { number(rest)? };
        short.number(&rest[..length], is_flag);
        rest = skip_separator(&rest[length..]);
        place += 1;
    }
    Some(short.text)
}

/// How many numbers a command takes.
fn arguments(command: char) -> Option<usize> {
    match command.to_ascii_lowercase() {
        'z' => Some(0),
        'h' | 'v' => Some(1),
        'm' | 'l' | 't' => Some(2),
        's' | 'q' => Some(4),
        'c' => Some(6),
        'a' => Some(7),
        _ => None,
    }
}

#[derive(Default)]
struct Short {
    text: String,
    last: Last,
}

/// What was written last.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Last {
    #[default]
    Command,
    Whole,
    /// With a point, so that another point begins another number.
    Fraction,
    Flag,
}

impl Short {
    fn command(&mut self, command: char) {
        self.text.push(command);
        self.last = Last::Command;
    }

    fn number(&mut self, number: &str, is_flag: bool) {
        let number = if is_flag { number.to_owned() } else { spelled(number) };
        let is_apart = match self.last {
            Last::Command => true,
            // Not every reader knows that a flag ends by itself, but all know a sign.
            Last::Flag | Last::Whole => number.starts_with('-'),
            Last::Fraction => number.starts_with(['-', '.']),
        };
        if !is_apart {
            self.text.push(' ');
        }
        self.last = match number.contains(['.', 'e']) {
            _ if is_flag => Last::Flag,
            true => Last::Fraction,
            false => Last::Whole,
        };
        self.text.push_str(&number);
    }
}

/// `0.50` is `.5`, `+1` is `1`, `2.0` is `2`; numbers with an exponent stay as they are.
fn spelled(number: &str) -> String {
    if number.contains(['e', 'E']) {
        return number.to_ascii_lowercase();
    }
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    match (whole, fraction) {
        ("", "") => "0".to_owned(),
        (whole, "") => format!("{sign}{whole}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    }
}

fn flag(text: &str) -> Option<usize> {
    text.starts_with(['0', '1']).then_some(1)
}

/// The length of the number that the text starts with.
fn number(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        bytes[from.min(bytes.len())..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let mut at = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits(at);
    at += whole;
    let mut fraction = 0;
    if bytes.get(at) == Some(&b'.') {
        fraction = digits(at + 1);
        at += 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}

/// Spaces, and one comma among them.
fn skip_separator(text: &str) -> &str {
    let text = text.trim_start_matches(is_space);
    text.strip_prefix(',')
        .map_or(text, |rest| rest.trim_start_matches(is_space))
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_values_and_lose_what_is_not_needed() {
        let check = |data: &str, short: &str| assert_eq!(shorter(data).as_deref(), Some(short), "{data}");
        check("M 10.0, 20 L 0.50 1 Z", "M10 20L.5 1Z");
        check("m-0.5 -.5 .25,.75+1-0", "m-.5-.5.25.75 1 0");
        check("M1 2 3 4h0.0v-00.10", "M1 2 3 4h0v-.1");
        check("M1e3 1E-2.5", "M1e3 1e-2.5");
        check("M.5.5", "M.5.5");
        check("M 100 100 C 1.5 2.5 3 4 5 6", "M100 100C1.5 2.5 3 4 5 6");
    }

    #[test]
    fn flags_of_arcs_need_no_space_behind_them() {
        let check = |data: &str, short: &str| assert_eq!(shorter(data).as_deref(), Some(short), "{data}");
        check("A 5, 5 0 0 1 10 -.5", "A5 5 0 0 1 10-.5");
        check("a5 5 0 01.5.5", "a5 5 0 0 1 .5.5");
        check("a1 1 0 1010 10 1 1 0 00-3 4", "a1 1 0 1 0 10 10 1 1 0 0 0-3 4");
    }

    #[test]
    fn what_is_wrong_is_left_alone() {
        for wrong in [
            "M 1 2 x 3",
            "1 2",
            "M 1,,2",
            "M 1 2 L #",
            "Z 3",
            "A 5 5 0 2 1 1 1",
            "M 1e 2",
        ] {
            assert_eq!(shorter(wrong), None, "{wrong}");
        }
    }
}
