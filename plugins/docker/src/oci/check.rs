//! The step `base-check`: whether the layers of a base are what their digests say, and which links to folders are in them.
//! That is an action of its own, so that it is done once for each base, and not for each image over it. Does not know these.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use farm_sdk::Problem;
use serde::{Deserialize, Serialize};

use super::base::Base;
use super::links::{LINKS, Links};
use super::{Platform, read_json, to_json};

/// The digests of what was found right, below the step's output and below the input of whoever builds on it.
pub(crate) const CHECKED: &str = "checked.json";

/// What the step is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Check {
    /// Where the layout is, below the step's input.
    pub(crate) layout: String,
    /// For which platforms there will be images.
    pub(crate) platforms: Vec<String>,
}

/// Reads every layer that an image may get.
pub(crate) fn run(check: &Check, input: &Path, output: &Path) -> Result<(), Problem> {
    let mut checked = BTreeSet::new();
    let mut links = Links::default();
    for platform in &check.platforms {
        let base = Base::open(&input.join(&check.layout), &Platform::parse(platform)?)?;
        for layer in &base.layers {
            if checked.insert(layer.digest.clone()) {
                base.check(layer)?;
            }
        }
        links.add(platform, &base.tree()?);
    }
    fs::write(output.join(LINKS), to_json(&links)?)?;
    Ok(fs::write(output.join(CHECKED), to_json(&checked)?)?)
}

/// The digests that need no second look.
pub(super) fn read(input: &Path) -> Result<BTreeSet<String>, Problem> {
    let file = input.join(CHECKED);
    if file.is_file() {
        read_json(&file)
    } else {
        Ok(BTreeSet::new())
    }
}
