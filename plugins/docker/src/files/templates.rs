//! The templates: farm's own, and the user's in their place or beside them. Does not know how they are rendered.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use farm_sdk::{Host, Problem};

use super::TEMPLATES;
use crate::model::Context;
use crate::oci::image::LAYERS;

/// The ending of a template's name.
pub(super) const ENDING: &str = ".j2";

/// farm's own, for every target.
const FOR_ALL: [(&str, &str); 4] = [
    ("compose.yaml.j2", include_str!("templates/compose.yaml.j2")),
    ("deploy.sh.j2", include_str!("templates/deploy.sh.j2")),
    ("env.example.j2", include_str!("templates/env.example.j2")),
    ("kubernetes.yaml.j2", include_str!("templates/kubernetes.yaml.j2")),
];
/// And for one that makes an image.
const FOR_IMAGES: [(&str, &str); 5] = [
    ("Dockerfile.dev.j2", include_str!("templates/Dockerfile.dev.j2")),
    ("Dockerfile.j2", include_str!("templates/Dockerfile.j2")),
    ("build.sh.j2", include_str!("templates/build.sh.j2")),
    ("compose.dev.yaml.j2", include_str!("templates/compose.dev.yaml.j2")),
    ("push.sh.j2", include_str!("templates/push.sh.j2")),
];

/// What several templates have in common, for `include`.
pub(super) const SHARED: [(&str, &str); 3] = [
    ("Dockerfile.layers.j2", include_str!("templates/Dockerfile.layers.j2")),
    (
        "Dockerfile.packages.j2",
        include_str!("templates/Dockerfile.packages.j2"),
    ),
    (
        "Dockerfile.settings.j2",
        include_str!("templates/Dockerfile.settings.j2"),
    ),
];

/// farm's own that become files.
pub(super) fn own(has_image: bool) -> impl Iterator<Item = (&'static str, &'static str)> {
    let for_images = FOR_IMAGES.into_iter().filter(move |_| has_image);
    FOR_ALL.into_iter().chain(for_images)
}

/// Where the user's templates will be for the step, when there are any.
pub(crate) fn find(option: Option<&str>, host: &dyn Host) -> Result<Option<String>, Problem> {
    let Some(option) = option else {
        return Ok(None);
    };
    let folder = option.strip_prefix("./").unwrap_or(option).trim_end_matches('/');
    let found = host.glob(&[&format!("{folder}/**/*{ENDING}")], &[])?;
    if found.is_empty() {
        let problem = Problem::new(format!("option `templates` names `{option}`, which holds no template"));
        let names: Vec<&str> = own(true).map(|(name, _)| name).collect();
        return Err(problem.hint(format!(
            "the name of a template ends in `{ENDING}`; farm's own are {}",
            names.join(", ")
        )));
    }
    let layers = format!("{folder}/{LAYERS}/");
    if let Some(template) = found
        .iter()
        .find(|path| path.trim_start_matches("./").starts_with(&layers))
    {
        let problem = Problem::new(format!(
            "the template `{template}` would be among the layers, which farm puts into `{LAYERS}`"
        ));
        return Err(problem.hint("put it into another folder of the templates"));
    }
    Ok(Some(format!("{TEMPLATES}/{folder}")))
}

/// All of them, by name.
pub(super) fn read(context: &Context, input: &Path) -> Result<BTreeMap<String, String>, Problem> {
    let owned = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
    let mut all: BTreeMap<String, String> = own(context.image.is_some()).map(owned).collect();
    if let Some(folder) = &context.templates {
        read_below(&input.join(folder), "", &mut all)?;
    }
    Ok(all)
}

fn read_below(folder: &Path, prefix: &str, all: &mut BTreeMap<String, String>) -> Result<(), Problem> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            read_below(&entry.path(), &format!("{name}/"), all)?;
        } else if name.ends_with(ENDING) {
            let text = fs::read_to_string(entry.path());
            let text = text.map_err(|error| Problem::new(format!("the template `{name}` cannot be read: {error}")))?;
            all.insert(name, text);
        }
    }
    Ok(())
}
