//! Cycles: the shortest one through the first node that lies on any.
//!
//! Knows nodes and edges only by their names and places.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Display;

use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use super::error::CycleEdge;
use crate::error::Location;

/// The steps of a cycle; none when there is none. Of petgraph's algorithms only those that do not recurse.
pub(super) fn find<N: Display>(graph: &DiGraph<N, Location>) -> Option<Vec<CycleEdge>> {
    toposort(graph, None).err()?;
    let groups = kosaraju_scc(graph).into_iter().filter(|group| group.len() > 1);
    let group = groups.min_by_key(|group| group.iter().min().copied())?;
    let start = group.iter().min().copied()?;
    let edges = shortest(graph, start, &group.into_iter().collect())?;
    Some(edges.into_iter().map(|edge| describe(graph, edge)).collect())
}

/// The shortest way from the node back to itself, by breadth.
fn shortest<N>(graph: &DiGraph<N, Location>, start: NodeIndex, group: &BTreeSet<NodeIndex>) -> Option<Vec<EdgeIndex>> {
    let mut came_by: BTreeMap<NodeIndex, EdgeIndex> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(node) = open.pop_front() {
        let mut edges: Vec<_> = graph
            .edges(node)
            .filter(|edge| group.contains(&edge.target()))
            .collect();
        edges.sort_by_key(|edge| edge.target());
        for edge in edges {
            if came_by.contains_key(&edge.target()) {
                continue;
            }
            came_by.insert(edge.target(), edge.id());
            if edge.target() == start {
                return Some(walk_back(graph, start, &came_by));
            }
            open.push_back(edge.target());
        }
    }
    None
}

fn walk_back<N>(
    graph: &DiGraph<N, Location>,
    start: NodeIndex,
    came_by: &BTreeMap<NodeIndex, EdgeIndex>,
) -> Vec<EdgeIndex> {
    let mut edges = Vec::new();
    let mut node = start;
    while let Some(edge) = came_by.get(&node) {
        edges.push(*edge);
        node = graph.edge_endpoints(*edge).map_or(start, |(from, _)| from);
        if node == start {
            break;
        }
    }
    edges.reverse();
    edges
}

fn describe<N: Display>(graph: &DiGraph<N, Location>, edge: EdgeIndex) -> CycleEdge {
    let (from, to) = graph.edge_endpoints(edge).expect("the edge was found in this graph");
    CycleEdge {
        from: graph[from].to_string(),
        to: graph[to].to_string(),
        location: graph[edge].clone(),
    }
}
