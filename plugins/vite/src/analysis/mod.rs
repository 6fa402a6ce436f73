//! The step `analyze`: a page that shows every module of every chunk, and the same as data. Does not measure: the modules'
//! sizes are the bundler's own, those of the files come from `measure`.
//!
//! The page holds everything itself and loads nothing. Its tables are there without JavaScript.

use std::fs;
use std::io;
use std::path::Path;

use farm_sdk::Problem;
use serde::{Deserialize, Serialize};

use crate::facts::{self, Chunk, Facts, Module};
use crate::measure::Measured;
use crate::size::shown;

const PAGE: &str = include_str!("page.html");

/// What `modules.json` says, which the page shows. Its form is what `size-limit` takes as a baseline.
#[derive(Debug, Serialize)]
struct Analysis {
    version: u32,
    target: String,
    vite: String,
    chunks: Vec<Sized>,
}

/// A chunk with the sizes of its file.
#[derive(Debug, Serialize)]
struct Sized {
    name: String,
    file: String,
    entry: bool,
    dynamic: bool,
    imports: Vec<String>,
    raw: u64,
    gzip: u64,
    brotli: u64,
    modules: Vec<Module>,
}

#[derive(Deserialize)]
struct Parameters {
    target: String,
}

/// Reads `facts.json` and `sizes.json` below `input`; writes `index.html` and `modules.json` into `analysis` below
/// `output`.
pub(crate) fn run(parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
    let Parameters { target } = serde_json::from_str(parameters)
        .map_err(|error| Problem::new(format!("the parameters cannot be read: {error}")))?;
    let facts = Facts::read(input)?;
    let mut files: Vec<Measured> = facts::read(&input.join("sizes.json"))?;
    let analysis = Analysis {
        version: 1,
        target,
        vite: facts.vite,
        chunks: facts
            .chunks
            .into_iter()
            .map(|chunk| with_sizes(chunk, &files))
            .collect(),
    };
    files.retain(|file| analysis.chunks.iter().all(|chunk| chunk.file != file.file));
    let folder = output.join("analysis");
    fs::create_dir_all(&folder)?;
    let json = serde_json::to_string_pretty(&analysis).map_err(io::Error::from)? + "\n";
    fs::write(folder.join("modules.json"), &json)?;
    Ok(fs::write(folder.join("index.html"), page(&analysis, &files)?)?)
}

fn with_sizes(chunk: Chunk, files: &[Measured]) -> Sized {
    let file = files.iter().find(|file| file.file == chunk.file);
    let size = |of: fn(&Measured) -> u64| file.map_or(0, of);
    Sized {
        raw: size(|file| file.raw),
        gzip: size(|file| file.gzip),
        brotli: size(|file| file.brotli),
        name: chunk.name,
        file: chunk.file,
        entry: chunk.entry,
        dynamic: chunk.dynamic,
        imports: chunk.imports,
        modules: chunk.modules,
    }
}

fn page(analysis: &Analysis, files: &[Measured]) -> Result<String, Problem> {
    let data = serde_json::to_string(analysis).map_err(io::Error::from)?;
    let chunks: String = analysis.chunks.iter().map(chunk_table).collect();
    Ok(fill(|name| match name {
        "title" => escape(&analysis.target),
        "summary" => summary(analysis, files),
        "chunks" => chunks.clone(),
        "files" => file_table(files),
        // An end tag in a module's name would end the script that holds it.
        "data" => data.replace('<', "\\u003c"),
        _ => String::new(),
    }))
}

/// The page with a value for each `{{name}}` of it, whatever the values hold.
fn fill(value: impl Fn(&str) -> String) -> String {
    let mut parts = PAGE.split("{{");
    let mut page = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, text) = part.split_once("}}").unwrap_or((part, ""));
        page += &value(name);
        page += text;
    }
    page
}

fn summary(analysis: &Analysis, files: &[Measured]) -> String {
    let chunks = &analysis.chunks;
    let modules: usize = chunks.iter().map(|chunk| chunk.modules.len()).sum();
    let sum = |of_chunk: fn(&Sized) -> u64, of_file: fn(&Measured) -> u64| {
        shown(chunks.iter().map(of_chunk).sum::<u64>() + files.iter().map(of_file).sum::<u64>())
    };
    format!(
        "{modules} modules in {} chunks, and {} other files: {}, gzip {}, brotli {}. Bundled by Vite {}.",
        chunks.len(),
        files.len(),
        sum(|chunk| chunk.raw, |file| file.raw),
        sum(|chunk| chunk.gzip, |file| file.gzip),
        sum(|chunk| chunk.brotli, |file| file.brotli),
        escape(&analysis.vite),
    )
}

fn chunk_table(chunk: &Sized) -> String {
    let whole = chunk.modules.iter().map(|module| module.bytes).sum::<u64>().max(1);
    let kind = match (chunk.entry, chunk.dynamic) {
        (true, _) => "loaded first",
        (false, true) => "loaded when it is imported",
        (false, false) => "loaded by other chunks",
    };
    let rows: String = chunk.modules.iter().map(|module| module_row(module, whole)).collect();
    format!(
        "<details class=\"chunk\"><summary><b>{name}</b> ({file}), {kind}: {count} modules, {raw}, gzip {gzip}, brotli \
         {brotli}</summary>\n<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Module</th><th scope=\"col\" \
         class=\"number\">Size</th><th scope=\"col\" class=\"number\">Of the chunk</th></tr></thead><tbody>\n{rows}\
         </tbody></table></div></details>\n",
        name = escape(&chunk.name),
        file = escape(&chunk.file),
        count = chunk.modules.len(),
        raw = shown(chunk.raw),
        gzip = shown(chunk.gzip),
        brotli = shown(chunk.brotli),
    )
}

fn module_row(module: &Module, whole: u64) -> String {
    let id = escape(&module.id);
    let tenths = u128::from(module.bytes) * 1000 / u128::from(whole);
    format!(
        "<tr data-id=\"{id}\"><td>{id}</td><td class=\"number\">{}</td><td class=\"number\">{}.{} %</td></tr>\n",
        shown(module.bytes),
        tenths / 10,
        tenths % 10
    )
}

fn file_table(files: &[Measured]) -> String {
    let mut files: Vec<&Measured> = files.iter().collect();
    files.sort_by(|a, b| b.raw.cmp(&a.raw).then_with(|| a.file.cmp(&b.file)));
    let row = |file: &&Measured| {
        format!(
            "<tr><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>\n",
            escape(&file.file),
            shown(file.raw),
            shown(file.gzip),
            shown(file.brotli)
        )
    };
    let rows: String = files.iter().map(row).collect();
    format!(
        "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">File</th><th scope=\"col\" class=\"number\">Size</th>\
         <th scope=\"col\" class=\"number\">gzip</th><th scope=\"col\" class=\"number\">brotli</th></tr></thead><tbody>\n\
         {rows}</tbody></table></div>\n"
    )
}

/// Text as it may stand between tags and in attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            character => escaped.push(character),
        }
    }
    escaped
}
