//! Owns dependencies: which systems may excuse downtime of another, directly or transitively.

use std::cell::{Cell, Ref, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use super::member::{BySystem, Member, SystemId};
use super::objective::{ImpactType, System};
use crate::domain::value::name::Name;

/// An edge to an upstream that may excuse a system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Edge {
    /// The index of the upstream in the graph.
    pub(crate) upstream: usize,
    /// Whether the upstream's own upstreams may excuse the system, too.
    pub(crate) transitive: bool,
}

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) member: Member,
    /// `None` until its dependencies are resolved.
    pub(crate) edges: Option<Rc<[Edge]>>,
}

/// The known part of the dependency graph, shared by all models. It only grows.
#[derive(Default, Debug)]
pub(crate) struct Dependencies {
    nodes: RefCell<Vec<Node>>,
    places: RefCell<BySystem<usize>>,
    complete: Cell<bool>,
    marks: RefCell<Marks>,
}

/// The places a walk has visited: those marked with its number.
#[derive(Default, Debug)]
struct Marks {
    walk: u32,
    reached: Vec<u32>,
    expanded: Vec<u32>,
}

impl Marks {
    /// Begins a walk over a graph of this size.
    fn begin(&mut self, places: usize) {
        if self.walk == u32::MAX {
            *self = Self::default();
        }
        self.walk += 1;
        self.reached.resize(places, 0);
        self.expanded.resize(places, 0);
    }
}

impl Dependencies {
    /// The place of a system, if it is in the graph.
    pub(crate) fn place(&self, system: SystemId) -> Option<usize> {
        self.places.borrow().get(&system).copied()
    }

    /// The place of a member; adds it if it is new.
    pub(crate) fn add(&self, member: Member) -> usize {
        let mut nodes = self.nodes.borrow_mut();
        *self.places.borrow_mut().entry(member.id).or_insert_with(|| {
            nodes.push(Node { member, edges: None });
            nodes.len() - 1
        })
    }

    /// Sets the upstreams that may excuse a system.
    pub(crate) fn connect(&self, place: usize, edges: Vec<Edge>) {
        self.nodes.borrow_mut()[place].edges = Some(edges.into());
    }

    /// Whether the upstreams of the system at a place are set.
    pub(crate) fn is_connected(&self, place: usize) -> bool {
        self.nodes.borrow()[place].edges.is_some()
    }

    /// Declares that the graph has all its edges.
    pub(crate) fn complete(&self) {
        self.complete.set(true);
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.complete.get()
    }

    pub(crate) fn nodes(&self) -> Ref<'_, [Node]> {
        Ref::map(self.nodes.borrow(), Vec::as_slice)
    }

    pub(crate) fn member(&self, place: usize) -> Member {
        self.nodes.borrow()[place].member.clone()
    }

    /// The name of a system in the graph.
    ///
    /// # Panics
    /// When it is not there: any system that downtime is charged to was added before.
    pub(crate) fn name(&self, system: SystemId) -> Name {
        self.nodes.borrow()[self.places.borrow()[&system]].member.name.clone()
    }

    /// The places of all systems that may excuse one: its direct upstreams, and theirs in turn over transitive edges.
    /// Systems with an excluded name are left out, but the walk goes on through them.
    pub(crate) fn closure(&self, system: SystemId, excluded: &BTreeSet<Name>) -> Vec<usize> {
        let Some(start) = self.place(system) else { return Vec::new() };
        let nodes = self.nodes.borrow();
        let mut marks = self.marks.borrow_mut();
        marks.begin(nodes.len());
        let Marks { walk, reached, expanded } = &mut *marks;
        let is_new = |mark: &mut u32| std::mem::replace(mark, *walk) != *walk;
        let mut found = Vec::new();
        let mut open = vec![start];
        expanded[start] = *walk;
        while let Some(place) = open.pop() {
            for edge in nodes[place].edges.iter().flat_map(|edges| edges.iter()) {
                let upstream = edge.upstream;
                if is_new(&mut reached[upstream]) && upstream != start {
                    found.push(upstream);
                }
                if edge.transitive && is_new(&mut expanded[upstream]) {
                    open.push(upstream);
                }
            }
        }
        if !excluded.is_empty() {
            found.retain(|place| !excluded.contains(&nodes[*place].member.name));
        }
        found
    }

    /// A hash of members that does not depend on their order.
    pub(crate) fn hash(&self, places: &[usize]) -> u64 {
        let nodes = self.nodes.borrow();
        places.iter().fold(places.len() as u64, |sum, place| sum.wrapping_add(nodes[*place].member.fingerprint))
    }
}

/// The upstreams of a system that may excuse it, each with whether it is transitive; informational ones are left out.
pub(crate) fn leading(system: &System) -> impl Iterator<Item = (&Name, bool)> {
    let leading = system.dependencies.iter().filter(|edge| edge.impact != ImpactType::Informational);
    leading.map(|edge| (&edge.upstream, edge.transitive))
}
