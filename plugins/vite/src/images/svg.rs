//! SVG: the same elements in fewer bytes. Comments, what drawing programs write for themselves, and spaces between
//! elements go; numbers of paths and colours are written shorter, none is rounded. Ids, titles, styles and scripts stay.
//!
//! A file with entities of its own, in another encoding, or with a mistake, stays as it is. It is read by the crate
//! `quick-xml`; what is left out is decided here. `oxvg`, which does what SVGO does, rounds numbers, takes ids and styles
//! apart, and is bigger than all of this builder.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

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

/// The same picture in fewer bytes; none when the file is not understood.
pub(super) fn smaller(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let events = read(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    let mut writer = Writer {
        prefixes: editor_prefixes(&events)?,
        text: String::new(),
        open: 0,
        left_out: 0,
        verbatim: 0,
    };
    for event in &events {
        writer.add(event)?;
    }
    (writer.open == 0).then(|| writer.text.into_bytes())
}

/// What the file is made of; none where it is not well-formed, or says something by what is not in it.
fn read(text: &str) -> Option<Vec<Event<'_>>> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut events = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Eof => return Some(events),
            event if is_plain(&event) => events.push(event),
            _ => return None,
        }
    }
}

/// Whether it is in UTF-8, and needs no style sheet and no entities beside it.
fn is_plain(event: &Event<'_>) -> bool {
    match event {
        Event::Decl(declaration) => declaration
            .encoding()
            .is_none_or(|encoding| encoding.is_ok_and(|encoding| encoding.eq_ignore_ascii_case("utf-8"))),
        Event::PI(instruction) => instruction.target() != "xml-stylesheet",
        Event::DocType(kind) => !kind.contains('['),
        Event::GeneralRef(name) => is_own(name),
        _ => true,
    }
}

/// Whether an entity is one of XML's own, or a character by its number.
fn is_own(entity: &str) -> bool {
    entity.starts_with('#') || matches!(entity, "amp" | "apos" | "gt" | "lt" | "quot")
}

/// The attributes of an element, as they are written; none where one is not well-formed.
fn attributes<'e>(start: &'e BytesStart<'_>) -> Option<Vec<(&'e str, Cow<'e, str>)>> {
    let attributes = start.attributes().map(|attribute| {
        let attribute = attribute.ok()?;
        let mut entities = attribute.value.split('&').skip(1);
        let is_plain = !attribute.value.contains('<')
            && entities.all(|after| after.split_once(';').is_some_and(|(entity, _)| is_own(entity)));
        is_plain.then_some((attribute.key.into_inner(), attribute.value))
    });
    attributes.collect()
}

/// The prefixes that stand for drawing programs, with their colon.
fn editor_prefixes(events: &[Event<'_>]) -> Option<Vec<String>> {
    let mut prefixes = Vec::new();
    for event in events {
        let (Event::Start(start) | Event::Empty(start)) = event else {
            continue;
        };
        for (name, address) in attributes(start)? {
            let prefix = name.strip_prefix("xmlns:");
            let prefix = prefix.filter(|_| EDITORS.iter().any(|editor| address.starts_with(editor)));
            prefixes.extend(prefix.map(|prefix| format!("{prefix}:")));
        }
    }
    Some(prefixes)
}

/// Writes what is kept.
struct Writer {
    prefixes: Vec<String>,
    text: String,
    /// How many elements have not ended yet.
    open: usize,
    /// How many of them are left out; from the first on, all are.
    left_out: usize,
    /// How many of them are written with all their text.
    verbatim: usize,
}

impl Writer {
    fn add(&mut self, event: &Event<'_>) -> Option<()> {
        match event {
            Event::Start(start) => self.start(start)?,
            Event::Empty(start) if !self.is_left_out(start) => self.tag(start, "/>")?,
            Event::End(end) => self.end(end.name().into_inner())?,
            Event::Text(text) if self.verbatim > 0 || !text.trim_ascii().is_empty() => self.push(&["", text, ""]),
            Event::CData(text) => self.push(&["<![CDATA[", text, "]]>"]),
            Event::GeneralRef(name) => self.push(&["&", name, ";"]),
            // By custom, a comment that begins with `!` is a licence that stays.
            Event::Comment(comment) if comment.starts_with('!') => self.push(&["<!--", comment, "-->"]),
            _ => {}
        }
        Some(())
    }

    fn push(&mut self, parts: &[&str; 3]) {
        if self.left_out == 0 {
            self.text.extend(parts.iter().copied());
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Option<()> {
        let is_left_out = self.is_left_out(start);
        if !is_left_out {
            self.tag(start, ">")?;
        }
        let name = start.name().into_inner();
        let is_verbatim = VERBATIM.contains(&name)
            || name == DESCRIBING
            || name.contains(':')
            || attributes(start)?.iter().any(|(name, _)| *name == "xml:space");
        self.open += 1;
        self.left_out += usize::from(is_left_out);
        self.verbatim += usize::from(is_verbatim || self.verbatim > 0);
        Some(())
    }

    fn tag(&mut self, start: &BytesStart<'_>, end: &str) -> Option<()> {
        let element = start.name().into_inner();
        self.text.extend(["<", element]);
        for (name, value) in attributes(start)? {
            let declared = name.strip_prefix("xmlns:").map(|prefix| format!("{prefix}:"));
            if self.is_editors(name) || declared.is_some_and(|prefix| self.prefixes.contains(&prefix)) {
                continue;
            }
            let quote = if value.contains('"') { "'" } else { "\"" };
            self.text
                .extend([" ", name, "=", quote, &shorter(element, name, &value), quote]);
        }
        self.text.push_str(end);
        Some(())
    }

    /// The reader has seen to it that it is the last element that was opened.
    fn end(&mut self, name: &str) -> Option<()> {
        self.push(&["</", name, ">"]);
        self.open = self.open.checked_sub(1)?;
        self.left_out = self.left_out.saturating_sub(1);
        self.verbatim = self.verbatim.saturating_sub(1);
        Some(())
    }

    fn is_left_out(&self, start: &BytesStart<'_>) -> bool {
        let name = start.name().into_inner();
        self.left_out > 0 || name == "metadata" || self.is_editors(name)
    }

    fn is_editors(&self, name: &str) -> bool {
        self.prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
    }
}

/// A value that means the same.
fn shorter<'v>(element: &str, attribute: &str, value: &'v str) -> Cow<'v, str> {
    let short = if attribute == "d" && matches!(element, "path" | "glyph" | "missing-glyph") {
        path_data::shorter(value)
    } else if COLOURS.contains(&attribute) {
        short_colour(value)
    } else {
        None
    };
    let short = short.filter(|short| short.len() < value.len());
    short.map_or(Cow::Borrowed(value), Cow::Owned)
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
