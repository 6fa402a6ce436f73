//! Which targets to build, and in which order: names and globs that were typed, with all that they need.
//!
//! Does not know where the names were typed.

use globset::{Glob, GlobMatcher};
use petgraph::graph::NodeIndex;
use petgraph::visit::DfsPostOrder;

use super::error::GraphError;
use super::{TargetGraph, TargetId};
use crate::config::suggest;

impl TargetGraph {
    /// The targets that these names and globs (`*:test`, `services*`) ask for, with all that they depend on; all
    /// targets when there are none. A target comes after its dependencies, and otherwise in the order of the files, so
    /// the answer is always the same. Takes time linear in the graph (and in the targets for each glob).
    pub fn select(&self, wanted: &[String]) -> Result<Vec<TargetId>, GraphError> {
        let mut chosen = vec![wanted.is_empty(); self.len()];
        for text in wanted {
            for id in self.matching(text)? {
                chosen[id.index()] = true;
            }
        }
        let roots = self.graph.node_indices().filter(|node| chosen[node.index()]);
        Ok(self.in_order(roots))
    }

    /// The targets that one name or glob stands for, in the order of the files.
    pub fn matching(&self, text: &str) -> Result<Vec<TargetId>, GraphError> {
        if let Some(id) = self.find(text) {
            return Ok(vec![id]);
        }
        if !text.contains(['*', '?', '[', '{']) {
            return Err(self.unknown(text));
        }
        let glob = compile(text)?;
        let nodes = self
            .graph
            .node_indices()
            .filter(|node| glob.is_match(self.graph[*node].as_str()));
        let ids: Vec<TargetId> = nodes.map(TargetId::from).collect();
        if ids.is_empty() {
            let hints = suggest(text, self.names.keys().map(String::as_str), "targets");
            let text = text.to_owned();
            return Err(GraphError::NothingMatches { text, hints });
        }
        Ok(ids)
    }

    /// The nodes and all that they depend on, dependencies first.
    fn in_order(&self, roots: impl Iterator<Item = NodeIndex>) -> Vec<TargetId> {
        let mut walk = DfsPostOrder::empty(&self.graph);
        let mut order = Vec::new();
        for root in roots {
            walk.move_to(root);
            while let Some(node) = walk.next(&self.graph) {
                order.push(TargetId::from(node));
            }
        }
        order
    }

    fn unknown(&self, text: &str) -> GraphError {
        let mut hints = suggest(text, self.names.keys().map(String::as_str), "targets");
        if self.members.iter().any(|member| member == text) {
            hints = vec![format!("`{text}` is a member: '{text}:*' stands for all its targets")];
        }
        let text = text.to_owned();
        GraphError::UnknownSelection { text, hints }
    }
}

fn compile(text: &str) -> Result<GlobMatcher, GraphError> {
    let glob = Glob::new(text).map_err(|error| GraphError::BadGlob {
        text: text.to_owned(),
        reason: error.kind().to_string(),
    })?;
    Ok(glob.compile_matcher())
}
