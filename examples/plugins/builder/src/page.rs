//! One page: from Markdown to HTML. Knows its links, and not what they lead to.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// A page, ready to be written.
#[derive(Debug)]
pub struct Page {
    /// The text of its first heading, or its file's name.
    pub title: String,
    /// Its body as HTML, with links to other pages' HTML.
    pub body: String,
    /// Links to other pages and files, as they are written, each with its line.
    pub links: Vec<(String, u32)>,
    /// How many words it has.
    pub words: usize,
}

/// Reads a page; `name` is what it is called without a heading.
pub fn read(name: &str, markdown: &str) -> Page {
    let mut page = Page {
        title: name.to_owned(),
        body: String::new(),
        links: Vec::new(),
        words: 0,
    };
    let (mut events, mut heading, mut has_title) = (Vec::new(), String::new(), false);
    let mut in_title = false;
    let extensions = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
    for (event, range) in Parser::new_ext(markdown, extensions).into_offset_iter() {
        match &event {
            Event::Start(Tag::Heading {
                level: HeadingLevel::H1,
                ..
            }) => in_title = !has_title,
            Event::End(TagEnd::Heading(HeadingLevel::H1)) if in_title => {
                (in_title, has_title) = (false, true);
                page.title = std::mem::take(&mut heading);
            }
            Event::Text(text) | Event::Code(text) => {
                page.words += text.split_whitespace().count();
                if in_title {
                    heading.push_str(text);
                }
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) if is_local(dest_url) => {
                page.links.push((dest_url.to_string(), line_of(markdown, range.start)));
            }
            _ => {}
        }
        events.push(with_html_link(event));
    }
    html::push_html(&mut page.body, with_anchors(events).into_iter());
    page
}

/// Text with the characters that mean something in HTML replaced.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn is_local(link: &str) -> bool {
    !link.is_empty() && !link.starts_with(['#', '/']) && !link.split('/').next().unwrap_or(link).contains(':')
}

fn line_of(text: &str, offset: usize) -> u32 {
    let before = text.as_bytes()[..offset].iter().filter(|&&byte| byte == b'\n').count();
    u32::try_from(before + 1).unwrap_or(u32::MAX)
}

/// `twelfths.md#rule` leads to `twelfths.html#rule`.
fn with_html_link(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Start(Tag::Link {
            link_type,
            dest_url,
            title,
            id,
        }) if is_local(&dest_url) => {
            let (path, anchor) = dest_url
                .split_once('#')
                .map_or((&*dest_url, None), |(path, anchor)| (path, Some(anchor)));
            let path = path
                .strip_suffix(".md")
                .map_or(path.to_owned(), |path| format!("{path}.html"));
            let link = anchor.map_or(path.clone(), |anchor| format!("{path}#{anchor}"));
            Event::Start(Tag::Link {
                link_type,
                dest_url: CowStr::from(link),
                title,
                id,
            })
        }
        event => event,
    }
}

/// Gives each heading the anchor that its text suggests: `Corrections` is `#corrections`.
fn with_anchors(mut events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    for start in 0..events.len() {
        if !matches!(events[start], Event::Start(Tag::Heading { .. })) {
            continue;
        }
        let inside = events[start + 1..]
            .iter()
            .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
        let text: String = inside
            .filter_map(|event| {
                if let Event::Text(text) = event {
                    Some(&**text)
                } else {
                    None
                }
            })
            .collect();
        if let Event::Start(Tag::Heading { id, .. }) = &mut events[start] {
            id.get_or_insert_with(|| CowStr::from(anchor(&text)));
        }
    }
    events
}

fn anchor(text: &str) -> String {
    let words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}
