//! What the texts in `deps` and `depends` stand for: `name`, `member:name`, `:name` and `^name`.
//!
//! Does not know cycles between targets.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::{DiGraph, NodeIndex};

use super::error::GraphError;
use super::{TargetId, cycle};
use crate::config::{Dep, Member, Target, Workspace, suggest};
use crate::error::Location;

/// One target depends on another.
pub(super) struct Edge {
    pub from: TargetId,
    pub to: TargetId,
    pub location: Location,
}

/// All edges, a target's in the order of the targets that it depends on, each once.
pub(super) fn resolve(workspace: &Workspace, names: &BTreeMap<String, TargetId>) -> Result<Vec<Edge>, GraphError> {
    let resolver = Resolver {
        names,
        members: Members::new(&workspace.members)?,
        locals: workspace
            .targets
            .iter()
            .filter(|target| target.name.member().is_some())
            .map(|target| target.name.local())
            .collect(),
    };
    let mut edges = Vec::new();
    for (target, from) in workspace.targets.iter().zip(0..) {
        let mut own: BTreeMap<TargetId, &Location> = BTreeMap::new();
        for dep in &target.deps {
            for to in resolver.resolve_dep(target, dep)? {
                own.entry(to).or_insert(&dep.location);
            }
        }
        edges.extend(own.into_iter().map(|(to, location)| Edge {
            from: TargetId(from),
            to,
            location: location.clone(),
        }));
    }
    Ok(edges)
}

struct Resolver<'w> {
    names: &'w BTreeMap<String, TargetId>,
    members: Members<'w>,
    /// Names that a target of any member has within it.
    locals: BTreeSet<&'w str>,
}

impl Resolver<'_> {
    fn resolve_dep(&self, target: &Target, dep: &Dep) -> Result<Vec<TargetId>, GraphError> {
        if let Some(name) = dep.text.strip_prefix('^') {
            return self.resolve_upstream(target, dep, name);
        }
        let full = match dep.text.strip_prefix(':') {
            Some(name) => format!("{}:{name}", member_of(target, dep)?),
            None => dep.text.clone(),
        };
        match self.names.get(&full) {
            Some(_) if full == target.name.as_str() => Err(GraphError::SelfDependency {
                target: full,
                location: dep.location.clone(),
            }),
            Some(id) => Ok(vec![*id]),
            None => Err(self.unknown(target, dep, &full)),
        }
    }

    /// `^name`: the target of that name in each member that this one depends on. A member that lacks it is looked
    /// through to those that it depends on, as Turborepo and Nx do, so that the order between the others holds.
    fn resolve_upstream(&self, target: &Target, dep: &Dep, name: &str) -> Result<Vec<TargetId>, GraphError> {
        let member = member_of(target, dep)?;
        if !self.locals.contains(name) {
            let hints = suggest(name, self.locals.iter().copied(), "targets of members");
            return Err(unknown_target(target, dep, hints));
        }
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut open = self.members.depends_of(member);
        while let Some(upstream) = open.pop() {
            if !seen.insert(upstream) {
                continue;
            }
            match self.names.get(&format!("{upstream}:{name}")) {
                Some(id) => found.push(*id),
                None => open.extend(self.members.depends_of(upstream)),
            }
        }
        Ok(found)
    }

    fn unknown(&self, target: &Target, dep: &Dep, full: &str) -> GraphError {
        let sibling = target.name.member().map(|member| format!("{member}:{}", dep.text));
        if sibling.is_some_and(|sibling| self.names.contains_key(&sibling)) {
            let hint = format!("write `:{}` for the target of the same member", dep.text);
            return unknown_target(target, dep, vec![hint]);
        }
        if self.members.by_name.contains_key(full) {
            let hint = format!("`{full}` is a member: write `{full}:` and the name of its target");
            return unknown_target(target, dep, vec![hint]);
        }
        let hints = suggest(full, self.names.keys().map(String::as_str), "targets");
        unknown_target(target, dep, hints)
    }
}

fn unknown_target(target: &Target, dep: &Dep, hints: Vec<String>) -> GraphError {
    GraphError::UnknownTarget {
        target: target.name.to_string(),
        text: dep.text.clone(),
        location: dep.location.clone(),
        hints,
    }
}

fn member_of<'t>(target: &'t Target, dep: &Dep) -> Result<&'t str, GraphError> {
    target.name.member().ok_or_else(|| GraphError::NoMember {
        target: target.name.to_string(),
        text: dep.text.clone(),
        location: dep.location.clone(),
    })
}

/// The members and what they depend on; free of cycles.
struct Members<'w> {
    by_name: BTreeMap<&'w str, &'w Member>,
}

impl<'w> Members<'w> {
    fn new(members: &'w [Member]) -> Result<Self, GraphError> {
        let by_name: BTreeMap<&str, &Member> = members.iter().map(|member| (member.name.as_str(), member)).collect();
        let indices: BTreeMap<&str, usize> = members.iter().map(|member| member.name.as_str()).zip(0..).collect();
        let mut graph: DiGraph<&str, Location> = DiGraph::new();
        for member in members {
            graph.add_node(&member.name);
        }
        for (member, from) in members.iter().zip(0..) {
            for dep in &member.depends {
                let to = *indices
                    .get(dep.text.as_str())
                    .ok_or_else(|| unknown_member(member, dep, &by_name))?;
                if to == from {
                    let (member, location) = (member.name.clone(), dep.location.clone());
                    return Err(GraphError::SelfMember { member, location });
                }
                graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), dep.location.clone());
            }
        }
        match cycle::find(&graph) {
            Some(edges) => Err(GraphError::MemberCycle { edges }),
            None => Ok(Self { by_name }),
        }
    }

    /// The names that the member of this name depends on, the first of them last.
    fn depends_of(&self, name: &str) -> Vec<&'w str> {
        let depends = self.by_name.get(name).map_or(&[][..], |member| &member.depends);
        depends.iter().rev().map(|dep| dep.text.as_str()).collect()
    }
}

fn unknown_member(member: &Member, dep: &Dep, known: &BTreeMap<&str, &Member>) -> GraphError {
    GraphError::UnknownMember {
        member: member.name.clone(),
        text: dep.text.clone(),
        location: dep.location.clone(),
        hints: suggest(&dep.text, known.keys().copied(), "members"),
    }
}
