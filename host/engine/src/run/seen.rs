//! What a builder that goes on with its plan gets to see of outputs.

use std::collections::BTreeMap;

use crate::cache::{Content, Node, Store};
use crate::plan::{OutputRef, SeenFile};

/// Largest file that a builder may see, in bytes.
const MAX_FILE: u64 = 64 << 20;

/// The files of outputs; none where the store lost one.
pub(super) fn read(
    store: &Store,
    needs: &[OutputRef],
    contents: &BTreeMap<OutputRef, Content>,
) -> Option<Vec<SeenFile>> {
    let mut seen = Vec::new();
    for output in needs {
        let file = |path: &str, content| SeenFile {
            output: output.clone(),
            path: path.to_owned(),
            content,
        };
        match contents.get(output)? {
            Content::File { digest, .. } => seen.push(file("", store.read_blob(digest, MAX_FILE)?)),
            Content::Folder(tree) => {
                for entry in &tree.entries {
                    if let Node::File { digest, .. } = &entry.node {
                        seen.push(file(entry.path.as_str(), store.read_blob(digest, MAX_FILE)?));
                    }
                }
            }
            // A folder too big to be copied is too big to be looked through.
            Content::Unpacked { .. } => {}
        }
    }
    Some(seen)
}
