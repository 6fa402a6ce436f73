//! The syntax that `go.mod` and `go.work` share: directives, one a line or several in brackets. Does not know what they
//! mean; go itself reports what is no directive.

/// One directive: `require example.com/lib v1.2.0`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Directive {
    /// `module`, `require`, `replace`, `use`, …
    pub(crate) verb: String,
    /// The words after it, without quotes.
    pub(crate) words: Vec<String>,
    /// Its line, from 1.
    pub(crate) line: u32,
}

/// The directives of a file, in order.
pub(crate) fn directives(text: &str) -> Vec<Directive> {
    let (mut directives, mut block) = (Vec::new(), None);
    for (line, text) in (1..).zip(text.lines()) {
        let mut words = words(text);
        match (&block, words.first().map(String::as_str)) {
            (_, None) => continue,
            (Some(_), Some(")")) => block = None,
            (Some(verb), Some(_)) => directives.push(Directive {
                verb: String::clone(verb),
                words,
                line,
            }),
            (None, Some(_)) if words.get(1).is_some_and(|word| word == "(") => block = Some(words.swap_remove(0)),
            (None, Some(_)) => directives.push(Directive {
                verb: words.remove(0),
                words,
                line,
            }),
        }
    }
    directives
}

/// The words of a line, without its comment.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut rest) = (Vec::new(), line.trim_start());
    while !rest.is_empty() && !rest.starts_with("//") {
        let (word, after) = match rest.chars().next() {
            Some(quote @ ('"' | '`')) => rest[1..].split_once(quote).unwrap_or((&rest[1..], "")),
            Some(bracket @ ('(' | ')')) => rest.split_at(bracket.len_utf8()),
            _ => rest.split_at(
                rest.find(|c: char| c.is_whitespace() || "()".contains(c))
                    .unwrap_or(rest.len()),
            ),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &[&str], u32)]) {
        let found = directives(text);
        let found: Vec<_> = found
            .iter()
            .map(|one| {
                let words: Vec<&str> = one.words.iter().map(String::as_str).collect();
                (one.verb.as_str(), words, one.line)
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(verb, words, line)| (*verb, words.to_vec(), *line))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn directives_stand_alone_or_in_brackets() {
        check(
            "// a service\nmodule example.com/app\n\ngo 1.24\nrequire(\n\ta.com/x v1.0.0 // indirect\n\n\tb.com/y v2.0.0\n)\n\
             replace a.com/x v1.0.0 => ../x\n",
            &[
                ("module", &["example.com/app"], 2),
                ("go", &["1.24"], 4),
                ("require", &["a.com/x", "v1.0.0"], 6),
                ("require", &["b.com/y", "v2.0.0"], 8),
                ("replace", &["a.com/x", "v1.0.0", "=>", "../x"], 10),
            ],
        );
        check(
            "use ./svc\r\nuse (\r\n./a\r\n)\r\n",
            &[("use", &["./svc"], 1), ("use", &["./a"], 3)],
        );
        check(
            "module \"example.com/a b\"\nuse `./c d` // x\n",
            &[("module", &["example.com/a b"], 1), ("use", &["./c d"], 2)],
        );
    }

    #[test]
    fn what_is_broken_is_left_to_go() {
        check("", &[]);
        check("require (\n", &[]);
        check("module \"open\n)\n", &[("module", &["open"], 1), (")", &[], 2)]);
    }
}
