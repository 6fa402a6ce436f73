//! The SHA-256 of content, for those who do not speak BLAKE3: registries, SBOMs, provenance.
//!
//! A file's is that of its bytes. A folder's is that of a listing which has a line for each of its files, sorted by
//! path, exactly as `sha256sum` prints it; a link counts as a file that holds where it leads to, with `@` in the place of
//! the second space. Empty folders and modes do not count: they are in the BLAKE3 digest.

use sha2::{Digest as _, Sha256};

use crate::cache::{Content, Inside, Node, Store, Tree};
use crate::digest::Digest;
use crate::fs::parallel;
use crate::path::RelPath;

/// The SHA-256 of content, in hexadecimal digits; none where the store no longer has all of it.
pub fn sha256(store: &Store, content: &Content) -> Option<String> {
    match content {
        Content::File { digest, size, .. } => of(|take| store.pass_blob(digest, *size, take)),
        Content::Folder(tree) => of_tree(tree, |_, digest, size| of(|take| store.pass_blob(digest, size, take))),
        Content::Unpacked { tree: root, name, .. } => of_tree(&store.tree(root)?, |path, digest, size| {
            let inside = Inside {
                tree: root,
                name,
                path: path.clone(),
                digest: *digest,
                size,
            };
            of(|take| store.pass_unpacked(&inside, take))
        }),
    }
}

/// The SHA-256 of what is passed, if all of it was.
fn of(pass: impl FnOnce(&mut dyn FnMut(&[u8])) -> bool) -> Option<String> {
    let mut hasher = Sha256::new();
    pass(&mut |piece| hasher.update(piece)).then(|| hex(hasher))
}

fn of_tree(tree: &Tree, of_file: impl Fn(&RelPath, &Digest, u64) -> Option<String> + Sync) -> Option<String> {
    let lines = parallel::map(&tree.entries, |entry| match &entry.node {
        Node::File { digest, size, .. } => Some(line(&of_file(&entry.path, digest, *size)?, ' ', &entry.path)),
        Node::Link { target } => Some(line(&hex(Sha256::new_with_prefix(target)), '@', &entry.path)),
        Node::Folder => Some(String::new()),
    });
    let listing: String = lines.into_iter().collect::<Option<_>>()?;
    Some(hex(Sha256::new_with_prefix(listing)))
}

/// A line as `sha256sum` prints it: names with a backslash or a line break are told by a backslash before the line.
fn line(hex: &str, mark: char, path: &RelPath) -> String {
    let escaped = path
        .as_str()
        .replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('\r', "\\r");
    let sign = if escaped == path.as_str() { "" } else { "\\" };
    format!("{sign}{hex} {mark}{escaped}\n")
}

fn hex(hasher: Sha256) -> String {
    format!("{:x}", hasher.finalize())
}
