//! The order of targets: who depends on whom, checked for names and cycles.
//!
//! Pure: does not know the disk, builders or actions. Every walk is iterative, so that a chain of any length will do.

mod cycle;
mod error;
mod resolve;
mod select;

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};

pub use error::{CycleEdge, GraphError};

use crate::config::{TargetName, Workspace};
use crate::error::Location;

/// A target of a workspace: its index in [`Workspace::targets`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetId(u32);

impl TargetId {
    /// The index in [`Workspace::targets`].
    pub fn index(self) -> usize {
        self.0 as usize
    }

    fn node(self) -> NodeIndex {
        NodeIndex::new(self.index())
    }
}

impl From<NodeIndex> for TargetId {
    fn from(node: NodeIndex) -> Self {
        Self(u32::try_from(node.index()).expect("petgraph's node indices are 32 bits wide"))
    }
}

/// Which target depends on which; free of cycles.
#[derive(Debug)]
pub struct TargetGraph {
    /// Nodes in the order of the targets; an edge leads to a dependency, and a node's edges were added in that order.
    graph: DiGraph<TargetName, Location>,
    /// The targets by full name.
    names: BTreeMap<String, TargetId>,
    /// Names of the members, for hints.
    members: Vec<String>,
}

/// Resolves all dependencies of the workspace's targets, and refuses names that nothing has and cycles.
pub fn build(workspace: &Workspace) -> Result<TargetGraph, GraphError> {
    let names = workspace.targets.iter().zip(0..);
    let names: BTreeMap<String, TargetId> = names
        .map(|(target, id)| (target.name.to_string(), TargetId(id)))
        .collect();
    let edges = resolve::resolve(workspace, &names)?;
    let mut graph = DiGraph::with_capacity(workspace.targets.len(), edges.len());
    for target in &workspace.targets {
        graph.add_node(target.name.clone());
    }
    for edge in edges {
        graph.add_edge(edge.from.node(), edge.to.node(), edge.location);
    }
    if let Some(cycle) = cycle::find(&graph) {
        return Err(GraphError::Cycle { edges: cycle });
    }
    Ok(TargetGraph {
        graph,
        names,
        members: workspace.members.iter().map(|member| member.name.clone()).collect(),
    })
}

impl TargetGraph {
    /// How many targets there are.
    pub fn len(&self) -> usize {
        self.graph.node_count()
    }

    /// Whether there is no target.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The target of this full name.
    pub fn find(&self, name: &str) -> Option<TargetId> {
        self.names.get(name).copied()
    }

    /// The target's full name.
    pub fn name(&self, id: TargetId) -> &TargetName {
        &self.graph[id.node()]
    }

    /// What the target depends on directly, in the order of the targets.
    pub fn deps_of(&self, id: TargetId) -> Vec<TargetId> {
        self.neighbors(id, Direction::Outgoing)
    }

    /// What depends on the target directly, in the order of the targets.
    pub fn dependents_of(&self, id: TargetId) -> Vec<TargetId> {
        self.neighbors(id, Direction::Incoming)
    }

    fn neighbors(&self, id: TargetId, direction: Direction) -> Vec<TargetId> {
        let nodes = self.graph.neighbors_directed(id.node(), direction);
        let mut ids: Vec<TargetId> = nodes.map(TargetId::from).collect();
        // petgraph tells the latest edge first.
        ids.reverse();
        ids
    }
}
