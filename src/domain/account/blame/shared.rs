//! Owns attribution across a graph: the outages of all its systems in one ranking, in which each objective skips those
//! that may not excuse it. An upstream's outages are ranked once, however many paths lead to it and objectives it may
//! excuse.

use std::rc::Rc;

use super::{Blamed, Ranked, Ranking, touching};
use crate::domain::account::dependencies::Dependencies;
use crate::domain::health::timeline::{BEGINNING, END, Outage};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::Span;

/// The most outages kept.
const MOST_KEPT: usize = 4_000_000;
/// How far before the requested time outages are read, the first time and the second; the third time reads all of them.
const READ_BACK_MS: [i64; 2] = [32 * DAY_MS, 400 * DAY_MS];

/// The outages of all systems of a graph since an instant.
pub(in crate::domain::account) struct SharedBlame {
    graph: Rc<Dependencies>,
    /// `None` until outages are read, and when they take too much memory.
    ranking: Option<Ranking>,
    from: Instant,
    /// How often outages have been read.
    reads: usize,
    /// A place whose mark equals `asked` may excuse the objective that asks now.
    marks: Vec<u32>,
    asked: u32,
    /// As of one instant, the last status change of the system at each place, if known.
    last_changes: (Instant, Vec<Option<Instant>>),
}

impl SharedBlame {
    pub(in crate::domain::account) fn new(graph: &Rc<Dependencies>) -> Self {
        let (graph, last_changes) = (Rc::clone(graph), (Instant::MIN, Vec::new()));
        Self { graph, ranking: None, from: END, reads: 0, marks: Vec::new(), asked: 0, last_changes }
    }

    pub(in crate::domain::account) fn is_of(&self, graph: &Rc<Dependencies>) -> bool {
        Rc::ptr_eq(&self.graph, graph)
    }

    /// The last status change of a system as of an instant, if it was remembered.
    pub(in crate::domain::account) fn last_change(&mut self, place: usize, at: Instant) -> Option<Instant> {
        if self.last_changes.0 != at {
            self.last_changes = (at, Vec::new());
        }
        self.last_changes.1.get(place).copied().flatten()
    }

    /// Remembers the last status change of a system.
    pub(in crate::domain::account) fn remember(&mut self, place: usize, last: Instant) {
        let known = &mut self.last_changes.1;
        known.resize(known.len().max(place + 1), None);
        known[place] = Some(last);
    }

    /// Since when outages must be read to cover `start` on; `None` if they are known, or take too much memory.
    pub(in crate::domain::account) fn to_read(&self, start: Instant) -> Option<Instant> {
        let back = READ_BACK_MS.get(self.reads);
        let from = || back.map_or(BEGINNING, |back| start.plus(-back).max(BEGINNING));
        let is_too_much = self.reads > 0 && self.ranking.is_none();
        (start < self.from && !is_too_much).then(from)
    }

    /// Replaces the known outages by those since an instant.
    pub(in crate::domain::account) fn read(&mut self, from: Instant, gathered: Gathered) {
        let nodes = self.graph.nodes();
        let fits = gathered.outages.len() <= MOST_KEPT;
        self.ranking = fits.then(|| Ranking::of(gathered.outages, |place| &nodes[place as usize].member.name));
        (self.from, self.reads) = (from, self.reads + 1);
    }

    /// The upstreams that sorted, disjoint spans are charged to, of those at `upstreams`; `None` when the outages take
    /// too much memory.
    pub(in crate::domain::account) fn tell(
        &mut self,
        upstreams: &[usize],
        spans: &[Span],
        grace_ms: i64,
    ) -> Option<Vec<Blamed>> {
        let ranking = self.ranking.as_ref()?;
        let nodes = self.graph.nodes();
        if self.asked == u32::MAX {
            (self.asked, self.marks) = (0, Vec::new());
        }
        self.asked += 1;
        self.marks.resize(nodes.len(), 0);
        for place in upstreams {
            self.marks[*place] = self.asked;
        }
        let mut blamed = Vec::new();
        for span in spans {
            let may_be = |place: u32| self.marks[place as usize] == self.asked;
            let upstream = |place: u32| nodes[place as usize].member.id;
            ranking.tell((*span, grace_ms), may_be, |span, place, known_from| {
                blamed.push(Blamed { span, upstream: upstream(place), known_from });
            });
        }
        Some(blamed)
    }
}

/// Outages of systems, with their places in a graph, while they are collected.
#[derive(Default)]
pub(in crate::domain::account) struct Gathered {
    outages: Vec<Ranked>,
}

impl Gathered {
    /// Adds the outages of the system at a place that touch a span.
    pub(in crate::domain::account) fn add(&mut self, place: usize, outages: &[Outage], span: Span) {
        let ranked = |outage: &Outage| Ranked { outage: *outage, place: place as u32 };
        self.outages.extend(touching(outages, span).iter().map(ranked));
    }

    /// Whether more outages fit.
    pub(in crate::domain::account) fn fits(&self) -> bool {
        self.outages.len() <= MOST_KEPT
    }
}

#[cfg(test)]
mod tests;
