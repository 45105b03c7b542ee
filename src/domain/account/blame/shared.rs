//! Owns blame for all systems of a graph at once, which is kept block by block of time.
//!
//! The function of a system is the pointwise least of those of its edges: an edge brings the outages of its upstream and, where it
//! is transitive, all that may excuse that one. Upstreams come before the systems that depend on them, so each function is made
//! once, however many paths lead to it. Of a function is kept what lies within the time in which its system may be down.

use std::collections::HashMap;
use std::rc::Rc;

use super::{Blamed, NONE, Ranking, Steps, least, touching};
use crate::domain::account::dependencies::{Dependencies, Edge, Node};
use crate::domain::account::member::{Member, SystemId};
use crate::domain::health::timeline::{BEGINNING, END, Outage};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::Span;

/// The lengths of blocks, which are counted from 1970: shorter ones where little is asked for at once.
const BLOCK_MS: [i64; 2] = [DAY_MS, 8 * DAY_MS];
/// From which length on what is asked for takes longer ones.
const LONG_MS: i64 = 16 * DAY_MS;
/// In how many outages the walk over a block is cut: the functions of all systems are in memory for one stretch of it at a time.
const OUTAGES_OF_A_STRETCH: usize = 2_048;
/// How many stretches of blame and outages are kept at the most.
const MOST_KEPT: usize = 8_000_000;
/// How far before a block outages are read, the first time and the second; after that, all of them are.
const READ_BACK_MS: [i64; 2] = [32 * DAY_MS, 400 * DAY_MS];

/// The blame for downtime of every system of a graph.
pub(in crate::domain::account) struct SharedBlame {
    graph: Rc<Dependencies>,
    /// What is known of the system at each place from `from` on, and how often that was read.
    known: Vec<Known>,
    from: Instant,
    reads: usize,
    blocks: HashMap<Span, Block>,
    kept: usize,
    /// As of one moment, when the status of the system at each place changes last, where that was asked.
    last_changes: (Instant, Vec<Option<Instant>>),
}

/// Stretches with who is to blame, in milliseconds from the block's start and by place in the graph.
struct Block {
    parts: Vec<(u32, u32, u32)>,
    /// Where the parts of each place end.
    ends: Vec<u32>,
}

impl SharedBlame {
    pub(in crate::domain::account) fn new(graph: &Rc<Dependencies>) -> Self {
        let (known, blocks, last_changes) = (Vec::new(), HashMap::new(), (Instant::MIN, Vec::new()));
        Self { graph: Rc::clone(graph), known, from: END, reads: 0, blocks, kept: 0, last_changes }
    }

    pub(in crate::domain::account) fn is_of(&self, graph: &Rc<Dependencies>) -> bool {
        Rc::ptr_eq(&self.graph, graph)
    }

    /// When the status of a system changes last, as of a moment, if that has been asked before.
    pub(in crate::domain::account) fn last_change(&mut self, place: usize, at: Instant) -> Option<Instant> {
        if self.last_changes.0 != at {
            self.last_changes = (at, Vec::new());
        }
        self.last_changes.1.get(place).copied().flatten()
    }

    /// Keeps the answer to that.
    pub(in crate::domain::account) fn remember(&mut self, place: usize, last: Instant) {
        let known = &mut self.last_changes.1;
        known.resize(known.len().max(place + 1), None);
        known[place] = Some(last);
    }

    /// The blocks that touch sorted spans.
    pub(in crate::domain::account) fn blocks(spans: &[Span]) -> Vec<Span> {
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return Vec::new() };
        let length = BLOCK_MS[usize::from(last.end.since(first.start) > LONG_MS)];
        let mut blocks: Vec<Span> = Vec::new();
        for span in spans {
            let start = span.start.millis() - span.start.millis().rem_euclid(length);
            let mut start = blocks.last().map_or(i64::MIN, |block| block.end.millis()).max(start);
            while start < span.end.millis() {
                blocks.push(Span::new(Instant::from_millis(start), Instant::from_millis(start + length)));
                start += length;
            }
        }
        blocks
    }

    /// Whether there is room for what is known so far.
    pub(in crate::domain::account) fn fits(&self) -> bool {
        self.kept <= MOST_KEPT
    }

    pub(in crate::domain::account) fn is_missing(&self, block: Span) -> bool {
        self.fits() && !self.blocks.contains_key(&block)
    }

    /// From when on outages have to be read for a block, if they have not been.
    pub(in crate::domain::account) fn to_read(&self, block: Span) -> Option<Instant> {
        let back = READ_BACK_MS.get(self.reads);
        (block.start < self.from).then(|| back.map_or(BEGINNING, |back| block.start.plus(-back)))
    }

    /// Takes what is known of the system at each place from a moment on, in place of what was known before.
    pub(in crate::domain::account) fn read(&mut self, from: Instant, known: Vec<Known>) {
        let size = |known: &[Known]| known.iter().map(|known| known.outages.len() + known.asked.len()).sum::<usize>();
        self.kept = self.kept + size(&known) - size(&self.known);
        (self.known, self.from, self.reads) = (known, from, self.reads + 1);
    }

    /// Computes a block whose outages have been read.
    pub(in crate::domain::account) fn put(&mut self, span: Span) {
        let blamed = walk(&self.graph.nodes(), &self.known, span, OUTAGES_OF_A_STRETCH);
        let mut block = Block { parts: Vec::with_capacity(blamed.iter().map(Vec::len).sum()), ends: Vec::new() };
        let since = |at: Instant| at.since(span.start) as u32;
        for blamed in &blamed {
            let place = |part: &Blamed| self.graph.place(part.upstream).unwrap_or_default() as u32;
            block.parts.extend(blamed.iter().map(|part| (since(part.span.start), since(part.span.end), place(part))));
            block.ends.push(block.parts.len() as u32);
        }
        self.kept += block.parts.len();
        self.blocks.insert(span, block);
        if !self.fits() {
            (self.blocks, self.known) = (HashMap::new(), Vec::new());
        }
    }

    /// Adds who is to blame for downtime of a system in a block that is there.
    pub(in crate::domain::account) fn tell(&self, span: Span, system: SystemId, blamed: &mut Vec<Blamed>) {
        let (Some(block), Some(place)) = (self.blocks.get(&span), self.graph.place(system)) else { return };
        let start = span.start;
        let nodes = self.graph.nodes();
        let from = if place == 0 { 0 } else { block.ends[place - 1] };
        blamed.extend(block.parts[from as usize..block.ends[place] as usize].iter().map(|(from, until, upstream)| {
            let span = Span::new(start.plus((*from).into()), start.plus((*until).into()));
            Blamed { span, upstream: nodes[*upstream as usize].member.id, known_from: None }
        }));
    }
}

/// What is known of a system that a shared walk is about.
pub(in crate::domain::account) struct Known {
    pub(in crate::domain::account) outages: Vec<Outage>,
    /// When it may be down, so that somebody may ask for the blame.
    pub(in crate::domain::account) asked: Vec<Span>,
}

/// Who is to blame in `span` for downtime of each system of a graph, at its place. The walk is cut wherever `cut` outages have begun.
fn walk(nodes: &[Node], known: &[Known], span: Span, cut: usize) -> Vec<Vec<Blamed>> {
    let order = upstreams_first(nodes);
    let mut blamed: Vec<Vec<Blamed>> = vec![Vec::new(); nodes.len()];
    let upstreams: Vec<(&Member, &[Outage])> =
        nodes.iter().zip(known).map(|(node, known)| (&node.member, &known.outages[..])).collect();
    for stretch in stretches(known, span, cut) {
        let ranking = Ranking::of(&upstreams, stretch, 0);
        // Of each system what an edge to it brings, alone and with what leads on from it.
        let mut own: Vec<Option<Steps>> = vec![None; nodes.len()];
        let mut on: Vec<Option<Steps>> = vec![None; nodes.len()];
        for place in &order {
            let edges = nodes[*place].edges.as_deref().unwrap_or_default();
            let excuses = excuses(edges, &ranking, stretch, &mut own, &on);
            if let Some(excuses) = &excuses {
                ranking.tell(excuses, &known[*place].asked, stretch, &mut blamed[*place]);
            }
            on[*place] = excuses;
        }
    }
    blamed
}

/// The function of what may excuse a system; `None` without edges.
fn excuses(
    edges: &[Edge],
    ranking: &Ranking,
    stretch: Span,
    own: &mut [Option<Steps>],
    on: &[Option<Steps>],
) -> Option<Steps> {
    let mut all: Option<Steps> = None;
    let mut take = |steps: &Steps| {
        all = Some(match &all {
            Some(known) if steps.len() > 1 || steps[0].1 != NONE => least(known, steps),
            Some(_) => return,
            None => steps.clone(),
        });
    };
    for edge in edges {
        take(own[edge.upstream].get_or_insert_with(|| ranking.own(edge.upstream, stretch)));
        if let Some(on) = on[edge.upstream].as_ref().filter(|_| edge.transitive) {
            take(on);
        }
    }
    all
}

/// The places of a graph, those of upstreams before those of the systems that they may excuse.
fn upstreams_first(nodes: &[Node]) -> Vec<usize> {
    let mut order = Vec::with_capacity(nodes.len());
    let mut met = vec![false; nodes.len()];
    for start in 0..nodes.len() {
        let mut open: Vec<(usize, bool)> = if met[start] { continue } else { vec![(start, false)] };
        while let Some((place, is_ready)) = open.pop() {
            if is_ready {
                order.push(place);
                continue;
            }
            if std::mem::replace(&mut met[place], true) {
                continue;
            }
            open.push((place, true));
            let edges = nodes[place].edges.as_deref().unwrap_or_default();
            open.extend(edges.iter().filter(|edge| !met[edge.upstream]).map(|edge| (edge.upstream, false)));
        }
    }
    order
}

/// Cuts a span wherever `cut` outages have begun.
fn stretches(known: &[Known], span: Span, cut: usize) -> Vec<Span> {
    let mut starts: Vec<Instant> =
        known.iter().flat_map(|known| touching(&known.outages, span)).map(|outage| outage.start).collect();
    starts.sort_unstable();
    let mut cuts: Vec<Instant> = starts.into_iter().skip(cut).step_by(cut).collect();
    cuts.retain(|cut| span.start < *cut && *cut < span.end);
    cuts.dedup();
    let from = std::iter::once(span.start).chain(cuts.iter().copied());
    from.zip(cuts.iter().copied().chain([span.end])).map(|(from, until)| Span::new(from, until)).collect()
}

#[cfg(test)]
mod tests;
