//! The step `size-limit`: fails where a bundle is bigger than its target may be, and says what makes it up. Does not
//! measure.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use farm_sdk::Problem;
use serde::{Deserialize, Serialize};

use crate::facts::{self, Chunk, Facts, Module};
use crate::measure::Measured;
use crate::size::{Size, shown};

/// How many files and modules are named for each limit.
const NAMED: usize = 8;

const HINT: &str = "load parts of it later with `import()`, take something out, or raise `size-limit`; \
                    `--analyze` shows every module";

/// The limits of a target.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    /// Which size counts.
    #[serde(default, rename = "as")]
    measure: Measure,
    /// A `modules.json` of an earlier bundle, from the target's folder, to tell what grew.
    pub(crate) baseline: Option<String>,
    /// Of each script.
    chunk: Option<Size>,
    /// Of single scripts, by name; instead of `chunk`.
    #[serde(default)]
    chunks: BTreeMap<String, Size>,
    /// Of all files that visitors may download.
    total: Option<Size>,
}

/// A size of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Measure {
    /// As it lies on the disk.
    Raw,
    /// As servers send it to every browser.
    #[default]
    Gzip,
    /// As most servers send it to most browsers.
    Brotli,
}

/// Where farm shows what the step's inputs were in the last good build, once a limit is broken.
const EARLIER: &str = "earlier/facts.json";

/// What an earlier bundle was made of.
#[derive(Debug, Deserialize)]
struct Baseline {
    chunks: Vec<Chunk>,
    /// Which one it is, in words.
    #[serde(skip)]
    called: String,
}

/// A bundle beside its limits.
struct Check<'a> {
    limits: &'a Limits,
    sizes: Vec<Measured>,
    facts: Facts,
    baseline: Option<Baseline>,
}

impl Limits {
    /// Adds what is asked for on the command line, as `wit/builder.wit` says it: it goes before what the options say.
    pub(crate) fn add(&mut self, asked: &str) -> Result<(), Problem> {
        for limit in asked.split(' ') {
            let (chunk, size) = limit
                .rsplit_once('=')
                .map_or((None, limit), |(chunk, size)| (Some(chunk), size));
            let size = Size::parse(size).ok_or_else(|| {
                let problem = Problem::new(format!("`--size-limit` has `{size}`, which is no size"));
                problem.hint("write a number with B, kB, MB, KiB or MiB, as in `200kB`")
            })?;
            match chunk {
                Some(chunk) => drop(self.chunks.insert(chunk.to_owned(), size)),
                None => self.total = Some(size),
            }
        }
        Ok(())
    }

    /// A limit of the whole bundle.
    pub(crate) fn of_total(total: Size) -> Self {
        Self {
            total: Some(total),
            ..Self::default()
        }
    }
}

/// Compares the files in `input` with the limits.
pub(crate) fn run(parameters: &str, input: &Path) -> Result<(), Problem> {
    let limits: Limits = serde_json::from_str(parameters)
        .map_err(|error| Problem::new(format!("the limits cannot be read: {error}")))?;
    let check = Check {
        sizes: facts::read(&input.join("sizes.json"))?,
        facts: Facts::read(input)?,
        baseline: read_baseline(&limits, input)?,
        limits: &limits,
    };
    check.names()?;
    let broken: Vec<String> = check.total().into_iter().chain(check.chunks()).collect();
    if broken.is_empty() {
        return Ok(());
    }
    let message = format!("the bundle is over its size limit\n{}", broken.join("\n"));
    Err(Problem::new(message).hint(HINT))
}

/// What the user names goes before what farm remembers. It is the user's own file, so a mistake in it is theirs.
fn read_baseline(limits: &Limits, input: &Path) -> Result<Option<Baseline>, Problem> {
    let Some(name) = &limits.baseline else {
        let text = fs::read_to_string(input.join(EARLIER)).unwrap_or_default();
        let earlier = serde_json::from_str::<Baseline>(&text).ok();
        return Ok(earlier.map(|earlier| earlier.called("the last good build")));
    };
    let text = fs::read_to_string(input.join(name))?;
    let baseline: Baseline = serde_json::from_str(&text).map_err(|error| {
        let problem = Problem::new(format!("`{name}` cannot be read: {error}")).in_file(name);
        problem.hint("take the `modules.json` that `analyze = true` makes")
    })?;
    Ok(Some(baseline.called(&format!("`{name}`"))))
}

impl Baseline {
    fn called(self, name: &str) -> Self {
        Self {
            called: name.to_owned(),
            ..self
        }
    }
}

impl Check<'_> {
    /// A limit for a chunk that does not exist would never be broken.
    fn names(&self) -> Result<(), Problem> {
        let is_there = |name: &&String| self.facts.chunks.iter().any(|chunk| chunk.name == **name);
        let Some(name) = self.limits.chunks.keys().find(|name| !is_there(name)) else {
            return Ok(());
        };
        let problem = Problem::new(format!(
            "`size-limit` names the chunk `{name}`, which the bundle does not have"
        ));
        let mut names: Vec<&str> = self.facts.chunks.iter().map(|chunk| chunk.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        Err(problem.hint(format!("it has: {}", names.join(", "))))
    }

    fn total(&self) -> Option<String> {
        let limit = self.limits.total?;
        let bytes = self.sizes.iter().map(|file| self.size(file)).sum();
        let broken = self.broken("the whole bundle", bytes, limit)?;
        let modules = self.facts.chunks.iter().flat_map(|chunk| self.grown(chunk)).collect();
        // What grew may be a picture, which is no module.
        let grown = self.since(modules).map_or("; ".to_owned(), |grown| grown + "\n");
        Some(broken + &grown + &self.largest_files())
    }

    fn chunks(&self) -> impl Iterator<Item = String> {
        self.facts.chunks.iter().filter_map(|chunk| {
            let limit = self.limits.chunks.get(&chunk.name).copied().or(self.limits.chunk)?;
            let file = self.sizes.iter().find(|file| file.file == chunk.file)?;
            let what = format!("the chunk `{}` ({})", chunk.name, chunk.file);
            let broken = self.broken(&what, self.size(file), limit)?;
            Some(broken + &self.since(self.grown(chunk)).unwrap_or_else(|| made_of(chunk)))
        })
    }

    fn broken(&self, what: &str, bytes: u64, limit: Size) -> Option<String> {
        let over = bytes.checked_sub(limit.0).filter(|over| *over > 0)?;
        let measure = match self.limits.measure {
            Measure::Raw => "",
            Measure::Gzip => " as gzip",
            Measure::Brotli => " as brotli",
        };
        Some(format!(
            "{what} is {}{measure}, {} over its limit of {}",
            shown(bytes),
            shown(over),
            shown(limit.0)
        ))
    }

    fn size(&self, file: &Measured) -> u64 {
        match self.limits.measure {
            Measure::Raw => file.raw,
            Measure::Gzip => file.gzip,
            Measure::Brotli => file.brotli,
        }
    }

    fn largest_files(&self) -> String {
        let files = self.sizes.iter().map(|file| (self.size(file), file.file.clone()));
        format!("its files, largest first:{}", list("", files.collect()))
    }

    /// By how much the modules of a chunk are bigger than before; a module that was not there counts whole.
    fn grown(&self, chunk: &Chunk) -> Vec<(u64, String)> {
        let Some(baseline) = &self.baseline else {
            return Vec::new();
        };
        let earlier = baseline.chunks.iter().filter(|earlier| earlier.name == chunk.name);
        let earlier: BTreeMap<&str, u64> = earlier.flat_map(|earlier| sizes_of(&earlier.modules)).collect();
        let grown = chunk.modules.iter().filter_map(|module| {
            let before = earlier.get(module.id.as_str());
            let by = module.bytes.saturating_sub(before.copied().unwrap_or(0));
            let was = before.map_or("new".to_owned(), |before| {
                format!("{} → {}", shown(*before), shown(module.bytes))
            });
            (by > 0).then(|| (by, format!("{} ({was})", module.id)))
        });
        grown.collect()
    }

    /// The modules that grew, where it is known what there was before, and something grew.
    fn since(&self, modules: Vec<(u64, String)>) -> Option<String> {
        let baseline = self.baseline.as_ref().filter(|_| !modules.is_empty())?;
        Some(format!(
            "; the modules that grew since {}, before they are minified:{}",
            baseline.called,
            list("+", modules)
        ))
    }
}

fn sizes_of(modules: &[Module]) -> impl Iterator<Item = (&str, u64)> {
    modules.iter().map(|module| (module.id.as_str(), module.bytes))
}

fn made_of(chunk: &Chunk) -> String {
    let modules = sizes_of(&chunk.modules).map(|(id, bytes)| (bytes, id.to_owned()));
    format!(
        "; its modules, largest first, before they are minified:{}",
        list("", modules.collect())
    )
}

/// A line for each, largest first; the rest in one.
fn list(sign: &str, mut sized: Vec<(u64, String)>) -> String {
    sized.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let rest = sized.split_off(sized.len().min(NAMED));
    let row = |bytes: u64, name: &str| format!("\n  {:>10}  {name}", format!("{sign}{}", shown(bytes)));
    let mut text: String = sized.iter().map(|(bytes, name)| row(*bytes, name)).collect();
    if !rest.is_empty() {
        let bytes = rest.iter().map(|(bytes, _)| bytes).sum();
        text += &row(bytes, &format!("in {} more", rest.len()));
    }
    text
}
