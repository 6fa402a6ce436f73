//! The step `render`: all pages with a list of contents beside them. Reads and writes the step's own folders alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use farm_sdk::Problem;
use serde::Deserialize;
use serde_json::json;

use crate::page::{self, Page, escape};

const TEMPLATE: &str = include_str!("page.html");

#[derive(Deserialize)]
struct Parameters {
    title: String,
    pages: String,
}

/// Reads the pages below `input`, writes `site/` and `metadata.json` below `output`.
pub fn render(parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
    let parameters: Parameters = serde_json::from_str(parameters).map_err(io::Error::from)?;
    let mut files = BTreeMap::new();
    read_files(&input.join(&parameters.pages), "", &mut files)?;
    let pages = read_pages(&parameters.pages, &files)?;
    check_links(&parameters.pages, &files, &pages)?;
    let site = output.join("site");
    for (path, content) in files.iter().filter(|(path, _)| !path.ends_with(".md")) {
        write(&site.join(path), content)?;
    }
    for (path, page) in &pages {
        write(
            &site.join(html_path(path)),
            whole_page(&parameters.title, path, page, &pages).as_bytes(),
        )?;
    }
    if !pages.contains_key("index.md") {
        let index = Page {
            title: "Contents".to_owned(),
            body: String::new(),
            links: Vec::new(),
            words: 0,
        };
        write(
            &site.join("index.html"),
            whole_page(&parameters.title, "index.md", &index, &pages).as_bytes(),
        )?;
    }
    let words: usize = pages.values().map(|page| page.words).sum();
    let metadata = json!({ "pages": pages.len(), "words": words, "files": files.len() - pages.len() });
    Ok(write(
        &output.join("metadata.json"),
        format!("{metadata:#}\n").as_bytes(),
    )?)
}

fn read_files(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            read_files(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.insert(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}

fn read_pages(folder: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<BTreeMap<String, Page>, Problem> {
    let markdown = files
        .iter()
        .filter_map(|(path, content)| Some((path, path.strip_suffix(".md")?, content)));
    let read = |(path, name, content): (&String, &str, &Vec<u8>)| {
        let text = std::str::from_utf8(content)
            .map_err(|_| Problem::new("the page is not UTF-8").in_file(format!("{folder}/{path}")))?;
        Ok((path.clone(), page::read(name, text)))
    };
    markdown.map(read).collect()
}

/// A link that leads nowhere is a mistake of the author's, told with its place.
fn check_links(folder: &str, files: &BTreeMap<String, Vec<u8>>, pages: &BTreeMap<String, Page>) -> Result<(), Problem> {
    for (path, page) in pages {
        for (link, line) in &page.links {
            let target = link.split('#').next().unwrap_or(link);
            if resolve(path, target).is_none_or(|found| !files.contains_key(&found)) {
                let problem = Problem::new(format!("the link to `{link}` leads nowhere"));
                let problem = problem.in_file(format!("{folder}/{path}")).at_line(*line);
                return Err(problem.hint("write the path from the page's own folder"));
            }
        }
    }
    Ok(())
}

fn resolve(page: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn whole_page(handbook: &str, path: &str, page: &Page, pages: &BTreeMap<String, Page>) -> String {
    let up = "../".repeat(path.matches('/').count());
    let entry = |(other, found): (&String, &Page)| {
        let current = if other == path { " aria-current=\"page\"" } else { "" };
        format!(
            "<li><a href=\"{up}{}\"{current}>{}</a></li>\n",
            html_path(other),
            escape(&found.title)
        )
    };
    // The start page comes first, the others by their names.
    let (first, rest): (Vec<_>, Vec<_>) = pages.iter().partition(|(path, _)| *path == "index.md");
    let contents: String = first.into_iter().chain(rest).map(entry).collect();
    fill(&[
        ("handbook", &escape(handbook)),
        ("title", &escape(&page.title)),
        ("contents", contents.trim_end()),
        ("body", page.body.trim_end()),
    ])
}

/// The template with its `{names}` filled in. One pass, since what is filled in may hold braces too.
fn fill(values: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = TEMPLATE;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let found = values
            .iter()
            .find_map(|(name, value)| Some((value, after.strip_prefix(name)?.strip_prefix('}')?)));
        let (value, after) = found.map_or(("{", after), |(value, after)| (*value, after));
        filled.push_str(value);
        rest = after;
    }
    filled + rest
}

fn html_path(path: &str) -> String {
    format!("{}.html", path.trim_end_matches(".md"))
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)
}
