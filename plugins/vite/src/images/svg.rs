//! SVG: the same elements in fewer bytes. Comments, what drawing programs write for themselves, and spaces between
//! elements go; numbers of paths and colours are written shorter, none is rounded. Ids, titles, styles and scripts stay.
//!
//! A file with entities of its own, in another encoding, or with a mistake, stays as it is.

use super::path_data;

/// Elements whose text or spaces are seen or mean something.
const VERBATIM: [&str; 5] = ["foreignObject", "script", "style", "text", "title"];
/// More of them, which may hold text as well.
const DESCRIBING: &str = "desc";

/// Namespaces of drawing programs, by how their addresses begin.
const EDITORS: [&str; 8] = [
    "http://www.inkscape.org/",
    "http://inkscape.sourceforge.net/",
    "http://sodipodi.sourceforge.net/",
    "http://www.bohemiancoding.com/sketch/",
    "http://ns.adobe.com/",
    "http://www.serif.com/",
    "http://vectornator.io",
    "https://boxy-svg.com",
];

/// Attributes that hold a colour.
const COLOURS: [&str; 6] = ["fill", "stroke", "stop-color", "flood-color", "lighting-color", "color"];

/// What a file is made of.
#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    /// `<name …>`, or `<name …/>` where it is closed.
    Start {
        name: &'a str,
        attributes: Vec<Attribute<'a>>,
        is_closed: bool,
    },
    /// `</name>`
    End(&'a str),
    /// Text between tags, and sections of it, as they are.
    Text(&'a str),
    /// Comments, and instructions to programs.
    Aside,
}

/// A name, and a value with its quotes.
type Attribute<'a> = (&'a str, &'a str);

/// The same picture in fewer bytes; none when the file is not understood.
pub(super) fn smaller(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    if text.contains("<!DOCTYPE") && names_entities(text) {
        return None;
    }
    let tokens = read(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    let prefixes = editor_prefixes(&tokens);
    let mut writer = Writer {
        prefixes,
        text: String::new(),
        open: Vec::new(),
        left_out: 0,
        verbatim: 0,
    };
    for token in &tokens {
        writer.add(token)?;
    }
    writer.open.is_empty().then(|| writer.text.into_bytes())
}

/// Whether it uses names that a document type may define.
fn names_entities(text: &str) -> bool {
    let own = ["#", "amp;", "apos;", "gt;", "lt;", "quot;"];
    text.split('&')
        .skip(1)
        .any(|after| !own.iter().any(|own| after.starts_with(own)))
}

/// The file's tokens; none where it is not well-formed, or needs a whole XML reader.
fn read(mut rest: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    while !rest.is_empty() {
        if !rest.starts_with('<') {
            let end = rest.find('<').unwrap_or(rest.len());
            tokens.push(Token::Text(&rest[..end]));
            rest = &rest[end..];
            continue;
        }
        let (token, length) = markup(rest)?;
        tokens.push(token);
        rest = &rest[length..];
    }
    Some(tokens)
}

/// What starts with `<`, and how long it is.
fn markup(text: &str) -> Option<(Token<'_>, usize)> {
    let until = |end: &str| text.find(end).map(|at| at + end.len());
    if text.starts_with("<!--") {
        let end = text[4..].find("-->")? + 7;
        // By custom, a comment that begins with `!` is a licence that stays.
        let is_licence = text.starts_with("<!--!");
        return Some((
            if is_licence {
                Token::Text(&text[..end])
            } else {
                Token::Aside
            },
            end,
        ));
    }
    if text.starts_with("<![CDATA[") {
        let end = until("]]>")?;
        return Some((Token::Text(&text[..end]), end));
    }
    if text.starts_with("<?") {
        let end = until("?>")?;
        return is_plain_instruction(&text[..end]).then_some((Token::Aside, end));
    }
    if text.starts_with("<!DOCTYPE") {
        let end = until(">")?;
        // Entities that the file defines are used in it.
        return (!text[..end].contains('[')).then_some((Token::Aside, end));
    }
    if let Some(name) = text.strip_prefix("</") {
        let end = until(">")?;
        return Some((Token::End(name[..end - 3].trim_end()), end));
    }
    start(text)
}

/// Of the instructions, a style sheet is no aside, and another encoding than UTF-8 is not read here.
fn is_plain_instruction(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    !lower.starts_with("<?xml-stylesheet") && (!lower.contains("encoding") || lower.contains("utf-8"))
}

fn start(text: &str) -> Option<(Token<'_>, usize)> {
    let after = &text[1..];
    let name = &after[..after.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'))?];
    if name.is_empty() || name.contains(['<', '"', '\'', '=', '!']) {
        return None;
    }
    let (mut attributes, mut at) = (Vec::new(), 1 + name.len());
    loop {
        let rest = text[at..].trim_start();
        at = text.len() - rest.len();
        if rest.starts_with('>') || rest.starts_with("/>") {
            let is_closed = rest.starts_with('/');
            let token = Token::Start {
                name,
                attributes,
                is_closed,
            };
            return Some((token, at + 1 + usize::from(is_closed)));
        }
        let (attribute, length) = attribute(rest)?;
        attributes.push(attribute);
        at += length;
    }
}

fn attribute(text: &str) -> Option<(Attribute<'_>, usize)> {
    let equals = text.find('=')?;
    let name = text[..equals].trim_end();
    let value = text[equals + 1..].trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let end = value[1..].find(quote)? + 2;
    let is_name =
        !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '/'));
    let length = text.len() - value.len() + end;
    (is_name && !value[..end].contains('<')).then_some(((name, &value[..end]), length))
}

/// The prefixes that stand for drawing programs, with their colon.
fn editor_prefixes(tokens: &[Token<'_>]) -> Vec<String> {
    let attributes = tokens.iter().flat_map(|token| match token {
        Token::Start { attributes, .. } => &attributes[..],
        _ => &[],
    });
    let prefix = |(name, value): &Attribute<'_>| {
        let prefix = name.strip_prefix("xmlns:")?;
        let address = &value[1..value.len() - 1];
        EDITORS
            .iter()
            .any(|editor| address.starts_with(editor))
            .then(|| format!("{prefix}:"))
    };
    attributes.filter_map(prefix).collect()
}

/// Writes what is kept.
struct Writer<'a> {
    prefixes: Vec<String>,
    text: String,
    /// The elements that have not ended yet.
    open: Vec<&'a str>,
    /// How many of them are left out; from the first on, all are.
    left_out: usize,
    /// How many of them are written with all their text.
    verbatim: usize,
}

impl<'a> Writer<'a> {
    fn add(&mut self, token: &Token<'a>) -> Option<()> {
        match token {
            Token::Start {
                name,
                attributes,
                is_closed,
            } => self.start(*name, attributes, *is_closed),
            Token::End(name) => self.end(name)?,
            Token::Text(text) => self.text(text),
            Token::Aside => {}
        }
        Some(())
    }

    fn start(&mut self, name: &'a str, attributes: &[Attribute<'_>], is_closed: bool) {
        let is_left_out = self.left_out > 0 || name == "metadata" || self.is_editors(name);
        if !is_left_out {
            self.tag(name, attributes, is_closed);
        }
        if is_closed {
            return;
        }
        self.open.push(name);
        self.left_out += usize::from(is_left_out);
        let is_verbatim = VERBATIM.contains(&name)
            || name == DESCRIBING
            || name.contains(':')
            || attributes.iter().any(|(name, _)| *name == "xml:space");
        self.verbatim += usize::from(is_verbatim || self.verbatim > 0);
    }

    fn tag(&mut self, name: &str, attributes: &[Attribute<'_>], is_closed: bool) {
        self.text.push('<');
        self.text.push_str(name);
        let is_kept = |name: &str| {
            let declared = name.strip_prefix("xmlns:").map(|prefix| format!("{prefix}:"));
            !self.is_editors(name) && declared.is_none_or(|prefix| !self.prefixes.contains(&prefix))
        };
        let kept: Vec<_> = attributes.iter().filter(|(name, _)| is_kept(name)).collect();
        for (attribute, value) in kept {
            self.text.push(' ');
            self.text.push_str(attribute);
            self.text.push('=');
            self.text.push_str(&shorter(name, attribute, value));
        }
        self.text.push_str(if is_closed { "/>" } else { ">" });
    }

    fn end(&mut self, name: &str) -> Option<()> {
        if self.open.pop()? != name {
            return None;
        }
        let is_left_out = self.left_out > 0;
        self.left_out -= usize::from(is_left_out);
        self.verbatim -= usize::from(self.verbatim > 0);
        if !is_left_out {
            self.text.push_str("</");
            self.text.push_str(name);
            self.text.push('>');
        }
        Some(())
    }

    fn text(&mut self, text: &str) {
        let is_blank = text.chars().all(|c| c.is_ascii_whitespace());
        if self.left_out == 0 && (self.verbatim > 0 || !is_blank) {
            self.text.push_str(text);
        }
    }

    fn is_editors(&self, name: &str) -> bool {
        self.prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
    }
}

/// A value with its quotes, which means the same.
fn shorter(element: &str, attribute: &str, value: &str) -> String {
    let (quote, inner) = (&value[..1], &value[1..value.len() - 1]);
    let short = if attribute == "d" && matches!(element, "path" | "glyph" | "missing-glyph") {
        path_data::shorter(inner)
    } else if COLOURS.contains(&attribute) {
        short_colour(inner)
    } else {
        None
    };
    short
        .filter(|short| short.len() < inner.len())
        .map_or_else(|| value.to_owned(), |short| format!("{quote}{short}{quote}"))
}

/// `#aabbcc` is `#abc`.
fn short_colour(value: &str) -> Option<String> {
    let digits = value
        .trim()
        .strip_prefix('#')
        .filter(|digits| digits.len() == 6)?
        .as_bytes();
    let is_double = |pair: &[u8]| pair[0].eq_ignore_ascii_case(&pair[1]);
    if !digits.iter().all(u8::is_ascii_hexdigit) || !digits.chunks_exact(2).all(is_double) {
        return None;
    }
    let short = digits.chunks_exact(2).map(|pair| char::from(pair[0]));
    Some(std::iter::once('#').chain(short).collect())
}
