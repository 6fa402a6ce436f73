//! Which node stands for which action. Does not know what a node does.

use std::collections::BTreeMap;

use super::NodeId;

/// Names of actions beside their nodes.
#[derive(Debug, Default)]
pub struct Names {
    nodes: BTreeMap<(usize, String), NodeId>,
}

impl Names {
    /// Remembers the node of a target's action.
    pub fn insert(&mut self, target: usize, action: &str, node: NodeId) {
        self.nodes.insert((target, action.to_owned()), node);
    }

    /// The node of a target's action.
    pub fn get(&self, target: usize, action: &str) -> Option<NodeId> {
        self.nodes.get(&(target, action.to_owned())).copied()
    }

    /// The nodes of a target's actions.
    pub fn of_target(&self, target: usize) -> impl Iterator<Item = NodeId> {
        let range = (target, String::new())..(target + 1, String::new());
        self.nodes.range(range).map(|(_, node)| *node)
    }
}
