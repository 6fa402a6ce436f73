//! From the files of a folder to its tree.

use std::collections::BTreeSet;

use super::{Entry, Node, Tree, TreeError};
use crate::fs::{Found, Kind, parallel};

/// Setuid and setgid.
const PRIVILEGES: u32 = 0o6000;

/// The tree of what a walk has found. `file` makes the node of a regular file; it is called on several threads.
///
/// # Errors
/// When something is neither a plain file nor a folder nor a link that stays inside, or when `file` fails.
pub fn gather<E: From<TreeError> + Send>(
    found: &[Found],
    file: impl Fn(&Found) -> Result<Node, E> + Sync,
) -> Result<Tree, E> {
    let parents: BTreeSet<_> = found.iter().filter_map(|found| found.path.parent()).collect();
    let nodes = parallel::try_map(found, |found| match found.stat.kind {
        Kind::File if found.stat.mode & PRIVILEGES != 0 => Err(refuse(found, "has the setuid or the setgid bit")),
        Kind::File => file(found).map(Some),
        Kind::Link => Ok(found.target.clone().map(|target| Node::Link { target })),
        Kind::Folder if parents.contains(&found.path) => Ok(None),
        Kind::Folder => Ok(Some(Node::Folder)),
        Kind::Other => Err(refuse(found, "is a pipe, a socket or a device")),
    })?;
    let entries = found.iter().zip(nodes).filter_map(|(found, node)| {
        Some(Entry {
            path: found.path.clone(),
            node: node?,
        })
    });
    Ok(Tree::new(entries.collect())?)
}

fn refuse<E: From<TreeError>>(found: &Found, rule: &str) -> E {
    E::from(TreeError {
        path: found.path.to_string(),
        rule: rule.to_owned(),
    })
}
