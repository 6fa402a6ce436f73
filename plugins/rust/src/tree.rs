//! What `cargo tree --prefix depth` prints: which packages need which. Does not know where they are from.

/// A package in the tree.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Node<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its version.
    pub(crate) version: &'a str,
    /// The place in the list of the one that needs it; none for a package of the target's.
    pub(crate) parent: Option<usize>,
}

/// The packages in a tree, each as often as it is there.
pub(crate) fn nodes(text: &str) -> Vec<Node<'_>> {
    let (mut nodes, mut above): (Vec<Node<'_>>, Vec<usize>) = (Vec::new(), Vec::new());
    for (depth, name, version) in text.lines().filter_map(line) {
        above.truncate(depth);
        let parent = above.last().copied();
        above.push(nodes.len());
        nodes.push(Node { name, version, parent });
    }
    nodes
}

/// `2serde v1.0.229`
fn line(text: &str) -> Option<(usize, &str, &str)> {
    let name = text.find(|c: char| !c.is_ascii_digit())?;
    let (depth, rest) = text.split_at(name);
    let mut words = rest.split(' ');
    Some((depth.parse().ok()?, words.next()?, words.next()?.strip_prefix('v')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_needed_by_the_one_above_it() {
        let nodes = nodes("0app v0.1.0\n1a v1.0.0\n2b v2.0.0+x\n1c v3.0.0\n\n0other v0.1.0\n1a v1.0.0\n");
        let found: Vec<_> = nodes
            .iter()
            .map(|node| (node.name, node.version, node.parent))
            .collect();
        let expected = [
            ("app", "0.1.0", None),
            ("a", "1.0.0", Some(0)),
            ("b", "2.0.0+x", Some(1)),
            ("c", "3.0.0", Some(0)),
            ("other", "0.1.0", None),
            ("a", "1.0.0", Some(4)),
        ];
        assert_eq!(found, expected);
    }
}
