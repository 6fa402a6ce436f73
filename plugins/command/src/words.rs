//! The tools that a command line starts, as far as they can be read off it honestly. Not a shell: where quoting,
//! variables or unusual syntax hide a name, it says nothing rather than something wrong.

use std::collections::BTreeSet;

/// What a command line shows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    /// Plain words at the place of a command, without builtins, keywords and paths.
    pub(crate) words: BTreeSet<String>,
    /// Whether each of them must be a tool: no functions, aliases or changes of the PATH are in play.
    pub(crate) is_certain: bool,
}

const BUILTINS: &[&str] = &[
    ".", ":", "[", "alias", "bg", "break", "cd", "command", "continue", "echo", "eval", "exec", "exit", "export",
    "false", "fg", "getopts", "hash", "jobs", "kill", "local", "printf", "pwd", "read", "readonly", "return", "set",
    "shift", "source", "test", "times", "trap", "true", "type", "ulimit", "umask", "unalias", "unset", "wait",
];

/// After these, another command follows.
const KEYWORDS: &[&str] = &[
    "!", "{", "}", "if", "then", "elif", "else", "fi", "while", "until", "do", "done",
];

/// These start the command that is their first plain argument.
const PREFIXES: &[&str] = &["command", "env", "exec", "nice", "nohup", "time", "xargs"];

/// Reads a command line.
pub(crate) fn scan(command: &str) -> Scan {
    let hidden = ["<<", "()", "alias ", "PATH=", "hash -p", "eval ", "source ", ". "];
    let is_certain = !hidden.iter().any(|text| command.contains(text)) && !has_case(command);
    // What follows a here-document or a `case` is no list of commands.
    let end = command
        .find("<<")
        .into_iter()
        .chain(case_start(command))
        .min()
        .unwrap_or(command.len());
    let mut words = BTreeSet::new();
    for simple in simple_commands(&command[..end]) {
        words.extend(tools_of(&simple));
    }
    Scan { words, is_certain }
}

fn case_start(command: &str) -> Option<usize> {
    let is_edge = |text: &str| {
        text.chars()
            .next_back()
            .is_none_or(|c| c.is_whitespace() || ";&|({".contains(c))
    };
    command
        .match_indices("case ")
        .map(|(at, _)| at)
        .find(|&at| is_edge(&command[..at]))
}

fn has_case(command: &str) -> bool {
    case_start(command).is_some()
}

/// A word, and whether quotes, `$` or a substitution hide what it is.
#[derive(Debug, Default)]
struct Word {
    text: String,
    is_hidden: bool,
}

/// Cuts at `;`, `&`, `|`, `(`, `)` and line ends outside of quotes; comments are left out.
fn simple_commands(command: &str) -> Vec<Vec<Word>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<Word> = None;
    let mut chars = command.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                word.get_or_insert_default().is_hidden = true;
                skip_quoted(c, &mut chars);
            }
            '\\' if chars.peek() == Some(&'\n') => drop(chars.next()),
            '\\' => {
                word.get_or_insert_default().is_hidden = true;
                chars.next();
            }
            '$' | '`' => {
                word.get_or_insert_default().is_hidden = true;
                if chars.next_if_eq(&'(').is_some() {
                    // Two parentheses are arithmetic, in which nothing is a command.
                    if chars.peek() == Some(&'(') {
                        skip_parentheses(&mut chars);
                    } else {
                        end_command(&mut commands, &mut word);
                    }
                }
            }
            '#' if word.is_none() => while chars.next_if(|&c| c != '\n').is_some() {},
            '&' if word.as_ref().is_some_and(|word| word.text.ends_with(['<', '>'])) => {
                word.get_or_insert_default().text.push(c);
            }
            // What follows on the same line belongs to the command around a substitution: nothing is said of it.
            ')' => {
                end_command(&mut commands, &mut word);
                word = Some(Word {
                    text: String::new(),
                    is_hidden: true,
                });
            }
            ';' | '&' | '|' | '(' | '\n' => end_command(&mut commands, &mut word),
            c if c.is_whitespace() => end_word(&mut commands, &mut word),
            c => word.get_or_insert_default().text.push(c),
        }
    }
    end_command(&mut commands, &mut word);
    commands
}

fn skip_quoted(quote: char, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(c) = chars.next() {
        match c {
            '\\' if quote == '"' => drop(chars.next()),
            c if c == quote => return,
            _ => {}
        }
    }
}

/// Goes on behind the parenthesis that closes one which is open already.
fn skip_parentheses(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let mut open = 1;
    while open > 0 {
        match chars.next() {
            Some('(') => open += 1,
            Some(')') => open -= 1,
            Some(_) => {}
            None => return,
        }
    }
}

fn end_word(commands: &mut [Vec<Word>], word: &mut Option<Word>) {
    if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
        command.push(word);
    }
}

fn end_command(commands: &mut Vec<Vec<Word>>, word: &mut Option<Word>) {
    end_word(commands, word);
    commands.push(Vec::new());
}

/// The tools of one simple command: its first plain word, and that of the command which it starts in turn.
fn tools_of(words: &[Word]) -> Vec<String> {
    let mut tools = Vec::new();
    let mut skips_next = false;
    for word in words {
        let text = word.text.as_str();
        if std::mem::take(&mut skips_next) || is_assignment(text) || (KEYWORDS.contains(&text) && !word.is_hidden) {
            continue;
        }
        if let Some(target) = text
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .strip_prefix(['<', '>'])
        {
            skips_next = target.trim_start_matches(['>', '&']).is_empty() && !word.is_hidden;
            continue;
        }
        if text.starts_with('-') && !tools.is_empty() {
            continue;
        }
        if word.is_hidden || !is_plain(text) || text == "for" {
            return tools;
        }
        if !BUILTINS.contains(&text) {
            tools.push(text.to_owned());
        }
        if !PREFIXES.contains(&text) {
            return tools;
        }
    }
    tools
}

fn is_assignment(text: &str) -> bool {
    text.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+".contains(c)) && !text.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(command: &str, expected: &[&str]) {
        let words = scan(command).words;
        assert_eq!(
            words.iter().map(String::as_str).collect::<Vec<_>>(),
            expected,
            "{command}"
        );
    }

    #[test]
    fn plain_command_lines() {
        check(
            "mkdir -p dist && cat src/*.txt > dist/out.txt && wc -c dist/out.txt > dist/dep.txt",
            &["cat", "mkdir", "wc"],
        );
        check("npx eslint src", &["npx"]);
        check("cat a | sort | uniq -c; echo done", &["cat", "sort", "uniq"]);
        check("(cd sub; make) || exit 1", &["make"]);
        check("cc -c a.c 2>&1 | tee log &\nwait", &["cc", "tee"]);
        check("# a comment; rm all\nls # more && rm", &["ls"]);
        check("tar \\\n -c . > a.tar", &["tar"]);
    }

    #[test]
    fn keywords_assignments_and_prefixes() {
        check("if test -f a; then grep x a; else sed s/a/b/ b; fi", &["grep", "sed"]);
        check("for f in a b c; do gzip $f; done", &["gzip"]);
        check("A=1 B=2 node x.js", &["node"]);
        check("env -i A=1 node x.js", &["env", "node"]);
        check("exec python3 -m build", &["python3"]);
        check("> out.txt sort in.txt", &["sort"]);
        check(">out.txt sort in.txt", &["sort"]);
    }

    #[test]
    fn what_is_hidden_is_not_guessed() {
        check("\"$TOOL\" a; 'my tool' b; $X c; ./run.sh; /bin/tool", &[]);
        check("echo 'a && rm b' \"x; rm y\"", &[]);
        check("x=$(date) cat a", &["date"]);
        check("i=$((i+1)); seq $(( (i) * 2 )) | wc -l", &["seq", "wc"]);
        check("sh <<EOF\nrm x\nEOF", &["sh"]);
        check("case $1 in a) rm x;; esac", &[]);
    }

    #[test]
    fn functions_and_aliases_make_a_missing_tool_possible() {
        for command in [
            "f() { ls; }; f",
            "alias l=ls; l",
            "PATH=$PATH:bin tool",
            ". ./lib.sh; tool",
        ] {
            assert!(!scan(command).is_certain, "{command}");
        }
        assert!(scan("mkdir a && tool b").is_certain);
    }
}
